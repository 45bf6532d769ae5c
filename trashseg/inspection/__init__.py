"""A data set described on one page: what is in it, what is wrong with it, and what its parts share."""

from trashseg.inspection.limits import Limits
from trashseg.inspection.report import Options, Report, inspect_data

__all__ = ["Limits", "Options", "Report", "inspect_data"]
