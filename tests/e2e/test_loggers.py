"""wandb offline: nothing is asked, nothing is sent, and a sweep's jobs have runs of their own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


class Watched:
    """A port that everything bound for the network must pass; it answers nobody and counts who came."""

    def __init__(self) -> None:
        self.visitors: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                visitor, _ = self._server.accept()
            except OSError:
                return
            visitor.settimeout(1)
            self.visitors.append(visitor.recv(200))
            visitor.close()

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Watched]:
    """A user without an account, behind a proxy that is watched."""
    watched = Watched()
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{watched.port}")
        monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{watched.port}")
    for name in ("NO_PROXY", "no_proxy", "WANDB_API_KEY", "WANDB_MODE", "TRASHSEG_WANDB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_MODE", "unset")  # the logger sets it; this restores the environment afterwards
    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    yield watched
    watched.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning:wandb")
def test_wandb_offline(
    verb: Callable[..., None], tiny: list[str], tmp_path: Path, network: Watched, capfd: pytest.CaptureFixture[str]
) -> None:
    verb(
        "train", "-m", *tiny, "logger=wandb", "trainer.max_epochs=1", "seed=1,2", f"hydra.sweep.dir={tmp_path}"
    )  # fmt: skip
    printed = capfd.readouterr()
    text = (printed.out + printed.err).lower()
    assert "api key" not in text
    assert "login" not in text
    for job in range(2):
        assert len(list((tmp_path / str(job)).glob("wandb/offline-run-*/*.wandb"))) == 1
        assert (tmp_path / str(job) / "metrics.csv").is_file()
    assert network.visitors == []


def test_the_environment_can_switch_wandb_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from hydra import compose, initialize_config_dir

    from trashseg.config import conf_dir

    def offline() -> object:
        with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
            return compose("train", overrides=["logger=wandb"]).logger.wandb.offline

    monkeypatch.delenv("TRASHSEG_WANDB_OFFLINE", raising=False)
    assert offline() is True
    monkeypatch.setenv("TRASHSEG_WANDB_OFFLINE", "false")
    assert offline() is False
