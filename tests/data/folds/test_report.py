"""The report for people: the numbers of the split, in text and in colour."""

from __future__ import annotations

import re

import numpy as np

from trashseg.data.folds.balance import balance
from trashseg.data.folds.report import report_text
from trashseg.data.groups import Groups
from trashseg.data.oversampling import Counts
from trashseg.pictures.folds import FoldTable, cell_color, folds_picture
from trashseg.types import ClassTable

OBJECTS = np.array([[0, 2, 0], [0, 1, 0], [0, 0, 3], [0, 1, 0]])
COUNTS = Counts(("Background", "Paper", "Metal"), OBJECTS * 50 + [[900, 0, 0]] * 4, OBJECTS)
GROUPS = Groups.from_labels([0, 0, 1, 2])
SPREAD = balance(COUNTS, np.array([0, 0, 1, 1]), GROUPS)
TABLE = ClassTable.from_mapping({name: {"id": k, "color": [k, k, k]} for k, name in enumerate(COUNTS.names)})


def test_the_tables_show_each_part() -> None:
    lines = [line.split() for line in report_text(SPREAD, GROUPS, list("abcd")).splitlines()]
    assert ["photographs", "with", "all", "fold", "0", "fold", "1"] in lines
    assert ["all", "4", "2", "2"] in lines
    assert ["Paper", "3", "2", "1"] in lines
    assert ["Paper", "4", "3", "1"] in lines, "objects"
    assert ["Metal", "3", "0", "3"] in lines
    # 900 of background a photograph, 50 an object.
    assert ["Background", "91.14", "92.31", "90.00"] in lines


def test_the_worst_and_the_scarce_are_named() -> None:
    text = report_text(SPREAD, GROUPS, list("abcd"))
    # Both folds are equally far from their share.
    assert re.search(r"worst deviation: fold [01] has [12] photographs with Paper, its share is 1\.5 \([+-]33%\)", text)
    assert "Metal is in 1 group only: not every part can have it" in text
    assert "4 photographs in 3 groups, 1 of them of several photographs\n     2 a b" in text
    alone = balance(Counts(COUNTS.names, COUNTS.pixels, 0 * OBJECTS), np.array([0, 0, 1, 1]), GROUPS)
    assert alone.worst() is None
    assert "worst" not in report_text(alone, GROUPS, list("abcd"))


def test_blue_is_too_little_and_orange_too_much() -> None:
    few, many, even, none = (cell_color(value) for value in (-0.4, 0.4, 0.0, np.nan))
    assert even == (255, 255, 255)
    assert few[2] > few[0]
    assert many[0] > many[2]
    assert len(set(none)) == 1
    assert cell_color(9.0) == cell_color(0.5)
    assert np.linalg.norm(np.subtract(cell_color(0.1), even)) < np.linalg.norm(np.subtract(many, even))


def test_the_picture_has_a_cell_a_part_and_class() -> None:
    tables = [FoldTable(title, [cells for _, cells in SPREAD.cells(title)], SPREAD.deviations(amounts))
              for title, amounts in SPREAD.tables.items()]  # fmt: skip
    picture = folds_picture(tables, SPREAD.parts, TABLE, "A split")
    assert picture.dtype == np.uint8
    found = {tuple(color) for color in picture.reshape(-1, 3).tolist()}
    for table in tables:
        assert {cell_color(float(value)) for value in table.deviations.ravel()} <= found
    wider = folds_picture(tables, [*SPREAD.parts], TABLE, "A split whose heading is much too long for it " * 9)
    assert wider.shape == picture.shape
