"""What is wrong with a data set: one record a fault, and one error for many faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trashseg.types import DataError

NUM_SHOWN = 5
"""How many faults an error message spells out; the rest is counted."""


class BadEntry(Exception):
    """One entry of a COCO file or one photograph is unusable; the caller knows which and makes a :class:`Problem`."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True)
class Problem:
    """One fault of a data set.

    ``file`` is the file to mend, ``where`` the entry inside it ("annotation 17", "image 4 (batch_01/0003.jpg)") or
    empty for the whole file, ``what`` the fault and ``remedy`` the way out.
    """

    file: str
    where: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.where}: " if self.where else f"{self.file}: "
        # A file name may hold a line break or half a character; the message is one printable line whatever came.
        text = " ".join(f"{place}{self.what}; {self.remedy}".split())
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def raise_problems(problems: Sequence[Problem]) -> None:
    """Raise one error for all ``problems``; do nothing where there are none.

    Raises:
        DataError: one fault gives its own line; several give the first five, their count and where the rest is listed.
    """
    if not problems:
        return
    if len(problems) == 1:
        raise DataError(str(problems[0]))
    shown = " | ".join(f"({number}) {problem}" for number, problem in enumerate(problems[:NUM_SHOWN], 1))
    more = f" | ... and {len(problems) - NUM_SHOWN} more" if len(problems) > NUM_SHOWN else ""
    raise DataError(f"{len(problems)} problems in the data: {shown}{more}. `trashseg check data=...` lists all.")
