"""Bad plans: each is told with its line, its key, the rule and the value."""

import pytest

from tocsin.core.errors import PlanError
from tocsin.core.plan.source import parse_plan


def problems(text: str) -> list[str]:
    """Return the plan's problems, without the file's name."""
    try:
        parse_plan(text, "p")
    except PlanError as error:
        return [str(problem).removeprefix("p:") for problem in error.problems]
    return []


LIMITS = "rules:\n- {name: hot, kind: limits, metric: air_celsius, above: 9"
RATE = "rules:\n- {name: fast, kind: rate_of_change, metric: air_celsius, rise_per_s: 1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("extends: other", "1: extends: must be one of default, nothing, got 'other'", id="unknown base"),
        pytest.param("tming: {}", "1: tming: is unknown, did you mean timing?", id="unknown part"),
        pytest.param("timing: {idel: 5m}", "1: timing.idel: is unknown, did you mean idle?", id="unknown key"),
        pytest.param("groups: 12", "1: groups: must be a power of two, got 12", id="groups not a power of two"),
        pytest.param("groups: 0", "1: groups: must be from 1 to 4096, got '0'", id="no groups"),
        pytest.param(
            "timing:\n  idle: 120",
            "2: timing.idle: must carry its unit, such as 250ms, 30s, 5m, 2h or 7d, got the bare number 120",
            id="duration without its unit",
        ),
        pytest.param(
            "timing:\n  out_of_orderness: 3m",
            "1: timing.idle: must be at least out_of_orderness and lateness together, 3m, "
            "else ticks close windows too early, got 2m",
            id="ticks would close what still waits",
        ),
        pytest.param(
            "bounds: {age_max: 1m}\ntiming: {out_of_orderness: 90s}",
            "2: timing.out_of_orderness: must with lateness be at most bounds.age_max 1m, "
            "got out_of_orderness and lateness together, 90s",
            id="waiting for what is rejected",
        ),
        pytest.param(
            "timing: {correction: 1d}\nbounds: {age_max: 1h}",
            "1: timing.correction: must be at most bounds.age_max 1h, got 1d",
            id="revising with what is rejected",
        ),
        pytest.param(
            "bounds: {depth_max: 2.5}", "1: bounds.depth_max: must be a whole number, got '2.5'", id="fraction"
        ),
        pytest.param("grouping: {by: [site, site]}", "1: grouping.by: must all differ", id="the same word twice"),
        pytest.param(
            "grouping: {by: [sites]}",
            "1: grouping.by[0]: must be one of site, gateway, device, device_type, kind, rule, severity, "
            "got 'sites', did you mean site?",
            id="unknown word to group by",
        ),
        pytest.param(
            "grouping: {severity_min: warn}",
            "1: grouping.severity_min: must be one of info, warning, critical, got 'warn', did you mean warning?",
            id="unknown severity",
        ),
        pytest.param(
            "modes: [{name: on, metric: speed_rpm}]",
            "1: modes[0]: must have above, below or both beside metric",
            id="a mode without a limit",
        ),
        pytest.param(
            'modes: [{name: on, from: "06:00"}]', "1: modes[0]: must have both from and until", id="a day without end"
        ),
        pytest.param(
            'modes: [{name: on, metric: speed_rpm, above: 3, from: "06:00"}]',
            "1: modes[0].from: must not be said together with metric: make a mode of each, and name both",
            id="a mode told by two things",
        ),
        pytest.param(
            'modes: [{name: on, from: "06:00", until: "07:00", zone: Europe/Atlantis}]',
            "1: modes[0].zone: must be a time zone such as Europe/Berlin, got 'Europe/Atlantis'",
            id="a zone that is not there",
        ),
        pytest.param(
            "rules: [{name: adaptive, when: [on]}]",
            "1: rules[0].when: must name modes of the plan (none), got 'on'",
            id="a mode that is not there",
        ),
    ],
)
def test_a_bad_part_is_told(text: str, expected: str) -> None:
    assert problems(text) == [expected]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("{windows: [1m]}", "match: is missing", id="no match"),
        pytest.param(
            "{match: a b}",
            "match: must be 1 to 64 letters, digits, _ . - or the wildcards * and ?, got 'a b'",
            id="match is no pattern",
        ),
        pytest.param("{match: a, windows: []}", "windows: must hold at least one window", id="no windows"),
        pytest.param("{match: a, windows: 1m}", "windows: must be a list, got '1m'", id="windows no list"),
        pytest.param(
            "{match: a, windows: [15]}",
            "windows[0]: must carry its unit, such as 250ms, 30s, 5m, 2h or 7d, got the bare number 15",
            id="window without its unit",
        ),
        pytest.param(
            "{match: a, windows: [500ms]}", "windows[0]: must be from 1s to 31d, got 500ms", id="window too short"
        ),
        pytest.param("{match: a, windows: [{hop: 5m}]}", "windows[0].size: is missing", id="hop without a size"),
        pytest.param(
            "{match: a, windows: [{size: 15m, hop: 4m}]}",
            "windows: hop 4m must divide size 15m",
            id="hop does not divide",
        ),
        pytest.param(
            "{match: a, windows: [2m, 3m]}",
            "windows: hop 3m must be a multiple of the smallest hop 2m",
            id="off the slice",
        ),
        pytest.param(
            "{match: a, windows: [1m, 1m]}", "windows: must all differ in size, 1m comes twice", id="size twice"
        ),
        pytest.param(
            "{match: a, windows: [{size: 1d, hop: 30s}]}",
            "windows: size 1d must span at most 1440 hops of 30s",
            id="too many hops",
        ),
        pytest.param(
            "{match: a, windows: [7m]}",
            "windows: smallest hop 7m must divide the plan's longest slice 1h",
            id="odd slice",
        ),
        pytest.param(
            "{match: a, quantiles: [0.5, 1]}", "quantiles: must be above 0 and below 1, got 1", id="quantile of all"
        ),
        pytest.param("{match: a, quantiles: [0.5, 0.5]}", "quantiles: must all differ", id="quantile twice"),
        pytest.param(
            "{match: a, quantiles: [1.5]}", "quantiles[0]: must be from 0 to 1, got '1.5'", id="quantile beyond"
        ),
        pytest.param(
            "{match: a, range_low: 5, range_high: 5}", "range_high: must be above range_low 5, got 5", id="empty range"
        ),
        pytest.param(
            "{match: a, range_high: .inf}", "range_high: must be a finite number, got '.inf'", id="endless range"
        ),
        pytest.param(
            '{match: a, unit: ""}', "unit: must be 1 to 64 characters without # or line breaks, got ''", id="unit"
        ),
    ],
)
def test_a_bad_metric_is_told(written: str, expected: str) -> None:
    text = f'metrics:\n- {written}\n- {{match: "*", windows: [1h]}}\nrules:\n- {{name: flatline, flat: 2h}}\n'

    assert problems(text) == [f"2: metrics[0].{expected}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("rules: [5]", "1: rules[0]: must be keys and values, got '5'", id="no rule"),
        pytest.param("rules: [{name: hot}]", "1: rules[0].kind: is missing", id="no kind"),
        pytest.param("rules: [{kind: adaptive}]", "1: rules[0].name: is missing", id="no name"),
        pytest.param(
            "rules: [{name: a#b, kind: adaptive}]",
            "1: rules[0].name: must be 1 to 64 letters, digits, _ . or -, got 'a#b'",
            id="name is no id",
        ),
        pytest.param(
            "rules: [{name: x, kind: limit, abov: 1}]",
            "1: rules[0].kind: must be one of limits, rate_of_change, flatline, drift, missing, adaptive,"
            " multivariate, peers, quality, got 'limit', did you mean limits?",
            id="unknown kind, and no word about its keys",
        ),
        pytest.param(
            "rules:\n- {name: x, kind: adaptive}\n- {name: x, kind: adaptive}",
            "3: rules[1].name: must be unique, 'x' is taken in line 2",
            id="name twice",
        ),
        pytest.param(
            "rules: [{name: adaptive, treshold: 4}]",
            "1: rules[0].treshold: is unknown, did you mean threshold?",
            id="unknown key of a changed rule",
        ),
        pytest.param(
            "rules: [{name: x, kind: adaptive, above: 4}]", "1: rules[0].above: is unknown", id="key of another kind"
        ),
        pytest.param(
            "rules: [{name: adaptive, threshold: 0}]", "1: rules[0].threshold: must be above 0, got 0", id="zero"
        ),
        pytest.param(
            "rules: [{name: x, kind: limits, metric: air_celsius}]",
            "1: rules[0]: must have above, below or both",
            id="limits without one",
        ),
        pytest.param(
            LIMITS + ", below: 9}", "2: rules[0].below: must be less than above 9, got 9", id="limits crossed"
        ),
        pytest.param(
            LIMITS + ", below: 5, hysteresis: 2}",
            "2: rules[0].hysteresis: must be less than half of the way from below to above, 2, got 2",
            id="no way back",
        ),
        pytest.param(
            LIMITS + ", critical_above: 5}",
            "2: rules[0].critical_above: must be more than the milder limit 9, got 5",
            id="severer limit inside of the milder",
        ),
        pytest.param(
            LIMITS + ", warning_above: 20}",
            "2: rules[0].warning_above: must be severer than the rule, whose severity is warning",
            id="severer limit that is not severer",
        ),
        pytest.param(
            LIMITS + ", critical_below: 1}",
            "2: rules[0].critical_below: must be less than below, which is not written, got 1",
            id="severer limit without a milder one",
        ),
        pytest.param(
            LIMITS + ", hysteresis: -1}", "2: rules[0].hysteresis: must be at least 0, got '-1'", id="negative"
        ),
        pytest.param(LIMITS + ", above: 8}", "2: key 'above' comes twice, first in line 2", id="key twice"),
        pytest.param(
            LIMITS + ", window: 5m}",
            "2: rules[0].window: must be a window of metric * (1m), got 5m",
            id="window that is not kept",
        ),
        pytest.param(
            LIMITS + ", shadow_of: nothing}",
            "2: rules[0].shadow_of: must be the name of a rule that is no shadow itself, one of adaptive,"
            " device_missing, flatline, metric_missing, got 'nothing'",
            id="shadow of no rule",
        ),
        pytest.param(
            LIMITS + ", device_type: pump}",
            "2: rules[0].device_type: must be the type of some entry of devices, got 'pump'",
            id="type that no device has",
        ),
        pytest.param(
            LIMITS + "}\nmetrics: [{match: air*, range_high: 8}]",
            "2: rules[0].above: must be less than range_high 8 of metric air*, got 9",
            id="limit beyond the sensor",
        ),
        pytest.param(
            LIMITS + ", below: 0}\nmetrics: [{match: air*, range_low: 1}]",
            "2: rules[0].below: must be more than range_low 1 of metric air*, got 0",
            id="lower limit beyond the sensor",
        ),
        pytest.param(
            "rules: [{name: x, kind: limits, metric: speed, above: 1}]",
            "1: rules[0].metric: has no unit: end the name with one, or give metric * a unit",
            id="limit without a unit",
        ),
        pytest.param(
            'rules: [{name: x, kind: rate_of_change, metric: "speed*", fall_per_s: 1}]',
            "1: rules[0].metric: has no unit: end the name with one, or give metric * a unit",
            id="rate without a unit",
        ),
        pytest.param(
            RATE + ", hysteresis: 1}", "2: rules[0].hysteresis: must be a ratio below 1, got 1", id="ratio of 1"
        ),
        pytest.param(RATE + ", fall_per_s: 0}", "2: rules[0].fall_per_s: must be above 0, got 0", id="no fall at all"),
        pytest.param(
            "rules: [{name: x, kind: rate_of_change, metric: air_celsius}]",
            "1: rules[0]: must have rise_per_s, fall_per_s or both",
            id="rate without one",
        ),
        pytest.param(
            "rules: [{name: flatline, flat: 30s}]",
            "1: rules[0].flat: must be at least the window 1m of metric *, got 30s",
            id="flat for less than a window",
        ),
        pytest.param(
            "rules: [{name: device_missing, factor: 1}]", "1: rules[0].factor: must be above 1, got 1", id="factor"
        ),
        pytest.param(
            "rules: [{name: device_missing, metric: a_volt}]",
            "1: rules[0].metric: must not be said with scope device, which hears all metrics, got 'a_volt'",
            id="metric of a whole device",
        ),
        pytest.param(
            "rules: [{name: device_missing, window: 1m}]", "1: rules[0].window: is unknown", id="window of silence"
        ),
        pytest.param(
            'metrics:\n- {match: "*", windows: [1h]}',
            "1: rules: rule flatline of the default plan: flat must be at least the window 1h of metric *, got 30m",
            id="default rule that the plan breaks",
        ),
    ],
)
def test_a_bad_rule_is_told(text: str, expected: str) -> None:
    assert problems(text) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'metrics:\n- {match: "t*"}\n- {match: temperature_celsius}',
            "3: metrics[1].match: is never reached, metrics[0] takes it all first",
            id="metric behind a wider one",
        ),
        pytest.param(
            'devices:\n- {match: "*"}\n- {match: "p-*", tenant: acme}',
            "3: devices[1].match: is never reached, devices[0] takes it all first",
            id="device behind all",
        ),
        pytest.param(
            "devices: [{match: p, type: a b}]", "must be 1 to 64 letters, digits, _ . or -, got 'a b'", id="type"
        ),
        pytest.param(
            "devices: [{match: p, site: 'a#b'}]", "must be 1 to 64 characters without # or line breaks", id="site"
        ),
        pytest.param("sources: [{name: q}]", "1: sources[0].tenant: is missing", id="source without an owner"),
        pytest.param(
            "sources: [{name: q, tenant: t, format: xml}]", "must be one of json, got 'xml'", id="unknown format"
        ),
        pytest.param(
            "sources:\n- {name: q, tenant: a}\n- {name: q, tenant: b}",
            "3: sources[1].name: must be unique, 'q' is taken in line 2",
            id="source twice",
        ),
    ],
)
def test_a_bad_entry_is_told(text: str, expected: str) -> None:
    (found,) = problems(text)

    assert expected in found


def test_ticks_may_close_a_window_at_the_very_end_of_its_wait() -> None:
    assert not problems("timing: {out_of_orderness: 90s, lateness: 30s, idle: 2m}")


def test_the_same_devices_of_another_tenant_are_reached() -> None:
    assert not problems('devices:\n- {match: "*", tenant: acme}\n- {match: "*", tenant: other}')


def test_a_unit_is_known_from_the_name_the_pattern_or_the_metric() -> None:
    rule = "kind: limits, above: 1"

    assert not problems(f'rules: [{{name: a, metric: x_volt, {rule}}}, {{name: b, metric: "*_celsius", {rule}}}]')
    assert not problems(f'metrics: [{{match: "sp*", unit: m/s}}]\nrules: [{{name: c, metric: speed, {rule}}}]')


def test_more_early_limits_than_a_slice_can_mark_are_told() -> None:
    rules = [f"- {{name: r{place}, kind: limits, metric: a_volt, above: {place}}}" for place in range(17)]

    found = problems("rules:\n" + "\n".join(rules))

    assert len(found) == 17
    assert found[0] == (
        "2: rules[0].early: must be false in some rules: 17 limits judge the same metric, 16 can be early"
    )
    assert not problems("rules:\n" + "\n".join(rules[:16]))


def test_more_window_sizes_than_the_stages_can_number_are_told() -> None:
    metrics = [f"- {{match: m{place}, windows: [{place + 1}m]}}" for place in range(64)]
    slices = ["- {match: z, windows: [{size: 100m, hop: 1m}]}", "- {match: s, windows: [{size: 65m, hop: 1m}]}"]

    found = problems("metrics:\n" + "\n".join(metrics + slices))

    assert "2: metrics[0].windows: must have at most 64 sizes over all metrics, got 66" in found


def test_slices_that_would_stay_open_by_the_thousand_are_told() -> None:
    text = "timing: {out_of_orderness: 2h, idle: 3h}\nmetrics:\n- {match: fast, windows: [1s]}"

    assert problems(text) == [
        "3: metrics[0].windows: smallest hop 1s keeps more than 4096 slices open "
        "with out_of_orderness and lateness of 2h"
    ]


def test_more_entries_than_a_list_may_hold_are_told_once() -> None:
    sources = "\n".join(f"- {{name: q{place}, tenant: t}}" for place in range(65))

    assert problems("sources:\n" + sources) == ["1: sources: must hold at most 64 entries, got 65"]


def test_problems_of_all_parts_come_in_one_go() -> None:
    text = "groups: 3\ntiming: {idle: 5}\nmetrics:\n- {match: a, windows: [x]}\nrules:\n- {name: q, kind: what}\nbla: 1"

    assert [problem.split(": ")[1] for problem in problems(text)] == [
        "groups",
        "timing.idle",
        "metrics[0].windows[0]",
        "rules[0].kind",
        "bla",
    ]
