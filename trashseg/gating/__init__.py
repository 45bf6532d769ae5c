"""Post-processing chosen by out-of-fold photographs rather than by hope."""

from trashseg.gating.gate import Candidates, Decision, Judgement, Photograph, decide
from trashseg.gating.report import CHOSEN, decision_text, to_config, write_chosen

__all__ = [
    "CHOSEN",
    "Candidates",
    "Decision",
    "Judgement",
    "Photograph",
    "decide",
    "decision_text",
    "to_config",
    "write_chosen",
]
