"""What a run leaves in its folder before it begins."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from trashseg.provenance import CONFIG, NAME, compare_inputs, compare_surroundings, leave_record, read_starts
from trashseg.provenance.software import PACKAGES, installed, versions
from trashseg.types import DataError, TrashsegError


def config_of(root: Path, **more: Any) -> dict[str, Any]:
    data = {"root": str(root), "train": "train.json", "val": "val.json", "test": "none.json"}
    return {"seed": 7, "run_dir": "r", "ckpt_path": None, "resume": None, "data": data, **more}


def test_the_record_holds_config_command_software_machine_and_data(tiny_coco: Path, tmp_path: Path) -> None:
    config = config_of(tiny_coco, optim={"lr": 1e-5, "name": "1e-4", "Klasse": "유리", "none": None})
    leave_record(tmp_path, "train", config)
    assert yaml.safe_load((tmp_path / CONFIG).read_text(encoding="utf-8")) == config
    (start,) = read_starts(tmp_path)
    assert (start.verb, start.seed, start.config, start.folder) == ("train", 7, config, str(Path.cwd()))
    assert sys.orig_argv[-1] in start.command
    assert start.versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert start.versions["torch"] == metadata.version("torch")
    assert start.machine["cores"] == len(os.sched_getaffinity(0))
    assert start.machine["memory_gib"] > 0.1
    found = start.inputs["annotations"]
    assert found == {
        str(tiny_coco / name): hashlib.sha256((tiny_coco / name).read_bytes()).hexdigest()
        for name in ("train.json", "val.json")
    }


def test_photographs_are_known_by_names_and_sizes(make_coco: Any, tmp_path: Path) -> None:
    root = make_coco({"train": 4, "val": 2})
    config = config_of(root)
    leave_record(tmp_path, "train", config)
    (first,) = read_starts(tmp_path)
    paths = sorted(root.glob("*/*.jpg"))
    photographs = first.inputs["photographs"]
    assert (photographs["number"], photographs["missing"]) == (6, 0)
    assert photographs["bytes"] == sum(path.stat().st_size for path in paths)
    lines = "".join(f"{path.relative_to(root)}\t{path.stat().st_size}\n" for path in paths)
    assert photographs["sha256_of_names_and_sizes"] == hashlib.sha256(lines.encode()).hexdigest()

    paths[0].write_bytes(paths[0].read_bytes() + b"x")
    paths[1].unlink()
    leave_record(tmp_path, "train", config)
    (second,) = read_starts(tmp_path)
    keys = {each.key for each in compare_inputs(first, second)}
    assert keys == {f"photographs.{name}" for name in ("missing", "bytes", "sha256_of_names_and_sizes")}
    assert compare_surroundings(first, second) == []


def test_a_name_with_escapes_is_read_as_json_reads_it(make_coco: Any, tmp_path: Path) -> None:
    root = make_coco({"train": 2})
    name = 'batch_01_vt/a "b"\\c 유리.jpg'
    next(root.glob("*/*.jpg")).rename(root / name)
    tree = json.loads((root / "train.json").read_bytes())
    tree["images"][0]["file_name"] = name
    (root / "train.json").write_text(json.dumps(tree), encoding="utf-8")
    leave_record(tmp_path, "train", config_of(root))
    assert read_starts(tmp_path)[0].inputs["photographs"]["missing"] == 0


def test_lists_folds_and_weights_count_too(tiny_coco: Path, tmp_path: Path) -> None:
    for name in ("list.csv", "folds/folds.json", "folds/skipped.txt", "start.ckpt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    config = config_of(tiny_coco, model={"weights": str(tmp_path / "start.ckpt")}, sources=["train.json"])
    config["data"] |= {"exclude": str(tmp_path / "list.csv"), "folds": str(tmp_path / "folds"), "pseudo": None}
    leave_record(tmp_path / "run", "train", config)
    inputs = read_starts(tmp_path / "run")[0].inputs
    names = {Path(path).name for path in inputs["annotations"]}
    assert names == {"train.json", "val.json", "list.csv", "folds.json"}
    assert inputs["weights"][str(tmp_path / "start.ckpt")][0] == len("start.ckpt")


def test_a_verb_without_data_and_generated_data(tmp_path: Path) -> None:
    for config in ({"seed": 1}, {"seed": 1, "data": {"root": None, "train": "train.json"}}):
        leave_record(tmp_path, "runs", config)
        (start,) = read_starts(tmp_path)
        assert start.inputs == {"annotations": {}, "photographs": None, "weights": {}}


def test_a_run_that_goes_on_keeps_its_first_start(tmp_path: Path) -> None:
    config = {"seed": 1, "resume": "auto", "ckpt_path": None}
    leave_record(tmp_path, "train", config)
    leave_record(tmp_path, "train", config)
    assert len(read_starts(tmp_path)) == 1, "there was nothing to go on from"
    own = tmp_path / "checkpoints" / "last.ckpt"
    own.parent.mkdir()
    own.touch()
    ways = [config, {"seed": 2, "ckpt_path": "last"}, {"seed": 3, "ckpt_path": str(own)}]
    for number, way in enumerate(ways, start=2):
        leave_record(tmp_path, "train", way)
        assert [start.seed for start in read_starts(tmp_path)] == [1, 1, 2, 3][:number]
    leave_record(tmp_path, "train", {"seed": 4, "ckpt_path": str(tmp_path / "other.ckpt")})
    assert [start.seed for start in read_starts(tmp_path)] == [4]


def test_a_damaged_record_and_a_folder_that_cannot_be_written_are_one_line(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"starts": [{"verb": "train"}]}')
    with pytest.raises(DataError, match="damaged or of another version"):
        read_starts(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(TrashsegError, match="cannot be written to"):
        leave_record(tmp_path / "file", "train", {"seed": 1})


def test_versions_are_those_of_the_metadata(tmp_path: Path) -> None:
    found = versions()
    for name in PACKAGES:
        try:
            assert found[name] == metadata.version(name)
        except metadata.PackageNotFoundError:
            assert name not in found
    for folder, version in (("a", "1.0"), ("b", "2.0")):
        (tmp_path / folder / f"Some_Package-{version}.dist-info").mkdir(parents=True)
    folders = [str(tmp_path / name) for name in ("a", "nowhere", "b")]
    assert installed(["", *folders]) == {"some-package": "1.0"}


def test_cuda_and_cudnn_are_torchs_without_importing_it() -> None:
    code = (
        "import sys; from trashseg.provenance.software import versions; found = versions(); "
        "assert 'torch' not in sys.modules; import torch; "
        "assert found.get('cuda') == torch.version.cuda, (found, torch.version.cuda)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
