"""What tests that train in this process share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch


@pytest.fixture
def no_traces() -> Iterator[None]:
    """Take back what DDP leaves behind: a later test's processes would wait for a second one that nobody starts."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
