"""Properties of every recipe in conf/aug: image and mask stay aligned, no class appears, ignored pixels stay so."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from trashseg.config import instantiate
from trashseg.data.augment import Augment
from trashseg.types import IGNORE_INDEX

CONF = Path(__file__).parents[2] / "conf/aug"
RECIPES = sorted(path.stem for path in CONF.glob("*.yaml"))
MOVES = {"crop", "flip", "rotate90", "perspective", "affine", "elastic"}
"""The names, in every recipe, of what moves pixels; everything else changes colours or covers pixels."""
FILL = {"perspective", "affine", "elastic"}
"""What shows a part beyond the photograph, and must mark it as ignored."""

keys = st.tuples(st.integers(0, 2**31), st.integers(0, 100), st.integers(0, 5000))
shapes = st.tuples(st.integers(64, 130), st.integers(64, 130))
few = settings(max_examples=20, deadline=None)


@lru_cache(maxsize=64)
def recipe(name: str, geometric: bool = False) -> Augment:
    """Return a recipe; ``geometric``: only what moves pixels, all of it each time."""
    nodes = OmegaConf.load(CONF / f"{name}.yaml")
    changes: dict[str, Any] = {key: ({"p": 1.0} if key in MOVES else None) for key in nodes} if geometric else {}
    sizes = {"data": {"crop_size": 64, "image_size": 96}}
    node = OmegaConf.merge(sizes, {"aug": nodes}, {"aug": changes})
    return Augment(instantiate(node.aug, "aug"))


def photograph(shape: tuple[int, int], seed: int, block: int = 24) -> np.ndarray:
    """Return a mask of blocks of a few classes and ignored pixels."""
    rng = np.random.default_rng(seed)
    values = np.append(rng.choice(11, 4, replace=False), IGNORE_INDEX).astype(np.uint8)
    grid = rng.choice(values, (-(-shape[0] // block), -(-shape[1] // block)))
    return np.kron(grid, np.ones((block, block), np.uint8))[: shape[0], : shape[1]].copy()


def paint(mask: np.ndarray) -> np.ndarray:
    return np.repeat(np.where(mask == IGNORE_INDEX, 255, mask * 20)[..., None], 3, axis=2).astype(np.uint8)


def inner(picture: np.ndarray) -> np.ndarray:
    """Return where all neighbours have one value; between two values the image has mixed colours."""
    square = np.ones((9, 9), np.uint8)
    same = cv2.erode(picture, square) == cv2.dilate(picture, square)
    # A block cut down to one pixel by a crop may show in the image and not in the mask.
    same[:4], same[-4:], same[:, :4], same[:, -4:] = False, False, False, False
    return np.asarray(same)


@pytest.mark.parametrize("name", RECIPES)
def test_image_and_mask_stay_aligned(name: str) -> None:
    looked = []

    @few
    @given(shapes, keys)
    def check(shape: tuple[int, int], key: tuple[int, int, int]) -> None:
        mask = photograph(shape, key[2])
        image, new = recipe(name, geometric=True)(paint(mask), mask, key)
        sure = inner(new) & (new != IGNORE_INDEX)
        wrong = np.abs(image[..., 0].astype(int) - new * 20)[sure] > 1
        # A sliver narrower than a pixel shows faintly in the image and not in the mask.
        assert wrong.sum() <= max(4, 0.02 * wrong.size)
        # The other way round: what the image shows as ignored, far from other colours, the mask ignores.
        ignored = inner(image[..., 0]) & (image[..., 0] == 255)
        assert (new[ignored] == IGNORE_INDEX).all()
        looked.append(sure.mean())

    check()
    assert np.mean(looked) > 0.05


@pytest.mark.parametrize("name", RECIPES)
@few
@given(shapes, keys)
def test_no_class_appears_and_sizes_agree(name: str, shape: tuple[int, int], key: tuple[int, int, int]) -> None:
    mask = photograph(shape, key[2], block=7)
    image = np.random.default_rng(key[2]).integers(0, 256, (*shape, 3), np.uint8)
    new_image, new = recipe(name)(image, mask, key)
    assert new_image.dtype == new.dtype == np.uint8
    assert new_image.shape == (*new.shape, 3)
    assert set(np.unique(new)) <= {*np.unique(mask), IGNORE_INDEX}


@pytest.mark.parametrize("name", RECIPES)
@few
@given(shapes, keys)
def test_what_is_ignored_stays_ignored(name: str, shape: tuple[int, int], key: tuple[int, int, int]) -> None:
    image = np.random.default_rng(key[2]).integers(0, 256, (*shape, 3), np.uint8)
    _, new = recipe(name)(image, np.full(shape, IGNORE_INDEX, np.uint8), key)
    assert (new == IGNORE_INDEX).all()


@pytest.mark.parametrize("name", RECIPES)
@few
@given(shapes, keys)
def test_inputs_are_left_alone(name: str, shape: tuple[int, int], key: tuple[int, int, int]) -> None:
    """Cached masks are shared between epochs: no transform may write into them."""
    mask = photograph(shape, key[2])
    image = paint(mask)
    before = image.copy(), mask.copy()
    recipe(name)(image, mask, key)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(mask, before[1])


@pytest.mark.parametrize("name", RECIPES)
def test_beyond_the_photograph_nothing_is_labelled(name: str) -> None:
    """A white photograph of one class: where it is black afterwards, the mask is ignored."""
    augment = recipe(name, geometric=True)
    beyond = 0
    for index in range(40):
        image, mask = np.full((80, 100, 3), 255, np.uint8), np.full((80, 100), 4, np.uint8)
        new_image, new = augment(image, mask, (0, 0, index))
        assert (new[new_image[..., 0] == 0] == IGNORE_INDEX).all()
        assert (new_image[new == 4] > 0).all()
        beyond += int((new == IGNORE_INDEX).sum())
    assert (beyond > 0) == bool(FILL & set(augment.transforms))


def test_names_mean_the_same_in_every_recipe() -> None:
    kinds: dict[str, set[str]] = {}
    for name in RECIPES:
        for key, node in OmegaConf.load(CONF / f"{name}.yaml").items():
            for part, entry in {key: node, **node.get("transforms", {})}.items():
                kinds.setdefault(part, set()).add(entry["_target_"].rsplit(".", 1)[1])
    assert {key: found for key, found in kinds.items() if len(found) > 1} == {
        "crop": {"RandomResizedCrop", "MultiScaleCrop"}
    }


@pytest.mark.parametrize("name", ["strong", "geometric", "heavy"])
def test_a_transform_is_turned_off_by_name(name: str) -> None:
    nodes = OmegaConf.load(CONF / f"{name}.yaml")
    nodes.elastic.p = 0
    sizes = {"data": {"crop_size": 64, "image_size": 96}}
    augment = Augment(instantiate(OmegaConf.merge(sizes, {"aug": nodes}).aug, "aug"))
    assert augment.transforms["elastic"].p == 0
