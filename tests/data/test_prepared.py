from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from trashseg.data import masks, photographs
from trashseg.data.images import read_image
from trashseg.data.index import open_index
from trashseg.data.prepared import default_cache_dir, prepare
from trashseg.data.raster import PAINT_ORDERS, UNPAINTED
from trashseg.types import IGNORE_INDEX, DataError


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note what is decoded and painted; a warm cache does neither."""
    done: list[str] = []
    real_size, real_paint = photographs.decoded_size, masks.rasterise

    def decoded_size(path: Path) -> tuple[int, int]:
        done.append(path.name)
        return real_size(path)

    def rasterise(*args: Any) -> np.ndarray:
        done.append("paint")
        return real_paint(*args)

    monkeypatch.setattr(photographs, "decoded_size", decoded_size)
    monkeypatch.setattr(masks, "rasterise", rasterise)
    return done


@pytest.mark.parametrize("order", PAINT_ORDERS)
def test_masks_and_counts(data: Any, ready: Any, class_of: dict[int, int], usual_masks: Any, order: str) -> None:
    split = ready(order=order)
    assert len(split) == 4
    assert split.has_masks
    assert split.problems == ()
    assert split.names == [image["file_name"] for image in data.tree["images"]]
    assert split.class_pixels.dtype == np.int64
    for i, expected in enumerate(usual_masks(data.tree, class_of, order)):
        mask = split.mask(i)
        np.testing.assert_array_equal(mask, expected)
        assert split.class_pixels[i].tolist() == [int((expected == k).sum()) for k in range(4)]
        assert split.size(i) == mask.shape == (40, 60)
        assert split.image_path(i) == data.root / split.names[i]


def test_masks_are_fresh_copies(ready: Any) -> None:
    split = ready()
    before = split.mask(0).copy()
    split.mask(0)[:] = 9
    np.testing.assert_array_equal(split.mask(0), before)


def test_counting_leaves_out_what_is_ignored() -> None:
    mask = np.random.default_rng(4).choice(np.array([0, 1, 3, 4, IGNORE_INDEX], np.uint8), (37, 53))
    counts = masks.count_classes(mask, 4)
    assert counts.dtype == np.int64
    assert counts.tolist() == np.bincount(mask.ravel())[:4].tolist()


def test_ignored_and_unpainted_categories(ready: Any) -> None:
    split = ready(class_of={1: IGNORE_INDEX, 2: UNPAINTED, 7: 3}, num_classes=4)
    values = {int(value) for i in range(4) for value in np.unique(split.mask(i))}
    assert values == {0, 3, IGNORE_INDEX}
    counted = sum((split.mask(i) != IGNORE_INDEX).sum() for i in range(4))
    assert split.class_pixels.sum() == counted


def test_warm_cache_does_no_work(ready: Any, work: list[str]) -> None:
    ready()
    assert sorted(work) == [*(f"000{i}.jpg" for i in range(4)), *["paint"] * 4]
    work.clear()
    ready()
    assert work == []


def test_what_makes_a_new_cache(data: Any, ready: Any, work: list[str], class_of: dict[int, int]) -> None:
    ready()
    for change in ({"order": "max_id"}, {"max_side": 30}, {"class_of": class_of | {1: 3}}, {"num_classes": 9}):
        work.clear()
        ready(**change)
        assert work.count("paint") == 4, change
    work.clear()
    ready(class_of=class_of | {999: 1})  # a category that no annotation uses changes nothing
    assert work == []
    data.tree["annotations"][0]["segmentation"] = [[0, 0, 60, 0, 60, 40, 0, 40]]
    assert ready().mask(0).all()


def test_changed_photograph_is_checked_again_alone(data: Any, ready: Any, work: list[str]) -> None:
    ready()
    work.clear()
    os.utime(data.root / "batch/0002.jpg", ns=(1, 1))
    ready()
    assert work == ["0002.jpg"]
    data.photograph("batch/0001.jpg", (30, 30))
    with pytest.raises(DataError, match=r"image 1 \(batch/0001.jpg\).*30 x 30.*40 x 60"):
        ready()
    data.photograph("batch/0001.jpg", (40, 60))
    (data.root / "batch/0003.jpg").unlink()
    with pytest.raises(DataError, match=r"image 3 .*does not exist"):
        ready()


def test_after_an_error_only_the_mended_photograph_is_checked(data: Any, ready: Any, work: list[str]) -> None:
    path = data.root / "batch/0002.jpg"
    whole = path.read_bytes()
    path.write_bytes(whole[:300])
    with pytest.raises(DataError, match="truncated"):
        ready()
    path.write_bytes(whole)
    work.clear()
    ready()
    assert [name for name in work if name != "paint"] == ["0002.jpg"]


def test_large_photographs_are_shrunk_once(data: Any, ready: Any, work: list[str]) -> None:
    data.tree["images"][1] |= {"height": 200, "width": 131}
    smooth = cv2.resize(np.random.default_rng(0).integers(0, 256, (8, 6, 3), np.uint8), (131, 200))
    Image.fromarray(smooth).save(data.root / "batch/0001.jpg", quality=95)
    split, full = ready(max_side=100), ready()
    assert split.size(1) == (100, 66)
    assert split.size(0) == (40, 60)
    assert split.image_path(0) == full.image_path(0)
    image, original = read_image(split.image_path(1)), read_image(full.image_path(1))
    assert image.shape[:2] == split.mask(1).shape == (100, 66)
    expected = cv2.resize(original, (66, 100), interpolation=cv2.INTER_AREA)
    assert np.abs(image.astype(int) - expected).mean() < 4
    # Each pixel of the small mask is the one at its centre, computed here with fractions.
    rows = [int((i + 0.5) * 200 / 100) for i in range(100)]
    columns = [int((i + 0.5) * 131 / 66) for i in range(66)]
    np.testing.assert_array_equal(split.mask(1), full.mask(1)[np.ix_(rows, columns)])
    assert split.class_pixels[1].sum() == 6600

    work.clear()
    again = ready(max_side=100)
    assert work == []
    again.image_path(1).unlink()
    assert ready(max_side=100).image_path(1).is_file()
    assert work == ["0001.jpg"]
    Image.fromarray(smooth[::-1]).save(data.root / "batch/0001.jpg", quality=95)
    turned = ready(max_side=100)
    assert turned.image_path(1) != again.image_path(1)
    assert not again.image_path(1).exists()
    assert np.abs(read_image(turned.image_path(1)).astype(int) - expected[::-1]).mean() < 4


@pytest.mark.parametrize("name", ["meta.json", "columns.npz", "masks.u8"])
@pytest.mark.parametrize("harm", ["empty", "half", "gone", "foreign"])
def test_broken_mask_cache_is_painted_anew(ready: Any, cache: Path, name: str, harm: str) -> None:
    expected = [ready().mask(i) for i in range(4)]
    (folder,) = (cache / "masks").iterdir()
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    if harm != "gone":
        (folder / name).write_bytes({"empty": b"", "half": content[: len(content) // 2], "foreign": b"{}"}[harm])
    split = ready()
    np.testing.assert_array_equal([split.mask(i) for i in range(4)], expected)


def test_broken_memory_of_photographs_means_checking_again(ready: Any, cache: Path, work: list[str]) -> None:
    ready()
    (path,) = (cache / "photographs").glob("*/verified.npy")
    for content in (b"", path.read_bytes()[:-9], b"{}"):
        path.write_bytes(content)
        work.clear()
        ready()
        assert len(work) == 4


def test_pickles_cheaply_and_still_reads(ready: Any) -> None:
    split = ready()
    mask = split.mask(2)
    parcel = pickle.dumps(split)
    assert len(parcel) < 5000
    copy = pickle.loads(parcel)
    np.testing.assert_array_equal(copy.mask(2), mask)
    assert copy.image_path(2) == split.image_path(2)
    assert copy.index.digest == split.index.digest


def test_without_labels(data: Any, ready: Any) -> None:
    del data.tree["annotations"]
    split = ready()
    assert not split.has_masks
    assert len(split) == 4
    assert split.class_pixels.tolist() == [[0] * 4] * 4
    with pytest.raises(DataError, match="no annotations"):
        split.mask(0)
    (data.root / "batch/0003.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"image 3 .*empty"):
        ready()


def test_default_cache_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TRASHSEG_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_cache_dir() == tmp_path / ".cache" / "trashseg"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_cache_dir() == tmp_path / "xdg" / "trashseg"
    monkeypatch.setenv("TRASHSEG_CACHE", "~/mine")
    assert default_cache_dir() == tmp_path / "mine"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TRASHSEG_CACHE", str(tmp_path / "file" / "below"))
    with pytest.raises(DataError, match="TRASHSEG_CACHE"):
        default_cache_dir()


def test_real_photographs(real_data: Callable[[str], Path], cache: Path) -> None:
    root = real_data("trash360")
    index = open_index(root / "val.json", cache)
    split = prepare(index, root, {c: c for c in index.categories}, 11, cache_dir=cache)
    assert len(split) == 82
    assert split.class_pixels.sum() == 82 * 512 * 512
