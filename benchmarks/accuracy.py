"""Validation mIoU of the data recipes at one fixed budget: no augmentation, strong, copy-paste, oversampling.

Trains ``experiment=unet_lite0_cpu`` on a data set in the competition's layout: every recipe with every seed, the same
number of photographs an epoch, crops of one size at one scale. A training that is done is not repeated, so that a
stopped run goes on by the same command. The defaults take about five minutes a training on two cores.

Run: python benchmarks/accuracy.py --data FOLDER [--epochs 10] [--seeds 1 2 3] [--out outputs/accuracy]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

SIDE, CROP = 160, 96
STRONG = [f"data.image_size={SIDE}", f"data.crop_size={CROP}"]
PASTE = [*STRONG, "mix=copy_paste"]
RECIPES = {
    # Crops are CROP of SIDE pixels; without them the photograph is shrunk to what the others' network sees.
    "none": ["aug=none", "~aug.crop", "~aug.elastic", f"data.image_size={CROP}", f"data.crop_size={CROP}"],
    "strong": STRONG,
    "strong + copy-paste": PASTE,
    "strong + copy-paste + rare classes": [
        *PASTE,
        "data/sampler=rare_classes",
        "data.sampler.epoch_size={photographs}",
    ],
}


def train(folder: Path, root: Path, epochs: int, seed: int, words: list[str]) -> float:
    """Train where ``folder`` holds no training that is done; return its best validation mIoU."""
    record = folder / "outcome.json"
    if not record.is_file() or json.loads(record.read_text())["state"] != "done":
        subprocess.run(
            [sys.executable, "-m", "trashseg.train", "experiment=unet_lite0_cpu", f"data.root={root}", "trainer=cpu",
             "data.num_workers=0", f"trainer.max_epochs={epochs}", "trainer.check_val_every_n_epoch=5",
             "~callbacks.pictures", f"seed={seed}", *words, f"hydra.run.dir={folder}"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    return float(json.loads(record.read_text())["score"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with train.json, val.json and photographs; without, nothing")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--out", type=Path, default=Path("outputs/accuracy"))
    options = parser.parse_args()
    if options.data is None:
        print("skipped, since it trains for an hour: give --data FOLDER")
        return
    epoch_size = len(json.loads((options.data / "train.json").read_bytes())["images"])
    print(f"{epoch_size} training photographs, {options.epochs} epochs, {CROP} pixels; best validation mIoU\n")
    print(f"{'recipe':<36}{'mean':>8}{'spread':>8}   seeds {' '.join(map(str, options.seeds))}", flush=True)
    for title, words in RECIPES.items():
        name = title.replace(" ", "").replace("+", "-")
        words = [word.format(photographs=epoch_size) for word in words]
        scores = [
            train(options.out / f"{name}-{seed}", options.data, options.epochs, seed, words) for seed in options.seeds
        ]
        spread = np.std(scores, ddof=1) if len(scores) > 1 else float("nan")
        print(f"{title:<36}{np.mean(scores):>8.4f}{spread:>8.4f}   {' '.join(f'{s:.4f}' for s in scores)}", flush=True)


if __name__ == "__main__":
    main()
