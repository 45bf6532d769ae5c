"""Where a run comes from: its config, command, software, code, machine and data, kept in its folder from the start."""

from trashseg.provenance.differences import Difference, compare_inputs, compare_surroundings
from trashseg.provenance.record import CONFIG, NAME, Start, leave_record, read_starts, surroundings

__all__ = [
    "CONFIG",
    "NAME",
    "Difference",
    "Start",
    "compare_inputs",
    "compare_surroundings",
    "leave_record",
    "read_starts",
    "surroundings",
]
