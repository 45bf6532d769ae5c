"""What a save that fails leaves behind."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from trashseg.callbacks.checkpoint_io import AtomicCheckpointIO
from trashseg.types import CheckpointError


@contextmanager
def no_file_above(num_bytes: int) -> Iterator[None]:
    """Let the kernel refuse to write on in the middle of a file, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("limit", [0, 1000, 300_000])
@pytest.mark.parametrize("earlier", [True, False])
def test_a_save_that_fails_keeps_the_earlier_file(tmp_path: Path, limit: int, earlier: bool) -> None:
    path, io = tmp_path / "checkpoints" / "last.ckpt", AtomicCheckpointIO()
    path.parent.mkdir()
    if earlier:
        io.save_checkpoint({"epoch": 0}, path)
    with no_file_above(limit), pytest.raises(CheckpointError) as caught:
        io.save_checkpoint({"epoch": 1, "weights": torch.zeros(100_000)}, path)
    message = str(caught.value)
    assert f"resume=auto hydra.run.dir={tmp_path}" in message
    assert ("the earlier one is kept" in message) == earlier
    assert "\n" not in message
    assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"] * earlier
    if earlier:
        assert torch.load(path, weights_only=True) == {"epoch": 0}
    io.save_checkpoint({"epoch": 2}, path)
    assert torch.load(path, weights_only=True) == {"epoch": 2}
