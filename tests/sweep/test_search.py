"""A search whose jobs are one line of arithmetic."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from optuna.trial import TrialState

from trashseg.sweep.grid import Grid
from trashseg.sweep.outcome import Outcome
from trashseg.sweep.search import Search
from trashseg.types import ConfigError

TPE = functools.partial(optuna.samplers.TPESampler, n_startup_trials=3)
ARGUMENTS = ["data=synthetic", "model=a,b,c", "optim.lr=tag(log, interval(1e-4, 1e-2))"]


def score(overrides: Sequence[str]) -> float:
    """The score of a trial, highest at lr=1e-2 with model=b."""
    values = {o.get_key_element(): o.value() for o in OverridesParser.create().parse_overrides(list(overrides))}
    assert values["data"] == "synthetic"
    return float(values.get("optim.lr", 0)) * {"a": 1, "b": 3, "c": 2}[str(values["model"])]


class Launcher:
    """Runs jobs as the real ones do, as far as a search can tell."""

    def __init__(self, folder: Path, stop_at: int | None = None, states: dict[int, str] | None = None) -> None:
        self.folder, self.stop_at, self.states = folder, stop_at, states or {}
        self.batches: list[list[int]] = []

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[Any]:
        numbers = list(range(initial_job_idx, initial_job_idx + len(job_overrides)))
        self.batches.append(numbers)
        if self.stop_at in numbers:
            raise SystemExit(143)
        return [self._run(*job) for job in zip(numbers, job_overrides, strict=True)]

    def _run(self, number: int, overrides: Sequence[str]) -> Any:
        run_dir = self.folder / str(number)
        run_dir.mkdir(exist_ok=True)
        state = self.states.get(number, "done")
        value = None if state == "failed" else score(overrides)
        Outcome(state, list(overrides), number, value).write(run_dir)
        return SimpleNamespace(hydra_cfg=OmegaConf.create({"hydra": {"runtime": {"output_dir": str(run_dir)}}}))


@pytest.fixture
def search(tmp_path: Path) -> Callable[..., tuple[optuna.Study, Launcher]]:
    def run(
        name: str = "one", arguments: Sequence[str] = ARGUMENTS, sampler: Any = TPE, n_trials: int = 8, n_jobs: int = 1,
        **launcher: Any,
    ) -> tuple[optuna.Study, Launcher]:  # fmt: skip
        folder = tmp_path / name
        storage = f"sqlite:///{folder}/study.db"
        sweeper = Search(name, storage, sampler, optuna.pruners.NopPruner(), n_trials, n_jobs, seed=5)
        sweeper.hydra_context = SimpleNamespace(config_loader=None)
        sweeper.config = OmegaConf.create({"hydra": {"sweep": {"dir": str(folder)}, "sweeper": {"pruner": {}}}})
        sweeper.launcher = Launcher(folder, **launcher)
        with contextlib.suppress(SystemExit):
            sweeper.sweep(list(arguments))
        return optuna.load_study(study_name=name, storage=storage), sweeper.launcher

    return run


def tried(study: optuna.Study) -> list[tuple[dict[str, Any], float | None, TrialState]]:
    return [(trial.params, trial.value, trial.state) for trial in study.trials]


def test_the_best_is_found_and_entered(search: Callable[..., Any]) -> None:
    study, launcher = search(n_trials=14)
    assert launcher.batches == [[k] for k in range(14)]
    assert all(value == score(["data=synthetic", f"model={p['model']}", f"optim.lr={p['optim.lr']}"])
               for p, value, _ in tried(study))  # fmt: skip
    assert study.best_params["model"] == "b"
    assert study.best_value == max(trial.value for trial in study.trials)


@pytest.mark.parametrize("stop_at", [0, 5])
def test_a_stopped_search_goes_on_as_if_it_had_not_stopped(search: Callable[..., Any], stop_at: int) -> None:
    whole, _ = search("whole")
    stopped, _ = search("stopped", stop_at=stop_at)
    assert stopped.trials[-1].state == TrialState.RUNNING
    assert len(stopped.trials) == stop_at + 1
    resumed, launcher = search("stopped")
    assert launcher.batches == [[k] for k in range(stop_at, 8)]
    assert tried(resumed) == tried(whole)
    _, again = search("stopped")
    assert again.batches == []


def test_trials_side_by_side(search: Callable[..., Any]) -> None:
    study, launcher = search(n_jobs=3)
    assert launcher.batches == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert len({trial.params["optim.lr"] for trial in study.trials}) == 8


def test_failed_and_pruned_trials(search: Callable[..., Any]) -> None:
    study, _ = search(states={2: "failed", 3: "pruned"})
    states = [trial.state for trial in study.trials]
    assert states[2:4] == [TrialState.FAIL, TrialState.PRUNED]
    assert states.count(TrialState.COMPLETE) == 6


def test_a_grid_is_every_combination_once(search: Callable[..., Any]) -> None:
    study, _ = search(arguments=["data=synthetic", "model=a,b,c", "k=range(2,9,2)"], sampler=Grid, n_trials=99)
    found = [tuple(trial.params.values()) for trial in study.trials]
    assert sorted(found) == sorted(itertools.product("abc", [2, 4, 6, 8]))


def test_a_stopped_grid(search: Callable[..., Any]) -> None:
    arguments = ["data=synthetic", "model=a,b,c", "k=1,2"]
    search(arguments=arguments, sampler=Grid, stop_at=3)
    study, launcher = search(arguments=arguments, sampler=Grid)
    assert launcher.batches == [[3], [4], [5]]
    assert len({tuple(trial.params.items()) for trial in study.trials}) == 6


def test_another_search_of_the_same_name_is_refused(search: Callable[..., Any]) -> None:
    search(n_trials=1)
    with pytest.raises(ConfigError, match="study_name"):
        search(arguments=[*ARGUMENTS, "seed=3"])


def test_a_trial_that_a_kill_left_without_values(search: Callable[..., Any], tmp_path: Path) -> None:
    arguments = ["data=synthetic", "model=a,b,c", "k=1,2"]
    search(arguments=arguments, sampler=Grid, stop_at=2)
    optuna.load_study(study_name="one", storage=f"sqlite:///{tmp_path}/one/study.db").ask()
    study, launcher = search(arguments=arguments, sampler=Grid)
    assert launcher.batches == [[2], [4], [5], [6]]
    assert len({tuple(trial.params.items()) for trial in study.trials if trial.params}) == 6
