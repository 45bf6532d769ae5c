"""Members of every kind voting, against votes computed here; a kill in between; what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from pycocotools.coco import COCO

from trashseg.metrics import confusion_matrix, mean_iou
from trashseg.store import Store, StoreWriter, open_store
from trashseg.submission import read_submission

Verb = Callable[..., None]
OPTIONS = ["trainer=cpu", "data.num_workers=0"]


@pytest.fixture(scope="module")
def networks(verb: Verb, tiny: list[str], trained: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two trained checkpoints."""
    folder = tmp_path_factory.mktemp("run") / "train" / "two"
    verb("train", *tiny, "trainer.max_epochs=1", "seed=7", "optim.lr=3e-3", f"hydra.run.dir={folder}")
    return [run / "checkpoints" / "last.ckpt" for run in (trained, folder)]


@pytest.fixture(scope="module")
def voted(verb: Verb, networks: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ensemble") / "run"
    members = f"members={{a: {networks[0]}, b: {networks[1]}}}"
    verb("ensemble", members, "weights=[2,1]", "save=probs", "keep=probs", *OPTIONS, f"hydra.run.dir={folder}")
    return folder


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def stores(run: Path, part: str) -> list[Store]:
    return [open_store(run / "members" / name / part) for name in "ab"]


def mean(pair: list[Store], name: str) -> torch.Tensor:
    first, second = (store.probs(name) for store in pair)
    return (2 * first + second) / 3


def masks(root: Path) -> Iterator[tuple[str, npt.NDArray[np.uint8]]]:
    """The labels of the validation part as pycocotools paints them, the largest object first."""
    coco = COCO(str(root / "val.json"))
    for entry in coco.dataset["images"]:
        mask = np.zeros((entry["height"], entry["width"]), np.uint8)
        anns = coco.loadAnns(coco.getAnnIds(imgIds=entry["id"]))
        for ann in sorted(anns, key=lambda each: -each["area"]):
            mask[coco.annToMask(ann) == 1] = ann["category_id"]
        yield entry["file_name"], mask


def test_the_submission_is_the_weighted_mean(voted: Path) -> None:
    pair, submission = stores(voted, "test"), read_submission(voted / "submission.csv")
    assert len(submission.names) == 4
    for name, ids in zip(submission.names, submission.maps, strict=True):
        probs = mean(pair, name)
        rows, columns = (torch.arange(256) * side // 256 for side in probs.shape[1:])
        expected = probs.argmax(0)[rows[:, None], columns].numpy()
        top = probs.topk(2, dim=0).values
        clear = (top[0] - top[1] > 1e-5)[rows[:, None], columns].numpy()
        np.testing.assert_array_equal(ids[clear], expected[clear])


def test_the_kept_probabilities_are_the_weighted_mean(voted: Path) -> None:
    kept, pair = open_store(voted / "store"), stores(voted, "test")
    for name in kept:
        # Both are rounded to 1/254, and a winner may be lifted by one step more.
        assert (kept.probs(name) - mean(pair, name)).abs().max() < 3 / 254


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # pycocotools and numpy 2
def test_the_score_is_that_of_the_mean_on_all_pixels(voted: Path, root: Path) -> None:
    pair, total = stores(voted, "val"), np.zeros((11, 11), np.int64)
    for name, mask in masks(root):
        total += confusion_matrix(mean(pair, name).argmax(0), torch.from_numpy(mask), 11).numpy()
    found = read(voted / "metrics.json")
    assert np.abs(np.array(found["confusion_matrix"]) - total).sum() <= 0.001 * total.sum()
    assert found["miou"] == pytest.approx(float(mean_iou(torch.from_numpy(total))), abs=0.002)


def test_the_record_says_who_took_part(voted: Path, networks: list[Path]) -> None:
    record = read(voted / "ensemble.json")
    assert list(record["members"].values()) == [str(path) for path in networks]
    assert [row[0] for row in record["weights"].values()] == [2, 1]
    assert record["score"]["held_out"] is None


def test_going_on_after_a_kill_gives_the_same_bytes(
    verb: Verb, voted: Path, networks: list[Path], tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(voted, folder)
    for gone in (folder / "members" / "b", folder / "store"):
        shutil.rmtree(gone)
    (folder / "submission.csv").unlink()
    # What a kill in the middle of the third photograph leaves.
    store = folder / "members" / "a" / "test"
    lines = (store / "index.jsonl").read_bytes().splitlines(keepends=True)
    (store / "index.jsonl").write_bytes(b"".join(lines[:2]) + lines[2][:20])
    members = f"members={{a: {networks[0]}, b: {networks[1]}}}"
    verb("ensemble", members, "weights=[2,1]", "save=probs", "keep=probs", *OPTIONS, f"hydra.run.dir={folder}")
    for name in ("members/a/test/maps.bin", "members/b/test/maps.bin", "store/maps.bin", "submission.csv"):
        assert (folder / name).read_bytes() == (voted / name).read_bytes(), name


def test_hard_votes_of_submissions_need_no_data(verb: Verb, voted: Path, tmp_path: Path) -> None:
    paths = []
    for member in range(3):
        paths.append(tmp_path / f"{member}.csv")
        shutil.copy(voted / "submission.csv", paths[-1])
    out = tmp_path / "run"
    verb("ensemble", f"members=[{','.join(map(str, paths))}]", "vote=hard", f"hydra.run.dir={out}")
    assert (out / "submission.csv").read_bytes() == (voted / "submission.csv").read_bytes()


@pytest.mark.filterwarnings("ignore:__array__ implementation")
def test_greedy_search_takes_the_member_that_knows(
    verb: Verb, voted: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store that holds the labels themselves, among members that know nothing."""
    source = open_store(voted / "members" / "a" / "val")
    rng = torch.Generator().manual_seed(0)
    with (
        StoreWriter(tmp_path / "knows", source.classes, "probs", {}) as knows,
        StoreWriter(tmp_path / "noise", source.classes, "probs", {}) as noise,
    ):
        for name, mask in masks(root):
            truth = torch.nn.functional.one_hot(torch.from_numpy(mask).long(), 11).permute(2, 0, 1).float()
            knows.add(name, 0.9 * truth + 0.1 / 11)
            noise.add(name, torch.randn(truth.shape, generator=rng).softmax(0))
    run = tmp_path / "run"
    members = f"members=[{tmp_path / 'noise'},{tmp_path / 'knows'}]"
    options = ["search=greedy", "test=false", f"data.root={root}", "data=recycle", "data.num_workers=0"]
    verb("ensemble", members, *options, f"hydra.run.dir={run}")
    record = read(run / "ensemble.json")
    assert record["weights"]["knows"][0] == 1
    assert record["score"]["alone"][1] > 0.99
    assert record["score"]["held_out"][0] > 0.95
    assert read(run / "metrics.json")["miou"] > 0.95
    assert not (run / "submission.csv").exists()
    assert not (run / "pixels.npy").exists()
    assert "chosen on other photographs" in capsys.readouterr().out


def test_what_cannot_be_counted_is_refused(voted: Path, refused: Callable[..., str], tmp_path: Path) -> None:
    out, csv, a = f"hydra.run.dir={tmp_path}", voted / "submission.csv", voted / "members" / "a" / "test"
    assert "vote=hard" in refused("ensemble", f"members=[{csv}]", out)
    assert "does not exist" in refused("ensemble", "members=[nowhere.ckpt]", out)
    assert "twice" in refused("ensemble", f"members=[{csv},{csv}]", "vote=hard", out)
    assert "tells how good" in refused("ensemble", f"members=[{csv}]", "vote=hard", "search=greedy", out)
    assert "weights has 2 values for 1" in refused("ensemble", f"members=[{a}]", "weights=[1,2]", out)
    assert "Did you mean Battery" in refused("ensemble", f"members=[{csv}]", "vote=hard", "tie_break=[Batery]", out)
    assert "vote=softt" in refused("ensemble", f"members=[{csv}]", "vote=softt", out)
    assert "chooses the weights itself" in refused("ensemble", f"members=[{a}]", "search=greedy", "weights=[1]", out)
