"""From where on an annotation is suspicious."""

from __future__ import annotations

from dataclasses import dataclass, fields

from trashseg.data.naming import check_number


@dataclass(frozen=True)
class Limits:
    """The limits of the rules; lengths are pixels of a photograph of 512 x 512.

    Args:
        sliver: a part of an outline that is thinner (2 x area / perimeter) is a sliver.
        tiny: an object whose area is that of a smaller square is tiny; the side of the square.
        outside: an outline may reach this far out of the photograph.
        box: a side of the listed box may lie this far from the outline.
        area: the listed area may differ by this share of the painted one, and by a line of one pixel around it.
        overlap: two objects of different classes may share less than this share of the smaller one.
        twice: two objects of one class with at least this IoU were annotated twice.

    Raises:
        ConfigError: a limit is no number in its range.
    """

    sliver: float = 1.5
    tiny: float = 6.0
    outside: float = 2.0
    box: float = 4.0
    area: float = 0.1
    overlap: float = 0.5
    twice: float = 0.8

    def __post_init__(self) -> None:
        shares = ("area", "overlap", "twice")
        for field in fields(self):
            high = 1.0 if field.name in shares else 512.0
            check_number(f"limits.{field.name}", getattr(self, field.name), 0.0, high)
