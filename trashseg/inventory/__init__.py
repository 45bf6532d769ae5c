"""What each network costs and supports, measured on this machine."""

from trashseg.inventory.isolate import in_child
from trashseg.inventory.measure import Measured, measure_network
from trashseg.inventory.table import LEGEND, heading, row, write_tables

__all__ = ["LEGEND", "Measured", "heading", "in_child", "measure_network", "row", "write_tables"]
