"""Digests: many notifications that waited for a receiver, told as one."""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from alerts.message import ID_DIGITS
from alerts.wording import clean, duration, plain, words_table
from tocsin.core.clock import iso
from tocsin.core.messages import SEVERITY_RANK, Notification, Severity

LINES_MAX: Final = 30
SUBJECT_MAX: Final = 99


def digest(waiting: Sequence[Notification], *, since_ms: int, now_ms: int) -> Notification:
    """Return one notification that says what the others did, and how each group of alerts stands now.

    Args:
        waiting: Oldest first, at least one.
        since_ms: Since when the receiver did not answer; 0 where it did, and too much came at once.
        now_ms: The instant.
    """
    newest = {one.group or one.id: one for one in waiting}
    open_groups = [one for one in newest.values() if one.attributes.get("state") == "firing" or one.left]
    why = f"within {duration(now_ms - since_ms)} without an answer" if since_ms else "at once"
    said = f"CAUGHT UP {_worst(waiting)}: {len(waiting)} notifications {why}, {len(open_groups)} groups still fire"
    changes = Counter(one.attributes.get("change", "") for one in waiting)
    facts = [
        ("Times", f"{iso(waiting[0].at_ms)} to {iso(waiting[-1].at_ms)}"),
        ("Told", ", ".join(f"{count} {clean(name, 20)}" for name, count in changes.most_common())),
        ("Numbers", f"{waiting[0].number} to {waiting[-1].number}"),
    ]
    return Notification(
        id=_id(waiting),
        number=waiting[-1].number,
        tenant=waiting[-1].tenant if len({one.tenant for one in waiting}) == 1 else "mixed",
        subject=plain(said, SUBJECT_MAX),
        text="\n".join(
            [
                said,
                "",
                *words_table(facts),
                "",
                *_lines("Still fires", open_groups),
                *_lines("Over by now", [one for one in newest.values() if one not in open_groups]),
            ]
        ),
        attributes=_attributes(waiting),
        alerts=tuple({(one.fingerprint, one.episode): one for told in waiting for one in told.alerts}.values()),
        at_ms=waiting[-1].at_ms,
        left=sum(one.left for one in open_groups),
    )


def _id(waiting: Sequence[Notification]) -> str:
    """Return an id that follows from what is told: the same digest, posted again, is a copy."""
    return sha256("\n".join(["digest", *(one.id for one in waiting)]).encode()).hexdigest()[:ID_DIGITS]


def _lines(head: str, found: Sequence[Notification]) -> list[str]:
    if not found:
        return []
    shown = [f"  {iso(one.at_ms)} {clean(one.subject, 120)}" for one in found[-LINES_MAX:]]
    more = [f"  and {len(found) - LINES_MAX} more"] if len(found) > LINES_MAX else []
    return [f"{head}:", *shown, *more, ""]


def _attributes(waiting: Sequence[Notification]) -> dict[str, str]:
    names = ("tenant", "site", "kind")
    values = {name: {one.attributes.get(name, "") for one in waiting} for name in names}
    common = {name: found.pop() if len(found) == 1 else "mixed" for name, found in values.items()}
    return common | {"severity": _worst(waiting), "state": "summary", "change": "summary"}


def _worst(waiting: Sequence[Notification]) -> str:
    known = [one.attributes["severity"] for one in waiting if one.attributes.get("severity") in set(Severity)]
    return max(known, key=lambda severity: SEVERITY_RANK[Severity(severity)], default=str(Severity.INFO))
