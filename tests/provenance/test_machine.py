"""The machine, as the kernel's files tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from trashseg.provenance.machine import describe_machine


def test_gpus_are_those_that_can_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    files = {
        "proc/cpuinfo": "processor\t: 0\nmodel name\t: Some CPU @ 2.00GHz\nprocessor\t: 1\nmodel name\t: Other\n",
        "proc/meminfo": "MemTotal:       16777216 kB\nMemFree:  1 kB\n",
        "proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19\nGCC 12",
        "dev/nvidia0": "",
    }
    for number in (0, 1):
        files[f"proc/driver/nvidia/gpus/0000:0{number}:00.0/information"] = (
            f"Model: \t\t Tesla V100-SXM2-16GB\nIRQ:   \t\t 1\nDevice Minor: \t {number}\n"
        )
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = describe_machine(tmp_path)
    assert found["cpu"] == "Some CPU @ 2.00GHz"
    assert found["memory_gib"] == 16.0
    assert found["gpus"] == ["Tesla V100-SXM2-16GB"]
    assert found["driver"] == "535.104.05"
    assert found["environment"]["CUDA_VISIBLE_DEVICES"] == "1"


def test_a_system_without_these_files(tmp_path: Path) -> None:
    found = describe_machine(tmp_path)
    assert found["gpus"] == []
    assert found["driver"] is None
    assert found["cpu"]
