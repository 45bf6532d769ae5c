"""Perceptual hashes of eight orientations, against hashes of pictures that are really turned."""

from __future__ import annotations

import numpy as np

from trashseg.data.groups.hashing import near_by_hash, orientation_hashes

ORIENTATIONS = [(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)]


def smooth(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.kron(rng.integers(0, 256, (count, 8, 8)), np.ones((4, 4))).astype(np.uint8)


def turned(tiny: np.ndarray, quarters: int, mirrored: bool) -> np.ndarray:
    return np.rot90(tiny[..., ::-1] if mirrored else tiny, quarters, axes=(1, 2))


def upright(tiny: np.ndarray) -> np.ndarray:
    return next(orientation_hashes(tiny))[0]


def test_orientations_are_those_of_turned_pictures() -> None:
    tiny = smooth(np.random.default_rng(0), 20)
    expected = {(tuple(upright(turned(tiny, *each)).tolist()), each[1]) for each in ORIENTATIONS}
    assert len(expected) == 8
    assert {(tuple(hashes.tolist()), mirrored) for hashes, mirrored in orientation_hashes(tiny)} == expected


def test_bits_are_the_signs_of_cosine_coefficients() -> None:
    tiny = smooth(np.random.default_rng(1), 3)
    place = (2 * np.arange(32) + 1) * np.pi / 64
    for picture, found in zip(tiny.astype(float), upright(tiny).tolist(), strict=True):
        for k in range(1, 64):
            wave = np.cos(k // 8 * place)[:, None] * np.cos(k % 8 * place)
            assert bool(found >> k & 1) == ((picture * wave).sum() > 0)
        assert not found & 1


def test_near_pairs_are_those_of_a_loop_over_all_pairs() -> None:
    rng = np.random.default_rng(2)
    tiny = smooth(rng, 300)
    copies = [turned(tiny[k : k + 1], *each)[0] for k, each in enumerate(ORIENTATIONS)]
    noisy = np.clip(np.array(copies) + rng.normal(0, 20, (8, 32, 32)), 0, 255).astype(np.uint8)
    tiny = np.concatenate([tiny, noisy])
    for bits in (10, 20):
        expected = set()
        plain = upright(tiny).tolist()
        for quarters, mirrored in ORIENTATIONS:
            other = upright(turned(tiny, quarters, mirrored)).tolist()
            pairs = ((i, j) for i in range(len(tiny)) for j in range(i + 1, len(tiny)))
            expected |= {(i, j, mirrored) for i, j in pairs if (plain[i] ^ other[j]).bit_count() <= bits}
        assert set(near_by_hash(tiny, bits)) == expected
        assert {(k, 300 + k, each[1]) for k, each in enumerate(ORIENTATIONS)} <= expected
