"""What sets runs apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from trashseg.runtable.find import Run
from trashseg.runtable.settings import Settings


def differing(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Return for each verb the groups and keys that differ between its runs, those that were typed first.

    A key that says no more than the option of its group does (``model.arch`` beside ``model``) is left out, unless a
    command line gave it.
    """
    by_verb: defaultdict[str, list[Settings]] = defaultdict(list)
    for run in runs:
        by_verb[run.verb].append(run.settings)
    return {verb: _differing(own) for verb, own in by_verb.items()}


def columns(differences: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what differs between the runs of any verb, each key once."""
    return list(dict.fromkeys(key for keys in differences.values() for key in keys))


def value_of(run: Run, key: str) -> str:
    """Return the option of a group or the value of a key in ``run``, empty where it has none."""
    return _value(run.settings, key) or ""


def words(run: Run, keys: Sequence[str]) -> list[str]:
    """Return ``key=value`` for those of ``keys`` that ``run`` has."""
    return [f"{key}={value}" for key in keys if (value := _value(run.settings, key)) is not None]


def _differing(own: Sequence[Settings]) -> list[str]:
    """Return what differs between runs of the same verb."""
    names = dict.fromkeys(key for part in (_options, _values) for settings in own for key in part(settings))
    varied = [key for key in names if len({_value(settings, key) for settings in own}) > 1]
    groups = {key for settings in own for key in settings.options}.intersection(varied)
    telling = [key for key in varied if not any(_follows(own, key, group) for group in groups)]
    return sorted(telling, key=lambda key: not _typed(own, key))


def _follows(own: Sequence[Settings], key: str, group: str) -> bool:
    """Whether ``key`` lies in ``group``, has one value for each of its options, and was given by nobody."""
    if not key.startswith(f"{group.replace('/', '.')}.") or _typed(own, key):
        return False
    values: defaultdict[str | None, set[str | None]] = defaultdict(set)
    for settings in own:
        values[_value(settings, group)].add(_value(settings, key))
    return all(len(found) == 1 for found in values.values())


def _typed(own: Sequence[Settings], key: str) -> bool:
    return any(key.replace("/", ".") in settings.typed for settings in own)


def _options(settings: Settings) -> Mapping[str, str]:
    return settings.options


def _values(settings: Settings) -> Mapping[str, str]:
    return settings.values


def _value(settings: Settings, key: str) -> str | None:
    return settings.options.get(key, settings.values.get(key))
