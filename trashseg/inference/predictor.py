"""A trained network at work: batches in, probabilities at the photographs' own sizes out."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import torch

from trashseg.build import build_post, build_tta, choose_precision
from trashseg.checkpoint import Trained
from trashseg.devices import check_devices
from trashseg.maps import restore, unit_image
from trashseg.post import Post, relabel
from trashseg.tta import TTA
from trashseg.types import Batch, ConfigError

log = logging.getLogger(__name__)

HALF = {"16-mixed": torch.float16, "bf16-mixed": torch.bfloat16}


class Predictor:
    """Run a network with test-time augmentation and post-processing on one device.

    Args:
        trained: the network.
        tta: views to average.
        accelerator: ``auto``, ``cpu`` or ``gpu``.
        precision: ``auto``, ``32-true``, ``16-mixed`` or ``bf16-mixed``.
        post: steps that follow at the photograph's own size; None: none.

    Raises:
        ConfigError: the device or precision does not exist, or torch has no kernels for the GPU.
    """

    def __init__(
        self,
        trained: Trained,
        tta: TTA,
        accelerator: str = "auto",
        precision: str = "auto",
        post: Post | None = None,
    ) -> None:
        if accelerator not in ("auto", "cpu", "gpu"):
            raise ConfigError(f"trainer.accelerator={accelerator} does not exist here; choose auto, cpu or gpu.")
        if accelerator == "gpu" and not torch.cuda.is_available():
            raise ConfigError("trainer.accelerator=gpu: torch sees no GPU; use trainer.accelerator=cpu.")
        precision = choose_precision(precision, accelerator)
        if precision not in ("32-true", *HALF):
            raise ConfigError(f"trainer.precision={precision} does not exist here; choose 32-true, {', '.join(HALF)}.")
        self.device = torch.device("cuda" if accelerator != "cpu" and torch.cuda.is_available() else "cpu")
        if self.device.type == "cuda":
            log.info(check_devices([torch.cuda.current_device()], precision))
        self.net = trained.net.to(self.device)
        self.tta, self.post = tta, post
        self._half = HALF.get(precision)

    @torch.inference_mode()
    def __call__(self, batch: Batch) -> Iterator[torch.Tensor]:
        """Yield the probabilities (K, H, W), float32, of each photograph of a batch, at its own size."""
        image = unit_image(batch["image"].to(self.device, non_blocking=True))
        with torch.autocast(self.device.type, self._half) if self._half else contextlib.nullcontext():
            probs = self.tta(self.net, image)
        for i, (content, size) in enumerate(zip(batch["content"], batch["size"], strict=True)):
            own = restore(probs[i : i + 1], content, size)[0]
            yield self._processed(own, image[i : i + 1], content) if self.post else own

    def _processed(self, probs: torch.Tensor, image: torch.Tensor, content: tuple[int, int]) -> torch.Tensor:
        """Return probabilities (K, H, W) whose most probable classes are those of the post-processing.

        Args:
            probs: of the photograph at its own size.
            image: what the network saw of it (1, 3, h, w), 0..1.
            content: the part of it that the photograph fills.
        """
        assert self.post is not None
        own = restore(image, content, (probs.shape[1], probs.shape[2]))[0]
        pixels = own.mul(255).round_().byte().permute(1, 2, 0).cpu().numpy()
        return relabel(probs, self.post(pixels, probs))


def build_predictor(cfg: Any, trained: Trained) -> Predictor:
    """Build the predictor of a verb from its groups ``tta``, ``trainer`` and, where it has one, ``post``."""
    post = build_post(cfg.get("post") or {}, trained.table.names)
    return Predictor(trained, build_tta(cfg.tta), cfg.trainer.accelerator, cfg.trainer.precision, post)
