"""Mixing several photographs into one: pasted objects before the augmentation, mixed batches after it."""

from trashseg.data.mix.copy_paste import CopyPaste
from trashseg.data.mix.cut import ClassMix, CutMix, ObjectMix
from trashseg.data.mix.mix import Mix
from trashseg.data.mix.mixup import MixUp
from trashseg.data.mix.mosaic import Mosaic

__all__ = ["ClassMix", "CopyPaste", "CutMix", "Mix", "MixUp", "Mosaic", "ObjectMix"]
