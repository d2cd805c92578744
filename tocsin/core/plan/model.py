"""The compiled plan: what handlers load. No YAML here; ``source`` and ``compile`` make it.

All durations are milliseconds, all thresholds are in the unit of their metric.
"""

from functools import lru_cache
from hashlib import sha256
from typing import Final, Literal

import msgspec

from tocsin.core.errors import ConfigError
from tocsin.core.messages import Severity
from tocsin.core.plan.bounds import Bounds, Timing
from tocsin.core.plan.delivery import Receiver, Route
from tocsin.core.plan.known import DevicePlan, Part, SourcePlan
from tocsin.core.plan.modes import Mode
from tocsin.core.plan.telling import Escalation, Grouping
from tocsin.core.silences import Silence

PLAN_VERSION: Final = 1


class Window(Part, frozen=True):
    """A window of ``size_ms`` that starts every ``hop_ms``; tumbling where they are equal."""

    size_ms: int
    hop_ms: int


class MetricPlan(Part, frozen=True):
    """What is kept of the metrics whose name matches; the first match counts.

    Attributes:
        match: Shell pattern of metric names.
        windows: Sizes and hops; the smallest hop is the slice, and divides all others.
        quantiles: In ``(0, 1)``; kept as a sketch of at most 1 % relative error.
        range_low: Smallest value the sensor can show, or None.
        range_high: Largest value, or None.
        unit: Unit as people write it, e.g. ``°C``; empty means it is read off the metric's name.
    """

    match: str
    windows: tuple[Window, ...]
    quantiles: tuple[float, ...] = ()
    range_low: float | None = None
    range_high: float | None = None
    unit: str = ""


class _RulePart(Part, frozen=True):
    """What all rules have.

    Attributes:
        name: Unique in the plan; part of the fingerprint.
        metric: Shell pattern of metric names.
        device: Shell pattern of device ids.
        device_type: Shell pattern of device types.
        window_ms: Length of the windows that it looks at; 0 means the metric's smallest.
        severity: Of its alerts.
        for_ms: How long it must stay breached before the alert fires; 0 fires at the first breach.
        clear_ms: How long it must stay clear before the alert resolves.
        shadow_of: Rule beside which this one is tried: its alerts are recorded and compared with that rule's, and
            nobody is told; empty for a rule that is live.
    """

    name: str
    metric: str = "*"
    device: str = "*"
    device_type: str = "*"
    window_ms: int = 0
    severity: Severity = Severity.WARNING
    for_ms: int = 0
    clear_ms: int = 0
    shadow_of: str = ""


class _SwitchedPart(_RulePart, frozen=True):
    """What rules have that modes switch.

    Attributes:
        when: Modes that must all be on for the rule to judge.
        unless: Modes that must all be off.
    """

    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


class LimitsRule(_SwitchedPart, frozen=True, tag="limits"):
    """Breached above ``above`` or below ``below``; cleared ``hysteresis`` inside of them.

    Attributes:
        above: Upper limit in the metric's unit, or None.
        below: Lower limit, or None.
        hysteresis: How far back inside a value must come to clear.
        statistic: Which value of the window is compared.
        early: Whether a single reading over the limit is told at once.
        warning_above: Above it the alert is a warning; for rules of severity info.
        warning_below: Below it, likewise.
        critical_above: Above it the alert is critical.
        critical_below: Below it the alert is critical.
    """

    above: float | None = None
    below: float | None = None
    hysteresis: float = 0.0
    statistic: Literal["mean", "min", "max", "last"] = "mean"
    early: bool = True
    warning_above: float | None = None
    warning_below: float | None = None
    critical_above: float | None = None
    critical_below: float | None = None


class RateRule(_SwitchedPart, frozen=True, tag="rate_of_change"):
    """Breached where the change per second leaves the limits.

    Attributes:
        rise_per_s: Fastest rise, in the metric's unit per second, or None.
        fall_per_s: Fastest fall, a positive number, or None.
        hysteresis: Ratio in ``[0, 1)`` of the limit by which it must come back to clear.
    """

    rise_per_s: float | None = None
    fall_per_s: float | None = None
    hysteresis: float = 0.1


class FlatlineRule(_SwitchedPart, frozen=True, tag="flatline"):
    """Breached where a metric that used to move has not moved for ``flat_ms``.

    Attributes:
        flat_ms: How long without any movement.
        tolerance: Movement up to this, in the metric's unit, counts as none.
        constants: Values at which standing still is normal, e.g. 0 of a pump that is off.
    """

    flat_ms: int = 1_800_000
    tolerance: float = 0.0
    constants: tuple[float, ...] = ()


class MissingRule(_SwitchedPart, frozen=True, tag="missing"):
    """Breached where nothing came for ``factor`` times the learned cadence, at least ``floor_ms``.

    Attributes:
        scope: ``device``: nothing at all came; ``metric``: the device reports, but not this metric.
        factor: How many usual intervals of silence.
        floor_ms: Shortest silence that is told.
    """

    scope: Literal["device", "metric"] = "device"
    factor: float = 10.0
    floor_ms: int = 300_000


class AdaptiveRule(_SwitchedPart, frozen=True, tag="adaptive"):
    """Breached where the adaptive detector's alert score reaches ``threshold``.

    Attributes:
        threshold: On the common scale of tail surprise.
        sure: Score from which one window of a young series is enough; a lower one must be confirmed by the next two.
        baselines: Modes each with a memory of its own: the first that is on counts; where all are off, one more.
    """

    threshold: float = 3.7
    sure: float = 4.1
    baselines: tuple[str, ...] = ()


class MultivariateRule(_RulePart, frozen=True, tag="multivariate"):
    """Breached where a device's metrics together are ``threshold`` quiet deviations from what is usual of them."""

    threshold: float = 2.5


class DriftRule(_SwitchedPart, frozen=True, tag="drift"):
    """Breached where a metric's level has left what it was, slowly or at once, and stays away.

    Attributes:
        threshold: Sum of deviations from the learned level that is told, in deviations.
        slack: Deviations a window that are forgiven: smaller shifts are never told.
        learn_ms: How far the level looks back; what lasts longer becomes the new level.
        baselines: Modes each with a level of its own, as for adaptive rules.
    """

    threshold: float = 25.0
    slack: float = 1.0
    learn_ms: int = 86_400_000
    baselines: tuple[str, ...] = ()


class PeersRule(_RulePart, frozen=True, tag="peers"):
    """Breached where a device's window is far from those of its cohort at the same time.

    Attributes:
        cohort: ``site``: the devices of its type at its site; ``type``: all devices of its type. Of one tenant.
        threshold: Distance from the cohort's median that is told, in robust deviations of the cohort.
        tolerance: Distance up to this, in the metric's unit, counts as none.
        members_min: With fewer members in a window nobody is judged.
        wait_ms: How long after its end a window waits for the other members.
    """

    cohort: Literal["site", "type"] = "site"
    threshold: float = 8.0
    tolerance: float = 0.0
    members_min: int = 6
    wait_ms: int = 300_000


class QualityRule(_RulePart, frozen=True, tag="quality"):
    """Breached where data cannot be true: a finding about what measures, never about what is measured.

    Attributes:
        check: ``range``: values that the sensor, or physics, does not allow; ``unit``: a level that jumped as if told
            in another unit; ``clock``: a device whose times are off; ``time``: readings of one time that differ.
        tolerance_ms: For ``clock``: how far off is told.
    """

    check: Literal["range", "unit", "clock", "time"] = "range"
    tolerance_ms: int = 300_000


_Learned = AdaptiveRule | MultivariateRule | DriftRule | PeersRule
Rule = QualityRule | LimitsRule | RateRule | FlatlineRule | MissingRule | _Learned


class Plan(Part, frozen=True):
    """All that a deployment wants.

    Attributes:
        metrics: The last one matches ``*``.
        rules: In the order in which they are judged.
        devices: May be empty: nothing needs to be known of a device.
        modes: What devices can be in, for rules that are switched by it.
        sources: Queues, topics, streams and buckets that ingest takes from.
        silences: What is recorded and not told, and when.
        maintenance: The same for whole sites, while somebody works there.
        escalations: Who else is told when nobody acknowledges, and after how long.
        receivers: Who gets notifications, besides the subscribers of the topic.
        routes: Which ones go to which receiver.
        groups: Key groups, a power of two; fixed within a generation.
        generation: Raised whenever groups, windows or timing change.
    """

    metrics: tuple[MetricPlan, ...]
    rules: tuple[Rule, ...] = ()
    devices: tuple[DevicePlan, ...] = ()
    modes: tuple[Mode, ...] = ()
    sources: tuple[SourcePlan, ...] = ()
    bounds: Bounds = Bounds()
    timing: Timing = Timing()
    grouping: Grouping = Grouping()
    silences: tuple[Silence, ...] = ()
    maintenance: tuple[Silence, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    receivers: tuple[Receiver, ...] = ()
    routes: tuple[Route, ...] = ()
    groups: int = 4
    generation: int = 1
    version: int = PLAN_VERSION


_encoder: Final = msgspec.json.Encoder(order="deterministic")
_decoder: Final = msgspec.json.Decoder(Plan)


def encode_plan(plan: Plan) -> bytes:
    """Return the plan's JSON document: canonical, so equal plans have equal bytes."""
    # A whole number given for a float equals it, but is written differently; decoding makes it a float.
    return _encoder.encode(_decoder.decode(_encoder.encode(plan)))


@lru_cache(maxsize=16)
def plan_hash(plan: Plan) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of the plan's document."""
    return sha256(encode_plan(plan)).hexdigest()[:16]


def decode_plan(document: bytes) -> Plan:
    """Return the plan of a compiled document.

    Raises:
        ConfigError: The document is not a plan of this version.
    """
    try:
        plan = _decoder.decode(document)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"compiled plan cannot be read: {error}") from error
    if plan.version != PLAN_VERSION:
        raise ConfigError(f"compiled plan must be of version {PLAN_VERSION}, got {plan.version}")
    return plan
