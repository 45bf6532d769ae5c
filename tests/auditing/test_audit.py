"""Planted errors are found and come first; what is written can be acted on."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from trashseg.auditing import Audit, Kind, Limits, open_labels, run_audit, write_audit
from trashseg.auditing.document import render
from trashseg.data.source import Source
from trashseg.types import CheckpointError, ConfigError, DataError, Split

LIMITS = Limits(border=2, min_area=60, flag_below=0.375, exclude_share=0.5)


@pytest.fixture(scope="module")
def audit(planted: Any) -> Audit:
    return run_audit(planted.open(), LIMITS)


@pytest.fixture(scope="module")
def written(audit: Audit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    assert all(path.is_file() for path in write_audit(folder, audit, num_shown=9, side=64))
    return folder


def planted_errors(audit: Audit, planted: Any) -> np.ndarray:
    """Return which regions are planted errors, (R,)."""
    ids, found = audit.labels.prepared.index.ann_ids, []
    for region, row in zip(audit.regions, audit.rows.tolist(), strict=True):
        left, top, width, height = region.box
        centre = np.array([left + width / 2, top + height / 2])
        near = [
            (np.abs(np.array(entry["segmentation"][0]).reshape(-1, 2).mean(0) - centre) < 8).all()
            for entry in planted.deleted
            if entry["image_id"] == row
        ]
        found.append(any(near) if region.annotation is None else int(ids[region.annotation]) in planted.changed)
    return np.array(found)


def roc_auc(scores: np.ndarray, wrong: np.ndarray) -> float:
    pairs = [float(a < b) + 0.5 * float(a == b) for a in scores[wrong] for b in scores[~wrong]]
    return sum(pairs) / len(pairs)


def test_planted_errors_come_first(audit: Audit, planted: Any) -> None:
    wrong, count = planted_errors(audit, planted), len(planted.changed) + len(planted.deleted)
    assert len(planted.changed) == len(planted.deleted) == 13
    assert wrong.sum() >= count
    assert roc_auc(audit.scores, wrong) > 0.97
    assert wrong[np.argsort(audit.scores)[:count]].mean() > 0.75
    flagged = audit.flags
    assert wrong[flagged].mean() > 0.75
    assert flagged[wrong].mean() > 0.6


def test_the_true_class_is_suggested(audit: Audit, planted: Any) -> None:
    ids = audit.labels.prepared.index.ann_ids
    right = [
        planted.changed[int(ids[region.annotation])] == suggested
        for region, suggested in zip(audit.regions, audit.suggested.tolist(), strict=True)
        if region.annotation is not None and int(ids[region.annotation]) in planted.changed
    ]
    assert np.mean(right) > 0.9
    kinds = {suspect.kind for suspect in audit.suspects if suspect.flagged}
    assert {Kind.CLASS, Kind.MISSING} <= kinds


def test_photographs_are_ranked_by_their_worst(audit: Audit) -> None:
    assert set(audit.photo_scores) == set(range(60))
    for row, score in audit.photo_scores.items():
        own = audit.scores[audit.rows == row]
        assert own.min() <= score <= own.mean() + 1e-9


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_tables(audit: Audit, planted: Any, written: Path) -> None:
    rows = read(written / "suspects.csv")
    assert [int(row["rank"]) for row in rows] == list(range(1, len(audit.suspects) + 1))
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores)
    known = {str(entry["id"]): entry for entry in planted.tree["annotations"]}
    names = {entry["id"]: entry["name"] for entry in planted.tree["categories"]}
    for row in rows:
        if row["kind"] == "missing":
            assert (row["annotation_id"], row["label"]) == ("", "Background")
            continue
        entry = known[row["annotation_id"]]
        assert row["label"] == names[entry["category_id"]]
        assert row["file_name"] == planted.name(entry["image_id"])
        share = f"{100 * float(row['share']):.0f} %"
        looks = "background" if row["kind"] == "nothing" else row["suggestion"]
        assert row["reason"] == f"Labelled {row['label']}; {share} of its pixels look like {looks}."
    assert len(read(written / "photographs.csv")) == 60


def test_the_lists_can_be_trained_with(audit: Audit, planted: Any, written: Path, tmp_path: Path) -> None:
    tree = json.loads((planted.root / "split" / "all.json").read_text())
    # Another file of the same data set: ids counted anew, in another order.
    order = list(reversed(tree["annotations"]))
    other = tree | {"annotations": [entry | {"id": number} for number, entry in enumerate(order)]}
    (tmp_path / "other.json").write_text(json.dumps(other), encoding="utf-8")
    options: dict[str, Any] = {"train": str(tmp_path / "other.json"), "val": None, "classes": planted.data()["classes"]}
    plain = Source(str(planted.root), **options).prepare(Split.TRAIN)
    acted = Source(str(planted.root), ignore_regions=str(written / "ignore.csv"), **options).prepare(Split.TRAIN)
    for suspect in audit.suspects:
        left, top, width, height = suspect.region.box
        window = (slice(top, top + height), slice(left, left + width))
        before, after = plain.mask(suspect.row)[window], acted.mask(suspect.row)[window]
        where = np.ones_like(before, bool) if suspect.kind == Kind.MISSING else before == suspect.region.label
        if suspect.flagged:
            assert (after[where] == 255).all()
    touched = {suspect.row for suspect in audit.suspects if suspect.flagged}
    for row in set(range(60)) - touched:
        np.testing.assert_array_equal(plain.mask(row), acted.mask(row))
    names = [image["file_name"] for image in tree["images"]]
    bad = [row["file_name"] for row in read(written / "exclude.csv")]
    source = Source(str(planted.root), exclude=str(written / "exclude.csv"), holdout=0.2, **options)
    assert not set(bad) & {names[i] for i in source.members(Split.TRAIN, names)}


def test_coco_with_flags(audit: Audit, planted: Any, written: Path) -> None:
    tree = json.loads((written / "audit.json").read_text())
    assert tree["info"] == planted.tree["info"]
    for before, after in zip(planted.tree["annotations"], tree["annotations"], strict=True):
        assert before.items() <= after.items(), "every key is kept"
        assert set(after) - set(before) == {"flag", "score", "suggestion"}
    flagged = {entry["id"] for entry in tree["annotations"] if entry["flag"]}
    ids = audit.labels.prepared.index.ann_ids
    assert flagged == {
        int(ids[s.region.annotation]) for s in audit.suspects if s.flagged and s.region.annotation is not None
    }
    missing = sum(len(image["missing"]) for image in tree["images"])
    assert missing == sum(suspect.kind == Kind.MISSING for suspect in audit.suspects)


# pycocotools' decoder has not followed numpy 2's new word for a copy.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_cvat_file(audit: Audit, planted: Any, written: Path) -> None:
    coco = COCO(str(written / "cvat" / "instances.json"))
    assert set(coco.imgs) == {suspect.row for suspect in audit.suspects if suspect.flagged}
    names = {entry["name"]: entry for entry in json.loads((written / "cvat" / "labels.json").read_text())}
    assert set(names) == {category["name"] for category in coco.cats.values()}
    original = {entry["id"] for entry in planted.tree["annotations"]}
    proposals = 0
    for number, entry in coco.anns.items():
        attributes = {each["name"]: each for each in names[coco.cats[entry["category_id"]]["name"]]["attributes"]}
        assert set(entry["attributes"]) == set(attributes), "CVAT drops attributes that a label does not have"
        assert all(isinstance(value, str) for value in entry["attributes"].values())
        assert entry["attributes"]["kind"] in attributes["kind"]["values"]
        if number not in original:
            proposals += 1
            assert entry["attributes"]["kind"] == "missing"
            assert len(entry["segmentation"][0]) >= 6
            assert coco.annToMask(entry).sum() == pytest.approx(entry["area"], rel=0.25)
    assert proposals == sum(suspect.flagged and suspect.kind == Kind.MISSING for suspect in audit.suspects)


def test_page_and_sheet(audit: Audit, written: Path) -> None:
    page = (written / "audit.html").read_text(encoding="utf-8")
    assert page.count("<article") == 9
    assert page.count("data:image/jpeg") == 27
    assert "{{" not in page
    assert "http://" not in page
    assert "https://" not in page
    first = audit.suspects[0]
    english = f"{100 * first.share:.0f} % of its pixels look like"
    assert english in page
    assert "에 가깝습니다" in page
    with Image.open(written / "audit.png") as sheet:
        assert sheet.width > 3 * 3 * 64
        assert np.asarray(sheet).std() > 10


def test_names_cannot_become_markup(make_planted: Callable[..., Any]) -> None:
    planted = make_planted(share=0.2)
    labels = planted.open()
    labels.prepared.names[:] = [f"<b>{{{{CARDS}}}}{name}" for name in labels.prepared.names]
    audit = Audit(labels, LIMITS, [], np.array([], np.int64), np.array([]), np.array([], np.int64), {0: 0.5})
    page = render(audit, [])
    assert "<b>{{CARDS}}" not in page
    assert "&lt;b&gt;{{CARDS}}batch_01/0000.jpg" in page


def test_what_does_not_fit(make_planted: Callable[..., Any]) -> None:
    planted = make_planted()
    arguments = planted.root / "split", planted.root / "store"
    with pytest.raises(DataError, match="the labels are Background, Paper"):
        open_labels(planted.data(classes=fewer(planted)), *arguments)
    with pytest.raises(CheckpointError, match=r"os\.system"):
        open_labels(planted.data(_target_="os.system"), *arguments)
    with pytest.raises(DataError, match="no prediction store"):
        open_labels(planted.data(), arguments[0], planted.root / "nowhere")
    with pytest.raises(ConfigError, match="flag_below=2"):
        Limits(border=2, min_area=60, flag_below=2, exclude_share=0.5)


def fewer(planted: Any) -> dict[str, Any]:
    return {name: entry for name, entry in planted.data()["classes"].items() if name != "Plastic bag"}
