"""The proposals as a plan: YAML that `tocsin plan check` accepts, for whoever knows the plant to read and cut down."""

from collections.abc import Iterator, Sequence
from typing import Final

from tocsin.core.clock import MINUTE_MS
from tocsin.core.durations import format_duration
from tocsin.core.plan.model import MetricPlan, Window
from tocsin.core.plan.resolve import unit_is_named
from tocsin.runtime.fit.propose import CohortFit, MetricFit, flat_ms, silent_floor_ms

RULES_MAX: Final = 200
"""A plan takes 256; the default plan has some."""
USUAL_SILENCE_MS: Final = 5 * MINUTE_MS
USUAL_STILL_MS: Final = 30 * MINUTE_MS
"""What the default plan waits for; shorter times need no rule of their own."""


def fragment(fits: Sequence[CohortFit], *, source: str, period: str) -> str:
    """Return the plan.

    Args:
        fits: What the cohorts do.
        source: The recording's name.
        period: How often a healthy device may exceed a limit, in words.
    """
    rules = [line for fit in fits for line in _rules(fit)]
    lines = [
        f"# Proposed from {source}: nothing here is more than what was seen there.",
        f"# A limit is what a healthy device of the cohort exceeds once in {period}, by the tail of its excursions.",
        "",
        "metrics:",
        *_metrics(fits),
        "",
        "devices:",
        *(_device(fit) for fit in fits),
    ]
    if any(line.startswith("  - ") for line in rules):
        lines += ["", "rules:"]
    lines += rules[:RULES_MAX]
    return "\n".join(lines) + "\n"


def _metrics(fits: Sequence[CohortFit]) -> Iterator[str]:
    """Yield a range a metric, over all cohorts that report it."""
    found: dict[str, list[tuple[float, float]]] = {}
    for fit in fits:
        for one in fit.metrics:
            found.setdefault(one.metric, []).append(one.range)
    for metric, ranges in sorted(found.items()):
        low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
        yield f"  - {{match: {metric}, range_low: {low:g}, range_high: {high:g}{_unit(metric)}}}"


def _unit(metric: str) -> str:
    known = MetricPlan(metric, (Window(MINUTE_MS, MINUTE_MS),))
    return "" if unit_is_named(known, metric) else ', unit: "?"'


def _device(fit: CohortFit) -> str:
    cohort = fit.cohort
    site = f", site: {cohort.site}" if cohort.site else ""
    return f'  - {{match: "{cohort.match}"{site}, type: {cohort.type}}}  # {len(cohort.devices)}'


def _rules(fit: CohortFit) -> Iterator[str]:
    name, who = fit.cohort.match.rstrip("*").rstrip("-_."), f'device: "{fit.cohort.match}"'
    if silent_floor_ms(fit) > USUAL_SILENCE_MS:
        floor = format_duration(silent_floor_ms(fit))
        yield f"  - {{name: {name[:50]}_silent, kind: missing, {who}, floor: {floor}}}"
    unknown = [one.metric for one in fit.metrics if one.limits == (None, None)]
    if unknown:
        yield f"  # {fit.cohort.match}: too few excursions to say how far they go: {', '.join(unknown)}"
    for one in fit.metrics:
        yield from _limits(one, name, who)
        still_ms = flat_ms(one) or 0
        if still_ms > USUAL_STILL_MS:
            about = f"kind: flatline, metric: {one.metric}, {who}"
            yield f"  - {{name: {_name(name, one.metric, 'flat')}, {about}, flat: {format_duration(still_ms)}}}"
        if one.profile:
            hours = " ".join(f"{value:.3g}" for value in one.profile)
            yield f"  # {one.metric}: the hour of the day explains {one.season:.0%} of it; by hour, UTC: {hours}"


def _limits(one: MetricFit, name: str, who: str) -> Iterator[str]:
    below, above = one.limits
    if below is None and above is None:
        return
    limits = "".join(f", {key}: {value:g}" for key, value in (("below", below), ("above", above)) if value is not None)
    about = f"kind: limits, metric: {one.metric}, {who}"
    yield f"  - {{name: {_name(name, one.metric, 'range')}, {about}{limits}, early: false}}"


def _name(cohort: str, metric: str, what: str) -> str:
    return f"{cohort[:28]}_{metric[:28]}_{what}"
