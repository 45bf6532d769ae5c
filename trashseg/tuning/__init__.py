"""What makes a training step faster on this machine."""

from trashseg.tuning.bench import Bench
from trashseg.tuning.choosing import Found, Row, tune
from trashseg.tuning.options import options_for
from trashseg.tuning.report import heading, row_text, verdict, write_report

__all__ = ["Bench", "Found", "Row", "heading", "options_for", "row_text", "tune", "verdict", "write_report"]
