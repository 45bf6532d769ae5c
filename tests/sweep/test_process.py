"""A process and the one that it starts end together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trashseg.sweep.process import PARENT, end_with_parent, run_process

CHILD = """
import pathlib, signal, sys, time
from trashseg.sweep.process import end_with_parent
end_with_parent()
place = pathlib.Path(sys.argv[1])
def stop(number, frame):
    (place / "signal").write_text(str(number))
    sys.exit(3)
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, stop)
(place / "ready").touch()
time.sleep(60)
"""
PARENT_OF_IT = """
import os, sys
from trashseg.sweep.process import run_process
run_process([sys.executable, "-c", os.environ["CHILD"], sys.argv[1]], os.environ, ".")
"""


def wait_for(path: Path) -> None:
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end, path
        time.sleep(0.02)


@pytest.mark.parametrize("status", [0, 7])
def test_the_status_is_returned(status: int, tmp_path: Path) -> None:
    program = f"import os; assert os.environ['OWN'] == '1'; open('here', 'w'); os._exit({status})"
    assert run_process([sys.executable, "-c", program], {**os.environ, "OWN": "1"}, str(tmp_path)) == status
    assert (tmp_path / "here").exists()
    assert run_process([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], os.environ, ".") == -9


@pytest.mark.parametrize(
    ("sent", "received", "status"),
    [
        (signal.SIGTERM, signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGINT, signal.SIGINT, 128 + signal.SIGINT),
        # A kill cannot be handed on: the kernel ends the child.
        (signal.SIGKILL, signal.SIGTERM, -signal.SIGKILL),
    ],
)
def test_a_signal_reaches_the_child(sent: int, received: int, status: int, tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT_OF_IT, tmp_path],
        env={**os.environ, "CHILD": CHILD, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    wait_for(tmp_path / "ready")
    parent.send_signal(sent)
    assert parent.wait(30) == status
    wait_for(tmp_path / "signal")
    time.sleep(0.1)
    assert (tmp_path / "signal").read_text() == str(int(received))


def test_a_process_whose_parent_is_gone_already(monkeypatch: pytest.MonkeyPatch) -> None:
    end_with_parent()
    monkeypatch.setenv(PARENT, "1")
    with pytest.raises(SystemExit):
        end_with_parent()
