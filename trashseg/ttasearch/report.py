"""What a search leaves behind: a table, a picture, and the chosen views as an option of the group ``tta``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trashseg.files import atomic_file, write_json
from trashseg.pictures import save_png
from trashseg.scores import Interval
from trashseg.tta import TTA
from trashseg.ttasearch.choosing import RULE, Choice
from trashseg.ttasearch.option import explicit, option_text
from trashseg.ttasearch.picture import front_picture
from trashseg.ttasearch.subsets import Subset


def table_text(choice: Choice, names: Sequence[str]) -> str:
    """Return the front as a table, the cheapest first, and what was chosen.

    Args:
        choice: the result.
        names: of the views.
    """
    level = f"{100 * choice.honest.level:.0f} % interval"
    lines = [f"  {'views':>5}{'cost':>8}{'mIoU':>8}   {f'less plain ({level})':<30}  which"]
    for candidate in choice.front:
        mark = "*" if candidate is choice.chosen else " "
        lines.append(
            f"{mark} {len(candidate.subset):>5}{candidate.cost:>8.2f}{candidate.miou:>8.4f}   "
            f"{_signed(candidate.gain):<30}  {', '.join(named(candidate.subset, names))}"
        )
    luck = f"{_signed(choice.honest)}: chosen on one half of the groups, scored on the other, both ways"
    rows = [("chosen", f"* {RULE}"), ("to expect", luck)]
    return "\n".join([*lines, "", *(f"{name:<11} {text}" for name, text in rows)])


def named(subset: Subset, names: Sequence[str]) -> list[str]:
    """Return the names of a subset's views."""
    return [names[i] for i in subset]


def write_report(
    folder: Path,
    choice: Choice,
    tta: TTA,
    node: Mapping[str, Any],
    context: Mapping[str, Any],
) -> list[Path]:
    """Write tta/chosen.yaml, tta_search.json and front.png into ``folder`` and return their paths.

    Args:
        folder: the run's.
        choice: the result.
        tta: the views.
        node: the config of ``tta``.
        context: what was searched and how, plain values.
    """
    names = list(tta.views)
    paths = [folder / "tta" / "chosen.yaml", folder / "tta_search.json", folder / "front.png"]
    views = {name: tta.views[name] for name in named(choice.chosen.subset, names)}
    note = f"Chosen by trashseg tta-search from {len(names)} views; costs {choice.chosen.cost:.3g} times a plain pass."
    with atomic_file(paths[0]) as temporary:
        temporary.write_text(option_text(explicit(node, views), note), encoding="utf-8")
    write_json(paths[1], {**context, **_document(choice, names)})
    save_png(paths[2], front_picture(choice, names))
    return paths


def _document(choice: Choice, names: Sequence[str]) -> dict[str, Any]:
    """Return the result as plain JSON values."""
    return {
        "rule": RULE,
        "chosen": named(choice.chosen.subset, names),
        "to_expect": choice.honest.to_dict(),
        "chosen_on_halves": [named(subset, names) for subset in choice.halves],
        "front": [
            {**asdict(candidate), "subset": named(candidate.subset, names), "gain": candidate.gain.to_dict()}
            for candidate in choice.front
        ],
    }


def _signed(interval: Interval) -> str:
    """Return a difference with its ends, where they are known."""
    ends = "" if math.isnan(interval.low) else f" ({interval.low:+.4f} to {interval.high:+.4f})"
    return f"{interval.value:+.4f}{ends}"
