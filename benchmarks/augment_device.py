"""Milliseconds of the transforms that run on the device by batch: ours, kornia's, torchvision v2's. Prints one table.

Each row is one kind of transform, always applied, and last the recipe conf/aug/strong_device.yaml with its own p, but
for the crop, which stays with the workers, and the grid dropout, which the others lack. Images and masks of 512 px,
uint8 in and out; the draws of ours, which workers make, are counted in. torchvision draws one set of parameters for a
batch, hence a loop over its samples. ``workers`` is the form of aug=strong, for which no device is needed: always CPU.
On a CPU process time is counted, on a GPU the device's own; all take turns and the shortest of several rounds counts,
of the recipe on average over several draws.
Put kornia into a folder of its own (``pip install --target FOLDER kornia``) and name it with ``--kornia FOLDER``.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import torch
from hydra import compose, initialize_config_dir
from torchvision import tv_tensors
from torchvision.transforms import v2

from trashseg.config import conf_dir, instantiate
from trashseg.data.augment import Augment, keep_memory
from trashseg.data.device import BatchAugment
from trashseg.data.sampling import SampleKey

SIZE = 512
ROWS = {
    "flip, turn, affine": ["flip", "rotate90", "affine"],
    "elastic": ["elastic"],
    "brightness, contrast": ["brightness"],
    "hue, saturation, value": ["hsv"],
    "strong_device": ["flip", "rotate90", "elastic", "color"],
}
ELASTIC = 2.8 / (SIZE / 2)  # the displacement's standard deviation, of half the side
Pair = tuple[torch.Tensor, torch.Tensor]
Candidate = Callable[[torch.Tensor, torch.Tensor, int], Any]


def batch(count: int, device: torch.device) -> Pair:
    """Return soft pictures (N, 3, H, W), channels last, and masks (N, H, W) of blocks."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, 32, 32, 3), np.uint8)
    images = np.stack([cv2.resize(one, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC) for one in coarse])
    masks = np.kron(rng.integers(0, 11, (count, 16, 16), np.uint8), np.ones((SIZE // 16, SIZE // 16), np.uint8))
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2), torch.from_numpy(masks).to(device)


def recipe(option: str, names: list[str], *overrides: str) -> Augment:
    """Return the named transforms of a recipe of conf/aug; without ``color`` as a whole, each is always applied."""
    with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        node = compose("train", [f"aug={option}", "data=coco", f"data.image_size={SIZE}", *overrides]).aug
    entries = {**node, **node.get("color", {}).get("transforms", {})}
    chosen = {name: instantiate(entries[name], "aug") for name in names}
    for transform in chosen.values() if "color" not in names else ():
        transform.p = 1.0
    return Augment(chosen)


def worker_form(names: list[str]) -> Augment:
    """Return the same transforms as workers run them."""
    if "color" in names:
        return recipe("strong", names, "aug.color.transforms.clahe=null", "aug.color.p=0.467")
    return recipe("heavy", names)


def ours(augment: BatchAugment) -> Candidate:
    """Draw and apply."""

    def run(image: torch.Tensor, masks: torch.Tensor, seed: int) -> Any:
        draws = augment.draw([SampleKey(i, 0) for i in range(len(image))], seed, (SIZE, SIZE))
        there = {i: {name: value.to(image.device) for name, value in one.items()} for i, one in draws.items()}
        return augment(image, masks[:, None], there)

    return run


def workers(augment: Augment) -> Candidate:
    """Loop over the samples, on the CPU."""

    def run(image: torch.Tensor, masks: torch.Tensor, seed: int) -> Any:
        pairs = zip(image.permute(0, 2, 3, 1).cpu().numpy(), masks.cpu().numpy(), strict=True)
        return [augment(one, mask, (seed, 0, i)) for i, (one, mask) in enumerate(pairs)]

    return run


def kornias(names: list[str], library: Any) -> Candidate:
    """Return kornia's nearest transforms; its masks are floats."""
    make = {
        "flip": lambda p: library.RandomHorizontalFlip(p=p),
        "rotate90": lambda p: library.RandomRotation90((0, 3), p=p),
        "affine": lambda p: library.RandomAffine(25.0, scale=(0.9, 1.1), shear=(-8.0, 8.0), p=p),
        # The blur of uniform noise leaves 1 / (sqrt(3) 2 sqrt(pi) sigma) of it.
        "elastic": lambda p: library.RandomElasticTransform((97, 97), (12.0, 12.0), (ELASTIC * 73.7,) * 2, p=p),
        "brightness": lambda p: library.ColorJiggle(0.25, 0.25, p=p),
        "hsv": lambda p: library.ColorJiggle(0.08, 0.0, 0.1, 0.067, p=p),
    }
    parts = [make[name](p) for name, p in chances(names)]
    augment = library.AugmentationSequential(*parts, data_keys=["input", "mask"], same_on_batch=False)

    def run(image: torch.Tensor, masks: torch.Tensor, seed: int) -> Any:
        torch.manual_seed(seed)
        new, labels = augment(image.float() / 255, masks[:, None].float())
        return (new * 255).round().clamp(0, 255).byte(), labels.byte()

    return run


def torchvisions(names: list[str]) -> Candidate:
    """Return torchvision's nearest transforms."""
    make = {
        "flip": lambda: v2.RandomHorizontalFlip(1.0),
        "rotate90": lambda: v2.RandomChoice([v2.RandomRotation((90 * k, 90 * k)) for k in range(4)]),
        "affine": lambda: v2.RandomAffine(
            25, scale=(0.9, 1.1), shear=(-8, 8), interpolation=v2.InterpolationMode.BILINEAR
        ),
        "elastic": lambda: v2.ElasticTransform(alpha=ELASTIC * SIZE / 2 * 73.7, sigma=12.0),
        "brightness": lambda: v2.ColorJitter(0.25, 0.25),
        "hsv": lambda: v2.ColorJitter(0.08, 0.0, 0.1, 0.067),
    }
    augment = v2.Compose([v2.RandomApply([make[name]()], p) for name, p in chances(names)])

    def run(image: torch.Tensor, masks: torch.Tensor, seed: int) -> Any:
        torch.manual_seed(seed)
        pairs = zip(image, masks, strict=True)
        return [augment(tv_tensors.Image(one), tv_tensors.Mask(mask[None])) for one, mask in pairs]

    return run


def chances(names: list[str]) -> list[tuple[str, float]]:
    """Return the transforms and their p: 1, or that of the recipe, in which the two of colour exclude each other."""
    if "color" not in names:
        return [(name, 1.0) for name in names]
    return [("flip", 0.5), ("rotate90", 0.5), ("elastic", 0.3), ("brightness", 0.2335), ("hsv", 0.2335)]


def measure(run: Candidate, pair: Pair, seed: int) -> float:
    """Return milliseconds an image, once."""
    if pair[0].is_cuda:
        start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        run(*pair, seed)
        stop.record()
        torch.cuda.synchronize()
        return float(start.elapsed_time(stop)) / len(pair[0])
    begun = time.process_time()
    run(*pair, seed)
    return 1e3 * (time.process_time() - begun) / len(pair[0])


def compare(runs: list[Candidate], pair: Pair, repeats: int, seeds: int) -> list[float]:
    """Return milliseconds an image of each: the shortest of the repeats, on average over the seeds."""
    rounds = [[[measure(run, pair, seed) for run in runs] for seed in range(seeds)] for _ in range(repeats)]
    return list(np.min(rounds, axis=0).mean(axis=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--draws", type=int, default=8, help="batches drawn differently for the recipe's mean")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--kornia", default=None, help="a folder that holds kornia")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    keep_memory()
    library = find_kornia(options.kornia)
    pair = batch(options.batch, torch.device(options.device))
    print(f"ms an image of {SIZE} px, batch {options.batch}, {options.device}, best of {options.repeats}")
    print(f"{'':<26}{'ours':>9}{'kornia':>9}{'torchvision':>13}{'workers':>9}")
    for row, names in ROWS.items():
        runs = [ours(recipe("strong_device", names).on_device), torchvisions(names), workers(worker_form(names))]
        runs += [kornias(names, library)] if library else []
        best = [*compare(runs, pair, options.repeats, options.draws if "color" in names else 1), float("nan")]
        print(f"{row:<26}{best[0]:>9.2f}{best[3]:>9.2f}{best[1]:>13.2f}{best[2]:>9.2f}", flush=True)


def find_kornia(folder: str | None) -> Any:
    """Return kornia's augmentations, None where it is not installed."""
    if folder:
        sys.path.append(folder)
    try:
        return importlib.import_module("kornia.augmentation")
    except ImportError:
        print("kornia is not installed: its column stays empty (pip install --target FOLDER kornia; --kornia FOLDER)")
        return None


if __name__ == "__main__":
    main()
