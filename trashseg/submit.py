"""``trashseg submit``: the competition's CSV for the test photographs."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from trashseg.config import run_verb
from trashseg.types import ConfigError, Split


def submit(cfg: DictConfig) -> None:
    """Predict the test photographs, write the CSV and check it as the scorer would read it."""
    from trashseg.inference import build_predictor, open_run
    from trashseg.inference.submission_maps import submission_maps
    from trashseg.quiet import quiet
    from trashseg.submission import check_submission, write_submission
    from trashseg.submission.probs import SHRINKS

    quiet()
    if cfg.shrink not in SHRINKS:
        raise ConfigError(f"shrink={cfg.shrink} does not exist; choose {', '.join(SHRINKS)}.")
    trained, datamodule = open_run(cfg)
    names = datamodule.dataset(Split.TEST).names
    path = Path(cfg.out or Path(cfg.run_dir) / "submission.csv")
    loader = datamodule.eval_dataloader(Split.TEST)
    write_submission(path, names, submission_maps(build_predictor(cfg, trained), loader, cfg.shrink))
    report = check_submission(path, names, num_classes=len(trained.table))
    print(f"checked     {report}")
    for name, share in zip(trained.table.names, report.shares, strict=False):
        print(f"            {name:<16}{share:8.2%}")
    print(f"written     {path}")


def main() -> None:
    """Run the verb."""
    run_verb("submit", submit)


if __name__ == "__main__":
    main()
