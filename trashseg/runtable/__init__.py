"""Every run of some folders in one table: how it ended, its score, and what sets it apart from the others."""

from trashseg.runtable.choosing import choose
from trashseg.runtable.differences import columns, differing
from trashseg.runtable.document import render
from trashseg.runtable.find import Run, find_runs
from trashseg.runtable.table import table, write_csv

__all__ = ["Run", "choose", "columns", "differing", "find_runs", "render", "table", "write_csv"]
