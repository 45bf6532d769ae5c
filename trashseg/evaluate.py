"""``trashseg evaluate``: the score of a checkpoint, and where it fails."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from trashseg.config import run_verb
from trashseg.types import ConfigError, Split


def evaluate(cfg: DictConfig) -> float:
    """Score a checkpoint on the validation (or training) photographs; return the mIoU."""
    from trashseg.inference import build_predictor, open_run
    from trashseg.inference.reports import table_text, write_reports
    from trashseg.inference.scoring import score
    from trashseg.quiet import quiet

    quiet()
    if cfg.split not in (Split.TRAIN, Split.VAL):
        raise ConfigError(f"split={cfg.split} cannot be scored; choose split=val or split=train.")
    trained, datamodule = open_run(cfg)
    predictor = build_predictor(cfg, trained)
    split = Split(cfg.split)
    scores = score(predictor, datamodule.eval_dataloader(split), len(trained.table), num_worst=cfg.num_worst)
    print(table_text(scores, trained.table))
    context = {"checkpoint": str(trained.path), "split": split.value, "tta_views": predictor.tta.num_views}
    written = write_reports(scores, trained.table, datamodule.dataset(split), Path(cfg.run_dir), context)
    print(f"checkpoint  {trained.path}, {predictor.tta.num_views} view{'s' * (predictor.tta.num_views > 1)}")
    for path in written:
        print(f"written     {path}")
    return scores.miou


def main() -> None:
    """Run the verb."""
    run_verb("evaluate", evaluate)


if __name__ == "__main__":
    main()
