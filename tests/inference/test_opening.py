"""A checkpoint and the data set that it is tried on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from trashseg.checkpoint import Trained
from trashseg.inference.opening import build_eval_data, given_keys
from trashseg.models.contract import SegmentationNet
from trashseg.types import CheckpointError, ClassTable, Split

TARGET = "trashseg.data.datamodule.TrashDataModule"


class Plain(SegmentationNet):
    def logits(self, x: torch.Tensor) -> torch.Tensor:
        return x


def classes(*names: str) -> dict[str, Any]:
    return {name: {"id": i, "ko": name, "color": [i, i, i]} for i, name in enumerate(("Background", *names))}


def trained_on(root: Path, *names: str, **data: Any) -> Trained:
    """Return a network of the classes ``names`` that was trained at 96 pixels, padded, on ``root``."""
    config = {"data": {"_target_": TARGET, "root": str(root), "image_size": 96, "resize": "pad", "num_workers": 0,
                       "cache_dir": "/no/such/cache", "classes": classes(*names), **data}}  # fmt: skip
    net = Plain((0.5,) * 3, (0.5,) * 3, 1)
    return Trained(Path("best.ckpt"), ClassTable.from_mapping(classes(*names)), config, net)


@pytest.fixture
def root(make_coco: Callable[..., Path]) -> Path:
    return make_coco({"train": 2, "val": 2}, categories=["Paper", "Metal"])


def own(**given: Any) -> dict[str, Any]:
    """The option data=checkpoint, with what a command line sets."""
    keys = ("root", "train", "val", "test", "image_size", "batch_size", "num_workers", "on_bad", "cache_dir")
    return {**dict.fromkeys(keys), **given}


def chosen(root: Path, **given: Any) -> dict[str, Any]:
    return {"_target_": TARGET, "root": str(root), "image_size": 512, "resize": "stretch", "num_workers": 0,
            "classes": classes("Paper", "Metal"), **given}  # fmt: skip


def test_the_checkpoints_own_data(root: Path) -> None:
    datamodule = build_eval_data(own(), trained_on(root, "Paper", "Metal"), set())
    assert datamodule.resize.image_size == 96
    assert len(datamodule.dataset(Split.VAL)) == 2


def test_its_cache_is_this_machines(root: Path, tmp_path: Path) -> None:
    assert build_eval_data(own(), trained_on(root, "Paper", "Metal"), set()).source.cache_dir is None
    given = own(cache_dir=str(tmp_path))
    assert build_eval_data(given, trained_on(root, "Paper", "Metal"), {"cache_dir"}).source.cache == tmp_path


def test_own_data_from_another_place_and_at_another_size(root: Path, tmp_path: Path) -> None:
    trained = trained_on(tmp_path / "gone", "Paper", "Metal")
    datamodule = build_eval_data(own(root=str(root), image_size=64, batch_size=1), trained, {"root"})
    assert (datamodule.resize.image_size, datamodule.resize.mode, datamodule.batch_size) == (64, "pad", 1)
    assert len(datamodule.dataset(Split.VAL)) == 2


def test_a_chosen_set_reaches_the_network_as_in_training(root: Path, tmp_path: Path) -> None:
    trained = trained_on(tmp_path / "gone", "Paper", "Metal")
    datamodule = build_eval_data(chosen(root), trained, {"root"})
    assert (datamodule.resize.image_size, datamodule.resize.mode) == (96, "pad")
    datamodule = build_eval_data(chosen(root, image_size=128), trained, {"image_size", "root"})
    assert (datamodule.resize.image_size, datamodule.resize.mode) == (128, "pad")
    datamodule = build_eval_data(chosen(root), trained, {"resize"})
    assert (datamodule.resize.image_size, datamodule.resize.mode) == (96, "stretch")


@pytest.mark.parametrize("names", [("Paper", "Glass"), ("Metal", "Paper"), ("Paper",), ("Paper", "Metal", "Glass")])
def test_other_classes_are_refused(root: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(CheckpointError) as caught:
        build_eval_data(chosen(root), trained_on(root, *names), set())
    message = str(caught.value)
    assert "\n" not in message
    for word in ("best.ckpt", ", ".join(names), "Paper, Metal", "data.category_map"):
        assert word in message


def test_classes_derived_from_the_file_are_compared_too(root: Path) -> None:
    assert build_eval_data(chosen(root, classes=None), trained_on(root, "Paper", "Metal"), set())
    with pytest.raises(CheckpointError, match="the classes differ"):
        build_eval_data(chosen(root, classes=None), trained_on(root, "Paper", "Tin"), set())


@pytest.mark.parametrize(
    "data", [{"_target_": "os.system"}, {"category_map": {"x": {"_target_": "os.getcwd"}}}, {"order": "${oc.env:HOME}"}]
)
def test_a_checkpoint_cannot_smuggle_code_into_its_data(root: Path, data: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match="do not trust this file"):
        build_eval_data(own(), trained_on(root, "Paper", "Metal", **data), set())


def test_a_class_that_is_no_data_set(root: Path) -> None:
    trained = trained_on(root, "Paper", "Metal")
    trained.config["data"] = {"_target_": "trashseg.data.augment.Augment", "transforms": {}}
    with pytest.raises(Exception, match=r"aug|Augment") as caught:
        build_eval_data({}, trained, set())
    assert type(caught.value).__name__ in ("CheckpointError", "ConfigError")


def test_keys_given_on_the_command_line() -> None:
    overrides = ["data=taco", "data.root=x=y", "++data.image_size=3", "+data.resize=pad", "tta=flip", "database.x=1"]
    assert given_keys(overrides, "data") == {"root", "image_size", "resize"}
