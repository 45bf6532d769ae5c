"""``trashseg cv``: the score of a recipe on photographs that its networks never saw."""

from __future__ import annotations

from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from trashseg.config import run_verb
from trashseg.sweep.outcome import as_typed
from trashseg.types import ConfigError, did_you_mean


def cv(cfg: DictConfig) -> float:
    """Train and score every fold, or compare two finished runs; return the out-of-fold mIoU, or NaN."""
    if cfg.compare is not None:
        return compare_runs(cfg)
    from trashseg.crossval.oof import STORE, predict_folds, scores_path
    from trashseg.crossval.report import CHOICES, out_of_fold, write_report
    from trashseg.crossval.run import Record, group_labels
    from trashseg.crossval.saved import load_scores
    from trashseg.quiet import quiet

    quiet()
    if cfg.checkpoint not in CHOICES:
        raise ConfigError(f"checkpoint={cfg.checkpoint} does not exist here. {did_you_mean(cfg.checkpoint, CHOICES)}")
    run_dir = Path(cfg.run_dir)
    checkpoints, folds_dir = networks(cfg, run_dir)
    table = predict_folds(cfg, run_dir, checkpoints)
    paths = [scores_path(run_dir, fold) for fold in range(len(checkpoints))]
    folds, together = [load_scores([path]) for path in paths], load_scores(paths)
    result = out_of_fold(folds, together, group_labels(folds_dir, together.names), cfg.num_board, cfg.seed)
    print("\n" + write_report(run_dir, result, table, cfg.checkpoint))
    Record.of(checkpoints, folds_dir, STORE if cfg.save else None).write(run_dir)
    print_next(run_dir)
    return together.miou


def print_next(run_dir: Path) -> None:
    """Print where everything is and what to type next."""
    print(f"\nrun folder  {run_dir}")
    print(f"next        trashseg cv compare=[{run_dir},ANOTHER_RUN]   # is another recipe better, or is it noise?")
    print(f"            trashseg audit cv={run_dir}                  # labels that the networks doubt")


def networks(cfg: DictConfig, run_dir: Path) -> tuple[list[Path], Path]:
    """Return the checkpoint of every fold, trained where it is not there yet, and the folder of the folds."""
    from trashseg.crossval.folds import Recipe, checkpoints_of_sweep

    given = cfg.data.get("folds")
    folds_dir = Path(given).expanduser().absolute() if given else run_dir.absolute() / "split"
    recipe = Recipe(run_dir, as_typed(HydraConfig.get().overrides.task), folds_dir)
    recipe.check_same()
    if cfg.runs is not None:
        return checkpoints_of_sweep(Path(cfg.runs).expanduser(), cfg.checkpoint)
    if not given:
        recipe.split()
    return recipe.train(cfg.checkpoint), folds_dir


def compare_runs(cfg: DictConfig) -> float:
    """Print whether the second of two finished runs is better than the first; return NaN."""
    from trashseg.crossval.compare import compare

    runs = list(cfg.compare)
    if len(runs) != 2:
        raise ConfigError(f"compare={runs} takes two run folders: compare=[RUN,RUN].")
    print(compare(*(Path(str(run)).expanduser() for run in runs)))
    return float("nan")


def main() -> None:
    """Run the verb."""
    run_verb("cv", cv)


if __name__ == "__main__":
    main()
