"""Thresholds, labels and the COCO file, against counting by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from trashseg.data.index import open_index
from trashseg.data.pseudo import UNSURE
from trashseg.data.raster import rasterise
from trashseg.maps import sure_and_class
from trashseg.pseudolabels.coco import PseudoFile
from trashseg.pseudolabels.labelling import label
from trashseg.pseudolabels.thresholds import NUM_BINS, fixed_thresholds, histogram_of, matched_thresholds
from trashseg.types import IGNORE_INDEX, ConfigError

CLASSES = ("Background", "Paper", "Metal")


def drawn(seed: int = 0, size: tuple[int, int] = (40, 50)) -> torch.Tensor:
    logits = torch.randn(3, *size, generator=torch.Generator().manual_seed(seed))
    logits[0] += 1
    return (2 * logits).softmax(0)


def test_matched_thresholds_give_each_class_its_share() -> None:
    confidence, ids = sure_and_class(drawn(size=(300, 300)))
    shares = np.array([0.7, 0.2, 0.1])
    thresholds = matched_thresholds(histogram_of(confidence, ids, 3), shares, keep=0.3, least=0.0)
    for k, share in enumerate(shares):
        kept = ((ids == k) & (confidence >= thresholds[k])).mean()
        # At most the share, and as near as one bin of confidence allows.
        next_bin = ((ids == k) & (confidence >= thresholds[k] - 1 / NUM_BINS)).mean()
        assert kept <= 0.3 * share + 1e-9
        assert next_bin > 0.3 * share or thresholds[k] == 0


def test_a_class_that_is_never_sure_gets_the_least_threshold() -> None:
    confidence, ids = sure_and_class(drawn())
    thresholds = matched_thresholds(histogram_of(confidence, ids, 3), np.array([0.0, 0.5, 0.5]), keep=1.0, least=0.55)
    assert thresholds[1:].tolist() == [0.55, 0.55]
    assert thresholds[0] == 1  # no share, no labels


def test_fixed_thresholds() -> None:
    assert fixed_thresholds(0.8, CLASSES).tolist() == [0.8] * 3
    assert fixed_thresholds({"Metal": 0.5}, CLASSES).tolist() == [0.9, 0.9, 0.5]
    with pytest.raises(ConfigError, match="Did you mean Metal"):
        fixed_thresholds({"Metl": 0.5}, CLASSES)
    for bad in (1.5, "high", True):
        with pytest.raises(ConfigError, match="not between 0 and 1"):
            fixed_thresholds(bad, CLASSES)


def test_unsure_pixels_and_small_regions_are_ignored() -> None:
    ids = np.zeros((20, 20), np.uint8)
    ids[2:8, 2:8], ids[12:14, 12:14] = 1, 2
    confidence = np.full((20, 20), 0.95, np.float32)
    confidence[:, 15:] = 0.5
    mask, weight = label(confidence, ids, np.array([0.9, 0.9, 0.9]), min_area=5 / 400)
    expected = ids.copy()
    expected[:, 15:], expected[12:14, 12:14] = IGNORE_INDEX, IGNORE_INDEX
    np.testing.assert_array_equal(mask, expected)
    assert weight == pytest.approx(0.95)
    mask, weight = label(confidence, ids, np.array([1.0, 1.0, 1.0]), min_area=0)
    assert (mask == IGNORE_INDEX).all()
    assert weight == 0


def test_the_file_paints_what_was_labelled(tmp_path: Path) -> None:
    file, masks = PseudoFile(CLASSES), []
    for seed in range(3):
        confidence, ids = sure_and_class(drawn(seed))
        masks.append(label(confidence, ids, np.full(3, 0.7), 0.0)[0])
        file.add(f"batch/{seed}.jpg", masks[-1], 0.8)
    file.write(tmp_path / "all.json")
    index = open_index(tmp_path / "all.json", tmp_path / "cache")
    names = index.categories
    class_of = {c: IGNORE_INDEX if name == UNSURE else CLASSES.index(name) for c, name in names.items()}
    for i, mask in enumerate(masks):
        np.testing.assert_array_equal(rasterise(index, i, class_of, "area_desc"), mask)
    tree = json.loads((tmp_path / "all.json").read_text())
    assert [image["weight"] for image in tree["images"]] == [0.8] * 3
    areas = sum(int((mask == 1).sum()) for mask in masks)
    paper = next(entry["id"] for entry in tree["categories"] if entry["name"] == "Paper")
    assert sum(entry["area"] for entry in tree["annotations"] if entry["category_id"] == paper) == areas
    assert file.pixels[0] == sum(int((mask == 0).sum()) for mask in masks)
