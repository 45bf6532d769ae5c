"""Pictures: what is painted and what is not, sizes, legends, files."""

import math
import subprocess
import sys
import unicodedata

import cv2
import numpy as np
import pytest
from PIL import Image

from trashseg.pictures import (
    blend,
    class_id_png,
    confusion_picture,
    error_map,
    fonts,
    gallery,
    legend,
    prediction_panel,
    save_png,
    score_text,
)
from trashseg.pictures.confusion import cell_text, row_percent
from trashseg.pictures.layout import fitting_size
from trashseg.pictures.legend import class_entries
from trashseg.pictures.overlay import CONFUSED, FALSE, MISSED
from trashseg.types import IGNORE_INDEX, ClassInfo, ClassTable

TABLE = ClassTable(
    (
        ClassInfo("Background", "배경", (0, 0, 0)),
        ClassInfo("Paper", "종이", (0, 128, 192)),
        ClassInfo("Metal", "금속", (128, 0, 0)),
        ClassInfo("Plastic bag", "플라스틱백", (192, 192, 128)),
    )
)


def photograph(height: int = 96, width: int = 128, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 190, (height, width, 3), dtype=np.uint8)


def blocks(height: int = 96, width: int = 128) -> np.ndarray:
    """Paper on the left, metal in the middle, background elsewhere."""
    mask = np.zeros((height, width), np.uint8)
    mask[20:60, 10:40] = 1
    mask[30:80, 60:100] = 2
    return mask


def area(picture: np.ndarray, color: tuple[int, int, int]) -> int:
    return int((picture == color).all(axis=2).sum())


def holds(picture: np.ndarray, color: tuple[int, int, int]) -> bool:
    return area(picture, color) > 100  # more than the rims of letters


@pytest.mark.parametrize("alpha", [0.3, 0.55])
def test_blend_paints_objects_and_leaves_the_background(alpha):
    image, mask = photograph(), blocks()
    before = image.copy(), mask.copy()
    picture = blend(image, mask, TABLE, alpha)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture[mask == 0], image[mask == 0])
    inside = cv2.erode(mask, np.ones((9, 9), np.uint8)) > 0
    expected = (1 - alpha) * image[inside] + alpha * TABLE.palette[mask[inside]]
    np.testing.assert_allclose(picture[inside], expected, atol=1)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(mask, before[1])


def test_blend_outlines_each_region():
    image, mask = np.full((96, 128, 3), 100, np.uint8), blocks()
    picture = blend(image, mask, TABLE)
    assert picture[40, 10].min() > 180  # the thin light line
    np.testing.assert_allclose(picture[40, 11], 0.9 * TABLE.palette[1] + 0.1 * picture[40, 25], atol=2)
    assert not np.array_equal(picture[40, 11], picture[40, 25])


def test_slivers_between_labels_get_no_outline():
    mask = blocks()
    mask[40, 15:35] = 0
    light = blend(np.full((96, 128, 3), 100, np.uint8), mask, TABLE).min(axis=2) > 180
    assert light[20, 15:35].all()
    assert not light[38:43, 15:35].any()


@pytest.mark.parametrize("draw", [lambda i, m: blend(i, m, TABLE), lambda i, m: error_map(i, m, m, TABLE)])
def test_ignored_pixels_are_hatched(draw):
    image, mask = photograph(), blocks()
    mask[:, 110:] = IGNORE_INDEX
    picture = draw(image, mask)
    hatched = picture[:, 112:126]
    assert holds(hatched, (150, 150, 150))
    assert len(np.unique(hatched.reshape(-1, 3), axis=0)) > 20  # the photograph still shows between the stripes


@pytest.mark.parametrize("draw", [lambda i, m: blend(i, m, TABLE), lambda i, m: error_map(i, m, m, TABLE)])
def test_misfits_are_refused(draw):
    with pytest.raises(ValueError, match="one size"):
        draw(photograph(), blocks()[:-1])
    with pytest.raises(ValueError, match=r"the id 4; the table has 0\.\.3"):
        draw(photograph(), np.full((96, 128), 4, np.uint8))


def test_views_are_taken_as_they_are():
    image, mask = photograph(), blocks()
    flipped = blend(image[:, ::-1], mask[:, ::-1], TABLE)
    np.testing.assert_array_equal(flipped, blend(image[:, ::-1].copy(), mask[:, ::-1].copy(), TABLE))


def test_error_map_marks_each_kind():
    image = np.full((96, 128, 3), (200, 120, 40), np.uint8)
    target, pred = blocks(), blocks()
    pred[20:40, 10:40] = 0  # missed
    pred[5:15, 50:90] = 3  # false
    pred[30:50, 60:100] = 1  # wrong class
    picture = error_map(image, target, pred, TABLE).astype(int)
    grey = picture[90, 120]
    assert grey.max() == grey.min()
    for (row, column), (_, color) in (((25, 20), MISSED), ((10, 70), FALSE), ((35, 70), CONFUSED)):
        np.testing.assert_allclose(picture[row, column], 0.85 * np.array(color) + 0.15 * grey, atol=1)
    faint = np.abs(picture[50, 20] - grey).max()
    assert 0 < faint < np.abs(picture[25, 20] - grey).max() / 2


def test_legend_shows_only_what_is_present():
    strip = legend(TABLE, [0, 1, 3, IGNORE_INDEX], 500)
    assert strip.shape[1:] == (500, 3)
    assert holds(strip, (0, 128, 192))
    assert holds(strip, (192, 192, 128))
    assert not holds(strip, (128, 0, 0))


def test_legend_wraps_and_survives_little_room():
    wide, narrow = legend(TABLE, range(4), 900), legend(TABLE, range(4), 200)
    assert narrow.shape[0] == 4 * wide.shape[0]
    assert legend(TABLE, range(4), 40).shape[1] == 40
    assert legend(TABLE, [], 100).shape == (1, 100, 3)


def test_legend_entries_carry_names_in_both_languages_and_numbers():
    entries = class_entries(TABLE, {3, 1}, {1: 0.5, 3: math.nan})
    assert [(entry.name, entry.second) for entry in entries] == [
        ("Paper", "종이  0.50"),
        ("Plastic bag", "플라스틱백  -"),
    ]
    assert class_entries(TABLE, [0])[0].color is None


@pytest.mark.parametrize(("size", "tile"), [((64, 64), 256), ((128, 128), 256), ((300, 200), 300), ((512, 512), 384)])
def test_panel_tiles_grow_and_shrink(size, tile):
    mask = np.zeros(size, np.uint8)
    picture = prediction_panel([(photograph(*size), mask, mask, "a.jpg\tmIoU 1.000")], TABLE, "Epoch 1")
    assert picture.shape[1] == 4 * tile + 3 * 10 + 2 * 24
    assert (picture[:24] == 255).all()
    assert (picture[:, :24] == 255).all()
    assert (picture[-24:] == 255).all()


def test_panel_shows_the_photograph_unpainted():
    image = photograph(300, 300)
    panel = prediction_panel([(image, None, np.zeros((300, 300), np.uint8), "a.jpg")], TABLE, "Prediction")
    assert panel.shape[1] == 2 * 300 + 10 + 2 * 24
    row = next(row for row in range(panel.shape[0]) if np.array_equal(panel[row, 24:324], image[0]))
    np.testing.assert_array_equal(panel[row : row + 300, 24:324], image)
    np.testing.assert_array_equal(panel[row : row + 300, 334:634], image)


def test_panel_takes_rows_of_any_size_and_without_labels():
    rows = [
        (photograph(90, 300), blocks(90, 300), blocks(90, 300), "wide.jpg"),
        (photograph(300, 90), None, blocks(300, 90), "x" * 300 + "\tmIoU 0.5"),
        (photograph(1, 7), np.zeros((1, 7), np.uint8), np.zeros((1, 7), np.uint8), ""),
    ]
    picture = prediction_panel(rows, TABLE, "A title " * 40)
    assert picture.shape[1] == 4 * 300 + 3 * 10 + 2 * 24
    assert holds(picture, (244, 244, 244))  # the tile that says "no labels"
    assert (picture[:, -24:] == 255).all()


def test_panel_legend_holds_the_classes_of_truth_and_prediction():
    target, pred = np.zeros((2, 256, 256), np.uint8)
    target[50:99, 50:99], pred[150:200, 150:200] = 1, 3
    bottom = prediction_panel([(photograph(256, 256), target, pred, "a")], TABLE, "t")[380:]
    assert holds(bottom, (0, 128, 192))
    assert holds(bottom, (192, 192, 128))
    assert not holds(bottom, (128, 0, 0))
    assert holds(bottom, MISSED[1])


def test_panel_needs_a_row():
    with pytest.raises(ValueError, match="at least one"):
        prediction_panel([], TABLE, "nothing")


def test_gallery_puts_the_worst_first():
    colors, scores = [(250, 0, 0), (0, 250, 0), (0, 0, 250)], [0.9, math.nan, 0.2]
    mask = np.zeros((256, 256), np.uint8)
    entries = [
        (np.full((256, 256, 3), color, np.uint8), mask, mask, "a.jpg", score)
        for color, score in zip(colors, scores, strict=True)
    ]
    column = gallery(entries, TABLE)[:, 100]
    first = [int(np.flatnonzero((column == color).all(axis=1))[0]) for color in colors]
    assert first[2] < first[0] < first[1]
    assert score_text(math.nan) == "mIoU -"
    assert score_text(0.25) == "mIoU 0.250"


def test_row_percent():
    matrix = np.random.default_rng(5).integers(0, 10**9, (4, 4))
    matrix[2] = 0
    got = row_percent(matrix)
    for row in (0, 1, 3):
        assert got[row].tolist() == pytest.approx([100 * int(n) / sum(map(int, matrix[row])) for n in matrix[row]])
    assert np.isnan(got[2]).all()


@pytest.mark.parametrize(
    ("value", "count", "text"),
    [(0, 0, ""), (math.nan, 0, ""), (0.01, 3, "<1"), (12.4, 9, "12"), (99.96, 9, ">99"), (100.0, 9, "100")],
)
def test_cells_never_round_to_nothing_or_all(value, count, text):
    assert cell_text(value, count) == text


def test_confusion_picture_greys_out_empty_classes():
    matrix = np.diag([900, 90, 9, 1]).astype(np.int64)
    assert area(confusion_picture(matrix, TABLE, "Confusion"), (238, 238, 238)) < 500
    matrix[2] = 0
    assert area(confusion_picture(matrix, TABLE, "Confusion"), (238, 238, 238)) > 4 * 60 * 60 - 500
    assert confusion_picture(np.zeros((4, 4), np.int64), TABLE, "Nothing counted").shape[2] == 3
    with pytest.raises(ValueError, match="4 classes"):
        confusion_picture(np.zeros((3, 3), np.int64), TABLE, "wrong")


def test_save_png_and_back(tmp_path):
    picture = photograph()
    save_png(tmp_path / "new" / "a.png", picture)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "new" / "a.png")), picture)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.png"]


def test_class_id_png_holds_the_ids_and_shows_the_colours(tmp_path):
    mask = np.random.default_rng(6).integers(0, 4, (33, 47), dtype=np.uint8)
    mask[0, :5] = IGNORE_INDEX
    class_id_png(tmp_path / "ids.png", mask, TABLE)
    with Image.open(tmp_path / "ids.png") as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.asarray(image), mask)
        colors = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(colors[1:], TABLE.palette[mask[1:]])


def test_fonts_have_korean_and_no_boxes():
    assert all(fonts.can_draw(info.korean) for info in TABLE.classes)
    assert not fonts.can_draw("\U0001f5d1")  # a wastebasket, which the font lacks
    assert fonts.drawable("a\U0001f5d1\n b") == "a? b"
    assert fonts.drawable(unicodedata.normalize("NFD", "종이.jpg")) == "종이.jpg"


def test_korean_is_left_out_without_its_font(monkeypatch):
    monkeypatch.setattr(fonts, "_FAMILIES", fonts._FAMILIES[1:])
    fonts.font.cache_clear()
    fonts._has_glyph.cache_clear()
    try:
        assert fonts.font(16).getname()[0] == "DejaVu Sans"
        assert class_entries(TABLE, [1])[0].second == ""
        assert prediction_panel([(photograph(), blocks(), blocks(), "종이.jpg")], TABLE, "t").shape[2] == 3
    finally:
        fonts.font.cache_clear()
        fonts._has_glyph.cache_clear()


@pytest.mark.parametrize("width", [400, 120, 30, 3])
def test_fit_keeps_both_ends(width):
    name = "batch_01_vt/" + "a_long_name_" * 9 + "0001.jpg"
    short = fonts.fit(name, 16, width)
    assert fonts.text_width(short, 16) <= width
    if width >= 120:
        assert short.startswith("batch")
        assert short.endswith("jpg")
    assert fonts.fit("0001.jpg", 16, 400) == "0001.jpg"


@pytest.mark.parametrize(("size", "expected"), [((100, 50), (256, 128)), ((50, 100), (128, 256)), ((1, 999), (1, 256))])
def test_fitting_size(size, expected):
    assert fitting_size(size, 256, 256) == expected


def test_matplotlib_is_left_alone():
    code = "import sys, trashseg.pictures as p; p.fonts.font(12); print([m for m in sys.modules if 'matplotlib' in m])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
