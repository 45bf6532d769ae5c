"""Where Hydra looks for sweepers: it takes those alone whose class is defined in this namespace."""

from trashseg.sweep.search import Search


class OptunaSweeper(Search):
    """``hydra/sweeper=optuna``."""
