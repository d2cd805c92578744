"""The YAML form of a plan: each part's keys, declared once for the reader, the schema and the manual.

Defaults, and which keys must be there, are those of the model. Durations lose their unit suffix in
YAML, because their values carry it.
"""

from dataclasses import replace
from typing import Final

import msgspec

from tocsin.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tocsin.core.occurrences import DAYS
from tocsin.core.plan.bounds import Bounds, Timing
from tocsin.core.plan.budget import Budget
from tocsin.core.plan.delivery import CHANNELS, Receiver, Route
from tocsin.core.plan.field import (
    END_LABEL,
    END_PATTERN,
    ID,
    INSTANT,
    LABEL,
    PATTERN,
    TEMPLATE,
    TIME,
    URL,
    ZONE,
    Field,
    choice,
    duration,
    integer,
    number,
    text,
)
from tocsin.core.plan.known import DevicePlan, SourcePlan
from tocsin.core.plan.model import MetricPlan, Plan, Window
from tocsin.core.plan.modes import Mode
from tocsin.core.plan.rule_forms import RULE_FORMS, SEVERITIES, WINDOW_MS_MAX, WINDOW_MS_MIN
from tocsin.core.plan.telling import Escalation, Grouping
from tocsin.core.silences import Silence

STATES: Final = ("firing", "resolved", "expired", "summary")
CHANGES: Final = (
    *("firing", "reopened", "flapping", "worse", "eased", "still_firing", "escalated"),
    *("amended", "withdrawn", "resolved", "expired", "summary"),
)
GROUPS_MAX: Final = 4_096


def _choices(key: str, choices: tuple[str, ...], says: str) -> Field:
    return Field(key=key, attribute=key, kind="choices", says=says, choices=choices)


_MATCHERS: Final = (
    text("tenant", PATTERN, "Whose alerts."),
    text("site", LABEL, "Of which sites; a pattern."),
    text("gateway", PATTERN, "Of devices behind which gateways."),
    text("device", PATTERN, "Of which devices, by id."),
    text("metric", PATTERN, "On which metrics."),
    text("rule", PATTERN, "Of which rules, by name."),
    text("kind", PATTERN, "Of which kinds of rules."),
    text("severity", PATTERN, "Of which severities."),
)
"""Which alerts a silence or an escalation is about."""

_CALENDAR: Final = (
    _choices("days", DAYS, "On which days of the week an occurrence begins; else on every day."),
    text("from", TIME, "Time of day at which an occurrence begins.", attribute="from_time"),
    text("until", TIME, "Time of day at which it ends, maybe of the next day.", attribute="until_time"),
    text("zone", ZONE, "Time zone of the two, such as Europe/Berlin."),
)

FORMS: Final[dict[type[msgspec.Struct], tuple[Field, ...]]] = {
    Plan: (
        integer("groups", 1, GROUPS_MAX, "Key groups, a power of two; fixed within a generation."),
        integer("generation", 1, 1_000_000, "Raised whenever groups, windows or timing change."),
    ),
    Bounds: (
        integer("record_bytes_max", 256, 1_048_576, "Longest record, and longest body that ingest takes."),
        integer("messages_max", 1, 10_000, "Most messages in one record or body."),
        integer("metrics_max", 1, 1_024, "Most metrics in one message."),
        integer("depth_max", 3, 32, "Deepest nesting of the JSON."),
        duration("skew", 0, DAY_MS, "How far past its arrival a reading's event time may lie."),
        duration("age_max", MINUTE_MS, 3_650 * DAY_MS, "How far before its arrival.", attribute="age_ms_max"),
        integer("devices_per_group_max", 1, 1_000_000, "Most devices in one key group; more are rejected."),
    ),
    Timing: (
        duration("out_of_orderness", 0, 7 * DAY_MS, "How far a device's readings may come out of order."),
        duration("lateness", 0, 7 * DAY_MS, "How much longer a window that has ended still takes readings."),
        duration("idle", SECOND_MS, 14 * DAY_MS, "A tick closes a silent device's window so long after its end."),
        duration("correction", 0, 31 * DAY_MS, "How long late data becomes revisions; 0s turns them off."),
        duration("tick", SECOND_MS, HOUR_MS, "How often time itself is put on the log."),
        duration("expire", 0, 3_650 * DAY_MS, "Alerts of a device that is silent for so long expire; 0s: never."),
    ),
    Grouping: (
        Field(
            key="by",
            attribute="by",
            kind="choices",
            says="What alerts have in common to be told together, besides the tenant.",
            choices=("site", "gateway", "device", "device_type", "kind", "rule", "severity"),
        ),
        duration("wait", 0, DAY_MS, "How long the first alert of a group waits for others; 0s tells it at once."),
        duration("interval", 0, 7 * DAY_MS, "How long after a message the next of the group gathers."),
        Field(key="send_resolved", attribute="send_resolved", kind="flag", says="Whether resolutions are told."),
        choice("severity_min", SEVERITIES, "Alerts below it are recorded, not told."),
        duration("repeat", 0, 31 * DAY_MS, "How often what keeps firing is told again unless acknowledged; 0s: never."),
        duration("gateway_wait", 0, HOUR_MS, "How long a silent device waits for others behind its gateway; 0s: not."),
        integer("gateway_devices_min", 2, 10_000, "So many that fall silent together are the gateway's outage."),
        integer("site_devices_min", 2, 10_000, "So many of a site without a gateway in common are the site's outage."),
        choice(
            "outage_mutes", ("all", "silence"), "What an outage mutes of devices behind it: all new alerts, or silence."
        ),
        integer(
            "flap_episodes", 0, 100, "What fires so often within flap_within flaps: told once, then held; 0: never."
        ),
        duration("flap_within", MINUTE_MS, 7 * DAY_MS, "Within what time; also what makes an alert a reopened one."),
        duration("flap_settle", MINUTE_MS, 7 * DAY_MS, "How long a flapping alert stays as it is to be told again."),
        integer("budget", 0, 1_000_000, "Most notifications of a tenant within budget_within; 0: any number."),
        duration("budget_within", MINUTE_MS, 7 * DAY_MS, "How long a budget lasts; then comes a summary of the rest."),
    ),
    MetricPlan: (
        text("match", PATTERN, "Which metrics, by name; the first entry that matches counts."),
        Field(
            key="windows",
            attribute="windows",
            kind="windows",
            says="Sizes of tumbling windows, or size and hop. Else those of the entry that matches *.",
            derived=True,
        ),
        Field(
            key="quantiles",
            attribute="quantiles",
            kind="numbers",
            says="Above 0 and below 1, such as 0.5 and 0.99; within 1 % of the true value.",
            low=0,
            high=1,
        ),
        number("range_low", "Smallest value the sensor can show, in the metric's unit."),
        number("range_high", "Largest value the sensor can show, in the metric's unit."),
        text("unit", LABEL, 'Unit as people write it; "1" for none. Else it is read off the name\'s end.'),
    ),
    Window: (
        duration("size", WINDOW_MS_MIN, WINDOW_MS_MAX, "Length of the window."),
        replace(
            duration("hop", WINDOW_MS_MIN, WINDOW_MS_MAX, "How often one starts; divides the size. Else the size."),
            derived=True,
        ),
    ),
    DevicePlan: (
        text("match", PATTERN, "Which devices, by id; the first entry that matches counts."),
        text("tenant", PATTERN, "Whose devices."),
        text("site", LABEL, "Where they stand."),
        text("type", ID, "What they are."),
        text("gateway", ID, "Id of the device through which they report."),
    ),
    Mode: (
        text("name", ID, "Name, unique in the plan; rules refer to it."),
        text("metric", ID, "Metric of the device that tells; else the calendar does."),
        number("above", "On above this, in the metric's unit."),
        number("below", "On below this; with above too, between the two."),
        *_CALENDAR,
        duration("settle", 0, DAY_MS, "How long after it began or ended nothing is judged by it."),
    ),
    SourcePlan: (
        text("name", ID, "Name of the queue, topic, stream, Kafka topic or bucket, or of a folder of `uploads/`."),
        text("tenant", ID, "Owner of everything that comes this way."),
        choice("format", ("json",), "How bodies are written."),
    ),
    Silence: (
        text("name", ID, "Name, unique in the plan."),
        text("comment", LABEL, "Why, for people."),
        *_MATCHERS,
        text("start", INSTANT, "First instant; else it is in force from the beginning."),
        text("end", INSTANT, "First instant after it; else it has no end."),
        *_CALENDAR,
    ),
    Receiver: (
        text("name", ID, "Name, unique in the plan; routes lead to it."),
        choice("channel", CHANNELS, "How it gets notifications."),
        text("url", URL, "Where to post; only for webhook, slack and pagerduty."),
        text("secret", ID, "Name of the secret that signs webhooks, or that is the routing key of PagerDuty."),
        duration("timeout", SECOND_MS, MINUTE_MS, "How long an answer may take."),
        text("subject", TEMPLATE, "Jinja template of the subject; else the notification's own."),
        text("text", TEMPLATE, "Jinja template of the text; else the notification's own."),
    ),
    Route: (
        text("name", ID, "Name, unique in the plan."),
        text("to", ID, "Name of the receiver."),
        text("tenant", END_PATTERN, "Whose alerts; a name, a beginning such as plant-*, or an end such as *-test."),
        text("site", END_LABEL, "Of which sites, likewise."),
        text("kind", END_PATTERN, "Of which kinds, likewise; gateway_missing and site_missing are outages."),
        text("escalation", END_PATTERN, "Only of this escalation; else all that is told, escalated or not."),
        _choices("severity", SEVERITIES, "Of which severities; else of all."),
        _choices("state", STATES, "In which states; else in all."),
        _choices("change", CHANGES, "What is told; else all that is."),
    ),
    Escalation: (
        text("name", ID, "Name, unique in the plan; routes can ask for it."),
        duration("after", MINUTE_MS, 7 * DAY_MS, "How long after it was told, while nobody acknowledges it."),
        *_MATCHERS,
    ),
    Budget: (
        number("usd_per_million_readings", "Most dollars per million readings, everything counted.", low=0),
        number("usd_per_device_month", "Most dollars a month for each device.", low=0),
        number("usd_month", "Most dollars a month.", low=0),
        duration("wait_max", 0, 5 * MINUTE_MS, "How long a reading may wait for its batch.", attribute="wait_ms"),
    ),
    **RULE_FORMS,
}


def default_of(cls: type[msgspec.Struct], attribute: str) -> object:
    """Return the model's default of the attribute; ``msgspec.NODEFAULT`` where it must be there."""
    field = next(field for field in msgspec.structs.fields(cls) if field.name == attribute)
    return field.default
