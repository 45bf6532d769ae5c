"""The CRF against exact mean-field inference over all pairs of pixels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from trashseg.maps import most_probable
from trashseg.post import DenseCRF
from trashseg.types import ConfigError

CRF = DenseCRF(near_sigma=1.5, near_weight=1.0, alike_sigma=6.0, alike_weight=2.0, color_sigma=30.0, least=0)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def kernel(features: np.ndarray) -> np.ndarray:
    """Return the exact, symmetrically normalised Gaussian kernel (N, N) of positions (N, d)."""
    weights = np.exp(-np.square(features[:, None] - features).sum(-1) / 2)
    root = np.sqrt(weights.sum(1))
    return weights / root[:, None] / root


def exact(crf: DenseCRF, image: np.ndarray, probs: torch.Tensor) -> np.ndarray:
    """Return the beliefs (N, K) after mean-field inference over all pairs, pixel with itself included."""
    rows, columns = np.indices(image.shape[:2]).reshape(2, -1)
    place, color = np.stack([columns, rows], 1), image.reshape(-1, 3) / crf.color_sigma
    near, alike = kernel(place / crf.near_sigma), kernel(np.hstack([place / crf.alike_sigma, color]))
    unary = np.log(probs.flatten(1).T.double().numpy())
    belief = softmax(unary)
    for _ in range(crf.iterations):
        belief = softmax(unary + crf.near_weight * near @ belief + crf.alike_weight * alike @ belief)
    return belief


def test_against_exact_inference(make_scene: Any) -> None:
    equal, moved, still = [], [], []
    for seed in range(12):
        image, probs = make_scene(seed)
        before, found = most_probable(probs), CRF(image, probs, most_probable(probs))
        wanted = exact(CRF, image, probs).argmax(1).reshape(before.shape)
        equal.append(found == wanted)
        moved.append(wanted != before)
        still.append(found == before)
    assert np.mean(equal) > 0.98
    assert np.mean(moved) > 0.05, "the CRF must have something to do"
    assert np.mean(still) < np.mean(equal)


def test_colour_decides_where_the_network_doubts() -> None:
    image = np.zeros((16, 16, 3), np.uint8)
    image[:, 8:] = 200
    sure = torch.full((2, 16, 16), 0.5)
    sure[0, :, :3], sure[1, :, :3], sure[0, :, 13:], sure[1, :, 13:] = 0.9, 0.1, 0.1, 0.9
    found = DenseCRF(alike_sigma=10, color_sigma=10, near_weight=0, iterations=10)(image, sure, most_probable(sure))
    assert (found[:, :8] == 0).all()
    assert (found[:, 8:] == 1).all()


def test_absent_classes_take_no_part_and_order_does_not_matter(make_scene: Any) -> None:
    image, probs = make_scene(3, (20, 24))
    wider = torch.zeros(7, 20, 24)
    wider[[5, 1, 3, 2]] = probs
    found = replace(CRF, least=0.01)(image, wider, most_probable(wider))
    np.testing.assert_array_equal(found, np.array([5, 1, 3, 2])[CRF(image, probs, most_probable(probs))])


def test_one_class_stays(make_scene: Any) -> None:
    image, _ = make_scene(1)
    probs = torch.zeros(3, 12, 10)
    probs[2] = 1
    assert (DenseCRF()(image, probs, most_probable(probs)) == 2).all()


def test_a_smaller_side_gives_nearly_the_same(make_scene: Any) -> None:
    image, probs = make_scene(4, (120, 160))
    crf = DenseCRF(near_sigma=4, alike_sigma=30, color_sigma=30, side=None)
    full, half = (replace(crf, side=side)(image, probs, most_probable(probs)) for side in (None, 80))
    assert half.shape == (120, 160)
    assert (full == half).mean() > 0.95
    np.testing.assert_array_equal(full, replace(crf, side=500)(image, probs, most_probable(probs)))


@pytest.mark.parametrize("wrong", [{"iterations": 0}, {"side": 0}, {"color_sigma": 0}, {"near_weight": -1}])
def test_numbers_out_of_range(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        DenseCRF(**wrong)
