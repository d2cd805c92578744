"""The life cycle of alerts: the rows of ``tocsin.core.life`` that are measured, and the durations that make signals.

A *verdict* is what one evaluation says (breached, cleared, or neither); a *signal* is what it means once
the rule's durations are counted. No evaluation, no signal: missing data never resolves an alert.
"""

from dataclasses import dataclass, fields, replace
from enum import IntEnum, StrEnum
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from tocsin.core.columns import Bools, Int32s, Int64s
from tocsin.core.life import EVENT_MEANINGS, Event, between
from tocsin.core.messages import Amendment, Phase, Severity

Int8s = NDArray[np.int8]

UNSET_MS: Final = np.iinfo(np.int64).min
"""No such instant; columns have no None."""


class Verdict(IntEnum):
    """What one evaluation of a rule says."""

    CLEAR = -1
    HOLD = 0
    BREACH = 1


CLEAR: Final = int(Verdict.CLEAR)
HOLD: Final = int(Verdict.HOLD)
BREACH: Final = int(Verdict.BREACH)
"""The same as plain numbers for arrays: of a member numpy asks a dozen attributes that an enum has not."""


class Signal(StrEnum):
    """What moves an alert, of all that the table of its life knows: what is measured."""

    BREACHED = Event.BREACHED
    HELD = Event.HELD
    CLEARED = Event.CLEARED
    WITHDRAWN = Event.WITHDRAWN
    EXPIRED = Event.EXPIRED


SIGNAL_MEANINGS: Final = {signal: EVENT_MEANINGS[Event(signal)] for signal in Signal}

MEASURED: Final = between(Phase, Signal)
"""The rows of an alert's life that are measured; a pair that is not here changes nothing."""

TRANSITIONS: Final = {(Phase(phase), Signal(signal)): Phase(after) for (phase, signal), after in MEASURED.items()}

PHASES: Final = tuple(Phase)
SEVERITIES: Final = tuple(Severity)
AMENDMENTS: Final = tuple(Amendment)
UNSTEPPED: Final = -1
"""Severity of alerts of rules that have one only."""
SIGNALS: Final = tuple(Signal)
OPEN_PHASES: Final = (Phase.PENDING, Phase.FIRING)
_NO_SIGNAL: Final = len(SIGNALS)


@dataclass(frozen=True, slots=True)
class Lives:
    """Where n alerts stand.

    Attributes:
        phase: shape (n,), int8, place in ``PHASES``.
        episode: shape (n,), int32, counts from 1 each time the alert leaves a closed phase.
        number: shape (n,), int32, transitions so far.
        since_ms: shape (n,), when the newest episode began.
        moved_ms: shape (n,), when the newest transition was.
        breach_ms: shape (n,), when the present breach began.
        newest_ms: shape (n,), newest instant seen breached.
        clear_ms: shape (n,), since when an open alert is clear.
        severity: shape (n,), int8, place in ``SEVERITIES``; ``UNSTEPPED`` where the rule has one severity only.
        severity_max: shape (n,), int8, the highest of the episode, once it fires.
        amended: shape (n,), int8, place in ``AMENDMENTS``: what late data said of the newest episode.
    """

    phase: Int8s
    episode: Int32s
    number: Int32s
    since_ms: Int64s
    moved_ms: Int64s
    breach_ms: Int64s
    newest_ms: Int64s
    clear_ms: Int64s
    severity: Int8s
    severity_max: Int8s
    amended: Int8s

    def __len__(self) -> int:
        return len(self.phase)

    def take(self, rows: Int64s) -> Self:
        """Return the alerts of the rows, in that order."""
        return type(self)(*[getattr(self, name)[rows] for name in LIFE_COLUMNS])

    @property
    def is_open(self) -> Bools:
        """Whether each alert is pending or firing."""
        return are_open(self.phase)


LIFE_COLUMNS: Final = tuple(field.name for field in fields(Lives))


def are_open(phase: Int8s) -> Bools:
    """Tell of each phase, a place in ``PHASES``, whether it is pending or firing."""
    return _IS_OPEN[phase]


def new_lives(count: int) -> Lives:
    """Return that many alerts that never moved."""
    zeros, unset = np.zeros(count, np.int32), np.full(count, UNSET_MS, np.int64)
    unstepped, bare = np.full(count, UNSTEPPED, np.int8), np.zeros(count, np.int8)
    return Lives(bare, zeros, zeros, unset, unset, unset, unset, unset, unstepped, unstepped, bare)


def advance(lives: Lives, verdict: Int8s, at_ms: Int64s, *, for_ms: Int64s | int, clear_ms: Int64s) -> Lives:
    """Return the alerts after one evaluation each; those that moved have a higher number.

    An alert remembers its side like a Schmitt trigger: HOLD (between limit and hysteresis) goes on with
    what it said before. What is older than the newest breach neither clears nor holds, so the pane of a
    window that ended before an early reading does not undo that reading.

    Args:
        lives: n alerts.
        verdict: shape (n,), int8, a ``Verdict`` each.
        at_ms: shape (n,), event time or tick time of the evaluation.
        for_ms: How long breached before firing; one for all, or shape (n,).
        clear_ms: shape (n,), how long clear before resolved.
    """
    was_open = lives.is_open
    is_clearing = lives.clear_ms != UNSET_MS
    is_breach = verdict == BREACH
    side = np.where(verdict == HOLD, np.where(is_clearing, CLEAR, BREACH), verdict)
    counts = np.where(was_open, is_breach | (at_ms >= lives.newest_ms), is_breach)
    breached, cleared = counts & (side == BREACH), counts & was_open & (side == CLEAR)
    timed = replace(
        lives,
        breach_ms=np.where(breached & ~was_open, at_ms, lives.breach_ms),
        newest_ms=np.where(breached & is_breach, np.maximum(lives.newest_ms, at_ms), lives.newest_ms),
        clear_ms=np.where(
            cleared,
            np.where(is_clearing, lives.clear_ms, at_ms),
            np.where(breached, UNSET_MS, lives.clear_ms),
        ),
    )
    signal = np.full(len(lives), _NO_SIGNAL)
    signal[breached] = _BREACHED
    signal[breached & (at_ms - timed.breach_ms >= for_ms)] = _HELD
    is_pending = lives.phase == _PENDING
    signal[cleared & (is_pending | (at_ms - timed.clear_ms >= clear_ms))] = _CLEARED
    return _move(timed, signal, at_ms)


def withdraw(lives: Lives, at_ms: int) -> Lives:
    """Return the alerts after their rule left the plan."""
    return _move(lives, np.full(len(lives), _WITHDRAWN), np.full(len(lives), at_ms, np.int64))


def expire(lives: Lives, at_ms: int) -> Lives:
    """Return the alerts after nothing came from their devices for too long."""
    return _move(lives, np.full(len(lives), _EXPIRED), np.full(len(lives), at_ms, np.int64))


def amend(lives: Lives) -> Lives:
    """Return the alerts after late data said something of them that does not move them."""
    return replace(lives, number=lives.number + 1)


def step_severity(before: Lives, lives: Lives, severity: Int8s, at_ms: Int64s) -> Lives:
    """Return the alerts after their severity was judged; what fired before and changes has a higher number.

    Args:
        before: n alerts as they stood before the evaluation.
        lives: As they stand after it.
        severity: shape (n,), int8, place in ``SEVERITIES``.
        at_ms: shape (n,), time of the evaluation.
    """
    fires, fired = lives.phase == _FIRING, before.phase == _FIRING
    changed = fires & fired & (severity != lives.severity) & (lives.severity != UNSTEPPED)
    highest = np.where(fired, np.maximum(lives.severity_max, severity), severity)
    return replace(
        lives,
        severity=np.where(fires, severity, lives.severity),
        severity_max=np.where(fires, highest, lives.severity_max),
        number=lives.number + changed.astype(np.int32),
        moved_ms=np.where(changed, np.maximum(at_ms, lives.moved_ms), lives.moved_ms),
    )


def _move(lives: Lives, signal: NDArray[np.int_], at_ms: Int64s) -> Lives:
    """Look up every (phase, signal); time within an alert does not run back."""
    phase = _NEXT[lives.phase, signal]
    moved = phase != lives.phase
    opens = moved & ~lives.is_open & _IS_OPEN[phase]
    closes = moved & ~_IS_OPEN[phase]
    at_ms = np.maximum(at_ms, lives.moved_ms)
    return Lives(
        phase=phase,
        episode=lives.episode + opens.astype(np.int32),
        number=lives.number + moved.astype(np.int32),
        since_ms=np.where(opens, at_ms, lives.since_ms),
        moved_ms=np.where(moved, at_ms, lives.moved_ms),
        breach_ms=np.where(closes, UNSET_MS, lives.breach_ms),
        newest_ms=np.where(closes, UNSET_MS, lives.newest_ms),
        clear_ms=np.where(closes, UNSET_MS, lives.clear_ms),
        severity=lives.severity,
        severity_max=lives.severity_max,
        amended=np.where(opens, 0, lives.amended).astype(np.int8),
    )


def _next_phases() -> Int8s:
    """Return shape (phases, signals + 1): the table as array, the last column for no signal."""
    table = np.empty((len(PHASES), len(SIGNALS) + 1), np.int8)
    for row, phase in enumerate(PHASES):
        table[row, :] = row
        for column, signal in enumerate(SIGNALS):
            table[row, column] = PHASES.index(TRANSITIONS.get((phase, signal), phase))
    return table


_NEXT: Final = _next_phases()
_IS_OPEN: Final = np.array([phase in OPEN_PHASES for phase in PHASES])
_PENDING, _FIRING = PHASES.index(Phase.PENDING), PHASES.index(Phase.FIRING)
_BREACHED, _HELD, _CLEARED, _WITHDRAWN, _EXPIRED = (SIGNALS.index(signal) for signal in Signal)
