"""A plan in words, for the person who checks it."""

from typing import Final

from tocsin.core.durations import format_duration
from tocsin.core.plan.explain_telling import grouping_lines, told_lines
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
    Window,
    plan_hash,
)
from tocsin.core.plan.modes import Mode
from tocsin.core.plan.resolve import is_device_rule, kind_of, slice_ms

SLICE_BYTES: Final = 70
"""What one open slice of one metric holds: seven numbers of 8 bytes, three of 4, one of 2."""


def explain_plan(plan: Plan) -> str:
    """Return the plan in words, one line for each thing that it says."""
    lines = [f"plan {plan_hash(plan)}, generation {plan.generation}, {_count(plan.groups, 'key group')}", ""]
    lines += ["metrics (the first that matches counts)", *map(_metric_line, plan.metrics), ""]
    lines += [f"rules ({len(plan.rules)})", *map(_rule_line, plan.rules), ""]
    lines += ["modes", *map(_mode_line, plan.modes), ""] if plan.modes else []
    lines += ["timing", *_timing_lines(plan), ""]
    lines += ["notifications", *grouping_lines(plan), *told_lines(plan), ""]
    lines += [f"devices known beforehand: {_count(len(plan.devices), 'entry', 'entries')}"]
    lines += [f"source {source.name}: tenant {source.tenant}, {source.format}" for source in plan.sources]
    return "\n".join(lines)


def _metric_line(part: MetricPlan) -> str:
    words = [f"windows {', '.join(map(_window, part.windows))}", f"slices of {format_duration(slice_ms(part))}"]
    if part.quantiles:
        words.append("quantiles " + ", ".join(f"{quantile:g}" for quantile in part.quantiles))
    if part.range_low is not None or part.range_high is not None:
        words.append(f"sensor shows {_number(part.range_low)} to {_number(part.range_high)}")
    if part.unit:
        words.append(f"in {part.unit}")
    return f"  {part.match}: {'; '.join(words)}"


def _window(window: Window) -> str:
    size = format_duration(window.size_ms)
    return size if window.size_ms == window.hop_ms else f"{size} every {format_duration(window.hop_ms)}"


def _number(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"


def _rule_line(rule: Rule) -> str:
    words = [_condition(rule)]
    if rule.for_ms:
        words.append(f"for {format_duration(rule.for_ms)}")
    if rule.clear_ms:
        words.append(f"clears after {format_duration(rule.clear_ms)}")
    for word in ("when", "unless", "baselines"):
        named = ", ".join(getattr(rule, word, ()))
        words += [f"{_SWITCH_WORDS[word]} {named}"] if named else []
    if rule.shadow_of:
        words.append(f"tried beside {rule.shadow_of}, told to nobody")
    return f"  {rule.name} ({kind_of(rule)}, {rule.severity}): {_scope(rule)}: {', '.join(words)}"


_QUALITY: Final = {
    "range": "a value that its sensor cannot show",
    "unit": "a level that jumped as if told in another unit",
    "clock": "times that are off by {tolerance} or more",
    "time": "readings of one time that differ",
}
_SWITCH_WORDS: Final = {"when": "only in mode", "unless": "never in mode", "baselines": "learned apart in mode"}


def _mode_line(mode: Mode) -> str:
    """Return what a device can be in, in words."""
    settles = f", settles for {format_duration(mode.settle_ms)}" if mode.settle_ms else ""
    if not mode.metric:
        days = ", ".join(mode.days) or "every day"
        return f"  {mode.name}: {days} from {mode.from_time} until {mode.until_time} {mode.zone}{settles}"
    limits = (("above", mode.above), ("below", mode.below))
    told = " and ".join(f"{word} {limit:g}" for word, limit in limits if limit is not None)
    return f"  {mode.name}: {mode.metric} {told}{settles}"


def _scope(rule: Rule) -> str:
    what = "each device" if is_device_rule(rule) else "every metric" if rule.metric == "*" else rule.metric
    devices = f" of devices {rule.device}" if rule.device != "*" else ""
    types = f" of type {rule.device_type}" if rule.device_type != "*" else ""
    windows = f" in windows of {format_duration(rule.window_ms)}" if rule.window_ms else ""
    return what + devices + types + windows


def _condition(rule: Rule) -> str:
    if isinstance(rule, LimitsRule):
        return _limits(rule)
    if isinstance(rule, RateRule):
        rates = (("rises", rule.rise_per_s), ("falls", rule.fall_per_s))
        return " or ".join(f"{verb} faster than {rate:g} a second" for verb, rate in rates if rate is not None)
    if isinstance(rule, FlatlineRule):
        normal = ", ".join(f"{value:g}" for value in rule.constants)
        unless = f", unless it stands at {normal}" if normal else ""
        return f"does not move by more than {rule.tolerance:g} for {format_duration(rule.flat_ms)}{unless}"
    if isinstance(rule, MissingRule):
        return f"silent for {rule.factor:g} usual intervals, at least {format_duration(rule.floor_ms)}"
    if isinstance(rule, QualityRule):
        return _QUALITY[rule.check].format(tolerance=format_duration(rule.tolerance_ms))
    return _scored(rule)


def _scored(rule: AdaptiveRule | MultivariateRule | DriftRule | PeersRule) -> str:
    if isinstance(rule, PeersRule):
        return _peers(rule)
    if isinstance(rule, MultivariateRule):
        return f"its metrics together reach a score of {rule.threshold:g}"
    if isinstance(rule, DriftRule):
        lasting = f"what lasts longer than {format_duration(rule.learn_ms)} is the new level"
        return f"deviations from its level beyond {rule.slack:g} a window sum up to {rule.threshold:g}; {lasting}"
    return f"alert score reaches {rule.threshold:g} in three windows, or {rule.sure:g} in one"


def _peers(rule: PeersRule) -> str:
    cohort = "its type at its site" if rule.cohort == "site" else "its type"
    least = f" and {rule.tolerance:g}" if rule.tolerance else ""
    wait = f"judged {format_duration(rule.wait_ms)} after the window's end"
    return (
        f"further than {rule.threshold:g} robust deviations{least} from at least {rule.members_min} of {cohort}, {wait}"
    )


def _limits(rule: LimitsRule) -> str:
    limits = (("above", rule.above), ("below", rule.below))
    crossed = " or ".join(f"{word} {limit:g}" for word, limit in limits if limit is not None)
    inside = f", clears {rule.hysteresis:g} inside" if rule.hysteresis else ""
    steps = [
        f"{severity} {side} {limit:g}"
        for severity in ("warning", "critical")
        for side in ("above", "below")
        if (limit := getattr(rule, f"{severity}_{side}")) is not None
    ]
    early = ", told at the first reading" if rule.early else ""
    return f"{rule.statistic} {', '.join([crossed, *steps])}{inside}{early}"


def _timing_lines(plan: Plan) -> list[str]:
    timing, bounds = plan.timing, plan.bounds
    open_ms = timing.out_of_orderness_ms + timing.lateness_ms
    shortest = min(plan.metrics, key=slice_ms)
    slices = -(-open_ms // slice_ms(shortest)) + 1
    lines = [
        f"  a window closes {format_duration(open_ms)} after its end in the device's own time,"
        f" or {format_duration(timing.idle_ms)} after it where the device is silent",
        f"  readings of {format_duration(bounds.skew_ms)} ahead of their arrival are rejected,"
        f" and those of {format_duration(bounds.age_ms_max)} before it",
        f"  ticks come every {format_duration(timing.tick_ms)}",
        f"  up to {_count(slices, 'slice')} of a metric are open at once, {slices * SLICE_BYTES} bytes",
    ]
    if timing.correction_ms:
        lines.insert(1, f"  late data revises a window for {format_duration(timing.correction_ms)}")
    return lines


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
