"""Specimens of plans for tests."""

from typing import Final

from hypothesis import strategies as st

from tocsin.core.messages import Severity
from tocsin.core.plan.delivery import Receiver, Route
from tocsin.core.plan.model import (
    AdaptiveRule,
    Bounds,
    DevicePlan,
    DriftRule,
    FlatlineRule,
    Grouping,
    LimitsRule,
    MetricPlan,
    MissingRule,
    MultivariateRule,
    PeersRule,
    Plan,
    QualityRule,
    RateRule,
    SourcePlan,
    Timing,
    Window,
)
from tocsin.core.plan.modes import Mode
from tocsin.core.plan.telling import Escalation
from tocsin.core.silences import Silence

MINUTE_MS: Final = 60_000
EVERY_MINUTE: Final = (Window(MINUTE_MS, MINUTE_MS),)

FULL_YAML: Final = """
extends: nothing
groups: 8
generation: 3
bounds:
  record_bytes_max: 1024
  messages_max: 10
  metrics_max: 5
  depth_max: 4
  skew: 1m
  age_max: 2d
  devices_per_group_max: 100
timing: {out_of_orderness: 10s, lateness: 5s, idle: 1m, correction: 1h, tick: 30s, expire: 90d}
metrics:
  - match: "*_celsius"
    windows: [1m, {size: 15m, hop: 5m}]
    quantiles: [0.5, 0.99]
    range_low: -40
    range_high: 125
    unit: °C
  - match: "*"
    windows: [{size: 1m}]
rules:
  - {name: hot, kind: limits, enabled: true, metric: air_celsius, device: "n-*", device_type: pump, window: 15m,
     severity: info, for: 5m, clear: 10m, above: 80, below: -5, hysteresis: 2, statistic: max, early: false,
     warning_above: 90, warning_below: -10, critical_above: 100, critical_below: -20}
  - {name: fast, kind: rate_of_change, metric: air_celsius, rise_per_s: 2, fall_per_s: 1, hysteresis: 0.2}
  - {name: flat, kind: flatline, flat: 1h, tolerance: 0.5, constants: [0, -1]}
  - {name: gone, kind: missing, scope: metric, metric: "*", factor: 4, floor: 1m}
  - {name: odd, kind: adaptive, threshold: 4.5, sure: 6, when: [running], unless: [shift], baselines: [shift, running]}
  - {name: joint, kind: multivariate, threshold: 3}
  - {name: times, kind: quality, check: clock, tolerance: 2m}
  - {name: level, kind: drift, threshold: 30, slack: 0.5, learn: 2d, baselines: [running]}
  - {name: apart, kind: peers, cohort: type, threshold: 6, tolerance: 0.5, members: 4, wait: 3m}
modes:
  - {name: running, metric: speed_rpm, above: 100, below: 900, settle: 5m}
  - {name: shift, days: [mon], from: "06:00", until: "22:00", zone: Europe/Berlin}
devices:
  - {match: "n-*", tenant: acme, site: Werk Süd, type: pump, gateway: gw-1}
sources:
  - {name: plant, tenant: acme, format: json}
grouping: {by: [rule, severity], wait: 10s, interval: 5m, send_resolved: false, severity_min: warning,
  repeat: 4h, gateway_wait: 1m, gateway_devices_min: 3, site_devices_min: 5, outage_mutes: all,
  flap_episodes: 7, flap_within: 2h, flap_settle: 10m, budget: 60, budget_within: 30m}
silences:
  - {name: night, comment: Wartung, tenant: acme, site: Werk Süd, gateway: gw-1, device: "n-*", metric: air_celsius,
     rule: hot, kind: limits, severity: warning, start: "2026-11-01T00:00:00Z", end: "2026-12-01T00:00:00+01:00",
     days: [sat, sun], from: "22:00", until: "06:00", zone: Europe/Berlin}
maintenance:
  - {name: sundays, site: Werk Süd, from: "02:00", until: "04:00"}
receivers:
  - {name: hook, channel: webhook, url: "https://ops.example/hook", secret: hook_key, timeout: 10s,
     subject: "{{ subject }}", text: "{{ text }}"}
routes:
  - {name: bad, to: hook, tenant: acme, site: Werk*, kind: "*_missing", escalation: second, severity: [critical]}
  - {name: again, to: hook, state: [firing], change: [escalated]}
escalations:
  - {name: second, after: 15m, tenant: acme, site: Werk Süd, gateway: gw-1, device: "n-*", metric: air_celsius,
     rule: hot, kind: limits, severity: critical}
"""

FULL: Final = Plan(
    groups=8,
    generation=3,
    bounds=Bounds(1024, 10, 5, 4, 60_000, 2 * 86_400_000, 100),
    timing=Timing(10_000, 5_000, 60_000, 3_600_000, 30_000, 90 * 86_400_000),
    metrics=(
        MetricPlan(
            "*_celsius", (*EVERY_MINUTE, Window(15 * MINUTE_MS, 5 * MINUTE_MS)), (0.5, 0.99), -40.0, 125.0, "°C"
        ),
        MetricPlan("*", EVERY_MINUTE),
    ),
    rules=(
        LimitsRule(
            name="hot",
            metric="air_celsius",
            device="n-*",
            device_type="pump",
            window_ms=15 * MINUTE_MS,
            severity=Severity.INFO,
            for_ms=5 * MINUTE_MS,
            clear_ms=10 * MINUTE_MS,
            above=80.0,
            below=-5.0,
            hysteresis=2.0,
            statistic="max",
            early=False,
            warning_above=90.0,
            warning_below=-10.0,
            critical_above=100.0,
            critical_below=-20.0,
        ),
        RateRule(name="fast", metric="air_celsius", rise_per_s=2.0, fall_per_s=1.0, hysteresis=0.2),
        FlatlineRule(name="flat", flat_ms=3_600_000, tolerance=0.5, constants=(0.0, -1.0)),
        MissingRule(name="gone", scope="metric", factor=4.0, floor_ms=60_000),
        AdaptiveRule(
            name="odd", threshold=4.5, sure=6.0, when=("running",), unless=("shift",), baselines=("shift", "running")
        ),
        MultivariateRule(name="joint", threshold=3.0),
        QualityRule(name="times", check="clock", tolerance_ms=120_000),
        DriftRule(name="level", threshold=30.0, slack=0.5, learn_ms=172_800_000, baselines=("running",)),
        PeersRule(name="apart", cohort="type", threshold=6.0, tolerance=0.5, members_min=4, wait_ms=180_000),
    ),
    modes=(
        Mode("running", "speed_rpm", above=100.0, below=900.0, settle_ms=300_000),
        Mode("shift", days=("mon",), from_time="06:00", until_time="22:00", zone="Europe/Berlin"),
    ),
    devices=(DevicePlan("n-*", "acme", "Werk Süd", "pump", "gw-1"),),
    sources=(SourcePlan("plant", "acme", "json"),),
    grouping=Grouping(
        ("rule", "severity"),
        10_000,
        300_000,
        False,
        Severity.WARNING,
        4 * 3_600_000,
        60_000,
        3,
        site_devices_min=5,
        flap_episodes=7,
        flap_within_ms=7_200_000,
        flap_settle_ms=600_000,
        budget=60,
        budget_within_ms=1_800_000,
    ),
    silences=(
        Silence(
            name="night",
            comment="Wartung",
            tenant="acme",
            site="Werk Süd",
            gateway="gw-1",
            device="n-*",
            metric="air_celsius",
            rule="hot",
            kind="limits",
            severity="warning",
            start="2026-11-01T00:00:00Z",
            end="2026-12-01T00:00:00+01:00",
            days=("sat", "sun"),
            from_time="22:00",
            until_time="06:00",
            zone="Europe/Berlin",
        ),
    ),
    maintenance=(Silence(name="sundays", site="Werk Süd", from_time="02:00", until_time="04:00"),),
    receivers=(
        Receiver("hook", "webhook", "https://ops.example/hook", "hook_key", 10_000, "{{ subject }}", "{{ text }}"),
    ),
    routes=(
        Route("bad", "hook", "acme", "Werk*", "*_missing", "second", ("critical",)),
        Route("again", "hook", state=("firing",), change=("escalated",)),
    ),
    escalations=(
        Escalation("second", 900_000, "acme", "Werk Süd", "gw-1", "n-*", "air_celsius", "hot", "limits", "critical"),
    ),
)
"""What ``FULL_YAML`` means: every key is written, with another value than its default."""

names = st.text("abcxyz_.-019", min_size=1, max_size=8)
patterns = st.text("ab*?_1", min_size=1, max_size=6)
numbers = st.floats(allow_nan=False, allow_infinity=False)
durations_ms = st.integers(0, 10**9)
windows = st.lists(st.builds(Window, durations_ms, durations_ms), min_size=1, max_size=3).map(tuple)

metric_plans = st.builds(
    MetricPlan,
    match=patterns,
    windows=windows,
    quantiles=st.lists(numbers, max_size=2).map(tuple),
    range_low=st.none() | numbers,
    range_high=st.none() | numbers,
    unit=st.text(max_size=4),
)
rules = st.one_of(
    st.builds(LimitsRule, name=names, metric=patterns, above=st.none() | numbers, early=st.booleans()),
    st.builds(RateRule, name=names, rise_per_s=st.none() | numbers, severity=st.sampled_from(Severity)),
    st.builds(FlatlineRule, name=names, flat_ms=durations_ms, constants=st.lists(numbers, max_size=2).map(tuple)),
    st.builds(MissingRule, name=names, scope=st.sampled_from(["device", "metric"]), factor=numbers),
    st.builds(AdaptiveRule, name=names, threshold=numbers, for_ms=durations_ms),
    st.builds(DriftRule, name=names, threshold=numbers, slack=numbers, learn_ms=durations_ms),
)
plans = st.builds(
    Plan,
    metrics=st.lists(metric_plans, min_size=1, max_size=3).map(tuple),
    rules=st.lists(rules, max_size=3).map(tuple),
    devices=st.lists(st.builds(DevicePlan, match=patterns, site=st.text(max_size=4)), max_size=2).map(tuple),
    sources=st.lists(st.builds(SourcePlan, name=names, tenant=names), max_size=2).map(tuple),
    timing=st.builds(Timing, durations_ms, durations_ms),
    groups=st.sampled_from([1, 2, 4, 8]),
)
