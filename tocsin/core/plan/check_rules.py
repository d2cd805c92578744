"""What a rule must be in itself, and against the metrics and devices of its plan."""

from collections.abc import Iterator, Sequence

from tocsin.core.durations import format_duration
from tocsin.core.messages import SEVERITY_RANK, Severity
from tocsin.core.plan.check import Finding
from tocsin.core.plan.check_modes import check_switches
from tocsin.core.plan.model import (
    AdaptiveRule,
    DriftRule,
    FlatlineRule,
    LimitsRule,
    MetricPlan,
    MissingRule,
    MultivariateRule,
    PeersRule,
    Plan,
    QualityRule,
    RateRule,
    Rule,
)
from tocsin.core.plan.patterns import covers, overlap
from tocsin.core.plan.resolve import EARLY_LIMITS_MAX, early_limits, is_device_rule, smallest_window, unit_is_named


def check_rule(rule: Rule) -> Iterator[Finding]:
    """Yield what is wrong within the rule."""
    if isinstance(rule, LimitsRule):
        yield from _check_limits(rule)
    elif isinstance(rule, RateRule):
        yield from _check_rate(rule)
    elif isinstance(rule, MissingRule):
        yield from _check_missing(rule)
    elif isinstance(rule, QualityRule):
        yield from _check_quality(rule)
    elif isinstance(rule, AdaptiveRule | MultivariateRule | DriftRule | PeersRule) and rule.threshold <= 0:
        yield Finding("threshold", f"must be above 0, got {rule.threshold:g}")


def _check_limits(rule: LimitsRule) -> Iterator[Finding]:
    if rule.above is None and rule.below is None:
        yield Finding("", "must have above, below or both")
    elif rule.above is not None and rule.below is not None:
        if rule.below >= rule.above:
            yield Finding("below", f"must be less than above {rule.above:g}, got {rule.below:g}")
        elif 2 * rule.hysteresis >= rule.above - rule.below:
            half = (rule.above - rule.below) / 2
            message = f"must be less than half of the way from below to above, {half:g}, got {rule.hysteresis:g}"
            yield Finding("hysteresis", message)
    yield from _check_steps(rule)


def _check_steps(rule: LimitsRule) -> Iterator[Finding]:
    """Yield the severer limits that do not lie outside of the milder ones."""
    above, below = rule.above, rule.below
    for severity in (Severity.WARNING, Severity.CRITICAL):
        further_above, further_below = getattr(rule, f"{severity}_above"), getattr(rule, f"{severity}_below")
        if (further_above, further_below) == (None, None):
            continue
        if SEVERITY_RANK[severity] <= SEVERITY_RANK[rule.severity]:
            key = f"{severity}_above" if further_above is not None else f"{severity}_below"
            yield Finding(key, f"must be severer than the rule, whose severity is {rule.severity}")
        if further_above is not None and (above is None or further_above <= above):
            least = "above, which is not written" if above is None else f"the milder limit {above:g}"
            yield Finding(f"{severity}_above", f"must be more than {least}, got {further_above:g}")
        if further_below is not None and (below is None or further_below >= below):
            most = "below, which is not written" if below is None else f"the milder limit {below:g}"
            yield Finding(f"{severity}_below", f"must be less than {most}, got {further_below:g}")
        above = above if further_above is None else further_above
        below = below if further_below is None else further_below


def _check_rate(rule: RateRule) -> Iterator[Finding]:
    if rule.rise_per_s is None and rule.fall_per_s is None:
        yield Finding("", "must have rise_per_s, fall_per_s or both")
    for key, value in (("rise_per_s", rule.rise_per_s), ("fall_per_s", rule.fall_per_s)):
        if value == 0:
            yield Finding(key, "must be above 0, got 0")
    if rule.hysteresis >= 1:
        yield Finding("hysteresis", f"must be a ratio below 1, got {rule.hysteresis:g}")


def _check_missing(rule: MissingRule) -> Iterator[Finding]:
    if rule.factor <= 1:
        yield Finding("factor", f"must be above 1, got {rule.factor:g}")
    if rule.scope == "device" and rule.metric != "*":
        yield Finding("metric", f"must not be said with scope device, which hears all metrics, got {rule.metric!r}")


def _check_quality(rule: QualityRule) -> Iterator[Finding]:
    if rule.check == "clock" and rule.metric != "*":
        yield Finding("metric", f"must not be said with check clock, which is about the device, got {rule.metric!r}")
    if rule.check == "clock" and rule.window_ms:
        yield Finding("window", "must not be said with check clock, which is asked at ticks")


def check_rule_within(rule: Rule, plan: Plan) -> Iterator[Finding]:
    """Yield what is wrong between the rule and the plan's metrics, devices and other rules."""
    yield from _check_early(rule, plan.rules)
    yield from _check_shadow(rule, plan.rules)
    yield from check_switches(rule, plan.modes)
    if rule.device_type != "*" and not any(overlap(rule.device_type, known.type) for known in plan.devices):
        yield Finding("device_type", f"must be the type of some entry of devices, got {rule.device_type!r}")
    if isinstance(rule, PeersRule):
        yield from _check_peers(rule, plan)
    for part in _parts_of(rule, plan):
        yield from _check_against(rule, part)


def _check_peers(rule: PeersRule, plan: Plan) -> Iterator[Finding]:
    if rule.wait_ms < plan.timing.idle_ms:
        idle, got = format_duration(plan.timing.idle_ms), format_duration(rule.wait_ms)
        yield Finding("wait", f"must be at least timing.idle {idle}, when windows of quiet devices close, got {got}")
    if not any(overlap(rule.device_type, known.type) for known in plan.devices if known.type):
        yield Finding("", "compares devices of one type, so devices must say which types there are")


def _check_early(rule: Rule, rules: Sequence[Rule]) -> Iterator[Finding]:
    """Yield a finding where more limits than can be told early judge all that the rule judges."""
    if not isinstance(rule, LimitsRule) or not rule.early:
        return
    watched = sum(early_limits(other) for other in rules if _covers(other, rule))
    if watched > EARLY_LIMITS_MAX:
        message = (
            f"must be false in some rules: {watched} limits judge the same metric, {EARLY_LIMITS_MAX} can be early"
        )
        yield Finding("early", message)


def _check_shadow(rule: Rule, rules: Sequence[Rule]) -> Iterator[Finding]:
    live = sorted(other.name for other in rules if not other.shadow_of)
    if rule.shadow_of and rule.shadow_of not in live:
        message = f"must be the name of a rule that is no shadow itself, one of {', '.join(live)[:200]}"
        yield Finding("shadow_of", f"{message}, got {rule.shadow_of!r}")


def _covers(outer: Rule, inner: Rule) -> bool:
    return (
        covers(outer.metric, inner.metric)
        and covers(outer.device, inner.device)
        and covers(outer.device_type, inner.device_type)
    )


def _parts_of(rule: Rule, plan: Plan) -> Iterator[MetricPlan]:
    """Yield the entries of ``metrics`` that speak of metrics that the rule judges."""
    if isinstance(rule, MissingRule | QualityRule) and is_device_rule(rule):
        return
    for part in plan.metrics:
        if overlap(part.match, rule.metric):
            yield part
        if covers(part.match, rule.metric):
            return


def _check_against(rule: Rule, part: MetricPlan) -> Iterator[Finding]:
    sizes_ms = [window.size_ms for window in part.windows]
    if rule.window_ms and rule.window_ms not in sizes_ms:
        sizes = ", ".join(map(format_duration, sorted(sizes_ms)))
        message = f"must be a window of metric {part.match} ({sizes}), got {format_duration(rule.window_ms)}"
        yield Finding("window", message)
    if isinstance(rule, FlatlineRule):
        window_ms = rule.window_ms or smallest_window(part).size_ms
        if rule.flat_ms < window_ms:
            window, flat = format_duration(window_ms), format_duration(rule.flat_ms)
            yield Finding("flat", f"must be at least the window {window} of metric {part.match}, got {flat}")
    if isinstance(rule, LimitsRule | RateRule) and not unit_is_named(part, rule.metric):
        yield Finding("metric", f"has no unit: end the name with one, or give metric {part.match} a unit")
    if isinstance(rule, LimitsRule):
        yield from _check_range(rule, part)


def _check_range(rule: LimitsRule, part: MetricPlan) -> Iterator[Finding]:
    """Yield the limits that no value of the sensor can cross."""
    if rule.above is not None and part.range_high is not None and rule.above >= part.range_high:
        message = f"must be less than range_high {part.range_high:g} of metric {part.match}, got {rule.above:g}"
        yield Finding("above", message)
    if rule.below is not None and part.range_low is not None and rule.below <= part.range_low:
        message = f"must be more than range_low {part.range_low:g} of metric {part.match}, got {rule.below:g}"
        yield Finding("below", message)
