"""``trashseg ensemble``: members that vote, chosen and weighed by how good they are out of fold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from trashseg.config import run_verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trashseg.ensembling.kinds import Member
    from trashseg.ensembling.panel import Panel
    from trashseg.ensembling.predicting import Workshop
    from trashseg.ensembling.record import Record
    from trashseg.post import Post


def ensemble(cfg: DictConfig) -> float:
    """Choose, score and count; return the out-of-fold mIoU, NaN where nothing tells it."""
    from trashseg.ensembling import deciding
    from trashseg.ensembling.members import open_members
    from trashseg.ensembling.predicting import Workshop
    from trashseg.ensembling.processing import choose_post
    from trashseg.ensembling.record import Record
    from trashseg.ensembling.scoring import print_score
    from trashseg.ensembling.soup import cook
    from trashseg.quiet import quiet

    quiet()
    deciding.check_choices(cfg)
    members = open_members(deciding.content(cfg.members))
    workshop = Workshop(cfg, Path(cfg.run_dir) / "members")
    if cfg.soup:
        members = [cook(members, workshop, Path(cfg.run_dir) / "checkpoints" / "soup.ckpt")]
    strategy = deciding.strategy_of(cfg, members)
    evidence = deciding.evidence_for(members, workshop, needed=strategy.learns or cfg.gate)
    judgement = None if evidence is None else deciding.judged(cfg, evidence, strategy)
    panel = deciding.panel_of(cfg, strategy, judgement)
    miou = float("nan") if evidence is None else print_score(cfg, panel, evidence)
    post = choose_post(cfg, panel, evidence) if cfg.gate and evidence is not None else None
    record = Record.of(members, panel, judgement)
    record.write(Path(cfg.run_dir))
    if cfg.test:
        vote(cfg, members, workshop, panel, record, post)
    return miou


def vote(
    cfg: DictConfig, members: Sequence[Member], workshop: Workshop, panel: Panel, record: Record, post: Post | None
) -> None:
    """Vote on the test photographs: predict what is missing, write the submission, keep the probabilities."""
    from trashseg.ensembling.processing import processed_maps
    from trashseg.ensembling.testing import keep_probs, open_ballots, write_vote

    ballots, dataset, names = open_ballots(members, workshop, hard=panel.hard)
    record.with_stores(ballots).write(Path(cfg.run_dir))
    maps = panel.submission_maps(list(ballots.values()), names, cfg.shrink)
    if post and dataset is not None:
        maps = processed_maps(panel, ballots, dataset, post, cfg.shrink)
    path = Path(cfg.run_dir) / "submission.csv"
    print(f"\nchecked     {write_vote(path, maps, names, len(record.classes))}\nwritten     {path}")
    if cfg.keep:
        print(f"kept        {keep_probs(cfg, panel, ballots, names)}")
    print(f"next        trashseg pseudo ensemble={cfg.run_dir}   # labels for these photographs, to train on")


def main() -> None:
    """Run the verb."""
    run_verb("ensemble", ensemble)


if __name__ == "__main__":
    main()
