"""``trashseg check``: everything wrong with a data set, at once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from trashseg.config import plain, run_verb

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from trashseg.data.source import Source
    from trashseg.types import Split


def check(cfg: DictConfig) -> None:
    """Print every problem of each part and a table of its classes; leave with status 2 where there are problems."""
    from trashseg.data.kinds import source_of
    from trashseg.types import DataError

    source = source_of(plain(cfg.data))
    source.ensure()
    problems: list[str] = []
    for split in source.parts:
        try:
            found = [str(problem) for problem in source.problems(split)]
        except DataError as error:
            found = [str(error)]
        count = f"{len(found) or 'no'} problem{'s' * (len(found) != 1)}"
        print(f"{split.value:<6} {source.file_name(split)}: {count}")
        problems += found
    if problems:
        print("\n".join(problems), file=sys.stderr)
        raise DataError(f"{len(problems)} problems, listed above; data.on_bad=skip trains on what is left.")
    print_classes(source)


def print_classes(source: Source) -> None:
    """Print photographs, pixel shares and photographs with each class, for the labelled parts."""
    from trashseg.types import Split

    train, val = (_class_pixels(source, split) for split in (Split.TRAIN, Split.VAL))
    print(f"\n{'class':<16}{'train photos':>14}{'pixels':>10}{'val photos':>14}{'pixels':>10}")
    for k, name in enumerate(source.table.names):
        cells = [f"{name:<16}"]
        for pixels in (train, val):
            cells.append(f"{(pixels[:, k] > 0).sum():>14}{pixels[:, k].sum() / pixels.sum():>10.2%}")
        print("".join(cells))
    print(f"{'all':<16}{len(train):>14}{'':>10}{len(val):>14}")


def _class_pixels(source: Source, split: Split) -> npt.NDArray[np.int64]:
    """Return the pixels of each class on each photograph of a part, (N, K)."""
    prepared = source.prepare(split)
    return prepared.class_pixels[source.members(split, prepared.names)]


def main() -> None:
    """Run the verb."""
    run_verb("check", check)


if __name__ == "__main__":
    main()
