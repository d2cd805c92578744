"""The text about many alerts at once: how many, how bad, where, since when, and the worst of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from alerts.finding import look_at
from alerts.state import GroupKey
from alerts.wording import clean, words_table
from tocsin.core.clock import iso
from tocsin.core.messages import SEVERITY_RANK, Phase, Severity, Transition

LINES_MAX: Final = 20
NAMES_MAX: Final = 5


def group_text(part: Sequence[Transition]) -> str:
    """Return the counts, the worst alerts, a line each, and the command that shows more.

    Args:
        part: At least two transitions of one phase.
    """
    return "\n".join(
        [
            *words_table([(name, value) for name, value in _facts(part) if value]),
            "",
            *_worst(part),
            "",
            "Show one: tocsin alerts show <the last column>",
        ]
    )


def group_words(key: GroupKey) -> str:
    """Return what the alerts of the group have in common, e.g. ``site north, kind limits``."""
    words = []
    for attribute, _, value in (part.partition("=") for part in key[1:]):
        name = attribute.removeprefix("device_")
        words.append(f"{name} {clean(value, 64)}" if value else f"no {name}")
    return ", ".join(words) or f"tenant {clean(key[0], 64)}"


def _facts(part: Sequence[Transition]) -> list[tuple[str, str]]:
    severities = Counter(one.severity for one in part)
    bad = [
        f"{severities[severity]} {severity}"
        for severity in sorted(Severity, key=lambda one: -SEVERITY_RANK[one])
        if severities[severity]
    ]
    places = [_counted(name, (getattr(one, name) for one in part)) for name in ("device", "site", "gateway")]
    began, newest = min(one.since_ms for one in part), max(one.at_ms for one in part)
    return [
        ("What", _counted("rule", (one.rule for one in part))),
        ("Where", "; ".join(filter(None, places))),
        ("Since", f"{iso(began)} the first, {iso(newest)} the newest change"),
        ("How bad", ", ".join(bad)),
        ("Look at", _look_at(part)),
    ]


def _counted(what: str, names: Iterable[str]) -> str:
    """Return the names, the most frequent first, and how many more there are; nothing where none is known."""
    counts = Counter(name for name in names if name)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if len(ranked) == 1:
        return f"{what} {clean(ranked[0][0], 64)}"
    shown = [clean(name, 64) + (f" ({count})" if count > 1 else "") for name, count in ranked[:NAMES_MAX]]
    more = [f"{len(ranked) - NAMES_MAX} more"] if len(ranked) > NAMES_MAX else []
    return f"{len(ranked)} {what}s: {', '.join(shown + more)}" if ranked else ""


def _look_at(part: Sequence[Transition]) -> str:
    if part[0].phase is not Phase.FIRING:
        return ""
    gateways, devices = {one.gateway for one in part}, {one.device for one in part}
    if len(gateways) == 1 and len(devices) > 1 and (gateway := gateways.pop()):
        return f"Gateway {clean(gateway, 64)} first: all {len(devices)} devices report through it."
    kinds = {one.kind for one in part}
    return look_at(kinds.pop() if len(kinds) == 1 else "")


def _worst(part: Sequence[Transition]) -> list[str]:
    """Return the head of the list: severest first, then in the order in which they came."""
    ranked = sorted(part, key=lambda one: -SEVERITY_RANK[one.severity])[:LINES_MAX]
    rows = [(str(one.severity), clean(one.device, 64), clean(one.summary, 110), one.fingerprint) for one in ranked]
    more = len(part) - len(ranked)
    return words_table(rows) + ([f"and {more} more"] if more else [])
