"""What stands in COCO files beside images and annotations: categories, licences, info."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from trashseg.types import DataError

Entry = dict[str, Any]


def with_ids(entries: Iterable[Any], ids: Iterable[int]) -> Iterator[Entry]:
    """Yield the first of the raw ``entries`` for each of the ``ids``, in their order; what else is there is faulty."""
    wanted = set(ids)
    for entry in entries:
        number = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(number, int | float) and number in wanted:
            wanted.remove(int(number))
            yield entry


class Head:
    """The merged head of several COCO files.

    Categories and licences of all files are kept; of everything else the first file's word counts.
    """

    def __init__(self) -> None:
        self.content: Entry = {}

    def add(self, tree: Entry, category_ids: Iterable[int], file: str) -> dict[int, int]:
        """Take in the head of ``tree``, the content of ``file``, whose usable categories are ``category_ids``.

        Returns:
            Old id -> new id of the file's licences.

        Raises:
            DataError: one category id stands for two categories.
        """
        merged = ("images", "annotations", "categories", "licenses")
        self.content = {key: value for key, value in tree.items() if key not in merged} | self.content
        self._add_categories(with_ids(tree.get("categories") or [], category_ids), file)
        return self._add_licences(tree.get("licenses"))

    def _add_categories(self, categories: Iterable[Entry], file: str) -> None:
        """Keep each category once."""
        kept = self.content.setdefault("categories", [])
        for entry in categories:
            same = next((other for other in kept if other["id"] == entry["id"]), None)
            if same is None:
                kept.append(entry)
            elif same["name"] != entry["name"]:
                raise DataError(
                    f"category {entry['id']} is {entry['name']} in {file} and {same['name']} in the files before it; "
                    "split files that share one list of categories, with sources=[FILE.json,...]."
                )

    def _add_licences(self, licences: Any) -> dict[int, int]:
        """Keep each licence once, under a new id where its own is another's; return old id -> new id."""
        kept = self.content.setdefault("licenses", [])
        new_ids = {}
        for entry in licences if isinstance(licences, list) else []:
            number = entry.get("id") if isinstance(entry, dict) else None
            if not isinstance(number, int):
                continue
            taken = {other["id"] for other in kept}
            new_ids[number] = number if entry in kept or number not in taken else max(taken) + 1
            if entry not in kept:
                kept.append({**entry, "id": new_ids[number]})
        return new_ids
