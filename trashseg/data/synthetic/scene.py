"""One scene: which objects lie where, drawn in order, with the visible pixels of each."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trashseg.data.synthetic.compose import Pose, photograph, place
from trashseg.data.synthetic.grounds import draw_ground
from trashseg.data.synthetic.materials import MATERIALS
from trashseg.data.synthetic.shading import direction

MAX_OBJECTS = 12
_WEIGHTS = np.array([material.weight for material in MATERIALS], np.float64)
_WEIGHTS /= _WEIGHTS.sum()
_NAMES = [material.name for material in MATERIALS]

_PROMISED = {7: _NAMES.index("Battery"), 13: _NAMES.index("Clothing")}
"""In every 20 scenes of a split, these two hold a rare material for certain: at its natural rate (1 battery in 50
photographs) a small set would hold none."""
_PERIOD = 20


class Scene(NamedTuple):
    """A photograph and its truth.

    ``image`` (size, size, 3) uint8 RGB; ``owner`` (size, size) int16, the number of the object that is seen, -1
    where the ground is; ``categories`` the category id (from 1) of each object by its number.
    """

    image: npt.NDArray[np.uint8]
    owner: npt.NDArray[np.int16]
    categories: tuple[int, ...]


def draw_scene(seed: int, split: int, index: int, size: int) -> Scene:
    """Draw scene ``index`` of split number ``split``; the same arguments give the same pixels.

    Args:
        seed: The set's seed.
        split: 0 for training, 1 for validation, 2 for test.
        index: Place in the split, from 0.
        size: Height and width in pixels.
    """
    rng = np.random.default_rng([seed, split, index])
    light = direction(rng.uniform(0, 2 * math.pi))
    image = draw_ground(rng, size, light)
    owner = np.full((size, size), -1, np.int16)
    chosen = _choose(rng, index)
    reaches = _reaches(rng, chosen)
    spots = _spots(rng, len(chosen))
    for number, (material, reach, spot) in enumerate(zip(chosen, reaches, spots, strict=True)):
        angle = _angle(rng)
        local = math.atan2(light[1], light[0]) - angle  # the light as the object sees it before it is turned
        sprite = MATERIALS[material].draw(rng, max(14, round(reach * size)), direction(local))
        pose = Pose((spot[0] * size, spot[1] * size), angle)
        place(image, owner, sprite, number, pose, rng, light)
    return Scene(photograph(image, rng), owner, tuple(material + 1 for material in chosen))


def _choose(rng: np.random.Generator, index: int) -> list[int]:
    """Choose the materials from the lowest object to the topmost, as often as in the official set."""
    num = int(rng.integers(1, MAX_OBJECTS + 1))
    chosen = [int(material) for material in rng.choice(len(MATERIALS), num, p=_WEIGHTS)]
    promised = _PROMISED.get(index % _PERIOD)
    if promised is not None:
        chosen[-1] = promised
    return chosen


def _reaches(rng: np.random.Generator, chosen: list[int]) -> npt.NDArray[np.float64]:
    """Longer sides as shares of the picture, scaled together so that the ground keeps 60 to 75 % on average."""
    usual = np.array([MATERIALS[material].reach for material in chosen])
    reach = usual * np.exp(rng.normal(0, 0.22, len(chosen)))
    wanted = rng.uniform(0.12, 0.3) + 0.4 * len(chosen) / MAX_OBJECTS
    fill = 0.52  # the share of its square that an object covers, on average
    return np.clip(reach * math.sqrt(wanted / (fill * float((reach**2).sum()))), 0.05, 0.85)


def _spots(rng: np.random.Generator, num: int) -> npt.NDArray[np.float64]:
    """Middles (x, y) in shares: half of the scenes scattered, half heaped round one or two places."""
    spots = rng.uniform(0.08, 0.92, (num, 2))
    if rng.uniform() < 0.5:
        heaps = rng.uniform(0.3, 0.7, (2, 2))[rng.integers(0, 2, num)]
        spots = np.clip(heaps + rng.normal(0, 0.2, (num, 2)), 0.05, 0.95)
    spots[-1] = np.clip(spots[-1], 0.2, 0.8)  # the topmost is seen whole
    return spots


def _angle(rng: np.random.Generator) -> float:
    """Half of the objects lie at any angle, half nearly upright as people photograph them."""
    return float(rng.normal(0, 0.35)) if rng.uniform() < 0.5 else rng.uniform(0, 2 * math.pi)
