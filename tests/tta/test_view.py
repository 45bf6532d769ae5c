"""Views and their inverses against NumPy's flips and rotations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trashseg.tta import View
from trashseg.tta.crop import CORNERS, CROPS, Crop
from trashseg.tta.symmetry import FLIPS, ROTATIONS, Symmetry

KINDS = list(itertools.product(FLIPS, ROTATIONS))
AXES = {"none": (), "horizontal": (3,), "vertical": (2,), "both": (2, 3)}


@pytest.mark.parametrize(("flip", "rotation"), KINDS)
def test_a_symmetry_is_numpys_and_its_inverse_exact(images, flip, rotation):
    image, symmetry = images(0), Symmetry.of(flip, rotation)
    seen = symmetry.apply(image)
    expected = np.rot90(np.flip(image.numpy(), AXES[flip]), rotation // 90, (2, 3))
    np.testing.assert_array_equal(seen.numpy(), expected)
    assert symmetry.size((24, 40)) == tuple(seen.shape[-2:])
    assert symmetry.invert(seen).equal(image)


def test_symmetries_are_equal_where_they_do_the_same(images):
    image = images(1)
    seen = {kind: View(1.0, *kind).apply(image) for kind in KINDS}
    assert len({View(1.0, *kind).look for kind in KINDS}) == 8
    for one, other in itertools.combinations(KINDS, 2):
        same = seen[one].shape == seen[other].shape and seen[one].equal(seen[other])
        assert (View(1.0, *one).look == View(1.0, *other).look) == same


@pytest.mark.parametrize("factor", [0.5, 0.75, 1.0, 1.25, 1.5])
@pytest.mark.parametrize("crop", CROPS)
def test_the_inverse_is_close_on_smooth_maps(smooth, factor, crop):
    image, view = smooth(64, 96), View(factor, "horizontal", 90, crop)
    rows, columns = view.part.part((64, 96))
    restored = view.invert(view.apply(image), (64, 96))
    assert (restored - image[..., rows, columns]).abs().max() < 0.02


@settings(deadline=None, max_examples=40)
@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    factor=st.floats(0.05, 2.5),
    flip=st.sampled_from(list(FLIPS)),
    rotation=st.sampled_from(list(ROTATIONS)),
    crop=st.sampled_from(list(CROPS)),
    side=st.floats(0.05, 0.99),
)
def test_any_size_comes_back(size, factor, flip, rotation, crop, side):
    image, view = torch.zeros(1, 3, *size), View(factor, flip, rotation, crop, side)
    seen = view.apply(image)
    assert view.seen_size(size) == tuple(seen.shape[-2:])
    assert sorted(view.seen_size(size)) == sorted(max(1, round(length * factor)) for length in size)
    rows, columns = view.part.part(size)
    assert view.invert(seen, size).shape == image[..., rows, columns].shape
    assert image[..., rows, columns].numel() > 0


@given(size=st.tuples(st.integers(1, 200), st.integers(1, 200)), side=st.floats(0.5, 0.99))
def test_four_corners_leave_no_gap(size, side):
    seen = np.zeros(size, int)
    for name in CORNERS:
        seen[Crop(name, side).part(size)] += 1
    assert seen.min() >= 1


@pytest.mark.parametrize("name", [*CORNERS, "centre"])
def test_weights_fall_towards_the_inside_of_the_picture(name):
    crop, size = Crop(name, 0.6), (50, 80)
    weight = np.zeros(size)
    weight[crop.part(size)] = crop.weight(size, torch.device("cpu"))
    rows, columns = crop.part(size)
    inside = weight[rows, columns]
    assert 0 < inside.min() <= inside.max() <= 1
    # At the picture's own edges they are those of the line beside, where there is nothing to blend with.
    steps = np.abs(np.diff(weight, axis=0)).max(), np.abs(np.diff(weight, axis=1)).max()
    assert max(steps) < 0.12


def test_names_say_what_differs():
    assert View().name == "plain"
    assert View(1.25, "horizontal", 90, "centre").name == "scale_1.25_horizontal_rotation_90_centre"
    view = View(0.5, "both", crop="top_left", crop_side=0.7)
    assert View.from_mapping("x", view.to_mapping(), 0.7) == view
