"""From the command line and the evidence to who counts how much."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from trashseg.ensembling.choice import Strategy
from trashseg.ensembling.evidence import Evidence, NoEvidenceError, gather
from trashseg.ensembling.judging import Judgement, judge, judgement_text
from trashseg.ensembling.kinds import Member
from trashseg.ensembling.panel import METHODS, Panel
from trashseg.ensembling.predicting import Workshop
from trashseg.ensembling.sampling import pixel_table
from trashseg.ensembling.soup import SOUPS
from trashseg.store import FORMS
from trashseg.submission.probs import SHRINKS
from trashseg.types import ConfigError, did_you_mean
from trashseg.voting import MAX_WEIGHT, class_order

CHOICES: dict[str, tuple[str | None, ...]] = {
    "vote": METHODS,
    "soup": SOUPS,
    "shrink": tuple(SHRINKS),
    "save": tuple(FORMS),
    "keep": (None, *FORMS),
}
"""Keys that take one of a few words."""


def content(node: Any) -> Any:
    """Return a value of the config as plain containers."""
    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node


def check_choices(cfg: DictConfig) -> None:
    """Refuse what cannot be, before anything is predicted.

    Raises:
        ConfigError: naming key, value and what is allowed.
    """
    for key, allowed in CHOICES.items():
        if cfg[key] not in allowed:
            hint = did_you_mean(str(cfg[key]), [str(one) for one in allowed])
            raise ConfigError(f"{key}={cfg[key]} does not exist. {hint}")
    if cfg.num_board < 1 or cfg.num_bags < 0:
        raise ConfigError(f"num_board={cfg.num_board}, num_bags={cfg.num_bags}: give at least 1 and 0.")


def strategy_of(cfg: DictConfig, members: Sequence[Member]) -> Strategy:
    """Return how the weights come about.

    Raises:
        ConfigError: see :class:`Strategy`.
    """
    keys = ("weights", "class_weights", "search", "num_bags", "seed")
    names, classes = [member.name for member in members], members[0].classes
    return Strategy(names, classes, **{key: content(cfg[key]) for key in keys})


def evidence_for(members: Sequence[Member], workshop: Workshop, *, needed: bool) -> Evidence | None:
    """Return what members say of labelled photographs; without it, say so and return None.

    Raises:
        NoEvidenceError: it is needed.
    """
    try:
        return gather(members, workshop)
    except NoEvidenceError as error:
        if needed:
            raise
        print(f"no score    {error}")
        return None


def judged(cfg: DictConfig, evidence: Evidence, strategy: Strategy) -> Judgement:
    """Choose weights on a grid of pixels, and print what they gain."""
    path = Path(cfg.run_dir) / "pixels.npy"
    try:
        judgement = judge(pixel_table(evidence, path, hard=cfg.vote == "hard", seed=cfg.seed), strategy, seed=cfg.seed)
    finally:
        path.unlink(missing_ok=True)
    how = ", ".join(f"{key}={cfg[key]}" for key in ("search", "weights", "class_weights") if cfg[key] is not None)
    print(judgement_text(judgement, strategy.names, how or "given weights") + "\n")
    return judgement


def panel_of(cfg: DictConfig, strategy: Strategy, judgement: Judgement | None) -> Panel:
    """Return the members with their weights; where hard votes tie, the member with the best score wins.

    Raises:
        ConfigError: ``tie_break`` names a class that there is not.
    """
    hard, names = cfg.vote == "hard", strategy.names
    ties = None if cfg.tie_break is None else class_order(content(cfg.tie_break), strategy.classes, "tie_break")
    if judgement is None:
        return Panel(hard, strategy.given(), range(len(names)), ties)
    order = sorted(range(len(names)), key=lambda member: -judgement.alone[member])
    return Panel(hard, judgement.weights / MAX_WEIGHT if strategy.learns else strategy.given(), order, ties)
