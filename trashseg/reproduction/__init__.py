"""A training repeated: the run it came from, the repetition, and what became of its numbers."""

from trashseg.reproduction.comparing import Comparison, compare, read_metrics
from trashseg.reproduction.original import Original, open_original
from trashseg.reproduction.repeating import repeat
from trashseg.reproduction.report import listing, table, verdict

__all__ = [
    "Comparison",
    "Original",
    "compare",
    "listing",
    "open_original",
    "read_metrics",
    "repeat",
    "table",
    "verdict",
]
