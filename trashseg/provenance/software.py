"""The versions of what a run computes with, read from the installed packages' folders: nothing is imported for it."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from trashseg import __version__

PACKAGES = (
    "torch", "torchvision", "lightning", "hydra-core", "omegaconf", "segmentation-models-pytorch", "timm",
    "albumentations", "transformers", "torchmetrics", "numpy", "scipy", "opencv-python-headless", "pillow",
    "pycocotools", "optuna",
)  # fmt: skip

CUDNN = ("nvidia-cudnn-cu13", "nvidia-cudnn-cu12", "nvidia-cudnn-cu11")
"""The packages in which torch's wheels bring cuDNN."""


def versions() -> dict[str, str]:
    """Return name -> version of Python, trashseg, the packages that are installed, CUDA and cuDNN of torch."""
    there = installed(sys.path)
    found: dict[str, str | None] = {"python": platform.python_version(), "trashseg": __version__}
    found |= {name: there.get(name) for name in PACKAGES}
    found |= {"cuda": _cuda(), "cudnn": next((there[name] for name in CUDNN if name in there), None)}
    return {name: version for name, version in found.items() if version}


def installed(folders: Iterable[str]) -> dict[str, str]:
    """Return name -> version of every package in ``folders``; the first folder that has one counts.

    Their folders ``NAME-VERSION.dist-info`` say both (PyPA's "Recording installed projects"); importlib.metadata would
    parse each package's description, which takes twenty times as long.
    """
    found: dict[str, str] = {}
    for folder in folders:
        for entry in os.listdir(folder) if folder and os.path.isdir(folder) else ():  # noqa: PTH208, PTH112 - hundreds
            name, _, version = entry.removesuffix(".dist-info").rpartition("-")
            if entry.endswith(".dist-info"):
                found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return found


def _cuda() -> str | None:
    """Return the CUDA version that torch was built with, as its version.py gives it; None for a build without."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).with_name("version.py")
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    match = re.search(r"^cuda\b.*=\s*'([^']+)'", text, re.MULTILINE)
    return match and match[1]
