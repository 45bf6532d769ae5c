"""Any timm backbone under a head of ours: light, UPerNet or DPT over plain transformers, object-contextual (OCR)."""

from trashseg.models.timm_net.backbone import TimmBackbone
from trashseg.models.timm_net.dpt import DPTHead
from trashseg.models.timm_net.head_light import LightHead
from trashseg.models.timm_net.net import TimmNet
from trashseg.models.timm_net.ocr import OCRHead
from trashseg.models.timm_net.pyramid import PyramidUPerHead, SimpleFeaturePyramid

__all__ = ["DPTHead", "LightHead", "OCRHead", "PyramidUPerHead", "SimpleFeaturePyramid", "TimmBackbone", "TimmNet"]
