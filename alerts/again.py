"""Which alerts that fire are told once more at a tick, and why."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from alerts.muting import is_muted
from alerts.people import is_silenced
from alerts.standing import Standing
from alerts.state import Firing, GroupKey, Hold, Stance
from tocsin.core.life import Condition
from tocsin.core.silences import Silence


class Why(StrEnum):
    """Why people hear again, or late, of an alert that fires: the words that they read."""

    OUTAGE_OVER = "This fired while its gateway or site was out, which is over, and it still fires."
    SILENCE_ENDED = "This fired while silenced, and the silence has ended."
    BUDGET_RENEWED = "This was held back because too much was told before."
    STAYED = "This flapped, and has stayed firing since."
    SETTLED = "This flapped, and has stayed clear since."
    ACK_EXPIRED = "The acknowledgement has expired, and this still fires."
    REPEAT = "This still fires, and nobody has acknowledged it."


QUIET_CONDITIONS: Final = frozenset({Condition.CLOSED, Condition.FLAPPING})
"""While an alert stands there, nothing is told of it again."""

HELD_WHY: Final = {
    Hold.SILENCE: Why.SILENCE_ENDED,
    Hold.BUDGET: Why.BUDGET_RENEWED,
    Hold.FLAPPING: Why.STAYED,
    Hold.OUTAGE: Why.OUTAGE_OVER,
}


def is_acknowledged(one: Firing, at_ms: int) -> bool:
    """Tell whether somebody knows of the alert, and the acknowledgement has not expired."""
    return one.condition is Condition.ACKNOWLEDGED and (one.until_ms is None or at_ms < one.until_ms)


def told_again(
    firing: Mapping[str, Firing], silences: tuple[Silence, ...], tick_ms: int, *, outages: Mapping[GroupKey, Standing]
) -> dict[tuple[GroupKey, Why], list[Firing]]:
    """Return the alerts to tell at the tick, by group and reason, in a fixed order.

    Args:
        firing: All that fires, by fingerprint.
        silences: The plan's and people's.
        tick_ms: The instant that has come.
        outages: Those that stand: what they hold back waits for their end.
    """
    found: dict[tuple[GroupKey, Why], list[Firing]] = {}
    for _, one in sorted(firing.items()):
        why = _why(one, tick_ms)
        if one.stance is Stance.HELD and one.held_by is not Hold.FLAPPING and is_muted(outages, one.transition):
            continue
        if why is not None and not is_silenced(one.transition, silences, tick_ms):
            found.setdefault((one.key, why), []).append(one)
    return dict(sorted(found.items()))


def _why(one: Firing, tick_ms: int) -> Why | None:
    if one.condition in QUIET_CONDITIONS or one.stance is Stance.WAITING or tick_ms < one.at_ms:
        return None
    if is_acknowledged(one, tick_ms):
        return None
    if one.stance is Stance.HELD:
        return HELD_WHY[one.held_by]
    if one.condition is Condition.ACKNOWLEDGED:
        return Why.ACK_EXPIRED
    return Why.REPEAT if one.repeat_ms and one.at_ms + one.repeat_ms <= tick_ms else None
