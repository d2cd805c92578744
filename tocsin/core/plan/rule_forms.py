"""The YAML form of rules: each kind's keys, declared once for the reader, the schema and the manual."""

from dataclasses import replace
from typing import Final

import msgspec

from tocsin.core.clock import DAY_MS, SECOND_MS
from tocsin.core.messages import Severity
from tocsin.core.plan.field import ID, PATTERN, Field, choice, duration, integer, names, number, text
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

WINDOW_MS_MIN: Final = SECOND_MS
WINDOW_MS_MAX: Final = 31 * DAY_MS
RULE_TIME_MS_MAX: Final = 31 * DAY_MS
SEVERITIES: Final = tuple(severity.value for severity in Severity)

_RULE: Final = (
    text("name", ID, "Name, unique in the plan; part of the alert's fingerprint."),
    text("metric", PATTERN, "Which metrics it judges."),
    text("device", PATTERN, "Which devices it judges, by id."),
    text("device_type", PATTERN, "Which devices it judges, by the type that the plan gives them."),
    choice("severity", SEVERITIES, "How bad its alerts are."),
    duration(
        "for",
        0,
        RULE_TIME_MS_MAX,
        "How long it must stay breached before the alert fires; judged window by window, so as exact as they are long.",
    ),
    duration("clear", 0, RULE_TIME_MS_MAX, "How long it must stay clear before the alert resolves."),
    text("shadow_of", ID, "Live rule beside which this one is tried: its alerts are compared, and nobody is told."),
)
_SWITCHED: Final = (
    *_RULE,
    names("when", "Modes that must all be on for the rule to judge; while one is off, its alerts clear."),
    names("unless", "Modes that must all be off, likewise."),
)
_WINDOW: Final = (
    duration("window", WINDOW_MS_MIN, WINDOW_MS_MAX, "Size of the windows it looks at; else the smallest."),
)
_WINDOWED: Final = (*_SWITCHED, *_WINDOW)
_BASELINES: Final = names(
    "baselines", "Modes that each have a memory of their own: the first that is on counts, else one more."
)

RULE_FORMS: Final[dict[type[msgspec.Struct], tuple[Field, ...]]] = {
    LimitsRule: (
        *_WINDOWED,
        number("above", "Upper limit in the metric's unit: breached above it."),
        number("below", "Lower limit in the metric's unit: breached below it."),
        number("hysteresis", "How far back inside the limit a value must come to clear.", low=0),
        choice("statistic", ("mean", "min", "max", "last"), "Which value of the window is compared."),
        Field(
            key="early",
            attribute="early",
            kind="flag",
            says="Whether a single reading over the limit is told at once, before its window closes.",
        ),
        number("warning_above", "Above it the alert is a warning, where the rule's own severity is info."),
        number("warning_below", "Below it the alert is a warning, likewise."),
        number("critical_above", "Above it the alert is critical, whatever the rule's own severity."),
        number("critical_below", "Below it the alert is critical, likewise."),
    ),
    RateRule: (
        *_WINDOWED,
        number("rise_per_s", "Fastest rise, in the metric's unit per second.", low=0),
        number("fall_per_s", "Fastest fall, a positive number, in the metric's unit per second.", low=0),
        number("hysteresis", "Ratio of the limit by which the rate must come back to clear.", low=0, high=1),
    ),
    FlatlineRule: (
        *_WINDOWED,
        duration("flat", SECOND_MS, RULE_TIME_MS_MAX, "How long without any movement."),
        number("tolerance", "Movement up to this, in the metric's unit, counts as none.", low=0),
        Field(
            key="constants",
            attribute="constants",
            kind="numbers",
            says="Values at which standing still is normal, such as 0 of a pump that is off.",
        ),
    ),
    MissingRule: (
        *_SWITCHED,
        choice("scope", ("device", "metric"), "device: nothing at all came; metric: only this metric did not."),
        number("factor", "How many usual intervals of silence.", high=10_000),
        duration("floor", SECOND_MS, RULE_TIME_MS_MAX, "Shortest silence that is told."),
    ),
    AdaptiveRule: (
        *_WINDOWED,
        number("threshold", "Alert score, on the common scale of tail surprise.", low=0, high=1_000),
        number("sure", "Score from which one window is enough; a lower one must be confirmed.", low=0, high=1_000),
        _BASELINES,
    ),
    DriftRule: (
        *_WINDOWED,
        number("threshold", "Sum of deviations from the level that is told.", low=0, high=10_000),
        number("slack", "Deviations a window that are forgiven: smaller shifts are never told.", low=0, high=100),
        duration(
            "learn", SECOND_MS, RULE_TIME_MS_MAX, "How far the level looks back; what lasts longer is the new level."
        ),
        _BASELINES,
    ),
    QualityRule: (
        *_RULE,
        *_WINDOW,
        choice(
            "check",
            ("range", "unit", "clock", "time"),
            "What is looked at: impossible values, wrong units, the clock, or readings of one time that differ.",
        ),
        duration("tolerance", SECOND_MS, DAY_MS, "How far off a clock may be."),
    ),
    PeersRule: (
        *_RULE,
        *_WINDOW,
        choice("cohort", ("site", "type"), "Compared with devices of its type at its site, or with all of its type."),
        number("threshold", "Distance from the cohort's median that is told, in robust deviations.", low=0, high=1_000),
        number("tolerance", "Distance up to this, in the metric's unit, counts as none.", low=0),
        replace(
            integer("members", 3, 10_000, "With fewer devices of the cohort in a window nobody is judged."),
            attribute="members_min",
        ),
        duration("wait", 0, DAY_MS, "How long after its end a window waits for the other members; at least `idle`."),
    ),
    MultivariateRule: (
        *_RULE,
        *_WINDOW,
        number("threshold", "Alert score, in deviations of what is usual in quiet times.", low=0, high=1_000),
    ),
}

RULE_KINDS: Final[dict[str, type[Rule]]] = {
    "limits": LimitsRule,
    "rate_of_change": RateRule,
    "flatline": FlatlineRule,
    "drift": DriftRule,
    "missing": MissingRule,
    "adaptive": AdaptiveRule,
    "multivariate": MultivariateRule,
    "peers": PeersRule,
    "quality": QualityRule,
}
