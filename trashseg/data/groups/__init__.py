"""Groups of photographs that show one scene, which no split may cut: by pictures, names or times."""

from trashseg.data.groups.given import groups_by_name, groups_by_time
from trashseg.data.groups.group import Groups, Pair, merge
from trashseg.data.groups.visual import find_groups

__all__ = ["Groups", "Pair", "find_groups", "groups_by_name", "groups_by_time", "merge"]
