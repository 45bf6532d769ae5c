"""Transforms that run on the device by batch, under albumentations' names and arguments.

A recipe's workers draw them for each sample; the data module applies them when the batch is on the device.
"""

from trashseg.data.device.augment import BatchAugment, collate_drawn
from trashseg.data.device.base import BatchTransform
from trashseg.data.device.choice import OneOf, one_of
from trashseg.data.device.color import HueSaturationValue, RandomBrightnessContrast
from trashseg.data.device.dropout import GridDropout
from trashseg.data.device.geometry import Affine, ElasticTransform, HorizontalFlip, RandomRotate90

__all__ = [
    "Affine",
    "BatchAugment",
    "BatchTransform",
    "ElasticTransform",
    "GridDropout",
    "HorizontalFlip",
    "HueSaturationValue",
    "OneOf",
    "RandomBrightnessContrast",
    "RandomRotate90",
    "collate_drawn",
    "one_of",
]
