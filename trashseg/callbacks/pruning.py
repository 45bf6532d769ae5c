"""Let a search end a training that falls behind."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import lightning.pytorch as pl

if TYPE_CHECKING:
    from optuna.pruners import BasePruner
    from optuna.trial import Trial


class Pruning(pl.Callback):
    """Report the score of each validation to an Optuna study and stop the training where its pruner says so.

    The study is asked by the first process alone; all stop in the same epoch.

    Args:
        storage: the study's URL.
        study_name: its name.
        number: the trial's number.
        pruner: decides.
        monitor: the score, higher is better.
    """

    def __init__(
        self, storage: str, study_name: str, number: int, pruner: BasePruner, monitor: str = "val/miou"
    ) -> None:
        self.storage, self.study_name, self.number = storage, study_name, number
        self.pruner, self.monitor = pruner, monitor
        self.pruned = False

    @cached_property
    def trial(self) -> Trial:
        """The running trial, opened at its first report."""
        import optuna

        # The sampler would be asked for values, which this trial has already.
        sampler = optuna.samplers.RandomSampler()
        study = optuna.load_study(study_name=self.study_name, storage=self.storage, sampler=sampler, pruner=self.pruner)
        return optuna.Trial(study, study.trials[self.number]._trial_id)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Report and ask."""
        if trainer.sanity_checking or self.monitor not in trainer.callback_metrics:
            return
        score = float(trainer.callback_metrics[self.monitor])
        behind = trainer.is_global_zero and self._is_behind(score, trainer.current_epoch)
        self.pruned = bool(trainer.strategy.broadcast(behind))
        trainer.should_stop = trainer.should_stop or self.pruned

    def _is_behind(self, score: float, epoch: int) -> bool:
        """Enter ``score``, unless an interrupted attempt of this trial did, and return whether to stop."""
        reported = self.trial.study.trials[self.number].intermediate_values
        if epoch not in reported:
            self.trial.report(score, epoch)
        return self.trial.should_prune()


def was_pruned(trainer: pl.Trainer) -> bool:
    """Whether a search ended this training early."""
    callbacks = trainer.callbacks  # type: ignore[attr-defined]  # Lightning sets it where mypy does not look
    return any(isinstance(callback, Pruning) and callback.pruned for callback in callbacks)
