"""``trashseg pseudo``: labels for photographs without any, made by an ensemble, and training on them in rounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from trashseg.config import run_verb

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from trashseg.ensembling.record import Record
    from trashseg.pseudolabels.writing import Rule


def pseudo(cfg: DictConfig) -> None:
    """Label, and train as many rounds as asked for; each starts from the labels of the last."""
    from trashseg.crossval.run import read_record as read_cv
    from trashseg.ensembling.deciding import content
    from trashseg.pseudolabels.rounds import Rounds
    from trashseg.pseudolabels.writing import Rule
    from trashseg.quiet import quiet

    quiet()
    rule = Rule(content(cfg.threshold), cfg.keep, cfg.least, cfg.min_area)
    run_dir, ensemble = Path(cfg.run_dir), Path(str(cfg.ensemble)).expanduser()
    record = write_labels(ensemble, run_dir, rule)
    if not cfg.rounds:
        folds = read_cv(Path(next(iter(record.members.values())))).folds if (run_dir / "fold_0.json").exists() else None
        print_next(run_dir, folds)
        return
    runs = {name: Path(path) for name, path in record.members.items()}
    rounds = Rounds(run_dir, runs, cfg.pseudo_ratio)
    overrides = list(OmegaConf.load(ensemble / ".hydra" / "overrides.yaml"))
    labels = run_dir
    for number in range(1, cfg.rounds + 1):
        after = rounds.train(number, labels)
        print(f"\nround {number}\n")
        print("\n".join(rounds.verdicts(runs, after)))
        voted = rounds.vote(number, after, overrides)
        labels, runs = run_dir / f"round_{number}" / "labels", after
        write_labels(voted, labels, rule)


def write_labels(ensemble: Path, folder: Path, rule: Rule) -> Record:
    """Write the labels of an ensemble into ``folder`` and print what they hold; return the ensemble's record."""
    from trashseg.ensembling.record import read_record
    from trashseg.pseudolabels import writing

    record = read_record(ensemble)
    written = writing.write_labels(folder, record, rule, lambda: annotated_shares(record))
    thresholds, pixels = written["all.json"]
    print(f"\n{'class':<16}{'threshold':>11}{'of all pixels':>15}")
    for label, threshold, share in zip(record.classes, thresholds.tolist(), pixels.tolist(), strict=False):
        print(f"{label:<16}{threshold:>11.3f}{share:>15.2%}")
    print(f"{'ignored':<16}{'':>11}{pixels[-1]:>15.2%}\n")
    for name, (_, pixels) in written.items():
        labelled = 1 - pixels[-1]
        print(f"written     {folder / name}   {labelled:.1%} labelled, {labelled - pixels[0]:.1%} as objects")
    return record


def annotated_shares(record: Record) -> npt.NDArray[np.float64]:
    """Return the classes' shares of the annotated pixels that the first network trained on (K,).

    Raises:
        ConfigError: no member knows its network.
    """
    from trashseg.build import build_datamodule
    from trashseg.checkpoint import check_targets, read_training
    from trashseg.ensembling.members import open_members
    from trashseg.types import ConfigError, Split

    network = next((path for member in open_members(record.members) for path in member.networks), None)
    if network is None:
        raise ConfigError("threshold=shares needs a member whose training data are known; give threshold=0.9.")
    data = {**read_training(network).config["data"], "cache_dir": None, "pseudo": None}
    check_targets(data, network)
    pixels = build_datamodule(data).dataset(Split.TRAIN).class_pixels.sum(0)
    shares: npt.NDArray[np.float64] = pixels / pixels.sum()
    return shares


def print_next(folder: Path, folds: str | None) -> None:
    """Print what to type next."""
    print(f"\nnext        trashseg train ... data.pseudo={folder}")
    if folds is not None:
        print(f"            trashseg cv ... data.folds={folds} data.pseudo={folder}   # each fold without its own")


def main() -> None:
    """Run the verb."""
    run_verb("pseudo", pseudo)


if __name__ == "__main__":
    main()
