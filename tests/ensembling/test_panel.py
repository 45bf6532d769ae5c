"""The vote on one photograph against plain NumPy."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from trashseg.ensembling.mixture import Mixture
from trashseg.ensembling.panel import Panel
from trashseg.store import Store, StoreWriter, open_store
from trashseg.submission.probs import SHRINKS

CLASSES = ("Background", "Paper", "Battery")
SIZE = (300, 517)
STORES = (2, 1, 3)
"""How many stores each member has."""
WEIGHTS = np.array([[1, 2, 0.5], [0, 0, 0], [0.7, 1, 3]])


@pytest.fixture(scope="module")
def members(tmp_path_factory) -> list[Mixture]:
    folder, rng = tmp_path_factory.mktemp("members"), np.random.default_rng(0)

    def stored(name: str) -> Store:
        # Large steps, so that members agree at some pixels and stores keep what they are given.
        probs = torch.from_numpy(rng.integers(1, 4, (len(CLASSES), *SIZE))).float()
        with StoreWriter(folder / name, CLASSES, "probs", {}) as store:
            store.add("a.jpg", probs / probs.sum(0))
        return open_store(folder / name)

    return [Mixture.mean([stored(f"{i}_{k}") for k in range(num)]) for i, num in enumerate(STORES)]


def mean_of(member: Mixture) -> np.ndarray:
    return np.mean([store.probs("a.jpg").numpy() for store in member.stores], axis=0, dtype=np.float64)


def test_soft_votes_are_the_weighted_mean(members):
    total = sum(row[:, None, None] * mean_of(each) for row, each in zip(WEIGHTS, members, strict=True))
    found = Panel(False, WEIGHTS, range(3)).probs(members, "a.jpg")
    np.testing.assert_allclose(found.numpy(), total / total.sum(0), atol=1e-6)


@pytest.mark.parametrize("hard", [False, True])
def test_the_agreement_comes_with_the_same_probabilities_from_one_reading(members, hard, monkeypatch):
    panel, means = Panel(hard, WEIGHTS, [2, 1, 0]), [mean_of(each) for each in members]
    wanted = panel.probs(members, "a.jpg")
    reads, read = Counter(), Store.probs
    monkeypatch.setattr(Store, "probs", lambda store, name: (reads.update([store.folder]), read(store, name))[1])
    probs, agree = panel.probs_and_agreement(members, "a.jpg")
    assert set(reads.values()) == {1}
    assert torch.equal(probs, wanted)
    # The member in the middle does not count. Where two classes are equally probable either is right.
    clear = np.all([np.diff(np.sort(mean, axis=0)[-2:], axis=0)[0] > 1e-3 for mean in means], axis=0)
    np.testing.assert_array_equal(agree[clear], (means[0].argmax(0) == means[2].argmax(0))[clear])
    assert 0.1 < agree.mean() < 0.9


def test_one_member_agrees_with_nobody(members):
    panel = Panel(False, WEIGHTS * [[1], [0], [0]], range(3))
    assert not panel.probs_and_agreement(members, "a.jpg")[1].any()


@pytest.mark.parametrize("shrink", SHRINKS)
def test_a_small_map_is_that_of_all_probabilities(members, shrink):
    mixture = Panel(False, WEIGHTS, range(3)).mixture(members)
    np.testing.assert_array_equal(mixture.small_map("a.jpg", shrink), SHRINKS[shrink](mixture.probs("a.jpg")))
