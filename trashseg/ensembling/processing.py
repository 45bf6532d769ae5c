"""Post-processing of the vote, switched on by labelled photographs that no member trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from omegaconf import DictConfig

from trashseg.build import build_candidates
from trashseg.data.dataset import TrashDataset
from trashseg.data.images import read_image
from trashseg.ensembling.ballots import Ballot, mixtures_of
from trashseg.ensembling.evidence import Evidence
from trashseg.ensembling.mixture import Map
from trashseg.ensembling.panel import Panel
from trashseg.gating import Photograph, decide, decision_text, write_chosen
from trashseg.post import Post, relabel
from trashseg.submission.probs import SHRINKS


def choose_post(cfg: DictConfig, panel: Panel, evidence: Evidence) -> Post:
    """Try every candidate on the vote, print what each gains, write the choice into the run's folder, return it.

    Where all members agree the vote stands.
    """
    mixtures, prepared = evidence.mixtures, evidence.truth.prepared

    def photographs() -> Iterator[Photograph]:
        for row, (name, mask, group) in zip(evidence.rows, evidence, strict=True):
            image = read_image(prepared.image_path(row))
            probs, agree = panel.probs_and_agreement(mixtures, name)
            yield Photograph(group, image, probs, mask, agree)

    names = evidence.truth.table.names
    decision = decide(photographs, build_candidates(cfg.candidates), names, seed=cfg.seed)
    print(f"\n{decision_text(decision)}")
    print(f"written     {write_chosen(Path(cfg.run_dir), decision)}")
    return Post(decision.steps, names)


def processed_maps(
    panel: Panel, ballots: Mapping[str, Ballot], dataset: TrashDataset, post: Post, shrink: str
) -> Iterator[Map]:
    """Yield the class map (256, 256) of each test photograph after post-processing at its full size.

    Args:
        panel: the members' weights.
        ballots: what each says; all have probabilities.
        dataset: the test photographs.
        post: the steps.
        shrink: a key of ``SHRINKS``.
    """
    mixtures = mixtures_of(ballots.values())
    for position, name in zip(dataset.indices.tolist(), dataset.names, strict=True):
        image: npt.NDArray[np.uint8] = read_image(dataset.split.image_path(position))
        probs, agree = panel.probs_and_agreement(mixtures, name)
        yield SHRINKS[shrink](relabel(probs, post(image, probs, agree)))
