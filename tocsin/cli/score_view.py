"""The score of alerts against the truth, for people and for machines."""

from typing import Any

from tocsin.cli.output import table_lines
from tocsin.cli.words import span
from tocsin.core.clock import iso
from tocsin.runtime.score import Found, Score


def score_json(score: Score) -> dict[str, Any]:
    """Return the score for machines."""
    return {
        "fired": score.alerts,
        "faults_found": score.found,
        "faults_missed": score.missed,
        "false": len(score.false),
        "delay_ms_median": score.delay_ms_median,
    }


def fault_json(fault: Found) -> dict[str, Any]:
    """Return a fault, and what found it."""
    truth, alert = fault.truth, fault.alert
    return {
        "device": truth.device,
        "metric": truth.metric,
        "kind": truth.kind,
        "start": iso(truth.start_ms),
        "found_by": alert.rule if alert else None,
        "fingerprint": alert.fingerprint if alert else None,
        "delay_ms": fault.delay_ms,
    }


def score_lines(score: Score) -> list[str]:
    """Return the score as text: what it comes to, every fault, every false alert."""
    delay = score.delay_ms_median
    lines = [
        f"{len(score.faults)} faults: {score.found} found, {score.missed} missed; {score.alerts} alerts, "
        f"{len(score.false)} false" + ("" if delay is None else f"; median delay {span(delay)}")
    ]
    lines += table_lines(("from", "device", "fault", "first alert", "after"), [_cells(fault) for fault in score.faults])
    lines += [f"false: {alert.device} {iso(alert.at_ms)} {alert.summary}" for alert in score.false]
    return lines


def _cells(fault: Found) -> tuple[str, ...]:
    truth = fault.truth
    what = f"{truth.kind} {truth.metric}".strip()
    if fault.alert is None or fault.delay_ms is None:
        return iso(truth.start_ms), truth.device, what, "missed", ""
    return iso(truth.start_ms), truth.device, what, fault.alert.rule, span(fault.delay_ms)
