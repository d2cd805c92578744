"""Muting: what an outage keeps back of the devices behind it, until it is over.

An outage stands from the message that tells of it for as long as most of its devices are silent. What comes to fire
behind it meanwhile is recorded as inhibited and listed by the outage; what still fires afterwards is told then. What
was told before, and the end of what was told, is told as always.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from alerts.fold import FIRING_MAX, Fold, ref
from alerts.outage import Outage, above, began_ms, is_silence, may_be_outage, outages, silence_key
from alerts.standing import MutedLine, Muting, Standing
from alerts.state import Gathering, GroupKey, Hold, Stance
from alerts.wording import clean, words_table
from tocsin.core.messages import Decision, Phase, Transition
from tocsin.core.plan.telling import Grouping

MUTED_MAX: Final = 20
"""So many are listed with a line each; of the others a message says how many."""


def is_muted(standing: Mapping[GroupKey, Standing], transition: Transition) -> bool:
    """Tell whether one of the outages that stand is one of the device's."""
    return any(outage.key(transition.tenant) in standing for outage in above(transition))


def standing_above(fold: Fold, transition: Transition) -> Standing | None:
    """Return the outage that stands and that explains what comes to fire, or None.

    The silence of a device from before its outage has a cause of its own. Where the gateway is itself a device and was
    told to be silent, that is an outage as well.
    """
    found = (fold.outages.get(outage.key(transition.tenant)) for outage in above(transition))
    standing = next((one for one in found if one), None) or _of_gateway(fold, transition)
    if standing and is_silence(transition) and began_ms(transition) < standing.began_ms:
        return None
    return standing


def _of_gateway(fold: Fold, transition: Transition) -> Standing | None:
    name = fold.firing.silent.get((transition.tenant, transition.gateway))
    one = fold.firing[name] if name else None
    if one is None or one.stance is not Stance.TOLD or transition.device == transition.gateway:
        return None
    return stood(None, Outage("gateway", transition.gateway), [one.transition])


def stood(before: Standing | None, outage: Outage, part: Sequence[Transition]) -> Standing:
    """Return the outage once more silences were told as part of it."""
    first = part[0]
    begin_ms = min(map(began_ms, part))
    known = before or Standing(outage.key(first.tenant), outage.words, ref(first), begin_ms, ())
    silences = tuple(dict.fromkeys([*known.silences, *(one.fingerprint for one in part)]))
    return replace(known, silences=silences, began_ms=min(known.began_ms, begin_ms))


def mutes_arriving(fold: Fold, transition: Transition, grouping: Grouping) -> Standing | None:
    """Return the outage that keeps back what comes to fire just now, or None where it is to be told.

    Silence of a whole device gathers first: it may be part of the outage.
    """
    if grouping.outage_mutes != "all" or not grouping.gateway_wait_ms or len(fold.firing) >= FIRING_MAX:
        return None
    return None if may_be_outage(transition, grouping) else standing_above(fold, transition)


def listed(fold: Fold, standing: Standing, transition: Transition) -> Muting:
    """Let the outage list what it mutes; return what mutes it."""
    lines, count = standing.muted, standing.muted_count
    if all(line.fingerprint != transition.fingerprint for line in lines):
        count += 1
        line = MutedLine(transition.fingerprint, transition.severity, transition.device, transition.summary)
        lines = (*lines, line) if len(lines) < MUTED_MAX else lines
    fold.outages[standing.key] = replace(standing, muted=lines, muted_count=count)
    fold.changed = True
    return Muting(standing.words, standing.by)


def mute(fold: Fold, transition: Transition, key: GroupKey, now_ms: int) -> None:
    """Keep back a transition that waited to be told, by an outage that stands."""
    muting = listed(fold, fold.outages[key], transition)
    fold.decide(transition, Decision.INHIBITED, "", now_ms, muting=muting)
    fold.hold(transition, Hold.OUTAGE, now_ms, muting=muting)


def gathers_above(fold: Fold, transition: Transition) -> Gathering | None:
    """Return the group of silences that by now are an outage of the device's and are told soon, or None."""
    gathering = fold.gatherings.get(silence_key(transition))
    if gathering is None or not gathering.waiting:
        return None
    newest = {name: fold.firing[name].transition.number for name in _names(gathering) if name in fold.firing}
    silent = [one for one in gathering.waiting if is_silence(one) and newest.get(one.fingerprint) == one.number]
    found = outages(silent, gathering, fold.firing.values()) if silent else []
    return gathering if any(outage and outage.covers(transition) for _, _, outage in found) else None


def join(fold: Fold, transition: Transition) -> None:
    """Let what was to be told wait for the outage that gathers."""
    gathering = fold.gatherings[silence_key(transition)]
    fold.put(gathering.key, replace(gathering, waiting=(*gathering.waiting, transition)))
    if firing := fold.firing.get(transition.fingerprint):
        fold.firing[transition.fingerprint] = replace(firing, in_outage=True)


def end_outages(fold: Fold) -> None:
    """Let outages that are over mute no more, once their end is told."""
    for key, standing in sorted(fold.outages.items()):
        names = set(standing.silences)
        waits = any(names & _names(one) for one in fold.gatherings.values() if one.waiting and one.key[0] == key[0])
        if _is_over(fold, standing) and not waits:
            del fold.outages[key]
            fold.changed = True


def _names(gathering: Gathering) -> set[str]:
    return {one.fingerprint for one in gathering.waiting}


def _is_over(fold: Fold, standing: Standing) -> bool:
    """Tell whether most devices of the outage report again."""
    return 2 * sum(name in fold.firing for name in standing.silences) <= len(standing.silences)


def muted_now(part: Sequence[Transition]) -> tuple[str, ...]:
    """Return the lines of an outage's message about what it mutes from the first."""
    rows = [(str(one.severity), clean(one.device, 64), clean(one.summary, 110), one.fingerprint) for one in part]
    return _lines(f"Muted until it is over, {_alerts(len(part))} behind it:", rows[:MUTED_MAX], len(part))


def muted_meanwhile(fold: Fold, part: Sequence[Transition]) -> tuple[str, ...]:
    """Return the lines about what outages muted that are over with the part; each is listed once."""
    names = {one.fingerprint for one in part if one.phase is not Phase.FIRING}
    ended = [one for _, one in sorted(fold.outages.items()) if names & set(one.silences) and one.muted_count]
    lines: tuple[str, ...] = ()
    for standing in ended:
        if _is_over(fold, standing):
            rows = [_row(fold, line) for line in standing.muted]
            said = (
                f"Muted while {standing.words} was out, {_alerts(standing.muted_count)}; what still fires is told now:"
            )
            lines += _lines(said, rows, standing.muted_count)
            fold.outages[standing.key] = replace(standing, muted=(), muted_count=0)
    return lines


def _row(fold: Fold, line: MutedLine) -> tuple[str, ...]:
    firing = fold.firing.get(line.fingerprint)
    state = "still fires" if firing and firing.held_by is Hold.OUTAGE else "over"
    return (state, line.severity, clean(line.device, 64), clean(line.summary, 110), line.fingerprint)


def _alerts(count: int) -> str:
    return f"{count} alert{'' if count == 1 else 's'}"


def _lines(said: str, rows: Sequence[tuple[str, ...]], count: int) -> tuple[str, ...]:
    if not rows:
        return ()
    more = [f"and {count - len(rows)} more"] if count > len(rows) else []
    return ("", said, *words_table(rows), *more)
