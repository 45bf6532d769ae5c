"""Specks and holes against scipy's labelling."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from trashseg.post import FillHoles, RemoveSpecks
from trashseg.types import ConfigError

IMAGE = np.zeros((14, 17, 3), np.uint8)
SEEDS = st.integers(0, 10_000)


def scene(seed: int, background: float = 0.5) -> tuple[np.ndarray, torch.Tensor]:
    """Return a class map (H, W) of 4 classes in pieces of all sizes, and unrelated probabilities."""
    rng = np.random.default_rng(seed)
    rest = (1 - background) / 3
    pred = rng.choice(np.arange(4, dtype=np.uint8), IMAGE.shape[:2], p=[background, rest, rest, rest])
    return pred, torch.from_numpy(rng.dirichlet(np.ones(4), IMAGE.shape[:2]).transpose(2, 0, 1).astype(np.float32))


def pieces(flags: np.ndarray, corners: bool) -> list[np.ndarray]:
    labels, count = ndimage.label(flags, structure=np.ones((3, 3)) if corners else None)
    return [labels == number for number in range(1, count + 1)]


def around(pred: np.ndarray, piece: np.ndarray) -> int:
    rim = ndimage.binary_dilation(piece, np.ones((3, 3))) & ~piece
    values, counts = np.unique(pred[rim & (pred != pred[piece][0])], return_counts=True)
    return int(values[counts.argmax()])


@given(seed=SEEDS, share=st.sampled_from([0.0, 0.005, 0.02, 1.0]))
@settings(max_examples=40, deadline=None)
def test_specks(seed: int, share: float) -> None:
    pred, probs = scene(seed)
    near, likely = pred.copy(), pred.copy()
    for value in (1, 2, 3):
        for piece in pieces(pred == value, corners=True):
            if piece.sum() <= share * pred.size:
                near[piece] = around(pred, piece)
                sums = probs.numpy()[:, piece].sum(1)
                likely[piece] = max((k for k in range(4) if k != value), key=lambda k, sums=sums: sums[k])
    np.testing.assert_array_equal(RemoveSpecks(share=share)(IMAGE, probs, pred), likely)
    np.testing.assert_array_equal(RemoveSpecks(share=share, surrounding=True)(IMAGE, probs, pred), near)


@given(seed=SEEDS, share=st.sampled_from([0.005, 0.02, 1.0]))
@settings(max_examples=40, deadline=None)
def test_holes(seed: int, share: float) -> None:
    pred, probs = scene(seed, 0.4)
    enclosed = ndimage.binary_fill_holes(pred != 0) & (pred == 0)
    wanted = pred.copy()
    for piece in pieces(enclosed, corners=False):
        if piece.sum() <= share * pred.size:
            wanted[piece] = around(pred, piece)
    found = FillHoles(share=share)(IMAGE, probs, pred)
    np.testing.assert_array_equal(found, wanted)
    if share == 1.0:
        np.testing.assert_array_equal(found != pred, enclosed)


def test_a_map_of_one_class_stays() -> None:
    pred, probs = np.full((5, 6), 2, np.uint8), torch.full((4, 5, 6), 0.25)
    np.testing.assert_array_equal(RemoveSpecks(share=1, surrounding=True)(IMAGE, probs, pred), pred)
    np.testing.assert_array_equal(FillHoles(share=1)(IMAGE, probs, np.zeros_like(pred)), 0)


def test_share_out_of_range() -> None:
    with pytest.raises(ConfigError, match=r"5"):
        RemoveSpecks(share=5)
