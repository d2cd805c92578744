"""How differences between two runs are shown: the rows of a table, and JSON."""

from collections.abc import Iterable
from typing import Any, Final

from tocsin.cli.words import span
from tocsin.core.clock import iso
from tocsin.runtime.plan_diff import Item, Pair

HEADINGS: Final = ("change", "in A (UTC)", "in B (UTC)", "shift", "severity", "what")


def counted(pairs: Iterable[Pair]) -> str:
    """Return how many differ how; empty where there are none."""
    counts: dict[str, int] = {}
    for pair in pairs:
        for kind in pair.kinds or ("the same",):
            counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))


def row(pair: Pair) -> tuple[str, ...]:
    """Return the cells under ``HEADINGS``."""
    shift_ms = pair.shift_ms
    shift = "" if not shift_ms else f"{'+' if shift_ms > 0 else '-'}{span(abs(shift_ms))}"
    severities = dict.fromkeys(item.severity for item in (pair.before, pair.after) if item)
    times = [iso(item.at_ms) if item else "" for item in (pair.before, pair.after)]
    return (", ".join(pair.kinds), *times, shift, " to ".join(severities), pair.shown.what)


def pair_json(pair: Pair, names: tuple[str, str] = ("a", "b")) -> dict[str, Any]:
    """Return the pair for machines, its items under the names of their sides."""
    return {
        "change": list(pair.kinds),
        "key": list(pair.shown.key),
        "what": pair.shown.what,
        "shift_ms": pair.shift_ms,
        names[0]: _item_json(pair.before),
        names[1]: _item_json(pair.after),
    }


def _item_json(item: Item | None) -> dict[str, Any] | None:
    if item is None:
        return None
    end = None if item.end_ms is None else iso(item.end_ms)
    return {"at": iso(item.at_ms), "end": end, "severity": item.severity}
