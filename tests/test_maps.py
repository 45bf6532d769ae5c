"""Class maps of logits and probabilities."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trashseg.maps import fast_argmax, most_probable, sure_and_class


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_fast_argmax_is_argmax(dtype):
    logits = torch.randn(2, 11, 33, 9, generator=torch.Generator().manual_seed(7)).to(dtype)
    ids = fast_argmax(logits)
    assert ids.dtype == torch.uint8
    assert ids.shape == (2, 33, 9)
    # Rounded logits tie; either of two equal classes is right.
    picked = logits.gather(1, ids.long()[:, None])[:, 0]
    assert picked.equal(logits.amax(1))


def test_most_probable_is_argmax_in_numpy():
    probs = torch.rand(11, 20, 9, generator=torch.Generator().manual_seed(3))
    ids = most_probable(probs)
    assert ids.dtype == np.uint8
    np.testing.assert_array_equal(ids, probs.numpy().argmax(0))
    confidence, same = sure_and_class(probs)
    assert same.dtype == np.uint8
    np.testing.assert_array_equal(same, ids)
    np.testing.assert_array_equal(confidence, probs.numpy().max(0))
