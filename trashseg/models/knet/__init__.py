"""K-Net for semantic segmentation (Zhang et al. 2021), with the names and values of mmsegmentation's form of it."""

from trashseg.models.knet.generate import ASPPHead, FCNHead, GenerateHead, PSPHead, UPerHead
from trashseg.models.knet.head import IterativeHead
from trashseg.models.knet.layers import Backbone
from trashseg.models.knet.net import KNet
from trashseg.models.knet.resnet import ResNetV1c
from trashseg.models.knet.swin import Swin
from trashseg.models.knet.update import KernelUpdateHead, KernelUpdator

__all__ = [
    "ASPPHead",
    "Backbone",
    "FCNHead",
    "GenerateHead",
    "IterativeHead",
    "KNet",
    "KernelUpdateHead",
    "KernelUpdator",
    "PSPHead",
    "ResNetV1c",
    "Swin",
    "UPerHead",
]
