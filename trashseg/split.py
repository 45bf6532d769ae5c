"""``trashseg split``: folds whose score predicts the leaderboard's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from trashseg.config import instantiate, plain, run_verb

if TYPE_CHECKING:
    from trashseg.data.folds.balance import Balance
    from trashseg.data.source import Source
    from trashseg.types import ClassTable


def split(cfg: DictConfig) -> None:
    """Write folds, their plan and a report into the run's folder."""
    from trashseg.data.folds.pool import read_pool
    from trashseg.data.folds.write import FoldedPool, check_free, write_split
    from trashseg.data.kinds import source_of
    from trashseg.quiet import quiet

    quiet()
    folder = Path(cfg.run_dir)
    check_free(folder)
    source, recipe = source_of(plain(cfg.data)), {name: plain(cfg[name]) for name in ("method", "labels", "grouping")}
    source.ensure()
    pool = read_pool(source, files_of(cfg.sources, source))
    method, labels, grouping = (instantiate(node, name) for name, node in recipe.items())
    groups = grouping.groups(pool.paths, pool.names, source.cache)
    folded = FoldedPool(pool, groups, method.folds(labels.columns(pool.counts), groups, pool.names))
    print(write_split(folder, folded, recipe))
    draw(folder / "report.png", folded.balance, pool.table)
    print_next(folder, folded.num_folds, str(source.root or source.folder))


def files_of(sources: str | Sequence[str] | None, source: Source) -> list[str]:
    """Return the files to split: those named, one or a list, or the training and validation part of ``source``."""
    if sources is None:
        return [name for name in (source.train, source.val) if name is not None]
    return [sources] if isinstance(sources, str) else list(sources)


def draw(path: Path, balance: Balance, classes: ClassTable) -> None:
    """Write the report's tables as a picture."""
    from trashseg.pictures import save_png
    from trashseg.pictures.folds import FoldTable, folds_picture

    tables = [
        FoldTable(title, [cells for _, cells in balance.cells(title)], balance.deviations(amounts))
        for title, amounts in balance.tables.items()
    ]
    title = f"{balance.sizes.sum()} photographs, {len(balance.parts)} parts"
    save_png(path, folds_picture(tables, balance.parts, classes, title))


def print_next(folder: Path, num_folds: int, root: str) -> None:
    """Print where everything is and what to type next."""
    print(f"\nrun folder  {folder}")
    print(f"next        trashseg train data.root={root} data.folds={folder} data.fold=0")
    if num_folds > 1:
        folds = ",".join(map(str, range(num_folds)))
        print(f"            trashseg train -m data.root={root} data.folds={folder} data.fold={folds}")


def main() -> None:
    """Run the verb."""
    run_verb("split", split)


if __name__ == "__main__":
    main()
