"""conf/aug/strong_device.yaml: labels stay with what they label, and it is strong's distribution."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from trashseg.config import instantiate
from trashseg.data.augment import Augment
from trashseg.data.device import BatchAugment
from trashseg.data.device.base import Numbers
from trashseg.data.sampling import SampleKey
from trashseg.types import IGNORE_INDEX

CONF = Path(__file__).parents[3] / "conf/aug"
SIZE = (72, 72)
few = settings(max_examples=15, deadline=None)
seeds = st.integers(0, 2**31)


def nodes(name: str) -> dict[str, Any]:
    sizes = {"data": {"crop_size": SIZE[0], "image_size": SIZE[0]}}
    merged = OmegaConf.merge(sizes, {"aug": OmegaConf.load(CONF / f"{name}.yaml")})
    found = OmegaConf.to_container(merged, resolve=True)
    assert isinstance(found, dict)
    return dict(found["aug"])


@lru_cache(maxsize=8)
def recipe(names: tuple[str, ...] = (), p: float | None = None) -> BatchAugment:
    """Return the device's part of strong_device; ``names``: those alone, with this ``p``."""
    transforms = Augment(instantiate(nodes("strong_device"), "aug")).on_device.transforms
    chosen = {name: transforms[name] for name in names or transforms}
    for transform in chosen.values():
        transform.p = transform.p if p is None else p
    return BatchAugment(chosen)


def transformed(augment: BatchAugment, image: np.ndarray, masks: np.ndarray, seed: int) -> tuple[torch.Tensor, ...]:
    """Transform image (N, H, W, 3) and masks (N, M, H, W)."""
    keys = [SampleKey(position, 2) for position in range(len(image))]
    tensor = torch.from_numpy(image).permute(0, 3, 1, 2)
    return augment(tensor, torch.from_numpy(masks), augment.draw(keys, seed, image.shape[1:3]))


def masks_of(seed: int, count: int = 3, block: int = 24) -> np.ndarray:
    """Return masks (count, 1, H, W) of blocks of a few classes and ignored pixels."""
    rng = np.random.default_rng(seed)
    values = np.append(rng.choice(11, 4, replace=False), IGNORE_INDEX).astype(np.uint8)
    grid = rng.choice(values, (count, 1, SIZE[0] // block, SIZE[1] // block))
    return np.kron(grid, np.ones((block, block), np.uint8))


@few
@given(seeds)
def test_image_and_mask_stay_aligned(seed: int) -> None:
    masks = masks_of(seed)
    painted = np.where(masks == IGNORE_INDEX, 255, masks * 20)[:, 0, ..., None].repeat(3, axis=3).astype(np.uint8)
    image, new = transformed(recipe(("flip", "rotate90", "affine", "elastic"), p=1), painted, masks, seed)
    for picture, mask in zip(image[:, 0].numpy(), new[:, 0].numpy(), strict=True):
        square = np.ones((5, 5), np.uint8)
        inner = (cv2.erode(mask, square) == cv2.dilate(mask, square)) & (mask != IGNORE_INDEX)
        inner[:2], inner[-2:], inner[:, :2], inner[:, -2:] = False, False, False, False  # what is beside is not seen
        assert (np.abs(picture.astype(int) - mask * 20)[inner] <= 1).all()
        # The other way round: what the image shows as ignored, the mask ignores.
        ignored = cv2.erode((picture == 255).astype(np.uint8), square) > 0
        assert (mask[ignored] == IGNORE_INDEX).all()
        assert inner.mean() > 0.05 or (mask == IGNORE_INDEX).mean() > 0.2


@few
@given(seeds)
def test_no_class_appears_and_ignored_pixels_stay_so(seed: int) -> None:
    masks = masks_of(seed, block=6)
    image = np.random.default_rng(seed).integers(0, 256, (3, *SIZE, 3), np.uint8)
    _, new = transformed(recipe(), image, masks, seed)
    for before, after in zip(masks, new.numpy(), strict=True):
        assert set(np.unique(after)) <= {*np.unique(before), IGNORE_INDEX}
    _, new = transformed(recipe(), image, np.full_like(masks, IGNORE_INDEX), seed)
    assert (new == IGNORE_INDEX).all()


def test_beyond_the_photograph_nothing_is_labelled() -> None:
    image, masks = np.full((20, *SIZE, 3), 255, np.uint8), np.full((20, 1, *SIZE), 4, np.uint8)
    new, moved = transformed(recipe(("affine", "elastic"), p=1), image, masks, 0)
    black = (new == 0).all(dim=1)
    assert black.float().mean() > 0.01
    assert (moved[:, 0][black] == IGNORE_INDEX).all()
    assert set(np.unique(moved)) == {4, IGNORE_INDEX}


def test_two_masks_of_a_sample_move_alike() -> None:
    first, second = masks_of(1, block=8), masks_of(2, block=8)
    image = np.zeros((3, *SIZE, 3), np.uint8)
    _, both = transformed(recipe(), image, np.concatenate([first, second], axis=1), 5)
    for place, alone in enumerate((first, second)):
        assert torch.equal(both[:, place : place + 1], transformed(recipe(), image, alone, 5)[1])


def test_type_layout_and_inputs_are_kept() -> None:
    image = np.random.default_rng(0).integers(0, 256, (4, *SIZE, 3), np.uint8)
    masks = masks_of(0, 4)
    before = image.copy(), masks.copy()
    new, moved = transformed(recipe(), image, masks, 1)
    assert new.dtype == moved.dtype == torch.uint8
    assert new.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(masks, before[1])
    assert not np.array_equal(new.permute(0, 2, 3, 1), image)


def test_a_sample_is_transformed_alike_in_any_batch() -> None:
    rng = np.random.default_rng(0)
    image, masks = torch.from_numpy(rng.integers(0, 256, (12, 3, *SIZE), np.uint8)), torch.from_numpy(masks_of(0, 12))
    augment, keys = recipe(), [SampleKey(position, 1, repeat=position % 2) for position in range(12)]
    whole = augment(image, masks, augment.draw(keys, 7, SIZE))
    for part in ([3], [11, 0, 5], list(range(6))):
        other = recipe()
        new = other(image[part], masks[part], other.draw([keys[i] for i in part], 7, SIZE))
        # Sums over a batch of another size may be rounded differently.
        assert (new[0].int() - whole[0][part].int()).abs().max() <= 1
        assert (new[1] != whole[1][part]).float().mean() < 1e-3


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU")
def test_a_gpu_gives_what_the_cpu_gives() -> None:
    rng = np.random.default_rng(0)
    image, masks = torch.from_numpy(rng.integers(0, 256, (8, 3, *SIZE), np.uint8)), torch.from_numpy(masks_of(0, 8))
    draws = recipe().draw([SampleKey(position, 0) for position in range(8)], 0, SIZE)
    there = {i: {name: value.cuda() for name, value in one.items()} for i, one in draws.items()}
    here, moved = recipe()(image, masks, draws)
    new, new_masks = recipe()(image.cuda(), masks.cuda(), there)
    assert ((new.cpu().int() - here.int()).abs() > 1).float().mean() < 1e-3
    assert (new_masks.cpu() != moved).float().mean() < 1e-3


def test_each_is_applied_as_often_as_its_p_says() -> None:
    augment = recipe()
    count = 2500
    sets = [set(augment._sample(Numbers.of(0, SampleKey(i, 0)), (16, 16))) for i in range(count)]
    expected = {"HorizontalFlip": 0.5, "RandomRotate90": 0.5, "Affine": 0, "ElasticTransform": 0.3,
                "RandomBrightnessContrast": 0.2335, "HueSaturationValue": 0.2335, "GridDropout": 0.25}  # fmt: skip
    names = [{type(leaf).__name__ for leaf in one} for one in sets]
    for name, p in expected.items():
        share = sum(name in one for one in names) / count
        assert share == pytest.approx(p, abs=5 * (p * (1 - p) / count) ** 0.5), name
    assert not any({"RandomBrightnessContrast", "HueSaturationValue"} <= one for one in names)
    # Independent of each other: half of those that are bent are mirrored.
    bent = [one for one in names if "ElasticTransform" in one]
    assert sum("HorizontalFlip" in one for one in bent) / len(bent) == pytest.approx(0.5, abs=0.07)


def test_the_recipe_is_strong_without_clahe() -> None:
    """Each entry has the settings of the workers' form, so that results can be compared."""
    usual, ours = nodes("strong"), nodes("strong_device")
    extra = ours.pop("affine")
    assert extra["p"] == 0
    shares = dict.fromkeys(("brightness", "hsv"), usual["color"]["p"] / 3)
    assert ours["color"].pop("p") / 2 == pytest.approx(shares["hsv"], abs=1e-3)
    assert usual["color"].pop("p") > 0
    assert usual["color"]["transforms"].pop("clahe")
    assert list(usual) == list(ours)
    assert same_names(usual) == same_names(ours)


def same_names(node: Any) -> Any:
    """Return a recipe with classes by their bare names; what lies outside is always ignored on the device."""
    if not isinstance(node, dict):
        return node
    kept = {key: same_names(value) for key, value in node.items() if key != "fill_mask"}
    return {**kept, **({"_target_": node["_target_"].rsplit(".", 1)[1]} if "_target_" in node else {})}
