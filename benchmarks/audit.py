"""What an audit costs, and how many planted errors it finds. Prints one table.

Run it as ``python benchmarks/audit.py``, or on labels of your own with ``--root DIR --json train_all.json``; with
``--keep DIR`` the page and the lists stay there. In 5 % of the objects the class is changed, another 5 % are deleted.
The predictions are made from the labels before that: blurred, with smooth noise, each class with its own certainty. The
made-up network itself takes 1 % of the objects for another class and does not see another 1 %.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from trashseg.auditing import Audit, Limits, open_labels, run_audit, write_audit
from trashseg.data.source import Source
from trashseg.data.synthetic import ensure_synthetic
from trashseg.inventory.memory import peak_bytes, resident_bytes, restart_peak
from trashseg.store import StoreWriter
from trashseg.types import Split

Tree = dict[str, Any]
DATA = {"_target_": "trashseg.data.datamodule.TrashDataModule"}


def altered(tree: Tree, share: float, rng: np.random.Generator) -> tuple[dict[int, int], set[int]]:
    """Return what is to change: annotation id -> another category, and the ids of other annotations."""
    ids, categories = [entry["id"] for entry in tree["annotations"]], [entry["id"] for entry in tree["categories"]]
    of = {entry["id"]: entry["category_id"] for entry in tree["annotations"]}
    drawn = rng.permutation(ids)[: 2 * round(share * len(ids))].tolist()
    others = {number: int(rng.choice([c for c in categories if c != of[number]])) for number in drawn[::2]}
    return others, set(drawn[1::2])


def with_changes(tree: Tree, others: dict[int, int], gone: set[int]) -> Tree:
    entries = [e | {"category_id": others.get(e["id"], e["category_id"])} for e in tree["annotations"]]
    return tree | {"annotations": [entry for entry in entries if entry["id"] not in gone]}


def fake_probs(mask: np.ndarray, certainty: np.ndarray, rng: np.random.Generator) -> torch.Tensor:
    """Return probabilities (K, H, W) of a network that sees ``mask``, at a quarter of its size, as many do."""
    small = np.where(mask == 255, 0, mask)[2::4, 2::4]
    hot = cv2.GaussianBlur(np.eye(len(certainty), dtype=np.float32)[small], (0, 0), 0.8) * certainty
    noise = rng.normal(0, 0.8, (12, 12, len(certainty))).astype(np.float32)
    logits = hot + cv2.resize(noise, small.shape[::-1], interpolation=cv2.INTER_CUBIC)
    large = cv2.resize(logits, mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return torch.from_numpy(large).permute(2, 0, 1).softmax(0)


def write_inputs(root: Path, tree: Tree, out: Path, rng: np.random.Generator) -> tuple[dict[int, int], set[int]]:
    """Write labels with planted errors and predictions into ``out``; return the errors."""
    seen = out / "seen.json"
    seen.write_text(json.dumps(with_changes(tree, *altered(tree, 0.01, rng))))
    source = Source(str(root), train=str(seen), val=None)
    prepared, names = source.prepare(Split.VAL), source.table.names
    certainty = np.concatenate([[6.0], rng.uniform(3, 6, len(names) - 1)]).astype(np.float32)
    with StoreWriter(out / "store", names, "coarse", {}) as store:
        for i, name in enumerate(prepared.names):
            store.add(name, fake_probs(prepared.mask(i), certainty, rng))
    planted = altered(tree, 0.05, rng)
    (out / "split").mkdir()
    (out / "split" / "all.json").write_text(json.dumps(with_changes(tree, *planted)))
    return planted


def is_planted(audit: Audit, tree: Tree, others: dict[int, int], gone: set[int]) -> np.ndarray:
    """Return (R,) which regions are planted errors: the centre of a deleted object's box may lie in the region's."""
    index, positions = audit.labels.prepared.index, audit.labels.prepared.positions
    boxes: dict[int, list[Any]] = {}
    for entry in tree["annotations"]:
        if entry["id"] in gone:
            boxes.setdefault(entry["image_id"], []).append(entry["bbox"])
    found = []
    for region, row in zip(audit.regions, audit.rows.tolist(), strict=True):
        if region.annotation is not None:
            found.append(int(index.ann_ids[region.annotation]) in others)
            continue
        (left, top, width, height), image = region.box, int(index.image_ids[positions[row]])
        centres = [(x + w / 2, y + h / 2) for x, y, w, h in boxes.get(image, [])]
        found.append(any(left <= x <= left + width and top <= y <= top + height for x, y in centres))
    return np.array(found)


def roc_auc(scores: np.ndarray, wrong: np.ndarray) -> float:
    """Return the chance that an error has a lower score than what is right."""
    errors, right = scores[wrong][:, None], scores[~wrong][None]
    return float((errors < right).mean() + (errors == right).mean() / 2)


def report(audit: Audit, wrong: np.ndarray, num_planted: int) -> None:
    annotated = np.array([region.annotation is not None for region in audit.regions])
    first = np.argsort(audit.scores, kind="stable")[:num_planted]
    flagged = audit.flags
    rows = {
        "regions": f"{annotated.sum()} annotated, {(~annotated).sum()} not",
        "planted errors": f"{num_planted}, {wrong.sum()} regions show one (others are hidden or tiny)",
        "ROC-AUC, changed classes": f"{roc_auc(audit.scores[annotated], wrong[annotated]):.4f}",
        "ROC-AUC, all regions": f"{roc_auc(audit.scores, wrong):.4f}",
        f"precision of the first {num_planted}": f"{wrong[first].mean():.3f}",
        "flagged": f"{flagged.sum()}, precision {wrong[flagged].mean():.3f}, recall {flagged[wrong].mean():.3f}",
    }
    for name, text in rows.items():
        print(f"{name:<30}{text}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path)
    parser.add_argument("--json", default="train_all.json")
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as temporary:
        out = arguments.keep or Path(temporary)
        out.mkdir(parents=True, exist_ok=True)
        root = arguments.root or out / "data"
        if arguments.root is None:
            ensure_synthetic(root, num_train=356, num_val=1, num_test=1, size=512, seed=0)
        tree = json.loads((root / arguments.json).read_bytes())
        planted = write_inputs(root, tree, out, rng)
        labels = open_labels(DATA | {"root": str(root)}, out / "split", out / "store")
        before = resident_bytes()
        restart_peak()
        clock, cpu = time.perf_counter(), time.process_time()
        audit = run_audit(labels, Limits(border=3, min_area=100, flag_below=0.375, exclude_share=0.5))
        clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
        print(f"{f'{len(labels.rows)} photographs':<30}{clock:.1f} s, {cpu:.1f} s of CPU")
        if before is not None:
            print(f"{'memory beside the start':<30}{((peak_bytes() or 0) - before) / 1e6:.0f} MB")
        report(audit, is_planted(audit, tree, *planted), sum(map(len, planted)))
        cpu = time.process_time()
        write_audit(out / "audit", audit, num_shown=150, side=240)
        print(f"{'page, picture and lists':<30}{time.process_time() - cpu:.1f} s of CPU")


if __name__ == "__main__":
    main()
