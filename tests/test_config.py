"""The command line: every option composes, fits its target, and every slip is answered in one line before torch."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hydra.utils import get_object
from omegaconf import OmegaConf

CONF = Path(__file__).parents[1] / "conf"
VERBS = (
    "train", "check", "evaluate", "predict", "submit", "models", "browse", "split", "cv",
    "inspect", "audit", "ensemble", "pseudo", "tta_search", "tune_speed", "reproduce", "runs",
)  # fmt: skip
NEEDS = {
    "evaluate": ["ckpt_path=x"],
    "submit": ["ckpt_path=x"],
    "predict": ["ckpt_path=x", "source=y"],
    "audit": ["cv=x"],
    "ensemble": ["members=[x]"],
    "pseudo": ["ensemble=x"],
    "reproduce": ["run=x"],
    "given": ["grouping.path=x"],
    "name": ["grouping.pattern=x"],
}
"""What a verb, or an option, cannot do without."""


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def groups_of(verb: str) -> list[str]:
    defaults = OmegaConf.to_container(OmegaConf.load(CONF / f"{verb}.yaml").defaults)
    assert isinstance(defaults, list)
    return [name for entry in defaults if isinstance(entry, dict) for name in entry]


CHOICES = [
    (verb, group, option)
    for verb in VERBS
    for group in groups_of(verb)
    for option in options(group)
    # Where a trained network runs: not enough to train one.
    if (verb, option) not in (("train", "device"), ("tune_speed", "device"))
    # The checkpoint's own data set stands for no training data.
    and (verb in ("evaluate", "submit", "ensemble", "tta_search") or (group, option) != ("data", "checkpoint"))
]
NESTED = [("optim/schedule", option) for option in options("optim/schedule")]
NESTED += [(group, option) for group in ("data/classes", "data/sampler") for option in options(group)]


def test_every_group_of_the_design_is_there() -> None:
    wanted = [
        "data",
        "model",
        "aug",
        "mix",
        "loss",
        "optim",
        "tta",
        "trainer",
        "callbacks",
        "logger",
        "experiment",
        "debug",
    ]
    assert sorted(groups_of("train")) == sorted(wanted)
    assert all(options(group) for group in wanted)


def targets(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield dict(node)
        for value in node.values():
            yield from targets(value)


def accepted(function: Any, node: Mapping[str, Any]) -> set[str]:
    """The keywords that a class takes, those that it hands on to a base class or to a data set's kind included."""
    names: set[str] = set()
    classes = inspect.getmro(function) if inspect.isclass(function) else (function,)
    for cls in classes:
        if inspect.isclass(cls) and "__init__" not in vars(cls):
            continue
        parameters = inspect.signature(cls).parameters
        names |= set(parameters)
        if not any(p.kind == p.VAR_KEYWORD for p in parameters.values()):
            break
    if "kind" in names:
        from trashseg.data.kinds import KINDS

        names |= set(inspect.signature(KINDS[node["kind"]]).parameters)
    if any(cls.__name__ == "SegmentationNet" for cls in classes):
        from trashseg.models.contract import Execution

        names |= set(Execution.__annotations__)
    if any(cls.__name__ == "WandbLogger" for cls in classes):
        # What the logger does not know itself goes to wandb.init; these are of its documented ones.
        names |= {"group", "tags", "notes", "job_type"}
    return names


@pytest.mark.parametrize(("verb", "group", "option"), CHOICES, ids=[f"{v}-{g}-{o}" for v, g, o in CHOICES])
def test_every_option_composes_and_fits_its_target(composed: Any, verb: str, group: str, option: str) -> None:
    cfg = composed(verb, *NEEDS.get(verb, []), f"{group}={option}", *NEEDS.get(option, []), "run_dir=r")
    assert not OmegaConf.missing_keys(cfg)
    content = OmegaConf.to_container(cfg, resolve=True)
    assert isinstance(content, dict)
    # Experiments and debug options merge into the other groups.
    looked_at = content if group in ("experiment", "debug") else {group: content[group]}
    for node in targets(looked_at):
        target = get_object(node["_target_"])
        unknown = {key for key in node if not key.startswith("_")} - accepted(target, node)
        assert not unknown, f"{node['_target_']} does not take {unknown}"


@pytest.mark.parametrize(("group", "option"), NESTED, ids=["/".join(pair) for pair in NESTED])
def test_every_nested_option_composes(composed: Any, group: str, option: str) -> None:
    cfg = composed("train", f"{group}={option}")
    node = OmegaConf.select(cfg, group.replace("/", "."))
    for found in targets(OmegaConf.to_container(node)):
        assert {key for key in found if key != "_target_"} <= accepted(get_object(found["_target_"]), found)


def test_choices_that_must_hold(composed: Any) -> None:
    assert composed("train", "data=coco").data.classes == {}
    assert len(composed("train", "data=coco", "data/classes=trash11").data.classes) == 11
    assert "crop" not in composed("train", "~aug.crop").aug
    assert composed("train", "aug.crop.p=0").aug.crop.p == 0
    assert composed("train", "aug=strong", "aug.color.transforms.clahe=null").aug.color.transforms.clahe is None
    assert composed("train", "mix=strong").mix.cutmix.p == 0.25
    assert "mosaic" not in composed("train", "mix=strong", "~mix.mosaic").mix
    assert (
        composed("train", "mix=copy_paste", "mix.copy_paste.classes={Paper pack: 2}").mix.copy_paste.classes[
            "Paper pack"
        ]
        == 2
    )
    assert composed("train", "data=taco", "data/sampler=repeat_factor").data.sampler.threshold == 0.2
    # The debug group is last: it wins against an experiment.
    assert composed("train", "experiment=plain", "debug=fast").trainer.max_epochs == 1
    # A data set's own list of categories replaces none of the competition's.
    assert composed("train", "data=taco").data.category_map["Shoe"] == "Clothing"


# Many command lines in one process, each answered before the verb's own work begins.
ANSWER = """
import contextlib, io, json, runpy, sys
answers = []
for verb, overrides in json.loads(sys.stdin.read()):
    sys.argv = ["trashseg", *overrides]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_module("trashseg." + verb, run_name="__main__", alter_sys=True)
        except SystemExit as leave:
            code = leave.code
    heavy = [name for name in ("torch", "lightning", "timm", "albumentations") if name in sys.modules]
    answers.append({"code": code, "out": out.getvalue(), "err": err.getvalue(), "heavy": heavy})
print(json.dumps(answers))
"""
ENVIRONMENT = {"PYTHONPATH": str(CONF.parent), "PATH": ""}


def answer(commands: list[tuple[str, list[str]]], cwd: Path) -> list[dict[str, Any]]:
    """Run command lines in a fresh Python and return what each printed, its exit status and the heavy imports."""
    result = subprocess.run(
        [sys.executable, "-c", ANSWER], input=json.dumps(commands), capture_output=True, text=True, timeout=120,
        cwd=cwd, env={**ENVIRONMENT, "HOME": str(cwd)}, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    answers: list[dict[str, Any]] = json.loads(result.stdout)
    return answers


MISTAKES = [
    ("train", ["model=unet_effb8"], ["model=unet_effb8", "unet_effb7"]),
    ("train", ["modle=unet_effb7"], ["'modle'", "Did you mean model?"]),
    ("train", ["trainer.max_epoch=3"], ["'max_epoch'", "trainer", "max_epochs"]),
    ("train", ["optim.schedule.powr=1"], ["'powr'", "optim.schedule", "Did you mean power?"]),
    ("train", ["optim/schedule=pooly"], ["optim/schedule=pooly", "Did you mean poly?"]),
    ("train", ["model=unet_lite0", "model.weight=x"], ["'weight'", "Did you mean weights?"]),
    ("train", ["model.pretrained.x=1"], ["model.pretrained is a single value"]),
    ("train", ["~aug.crp"], ["~aug.crp", "Did you mean crop?"]),
    ("train", ["~model", "data=synthetic"], ["model is not set", "unet_lite0"]),
    ("train", ["model=null"], ["GROUP=OPTION"]),
    ("train", ["hydra.run.dri=x"], ["hydra.run.dri", "--info"]),
    ("train", [], ["data.root is not set", "TRASHSEG_DATA", "data=synthetic"]),
    ("train", ["data.root=${nope}"], ["data.root", "nope"]),
    ("train", ["data.root=.", "data.batch_size=0"], ["data.batch_size=0", "whole number"]),
    ("train", ["data.root=.", "data.image_size=big"], ["data.image_size=big", "whole number"]),
    ("train", ["data.root=.", "data.num_workers=-1"], ["data.num_workers=-1"]),
    ("train", ["data.root=.", "seed=x"], ["seed=x"]),
    ("train", ["-m", "data=synthetic", "aug=light,strnog"], ["aug=strnog", "strong"]),
    ("evaluate", [], ["ckpt_path has no value", "ckpt_path=..."]),
    ("evaluate", ["ckpt_path=x", "tta=flp"], ["tta=flp", "Did you mean flip?"]),
    ("predict", ["ckpt_path=x"], ["source has no value"]),
    ("submit", ["ckpt_path=x", "shrnk=area"], ["'shrnk'", "Did you mean shrink?"]),
    ("check", ["data.ordr=x"], ["'ordr'", "Did you mean order?"]),
    ("train", ["trainer.gpus=4"], ["no key 'gpus' in trainer", "accelerator", "+trainer.gpus="]),
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return answer([(verb, overrides) for verb, overrides, _ in MISTAKES], tmp_path_factory.mktemp("mistakes"))


@pytest.mark.parametrize("case", range(len(MISTAKES)), ids=[" ".join([v, *o]) for v, o, _ in MISTAKES])
def test_a_mistake_is_one_line_before_torch(answers: list[dict[str, Any]], case: int) -> None:
    given, words = answers[case], MISTAKES[case][2]
    assert given["code"] == 2, given["err"]
    assert given["heavy"] == []
    lines = [line for line in given["err"].splitlines() if line.strip()]
    assert len(lines) == 1, given["err"]
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]


def test_help_lists_groups_without_torch(tmp_path: Path) -> None:
    for verb, given in zip(VERBS, answer([(verb, ["--help"]) for verb in VERBS], tmp_path), strict=True):
        assert given["heavy"] == []
        assert given["out"].startswith(f"trashseg {verb}: "), given
        assert {line.partition(":")[0] for line in given["out"].split("Keys")[0].splitlines()} >= set(groups_of(verb))
        assert "$" not in given["out"].split("Keys")[0]


def test_module_help_without_torch(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "trashseg.train", "--help"]
    result = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, timeout=60, env=ENVIRONMENT, check=True
    )
    imported = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "hydra" in imported
    assert not imported & {"torch", "lightning", "timm", "torchvision", "albumentations", "matplotlib", "cv2"}


def test_a_sweep_goes_on_after_a_failed_job(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "trashseg.train", "-m", "data=synthetic", "seed=x,-1", "data.root=${oc.env:HOME}"],
        capture_output=True, text=True, timeout=120, cwd=tmp_path, check=False,
        env={**ENVIRONMENT, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert result.returncode == 2, result.stderr
    for seed in ("x", "-1"):
        # Each job said so itself, and the table at the end says it again.
        assert f"error: seed={seed} is not" in result.stderr
        assert f"       seed={seed} is not" in result.stdout
    assert "Traceback" not in result.stderr


AUG_MISTAKES = [
    (["+aug.flip.q=1"], "'q'"),
    (["aug=strong", "+aug.color.transforms.clahe.limit=2"], "'limit'"),
    (["aug.flip.p=2"], "less than or equal to 1"),
    (["aug.flip=3"], "aug.flip=3"),
    (["+aug.x._target_=albumentations.Nope"], "Nope"),
]


@pytest.mark.parametrize(("overrides", "word"), AUG_MISTAKES, ids=lambda value: str(value)[:30])
def test_a_wrong_transform_is_a_config_error(composed: Any, overrides: list[str], word: str) -> None:
    from trashseg.build import build_datamodule
    from trashseg.types import ConfigError

    cfg = composed("train", "data=synthetic", *overrides)
    with pytest.raises(ConfigError, match=word) as caught:
        build_datamodule(cfg.data, cfg.aug)
    assert "\n" not in str(caught.value)


def test_a_keyword_that_the_target_lacks_is_a_config_error(composed: Any) -> None:
    from trashseg.build import build_datamodule, build_net
    from trashseg.types import ConfigError

    with pytest.raises(ConfigError, match="rot"):
        build_datamodule(composed("train", "data=synthetic", "+data.rot=1").data)
    cfg = composed("train", "model=unet_lite0", "model.pretrained=false", "+model.options.decodr=1")
    with pytest.raises(ConfigError, match="decodr"):
        build_net(cfg.model, 11)
