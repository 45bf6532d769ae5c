"""The ensemble on labelled photographs at their full size: everything that ``trashseg evaluate`` says."""

from __future__ import annotations

from pathlib import Path

import torch
from omegaconf import DictConfig
from tqdm import tqdm

from trashseg.ensembling.evidence import Evidence
from trashseg.ensembling.panel import Panel
from trashseg.files import write_json
from trashseg.inference.reports import metrics, summary_text, table_text, write_pictures
from trashseg.inference.scoring import Scorer, Scores
from trashseg.inference.summary import summarise
from trashseg.scores import Bootstrap


def score_panel(panel: Panel, evidence: Evidence, seed: int) -> Scores:
    """Return the scores of the vote on every labelled photograph."""
    scorer = Scorer(len(evidence.truth.table), seed=seed)
    mixtures = evidence.mixtures
    for name, mask, _ in tqdm(evidence, desc="scoring", total=len(evidence.rows), leave=False, disable=None):
        scorer.add(name, panel.probs(mixtures, name), torch.from_numpy(mask))
    return scorer.result()


def print_score(cfg: DictConfig, panel: Panel, evidence: Evidence) -> float:
    """Score the vote; print and write into the run's folder what ``trashseg evaluate`` does; return the mIoU."""
    scores = score_panel(panel, evidence, cfg.seed)
    table, folder = evidence.truth.table, Path(cfg.run_dir)
    summary = summarise(scores, Bootstrap(evidence.groups, seed=cfg.seed), cfg.num_board)
    write_json(folder / "metrics.json", metrics(scores, summary, table))
    write_pictures(folder, scores, summary, table)
    print(f"{table_text(scores, table)}\n\n{summary_text(scores, summary, table)}")
    return scores.miou
