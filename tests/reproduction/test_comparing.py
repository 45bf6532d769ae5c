"""Two runs' numbers side by side, and the words for what sets them apart."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from trashseg.provenance import Difference
from trashseg.reproduction import compare, listing, read_metrics, table, verdict
from trashseg.reproduction.comparing import Metrics

NAN = math.nan
CONFIG = {"trainer": {"deterministic": False}}


def run(**changes: float) -> Metrics:
    """Two epochs of two steps; ``changes`` are put in as s2_loss=..., s3_miou=..."""
    rows: Metrics = {}
    for step in range(4):
        rows[step] = {"step": step, "train/loss": 1 / (step + 1), "epoch": step // 2}
        if step % 2:
            rows[step] |= {"val/miou": 0.1 * step, "val/loss": 0.7, "val/iou/Battery": NAN}
    for key, value in changes.items():
        step, name = key.split("_")
        rows[int(step[1:])][{"loss": "train/loss", "miou": "val/miou"}[name]] = value
    return rows


def test_the_same_numbers_are_identical_and_absent_classes_too() -> None:
    found = compare(run(), run(), (0.3, 0.3))
    assert found.identical
    assert found.within(0)
    assert found.num_values == 4 + 2 * 3
    assert verdict(found, [], CONFIG, False) == "identical to the last digit: 10 values, best mIoU 0.300000."


def test_the_last_digit_counts() -> None:
    after = run(s3_miou=math.nextafter(run()[3]["val/miou"], 1))
    found = compare(run(), after, (0.3, 0.3))
    assert not found.identical
    assert not found.within(0)
    assert found.within(1e-9)


def test_where_it_began_and_where_it_is_largest() -> None:
    before, after = run(), run(s1_loss=0.5001, s3_loss=0.3, s3_miou=0.31)
    found = compare(before, after, (0.3, 0.31))
    assert [(each.step, each.name) for each in found.deviations] == [
        (1, "train/loss"), (3, "train/loss"), (3, "val/miou"),
    ]  # fmt: skip
    assert found.largest is not None
    assert found.largest.size == pytest.approx(0.05)
    assert not found.within(0.009)
    assert found.within(0.011)
    words = verdict(found, [Difference("machine.cpu", "a", "b")], CONFIG, False)
    assert "train/loss, 0.25 then and 0.3 now in epoch 2; it began at step 1 with train/loss, 0.5 then" in words
    assert "other hardware and other versions (above) explain that" in words


@pytest.mark.parametrize(
    ("first", "changed", "gpu", "deterministic", "reason"),
    [
        (0.6, [], False, False, "nothing else differs: please report it"),
        (0.6, [Difference("data", 1, 2)], False, False, "look at what differs, above"),
        (0.5001, [], False, False, "nothing else differs, so please report it"),
        (0.5001, [], True, False, "a GPU does so each time, unless trainer.deterministic=true"),
        (0.5001, [], True, True, "nothing else differs, so please report it"),
    ],
)
def test_the_reason_fits(first: float, changed: list[Difference], gpu: bool, deterministic: bool, reason: str) -> None:
    config = {"trainer": {"deterministic": deterministic}}
    assert reason in verdict(compare(run(), run(s1_loss=first), (0.3, 0.3)), changed, config, gpu)


def test_a_missing_value_is_none_and_a_longer_repetition_is_fine() -> None:
    before, after = run(), run()
    del before[2], before[3]
    assert compare(before, after, (NAN, NAN)).identical
    del after[1]["val/miou"]
    found = compare(before, after, (NAN, NAN))
    assert found.largest is not None
    assert found.largest.size == math.inf
    assert not found.within(1)


def test_the_table_has_a_line_an_epoch() -> None:
    lines = table(compare(run(), run(s3_miou=0.25), (0.3, 0.25))).splitlines()
    assert re.fullmatch(r" +1 +0\.100000 +0\.100000 +0\.700000 +0\.700000  none", lines[1])
    assert re.fullmatch(r" +2 +0\.300000 +0\.250000 +0\.700000 +0\.700000  0\.05 \(val/miou\)", lines[2])
    assert re.fullmatch(r" best +0\.300000 +0\.250000", lines[3])


def test_differences_are_listed_or_said_to_be_none() -> None:
    assert listing("data", []) == "data: same"
    lines = listing("code", [Difference("git.commit", "0" * 40, "a" * 40), Difference("x", None, [])]).splitlines()
    assert lines == ["code:", "  git.commit: 000000000000 then, aaaaaaaaaaaa now", "  x: nothing then, nothing now"]


def test_metrics_are_read_without_a_row_that_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("step,epoch,train/loss,val/miou\n0,0,0.5,\n1,0,0.25,nan\n2,0")
    found = read_metrics(path)
    assert found[0] == {"step": 0, "epoch": 0, "train/loss": 0.5}
    assert math.isnan(found[1]["val/miou"])
    assert sorted(found) == [0, 1]
