"""What a plan says without effect is warned of, and what has some is not."""

import pytest

from tocsin.core.plan.source import default_plan, parse_plan
from tocsin.core.plan.warnings import plan_warnings

BASE = """
devices:
  - {match: "n-*", tenant: acme, site: north, type: pump, gateway: gw-1}
rules:
  - {name: hot, kind: limits, metric: air_celsius, device_type: pump, above: 80, severity: critical}
receivers:
  - {name: mail, channel: email}
routes:
  - {name: all, to: mail}
"""


def warnings(more: str, base: str = BASE) -> list[str]:
    return plan_warnings(parse_plan(base + more, "plan.yaml"))


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("silences: [{name: s, site: nor*}]", [], id="a silence of a site that there is"),
        pytest.param("silences: [{name: s, rule: hot, metric: air_*, severity: crit*}]", [], id="of a rule's alerts"),
        pytest.param("silences: [{name: s, device: pump-of-others}]", [], id="of a device that may come"),
        pytest.param(
            "silences: [{name: s, site: south}]",
            ["silence s: no device of the plan has a site like south, so it matches nothing"],
            id="of a site that there is not",
        ),
        pytest.param(
            "silences: [{name: s, gateway: gw-9}]",
            ["silence s: no device of the plan has a gateway like gw-9, so it matches nothing"],
            id="of a gateway that there is not",
        ),
        pytest.param(
            "silences: [{name: s, rule: cold}]",
            ["silence s: no rule of the plan makes alerts that it matches"],
            id="of a rule that there is not",
        ),
        pytest.param(
            "silences: [{name: s, rule: hot, metric: flow_lpm}]",
            ["silence s: no rule of the plan makes alerts that it matches"],
            id="of a metric that its rule does not judge",
        ),
        pytest.param(
            "silences: [{name: s, rule: hot, severity: warning}]",
            ["silence s: no rule of the plan makes alerts that it matches"],
            id="of a severity that its rule has not",
        ),
        pytest.param(
            'maintenance: [{name: m, site: south, from: "01:00", until: "02:00"}]',
            ["maintenance m: no device of the plan has a site like south, so it matches nothing"],
            id="maintenance elsewhere",
        ),
        pytest.param("escalations: [{name: e, after: 5m, severity: critical}]", [], id="an escalation"),
        pytest.param(
            "escalations: [{name: e, after: 5m, rule: cold}]",
            ["escalation e: no rule of the plan makes alerts that it is about"],
            id="an escalation of nothing",
        ),
    ],
)
def test_silences_and_escalations_that_match_nothing_are_warned_of(more: str, expected: list[str]) -> None:
    assert warnings(more) == expected


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        pytest.param("site: north", "", id="a site that there is"),
        pytest.param("kind: gateway_missing", "", id="outages"),
        pytest.param("severity: [critical, info]", "", id="a severity that there is"),
        pytest.param("site: south", "no device of the plan is at a site like south", id="a site that there is not"),
        pytest.param("kind: rate_of_change", "no rule is of a kind like rate_of_change", id="a kind that there is not"),
        pytest.param("severity: [info]", "no rule has severity info", id="a severity that there is not"),
        pytest.param("escalation: boss", "there is no escalation like boss", id="an escalation that there is not"),
    ],
)
def test_routes_by_which_nobody_receives_anything_are_warned_of(route: str, expected: str) -> None:
    found = warnings("", BASE.replace("{name: all, to: mail}", f"{{name: all, to: mail, {route}}}"))

    assert found == ([f"route all: {expected}, so nobody receives by it"] if expected else [])


def test_receiver_to_whom_no_route_leads_is_warned_of() -> None:
    found = warnings(
        "", BASE.replace("{name: mail, channel: email}", "{name: mail, channel: email}\n  - {name: x, channel: sms}")
    )

    assert found == ["receiver x: no route leads to it, so it gets nothing"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param(
            "{name: r, kind: adaptive, device: m-*, device_type: pump}",
            "no device of type pump has an id like m-*",
            id="no such device",
        ),
        pytest.param(
            "{name: r, kind: missing, floor: 31d}",
            "alerts of a silent device expire before its floor has passed",
            id="too late",
        ),
        pytest.param(
            "{name: r, kind: adaptive, for: 30d}",
            "what it waits for takes as long as alerts of a silent device last",
            id="too long",
        ),
    ],
)
def test_rules_that_can_never_fire_are_warned_of(rule: str, expected: str) -> None:
    found = warnings("", BASE.replace("rules:\n", f"rules:\n  - {rule}\n"))

    assert found == [f"rule r: can never fire: {expected}"]


def test_default_plan_has_nothing_without_effect() -> None:
    assert plan_warnings(default_plan()) == []
