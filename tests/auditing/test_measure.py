"""Regions of a photograph, measured pixel by pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage

from trashseg.auditing.measure import annotated_regions, missing_regions
from trashseg.auditing.view import View

BORDER = 2


def core_of(mask: np.ndarray) -> np.ndarray:
    """Return the pixels all of whose neighbours within BORDER pixels have their label, one by one."""
    core = np.zeros(mask.shape, bool)
    for (y, x), label in np.ndenumerate(mask):
        near = mask[max(0, y - BORDER) : y + BORDER + 1, max(0, x - BORDER) : x + BORDER + 1]
        core[y, x] = label != 255 and (near == label).all()
    return core


def view_of(planted: Any, row: int, ignored: bool = False) -> tuple[View, Any]:
    labels = planted.open()
    mask = labels.prepared.mask(row)
    if ignored:
        mask[10:20, 30:60] = 255
    return View.of(mask, labels.store.probs(labels.prepared.names[row]), BORDER), labels


@pytest.mark.parametrize("row", [0, 3])
def test_judged_pixels(planted: Any, row: int) -> None:
    view, _ = view_of(planted, row, ignored=True)
    core = core_of(view.mask)
    np.testing.assert_array_equal(view.core, core)
    np.testing.assert_array_equal(view.pred, view.probs.argmax(0))
    assert view.background == pytest.approx(float(view.probs[0][core & (view.mask == 0)].mean()), abs=1e-6)
    expected = [view.probs[view.mask[y, x], y, x] for y, x in zip(*np.nonzero(core), strict=True)]
    np.testing.assert_array_equal(view.self_confidence, expected)


@pytest.mark.parametrize("row", [0, 1, 5])
def test_annotated_objects(planted: Any, row: int) -> None:
    view, labels = view_of(planted, row)
    index = labels.prepared.index
    found = list(annotated_regions(view, index, row, labels.class_of))
    parts, count = ndimage.label(view.mask > 0)
    assert len(found) == count, "objects lie apart in these scenes"
    for region in found:
        assert region.annotation is not None
        assert index.ann_category[region.annotation] == region.label
        left, top, width, height = region.box
        part = np.unique(parts[top : top + height, left : left + width])
        inside = parts == part[part > 0][0]
        judged = inside & core_of(view.mask)
        judged = judged if judged.any() else inside
        assert region.area == inside.sum()
        np.testing.assert_allclose(region.means, view.probs[:, judged].mean(1), atol=1e-5)
        assert region.shares[region.label] == pytest.approx((view.pred[judged] == region.label).mean(), abs=1e-6)
        assert region.low == pytest.approx(np.quantile(view.probs[region.label][judged], 0.1))
        hits = (inside & (view.pred == region.label)).sum()
        assert (
            hits / (inside | ((view.pred == region.label) & (view.mask == 0))).sum()
            <= region.iou
            <= hits / inside.sum()
        )


def test_missing_objects() -> None:
    mask = np.zeros((60, 80), np.uint8)
    mask[10:20, 10:20] = 2
    pred = mask.copy()
    pred[18:24, 8:22] = 2  # touches the annotated object: below the border band only two rows of it are new
    pred[40:52, 40:50] = 1
    pred[30:33, 5:70] = 3  # too thin
    pred[55:60, 75:80] = 1  # too small
    probs = torch.full((4, 60, 80), 0.1).scatter_(0, torch.from_numpy(pred)[None].long(), 0.7)
    found = list(missing_regions(View.of(mask, probs, BORDER), 40))
    assert [(region.annotation, region.label, region.box, region.area) for region in found] == [
        (None, 0, (40, 40, 10, 12), 120)
    ]
    np.testing.assert_allclose(found[0].means, [0.1, 0.7, 0.1, 0.1], atol=1e-6)
    assert found[0].shares == (0, 1, 0, 0)
    assert np.min(found[0].outline, 0).tolist() == [40, 40]
    assert np.max(found[0].outline, 0).tolist() == [49, 51]
