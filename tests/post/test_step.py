"""Steps in sequence, restricted and overruled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from trashseg.maps import most_probable
from trashseg.post import ModeFilter, Post, Step, relabel
from trashseg.types import ConfigError

NAMES = ("Background", "Paper", "Metal")
IMAGE = np.zeros((6, 8, 3), np.uint8)


@dataclass(frozen=True, kw_only=True)
class Rotate(Step):
    """Class k becomes class k + 1, the last the first."""

    by: int = 1

    def __call__(self, image: np.ndarray, probs: Tensor, pred: np.ndarray) -> np.ndarray:  # noqa: ARG002
        return ((pred + self.by) % len(NAMES)).astype(np.uint8)


@pytest.fixture
def probs() -> Tensor:
    return torch.rand(3, 6, 8, generator=torch.Generator().manual_seed(1)).softmax(0)


def test_steps_follow_one_another(probs: Tensor) -> None:
    pred = most_probable(probs)
    np.testing.assert_array_equal(pred, probs.argmax(0))
    assert not Post({"left_out": None}, NAMES)
    np.testing.assert_array_equal(Post({}, NAMES)(IMAGE, probs), pred)
    twice = Post({"a": Rotate(), "none": None, "b": Rotate()}, NAMES)
    assert twice
    np.testing.assert_array_equal(twice(IMAGE, probs), (pred + 2) % 3)


def test_only_changes_from_or_to_the_classes_are_taken(probs: Tensor) -> None:
    pred = most_probable(probs)
    found = Post({"a": Rotate(classes=["Paper"])}, NAMES)(IMAGE, probs)
    # 0 -> 1 and 1 -> 2 have Paper at one end, 2 -> 0 has not.
    np.testing.assert_array_equal(found, np.array([1, 2, 2])[pred])
    np.testing.assert_array_equal(Post({"a": Rotate(classes=[])}, NAMES)(IMAGE, probs), pred)


def test_where_all_agree_the_vote_stands(probs: Tensor) -> None:
    pred, agree = most_probable(probs), np.random.default_rng(0).random((6, 8)) < 0.5
    found = Post({"a": Rotate()}, NAMES)(IMAGE, probs, agree)
    np.testing.assert_array_equal(found, np.where(agree, pred, (pred + 1) % 3))


def test_relabelled_probabilities_have_the_new_classes_on_top(probs: Tensor) -> None:
    pred = np.random.default_rng(2).integers(0, 3, (6, 8), np.uint8)
    found = relabel(probs, pred)
    np.testing.assert_array_equal(most_probable(found), pred)
    torch.testing.assert_close(found.sort(0).values, probs.sort(0).values, rtol=0, atol=0)
    assert found.data_ptr() != probs.data_ptr()
    torch.testing.assert_close(relabel(probs, most_probable(probs)), probs, rtol=0, atol=0)


def test_slips_are_named() -> None:
    with pytest.raises(ConfigError, match=r"post\.a\.classes holds 'Papre'.*Paper"):
        Post({"a": Rotate(classes=["Papre"])}, NAMES)
    with pytest.raises(ConfigError, match="size is 4"):
        ModeFilter(size=4)
