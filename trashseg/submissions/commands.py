"""``trashseg submission compare|validate|vote|to-masks|from-masks``: plain commands on files, without a config."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from trashseg.config.classes import trash_table
from trashseg.types import TrashsegError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the first argument names."""
    # Importing albumentations, which comes with the data, asks the network for its newest version otherwise.
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    options = parser().parse_args(arguments)
    try:
        options.run(options)
    except TrashsegError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser("trashseg submission", description="Tools for submissions of the competition's form.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("compare", help="how much two submissions agree, and where they do not")
    one.add_argument("first", type=Path)
    one.add_argument("second", type=Path)
    one.add_argument("--root", type=Path, help="folder of the photographs, to see them below the classes")
    one.add_argument("--out", type=Path, default=Path("outputs/submission/changes.png"), help="default: %(default)s")
    one.add_argument("--count", type=int, default=8, help="photographs in the picture (default: %(default)s)")
    one.set_defaults(run=compare)

    one = commands.add_parser("validate", help="read a submission as a scorer would")
    one.add_argument("file", type=Path)
    one.add_argument("--test", type=Path, help="the test photographs' COCO file: names and order are checked too")
    one.set_defaults(run=validate)

    one = commands.add_parser("vote", help="the hard vote of several submissions")
    one.add_argument("files", type=Path, nargs="+")
    one.add_argument("--out", type=Path, required=True)
    one.add_argument("--weights", type=_numbers, help="one a file: 2,1,1")
    one.add_argument("--tie-break", type=_words, help='classes, the first wins a tie: "Battery,Paper pack"; '
                     "without, the first file wins")  # fmt: skip
    one.set_defaults(run=vote)

    one = commands.add_parser("to-masks", help="class-id PNGs of a submission")
    one.add_argument("file", type=Path)
    one.add_argument("folder", type=Path)
    one.add_argument("--size", type=int, help="side of the PNGs, such as 512 (default: as in the file)")
    one.set_defaults(run=to_masks)

    one = commands.add_parser("from-masks", help="a submission of class-id PNGs")
    one.add_argument("folder", type=Path)
    one.add_argument("--test", type=Path, required=True, help="the test photographs' COCO file: names and order")
    one.add_argument("--out", type=Path, required=True)
    one.set_defaults(run=from_masks)
    return top


def compare(options: argparse.Namespace) -> None:
    """Print how two submissions differ and draw where."""
    from trashseg.submission import open_submission
    from trashseg.submissions.comparing import compare_submissions, comparison_text
    from trashseg.submissions.pictures import draw_changes

    files, table = (open_submission(options.first), open_submission(options.second)), trash_table()
    comparison = compare_submissions(*files, len(table))
    print(comparison_text(comparison, table, options.first, options.second))
    if draw_changes(options.out, comparison, files, table, root=options.root, count=options.count):
        print(f"written {options.out}")


def validate(options: argparse.Namespace) -> None:
    """Check a submission; print the share of each class."""
    from trashseg.submission import check_submission, open_submission

    names = test_names(options.test) if options.test else list(open_submission(options.file).rows)
    table = trash_table()
    report = check_submission(options.file, names, len(table))
    print(report if options.test else f"{options.file}: {report.rows} rows of {report.side}x{report.side} ids.")
    for name, share in zip(table.names, report.shares, strict=True):
        print(f"{name:<16}{share:8.2%}")
    if not options.test:
        print("names and order are not checked; give --test TEST.json")


def vote(options: argparse.Namespace) -> None:
    """Write a hard vote."""
    from trashseg.submissions import voting
    from trashseg.voting import class_order

    order = options.tie_break and class_order(options.tie_break, trash_table().names, "--tie-break")
    voting.vote(options.out, options.files, options.weights, order)
    print(f"written {options.out}")


def to_masks(options: argparse.Namespace) -> None:
    """Write class-id PNGs."""
    from trashseg.submission import open_submission
    from trashseg.submissions.masks import write_masks

    count = write_masks(open_submission(options.file), options.folder, trash_table(), options.size)
    print(f"written {count} PNGs to {options.folder}")


def from_masks(options: argparse.Namespace) -> None:
    """Write a submission of class-id PNGs and check it."""
    from trashseg.submission import check_submission
    from trashseg.submissions.masks import masks_to_submission

    names, table = test_names(options.test), trash_table()
    masks_to_submission(options.folder, options.out, names, len(table))
    print(check_submission(options.out, names, len(table)))


def test_names(path: Path) -> list[str]:
    """Return the photographs of a COCO file in its order."""
    from trashseg.data.cache import default_cache_dir
    from trashseg.data.index import open_index

    return open_index(path, default_cache_dir()).file_names


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _words(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]
