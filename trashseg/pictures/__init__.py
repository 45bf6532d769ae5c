"""Pictures for people: overlays, error maps, legends, panels, galleries and confusion matrices.

Every picture is a numpy array (H, W, 3), uint8, RGB; the background is never painted, and class names stand in
English and Korean.
"""

from trashseg.pictures.confusion import confusion_picture
from trashseg.pictures.gallery import gallery, score_text
from trashseg.pictures.intervals import ScoreRow, intervals_picture
from trashseg.pictures.legend import legend
from trashseg.pictures.overlay import blend, error_map
from trashseg.pictures.page import browse_page
from trashseg.pictures.panel import prediction_panel
from trashseg.pictures.png import class_id_png, save_png
from trashseg.pictures.sheet import Tile, contact_sheet

__all__ = [
    "ScoreRow",
    "Tile",
    "blend",
    "browse_page",
    "class_id_png",
    "confusion_picture",
    "contact_sheet",
    "error_map",
    "gallery",
    "intervals_picture",
    "legend",
    "prediction_panel",
    "save_png",
    "score_text",
]
