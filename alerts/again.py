"""Which alerts that fire are told once more at a tick, and why."""

from collections.abc import Mapping
from enum import StrEnum

from alerts.people import is_silenced
from alerts.state import Firing, GroupKey, Stance
from tocsin.core.silences import Silence


class Why(StrEnum):
    """Why people hear again, or late, of an alert that fires: the words that they read."""

    SILENCE_ENDED = "This fired while silenced, and the silence has ended."
    ACK_EXPIRED = "The acknowledgement has expired, and this still fires."
    REPEAT = "This still fires, and nobody has acknowledged it."


def told_again(
    firing: Mapping[str, Firing], silences: tuple[Silence, ...], tick_ms: int
) -> dict[tuple[GroupKey, Why], list[Firing]]:
    """Return the alerts to tell at the tick, by group and reason, in a fixed order.

    Args:
        firing: All that fires, by fingerprint.
        silences: The plan's and people's.
        tick_ms: The instant that has come.
    """
    found: dict[tuple[GroupKey, Why], list[Firing]] = {}
    for _, one in sorted(firing.items()):
        why = _why(one, tick_ms)
        if why is not None and not is_silenced(one.transition, silences, tick_ms):
            found.setdefault((one.key, why), []).append(one)
    return dict(sorted(found.items()))


def _why(one: Firing, tick_ms: int) -> Why | None:
    if one.is_closed or one.stance is Stance.WAITING or tick_ms < one.at_ms:
        return None
    if one.acked_by and (one.until_ms is None or tick_ms < one.until_ms):
        return None
    if one.stance is Stance.HELD:
        return Why.SILENCE_ENDED
    if one.acked_by:
        return Why.ACK_EXPIRED
    return Why.REPEAT if one.repeat_ms and one.at_ms + one.repeat_ms <= tick_ms else None
