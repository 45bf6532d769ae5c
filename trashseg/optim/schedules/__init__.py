"""Learning-rate schedules, one class each for the config's ``_target_``.

Every schedule multiplies each group's own learning rate, so that backbone and head keep their ratio. Where a length
is asked for, a number below 1 is a share of the training's steps and a number from 1 a count of steps. The shape of
a schedule comes from the config and only the position from a checkpoint: a run that is resumed with more epochs
follows the longer curve. (one_cycle is torch's own and keeps the length that it began with.)
"""

from trashseg.optim.schedules.base import Curve, Schedule
from trashseg.optim.schedules.curves import Constant, Cosine, CosineRestarts, Cyclic, Poly, Step
from trashseg.optim.schedules.wrapped import OneCycle, Plateau

__all__ = [
    "Constant",
    "Cosine",
    "CosineRestarts",
    "Curve",
    "Cyclic",
    "OneCycle",
    "Plateau",
    "Poly",
    "Schedule",
    "Step",
]
