"""Counts on disk: what comes back is what was counted, and folds add up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from trashseg.crossval.saved import load_scores, save_scores
from trashseg.inference.scoring import Scorer, Scores
from trashseg.scores import fit_temperature
from trashseg.types import DataError

K = 4


def photographs(count: int, seed: int) -> list[tuple[str, torch.Tensor, torch.Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    found = []
    for i in range(count):
        probs = torch.rand(K, 24, 30, generator=generator).mul(6).softmax(0)
        target = torch.randint(0, K, (24, 30), generator=generator).to(torch.uint8)
        target[:2] = 255
        found.append((f"{seed}/{i}.jpg", probs, target))
    return found


def scored(pairs: list[tuple[str, torch.Tensor, torch.Tensor]]) -> Scores:
    scorer = Scorer(K)
    for position, (name, probs, target) in enumerate(pairs):
        scorer.add(name, probs, target, position)
    return scorer.result()


def test_folds_add_up_to_the_whole(tmp_path: Path) -> None:
    first, second = photographs(3, 1), photographs(2, 2)
    for fold, pairs in enumerate((first, second)):
        save_scores(tmp_path / f"{fold}.npz", scored(pairs))
    loaded, whole = load_scores([tmp_path / "0.npz", tmp_path / "1.npz"]), scored([*first, *second])
    assert loaded.names == whole.names
    assert loaded.positions == [0, 1, 2, 0, 1]
    for name in ("matrices", "board", "boundary", "objects"):
        assert np.array_equal(np.array(getattr(loaded, name)), np.array(getattr(whole, name)))
    assert loaded.miou == whole.miou
    assert loaded.calibration.ece() == pytest.approx(whole.calibration.ece(), rel=1e-12)
    assert np.array_equal(loaded.calibration.counts, whole.calibration.counts)
    log_probs, target = loaded.sample.log_probs(), loaded.sample.target()
    assert len(log_probs) == len(target) > 500
    assert 0.02 < fit_temperature(log_probs, target) <= 50


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "fold_0.npz"
    save_scores(path, scored(photographs(1, 0)))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"fold_0\.npz is missing or damaged; run trashseg cv again"):
        load_scores([path])
    with pytest.raises(DataError, match="missing or damaged"):
        load_scores([tmp_path / "none.npz"])
