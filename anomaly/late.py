"""What late data say of alerts about silence, about standing still, and about what was unusual.

What an alert rested on when it came to fire is kept with it: how far its subject had reported and what silence was
allowed, or the band that was expected. Late data are held against that, never against what was learned since.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from anomaly.detectors import missing
from anomaly.detectors.flatline import USUAL_FACTOR
from anomaly.detectors.missing import NEVER_SEEN
from anomaly.evidence import Moved, amendment
from anomaly.fold import Fold, lives_of, save_lives
from anomaly.lifecycle import AMENDMENTS, PHASES, UNSET_MS, Lives, amend, withdraw
from anomaly.rows import NONE
from anomaly.verdicts import Verdicts
from tocsin.core.columns import Int64s
from tocsin.core.messages import Amendment, Phase
from tocsin.core.plan.model import AdaptiveRule, FlatlineRule, MissingRule, Rule

NO_BASIS: Final = {"proof_ms": UNSET_MS, "proof_until_ms": UNSET_MS, "proof_low": np.nan, "proof_high": np.nan}


@dataclass(frozen=True, slots=True)
class Span:
    """A pane, as late data are told by.

    Attributes:
        place: In the batch.
        first_ms: Its first reading.
        last_ms: Its last.
        low: Its smallest value.
        high: Its largest.
    """

    place: int
    first_ms: int
    last_ms: int
    low: float = np.nan
    high: float = np.nan


def keep_basis(fold: Fold, rule: Rule, alert: int, life: Lives, verdict: Verdicts) -> None:
    """Keep with an alert that comes to fire what late data can be held against.

    Of missing data: ``proof_ms``, up to when data came; ``proof_until_ms``, up to when they had to come for it not to
    fire; ``proof_high``, the longest silence allowed between readings. Of an adaptive rule: the end of its window, and
    the band that was expected.

    Args:
        fold: The fold.
        rule: The alert's.
        alert: Its row.
        life: Where it stands, one row.
        verdict: What made it fire, one.
    """
    basis = dict(NO_BASIS)
    if isinstance(rule, AdaptiveRule):
        low, high = float(verdict.low[0]), float(verdict.high[0])
        basis = {**NO_BASIS, "proof_ms": int(life.moved_ms[0]), "proof_low": low, "proof_high": high}
    elif isinstance(rule, MissingRule) and NEVER_SEEN not in verdict.parts:
        last_ms, size_ms = _reported(fold, alert)
        longest_ms = float(verdict.threshold[0])
        allowed_ms = int(missing.arrival_ms(fold.plan.timing, np.array([size_ms]))[0])
        basis |= {
            "proof_ms": last_ms,
            "proof_until_ms": last_ms + round(float(verdict.value[0]) - longest_ms),
            "proof_high": max(float(rule.floor_ms), longest_ms - allowed_ms),
        }
    for name, value in basis.items():
        fold.state.alerts[name][alert] = value


def _reported(fold: Fold, alert: int) -> tuple[int, int]:
    """Return the newest event time of the alert's device or series, and the length of its windows."""
    state = fold.state
    row = int(state.alerts["series"][alert])
    if row != NONE:
        return int(state.series["last_ms"][row]), state.sizes_ms[int(state.series["size"][row])]
    device = int(state.alerts["device"][alert])
    return int(state.devices["last_ms"][device]), int(state.devices["size_ms"][device])


def may_be_proven(fold: Fold, alerts: Int64s) -> Int64s:
    """Return the places of alerts about silence of which late data may still show that there was none."""
    if not fold.plan.timing.correction_ms:
        return np.empty(0, np.int64)
    known = np.flatnonzero(alerts != NONE)
    return np.asarray(known[fold.state.alerts["proof_until_ms"][alerts[known]] != UNSET_MS], np.int64)


def lengthen(fold: Fold, alerts: Int64s, verdicts: Verdicts) -> None:
    """Note that silences last, one alert a verdict: for there to be none, data must have come until later."""
    known = may_be_proven(fold, alerts)
    rows, basis = alerts[known], fold.state.alerts
    beyond_ms = np.rint(verdicts.value[known] - verdicts.threshold[known]).astype(np.int64)
    basis["proof_until_ms"][rows] = basis["proof_ms"][rows] + beyond_ms


def prove(fold: Fold, rule: int, alert: int, span: Span, at_ms: int) -> None:
    """Note that data came of a time that was held for silent; withdraw the alert once they cover it without a gap.

    Data count that come in their order and within ``timing.correction``; one gap that is too long, and the silence was
    true.

    Args:
        fold: Takes the transition.
        rule: Place of the rule in the plan.
        alert: Row of an alert of which late data may still show something.
        span: The pane that came.
        at_ms: When the alert is over, if it is not yet.
    """
    basis = fold.state.alerts
    known_ms, gap_ms = int(basis["proof_ms"][alert]), float(basis["proof_high"][alert])
    if span.last_ms <= known_ms:
        return
    is_late = span.first_ms < (fold.state.tick_ms or 0) - fold.plan.timing.correction_ms
    if is_late or span.first_ms - known_ms > gap_ms:
        basis["proof_until_ms"][alert] = UNSET_MS
        return
    basis["proof_ms"][alert] = span.last_ms
    if span.last_ms >= int(basis["proof_until_ms"][alert]):
        basis["proof_until_ms"][alert] = UNSET_MS
        tell(fold, rule, alert, span.place, Amendment.WITHDRAWN, _verdict(0.0, gap_ms), at_ms=at_ms)


def moved_late(fold: Fold, rule: int, alert: int, row: int, span: Span) -> None:
    """Let a late reading weaken or withdraw an alert about standing still: it moved meanwhile.

    Args:
        fold: Takes the transition.
        rule: Place of the flatline rule in the plan.
        alert: Row of its alert.
        row: Row of the series.
        span: The late reading.
    """
    wanted, still = fold.plan.rules[rule], int(fold.coverage.still[row, rule])
    assert isinstance(wanted, FlatlineRule), wanted
    if still == NONE or PHASES[int(fold.state.alerts["phase"][alert])] is not Phase.FIRING:
        return
    known = {name: fold.state.stills[name][still] for name in ("since_ms", "low", "high", "usual_ms")}
    moved = max(known["high"], span.high) - min(known["low"], span.low) > wanted.tolerance
    if not moved or not known["since_ms"] <= span.first_ms:
        return
    newest_ms = int(fold.state.series["last_ms"][row])
    rest_ms = float(max(span.first_ms - known["since_ms"], newest_ms - span.last_ms))
    limit_ms = max(float(wanted.flat_ms), USUAL_FACTOR * float(known["usual_ms"]))
    fold.state.stills["since_ms"][still] = min(span.last_ms, newest_ms)
    says = Amendment.WEAKENED if rest_ms >= limit_ms else Amendment.WITHDRAWN
    tell(fold, rule, alert, span.place, says, _verdict(rest_ms, limit_ms))


def unusual_late(fold: Fold, rule: int, alert: int, place: int, means: tuple[int, float, float]) -> None:
    """Let late data confirm, weaken or withdraw an alert about what was unusual, by the band of its own time.

    Args:
        fold: Takes the transition.
        rule: Place of the adaptive rule in the plan.
        alert: Row of its alert.
        place: Of the revision.
        means: End of the revised window, and its mean before and after.
    """
    end_ms, was, now = means
    kept = {name: fold.state.alerts[name][alert] for name in NO_BASIS}
    life = lives_of(fold, np.array([alert]))
    if PHASES[int(life.phase[0])] is not Phase.FIRING or kept["proof_ms"] != end_ms or was == now:
        return
    low, high = float(kept["proof_low"]), float(kept["proof_high"])
    before, after = (max(low - mean, mean - high, 0.0) for mean in (was, now))
    is_alone = life.since_ms[0] == end_ms == life.newest_ms[0]
    says = Amendment.CONFIRMED if after >= before else Amendment.WEAKENED
    if after == 0.0 and is_alone:
        says = Amendment.WITHDRAWN
    tell(fold, rule, alert, place, says, _verdict(now, high if now > high else low, low, high))


def _verdict(value: float, threshold: float, low: float = np.nan, high: float = np.nan) -> Verdicts:
    numbers = [np.array([one]) for one in (value, threshold, low, high)]
    return Verdicts(np.zeros(1, np.int8), numbers[0], numbers[1], numbers[2], numbers[3])


def tell(
    fold: Fold, rule: int, alert: int, place: int, says: Amendment, verdict: Verdicts, *, at_ms: int | None = None
) -> None:
    """Save and tell what late data say, unless they said it of this episode before.

    Args:
        fold: Takes the transition.
        rule: Place of the rule in the plan.
        alert: Row of the alert, which fires or is over.
        place: Of the pane that says it.
        says: What it says.
        verdict: What the rule says of the revised window, one.
        at_ms: When an alert that is withdrawn is over; None for when it moved last.
    """
    rows = np.array([alert])
    before = lives_of(fold, rows)
    code = AMENDMENTS.index(says)
    if before.amended[0] == code or (before.amended[0] and says is Amendment.CONFIRMED):
        return
    fires = PHASES[int(before.phase[0])] is Phase.FIRING
    over_ms = int(before.moved_ms[0]) if at_ms is None else at_ms
    after = withdraw(before, over_ms) if says is Amendment.WITHDRAWN and fires else amend(before)
    after = replace(after, amended=np.array([code], np.int8))
    save_lives(fold, rows, after)
    moved = Moved(alert, int(before.phase[0]), after, severity_from=int(before.severity[0]))
    fold.moves.append((place, rule, amendment(fold, rule, moved, verdict, says)))
