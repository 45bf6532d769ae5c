"""CPU milliseconds of each transform and recipe, beside the same with albumentations' own classes. Prints one table.

Each transform of every recipe in conf/aug runs alone with p=1, then each recipe as it is: image and mask of 512 px in,
the same size out, random numbers included, no JPEG decoding. Where a transform is ours, the library's class with the
same arguments stands beside it (for those that it lacks, its nearest: see ``NEAREST``). Both run by turns on the same
pictures and keys, and the shortest of several rounds counts. Memory is kept as in a loader's workers;
``--fresh-memory`` leaves the C library's default.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import albumentations as library
import cv2
import numpy as np
from hydra import compose, initialize_config_dir

from trashseg.config import conf_dir, instantiate
from trashseg.data.augment import Augment, keep_memory
from trashseg.data.transforms import MultiScaleCrop, PhotometricDistortion

SIZE = 512
Pair = tuple[np.ndarray, np.ndarray]


def multi_scale(crop: MultiScaleCrop) -> Any:
    """Resize all, pad, crop; no cap on the share of a class."""
    high, wide = crop.size
    low, up = (factor - 1 for factor in crop.zoom)
    steps = [
        library.RandomScale(scale_limit=(low, up), p=1.0),
        library.PadIfNeeded(high, wide, fill_mask=255, p=1.0),
        library.RandomCrop(high, wide, p=1.0),
    ]
    return library.Sequential(steps, p=crop.p)


def jitter(photometric: PhotometricDistortion) -> Any:
    """Change all four each time, in any order."""
    return library.ColorJitter(
        brightness=photometric.brightness / 255,
        contrast=photometric.contrast,
        saturation=photometric.saturation,
        hue=photometric.hue / 180,
        p=photometric.p,
    )


NEAREST: dict[type, Callable[[Any], Any]] = {MultiScaleCrop: multi_scale, PhotometricDistortion: jitter}


def plain(transform: Any) -> Any:
    """Return the same with the library's own classes."""
    if isinstance(transform, library.OneOf):
        return library.OneOf([plain(part) for part in transform.transforms], p=transform.p)
    if type(transform) in NEAREST:
        return NEAREST[type(transform)](transform)
    if not type(transform).__module__.startswith("trashseg"):
        return transform
    base = next(kind for kind in type(transform).__mro__ if kind.__module__.startswith("albumentations"))
    return base(**{**transform.get_transform_init_args(), "p": transform.p})


def photograph(rng: np.random.Generator) -> np.ndarray:
    """Return a picture with soft colours and a little noise, which a JPEG stores like a photograph."""
    coarse = rng.integers(0, 256, (32, 32, 3), np.uint8)
    image = cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC).astype(np.int16)
    image += rng.integers(-12, 13, image.shape, np.int16)
    return image.clip(0, 255).astype(np.uint8)


def pictures(count: int) -> list[Pair]:
    """Return pictures and masks of ellipses."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(count):
        image = photograph(rng)
        mask = np.zeros((SIZE, SIZE), np.uint8)
        for _ in range(7):
            centre, axes = rng.integers(0, SIZE, 2).tolist(), rng.integers(20, 120, 2).tolist()
            cv2.ellipse(mask, centre, axes, int(rng.integers(180)), 0, 360, int(rng.integers(1, 11)), -1)
        found.append((image, mask))
    return found


def measure(candidates: list[Augment], samples: list[Pair], repeats: int) -> list[float]:
    """Return milliseconds a picture of each candidate; they take turns."""
    best = [float("inf")] * len(candidates)
    for _ in range(repeats):
        for place, augment in enumerate(candidates):
            start = time.process_time()
            for index, (image, mask) in enumerate(samples):
                augment(image, mask, (0, 0, index))
            best[place] = min(best[place], 1e3 * (time.process_time() - start) / len(samples))
    return best


def recipes() -> dict[str, dict[str, Any]]:
    """Return the transforms of every recipe, by name; augment_device.py has those that run on the device."""
    found = {}
    for path in sorted((conf_dir() / "aug").glob("*.yaml")):
        with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
            cfg = compose("train", [f"aug={path.stem}", "data=coco", f"data.image_size={SIZE}"])
        transforms = instantiate(cfg.aug, "aug")
        if not any(type(each).__module__.startswith("trashseg.data.device") for each in transforms.values()):
            found[path.stem] = transforms
    return found


def alone(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return each kind of transform once, applied always."""
    kinds: dict[str, Any] = {}
    for transforms in found.values():
        for name, transform in transforms.items():
            parts = transform.transforms if isinstance(transform, library.OneOf) else [transform]
            for part in parts:
                label = type(part).__name__ if len(parts) > 1 else f"{name} ({type(part).__name__})"
                if type(part) not in map(type, kinds.values()):
                    kinds[label] = part
    for part in kinds.values():
        part.p = 1.0
    return kinds


def row(name: str, transforms: dict[str, Any], samples: list[Pair], repeats: int) -> None:
    usual = {key: plain(transform) for key, transform in transforms.items()}
    if usual == transforms:
        (ours,) = measure([Augment(transforms)], samples, repeats)
        print(f"{name:<40}{ours:>8.2f}{'the same':>16}", flush=True)
        return
    ours, theirs = measure([Augment(transforms), Augment(usual)], samples, repeats)
    print(f"{name:<40}{ours:>8.2f}{theirs:>16.2f}{theirs / ours:>8.1f}x", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100, help="pictures and keys of a recipe's mean")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--fresh-memory", action="store_true", help="leave freed memory to the system")
    parser.add_argument("--only", nargs="*", default=[], help="recipes to measure, without the single transforms")
    options = parser.parse_args()
    cv2.setNumThreads(0)
    if not options.fresh_memory:
        keep_memory()
    samples = pictures(options.pictures)
    print(f"CPU ms a picture of {SIZE} px with its mask, one thread, best of {options.repeats} rounds")
    print(f"{'':<40}{'ours':>8}{'albumentations':>16}{'ratio':>9}")
    if not options.only:
        for name, transform in alone(recipes()).items():
            few = samples[:4] if "Fog" in name else samples[: max(8, len(samples) // 5)]
            row(name, {name: transform}, few, options.repeats)
    for name, transforms in recipes().items():
        if transforms and name in (options.only or recipes()):
            row(f"aug={name}", transforms, samples, options.repeats)


if __name__ == "__main__":
    main()
