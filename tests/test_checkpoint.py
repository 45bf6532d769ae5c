"""A trained network from its file alone, and files that are not to be trusted."""

from __future__ import annotations

import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

from trashseg.checkpoint import (
    check_resume,
    check_targets,
    find_checkpoint,
    load_trained,
    read_checkpoint,
    read_training,
)
from trashseg.config.paths import conf_dir
from trashseg.types import CheckpointError, ClassTable

TABLE = ClassTable.from_mapping(OmegaConf.load(conf_dir() / "data/classes/trash11.yaml"))  # type: ignore[arg-type]
OVERRIDES = [
    "model=unet_lite0", "model.encoder_name=tu-test_resnet.r160_in1k", "model.pretrained=false",
    "+model.options.decoder_channels=[16,8,8,8,8]", "data.image_size=32", "data.batch_size=2", "data.num_workers=0",
    "trainer=cpu", "trainer.max_epochs=1", "trainer.limit_train_batches=1", "trainer.enable_progress_bar=false",
    "trainer.num_sanity_val_steps=0", "callbacks=none", "logger=none", "aug=none",
]  # fmt: skip


@pytest.fixture(scope="module")
def fitted(
    composed: Any, tiny_coco: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Any, dict[str, Any]]:
    """One step of training on six photographs, saved; and the network as it was then."""
    from trashseg import build
    from trashseg.callbacks.carry_config import CarryConfig
    from trashseg.config import plain
    from trashseg.module import SegmentationModule
    from trashseg.quiet import quiet

    path = tmp_path_factory.mktemp("run") / "checkpoints/last.ckpt"
    cfg = composed("train", *OVERRIDES, f"data.root={tiny_coco}", f"run_dir={path.parents[1]}")
    torch.manual_seed(0)
    with warnings.catch_warnings():
        quiet()
        datamodule = build.build_datamodule(cfg.data, cfg.aug)
        table = datamodule.classes
        module = SegmentationModule(
            build.build_net(cfg.model, len(table)), build.build_loss(cfg.loss, table), build.build_recipe(cfg.optim),
            table,
        )  # fmt: skip
        carry = CarryConfig(plain(cfg), table.to_mapping())
        trainer = build.build_trainer(cfg.trainer, [carry], [])
        trainer.fit(module, datamodule)
        trainer.save_checkpoint(path)
    return path, module.net.eval(), plain(cfg)


def test_a_checkpoint_gives_the_same_network_without_anything_else(fitted: Any, monkeypatch: Any) -> None:
    path, net, config = fitted
    monkeypatch.setattr("trashseg.models.smp.timm_state", lambda _: pytest.fail("asked for published weights"))
    trained = load_trained(path)
    x = torch.rand(2, 3, 50, 65, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(trained.net(x), net(x))
    assert not trained.net.training
    assert trained.config == config
    assert trained.table.names[0] == "Background"
    assert len(trained.table) == 11


def test_what_it_says_is_read_without_building_the_network(fitted: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr("trashseg.checkpoint.instantiate", lambda *_, **__: pytest.fail("built the network"))
    training = read_training(fitted[0])
    assert (training.table, training.config) == (TABLE, fitted[2])
    with pytest.raises(CheckpointError, match="class table is damaged"):
        read_training(altered(fitted[0], tmp_path, classes={"Paper": {"id": 3}}))


def test_the_file_holds_plain_values_only(fitted: Any) -> None:
    content = torch.load(fitted[0], weights_only=True)
    assert content["config"]["model"]["arch"] == "Unet"
    assert content["classes"]["Battery"] == {"id": 9, "ko": "배터리", "color": [64, 64, 128]}


def test_starting_weights_that_are_gone_do_not_matter(fitted: Any, tmp_path: Path) -> None:
    path, net, _ = fitted
    changed = altered(path, tmp_path, model={"pretrained": True, "weights": "/no/such/file.pth"})
    assert set(load_trained(changed).net.state_dict()) == set(net.state_dict())


def altered(path: Path, folder: Path, *, model: dict[str, Any] | None = None, **content: Any) -> Path:
    """Write a copy of a checkpoint with other content; None removes an entry."""
    whole = torch.load(path, weights_only=True)
    if model is not None:
        whole["config"]["model"].update(model)
    whole.update(content)
    target = folder / "altered.ckpt"
    torch.save({key: value for key, value in whole.items() if value is not None}, target)
    return target


def refused(path: Path, *words: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        load_trained(path)
    message = str(caught.value)
    assert "\n" not in message
    for word in (str(path), *words):
        assert word in message


def test_damaged_files(fitted: Any, tmp_path: Path) -> None:
    whole = fitted[0].read_bytes()
    rng = torch.Generator().manual_seed(2)
    noise = bytes(torch.randint(0, 256, (5000,), generator=rng, dtype=torch.uint8).tolist())
    pickled = pickle.dumps({"state_dict": {}, "config": {}})
    contents = [b"", b"text", noise, whole[:1000], whole[: len(whole) // 2], whole[:-100], pickled, pickled[:-5]]
    contents += [pickled[:i] + noise[:3] + pickled[i:] for i in range(0, len(pickled), 7)]
    for number, content in enumerate(contents):
        path = tmp_path / f"{number}.ckpt"
        path.write_bytes(content)
        refused(path)
    refused(tmp_path, "there is no checkpoint")
    refused(tmp_path / "absent.ckpt", "there is no checkpoint", "ckpt_path=")


def test_foreign_files(fitted: Any, tmp_path: Path) -> None:
    path = fitted[0]
    for name, content in enumerate(([1, 2], torch.ones(3), {"state_dict": {}}, {1: 2})):
        torch.save(content, tmp_path / f"{name}.ckpt")
        refused(tmp_path / f"{name}.ckpt", "is not a checkpoint of trashseg train")
    for missing in ("state_dict", "config", "classes"):
        refused(altered(path, tmp_path, **{missing: None}), "is not a checkpoint of trashseg train")
    refused(altered(path, tmp_path, config={"model": 3, "data": {}}), "is not a checkpoint of trashseg train")
    refused(altered(path, tmp_path, config={"data": {}}), "is not a checkpoint of trashseg train")


def test_other_number_of_classes(fitted: Any, tmp_path: Path) -> None:
    classes = {name: {"id": i, "ko": name, "color": [0, 0, 0]} for i, name in enumerate("abc")}
    refused(altered(fitted[0], tmp_path, classes=classes), "do not fit", "segmentation_head")
    for broken in ({"a": {"id": 0}}, {"a": 3}, {}, {"a": {"id": 4, "color": [0, 0, 0]}}, {"a": {"id": "x"}}):
        refused(altered(fitted[0], tmp_path, classes=broken), "class table")


def test_missing_weights(fitted: Any, tmp_path: Path) -> None:
    state = torch.load(fitted[0], weights_only=True)["state_dict"]
    del state[next(name for name in state if name.startswith("net."))]
    refused(altered(fitted[0], tmp_path, state_dict=state), "do not fit")


# The config is looked at before the weights: attacks need none.
SMALL: dict[str, Any] = {"state_dict": {}, "optimizer_states": None, "loops": None}
ATTACKS = [
    "os.system",
    "builtins.eval",
    "builtins.exec",
    "trashseg.files.os.system",
    "trashseg.files.shutil.rmtree",
    "trashseg.files.Path",
    "trashseg.checkpoint.torch.nn.Linear",
    "torch.nn.Linear",
    "subprocess.run",
    "trashsegment.Net",
    "trashseg.config.instantiate",
    "trashseg.build.build_net",
    "trashseg.files.write_json",
    "trashseg",
    "trashseg.",
    "trashseg..models",
    "trashseg.models.no_such.Net",
    "",
]


@pytest.mark.parametrize("target", ATTACKS)
def test_foreign_targets_are_refused(fitted: Any, tmp_path: Path, target: str) -> None:
    made = tmp_path / "made"
    attack = {"_target_": target, "_args_": [f"touch {made}"]}
    forms: list[dict[str, Any]] = [
        {"_target_": target, "command": f"touch {made}"},
        {"options": {"decoder_channels": [16, 8, 8, 8, 8], "x": attack}},
        {"options": {"x": [[attack]]}},
        {"mean": [attack, 1.0, 1.0]},
        {"options": {"_target_": attack}},
        {"options": {"x": {"_target_": target, "_partial_": True}}},
    ]
    for form in forms:
        refused(altered(fitted[0], tmp_path, model=form, **SMALL))
    assert not made.exists()


@pytest.mark.parametrize(
    "text",
    [
        "${oc.create:{_target_:pathlib.Path.mkdir,self:{_target_:pathlib.Path,_args_:[made]}}}",
        "${oc.env:HOME}",
        "${oc.decode:'1'}",
        "a ${oc.env:HOME} b",
    ],
)
def test_interpolations_are_refused(fitted: Any, tmp_path: Path, text: str, monkeypatch: Any) -> None:
    """An interpolation may create a node with a target after the targets were looked at."""
    monkeypatch.chdir(tmp_path)
    for form in ({"options": text}, {"options": {"x": [text]}}, {"encoder_name": text}, {"options": {text: 1}}):
        refused(altered(fitted[0], tmp_path, model=form, **SMALL), "interpolation")
    assert not (tmp_path / "made").exists()


class Harmful:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_code_in_the_file_is_not_run(fitted: Any, tmp_path: Path) -> None:
    made = tmp_path / "made"
    refused(altered(fitted[0], tmp_path, extra=Harmful(made)), "more than weights and values")
    (tmp_path / "raw.ckpt").write_bytes(pickle.dumps(Harmful(made)))
    refused(tmp_path / "raw.ckpt")
    assert not made.exists()


def test_a_class_of_ours_that_is_no_network(fitted: Any, tmp_path: Path) -> None:
    content = torch.load(fitted[0], weights_only=True)
    content["config"]["model"] = {"_target_": "trashseg.tta.TTA", "scales": [1.0], "flips": ["none"]}
    torch.save(content, tmp_path / "tta.ckpt")
    with pytest.raises(Exception, match=r"unexpected keyword|no network") as caught:
        load_trained(tmp_path / "tta.ckpt")
    assert type(caught.value).__name__ in ("CheckpointError", "ConfigError")


def test_our_own_targets_pass(fitted: Any) -> None:
    check_targets(fitted[2]["model"], fitted[0])
    check_targets(fitted[2]["data"], fitted[0])
    check_targets(fitted[2]["loss"], fitted[0])


# --- finding and resuming


def touch(path: Path, age: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    os.utime(path, (1e9 - age, 1e9 - age))
    return path


def test_best_and_last_are_those_of_the_newest_run(tmp_path: Path) -> None:
    for age, day in ((3, "a"), (1, "b"), (2, "c")):
        touch(tmp_path / f"train/{day}/checkpoints/best.ckpt", age)
        touch(tmp_path / f"train/{day}/checkpoints/last.ckpt", 5 - age)
    for verb in ("evaluate", "train"):
        assert find_checkpoint("best", tmp_path / verb / "now").parts[-3] == "b"
        assert find_checkpoint("last", tmp_path / verb / "now").parts[-3] == "a"
    # A run that goes on in its own folder takes its own.
    own = touch(tmp_path / "train/now/checkpoints/last.ckpt", 100)
    assert find_checkpoint("last", tmp_path / "train/now") == own


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    assert find_checkpoint("runs/x.ckpt", tmp_path) == Path("runs/x.ckpt")
    assert find_checkpoint("~/x.ckpt", tmp_path) == Path.home() / "x.ckpt"
    assert find_checkpoint(3, tmp_path) == Path("3")  # type: ignore[arg-type]


def test_nothing_to_find(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"ckpt_path=last: there is no last\.ckpt in .*give its path"):
        find_checkpoint("last", tmp_path / "train/now")


def test_resume_with_the_same_options(fitted: Any) -> None:
    path, _, config = fitted
    check_resume(path, config, TABLE)
    # Where the weights once came from does not matter, nor how long to train.
    model = {**config["model"], "pretrained": True, "weights": "x.pth"}
    check_resume(path, {**config, "model": model, "trainer": {**config["trainer"], "max_epochs": 9}}, TABLE)


@pytest.mark.parametrize(
    ("group", "changes", "words"),
    [
        ("model", {"arch": "FPN"}, ["model.arch=Unet", "model.arch=FPN"]),
        ("optim", {"lr": 0.5}, ["optim.lr=0.0005", "optim.lr=0.5"]),
        ("loss", {"extra": 1}, ["loss.extra=None", "loss.extra=1"]),
    ],
)
def test_resume_with_other_options(fitted: Any, group: str, changes: dict[str, Any], words: list[str]) -> None:
    path, _, config = fitted
    with pytest.raises(CheckpointError) as caught:
        check_resume(path, {**config, group: {**config[group], **changes}}, TABLE)
    for word in (*words, f"model.weights={path}"):
        assert word in str(caught.value)


def test_resume_with_other_classes(fitted: Any) -> None:
    path, _, config = fitted
    fewer = ClassTable(TABLE.classes[:4])
    with pytest.raises(CheckpointError, match=r"predicts Background, .*; the data set has Background, .*Paper pack\."):
        check_resume(path, config, fewer)


def test_what_the_message_offers_works(fitted: Any) -> None:
    """model.weights=CHECKPOINT starts a new run from a trained network, of other classes too."""
    from trashseg.build import build_net

    path, net, config = fitted
    state = net.state_dict()
    same = build_net({**config["model"], "weights": str(path)}, 11).state_dict()
    assert all(torch.equal(value, same[name]) for name, value in state.items())
    fewer = build_net({**config["model"], "weights": str(path)}, 4).state_dict()
    differing = {
        name for name, value in state.items() if value.shape != fewer[name].shape or not torch.equal(value, fewer[name])
    }
    assert differing == {"net.segmentation_head.0.weight", "net.segmentation_head.0.bias"}


def test_read_checkpoint_gives_the_steps_done(fitted: Any) -> None:
    assert read_checkpoint(fitted[0])["global_step"] == 1
