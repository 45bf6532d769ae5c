"""Read a store: any photograph by name, or all of them in order, the next one decoded ahead."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor

from trashseg.store.forms import Grid, find_form
from trashseg.store.layout import Entry, Header, read_bytes, read_entries, read_header
from trashseg.store.planes import unpack
from trashseg.types import DataError, did_you_mean


class Store:
    """The whole entries that a store had when it was opened.

    It holds no open file, so that threads may share it and processes may receive it.

    Args:
        folder: the store's folder.
        header: what its entries share.
        entries: one for each photograph.

    Attributes:
        form: how the maps are kept, a key of :data:`trashseg.store.forms.FORMS`.
        classes: the names of the K classes in the order of their ids.
        about: where the predictions come from, plain JSON values.
        sizes: name -> (H, W), in the order of writing.
    """

    def __init__(self, folder: Path, header: Header, entries: Iterable[Entry]) -> None:
        self.folder, self.form, self.classes, self.about = folder, header.form, header.classes, header.about
        self._form = find_form(header.form)
        self._entries = {entry.name: entry for entry in entries}
        self.sizes = {name: entry.size for name, entry in self._entries.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The photographs in the order of writing."""
        return tuple(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def probs(self, name: str) -> Tensor:
        """Return the probabilities (K, H, W), float32, of a photograph, with the error that the form states.

        Raises:
            DataError: the photograph is not in the store, or its bytes are damaged.
        """
        entry, levels = self._levels(name)
        return self._all_classes(entry, self._form.restore(levels, entry.scale, entry.size))

    def sample(self, name: str, grid: Grid) -> Tensor:
        """Return what :meth:`probs` has at r rows and c columns (K, r, c), in a fraction of the time.

        Raises:
            DataError: as :meth:`probs`.
        """
        entry, levels = self._levels(name)
        return self._all_classes(entry, self._form.sample(levels, entry.scale, entry.size, grid))

    def _levels(self, name: str) -> tuple[Entry, Tensor]:
        """Return the entry of a photograph and its levels (C, h, w), uint8, of the C classes that are kept."""
        entry = self._entries.get(name)
        if entry is None:
            raise DataError(f"{name} is not in {self.folder}. {did_you_mean(name, self._entries)}")
        packed = read_bytes(self.folder, entry)
        if zlib.crc32(packed) != entry.crc32:
            raise DataError(f"{self.folder}: the bytes of {name} are damaged; the command that wrote it mends it.")
        return entry, torch.from_numpy(unpack(packed, len(entry.present), self._form.shape(entry.size)))

    def _all_classes(self, entry: Entry, present: Tensor) -> Tensor:
        """Return maps of all K classes, given those of the classes that are kept."""
        if len(present) == len(self.classes):
            return present
        probs = present.new_zeros(len(self.classes), *present.shape[1:])
        probs[list(entry.present)] = present
        return probs

    def items(self, names: Iterable[str] | None = None) -> Iterator[tuple[str, Tensor]]:
        """Yield (name, probs) in the order of ``names``, or of writing; a thread decodes the next one meanwhile.

        Raises:
            DataError: as :meth:`probs`.
        """
        with ThreadPoolExecutor(1, "store") as thread:
            coming = ((name, thread.submit(self.probs, name)) for name in (self if names is None else names))
            current = next(coming, None)
            while current is not None:
                following = next(coming, None)
                yield current[0], current[1].result()
                current = following


def open_store(folder: Path) -> Store:
    """Open a store to read; entries that are added later are not seen.

    Raises:
        DataError: there is none, it is damaged, or it is of another version.
    """
    return Store(folder, read_header(folder), read_entries(folder))
