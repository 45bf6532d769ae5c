"""Windows that cover an image and blend into one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trashseg.tta import Sliding
from trashseg.tta.blending import partition, starts
from trashseg.types import ConfigError

EVERYTHING = 10**9


@given(length=st.integers(1, 300), window=st.integers(1, 120), overlap=st.floats(0, 0.9))
def test_weights_sum_to_one_everywhere(length, window, overlap):
    window, step = min(window, length), max(1, round(window * (1 - overlap)))
    begins = starts(length, window, step)
    assert begins[0] == 0
    assert begins[-1] == length - window
    assert max(np.diff(begins), default=0) <= step
    total = np.zeros(length)
    for begin, weights in zip(begins, partition(length, window, begins).double().numpy(), strict=True):
        assert weights.min() > 0
        total[begin : begin + window] += weights
    np.testing.assert_allclose(total, 1, atol=1e-6)


@pytest.mark.parametrize("overlap", [0, 0.25, 0.5])
def test_blending_by_hand(conv, images, overlap):
    net, image = conv(3), images(0, (2, 3, 30, 44))
    sliding = Sliding(16, overlap)
    total, seen = np.zeros((2, 5, 30, 44)), np.zeros((30, 44))
    step = round(16 * (1 - overlap))
    squared = np.sin(np.pi * (np.arange(16) + 0.5) / 16) ** 2
    for top in starts(30, 16, step):
        for left in starts(44, 16, step):
            part = (slice(top, top + 16), slice(left, left + 16))
            weight = np.outer(squared, squared)
            total[(..., *part)] += weight * net(image[(..., *part)]).softmax(1).double().numpy()
            seen[part] += weight
    for most_pixels in (1, 3 * 2 * 16 * 16, EVERYTHING):
        probs = sliding(net, image, most_pixels).exp()
        np.testing.assert_allclose(probs.numpy(), total / seen, atol=2e-6)


def test_passes_are_bounded_and_counted(conv, images):
    net, image, sliding = conv(1), images(1, (2, 3, 50, 70)), Sliding(16, 0.5)
    passes = []

    def counting(seen):
        passes.append(len(seen) * seen.shape[-2] * seen.shape[-1])
        return net(seen)

    sliding(counting, image, 5 * 2 * 256)
    assert max(passes) == 5 * 2 * 256
    assert sum(passes) == 2 * sliding.num_pixels((50, 70))
    passes.clear()
    sliding(counting, image, 1)
    assert set(passes) == {2 * 256}


def test_an_image_within_a_window_is_seen_as_it_is(conv, images):
    net, image = conv(3), images(2, (1, 3, 16, 12))
    assert Sliding(16)(net, image, EVERYTHING).equal(net(image))
    assert Sliding(16).num_pixels((16, 12)) == 16 * 12


def test_a_narrow_image_slides_along_one_side(conv, images):
    net, image = conv(1), images(3, (1, 3, 10, 40))
    probs = Sliding(16)(net, image, EVERYTHING).softmax(1)
    torch.testing.assert_close(probs, net(image).softmax(1))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"window": 0}, "window=0"),
        ({"window": 1.5}, "window=1.5"),
        ({"overlap": 1}, "overlap=1"),
        ({"overlap": -0.1}, "overlap=-0.1"),
        ({"overlap": "half"}, "overlap=half"),
    ],
)
def test_wrong_settings_say_so(options, word):
    with pytest.raises(ConfigError, match=word):
        Sliding(**options)
