"""How each of the ten materials looks: one module and one drawing function a material."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from trashseg.data.synthetic.materials.bag import draw_bag
from trashseg.data.synthetic.materials.battery import draw_battery
from trashseg.data.synthetic.materials.clothing import draw_clothing
from trashseg.data.synthetic.materials.foam import draw_foam
from trashseg.data.synthetic.materials.glass import draw_glass
from trashseg.data.synthetic.materials.metal import draw_metal
from trashseg.data.synthetic.materials.pack import draw_pack
from trashseg.data.synthetic.materials.paper import draw_paper
from trashseg.data.synthetic.materials.plastic import draw_plastic
from trashseg.data.synthetic.materials.trash import draw_trash
from trashseg.data.synthetic.sprites import Light, Sprite


class Material(NamedTuple):
    """One material: its class name, how often and how large it occurs, and how it is drawn.

    ``weight`` is the number of annotations in the official training set; ``reach`` the usual longer side
    relative to the other materials'. ``draw(rng, side, light)`` returns an object about ``side`` pixels long, lit
    from ``light``.
    """

    name: str
    weight: int
    reach: float
    draw: Callable[[np.random.Generator, int, Light], Sprite]


MATERIALS = (
    Material("General trash", 2782, 0.75, draw_trash),
    Material("Paper", 9311, 0.95, draw_paper),
    Material("Paper pack", 659, 0.95, draw_pack),
    Material("Metal", 562, 0.85, draw_metal),
    Material("Glass", 610, 1.15, draw_glass),
    Material("Plastic", 3090, 1.0, draw_plastic),
    Material("Styrofoam", 1343, 1.05, draw_foam),
    Material("Plastic bag", 7643, 1.15, draw_bag),
    Material("Battery", 63, 0.55, draw_battery),
    Material("Clothing", 177, 1.3, draw_clothing),
)
"""The materials in the order of their category ids, which start at 1."""
