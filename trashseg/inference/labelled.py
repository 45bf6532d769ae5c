"""Open all labels of a split beside the predictions of the networks that did not see them."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trashseg.build import build_datamodule
from trashseg.checkpoint import check_targets
from trashseg.data.folds.plan import POOL_NAME
from trashseg.data.prepared import PreparedSplit
from trashseg.data.source import Source
from trashseg.store import Store, open_store
from trashseg.types import ClassTable, DataError, Split

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Labels:
    """Labelled photographs and their out-of-fold predictions.

    Args:
        prepared: the N photographs and their masks, as annotated.
        class_of: category id -> class id, ``IGNORE_INDEX`` or ``UNPAINTED``.
        table: the K classes.
        store: the predictions.
        rows: photographs that have a prediction, as positions in ``prepared``.
    """

    prepared: PreparedSplit
    class_of: Mapping[int, int]
    table: ClassTable
    store: Store
    rows: tuple[int, ...]


def open_labels(data: Mapping[str, Any], folds_dir: Path, store_dir: Path) -> Labels:
    """Open every photograph of a split beside its predictions.

    Args:
        data: the data config of the trainings, plain values.
        folds_dir: run folder of ``trashseg split``.
        store_dir: the predictions.

    Raises:
        CheckpointError: the config asks for a class that is not ours.
        DataError: something is wrong with the data, or the predictions are those of others.
    """
    pool = open_pool(data, folds_dir)
    store = open_store(store_dir)
    if store.classes != pool.table.names:
        raise DataError(
            f"{store_dir} predicts {', '.join(store.classes)}, the labels are {', '.join(pool.table.names)}; give the "
            "run of a cross-validation on these labels."
        )
    prepared = pool.prepare(Split.VAL)
    return Labels(prepared, pool.class_of(prepared.index), pool.table, store, _predicted(prepared, store))


def open_pool(data: Mapping[str, Any], folds_dir: Path) -> Source:
    """Return the data of a cross-validation with all its photographs in one part, labels as they were annotated.

    Args:
        data: the data config of the trainings, plain values.
        folds_dir: run folder of ``trashseg split``.

    Raises:
        CheckpointError: the config asks for a class that is not ours.
        DataError: something is wrong with the data.
    """
    check_targets(data, folds_dir)
    source = build_datamodule({**data, "cache_dir": None}).source
    pool_path = folds_dir.absolute() / POOL_NAME
    one = dataclasses.replace(source, train=str(pool_path), val=None, fold=None, folds=None, pseudo=None)
    return dataclasses.replace(one, exclude=None, ignore_regions=None)


def _predicted(prepared: PreparedSplit, store: Store) -> tuple[int, ...]:
    """Return the photographs that ``store`` has.

    Raises:
        DataError: it has none of them, or one at another size.
    """
    rows = tuple(row for row, name in enumerate(prepared.names) if name in store)
    if not rows:
        raise DataError(f"{store.folder} has none of the {len(prepared)} photographs of {prepared.index.path}.")
    if len(rows) < len(prepared):
        log.warning("%d photographs without a prediction are left out", len(prepared) - len(rows))
    for row in rows:
        name = prepared.names[row]
        if store.sizes[name] != prepared.size(row):
            height, width = store.sizes[name]
            raise DataError(
                f"{store.folder}: the prediction of {name} is {height} x {width} (height x width), its label "
                f"{prepared.size(row)[0]} x {prepared.size(row)[1]}; run the cross-validation again."
            )
    return rows
