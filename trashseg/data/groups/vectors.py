"""One vector a photograph, for its texture or its colours, such that the product of two says how alike they are.

The vectors hold whole numbers and have about the length 2000, so that float32 holds every product exactly: what is
nearest does not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from trashseg.data.groups.fingerprint import Fingerprints
from trashseg.data.groups.points import SIZE, mirror_descriptions

Floats = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]

_LENGTH = 2000
_BLOCK = 256
_NUM_WORDS, _NUM_ROUNDS, _NUM_LEARNED = 16, 8, 20_000
_COLOUR_BINS = (6, 12, 12)
_COLOUR_START, _COLOUR_STEP = (0, 96, 96), (43, 6, 6)


def typical_points(prints: Fingerprints) -> Floats:
    """Return the centres (W, SIZE), W <= 16, of a k-means over evenly spaced points of all photographs."""
    step = max(1, int(prints["count"].sum()) // _NUM_LEARNED)
    points = np.concatenate([each["descriptions"][: each["count"] : step] for each in prints]).astype(np.float32)
    if not len(points):
        return points
    centres = points[np.linspace(0, len(points) - 1, min(_NUM_WORDS, len(points))).astype(np.int64)]
    for _ in range(_NUM_ROUNDS):
        word = _nearest_word(points, centres)
        for k in np.unique(word):
            centres[k] = np.rint(points[word == k].mean(axis=0, dtype=np.float64))
    return centres


def texture_vectors(prints: Fingerprints, words: Floats, *, mirrored: bool = False) -> Floats:
    """Return for each photograph, or its mirror image, the sums of what its points differ from the nearest word.

    This is VLAD (Jégou and others, Aggregating Local Descriptors into a Compact Image Representation, 2010), each
    word's sum normalised by itself (Arandjelović and Zisserman, All About VLAD, 2013).

    Returns:
        (N, W * SIZE) float32.
    """
    result = np.zeros((len(prints), len(words), SIZE), np.float32)
    for vector, each in zip(result, prints, strict=True):
        points = each["descriptions"][: each["count"]]
        if len(points):
            points = (mirror_descriptions(points) if mirrored else points).astype(np.float32)
            belongs = (_nearest_word(points, words) == np.arange(len(words))[:, None]).astype(np.float32)
            vector += belongs @ points - belongs.sum(axis=1, keepdims=True) * words
    result /= np.maximum(np.linalg.norm(result, axis=2, keepdims=True), 1)
    return _whole(result.reshape(len(prints), -1))


def colour_vectors(lab: npt.NDArray[np.uint8]) -> Floats:
    """Return the roots of the colour histograms of ``lab`` (N, h, w, 3), uint8, OpenCV's L*a*b*; (N, 864) float32.

    Their product is Bhattacharyya's coefficient, so no colour counts more for being common in both.
    """
    bins = np.clip((lab.astype(np.int64) - _COLOUR_START) // _COLOUR_STEP, 0, np.array(_COLOUR_BINS) - 1)
    keys = np.ravel_multi_index(tuple(np.moveaxis(bins, -1, 0)), _COLOUR_BINS).reshape(len(lab), -1)
    counts = [np.bincount(row, minlength=int(np.prod(_COLOUR_BINS))) for row in keys]
    return _whole(np.sqrt(np.array(counts, dtype=np.float32)))


def nearest(vectors: Floats, others: Floats, count: int) -> Iterator[tuple[int, int]]:
    """Yield (i, j), i != j: for each of ``vectors`` (N, D) the ``count`` of ``others`` (N, D) of largest product."""
    count = min(count, len(vectors) - 1)
    for start in range(0, len(vectors), _BLOCK):
        products = vectors[start : start + _BLOCK] @ others.T
        rows = np.arange(len(products))
        products[rows, start + rows] = -np.inf
        best = np.argsort(-products, axis=1, kind="stable")[:, :count]
        yield from ((start + i, j) for i, row in enumerate(best.tolist()) for j in row)


def how_unusual(vectors: Floats, first: Positions, second: Positions) -> npt.NDArray[np.float64]:
    """Return by how many standard deviations each pair is more alike than its photographs are to others.

    Args:
        vectors: (N, D), N > 1.
        first: (P,) positions of one photograph of each pair.
        second: (P,) positions of the other.

    Returns:
        (P,): of the two photographs' points of view, the less striking one.
    """
    v = vectors.astype(np.float64)
    own, others = (v * v).sum(axis=1), len(v) - 1
    # Mean and square mean over all others from two moments of the set, without all N * N products.
    mean = (v @ v.sum(axis=0) - own) / others
    square = (((v @ (v.T @ v)) * v).sum(axis=1) - own**2) / others
    deviation = np.sqrt(np.maximum(square - mean**2, 1e-9))
    product = (v[first] * v[second]).sum(axis=1)
    seen_by = [(product - mean[side]) / deviation[side] for side in (first, second)]
    return np.asarray(np.minimum(*seen_by), dtype=np.float64)


def _nearest_word(points: Floats, words: Floats) -> Positions:
    """Return the position of the nearest of ``words`` (W, SIZE) for each of ``points`` (P, SIZE)."""
    return np.asarray((points @ words.T - (words**2).sum(axis=1) / 2).argmax(axis=1), dtype=np.int64)


def _whole(vectors: Floats) -> Floats:
    """Bring the rows of ``vectors`` to the length 2000 and round them."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return np.asarray(np.rint(_LENGTH * vectors / lengths), dtype=np.float32)
