"""Training batches a second: cached masks and uint8 against the usual pipeline. Prints one table.

The usual pipeline opens the photograph with PIL, paints the mask with pycocotools on each access, runs the same
albumentations recipe, normalises and ships float32 images and int64 masks. The floor is decoding the photographs and
nothing else: no loader can be faster; the last column is the share of its speed that ours reaches. Run it as
``python benchmarks/loader.py``, or on a data set of your own with ``--root DIR --json train.json``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import albumentations
import cv2
import numpy as np
import torch
from albumentations.pytorch import ToTensorV2
from augment import SIZE, photograph, plain
from hydra import compose, initialize_config_dir
from masks import generate, load_coco, usual_mask
from omegaconf import DictConfig
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from trashseg.build import build_datamodule, instantiate
from trashseg.config import conf_dir
from trashseg.data.datamodule import TrashDataModule
from trashseg.data.images import read_image
from trashseg.types import Split

RECIPES = ("none", "light", "strong")


class Usual(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """The pipeline that most notebooks share."""

    def __init__(self, root: Path, path: Path, class_of: dict[int, int], transforms: list[Any]) -> None:
        self.root, self.coco, self.class_of = root, load_coco(path), class_of
        self.ids = sorted(self.coco.imgs)
        finish = [albumentations.Resize(SIZE, SIZE), albumentations.Normalize(), ToTensorV2()]
        self.transform = albumentations.Compose([*transforms, *finish])

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, torch.Tensor]:
        with Image.open(self.root / self.coco.imgs[self.ids[i]]["file_name"]) as photograph:
            image = np.array(photograph.convert("RGB"))
        result = self.transform(image=image, mask=usual_mask(self.coco, self.ids[i], self.class_of))
        return result["image"], result["mask"].long()


class Decoded(Dataset[int]):
    """What every loader has to do at least: decode the photographs."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int) -> int:
        read_image(self.paths[i])
        return 1


def write_set(root: Path, num_images: int) -> None:
    rng = np.random.default_rng(0)
    (root / "train.json").write_text(json.dumps(generate(num_images, 8 * num_images, rng)))
    for i in range(num_images):
        cv2.imwrite(str(root / f"{i:04d}.jpg"), photograph(rng), [cv2.IMWRITE_JPEG_QUALITY, 90])


def config(root: Path, name: str, recipe: str, batch_size: int, cache: Path) -> DictConfig:
    with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        return compose(
            "train",
            [
                "data=coco", f"aug={recipe}", f"data.root='{root}'", f"data.train='{name}'", f"data.val='{name}'",
                f"data.batch_size={batch_size}", f"data.image_size={SIZE}", f"data.cache_dir='{cache}'",
            ],
        )  # fmt: skip


def make_loaders(cfg: DictConfig, workers: int) -> list[DataLoader[Any]]:
    """Return the usual loader, ours, and the floor."""
    cfg.data.num_workers = workers
    ours: TrashDataModule = build_datamodule(cfg.data, cfg.aug)
    class_of = ours.source.class_of(ours.source.index(Split.TRAIN))
    transforms = [plain(entry) for entry in instantiate(cfg.aug, "aug").values() if entry is not None]
    shared = {"batch_size": cfg.data.batch_size, "num_workers": workers, "drop_last": True, "shuffle": True}
    shared |= {"persistent_workers": workers > 0, "worker_init_fn": one_thread}
    usual = Usual(Path(cfg.data.root), ours.source.json_path(Split.TRAIN), class_of, transforms)
    split = ours.dataset(Split.TRAIN).split
    floor = Decoded([split.image_path(i) for i in range(len(split))])
    return [DataLoader(usual, **shared), ours.train_dataloader(), DataLoader(floor, **shared)]


def one_thread(_: int) -> None:
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", DeprecationWarning)  # pycocotools' decoder and numpy 2


def epoch(loader: Iterable[Any]) -> tuple[float, float]:
    """Return images a second and bytes an image of one pass."""
    num_images, num_bytes, start = 0, 0, time.perf_counter()
    for batch in loader:
        parts = (batch["image"], batch["mask"]) if isinstance(batch, dict) else batch
        num_images += len(parts[0]) if isinstance(parts, list | tuple) else len(parts)
        num_bytes += sum(part.nbytes for part in parts) if isinstance(parts, list | tuple) else 0
    return num_images / (time.perf_counter() - start), num_bytes / num_images


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, help="folder of a data set; default: a generated one")
    parser.add_argument("--json", default="train.json", help="the COCO file in it")
    parser.add_argument("--images", type=int, default=64, help="photographs of the generated set")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=8)
    options = parser.parse_args()
    one_thread(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.root is None:
            write_set(folder, options.images)
        root = (options.root or folder).resolve()
        print(f"batch {options.batch_size}, {SIZE} px, one thread a process, median of {options.repeats}, interleaved")
        columns = (
            "recipe",
            "workers",
            "usual img/s",
            "ours img/s",
            "ratio",
            "usual MB/img",
            "ours",
            "floor img/s",
        )
        print("".join(f"{column:>14}" for column in (*columns, "reached")))
        for workers in (0, 2):
            for recipe in RECIPES:
                cfg = config(root, options.json, recipe, options.batch_size, folder / "cache")
                loaders = make_loaders(cfg, workers)
                for loader in loaders:
                    epoch(loader)  # starts the workers and fills the disk's cache
                passes = [[epoch(loader) for loader in loaders] for _ in range(options.repeats)]
                usual, ours, floor = (statistics.median(one[k][0] for one in passes) for k in range(3))
                heavy, light = (passes[0][k][1] / 1e6 for k in range(2))
                numbers = (f"{usual:.1f}", f"{ours:.1f}", f"{ours / usual:.1f}x", f"{heavy:.2f}", f"{light:.2f}")
                numbers += (f"{floor:.0f}", f"{ours / floor:.0%}")
                print("".join(f"{cell:>14}" for cell in (recipe, workers, *numbers)), flush=True)


if __name__ == "__main__":
    main()
