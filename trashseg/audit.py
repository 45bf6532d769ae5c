"""``trashseg audit``: labels that the networks of a cross-validation doubt, to look at, correct or leave out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from trashseg.config import plain, run_verb
from trashseg.types import DataError

if TYPE_CHECKING:
    from trashseg.auditing import Audit, Labels


def audit(cfg: DictConfig) -> None:
    """Write page, picture, tables and COCO files of the doubtful labels into the run's folder."""
    from trashseg.auditing import Limits, run_audit, write_audit
    from trashseg.quiet import quiet

    quiet()
    limits = Limits(**plain(cfg.limits))
    audited = run_audit(open_run(cfg), limits)
    folder = Path(cfg.run_dir)
    written = write_audit(folder, audited, num_shown=cfg.num_suspects, side=cfg.picture_side)
    print(summary(audited))
    for path in written:
        print(f"written     {path}")
    print(f"next        trashseg train ... data.ignore_regions={folder / 'ignore.csv'}")
    print(f"            trashseg train ... data.exclude={folder / 'exclude.csv'}")


def open_run(cfg: DictConfig) -> Labels:
    """Open labels and predictions of the cross-validation that ``cfg`` names.

    Raises:
        DataError: it kept no predictions.
    """
    from trashseg.auditing import open_labels
    from trashseg.crossval.run import read_record

    run = Path(str(cfg.cv)).expanduser()
    record = read_record(run)
    if record.store is None:
        raise DataError(f"{run} kept no predictions; repeat it with trashseg cv save=coarse hydra.run.dir={run}.")
    moved = {} if cfg.data.root is None else {"root": str(cfg.data.root)}
    return open_labels(record.data | moved, run / record.folds, run / record.store)


def summary(audited: Audit) -> str:
    """Return how much was looked at and flagged, of each kind."""
    from trashseg.auditing import Kind

    annotated = sum(region.annotation is not None for region in audited.regions)
    lines = [f"{len(audited.pixel_scores)} photographs, {annotated} annotated objects"]
    for kind in Kind:
        own = [suspect.flagged for suspect in audited.suspects if suspect.kind == kind]
        lines.append(f"{kind:<12}{sum(own):>6} flagged{len(own):>7} doubtful")
    lines.append(f"{'photographs':<12}{len(audited.excluded):>6} mostly flagged")
    return "\n".join(lines)


def main() -> None:
    """Run the verb."""
    run_verb("audit", audit)


if __name__ == "__main__":
    main()
