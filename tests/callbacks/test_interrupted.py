"""When a run can be saved within an epoch, and what it then keeps."""

from __future__ import annotations

import random
import signal
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from trashseg.callbacks.interrupted import Interrupted, can_stop
from trashseg.callbacks.random_states import gather_states, restore_states

CPU = torch.device("cpu")


def draws() -> list[float]:
    return [float(torch.rand(())), random.random(), float(np.random.rand()), float(np.random.randn())]  # noqa: NPY002


def test_all_generators_go_on_where_they_were_after_a_checkpoint(tmp_path: Path) -> None:
    torch.manual_seed(5)
    random.gauss(0, 1)  # leaves a second value behind, as numpy's does
    np.random.randn()  # noqa: NPY002
    torch.save(gather_states(CPU), tmp_path / "states")
    expected = [*draws(), random.gauss(0, 1)]
    draws()
    (states,) = torch.load(tmp_path / "states", weights_only=True)
    restore_states(states, CPU)
    assert [*draws(), random.gauss(0, 1)] == expected


def trainer_of(*, last: bool = False, every: Any = 10, accumulates: bool = False, received: bool = False) -> Any:
    connector = SimpleNamespace(received_sigterm=received)
    return SimpleNamespace(
        is_last_batch=last, val_check_batch=every, _signal_connector=connector, callbacks=[], is_global_zero=True,
        received_sigterm=received, current_epoch=0, world_size=1,
        fit_loop=SimpleNamespace(_should_accumulate=lambda: accumulates),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "batch_idx", "stops"),
    [
        ({}, 3, True),
        ({}, 9, False),  # validation follows
        ({"last": True}, 3, False),
        ({"accumulates": True}, 3, False),
        ({"every": float("inf")}, 9, True),
        ({"every": None}, 9, True),
    ],
)
def test_a_run_stops_where_nothing_is_under_way(options: dict[str, Any], batch_idx: int, stops: bool) -> None:
    assert can_stop(trainer_of(**options), batch_idx) == stops


@pytest.mark.parametrize("received", [False, True])
def test_the_signal_is_noted_and_lightning_told_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], received: bool
) -> None:
    before, trainer = signal.getsignal(signal.SIGTERM), trainer_of(received=received)
    callback: Any = Interrupted(tmp_path)
    try:
        callback.on_train_start(trainer, None)
        assert not trainer._signal_connector.received_sigterm, "a signal during the setup is kept, too"
        if not received:
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert callback._received
    trainer.received_sigterm = True
    callback.on_exception(trainer, None, RuntimeError("a loading process was killed"))
    assert trainer._signal_connector.received_sigterm
    assert "interrupted in epoch 1: nothing was saved yet" in capsys.readouterr().out


def test_another_thread_leaves_the_signals_alone(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=Interrupted(tmp_path).on_train_start, args=(trainer_of(), None))
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) == before
