"""A search that Optuna steers, as a sweeper of Hydra."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from trashseg.files import write_json
from trashseg.sweep.outcome import read_outcome
from trashseg.sweep.trial import STUDY
from trashseg.types import ConfigError

if TYPE_CHECKING:
    from optuna import Study
    from optuna.pruners import BasePruner
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial, Trial


class Search(Sweeper):
    """Look for the overrides with the highest score.

    A trial is a job of the sweep, of the same number. The study is kept in ``storage``; the same command goes on with
    it after a stop, and first repeats the trials that were running.

    Args:
        study_name: its name, also of the sweep's folder.
        storage: an URL as Optuna takes it.
        sampler: makes Optuna's sampler, called with ``seed``.
        pruner: which trials end early.
        n_trials: how many in all; fewer where there are fewer combinations.
        n_jobs: how many are handed to the launcher at a time.
        seed: of the sampler. What trial k tries depends on it, on k and on the scores that were there.
    """

    def __init__(
        self,
        study_name: str,
        storage: str,
        sampler: Callable[..., BaseSampler],
        pruner: BasePruner,
        n_trials: int,
        n_jobs: int,
        seed: int,
    ) -> None:
        self.study_name, self.storage, self.sampler, self.pruner = study_name, storage, sampler, pruner
        self.n_trials, self.n_jobs, self.seed = n_trials, n_jobs, seed

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra hands over and make the launcher."""
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> float:
        """Run the trials that are missing and return the best score.

        Raises:
            ConfigError: nothing is searched, or the study of this name is another command's.
        """
        from trashseg.sweep.space import num_combinations, split

        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        fixed, space = split(parser.parse_overrides(arguments))
        self._leave_note()
        study = self._open(arguments)
        for trial in _trials(study, space, "RUNNING"):
            self._run(study, [trial], fixed)
        total = min(self.n_trials, num_combinations(space))
        while (missing := int(total) - len(_trials(study, space))) > 0:
            self._run(study, [self._ask(study, space) for _ in range(min(self.n_jobs, missing))], fixed)
        return study.best_value if _trials(study, space, "COMPLETE") else float("nan")

    def _leave_note(self) -> None:
        """Write into the sweep's folder what its jobs need in order to report, and the config."""
        folder = Path(str(self.config.hydra.sweep.dir))
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self.config, folder / "multirun.yaml")
        pruner = OmegaConf.to_container(self.config.hydra.sweeper.pruner, resolve=True)
        write_json(folder / STUDY, {"storage": self.storage, "study_name": self.study_name, "pruner": pruner})

    def _open(self, arguments: Sequence[str]) -> Study:
        """Return the study, new or taken up."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(
            storage=self.storage, study_name=self.study_name, pruner=self.pruner, direction="maximize",
            load_if_exists=True,
        )  # fmt: skip
        begun = study.user_attrs.get("overrides", sorted(arguments))
        if begun != sorted(arguments):
            raise ConfigError(
                f"the search {self.study_name} was begun with {' '.join(begun)}; repeat that to go on, or give this "
                "one a name of its own: hydra.sweeper.study_name=NAME."
            )
        study.set_user_attr("overrides", begun)
        return study

    def _ask(self, study: Study, space: dict[str, Any]) -> Trial:
        """Return a new trial. A sampler of its own lets a search taken up go on as if it had not stopped."""
        import numpy as np

        stream = np.random.SeedSequence([self.seed, len(study.trials)])
        study.sampler = self.sampler(seed=int(stream.generate_state(1)[0]))
        return study.ask(space)

    def _run(self, study: Study, trials: Sequence[Trial | FrozenTrial], fixed: Sequence[str]) -> None:
        """Launch trials of consecutive numbers and enter how they ended."""
        jobs = [[*fixed, *(f"{key}={value}" for key, value in trial.params.items())] for trial in trials]
        results = self.launcher.launch(jobs, initial_job_idx=trials[0].number)
        for trial, result in zip(trials, results, strict=True):
            _tell(study, trial.number, result)


def _tell(study: Study, number: int, result: JobReturn) -> None:
    """Enter how the job of trial ``number`` ended."""
    from optuna.trial import TrialState

    outcome = read_outcome(Path(result.hydra_cfg.hydra.runtime.output_dir))
    if outcome is not None and outcome.state == "done" and outcome.score is not None:
        study.tell(number, outcome.score)
    else:
        pruned = outcome is not None and outcome.state == "pruned"
        study.tell(number, state=TrialState.PRUNED if pruned else TrialState.FAIL)


def _trials(study: Study, space: Mapping[str, Any], state: str | None = None) -> list[FrozenTrial]:
    """Return the trials, or those in a state; without one that a kill left before all its values were drawn."""
    from optuna.trial import TrialState

    states = None if state is None else (TrialState[state],)
    return [trial for trial in study.get_trials(states=states) if trial.params.keys() == space.keys()]
