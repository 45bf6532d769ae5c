"""The groups that a verb's config is made of, for its ``--help``."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import yaml
from omegaconf import OmegaConf

from trashseg.config.paths import conf_dir, group_options

RESOLVER = "groups_of"
"""``${groups_of:VERB}`` in a config stands for :func:`listing`."""

_WIDTH = 118


def register_listing() -> None:
    """Let configs name the listing."""
    OmegaConf.register_new_resolver(RESOLVER, listing, replace=True)


def listing(verb: str) -> str:
    """Return a line a group that ``verb`` takes: its name and its options.

    Hydra's own listing copies all that it has read once for each group, which takes most of the time of a ``--help``,
    and names groups of other verbs too.
    """
    lines = (f"{name}: {', '.join(options)}" for name, options in verb_groups(verb))
    wrapped = (textwrap.wrap(line, _WIDTH, subsequent_indent="    ", break_on_hyphens=False) for line in lines)
    return "\n".join(line for paragraph in wrapped for line in paragraph) or "none: this verb has keys only"


def verb_groups(verb: str) -> Iterator[tuple[str, list[str]]]:
    """Yield name and options of every group of ``verb``, each before those that lie in its folder."""
    root = conf_dir()
    defaults = yaml.safe_load((root / f"{verb}.yaml").read_text(encoding="utf-8")).get("defaults", [])
    own = {key for entry in defaults if isinstance(entry, dict) for key in entry}
    for group in sorted(own):
        yield from _with_inner(root, root / group)


def _with_inner(root: Path, folder: Path) -> Iterator[tuple[str, list[str]]]:
    group = folder.relative_to(root).as_posix()
    options = group_options(group)
    if options:
        yield group, options
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        yield from _with_inner(root, inner)
