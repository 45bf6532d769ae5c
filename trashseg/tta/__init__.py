"""Test-time augmentation: several views of an image, each predicted, turned back and merged."""

from trashseg.tta.merge import MERGES, Merge
from trashseg.tta.sliding import Sliding
from trashseg.tta.tta import TTA, ViewAlone
from trashseg.tta.view import View

__all__ = ["MERGES", "TTA", "Merge", "Sliding", "View", "ViewAlone"]
