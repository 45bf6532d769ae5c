"""Votes of several predictions, and which members to choose and how much to trust them."""

from trashseg.voting.hard import hard_vote
from trashseg.voting.objective import Draw, Scoreboard, miou
from trashseg.voting.search import bagged_greedy, greedy
from trashseg.voting.table import MAX_WEIGHT, PixelTable, TableWriter
from trashseg.voting.ties import class_order
from trashseg.voting.tuning import tune_weights

__all__ = [
    "MAX_WEIGHT",
    "Draw",
    "PixelTable",
    "Scoreboard",
    "TableWriter",
    "bagged_greedy",
    "class_order",
    "greedy",
    "hard_vote",
    "miou",
    "tune_weights",
]
