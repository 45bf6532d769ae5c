"""``trashseg check``: everything wrong with a data set, at once."""

from __future__ import annotations

import sys

from omegaconf import DictConfig

from trashseg.config import run_verb


def check(cfg: DictConfig) -> None:
    """Print every problem of each part and a table of its classes; leave with status 2 where there are problems."""
    from trashseg.build import build_datamodule
    from trashseg.data.generated import SyntheticDataModule
    from trashseg.types import DataError, Split

    datamodule = build_datamodule(cfg.data)
    if isinstance(datamodule, SyntheticDataModule):
        datamodule.generate()
    problems: list[str] = []
    for split in Split:
        try:
            if datamodule.source.file_name(split) is None:
                continue
            found = [str(problem) for problem in datamodule.source.problems(split)]
        except DataError as error:
            found = [str(error)]
        count = f"{len(found) or 'no'} problem{'s' * (len(found) != 1)}"
        print(f"{split.value:<6} {datamodule.source.file_name(split)}: {count}")
        problems += found
    if problems:
        print("\n".join(problems), file=sys.stderr)
        raise DataError(f"{len(problems)} problems, listed above; data.on_bad=skip trains on what is left.")
    print_classes(datamodule)


def print_classes(datamodule: object) -> None:
    """Print photographs, pixel shares and photographs with each class, for the labelled parts."""
    from trashseg.data.datamodule import TrashDataModule
    from trashseg.types import Split

    assert isinstance(datamodule, TrashDataModule)
    train, val = datamodule.dataset(Split.TRAIN), datamodule.dataset(Split.VAL)
    print(f"\n{'class':<16}{'train photos':>14}{'pixels':>10}{'val photos':>14}{'pixels':>10}")
    for k, name in enumerate(datamodule.classes.names):
        cells = [f"{name:<16}"]
        for part in (train, val):
            pixels = part.class_pixels
            cells.append(f"{(pixels[:, k] > 0).sum():>14}{pixels[:, k].sum() / pixels.sum():>10.2%}")
        print("".join(cells))
    print(f"{'all':<16}{len(train):>14}{'':>10}{len(val):>14}")


def main() -> None:
    """Run the verb."""
    run_verb("check", check)


if __name__ == "__main__":
    main()
