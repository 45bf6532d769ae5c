"""Groups that need no look at the pictures: by what the names say, or by when they were taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from PIL import ExifTags, Image

from trashseg.data.groups.group import Groups, Pair, same_value
from trashseg.types import ConfigError, DataError

_TIME_FORMAT = "%Y:%m:%d %H:%M:%S"


def groups_by_name(names: Sequence[str], pattern: str) -> Groups:
    r"""Group photographs whose names agree in what ``pattern`` catches.

    Args:
        names: ``file_name`` of each photograph, with its folder.
        pattern: a regular expression, searched anywhere in the name, whose parentheses hold what names the scene, as
            in ``(scene_\d+)_shot``. A name without a match is a group of its own.

    Raises:
        ConfigError: the pattern is not a regular expression or has no parentheses.
        DataError: it matches no name at all.
    """
    try:
        found = [re.compile(pattern).search(name) for name in names]
    except re.error as error:
        raise ConfigError(f"the pattern {pattern!r} is not a regular expression ({error}); mend it.") from error
    if re.compile(pattern).groups == 0:
        raise ConfigError(
            f"the pattern {pattern!r} has no parentheses; put them around the part of a name that tells the scene, "
            r"as in '(scene_\d+)_shot'."
        )
    if names and not any(found):
        raise DataError(f"the pattern {pattern!r} matches none of {len(names)} names, such as {names[0]!r}; mend it.")
    values = [None if match is None else match.groups() for match in found]
    return Groups.from_pairs(len(names), same_value(values, "name", "both names give {}"))


def groups_by_time(paths: Sequence[Path], seconds: float) -> Groups:
    """Group photographs that one camera took at most ``seconds`` after the one before.

    The time is EXIF's DateTimeOriginal, the camera its maker, model and serial number. A photograph without a time is a
    group of its own.

    Raises:
        ConfigError: ``seconds`` is negative.
        DataError: a photograph cannot be read, or none has a time.
    """
    if seconds < 0:
        raise ConfigError(f"a gap of {seconds} seconds came; give 0 or more.")
    shots = [(shot, i) for i, path in enumerate(paths) if (shot := _shot(path)) is not None]
    if paths and not shots:
        raise DataError(
            f"none of {len(paths)} photographs says when it was taken (EXIF DateTimeOriginal); "
            "group by the names or by the pictures."
        )
    pairs = []
    for ((camera, time), i), ((other, later), j) in pairwise(sorted(shots)):
        gap = (later - time).total_seconds()
        if camera == other and gap <= seconds:
            pairs.append(Pair(min(i, j), max(i, j), "time", gap, f"taken {gap:.0f} s apart"))
    return Groups.from_pairs(len(paths), pairs)


def _shot(path: Path) -> tuple[tuple[str, ...], datetime] | None:
    """Return a photograph's camera and time; None where it does not say."""
    try:
        with Image.open(path) as photograph:
            exif = photograph.getexif()
            details = exif.get_ifd(ExifTags.IFD.Exif)
    except Exception as error:  # Pillow's readers raise whatever they meet
        raise DataError(f"{path} cannot be read ({error}); restore it or take it out of the data set.") from error
    tags = (exif.get(ExifTags.Base.Make), exif.get(ExifTags.Base.Model), details.get(ExifTags.Base.BodySerialNumber))
    try:
        time = datetime.strptime(str(details.get(ExifTags.Base.DateTimeOriginal)).strip("\0 "), _TIME_FORMAT)
    except ValueError:
        return None
    return tuple(str(tag or "").strip("\0 ") for tag in tags), time
