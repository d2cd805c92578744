"""Summaries: the one line that a person reads first, complete without knowing the plan."""

from typing import Final

from anomaly.detectors.missing import FIRST_DATA, NEVER_SEEN
from anomaly.words import duration, number, words
from tocsin.core.clock import iso
from tocsin.core.messages import Amendment, Evidence, Phase, Transition
from tocsin.core.plan.model import (
    AdaptiveRule,
    DriftRule,
    FlatlineRule,
    LimitsRule,
    MissingRule,
    MultivariateRule,
    PeersRule,
    QualityRule,
    RateRule,
    Rule,
)


def summary(rule: Rule, moved: Transition) -> str:
    """Return the line for an alert that a rule moved.

    Args:
        rule: The rule.
        moved: The transition, still without its summary.
    """
    if moved.severity_from and moved.phase_from is Phase.FIRING is moved.phase:
        return f"{_breach(rule, moved)} ({_named(moved)}) since {_clock(moved.since_ms)}, {_step(moved)}"
    if moved.phase in (Phase.PENDING, Phase.FIRING):
        waits = _wait(rule) if moved.phase is Phase.PENDING else ""
        since = "" if isinstance(rule, MissingRule | FlatlineRule) else f" since {_clock(moved.since_ms)}"
        return f"{_breach(rule, moved)} ({_named(moved)}){since}{waits}"
    lasted = duration(moved.at_ms - moved.since_ms)
    ended = "within" if moved.phase is Phase.INACTIVE else "after"
    is_off = SWITCHED_OFF in moved.evidence.parts
    what = f"{_name(moved)} is not judged in the present mode of {moved.device}" if is_off else _return(rule, moved)
    return f"{what} ({_named(moved)}) {ended} {lasted}"


def _wait(rule: Rule) -> str:
    """Return what an alert waits for that does not fire yet."""
    if isinstance(rule, AdaptiveRule) and not rule.for_ms:
        return ", fires if the next windows confirm it"
    if isinstance(rule, PeersRule) and not rule.for_ms:
        return ", fires with the third window in a row"
    return f", for {duration(rule.for_ms)} before it fires"


def withdrawn_summary(moved: Transition) -> str:
    """Return the line for an alert whose rule left the plan."""
    return f"{_name(moved)}: closed because the plan in force has no rule {moved.rule} for it any more"


def expired_summary(moved: Transition, expire_ms: int) -> str:
    """Return the line for an alert of a device from which nothing came for ``expire_ms``."""
    return (
        f"{_name(moved)}: nothing came from {moved.device} for {duration(expire_ms)}, whether it is over is not known"
    )


def amended_summary(moved: Transition) -> str:
    """Return the line for an alert of which late data say something."""
    said = {
        Amendment.CONFIRMED: "late data confirm it",
        Amendment.WEAKENED: "late data weaken it",
        Amendment.WITHDRAWN: "late data withdraw it",
    }[moved.amendment]
    return f"{_amended(moved)} ({_named(moved)}): {said}"


def _amended(moved: Transition) -> str:
    evidence, name = moved.evidence, _name(moved)
    limit = evidence.threshold or 0.0
    if moved.kind == "missing":
        return f"{_missed(moved)} of the time without came late, without a gap of {duration(int(limit))}"
    if moved.kind == "flatline":
        return (
            f"{name} moved meanwhile, it stood still for {duration(int(evidence.value))}, limit {duration(int(limit))}"
        )
    value = f"{name} was {_with_unit(evidence.value, moved)}"
    if moved.kind == "adaptive":
        return f"{value}{_band(moved, evidence)}"
    return f"{value}, limit {_with_unit(limit, moved)}"


def _band(moved: Transition, evidence: Evidence) -> str:
    if evidence.expected_low is None or evidence.expected_high is None:
        return ""
    return f", expected {number(evidence.expected_low)} to {_with_unit(evidence.expected_high, moved)}"


def _step(moved: Transition) -> str:
    """Return how the severity of what fires changed."""
    verb = "now" if moved.severity_heard is moved.severity else "only"
    return f"{verb} {moved.severity}, was {moved.severity_from}"


SWITCHED_OFF: Final = "switched_off"
"""Part of the evidence of an alert that cleared because its device left the modes in which it is judged."""

BLAMED_MAX: Final = 3
"""Most metrics that a line blames."""

_KINDS: Final = {
    "limits": "limit",
    "rate_of_change": "rate",
    "flatline": "flatline",
    "drift": "drift",
    "missing": "missing data",
    "adaptive": "adaptive",
    "multivariate": "multivariate",
    "peers": "peers",
    "quality": "data quality",
}


def _named(moved: Transition) -> str:
    kind = _KINDS[moved.kind]
    return kind if kind == moved.rule else f"{kind} {moved.rule}"


def _breach(rule: Rule, moved: Transition) -> str:
    evidence, name = moved.evidence, _name(moved)
    limit = evidence.threshold or 0.0
    match rule:
        case LimitsRule():
            side = "above" if evidence.value > limit else "below"
            return f"{name} {_with_unit(evidence.value, moved)} is {side} {_with_unit(limit, moved)}"
        case RateRule():
            verb = "falls" if evidence.value < 0 else "rises"
            speed = f"{_with_unit(abs(evidence.value), moved)} per second"
            return f"{name} {verb} {speed}, faster than {number(abs(limit))}"
        case FlatlineRule():
            at = f" from {_with_unit(evidence.panes[-1].mean, moved)}" if evidence.panes else ""
            return f"{name} has not moved{at} since {_began(moved)}"
        case MissingRule():
            return f"{_silence(moved)}, expected within {duration(int(limit))}"
        case QualityRule():
            return _doubt(rule, moved)
        case AdaptiveRule() | MultivariateRule() | DriftRule() | PeersRule():
            return _scored_breach(rule, moved)


def _doubt(rule: QualityRule, moved: Transition) -> str:
    """Return what cannot be true of the data."""
    evidence, value = moved.evidence, _with_unit(moved.evidence.value, moved)
    if rule.check == "clock":
        way = "behind" if "clock_behind" in evidence.parts else "ahead"
        return f"the clock of {moved.device} is {duration(int(evidence.value))} {way}"
    if rule.check == "time":
        other = _with_unit(evidence.threshold or 0.0, moved)
        return f"{_name(moved)} was told twice for one time, as {other} and as {value}"
    if rule.check == "range":
        return f"{_name(moved)} {value} cannot be, the sensor shows {_shown_range(evidence)} {moved.unit}".rstrip()
    unit = next(iter(evidence.parts), "another unit")
    low, high = evidence.expected_low or 0.0, evidence.expected_high or 0.0
    return f"{_name(moved)} {value} looks as if told in {unit}, it was about {_with_unit((low + high) / 2, moved)}"


def _shown_range(evidence: Evidence) -> str:
    if evidence.expected_high is None:
        return f"at least {number(evidence.expected_low or 0.0)}"
    if evidence.expected_low is None:
        return f"at most {number(evidence.expected_high)}"
    return f"{number(evidence.expected_low)} to {number(evidence.expected_high)}"


def _scored_breach(rule: AdaptiveRule | MultivariateRule | DriftRule | PeersRule, moved: Transition) -> str:
    evidence, name = moved.evidence, _name(moved)
    if isinstance(rule, PeersRule):
        return _apart(rule, moved)
    if isinstance(rule, MultivariateRule):
        return f"{name}: metrics do not go together as usual, {_blame(evidence)}{_scored(evidence)}"
    if isinstance(rule, DriftRule):
        return _drift(moved)
    return f"{name} {_with_unit(evidence.value, moved)} is unusual{_expected(moved, evidence)}"


def _return(rule: Rule, moved: Transition) -> str:
    name = _name(moved)
    match rule:
        case RateRule() | FlatlineRule():
            return f"{name} {_RETURNED[moved.kind]}"
        case MissingRule():
            return "the first data came" if FIRST_DATA in moved.evidence.parts else f"{_missed(moved)} is coming again"
        case QualityRule():
            return f"the clock of {name} is right again" if rule.check == "clock" else f"{name} is told as it should be"
        case MultivariateRule():
            return f"{name}: metrics go together as usual again"
        case LimitsRule() | AdaptiveRule() | DriftRule() | PeersRule():
            return f"{name} {_with_unit(moved.evidence.value, moved)} {_RETURNED[moved.kind]}"


_RETURNED: Final = {
    "limits": "is back to normal",
    "rate_of_change": "changes at a normal rate again",
    "flatline": "moves again",
    "adaptive": "is no longer unusual",
    "drift": "is at its level again",
    "peers": "is among its peers again",
}


def _apart(rule: PeersRule, moved: Transition) -> str:
    """Return on which side of its peers a device is, how many they are, and where they are."""
    evidence = moved.evidence
    side = "above" if "above_peers" in evidence.parts else "below"
    peers = f"{evidence.parts.get('members', 0):.0f} of its type" + (" and site" if rule.cohort == "site" else "")
    return (
        f"{_name(moved)} {_with_unit(evidence.value, moved)} is {side} its peers, {peers}{_expected(moved, evidence)}"
    )


def _drift(moved: Transition) -> str:
    """Return which way the level went, and where it used to be."""
    evidence = moved.evidence
    way = "up" if evidence.parts.get("rise", 0.0) >= evidence.parts.get("fall", 0.0) else "down"
    usual = ""
    if evidence.expected_low is not None and evidence.expected_high is not None:
        usual = f" from {_with_unit((evidence.expected_low + evidence.expected_high) / 2, moved)}"
    return f"{_name(moved)} {_with_unit(evidence.value, moved)} has drifted {way}{usual}{_scored(evidence)}"


def _blame(evidence: Evidence) -> str:
    """Return the metrics that make up most of the score, each with its share."""
    total = sum(evidence.parts.values()) or 1.0
    worst = sorted(evidence.parts.items(), key=lambda part: -part[1])[:BLAMED_MAX]
    return ", ".join(f"{words(metric)} {share / total:.0%}" for metric, share in worst if share >= total / 10)


def _silence(moved: Transition) -> str:
    """Return who is silent; a metric's silence is on the clock of its device, so it has only a length."""
    if NEVER_SEEN in moved.evidence.parts:
        return f"{moved.device} has never sent anything, awaited since {_began(moved)}"
    if not moved.metric:
        return f"no data since {_began(moved)}"
    return f"no {_missed(moved)} for {duration(int(moved.evidence.value))} while the device reports"


def _missed(moved: Transition) -> str:
    return f"{_name(moved)} data" if moved.metric else "data"


def _began(moved: Transition) -> str:
    """Return when that began whose length is the evidence's value, and its length."""
    length_ms = int(moved.evidence.value)
    return f"{_clock(moved.at_ms - length_ms)}, for {duration(length_ms)}"


def _expected(moved: Transition, evidence: Evidence) -> str:
    score = _scored(evidence)
    if evidence.expected_low is None or evidence.expected_high is None:
        return score
    return f": expected {number(evidence.expected_low)} to {_with_unit(evidence.expected_high, moved)}{score}"


def _scored(evidence: Evidence) -> str:
    return f", score {evidence.score or 0.0:.2f}, threshold {number(evidence.threshold or 0.0)}"


def _name(moved: Transition) -> str:
    """Return the metric as people say it; the device where there is no metric."""
    return words(moved.metric) if moved.metric else moved.device


def _with_unit(value: float, moved: Transition) -> str:
    return f"{number(value)} {moved.unit}".rstrip()


def _clock(instant_ms: int) -> str:
    return f"{iso(instant_ms)[11:16]} UTC"
