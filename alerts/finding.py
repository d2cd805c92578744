"""How bad, compared with what, and what to look at: the words for each kind of rule."""

from typing import Final

from alerts.wording import clean, duration, number, quantity
from tocsin.core.messages import Evidence, Transition

TIMED_KINDS: Final = frozenset({"missing", "flatline"})
"""Their values are milliseconds of silence or of standing still."""

LOOK_AT: Final = {
    "limits": "Is the reading true (neighbours, a second sensor)? Then what drives it: load, setting, supply, cooling.",
    "rate_of_change": "What was switched, opened or set at that moment? A jump that comes back at once is"
    " more likely the sensor or its wiring.",
    "flatline": "The sensor first: a value that stands still is usually a stuck sensor, a loose wire, or a"
    " gateway that repeats its last value.",
    "drift": "What wears, clogs, leaks or ages; or the sensor, if neighbours and other metrics did not move with it.",
    "peers": "The device beside a neighbour of its type: what is different about it, or its sensor; not the"
    " weather, nor the load that all of them share.",
    "missing": "Power, network and gateway first: are other devices there silent as well?",
    "quality": "The sensor, its wiring, its settings and its clock; what it tells is not to be trusted until then.",
    "adaptive": "The windows against what was expected, the other metrics of the device, and what changed in its work.",
}
LOOK_AT_OTHERWISE: Final = "The newest windows of the device, and its neighbours."


def look_at(kind: str) -> str:
    """Return where to look first."""
    return LOOK_AT.get(kind, LOOK_AT_OTHERWISE)


def measured(transition: Transition) -> str:
    """Return the value that was compared, with its unit, and the score where there is one."""
    evidence, metric = transition.evidence, clean(transition.metric, 64)
    if transition.kind in TIMED_KINDS:
        if evidence.threshold is None:
            return ""  # nothing was timed: the rule left the plan
        state = "no data" if transition.kind == "missing" else "unmoved"
        return f"{metric} {state} for {duration(evidence.value)}".lstrip()
    shown = f"{metric} {quantity(evidence.value, _unit(transition))}".lstrip()
    return shown if evidence.score is None else f"{shown}, score {number(evidence.score)}"


def compared(transition: Transition) -> str:
    """Return what it was compared with: limit, allowed silence, threshold of the score, expected band."""
    evidence = transition.evidence
    said = []
    if evidence.threshold is not None:
        if transition.kind in TIMED_KINDS:
            said.append(f"at most {duration(evidence.threshold)}")
        elif evidence.score is not None:
            said.append(f"score threshold {number(evidence.threshold)}")
        else:
            said.append(f"limit {quantity(evidence.threshold, _unit(transition))}")
    if transition.kind not in TIMED_KINDS and evidence.expected_low is not None and evidence.expected_high is not None:
        low = number(evidence.expected_low)
        said.append(f"expected {low} to {quantity(evidence.expected_high, _unit(transition))}")
    return ", ".join(said)


def score_parts(evidence: Evidence) -> str:
    """Return the parts of the score, largest first; nothing for kinds that do not score."""
    if evidence.score is None:
        return ""
    parts = sorted(evidence.parts.items(), key=lambda part: (-part[1], part[0]))
    return ", ".join(f"{clean(name, 40)} {number(share)}" for name, share in parts)


def _unit(transition: Transition) -> str:
    if transition.kind != "rate_of_change":
        return transition.unit
    return f"{transition.unit} per second".lstrip()
