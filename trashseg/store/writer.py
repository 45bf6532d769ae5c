"""Add photographs to a store; go on where a killed process stopped."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import KeysView, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trashseg.files import write_json
from trashseg.store.appending import Tail, lock, open_unbuffered, write_errors
from trashseg.store.forms import find_form
from trashseg.store.layout import DATA, HEADER, INDEX, LOCK, Entry, Header, intact_entries, read_header
from trashseg.store.planes import pack
from trashseg.types import DataError

SUM_TOLERANCE = 0.05
"""How far the sum over the classes may be from 1: a mean of maps read from stores stays below."""


class StoreWriter:
    """Append the maps of photographs to a store, one by one; a context manager.

    An entry counts once its line in the index is whole; what a kill left behind that is cut off at the next opening.
    Nothing is forced to the disk before :meth:`close`: after a power cut, checksums tell how much had arrived.

    Args:
        folder: the store's own folder; made where it is missing.
        classes: the names of the K classes in the order of their ids.
        form: a key of :data:`trashseg.store.forms.FORMS`.
        about: plain JSON values that say where the predictions come from; those of one store are all the same.

    Raises:
        ConfigError: there is no such form.
        DataError: the store is of another form, other classes or another origin, another process is writing to it, or
            it cannot be written.
    """

    def __init__(self, folder: Path, classes: Sequence[str], form: str, about: Mapping[str, Any]) -> None:
        self._folder, self._form, self._num_classes = folder, find_form(form), len(classes)
        with contextlib.ExitStack() as files, write_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            locked, data, index = (files.enter_context(open_unbuffered(folder / name)) for name in (LOCK, DATA, INDEX))
            lock(locked, folder)
            _claim(folder, Header(form, tuple(classes), about))
            entries = intact_entries(folder)
            self._data = Tail(data, entries[-1].end if entries else 0)
            self._index = Tail(index, sum(len(entry.line()) for entry in entries))
            self._names = dict.fromkeys(entry.name for entry in entries)
            self._files = files.pop_all()

    @property
    def names(self) -> KeysView[str]:
        """The photographs whose entries are whole, in their order."""
        return self._names.keys()

    def add(self, name: str, probs: Tensor) -> None:
        """Append one photograph.

        Args:
            name: not yet in the store.
            probs: (K, H, W), floating point, 0..1, summing to 1 over the classes; on any device.

        Raises:
            ValueError: the name is there already, or ``probs`` is something else.
            DataError: the disk is full or fails; the entries before stay.
        """
        if name in self._names:
            raise ValueError(f"{name} is in the store already")
        _check_probs(probs, self._num_classes)
        levels, scale = self._form.quantise(probs.detach().float())
        present, packed = pack(levels.cpu().numpy())
        size = (probs.shape[1], probs.shape[2])
        entry = Entry(name, size, present, scale, self._data.end, len(packed), zlib.crc32(packed))
        with write_errors(self._folder):
            self._data.append(packed)
            self._index.append(entry.line())
        self._names[name] = None

    def close(self) -> None:
        """Bring everything to the disk and let other processes write; a second call does nothing."""
        with self._files, write_errors(self._folder):
            self._data.sync()
            self._index.sync()

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _claim(folder: Path, header: Header) -> None:
    """Write the header of a new store, or check that that of an old one is equal."""
    for torn in folder.glob(".*.tmp*"):  # a header that a kill cut off; nobody else is writing here
        torn.unlink()
    if not any((folder / name).stat().st_size for name in (DATA, INDEX)) and not (folder / HEADER).exists():
        write_json(folder / HEADER, header.to_json())
        return
    old, new = _flat(read_header(folder)), _flat(header)
    for key in [*old, *new]:
        if old.get(key) != new.get(key):
            raise DataError(
                f"{folder} holds predictions with {key}={old.get(key)}, these have {key}={new.get(key)}; "
                "choose another folder or remove this one."
            )


def _flat(header: Header) -> dict[str, Any]:
    content = header.to_json()
    about = content.pop("about")
    return {**content, **{f"about.{key}": value for key, value in about.items()}}


def _check_probs(probs: Tensor, num_classes: int) -> None:
    if probs.ndim != 3 or probs.shape[0] != num_classes or not probs.is_floating_point():
        raise ValueError(f"probs are {probs.dtype} {tuple(probs.shape)}; give floating point ({num_classes}, H, W)")
    off = (probs.sum(0, dtype=torch.float32) - 1).abs().amax()
    # Written so that NaN is refused too.
    if not (off <= SUM_TOLERANCE and probs.amin() >= 0):
        raise ValueError("probs are no probabilities: they must lie in 0..1 and sum to 1 over the classes")
