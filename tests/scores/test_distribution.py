"""Scores of single photographs against the metrics of the whole set."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trashseg.metrics import mean_iou
from trashseg.scores import QUANTILES, miou_per_matrix, quantiles


def test_each_photograph_scores_as_a_set_of_its_own() -> None:
    matrices = np.random.default_rng(0).integers(0, 50, (20, 6, 6)).astype(np.int32)
    matrices[3, 2], matrices[3, :, 2] = 0, 0
    matrices[4, 1:], matrices[4, :, 1:] = 0, 0
    matrices[5] = 0
    expected = [float(mean_iou(torch.from_numpy(matrix))) for matrix in matrices]
    np.testing.assert_allclose(miou_per_matrix(matrices), expected, rtol=1e-12)
    assert expected[4] == 1
    assert np.isnan(expected[5])


def test_quantiles_pass_over_photographs_without_a_score() -> None:
    scores = np.append(np.linspace(0, 1, 101), np.nan)
    assert quantiles(scores) == pytest.approx({share: share for share in QUANTILES})
    assert np.isnan(list(quantiles(np.array([np.nan])).values())).all()
