"""A training reports to the study that runs it and stops when told to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import optuna
import pytest
import torch
from optuna.pruners import MedianPruner
from torch.utils.data import DataLoader

from trashseg.callbacks.pruning import Pruning, was_pruned

SCORES = [0.1, 0.2, 0.3, 0.2, 0.6, 0.7]


class Scored(pl.LightningModule):
    """Has the scores above, whatever it learns."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch: torch.Tensor) -> torch.Tensor:
        return self.layer(batch).sum()

    def validation_step(self, batch: torch.Tensor) -> None:  # noqa: ARG002
        self.log("val/miou", SCORES[self.current_epoch])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


@pytest.fixture
def study(tmp_path: Path) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(study_name="s", storage=f"sqlite:///{tmp_path}/study.db", direction="maximize")


def train(study: optuna.Study, tmp_path: Path, pruner: Any) -> tuple[pl.Trainer, optuna.trial.FrozenTrial]:
    """Train a new trial, whose number is the last one's; return how it stands."""
    pruning = Pruning(f"sqlite:///{tmp_path}/study.db", "s", study.trials[-1].number, pruner)
    data = DataLoader(torch.ones(4, 1), batch_size=2)
    trainer = pl.Trainer(
        max_epochs=len(SCORES), callbacks=[pruning], logger=False, enable_checkpointing=False, accelerator="cpu",
        enable_progress_bar=False, enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    trainer.fit(Scored(), data, data)
    return trainer, study.trials[-1]


pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*LeafSpec")


def test_every_validation_is_reported(study: optuna.Study, tmp_path: Path) -> None:
    study.ask()
    trainer, trial = train(study, tmp_path, optuna.pruners.NopPruner())
    assert trial.intermediate_values == pytest.approx(dict(enumerate(SCORES)))
    assert not was_pruned(trainer)


@pytest.mark.parametrize(("rival", "epochs"), [(0.0, 6), (0.05, 6), (0.15, 3)])
def test_a_trial_below_the_median_ends(rival: float, epochs: int, study: optuna.Study, tmp_path: Path) -> None:
    """Rivals rise by a constant step: with .15 they have .45 after the third epoch, where this trial's best is .3."""
    for _ in range(2):
        earlier = study.ask()
        for epoch in range(len(SCORES)):
            earlier.report(rival * (epoch + 1) if epoch > 1 else 0.0, epoch)
        study.tell(earlier, rival)
    study.ask()
    trainer, trial = train(study, tmp_path, MedianPruner(n_startup_trials=2, n_warmup_steps=0))
    assert was_pruned(trainer) == (epochs < len(SCORES))
    assert len(trial.intermediate_values) == trainer.current_epoch == epochs


def test_a_repeated_trial_keeps_what_it_reported(study: optuna.Study, tmp_path: Path) -> None:
    study.ask().report(0.9, 0)
    _, trial = train(study, tmp_path, optuna.pruners.NopPruner())
    assert trial.intermediate_values == pytest.approx({**dict(enumerate(SCORES)), 0: 0.9})
