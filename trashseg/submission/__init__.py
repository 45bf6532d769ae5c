"""The competition's CSV: class maps shrunk to 256x256, written fast, read back and checked.

One row a photograph, ``image_id,PredictionString``; the string holds the class ids of the map in row-major order,
parted by single spaces. What makes maps of probabilities is in :mod:`trashseg.submission.probs`; the rest does without
torch, so that votes and checks of files start at once.
"""

from trashseg.submission.check import SubmissionReport, check_submission
from trashseg.submission.lazy import SubmissionFile, open_submission
from trashseg.submission.read import Submission, read_submission
from trashseg.submission.shrink import SIDE, nearest_pixels, shrink_map, shrink_max_id
from trashseg.submission.stream import SubmissionStream
from trashseg.submission.write import HEADER, write_submission

__all__ = [
    "HEADER",
    "SIDE",
    "Submission",
    "SubmissionFile",
    "SubmissionReport",
    "SubmissionStream",
    "check_submission",
    "nearest_pixels",
    "open_submission",
    "read_submission",
    "shrink_map",
    "shrink_max_id",
    "write_submission",
]
