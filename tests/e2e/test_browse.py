"""The contact sheet of an augmentation."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import albumentations
import cv2
import numpy as np
import pytest

from trashseg.data.augment import Augment
from trashseg.data.browsing import one_by_one, telling_photographs

DATA = ["data.image_size=64", "data.num_workers=0"]


def test_sheet_and_page(
    verb: Callable[..., None], root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verb("browse", f"data.root={root}", *DATA, "num_photographs=2", "num_draws=2", f"hydra.run.dir={tmp_path}")
    assert "2 photographs" in capsys.readouterr().out
    sheet = cv2.imread(str(tmp_path / "contact.png"))
    assert sheet.std() > 10
    page = (tmp_path / "browse.html").read_text(encoding="utf-8")
    captions = re.findall("<figcaption>(.*?)</figcaption>", page)
    assert len(captions) == 2 * len(set(captions)), "the same forms for both photographs"
    assert {"original", "crop", "flip", "grid_dropout", "recipe, draw 2"} <= set(captions)
    assert page.count("data:image/jpeg") == len(captions)


def test_a_name_that_is_not_there(refused: Callable[..., str], root: Path, tmp_path: Path) -> None:
    said = refused("browse", f"data.root={root}", *DATA, "photographs=[batch_01/0001.png]", f"hydra.run.dir={tmp_path}")
    assert "batch_02/0001.png" in said


def test_each_transform_is_shown_alone_and_always() -> None:
    transforms = {"flip": albumentations.HorizontalFlip(p=0.0), "rotate": albumentations.VerticalFlip(p=0.0)}
    image = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)
    mask = image[..., 0] % 11
    alone = one_by_one(Augment(transforms))
    assert list(alone) == ["flip", "rotate"]
    np.testing.assert_array_equal(alone["flip"](image, mask, (0, 0, 0))[0], image[:, ::-1])
    np.testing.assert_array_equal(alone["rotate"](image, mask, (0, 0, 0))[1], mask[::-1])
    assert transforms["flip"].p == 0.0, "the recipe itself stays"


def test_photographs_that_show_rare_classes_come_first() -> None:
    pixels = np.zeros((5, 4), np.int64)
    pixels[:, 0] = 100
    pixels[[0, 1, 2, 4], 1] = 5
    pixels[[1, 4], 2] = 5
    pixels[3, 3] = 5
    chosen = telling_photographs(pixels, 3)
    assert chosen[0] == 3, "the only one with class 3"
    assert chosen[1] in (1, 4), "two classes at once"
    assert len(set(telling_photographs(pixels, 9))) == 5
