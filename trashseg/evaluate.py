"""``trashseg evaluate``: the score of a checkpoint, how far it can be trusted, and where it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from trashseg.config import run_verb
from trashseg.types import ConfigError, Split


def evaluate(cfg: DictConfig) -> float:
    """Score a checkpoint on the validation (or training) photographs; return the mIoU."""
    from trashseg.inference import build_predictor, open_run
    from trashseg.inference.reports import summary_text, table_text, write_reports
    from trashseg.inference.scoring import score
    from trashseg.inference.summary import group_labels, summarise
    from trashseg.quiet import quiet
    from trashseg.scores import Bootstrap

    quiet()
    options = checked_options(cfg)  # before the long part
    trained, datamodule = open_run(cfg)
    predictor = build_predictor(cfg, trained)
    split, table = Split(cfg.split), trained.table
    loader, dataset = datamodule.eval_dataloader(split), datamodule.dataset(split)
    scores = score(predictor, loader, len(table), num_worst=cfg.num_worst, seed=cfg.seed)
    summary = summarise(scores, Bootstrap(group_labels(dataset, scores.positions), **options), cfg.num_board)
    print(f"{table_text(scores, table)}\n\n{summary_text(scores, summary, table)}")
    context = {"checkpoint": str(trained.path), "split": split.value, "tta_views": predictor.tta.num_views}
    written = write_reports(scores, summary, table, dataset, Path(cfg.run_dir), context)
    print(f"checkpoint      {trained.path}, {predictor.tta.describe((datamodule.resize.image_size,) * 2)}")
    for path in written:
        print(f"written         {path}")
    return scores.miou


def checked_options(cfg: DictConfig) -> dict[str, Any]:
    """Return the keywords of the bootstrap.

    Raises:
        ConfigError: one of the options cannot be used.
    """
    from trashseg.scores import Bootstrap

    if cfg.split not in (Split.TRAIN, Split.VAL):
        raise ConfigError(f"split={cfg.split} cannot be scored; choose split=val or split=train.")
    if cfg.num_board < 1:
        raise ConfigError(f"num_board={cfg.num_board} photographs have no score; give 1 or more, such as 819.")
    options = {"level": cfg.level, "num_draws": cfg.num_draws, "seed": cfg.seed}
    Bootstrap(**options)
    return options


def main() -> None:
    """Run the verb."""
    run_verb("evaluate", evaluate)


if __name__ == "__main__":
    main()
