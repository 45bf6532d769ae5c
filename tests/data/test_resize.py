"""From a photograph to the network's square and back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from trashseg.data.resize import Resize
from trashseg.maps import restore, to_square
from trashseg.types import IGNORE_INDEX, ConfigError

SIZES = [(48, 64), (64, 48), (64, 64), (200, 30), (31, 100), (300, 417)]


@pytest.fixture(params=["stretch", "pad"])
def resize(request: pytest.FixtureRequest) -> Resize:
    return Resize(64, request.param)


@pytest.mark.parametrize("size", SIZES)
def test_square_holds_the_photograph_and_padding(resize: Resize, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    image = rng.integers(1, 256, (*size, 3), np.uint8)
    mask = rng.integers(0, 11, size, np.uint8)
    square, target = resize.image(image), resize.mask(mask)
    height, width = resize.content(*size)
    assert square.shape == (64, 64, 3)
    assert target.shape == (64, 64)
    assert square.dtype == target.dtype == np.uint8
    assert (target[:height, :width] < 11).all()
    inside = np.zeros((64, 64), bool)
    inside[:height, :width] = True
    assert (target[~inside] == IGNORE_INDEX).all()
    assert (square[~inside] == 0).all()
    assert max(height, width) == 64
    if resize.mode == "stretch":
        assert inside.all()
    else:
        assert abs(height / width - size[0] / size[1]) < 0.5 / min(height, width) * max(1, size[0] / size[1])


def test_nothing_changes_at_the_networks_own_size(resize: Resize) -> None:
    image = np.random.default_rng(2).integers(0, 256, (64, 64, 3), np.uint8)
    assert np.array_equal(resize.image(image), image)
    assert np.array_equal(resize.mask(image[..., 0]), image[..., 0])


@pytest.mark.parametrize("size", SIZES)
def test_maps_come_back_where_they_were(resize: Resize, size: tuple[int, int]) -> None:
    """A plane a*y + b*x survives the square and the way back, away from the border; shifts would show."""
    height, width = size
    y, x = np.meshgrid(np.linspace(0, 200, height), np.linspace(0, 55, width), indexing="ij")
    image = np.repeat((y + x).round().astype(np.uint8)[..., None], 3, axis=2)
    content = resize.content(height, width)
    maps = torch.from_numpy(resize.image(image)).permute(2, 0, 1)[None].float()
    back = restore(maps, content, size)[0, 0].numpy()
    assert back.shape == size
    step = 255 / min(*content, *size)
    assert np.abs(back - image[..., 0]).mean() < step
    assert abs(float((back - image[..., 0]).mean())) < 0.75


def test_mask_on_the_square_agrees_with_the_networks_view(resize: Resize) -> None:
    """Validation brings masks to the square with torch, training with OpenCV: the same pixels."""
    rng = np.random.default_rng(3)
    for size in SIZES:
        mask = rng.integers(0, 11, size, np.uint8)
        there = to_square(torch.from_numpy(mask), resize.content(*size), (64, 64)).numpy()
        assert (there == resize.mask(mask)).mean() > 0.98


def test_image_and_mask_stay_aligned(resize: Resize) -> None:
    for size in SIZES:
        mask = np.zeros(size, np.uint8)
        mask[size[0] // 3 : 2 * size[0] // 3, size[1] // 4 : size[1] // 2] = 5
        image = np.repeat((mask * 50)[..., None], 3, axis=2)
        square, target = resize.image(image)[..., 0], resize.mask(mask)
        clear = (square == 0) | (square == 250)
        clear &= target != IGNORE_INDEX
        assert {0, 5} <= set(target[clear].tolist())
        assert ((square == 250) == (target == 5))[clear].all()


@pytest.mark.parametrize("size", [(512, 512), (512, 40), (40, 512)])
def test_shrinking_averages_rather_than_skips(size: tuple[int, int]) -> None:
    """Thin lines keep their share of the light, also where only one side shrinks."""
    image = np.zeros((*size, 3), np.uint8)
    image[::8] = 240
    image[:, ::8] = 240
    small = Resize(64).image(image)
    assert abs(float(small.mean()) - float(image.mean())) < 6
    if size == (512, 512):
        assert np.array_equal(small, cv2.resize(image, (64, 64), interpolation=cv2.INTER_AREA))


def test_unknown_mode_names_those_that_exist() -> None:
    with pytest.raises(ConfigError, match=r"data\.resize=crop does not exist; choose stretch or pad"):
        Resize(64, "crop")
