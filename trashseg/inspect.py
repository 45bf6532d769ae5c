"""``trashseg inspect``: one page about a data set, to know it before training on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from trashseg.config import plain, run_verb


def inspect(cfg: DictConfig) -> None:
    """Write inspect.html and inspect.json into the run's folder."""
    from trashseg.data.kinds import source_of
    from trashseg.files import atomic_file, write_json
    from trashseg.inspection import Limits, Options, inspect_data

    limits = Limits(**plain(cfg.limits))
    options = Options(cfg.scenes, cfg.num_photographs, cfg.num_per_problem, cfg.thumbnail_side)
    source = source_of(plain(cfg.data))
    source.ensure()
    report = inspect_data(source, limits, options)
    folder = Path(cfg.run_dir)
    write_json(folder / "inspect.json", report.figures)
    with atomic_file(folder / "inspect.html") as temporary:
        temporary.write_text(report.page, encoding="utf-8")
    print(summary(report.figures))
    size = (folder / "inspect.html").stat().st_size / 1e6
    print(f"{folder / 'inspect.json'}\n{folder / 'inspect.html'}  {report.num_pictures} pictures, {size:.1f} MB")


def summary(figures: dict[str, Any]) -> str:
    """Return the parts, the findings of each rule and the scenes as lines of text."""
    lines = [
        f"{part['name']:<8}{part['photographs']:>7} photographs{part['objects']:>8} objects"
        for part in figures["parts"]
    ]
    found = ", ".join(f"{rule} {count}" for rule, count in figures["problems"].items() if count)
    lines.append(f"problems  {found or 'none'}")
    scenes = figures["scenes"]
    if scenes is not None:
        crossing = sum(entry["pairs"] for entry in scenes["crossing"])
        several = f"{scenes['groups']} scenes with several photographs"
        lines.append(f"scenes    {several}; {crossing} of {scenes['pairs']} pairs lie in different parts")
    return "\n".join(lines)


def main() -> None:
    """Run the verb."""
    run_verb("inspect", inspect)


if __name__ == "__main__":
    main()
