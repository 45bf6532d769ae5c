"""Which samples are transformed, decided by what, and what an entry may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import albumentations
import numpy as np
import pytest

from trashseg.data.augment import Augment
from trashseg.data.device import BatchAugment, GridDropout, HorizontalFlip, HueSaturationValue, OneOf, one_of
from trashseg.data.device.base import Numbers
from trashseg.data.sampling import SampleKey
from trashseg.types import ConfigError

SIZE = (72, 72)


@pytest.mark.parametrize("change", [{"seed": 8}, {"epoch": 2}, {"repeat": 1}, {"position": 5}])
def test_whatever_names_a_visit_changes_it(change: dict[str, int]) -> None:
    told = {"seed": 7, "epoch": 1, "repeat": 0, "position": 4}
    streams = [
        Numbers.of(one["seed"], SampleKey(one["position"], one["epoch"], repeat=one["repeat"]))
        for one in (told, {**told, **change}, told)
    ]
    drawn = [(numbers.rng.random(), numbers.chance.random()) for numbers in streams]
    assert drawn[0] == drawn[2]
    assert drawn[0][0] != drawn[1][0]
    assert drawn[0][1] != drawn[1][1]


def test_a_recipe_is_split_between_workers_and_device() -> None:
    transforms = {"a": HorizontalFlip(), "b": albumentations.VerticalFlip(p=1), "c": GridDropout(), "d": None}
    augment = Augment(transforms)
    assert list(augment.transforms) == ["b"]
    assert list(augment.on_device.transforms) == ["a", "c"]
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    np.testing.assert_array_equal(augment(image, image[..., 0], (0, 0, 0))[0], image[::-1])


def test_nothing_to_do_draws_nothing() -> None:
    assert BatchAugment({}).draw([SampleKey(0, 0)], 0, SIZE) == {}
    assert BatchAugment({"flip": HorizontalFlip(p=0)}).draw([SampleKey(0, 0)], 0, SIZE) == {}


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: HorizontalFlip(p=2), "p of HorizontalFlip=2"),
        (lambda: OneOf({"flip": albumentations.HorizontalFlip()}), "flip=null"),
        (lambda: one_of({"flip": HorizontalFlip(p=0)}), "above 0"),
        (lambda: one_of({"flip": None}), "above 0"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], Any], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        make()


def test_one_of_several_is_chosen_by_its_weight() -> None:
    parts = {"often": HueSaturationValue(p=0.75), "seldom": HueSaturationValue(p=0.25)}
    choice = OneOf(parts, p=0.5)
    chosen = [choice.chosen(Numbers.of(0, SampleKey(i, 0))) for i in range(4000)]
    shares = [sum(one is part for one in chosen) / 4000 for part in (*parts.values(), None)]
    assert shares == pytest.approx([0.375, 0.125, 0.5], abs=0.035)
