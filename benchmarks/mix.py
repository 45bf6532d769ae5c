"""CPU milliseconds that each way of mixing adds to a photograph of 512 px. Prints one table.

Every mixer runs alone with p=1, random numbers included. Beside it stands the cost of decoding the photograph, without
which nothing is loaded, and for copy-paste the usual way: cut the object out of its photograph at every paste, by
decoding that photograph and its polygon, where ours takes it from a bank that is cut once. On a data set of your own:
``--root DIR --json train.json``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from augment import SIZE
from hydra import compose, initialize_config_dir
from loader import write_set

from trashseg.build import build_datamodule, instantiate
from trashseg.config import conf_dir
from trashseg.data.dataset import TrashDataset, collate_train
from trashseg.data.images import read_image
from trashseg.data.mix import CopyPaste, Mix
from trashseg.data.raster import object_mask
from trashseg.data.sampling import SampleKey, Stream, random_stream
from trashseg.types import Split

MIXERS = ("cutmix", "classmix", "object_mix", "mosaic", "mixup")
NUM, BATCH = 64, 8


def compose_mix(root: Path, file: str, cache: Path, *overrides: str) -> Any:
    with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        return compose(
            "train",
            [
                "data=coco", "aug=none", f"data.root='{root}'", f"data.train='{file}'", f"data.val='{file}'",
                f"data.image_size={SIZE}", "data.num_workers=0", f"data.cache_dir='{cache}'",
                *overrides,
            ],
        )  # fmt: skip


def shortest(work: Callable[[], object], repeats: int) -> float:
    """Return CPU milliseconds a photograph."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return 1e3 * best / NUM


def usual_paste(dataset: TrashDataset, image: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> None:
    """Cut an object out of another photograph and lay it onto this one."""
    index = dataset.split.index
    j = int(rng.integers(len(index.ann_image)))
    i = int(index.ann_image[j])
    other, alone = read_image(dataset.split.image_path(i)), object_mask(index, i, j).astype(bool)
    image, mask = image.copy(), mask.copy()
    image[alone], mask[alone] = other[alone], 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, help="folder of a data set; default: a generated one")
    parser.add_argument("--json", default="train.json", help="the COCO file in it")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    cv2.setNumThreads(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.root is None:
            write_set(folder, NUM)
        place = ((options.root or folder).resolve(), options.json, folder / "cache")
        rows = measure(place, options.repeats)
    print(f"CPU ms that mixing adds to a photograph of {SIZE} px, one thread, best of {options.repeats} rounds")
    for label, cost in rows.items():
        print(f"{label:<44}{cost:>8.2f}{cost / rows['decoding a photograph']:>8.2f} of decoding")


def measure(place: tuple[Path, str, Path], repeats: int) -> dict[str, float]:
    """Return what each mixer costs."""
    cfg = compose_mix(*place)
    datamodule = build_datamodule(cfg.data, cfg.aug)
    datamodule.mix = Mix({"copy_paste": CopyPaste(dict.fromkeys(datamodule.classes.names[1:], 1.0), p=1.0)})
    dataset = datamodule.dataset(Split.TRAIN)
    (paste,) = dataset.pasters
    keys = [SampleKey(i % len(dataset), 0) for i in range(NUM)]
    paths = [dataset.split.image_path(key.position) for key in keys]
    pairs = [(read_image(path), dataset.split.mask(key.position)) for path, key in zip(paths, keys, strict=True)]
    streams = [random_stream(0, key, Stream.PASTE) for key in keys]
    pixels = dataset.split.class_pixels
    rows = {"decoding a photograph": shortest(lambda: [read_image(path) for path in paths], repeats)}
    rows["copy_paste, one to three objects"] = shortest(
        lambda: [paste(*pair, pixels[key.position], rng) for pair, key, rng in zip(pairs, keys, streams, strict=True)],
        repeats,
    )
    rows["  the usual way, one object"] = shortest(
        lambda: [usual_paste(dataset, *pair, rng) for pair, rng in zip(pairs, streams, strict=True)], repeats
    )
    dataset.pasters = []
    samples = [dataset[key] for key in keys]
    batches = [samples[k : k + BATCH] for k in range(0, NUM, BATCH)]
    alone = shortest(lambda: [collate_train(batch) for batch in batches], repeats)
    for mixer in MIXERS:
        mix = Mix(instantiate(compose_mix(*place, f"mix={mixer}", f"mix.{mixer}.p=1").mix, "mix"))
        rows[mixer] = shortest(lambda mix=mix: [collate_train(batch, mix, 0) for batch in batches], repeats) - alone
    return rows


if __name__ == "__main__":
    main()
