"""Flapping: an alert that fires again and again is told once, and held until it stays as it is."""

from dataclasses import replace

from alerts.batch import Arrival
from alerts.grouping import group_key
from alerts.state import Recent
from tocsin.core.clock import MINUTE_MS
from tocsin.core.life import Event
from tocsin.core.messages import Phase, Transition


def fired(recent: Recent | None, arrival: Arrival) -> tuple[Recent, Event]:
    """Return what the alert did lately after it came to fire, and what that is: once, again, or flapping.

    Time is that of the transitions, so a backlog that comes at once is judged as if it had come in time.
    """
    transition, grouping = arrival.transition, arrival.grouping
    within_ms = grouping.flap_within_ms
    known = recent or Recent(transition.fingerprint, group_key(transition, grouping), within_ms)
    since_ms = transition.at_ms - within_ms
    times = (*(at_ms for at_ms in known.fired_ms if at_ms > since_ms), transition.at_ms)
    event = Event.HELD
    if grouping.flap_episodes and len(times) >= grouping.flap_episodes:
        event = Event.FLAPPED
    elif known.ended_ms > since_ms:
        event = Event.HELD_AGAIN
    told_as = known.told_as if event is Event.HELD else (transition.number, event)
    most = max(1, grouping.flap_episodes)
    after = replace(
        known,
        key=group_key(transition, grouping),
        keep_ms=max(within_ms, MINUTE_MS),
        fired_ms=times[-most:],
        told_as=told_as,
        moved_ms=arrival.arrival_ms,
    )
    return after, event


def ended(recent: Recent, arrival: Arrival, *, is_told: bool) -> Recent:
    """Return what the alert did lately after its episode was over.

    Args:
        recent: What it did before.
        arrival: The end.
        is_told: Whether people hear of it.
    """
    transition = arrival.transition
    if not is_told:
        return replace(recent, moved_ms=arrival.arrival_ms)
    return replace(recent, ended_ms=transition.at_ms, told=transition.episode, moved_ms=arrival.arrival_ms)


def flaps(recent: Recent, arrival: Arrival) -> Recent:
    """Return what the alert did lately after a move while it flaps, or that began it."""
    return replace(
        recent,
        flapping=bare(arrival.transition),
        moved_ms=arrival.arrival_ms,
        settle_ms=arrival.grouping.flap_settle_ms,
        send_resolved=arrival.grouping.send_resolved,
        ended_ms=recent.ended_ms if arrival.transition.phase is Phase.FIRING else arrival.transition.at_ms,
    )


def has_settled(recent: Recent, tick_ms: int) -> bool:
    """Tell whether a flapping alert has stayed as it is for long enough."""
    return recent.flapping is not None and recent.moved_ms + recent.settle_ms <= tick_ms


def settled(recent: Recent) -> Recent:
    """Return what is remembered of an alert that flaps no more: counting begins anew."""
    return replace(recent, flapping=None, fired_ms=())


def is_forgotten(recent: Recent, tick_ms: int) -> bool:
    """Tell whether what an alert did lately matters no more."""
    return recent.flapping is None and recent.moved_ms + recent.keep_ms <= tick_ms


def bare(transition: Transition) -> Transition:
    """Return the transition without its windows."""
    return replace(transition, evidence=replace(transition.evidence, panes=()))
