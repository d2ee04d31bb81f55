"""The numbers of a report as rows and tables; their names say what they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from apps.staff import formats

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class NumberGroup:
    """Some numbers that belong together: names with values, a list, or a table with a head."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def number_groups(totals: Mapping[str, object]) -> list[NumberGroup]:
    """Return the single numbers first, then each group or list of a report's totals."""
    single = {name: value for name, value in totals.items() if not isinstance(value, (Mapping, list))}
    groups = [NumberGroup("", (), _pairs(single))] if single else []
    groups += [_group(name, value) for name, value in totals.items() if name not in single and value]
    return groups


def shown(name: str, value: object) -> str:
    """Return a number as its name says what it is: a time, a share, or itself."""
    if value is None:
        return "\N{EN DASH}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)) and name.endswith("_ms"):
        return formats.duration(int(value)) if value >= MINUTE_MS else f"{value / 1000:.1f} s"
    if isinstance(value, float):
        return f"{value:.0%}" if name == "share" else f"{value:.1f}"
    return str(value)


def label(name: str) -> str:
    plain = name.removesuffix("_ms").replace("_", " ")
    return plain[:1].upper() + plain[1:]


def _group(name: str, value: object) -> NumberGroup:
    if isinstance(value, Mapping):
        return NumberGroup(label(name), (), _pairs(value))
    items = list(value) if isinstance(value, list) else []
    if items and all(isinstance(item, Mapping) for item in items):
        return _table(label(name), items)
    return NumberGroup(label(name), (), tuple((shown(name, item),) for item in items))


def _table(title: str, items: Sequence[Mapping[str, object]]) -> NumberGroup:
    names = list(dict.fromkeys(name for item in items for name in item))
    rows = tuple(tuple(shown(name, item.get(name)) for name in names) for item in items)
    return NumberGroup(title, tuple(label(name) for name in names), rows)


def _pairs(values: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple(_pair(values))


def _pair(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        yield label(name), shown(name, value)
