"""Maps on disk, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from trashseg.ttasearch.cache import ViewCache
from trashseg.types import ConfigError, DataError


def test_a_photograph_comes_back(tmp_path, made, as_photographs):
    cache = ViewCache(tmp_path / "views", {"tta": {"scales": (0.5, 1.0)}})
    (photograph,) = as_photographs(made(num=1))
    path = cache.path(2, 7)
    cache.add(path, photograph)
    back = ViewCache(tmp_path / "views", {"tta": {"scales": [0.5, 1.0]}}).read(path)
    assert back.name == photograph.name
    for key in ("levels", "target", "agreed"):
        np.testing.assert_array_equal(getattr(back, key), getattr(photograph, key))
        assert getattr(back, key).dtype == getattr(photograph, key).dtype


def test_another_origin_is_refused_and_torn_files_go(tmp_path):
    ViewCache(tmp_path, {"stride": 4, "tta": "a"})
    torn = tmp_path / "0" / ".000001.x.tmp.npz"
    torn.parent.mkdir()
    torn.touch()
    with pytest.raises(ConfigError, match="begun with stride=4, this command has stride=2"):
        ViewCache(tmp_path, {"stride": 2, "tta": "a"})
    ViewCache(tmp_path, {"stride": 4, "tta": "a"})
    assert not torn.exists()


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 torn"])
def test_a_damaged_file_says_what_to_do(tmp_path, content):
    cache = ViewCache(tmp_path, {})
    path = cache.path(0, 0)
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match="remove it and repeat"):
        cache.read(path)
