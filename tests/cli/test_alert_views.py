"""Who acknowledged, what receivers would get, why something was or was not told; routes and warnings of a plan."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.alerts.specimens import AT_MS, FIRING, RESOLVED, of_device
from tests.cli.conftest import Tocsin
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.actions import Action, ActionKind
from tocsin.core.clock import HOUR_MS, wall_now_ms
from tocsin.core.messages import Severity
from tocsin.core.plan.source import default_plan
from tocsin.runtime.pipeline import Pipeline

ACK = Action("acme", "a" * 16, AT_MS + 1, "anna", ActionKind.ACKNOWLEDGE, FIRING.fingerprint, 1)
WORSE = replace(FIRING, number=3, phase_from=FIRING.phase, severity_from=Severity.WARNING, at_ms=AT_MS + HOUR_MS)
PLAN = """
devices: [{match: "pump-*", site: north, gateway: gw-3, type: pump}]
rules: [{name: too-hot, kind: limits, metric: temperature_celsius, above: 90, severity: critical}]
receivers:
  - {name: chat, channel: slack, url: "https://hooks.slack.com/services/x", text: "{{ severity|upper }} at {{ site }}"}
  - {name: pager, channel: pagerduty, url: "https://events.pagerduty.com/v2/enqueue", secret: pager_key}
routes:
  - {name: bad, to: pager, severity: [critical]}
  - {name: south, to: chat, site: south*}
escalations: [{name: second, after: 15m}]
silences: [{name: nights, device: "pump-*", from: "01:00", until: "01:01", comment: test}]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "tocsin.db"
    with open_embedded(path, now_ms=lambda: AT_MS) as embedded:
        embedded.backend.alerts.put([FIRING, of_device(FIRING, 1), replace(of_device(RESOLVED, 3), number=1)])
        Pipeline(embedded, default_plan(), lambda: AT_MS).run_due()
    return path


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(PLAN)
    return path


def act(path: Path, *actions: Action) -> None:
    with open_embedded(path, now_ms=lambda: AT_MS) as embedded:
        for action in actions:
            embedded.backend.alerts.put_action(action)


def listed(tocsin: Tocsin, path: Path, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.decode(tocsin("alerts", "list", "--file", path, "--json", *options).out)
    return found


def test_list_shows_who_acknowledged_and_who_takes_care(tocsin: Tocsin, path: Path) -> None:
    act(path, ACK, replace(ACK, id="b" * 16, at_ms=AT_MS + 2, kind=ActionKind.ASSIGN, assignee="ben"))

    line = next(one for one in tocsin("alerts", "list", "--file", path).out.splitlines() if FIRING.fingerprint in one)
    (one,) = listed(tocsin, path, "--state", "acknowledged")

    assert line.split()[0] == "acknowledged"
    assert "anna, for ben" in line
    assert (one["condition"], one["acknowledged_by"], one["assignee"]) == ("acknowledged", "anna", "ben")


@pytest.mark.parametrize(
    ("actions", "moves", "condition"),
    [
        pytest.param([ACK], [], "acknowledged", id="for as long as it lasts"),
        pytest.param([replace(ACK, until_ms=wall_now_ms() - 1)], [], "firing", id="for a while that is over"),
        pytest.param([replace(ACK, until_ms=2 * wall_now_ms())], [], "acknowledged", id="for a while that is not"),
        pytest.param([replace(ACK, episode=7)], [], "firing", id="another episode"),
        pytest.param([ACK], [WORSE], "firing", id="before it got worse"),
        pytest.param([replace(ACK, at_ms=WORSE.at_ms + 1)], [WORSE], "acknowledged", id="after it got worse"),
        pytest.param([replace(ACK, kind=ActionKind.CLOSE)], [], "closed", id="closed"),
        pytest.param([ACK], [replace(RESOLVED, number=9)], "resolved", id="over"),
    ],
)
def test_condition_is_what_people_did_as_far_as_it_lasts(
    tocsin: Tocsin, path: Path, actions: list[Action], moves: list[Any], condition: str
) -> None:
    with open_embedded(path, now_ms=lambda: AT_MS) as embedded:
        embedded.backend.alerts.put(moves)
    act(path, *actions)

    (one,) = listed(tocsin, path, "--device", "pump-7")

    assert one["condition"] == condition


def test_what_nobody_acknowledged_can_be_listed_alone_by_rule_and_kind(tocsin: Tocsin, path: Path) -> None:
    act(path, ACK)

    assert [one["device"] for one in listed(tocsin, path, "--unacknowledged")] == ["pump-1"]
    assert listed(tocsin, path, "--rule", "cold*") == []
    assert len(listed(tocsin, path, "--kind", "limits", "--gateway", "gw-*")) == 3


def test_watch_shows_the_list_and_ends_when_its_time_is_over(tocsin: Tocsin, path: Path) -> None:
    said = tocsin("alerts", "list", "--file", path, "--watch", "--for", "1ms")

    assert said.code == 0
    assert said.out.count("fingerprint") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param(("--channel", "email"), "FIRING critical: pump-7 at north", id="mail"),
        pytest.param(("--channel", "sms"), "FIRING critical: pump-7 at north", id="sms"),
        pytest.param(("--channel", "slack"), '"plain_text"', id="slack"),
        pytest.param(("--channel", "pagerduty"), '"event_action": "trigger"', id="pagerduty"),
        pytest.param(("--channel", "webhook"), '"fingerprint": "9ac34d4d1e3b87ae"', id="webhook"),
        pytest.param(("--receiver", "chat"), "CRITICAL at north", id="with the receiver's own words"),
    ],
)
def test_any_alert_can_be_seen_as_any_channel_gets_it(
    tocsin: Tocsin, path: Path, plan: Path, options: tuple[str, ...], words: str
) -> None:
    said = tocsin("alerts", "preview", FIRING.fingerprint[:6], "--file", path, "--plan", plan, *options)

    assert (said.code, said.err) == (0, "")
    assert words in said.out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--receiver", "nobody"), "receiver must be one of the plan's (chat, pager), got 'nobody'"),
        (("--state", "expired"), "has no move to tell that is expired"),
    ],
)
def test_preview_of_what_there_is_not_is_wrong_use(
    tocsin: Tocsin, path: Path, plan: Path, options: tuple[str, ...], expected: str
) -> None:
    said = tocsin("alerts", "preview", FIRING.fingerprint, "--file", path, "--plan", plan, *options)

    assert said.code == 2
    assert expected in said.err


def test_explain_says_who_heard_of_an_alert_and_why(tocsin: Tocsin, path: Path, plan: Path) -> None:
    act(path, ACK)

    said = tocsin("alerts", "explain", FIRING.fingerprint, "--file", path, "--plan", plan)

    for words in (
        "pending to firing: told by itself, in notification ",
        "stands as acknowledged, by anna",
        "silence nights covers it at other times (test)",
        "told together by acme, site=north, kind=limits, severity=critical",
        "goes by route bad to pager",
        "does not go by route south to chat",
        "escalates as second after 15m without an acknowledgement",
    ):
        assert words in said.out
    machine = tocsin("alerts", "explain", FIRING.fingerprint, "--file", path, "--json").json
    assert isinstance(machine, dict)
    assert machine["reasons"]


def test_routes_are_printed_with_their_filter_policies(tocsin: Tocsin, plan: Path) -> None:
    said = tocsin("plan", "routes", plan)

    assert said.out.splitlines() == [
        "route  receiver         filter policy",
        'bad    pager pagerduty  {"severity":["critical"]}',
        'south  chat slack       {"site":[{"prefix":"south"}]}',
    ]
    machine = tocsin("plan", "routes", plan, "--json").json
    assert isinstance(machine, list)
    assert machine[0]["filter_policy"] == {"severity": ["critical"]}


def test_check_warns_of_what_has_no_effect_and_is_no_finding(tocsin: Tocsin, plan: Path) -> None:
    said = tocsin("plan", "check", plan)
    machine = tocsin("plan", "check", plan, "--json").json

    warning = "route south: no device of the plan is at a site like south*, so nobody receives by it"
    assert (said.code, said.err) == (0, f"warning: {warning}\n")
    assert isinstance(machine, dict)
    assert warning in machine["warnings"]
