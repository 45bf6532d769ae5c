"""``trashseg reproduce``: repeat a training and compare its numbers."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from trashseg.config import run_verb
from trashseg.types import ConfigError, DataError

if TYPE_CHECKING:
    from trashseg.provenance import Difference
    from trashseg.reproduction import Comparison, Original


def reproduce(cfg: DictConfig) -> bool:
    """Repeat the run and return whether it came out the same within the tolerance."""
    from trashseg.reproduction import open_original, repeat, table, verdict

    tolerance = checked_tolerance(cfg.tolerance)
    original = open_original(Path(str(cfg.run)).expanduser().absolute())
    changed = what_changed(original, allow_changed_data=bool(cfg.allow_changed_data))
    run_dir = repeat(original, Path(cfg.run_dir))
    result = compared(original, run_dir)
    print(f"\n{table(result)}\n")
    print(verdict(result, changed, original.first.config, original.on_gpu))
    same = result.within(tolerance)
    if tolerance and not result.identical:
        print(f"no epoch's mIoU differs by more than tolerance={tolerance}: {'yes' if same else 'no'}")
    print(f"\nrun folder  {run_dir}")
    return same


def checked_tolerance(value: Any) -> float:
    """Return ``tolerance``.

    Raises:
        ConfigError: it is no difference of two mIoUs.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ConfigError(
            f"tolerance={value}; give 0 (identical to the last digit) or a difference of mIoU, such as .005."
        )
    return float(value)


def what_changed(original: Original, *, allow_changed_data: bool) -> list[Difference]:
    """Print what differs now from when the run was made, and return it.

    Raises:
        DataError: a file that the run read is another now, or gone.
    """
    from trashseg.provenance import compare_inputs, compare_surroundings, surroundings
    from trashseg.reproduction import listing

    first = original.first
    moved = "" if original.made_in == original.folder else f", made in {original.made_in}"
    print(f"run         {original.folder}{moved}")
    print(f"command     {first.command}")
    for again in original.starts[1:]:
        print(listing(f"went on at {again.time}", compare_surroundings(first, again)))
    now = surroundings(first.verb, first.config, original.working_folder)[0]
    changed, data = compare_surroundings(first, now), compare_inputs(first, now)
    print(listing("software, code and machine", changed))
    print(listing("data", data), flush=True)
    if data and not allow_changed_data:
        raise DataError(
            f"{data[0].key} is not what the run read ({len(data)} in all, listed above); restore it, or give "
            "allow_changed_data=true to repeat the run with what is there."
        )
    return [*changed, *data]


def compared(original: Original, run_dir: Path) -> Comparison:
    """Compare what was logged and the best scores."""
    from trashseg.reproduction import compare, read_metrics
    from trashseg.sweep.outcome import read_outcome

    folders = (original.folder, run_dir)
    before, after = (read_metrics(folder / "metrics.csv") for folder in folders)
    outcomes = [read_outcome(folder) for folder in folders]
    then, now = (math.nan if end is None or end.score is None else end.score for end in outcomes)
    # A run that did not end well has no best score to compare with.
    return compare(before, after, (then, math.nan if math.isnan(then) else now))


def main() -> None:
    """Run the verb; status 1 where the repetition came out otherwise."""
    same: list[bool] = []
    run_verb("reproduce", lambda cfg: same.append(reproduce(cfg)))
    sys.exit(0 if all(same) else 1)


if __name__ == "__main__":
    main()
