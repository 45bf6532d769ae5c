"""Predictions of many photographs on disk: one byte a class and pixel, or a 16th of that, compressed."""

from trashseg.store.forms import FORMS, Grid
from trashseg.store.reader import Store, open_store
from trashseg.store.writer import StoreWriter

__all__ = ["FORMS", "Grid", "Store", "StoreWriter", "open_store"]
