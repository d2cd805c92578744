"""Notifications: what a person reads at night, and what subscribers filter by."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

from alerts.alert_text import alert_text
from alerts.group_text import group_text, group_words
from alerts.outage import OUTAGE, is_outage_key, outage_headline
from alerts.state import GroupKey
from alerts.wording import clean, plain
from tocsin.core.messages import SEVERITY_RANK, AlertRef, Notification, Severity, Transition

SUBJECT_MAX: Final = 99
"""Amazon SNS takes subjects of less than 100 characters of ASCII."""

ID_DIGITS: Final = 32
MIXED: Final = "mixed"
NONE: Final = "none"
"""An attribute must not be empty: what a device without site is filtered by."""


def notification(
    part: Sequence[Transition], *, key: GroupKey, number: int, why: str = "", again_ms: int = 0
) -> Notification:
    """Return the message about transitions of one group and one phase.

    Args:
        part: At least one; firing or resolved, not both.
        key: Their group.
        number: Number of the message for its tenant.
        why: Why it is told again or late, in words; empty where it is told for the first time.
        again_ms: At which tick it is told again; 0 for the first time.
    """
    first = part[0]
    alerts = tuple(AlertRef(one.fingerprint, one.episode, one.number) for one in part)
    named = notification_id(first.tenant, alerts, again_ms)
    said = ("STILL " if why else "") + headline(part, key)
    facts = alert_text(first) if len(part) == 1 else group_text(part)
    facts = f"{why}\n\n{facts}" if why else facts
    return Notification(
        id=named,
        number=number,
        tenant=first.tenant,
        subject=plain(said, SUBJECT_MAX),
        text=f"{said}\n\n{facts}\n\nNotification {number} for {clean(first.tenant, 64)}, {named}\n",
        attributes=attributes(part) | ({"kind": OUTAGE} if is_outage_key(key) else {}),
        alerts=alerts,
        at_ms=max([again_ms, *(one.at_ms for one in part)]),
    )


def notification_id(tenant: str, alerts: Iterable[AlertRef], again_ms: int = 0) -> str:
    """Return an id that follows from what is told, and when again, so every copy has the same."""
    told = [f"{alert.fingerprint}:{alert.episode}:{alert.number}" for alert in alerts]
    told += [f"again:{again_ms}"] if again_ms else []
    return sha256("\n".join([tenant, *told]).encode()).hexdigest()[:ID_DIGITS]


def headline(part: Sequence[Transition], key: GroupKey) -> str:
    """Return one line that tells state, severity, and what happened to which device, or to how many."""
    start = f"{part[0].phase.upper()} {highest(part)}:"
    if is_outage_key(key):
        return f"{start} gateway {clean(part[0].gateway, 64)}: {outage_headline(part)}"
    if len(part) > 1:
        return f"{start} {len(part)} alerts, {group_words(key)}"
    one = part[0]
    where = f"{one.device} at {one.site}" if one.site else one.device
    return f"{start} {clean(where, 132)}: {clean(one.summary)}"


def attributes(part: Sequence[Transition]) -> dict[str, str]:
    """Return what subscribers filter by; ``mixed`` where the alerts of the group differ."""
    return {
        "tenant": part[0].tenant,
        "site": _common(one.site for one in part),
        "severity": str(highest(part)),
        "kind": _common(one.kind for one in part),
        "state": str(part[0].phase),
    }


def highest(part: Sequence[Transition]) -> Severity:
    """Return the highest severity among the transitions."""
    return max((one.severity for one in part), key=SEVERITY_RANK.__getitem__)


def _common(values: Iterable[str]) -> str:
    distinct = set(values)
    return (distinct.pop() or NONE) if len(distinct) == 1 else MIXED
