"""Groups found by looking at the photographs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from trashseg.data.groups import find_groups
from trashseg.data.groups.agreement import Agreement
from trashseg.data.groups.candidates import Candidate, neighbours
from trashseg.data.groups.verdict import Limits, judge

Picture = Callable[..., np.ndarray]
Write = Callable[..., list[Path]]


def names_apart(count: int) -> list[str]:
    """Return names of which none is another's neighbour."""
    return [f"{i}/photograph.jpg" for i in range(count)]


def altered(image: np.ndarray) -> dict[str, np.ndarray]:
    height, width = image.shape[:2]
    cropped = image[: height - height // 20, width // 20 :]
    dimmed = cv2.convertScaleAbs(image, alpha=0.7)
    small = cv2.resize(image, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    every = cv2.convertScaleAbs(cv2.resize(np.rot90(cropped[:, ::-1]), None, fx=0.8, fy=0.8), alpha=0.7)
    copies = {"crop": cropped, "mirror": image[:, ::-1], "turn": np.rot90(image), "dim": dimmed, "small": small}
    return copies | {"upside down": np.rot90(image, 2), "same": image, "all": every}


def test_a_planted_leak_is_found(picture: Picture, write: Write, tmp_path: Path) -> None:
    originals = [picture(seed, (160, 200)) for seed in range(16)]
    copies = [copy for image in originals[:3] for copy in altered(image).values()]
    paths = write(originals) + write(copies, quality=60, folder="copies")
    groups = find_groups(paths, names_apart(len(paths)), cache_dir=tmp_path / "cache")
    kinds = len(copies) // 3
    assert groups.labels.tolist() == [*range(16), *np.repeat(range(3), kinds)]
    assert {pair.kind for pair in groups.pairs} == {"duplicate"}
    crossing = groups.crossing([0] * 16 + [1] * len(copies))
    assert {groups.labels[pair.first] for pair in crossing} == {0, 1, 2}
    assert any(pair.reason.endswith("mirrored") for pair in crossing)


def test_the_result_is_the_same_from_the_cache_and_in_any_number_of_threads(
    picture: Picture, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [picture(seed, (120, 160)) for seed in range(6)]
    paths = write([*pictures, pictures[2][8:, 8:], pictures[4][:, ::-1]])
    runs = []
    for cpus, cache in ((1, "a"), (1, "a"), (5, "b")):
        monkeypatch.setattr("os.cpu_count", lambda cpus=cpus: cpus)
        runs.append(find_groups(paths, names_apart(8), cache_dir=tmp_path / cache).pairs)
    assert runs[0] == runs[1] == runs[2]
    assert [(pair.first, pair.second) for pair in runs[0]] == [(2, 6), (4, 7)]


def test_pairs_are_looked_for_once(
    picture: Picture, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write([*(picture(seed, (120, 160)) for seed in range(4)), picture(1, (120, 160))[8:, 8:]])
    first = find_groups(paths, names_apart(5), cache_dir=tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("trashseg.data.groups.visual.find_candidates", lambda *_: pytest.fail("looked again"))
        assert find_groups(paths, names_apart(5), cache_dir=tmp_path).pairs == first.pairs
        with pytest.raises(pytest.fail.Exception):
            find_groups(paths, names_apart(5), cache_dir=tmp_path, min_points=13)
    (kept,) = (tmp_path / "pairs").glob("*.json")
    kept.write_text("[", encoding="utf-8")
    assert find_groups(paths, names_apart(5), cache_dir=tmp_path).pairs == first.pairs, "a broken file is made anew"
    assert len(find_groups(paths[:4], names_apart(4), cache_dir=tmp_path)) == 4, "other photographs, other pairs"


def test_one_product_in_two_scenes_does_not_join_them_unless_they_are_neighbours(
    picture: Picture, write: Write, tmp_path: Path
) -> None:
    pictures, product = [picture(seed) for seed in range(8)], picture(100)[:88, :88]
    pictures[2][20:108, 30:118] = product
    pictures[5][90:178, 120:208] = product
    paths = write(pictures)
    assert len(find_groups(paths, names_apart(8), cache_dir=tmp_path / "cache")) == 8
    names = names_apart(8)
    names[5] = names[2].replace("photograph", "photograph1")
    found = find_groups(paths, names, cache_dir=tmp_path / "cache").pairs
    assert [(pair.first, pair.second, pair.kind) for pair in found] == [(2, 5, "scene")]
    assert not find_groups(paths, names, cache_dir=tmp_path / "cache", scenes=False).pairs


def test_neighbours_on_the_same_ground_are_a_series(write: Write, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def ground(colour: tuple[int, int, int], coarse: int) -> np.ndarray:
        noise = cv2.resize(rng.normal(0, 60, (coarse, coarse)), (96, 96), interpolation=cv2.INTER_CUBIC)
        return np.clip(noise[..., None] + colour, 0, 255).astype(np.uint8)

    colours = [tuple(rng.integers(40, 210, 3).tolist()) for _ in range(54)]
    pictures = [ground(colour, int(rng.integers(8, 64))) for colour in colours]
    pictures[20], pictures[21] = ground((30, 200, 220), 100), ground((30, 200, 220), 100)
    paths = write(pictures)
    find = {"paths": paths, "names": [f"set/{i}.jpg" for i in range(54)], "cache_dir": tmp_path / "cache"}
    best = max(find_groups(**find).pairs, key=lambda pair: pair.score)
    assert (best.first, best.second, best.kind) == (20, 21, "series")
    assert find_groups(**find, min_series=best.score).pairs == (best,)
    assert not find_groups(**find, min_series=best.score + 0.01).pairs
    assert not find_groups(**find, scenes=False).pairs


@pytest.mark.parametrize(
    ("agreement", "is_next", "kind"),
    [
        (Agreement(12, 0.15, 0.0), False, "scene"),
        (Agreement(11, 0.9, 0.5), False, None),
        (Agreement(200, 0.14, 0.5), False, None),
        (Agreement(8, 0.02, 0.9), False, "duplicate"),
        (Agreement(7, 0.9, 0.99), False, None),
        (Agreement(8, 0.01, 0.0), True, "scene"),
        (Agreement(8, 0.009, 0.0), True, None),
        (Agreement(7, 0.9, 0.0), True, None),
        (Agreement(0, 0.0, 0.98), False, "duplicate"),
        (Agreement(0, 0.0, 0.97), True, None),
    ],
)
def test_verdicts_at_their_limits(agreement: Agreement, is_next: bool, kind: str | None) -> None:
    pair = judge(Candidate(3, 5, True), agreement, is_next, Limits(12, 0.15))
    assert (pair and pair.kind) == kind
    assert pair is None or (pair.first, pair.second, pair.reason.endswith("mirrored")) == (3, 5, True)


def test_neighbours_are_next_to_each_other_in_a_folder() -> None:
    names = ["b/10.jpg", "b/9.jpg", "b/x.jpg", "a/8.jpg", "b/2.jpg", "b\\11.jpg", "top.jpg"]
    assert neighbours(names, 1) == {(1, 4), (0, 1), (0, 5), (2, 5)}
    assert neighbours(names, 2) == neighbours(names, 1) | {(0, 4), (1, 5), (0, 2)}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_photographs_work(picture: Picture, write: Write, tmp_path: Path, count: int) -> None:
    paths = write([picture(seed, (60, 80)) for seed in range(count)])
    groups = find_groups(paths, [path.name for path in paths], cache_dir=tmp_path / "cache")
    assert groups.labels.tolist() == list(range(count))


def test_known_scenes_of_real_photographs_are_found(real_root: Callable[[str], Path], tmp_path: Path) -> None:
    """By eye: two pictures of one wood, of one fence, of one hedge; train and val share the hedge."""
    root = real_root("trash360")
    known = [("0010", "0011"), ("0012", "0013"), ("0082", "0084")]
    names = sorted(f"batch_02_vt/{number:04d}.jpg" for number in range(98))
    groups = find_groups([root / name for name in names], names, cache_dir=tmp_path / "cache")
    place = {name[-8:-4]: i for i, name in enumerate(names)}
    assert all(groups.labels[place[one]] == groups.labels[place[other]] for one, other in known)
    val = {image["file_name"] for image in json.loads((root / "val.json").read_text())["images"]}
    crossing = {(pair.first, pair.second) for pair in groups.crossing([name in val for name in names])}
    assert (place["0082"], place["0084"]) in crossing
    assert groups.sizes.max() < 8
