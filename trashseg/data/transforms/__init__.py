"""Transforms that albumentations lacks, and faster forms of those it has, under their names and arguments."""

from trashseg.data.transforms.crops import MultiScaleCrop, ObjectCrop
from trashseg.data.transforms.elastic import ElasticTransform
from trashseg.data.transforms.noise import GaussNoise
from trashseg.data.transforms.photometric import PhotometricDistortion
from trashseg.data.transforms.rotate import RandomRotate90
from trashseg.data.transforms.warp import Affine, fuse
from trashseg.data.transforms.weather import RandomFog, RandomShadow

__all__ = [
    "Affine",
    "ElasticTransform",
    "GaussNoise",
    "MultiScaleCrop",
    "ObjectCrop",
    "PhotometricDistortion",
    "RandomFog",
    "RandomRotate90",
    "RandomShadow",
    "fuse",
]
