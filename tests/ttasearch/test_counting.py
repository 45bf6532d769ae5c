"""Confusion matrices of subsets against summing, argmax and counting one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trashseg.tta import TTA
from trashseg.ttasearch import counting
from trashseg.ttasearch.counting import tally
from trashseg.ttasearch.sampling import every, quantised
from trashseg.ttasearch.subsets import all_subsets, steps

JOINED = {"mean": np.sum, "geometric": np.sum, "max": np.max}


def by_hand(pairs, subset, num_classes, merge):
    counts = np.zeros((num_classes, num_classes), np.int64)
    for maps, target in pairs:
        pred = JOINED[merge](maps[list(subset)].astype(np.int64), axis=0).argmax(0)  # the first of equal ones
        for truth, own in zip(target, pred, strict=True):
            if truth != 255:
                counts[truth, own] += 1
    return counts


@pytest.mark.parametrize("merge", JOINED)
@pytest.mark.parametrize(
    ("views", "classes", "numbers"), [(4, 5, 256), (4, 5, 4), (5, 11, 3), (3, 20, 256), (18, 11, 256), (2, 2, 2)]
)
def test_counts_are_those_by_hand(made, as_photographs, merge, views, classes, numbers):
    pairs = made(views=views, classes=classes, steps=numbers, seed=views)
    subsets = [s for n in (1, 2, views) for s in itertools.islice(itertools.combinations(range(views), n), 6)]
    subsets = list(dict.fromkeys(subsets))
    counts = tally(as_photographs(pairs), [0, 1, 0], subsets, classes, merge)
    assert counts.shape == (2, len(subsets), classes, classes)
    for i, subset in enumerate(subsets):
        np.testing.assert_array_equal(counts[0, i], by_hand([pairs[0], pairs[2]], subset, classes, merge))
        np.testing.assert_array_equal(counts[1, i], by_hand(pairs[1:2], subset, classes, merge))


def test_pixels_are_taken_in_blocks(made, as_photographs, monkeypatch):
    photographs, subsets = as_photographs(made()), [(0,), (0, 1), (1, 2, 3)]
    whole = tally(photographs, [0, 0, 0], subsets, 5, "mean")
    monkeypatch.setattr(counting, "BLOCK", 7)
    np.testing.assert_array_equal(tally(photographs, [0, 0, 0], subsets, 5, "mean"), whole)


def test_the_views_agree_on_some_pixels_only(made, as_photographs):
    for photograph, (_, target) in zip(as_photographs(made()), made(), strict=True):
        assert 0 < photograph.agreed.sum() < 60
        assert photograph.agreed.sum() + len(photograph.target) == (target != 255).sum()


@settings(deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 7), min_size=1).map(lambda chosen: tuple(sorted(chosen))), unique=True, min_size=1)
)
def test_steps_build_every_subset(subsets):
    sums, found = {0: ()}, {}
    for depth, view, slot in steps(subsets):
        sums[depth + 1] = (*sums[depth], view)
        if slot is not None:
            found[slot] = sums[depth + 1]
    assert [found[i] for i in range(len(subsets))] == subsets


def test_all_subsets_take_a_step_each():
    subsets = all_subsets(list(TTA([0.5, 0.75, 1.0, 1.25], ["none", "both"]).views.values()))
    assert len(subsets) == len(set(subsets)) == 255
    assert len(steps(subsets)) == 255


@pytest.mark.parametrize("sharpness", [0.01, 0.2, 1])
@pytest.mark.parametrize("merge", JOINED)
def test_rounding_keeps_the_classes_of_the_maps(merge, sharpness):
    """Views that differ somewhat, of a network that knows nothing, a little or much: single ones and three together."""
    rng = torch.Generator().manual_seed(0)
    shared, own = torch.randn(1, 11, 4096, generator=rng), torch.randn(3, 11, 4096, generator=rng)
    probs = (sharpness * (3 * shared + own)).softmax(1)
    maps = probs.log() if merge == "geometric" else probs
    rounded = quantised(maps).numpy()
    assert rounded.dtype == np.uint8
    for subset in ([0], [1], [0, 1, 2]):
        exact = JOINED[merge](maps[subset].numpy(), axis=0).argmax(0)
        changed = (JOINED[merge](rounded[subset].astype(int), axis=0).argmax(0) != exact).mean()
        assert changed < 0.015


def test_maps_without_differences_and_without_bounds():
    assert quantised(torch.full((2, 3, 4), 0.2)).unique().tolist() == [0]
    maps = torch.tensor([[-torch.inf, 0.0], [-20.0, -4.0]]).view(2, 2, 1)
    assert quantised(maps).flatten().tolist() == [0, 255, 0, 128]


def test_every_so_many_pixels_are_taken():
    maps = torch.arange(35).view(1, 5, 7)
    assert every(maps, 3).tolist() == [[8, 11, 29, 32]]
    assert every(maps, 1).equal(maps.flatten(1))
    assert every(maps[:, :1, :1], 8).tolist() == [[0]]
