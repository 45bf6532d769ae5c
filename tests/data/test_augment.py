"""The contract of every recipe in conf/aug, and its random streams."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import albumentations
import numpy as np
import pytest
from omegaconf import OmegaConf

from trashseg.config import instantiate
from trashseg.data.augment import Augment, keep_memory, one_of
from trashseg.data.resize import Resize
from trashseg.types import IGNORE_INDEX, ConfigError

CONF = Path(__file__).parents[2] / "conf/aug"
RECIPES = sorted(path.stem for path in CONF.glob("*.yaml"))
SIZE = (96, 128)


def recipe(name: str, **changes: Any) -> Augment:
    node = OmegaConf.merge(
        {"data": {"crop_size": 64, "image_size": 96}}, {"aug": OmegaConf.load(CONF / f"{name}.yaml")}, {"aug": changes}
    )
    return Augment(instantiate(node.aug, "aug"))


def test_transforms_are_drawn_independently() -> None:
    """Of two transforms with p=0.5 both, either and none are applied, a quarter of the time each."""
    flips = {"across": albumentations.HorizontalFlip(p=0.5), "down": albumentations.VerticalFlip(p=0.5)}
    augment = Augment(flips)
    image = np.zeros((2, 2, 3), np.uint8)
    image[0, 0] = 9
    places = [tuple(np.argwhere(augment(image, image[..., 0], (0, 0, i))[1])[0].tolist()) for i in range(400)]
    counts = {place: places.count(place) for place in set(places)}
    assert len(counts) == 4
    assert all(70 < count < 130 for count in counts.values()), counts


def photograph(seed: int = 0, classes: int = 11) -> tuple[np.ndarray, np.ndarray]:
    """Return an image and a mask of blocks of classes and ignored pixels."""
    rng = np.random.default_rng(seed)
    values = np.array([*range(classes), IGNORE_INDEX], np.uint8)
    mask = np.kron(rng.choice(values, (6, 8)), np.ones((16, 16), np.uint8))
    return rng.integers(0, 256, (*SIZE, 3), np.uint8), mask


@pytest.mark.parametrize("name", RECIPES)
def test_one_size_and_only_known_classes(name: str) -> None:
    augment = recipe(name)
    for index in range(30):
        image, mask = photograph(index)
        new_image, new_mask = augment(image, mask, (0, 0, index))
        assert new_image.shape == (*new_mask.shape, 3)
        assert new_image.dtype == new_mask.dtype == np.uint8
        assert set(np.unique(new_mask).tolist()) <= {*range(11), IGNORE_INDEX}


@pytest.mark.parametrize("name", sorted(set(RECIPES) - {"none"}))
def test_the_key_alone_decides(name: str) -> None:
    augment, other = recipe(name), recipe(name)
    image, mask = photograph()
    keys = [(seed, epoch, index) for seed in (0, 1) for epoch in (0, 1) for index in range(8)]
    results = [augment(image, mask, key)[0].tobytes() for key in keys]
    # In another order, from another object: what ran before does not matter.
    assert [other(image, mask, key)[0].tobytes() for key in reversed(keys)] == results[::-1]
    by_axis = np.array(results, dtype=object).reshape(2, 2, 8)
    for axis in range(3):
        moved = np.moveaxis(by_axis, axis, 0)
        assert not np.array_equal(moved[0], moved[1])


def test_a_recipe_differs_between_photographs() -> None:
    image, mask = photograph()
    augment = recipe("strong")
    assert len({augment(image, mask, (0, 0, index))[0].tobytes() for index in range(30)}) > 25


def test_no_recipe_changes_nothing() -> None:
    image, mask = photograph()
    new_image, new_mask = recipe("none")(image, mask, (0, 0, 0))
    assert np.array_equal(new_image, image)
    assert np.array_equal(new_mask, mask)


def test_strong_has_what_the_field_uses() -> None:
    from albumentations import CLAHE, GridDropout, HorizontalFlip, RandomResizedCrop, RandomRotate90

    strong = recipe("strong").transforms
    kinds = {type(transform) for transform in strong.values()}
    # Faster classes count as the library's that they stand for.
    kinds |= {base for kind in kinds for base in kind.__mro__}
    assert {HorizontalFlip, RandomRotate90, GridDropout, RandomResizedCrop} <= kinds
    assert CLAHE in {type(part) for part in strong["color"].transforms}


def test_transforms_are_left_out_by_name() -> None:
    assert list(recipe("light", crop=None).transforms) == ["flip", "brightness"]
    without = recipe("strong", color={"transforms": {"clahe": None}})
    assert len(without.transforms["color"].transforms) == 2
    nothing = Augment({"color": one_of({"a": None}, p=1.0)})
    image, mask = photograph()
    assert np.array_equal(nothing(image, mask, (0, 0, 0))[0], image)


def test_what_is_no_transform_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"aug\.flip=3 is no transform"):
        Augment({"flip": 3})


def test_crop_gives_the_networks_size() -> None:
    image, mask = photograph()
    augment = recipe("strong", crop={"p": 1.0})
    new_image, _ = augment(image, mask, (0, 0, 0))
    assert new_image.shape == (64, 64, 3)
    assert Resize(64).image(new_image) is new_image


def test_memory_is_kept_where_the_c_library_can(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int]] = []
    monkeypatch.setattr("ctypes.CDLL", lambda _: SimpleNamespace(mallopt=lambda *call: calls.append(call)))
    keep_memory()
    assert sorted(name for name, _ in calls) == [-3, -1]
    assert all(size >= 32 << 20 for _, size in calls)  # larger than any picture in a loader
    for library in (lambda _: SimpleNamespace(), lambda _: None + 1):
        monkeypatch.setattr("ctypes.CDLL", library)
        keep_memory()
    assert len(calls) == 2
