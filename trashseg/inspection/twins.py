"""Photographs of one scene, within a part and across parts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trashseg.data.groups import Groups, Pair, find_groups
from trashseg.inspection.album import Album


@dataclass(frozen=True)
class Twins:
    """Pairs of photographs that show one scene: those in different parts first, then by their score.

    ``crossing`` counts the pairs for each two parts that share a scene.
    """

    groups: Groups
    pairs: tuple[Pair, ...]
    crossing: dict[tuple[int, int], int]

    def figures(self) -> dict[str, Any]:
        """Return the counts; a group is a scene of more than one photograph."""
        sizes = self.groups.sizes
        return {
            "pairs": len(self.pairs),
            "groups": int((sizes > 1).sum()),
            "largest": int(sizes.max()),
            "crossing": [{"parts": list(parts), "pairs": count} for parts, count in sorted(self.crossing.items())],
        }


def find_twins(album: Album, cache_dir: Path) -> Twins:
    """Look for photographs of one scene.

    Raises:
        DataError: a photograph cannot be read any more, or the cache cannot be written.
    """
    paths = [album.image_path(i) for i in range(len(album))]
    return arrange(find_groups(paths, album.names, cache_dir=cache_dir), album)


def arrange(groups: Groups, album: Album) -> Twins:
    """Put the pairs of ``groups`` into order and count those in different parts."""
    part = album.part_of.tolist()
    crossing = Counter((part[pair.first], part[pair.second]) for pair in groups.crossing(album.part_of))
    pairs = sorted(groups.pairs, key=lambda p: (part[p.first] == part[p.second], -p.score, p.first, p.second))
    return Twins(groups, tuple(pairs), dict(crossing))
