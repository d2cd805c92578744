"""Notifications: what a person reads at night, and what subscribers filter by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from alerts.alert_text import alert_text
from alerts.change import Change
from alerts.group_text import group_text, group_words
from alerts.outage import Outage, outage_headline
from alerts.state import Budget, GroupKey
from alerts.wording import clean, duration, plain, words_table
from tocsin.core.clock import iso
from tocsin.core.messages import SEVERITY_RANK, TRACES_MAX, AlertRef, Notification, Severity, Transition

SUBJECT_MAX: Final = 99
"""Amazon SNS takes subjects of less than 100 characters of ASCII."""

ID_DIGITS: Final = 32
MIXED: Final = "mixed"
HELD_BACK: Final = "held_back"
NONE: Final = "none"
"""An attribute must not be empty: what a device without site is filtered by."""


@dataclass(frozen=True, slots=True)
class Telling:
    """How transitions are told.

    Attributes:
        change: What they are told as.
        why: Why they are told again or late, in words; empty where they are told for the first time.
        again_ms: At which tick they are told again; 0 for the first time.
        escalation: Name of the escalation, or empty.
        outage: Which outage explains them, or None.
        left: How many alerts of the group people know to fire afterwards.
        muted: Lines about what the outage muted.
    """

    change: Change
    why: str = ""
    again_ms: int = 0
    escalation: str = ""
    outage: Outage | None = None
    left: int = 0
    muted: tuple[str, ...] = ()


def notification(part: Sequence[Transition], *, key: GroupKey, number: int, told: Telling) -> Notification:
    """Return the message about transitions of one group and one phase.

    Args:
        part: At least one; firing or resolved, not both.
        key: Their group.
        number: Number of the message for its tenant.
        told: How they are told.
    """
    first = part[0]
    alerts = tuple(AlertRef(one.fingerprint, one.episode, one.number) for one in part)
    named = notification_id(first.tenant, alerts, told.again_ms, told.escalation)
    said = headline(part, key, told)
    facts = alert_text(first) if len(part) == 1 else group_text(part)
    why = told.why or FIRST_WHY.get(told.change, "")
    facts = "\n".join([*([why, ""] if why else []), facts, *told.muted])
    return Notification(
        id=named,
        number=number,
        tenant=first.tenant,
        subject=plain(said, SUBJECT_MAX),
        text=f"{said}\n\n{facts}\n\nNotification {number} for {clean(first.tenant, 64)}, {named}\n",
        attributes=attributes(part, told),
        alerts=alerts,
        at_ms=max([told.again_ms, *(one.at_ms for one in part)]),
        group="|".join(key),
        left=told.left,
        traces=traces(part),
    )


def traces(part: Iterable[Transition]) -> tuple[str, ...]:
    """Return the distinct trace ids behind the transitions, in their order, at most ``TRACES_MAX``."""
    return tuple(dict.fromkeys(one.evidence.trace for one in part if one.evidence.trace))[:TRACES_MAX]


FIRST_WHY: Final = {
    Change.REOPENED: "This was over a short while ago, and fires again.",
    Change.FLAPPING: "This fires again and again. Nothing more is told of it until it stays as it is.",
    Change.AMENDED: "Late data have come for the time when this fired: see what they say below.",
    Change.WITHDRAWN: "Late data have come that show that this was never so. What was told before does not hold.",
    Change.EXPIRED: "Nothing comes from the device any more, so nobody knows whether this is over.",
}
"""What is said ahead of all else where the first word needs it."""


def summary_notification(budget: Budget, number: int, tick_ms: int) -> Notification:
    """Return the summary of what a tenant's budget held back.

    Args:
        budget: The tenant's, with what was held back.
        number: Number of the message for its tenant.
        tick_ms: When its span was over.
    """
    count = sum(budget.held.values())
    named = notification_id(budget.tenant, (), tick_ms, "held back")
    span = duration(budget.end_ms - budget.begin_ms)
    said = f"HELD BACK {count} alerts: more than {budget.size} notifications within {span}"
    ranked = sorted(budget.held.items(), key=lambda item: (-item[1], item[0]))
    facts = [
        *words_table([("Since", iso(budget.begin_ms)), ("Held back", f"{count} alerts that came to fire")]),
        "",
        *(f"  {number} {clean(words, 132)}" for words, number in ranked),
        "",
        "What still fires is told now. Show all: tocsin alerts list --state firing",
    ]
    text = "\n".join(facts)
    return Notification(
        id=named,
        number=number,
        tenant=budget.tenant,
        subject=plain(said, SUBJECT_MAX),
        text=f"{said}\n\n{text}\n\nNotification {number} for {clean(budget.tenant, 64)}, {named}\n",
        attributes={
            "tenant": budget.tenant,
            "site": MIXED,
            "severity": max((words.split()[0] for words in budget.held), key=_rank),
            "kind": HELD_BACK,
            "state": str(Change.SUMMARY),
            "change": str(Change.SUMMARY),
        },
        alerts=(),
        at_ms=tick_ms,
        group=f"{budget.tenant}|kind={HELD_BACK}",
    )


def _rank(severity: str) -> int:
    return SEVERITY_RANK[Severity(severity)] if severity in set(Severity) else -1


def notification_id(tenant: str, alerts: Iterable[AlertRef], again_ms: int = 0, step: str = "") -> str:
    """Return an id that follows from what is told, and when and why again, so every copy has the same."""
    told = [f"{alert.fingerprint}:{alert.episode}:{alert.number}" for alert in alerts]
    told += [f"again:{again_ms}"] if again_ms else []
    told += [f"step:{step}"] if step else []
    return sha256("\n".join([tenant, *told]).encode()).hexdigest()[:ID_DIGITS]


def headline(part: Sequence[Transition], key: GroupKey, told: Telling) -> str:
    """Return one line that tells state, severity, and what happened to which device, or to how many."""
    start = f"{told.change.words} {highest(part)}:"
    if told.outage:
        return f"{start} {told.outage.words}: {outage_headline(part, told.outage.what)}"
    if len(part) > 1:
        return f"{start} {len(part)} alerts, {group_words(key)}"
    one = part[0]
    where = f"{one.device} at {one.site}" if one.site else one.device
    return f"{start} {clean(where, 132)}: {clean(one.summary)}"


def attributes(part: Sequence[Transition], told: Telling) -> dict[str, str]:
    """Return what subscribers filter by; ``mixed`` where the alerts of the group differ.

    The severity is the highest that was told, so that who heard of an alert hears when it eases or is over.
    """
    heard = max((one.severity_heard for one in part), key=SEVERITY_RANK.__getitem__)
    found = {
        "tenant": part[0].tenant,
        "site": _common(one.site for one in part),
        "severity": str(heard),
        "kind": told.outage.kind if told.outage else _common(one.kind for one in part),
        "state": str(part[0].phase),
        "change": str(told.change),
    }
    return found | ({"escalation": told.escalation} if told.escalation else {})


def highest(part: Sequence[Transition]) -> Severity:
    """Return the highest severity among the transitions."""
    return max((one.severity for one in part), key=SEVERITY_RANK.__getitem__)


def _common(values: Iterable[str]) -> str:
    distinct = set(values)
    return (distinct.pop() or NONE) if len(distinct) == 1 else MIXED
