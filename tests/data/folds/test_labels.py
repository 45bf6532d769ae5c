"""What is spread evenly: the columns of each preset, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from trashseg.data.folds.labels import (
    Balance,
    Labels,
    Objects,
    Pixels,
    Rarest,
    SecondSystem,
    binned,
    one_hot,
    rarest_class,
)
from trashseg.data.oversampling import Counts
from trashseg.types import ConfigError

OBJECTS = np.array([[0, 2, 0, 0], [0, 1, 1, 0], [0, 0, 3, 1], [0, 0, 0, 0], [0, 5, 1, 0]])
PIXELS = OBJECTS * np.array([0, 10, 100, 7]) + np.array([500, 0, 0, 0])
COUNTS = Counts(("Background", "Paper", "Metal", "Glass"), PIXELS, OBJECTS)


def test_rarest_class_is_that_of_fewest_photographs() -> None:
    # Paper and Metal are in three photographs each, Glass in one; of equals the first counts; 4 is for no object.
    assert rarest_class(OBJECTS).tolist() == [1, 1, 3, 4, 1]
    np.testing.assert_array_equal(one_hot(np.array([7, 2, 7])), [[False, True], [True, False], [False, True]])


def test_bins_hold_equally_many_and_zero_has_its_own() -> None:
    values = np.random.default_rng(0).permutation(np.concatenate([np.arange(1, 31), np.zeros(7, np.int64)]))
    found = binned(values, 3)
    assert np.bincount(found).tolist() == [7, 10, 10, 10]
    assert (np.diff(found[np.argsort(values)]) >= 0).all()
    # Equal values stay together, whatever that does to the numbers.
    assert set(binned(np.array([4, 4, 4, 4, 9]), 3).tolist()) == {1, 3}
    assert binned(np.zeros(4, np.int64), 3).tolist() == [0, 0, 0, 0]


def test_balance_has_three_columns_a_class() -> None:
    columns = Balance(presence=4, objects=1, pixels=2, photographs=3).columns(COUNTS)
    expected = np.column_stack([np.ones(5), OBJECTS[:, 1:] > 0, OBJECTS[:, 1:], PIXELS[:, 1:]])
    np.testing.assert_array_equal(columns.values, expected)
    assert columns.weights.tolist() == [3, 4, 4, 4, 1, 1, 1, 2, 2, 2]


def test_pixels_have_a_column_a_class_and_bin() -> None:
    columns = Pixels(bins=2, photographs=4).columns(COUNTS)
    assert columns.values.shape == (5, 1 + 3 * 2)
    # Each photograph with a class is in one bin of it.
    np.testing.assert_array_equal(columns.values[:, 1:].reshape(5, 3, 2).sum(2), OBJECTS[:, 1:] > 0)
    assert columns.values[:, 1].tolist() == [1, 1, 0, 0, 0]
    assert columns.values[:, 2].tolist() == [0, 0, 0, 0, 1]


def test_second_system_has_a_column_a_value_of_three_labels() -> None:
    columns = SecondSystem(bins=2, photographs=4).columns(COUNTS)
    rarest = [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    num_classes = [[0, 1, 0], [0, 0, 1], [0, 0, 1], [1, 0, 0], [0, 0, 1]]
    annotations = [[0, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 0, 1]]
    np.testing.assert_array_equal(columns.values[:, 1:], np.hstack([rarest, num_classes, annotations]))


@pytest.mark.parametrize(
    "labels", [Rarest(4), Objects(4), SecondSystem(5, 4), Pixels(3, 4)], ids=lambda x: type(x).__name__
)
def test_every_preset_begins_with_the_photographs(labels: Labels) -> None:
    columns = labels.columns(COUNTS)
    assert columns.values[:, 0].tolist() == [1] * 5
    assert columns.weights[0] == 4
    assert set(columns.weights[1:]) == {1}
    assert (columns.values >= 0).all()


@pytest.mark.parametrize(
    ("make", "word"),
    [(lambda: Balance(1, -1, 1, 1), r"labels\.objects"), (lambda: Pixels(0, 1), r"labels\.bins"),
     (lambda: Rarest("many"), r"labels\.photographs")],
)  # fmt: skip
def test_a_wrong_weight_is_named(make: object, word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        make()  # type: ignore[operator]
