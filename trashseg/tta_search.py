"""``trashseg tta-search``: which views of test-time augmentation are worth their time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from trashseg.config import plain, run_verb
from trashseg.types import ConfigError, Split

if TYPE_CHECKING:
    from trashseg.tta import TTA
    from trashseg.ttasearch.cache import ViewCache
    from trashseg.ttasearch.choosing import Choice
    from trashseg.ttasearch.predicting import Predicted


def tta_search(cfg: DictConfig) -> float:
    """Score every subset of the views of ``tta``, write the chosen one as an option and return its mIoU."""
    from trashseg.build import build_tta
    from trashseg.quiet import quiet
    from trashseg.ttasearch.cache import ViewCache
    from trashseg.ttasearch.option import with_plain
    from trashseg.ttasearch.predicting import origin, predict_views
    from trashseg.ttasearch.report import table_text, write_report

    quiet()
    options = checked_options(cfg)
    checkpoints, folds = networks(cfg)
    node, run_dir = with_plain(plain(cfg.tta), build_tta(cfg.tta)), Path(cfg.run_dir)
    tta = build_tta(node)
    cache = ViewCache(run_dir / "views", origin(cfg, node, checkpoints))
    predicted = predict_views(cfg, tta, checkpoints, cache)
    how, choice = found(cfg, tta, cache, predicted, folds, options)
    print(f"{how}\n\n{table_text(choice, list(tta.views))}")
    for path in write_report(run_dir, choice, tta, node, {"how": how, "checkpoints": list(map(str, checkpoints))}):
        print(f"written     {path}")
    print(f"next        trashseg predict ckpt_path={checkpoints[0]} source=FOLDER tta=chosen --config-dir {run_dir}")
    return choice.chosen.miou


def found(
    cfg: DictConfig, tta: TTA, cache: ViewCache, predicted: Predicted, folds: Path | None, options: dict[str, Any]
) -> tuple[str, Choice]:
    """Return what was searched on which photographs, in words, and the result."""
    from trashseg.crossval.run import group_labels
    from trashseg.ttasearch.choosing import choose, split_halves
    from trashseg.ttasearch.pool import Pool, search

    groups = predicted.groups if folds is None else group_labels(folds, predicted.names)
    half = split_halves(groups, cfg.seed)
    pool = Pool(lambda: map(cache.read, predicted.paths), half.tolist(), predicted.num_classes, tta.merge)
    how = search(list(tta.views.values()), pool, cfg.max_exhaustive)
    where = f"{len(groups)} photographs in {len(set(groups.tolist()))} groups, 1 of {cfg.stride**2} pixels of each"
    choice = choose(pool, tta, predicted.size, groups, half, **options)
    return f"{how}, merged by {tta.merge}; {where}", choice


def checked_options(cfg: DictConfig) -> dict[str, Any]:
    """Return the keywords of the bootstrap.

    Raises:
        ConfigError: one of the options cannot be used.
    """
    from trashseg.scores import Bootstrap

    if cfg.split not in (Split.TRAIN, Split.VAL):
        raise ConfigError(f"split={cfg.split} cannot be scored; choose split=val or split=train.")
    for key in ("stride", "max_exhaustive"):
        if not isinstance(cfg[key], int) or cfg[key] < 1:
            raise ConfigError(f"{key}={cfg[key]} is not a whole number from 1 on.")
    if cfg.max_exhaustive > 16:
        raise ConfigError(f"max_exhaustive={cfg.max_exhaustive} is too many: each view doubles the time; give 1 to 16.")
    options = {"level": cfg.level, "num_draws": cfg.num_draws, "seed": cfg.seed}
    Bootstrap(**options)
    return options


def networks(cfg: DictConfig) -> tuple[list[Path], Path | None]:
    """Return the checkpoints, each with its own validation part, and the folder of the folds where they are of folds.

    Raises:
        ConfigError: neither or both of ``ckpt_path`` and ``cv`` are given, or a choice goes with the other only.
    """
    from trashseg.checkpoint import find_checkpoint
    from trashseg.crossval.run import read_record

    if (cfg.ckpt_path is None) == (cfg.cv is None):
        raise ConfigError("give one of ckpt_path=CHECKPOINT and cv=RUN, the run folder of a finished trashseg cv.")
    if cfg.cv is None:
        return [find_checkpoint(cfg.ckpt_path, Path(cfg.run_dir))], None
    if "_target_" in cfg.data or cfg.split != Split.VAL:
        raise ConfigError("cv=RUN knows its own photographs; leave out data=... and split=...")
    run = Path(str(cfg.cv)).expanduser()
    record = read_record(run)
    return [Path(path) for path in record.checkpoints], run / record.folds


def main() -> None:
    """Run the verb."""
    run_verb("tta_search", tta_search)


if __name__ == "__main__":
    main()
