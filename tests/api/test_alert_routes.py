from dataclasses import replace

import msgspec
import pytest

from tests.api.deployment import FINGERPRINT, NOW_MS, Deployment, filled, fired, resolved
from tocsin.api.news import TableNews
from tocsin.core.clock import HOUR_MS, MINUTE_MS
from tocsin.core.messages import Phase

KEY = {"idempotency-key": "k1", "content-type": "application/json"}
ACTIONS = f"/v1/alerts/{FINGERPRINT}-1/actions"


@pytest.fixture
def deployment() -> Deployment:
    return filled()


def ids(deployment: Deployment, query: str = "", **request: str) -> list[str]:
    return [one["id"] for one in deployment.ask(f"/v1/alerts?{query}", **request).content["items"]]


def test_alerts_come_with_the_newest_move_first_each_episode_once(deployment: Deployment) -> None:
    assert ids(deployment) == ["00000000000000f2-1", "00000000000000f1-1"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("phase=firing", ["00000000000000f1-1"]),
        ("phase=resolved", ["00000000000000f2-1"]),
        ("phase=pending", []),
        ("severity=critical", []),
        ("severity=warning,critical&device=fan-*", ["00000000000000f2-1"]),
        ("site=south", ["00000000000000f2-1"]),
        ("rule=too-*&metric=flow_lpm&kind=limits", ["00000000000000f2-1", "00000000000000f1-1"]),
        (f"until_ms={NOW_MS - 20 * MINUTE_MS}", ["00000000000000f1-1"]),
        (f"from_ms={NOW_MS - 20 * MINUTE_MS}", ["00000000000000f2-1"]),
        ("acknowledged=true", []),
    ],
)
def test_filter_keeps_what_it_names(deployment: Deployment, query: str, found: list[str]) -> None:
    assert ids(deployment, query) == found


def test_pages_hold_every_alert_once_though_many_moved_at_one_instant() -> None:
    deployment = Deployment()
    names = [f"{number:016x}" for number in range(25)]
    deployment.put_alert(*(fired(fingerprint=name, device=f"pump-{name}") for name in names))
    for phase in ("firing", "firing,resolved"):
        found: list[str] = []
        cursor = ""
        while True:
            answer = deployment.ask(f"/v1/alerts?limit=4&phase={phase}{cursor}").content
            found += [one["fingerprint"] for one in answer["items"]]
            if answer["cursor"] is None:
                break
            cursor = f"&cursor={answer['cursor']}"

        assert sorted(found) == names


def test_alert_says_why_it_fired_what_was_decided_and_what_people_did(deployment: Deployment) -> None:
    deployment.ask(ACTIONS, method="POST", body={"kind": "note", "text": "valve"}, headers=KEY)

    alert = deployment.ask(f"/v1/alerts/{FINGERPRINT}").content

    assert (alert["id"], alert["phase"], alert["ended_ms"]) == (f"{FINGERPRINT}-1", "firing", None)
    assert (alert["value"], alert["threshold"], alert["panes"][0]["mean"]) == (91.5, 90.0, 91.0)
    assert [move["decision"] for move in alert["history"]] == ["sent"]
    assert [(action["kind"], action["by"], action["text"]) for action in alert["actions"]] == [
        ("note", "anna", "valve")
    ]
    assert (alert["notes"], alert["episodes"]) == (1, [f"{FINGERPRINT}-1"])


def test_fingerprint_alone_means_the_newest_episode(deployment: Deployment) -> None:
    deployment.put_alert(resolved(3, device="pump-7"), fired(4, episode=2, device="pump-7", at_ms=NOW_MS - MINUTE_MS))

    alert = deployment.ask(f"/v1/alerts/{FINGERPRINT}").content

    assert alert["episodes"] == [f"{FINGERPRINT}-2", f"{FINGERPRINT}-1"]
    assert alert["id"] == f"{FINGERPRINT}-2"
    assert deployment.ask(f"/v1/alerts/{FINGERPRINT}-1").content["phase"] == "resolved"


def test_rule_that_is_only_tried_is_in_no_list(deployment: Deployment) -> None:
    deployment.put_alert(fired(device="pump-8", fingerprint="00000000000000f9", shadow_of="too-hot"))

    assert "00000000000000f9-1" not in ids(deployment) + ids(deployment, "phase=firing")


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"kind": "acknowledge"}, {"acknowledged_by": "anna", "acknowledged_until_ms": None}),
        (
            {"kind": "acknowledge", "for_ms": HOUR_MS},
            {"acknowledged_by": "anna", "acknowledged_until_ms": NOW_MS + HOUR_MS},
        ),
        ({"kind": "assign", "assignee": "ben"}, {"assignee": "ben"}),
        ({"kind": "close", "text": "known"}, {"closed_by": "anna"}),
        ({"kind": "silence", "for_ms": HOUR_MS}, {"silenced": True}),
    ],
    ids=lambda value: value.get("kind", ""),
)
def test_action_shows_on_its_alert(deployment: Deployment, body: dict[str, object], shown: dict[str, object]) -> None:
    answer = deployment.ask(ACTIONS, method="POST", body=body, headers=KEY)

    alert = deployment.ask(f"/v1/alerts/{FINGERPRINT}").content
    assert (answer.status, answer.content["kind"]) == (201, body["kind"])
    assert {name: alert[name] for name in shown} == shown


def test_acknowledgement_is_over_when_its_time_has_passed(deployment: Deployment) -> None:
    deployment.ask(ACTIONS, method="POST", body={"kind": "acknowledge", "for_ms": HOUR_MS}, headers=KEY)

    deployment.clock.advance_to(NOW_MS + HOUR_MS)

    assert deployment.ask(f"/v1/alerts/{FINGERPRINT}").content["acknowledged_by"] is None


def test_action_with_the_same_key_is_put_once(deployment: Deployment) -> None:
    body = {"kind": "note", "text": "valve"}
    first = deployment.ask(ACTIONS, method="POST", body=body, headers=KEY)
    deployment.clock.advance_to(NOW_MS + MINUTE_MS)

    second = deployment.ask(ACTIONS, method="POST", body=body, headers=KEY)

    assert (second.status, second.content) == (201, first.content)
    assert ("idempotency-replayed" in first.headers, second.headers["idempotency-replayed"]) == (False, "true")
    assert len(deployment.backend.alerts.actions("acme", limit=9)) == 1


def test_key_is_refused_for_another_request_and_is_its_callers_own(deployment: Deployment) -> None:
    deployment.ask(ACTIONS, method="POST", body={"kind": "note", "text": "valve"}, headers=KEY)

    other = deployment.ask(ACTIONS, method="POST", body={"kind": "note", "text": "pump"}, headers=KEY)
    fan = ACTIONS.replace("f1", "f2")
    elsewhere = deployment.ask(fan, method="POST", body={"kind": "note", "text": "valve"}, headers=KEY)
    without = [deployment.ask(ACTIONS, method="POST", body={"kind": "note", "text": "valve"}) for _ in range(2)]

    assert (other.status, other.content["type"]) == (422, "urn:tocsin:problem:key_reused")
    assert elsewhere.status == 422
    assert len({one.content["id"] for one in without}) == 2


@pytest.mark.parametrize(
    ("path", "body", "status", "where"),
    [
        (ACTIONS.replace("f1", "f2"), {"kind": "acknowledge"}, 409, None),
        (ACTIONS.replace("f1-1", "f1-7"), {"kind": "note", "text": "x"}, 404, None),
        (ACTIONS.replace("f1", "f3"), {"kind": "note", "text": "x"}, 404, None),
        (ACTIONS, {"kind": "note"}, 400, "body text"),
        (ACTIONS, {"kind": "assign"}, 400, "body assignee"),
        (ACTIONS, {"kind": "silence"}, 400, "body for_ms"),
        (ACTIONS, {"kind": "acknowledge", "for_ms": 0}, 400, "body for_ms"),
        (ACTIONS, {"kind": "explode"}, 400, "body kind"),
        (ACTIONS, {"kind": "note", "text": "x", "more": 1}, 400, "body"),
        (ACTIONS, b"{", 400, "body"),
    ],
)
def test_action_that_may_not_be_is_a_problem(
    deployment: Deployment, path: str, body: object, status: int, where: str | None
) -> None:
    answer = deployment.ask(path, method="POST", body=body)

    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert [one["where"] for one in answer.content["errors"]] == ([where] if where else [])
    assert deployment.backend.alerts.actions("acme", limit=1) == []


def test_silence_covers_what_it_names_until_it_is_ended(deployment: Deployment) -> None:
    body = {"device": "pump-*", "for_ms": HOUR_MS, "comment": "maintenance"}
    made = deployment.ask("/v1/silences", method="POST", body=body, headers=KEY)
    again = deployment.ask("/v1/silences", method="POST", body=body, headers=KEY)
    assert (made.status, again.content, made.content["active"]) == (201, made.content, True)
    assert deployment.ask(f"/v1/alerts/{FINGERPRINT}").content["silenced"] is True
    assert [(one["id"], one["origin"]) for one in deployment.ask("/v1/silences").content["items"]] == [
        ("nights", "plan"),
        (made.content["id"], "person"),
    ]

    ended = deployment.ask(f"/v1/silences/{made.content['id']}", method="DELETE")

    assert (ended.status, ended.content["silence"]) == (200, made.content["id"])
    assert deployment.ask(f"/v1/alerts/{FINGERPRINT}").content["silenced"] is False
    assert deployment.ask(f"/v1/silences/{made.content['id']}", method="DELETE").content == ended.content
    assert deployment.ask("/v1/silences/nights", method="DELETE").status == 404


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"for_ms": HOUR_MS}, "body name"),
        ({"site": "x"}, "body for_ms"),
        ({"site": "x", "from_time": "22:00"}, "body until_time"),
        ({"site": "x", "from_time": "22:00", "until_time": "06:00", "zone": "Europe/Atlantis"}, "body zone"),
        ({"site": "x", "for_ms": HOUR_MS, "days": ["funday"]}, "body days[0]"),
    ],
)
def test_silence_that_cannot_be_says_why(deployment: Deployment, body: object, where: str) -> None:
    answer = deployment.ask("/v1/silences", method="POST", body=body)

    assert (answer.status, [one["where"] for one in answer.content["errors"]]) == (400, [where])


def test_poll_without_a_cursor_answers_at_once_with_nothing(deployment: Deployment) -> None:
    answer = deployment.ask("/v1/changes?wait_s=25").content

    assert (answer["alerts"], answer["actions"], answer["newest_ms"]) == ([], [], NOW_MS - 30_000)
    assert deployment.pauses == []


def test_poll_tells_of_own_moves_and_actions_and_of_no_other_tenants() -> None:
    deployment = filled()
    since = deployment.ask("/v1/changes").content["cursor"]
    deployment.put_alert(replace(fired(4, episode=2, device="pump-8"), tenant="other"), resolved(3, device="pump-7"))
    deployment.ask(ACTIONS, method="POST", body={"kind": "note", "text": "x"}, headers=KEY)

    answer = deployment.ask(f"/v1/changes?wait_s=25&since={since}").content

    assert [(one["id"], one["phase"]) for one in answer["alerts"]] == [(f"{FINGERPRINT}-1", Phase.RESOLVED)]
    assert [one["text"] for one in answer["actions"]] == ["x"]
    again = deployment.ask(f"/v1/changes?since={answer['cursor']}").content
    assert (again["alerts"], again["actions"], again["truncated"]) == ([], [], False)


def test_window_that_closes_ends_the_wait(deployment: Deployment) -> None:
    since = deployment.ask("/v1/changes").content
    deployment.clock.advance_to(NOW_MS + MINUTE_MS)
    assert deployment.ask(f"/v1/changes?since={since['cursor']}").content["newest_ms"] == since["newest_ms"]

    item = deployment.backend.windows.query("acme", "pump-7", size_ms=MINUTE_MS, start_ms=0, end_ms=2**53, limit=1)[0]
    deployment.backend.windows.put([msgspec.structs.replace(item, start_ms=NOW_MS - 30_000)])

    newer = deployment.ask(f"/v1/changes?wait_s=25&since={since['cursor']}").content
    assert newer["newest_ms"] == since["newest_ms"] + MINUTE_MS


def test_wait_is_over_after_its_time(deployment: Deployment) -> None:
    since = deployment.ask("/v1/changes").content["cursor"]

    answer = deployment.ask(f"/v1/changes?wait_s=0.01&since={since}").content

    assert (answer["alerts"], answer["truncated"]) == ([], False)


def test_where_nobody_may_read_the_feed_the_newest_rows_tell_the_same() -> None:
    deployment = filled(news=lambda backend: TableNews(backend.alerts), mode="aws")
    since = deployment.ask("/v1/changes").content["cursor"]
    quiet = deployment.ask(f"/v1/changes?since={since}").content
    deployment.put_alert(replace(fired(4, episode=2, device="pump-8"), tenant="other"), resolved(3, device="pump-7"))
    deployment.put_alert(fired(4, episode=2, device="pump-7", at_ms=NOW_MS))
    deployment.ask(ACTIONS, method="POST", body={"kind": "note", "text": "x"}, headers=KEY)

    answer = deployment.ask(f"/v1/changes?since={since}").content

    assert (quiet["alerts"], quiet["actions"]) == ([], [])
    assert [(one["id"], one["phase"]) for one in answer["alerts"]] == [
        (f"{FINGERPRINT}-1", "resolved"),
        (f"{FINGERPRINT}-2", "firing"),
    ]
    assert [one["text"] for one in answer["actions"]] == ["x"]
    again = deployment.ask(f"/v1/changes?since={answer['cursor']}").content
    assert (again["alerts"], again["actions"]) == ([], [])


def test_windows_go_by_the_clock_where_the_table_cannot_tell() -> None:
    deployment = filled(mode="aws")
    before = deployment.ask("/v1/changes").content

    deployment.clock.advance_to(NOW_MS + MINUTE_MS)

    after = deployment.ask(f"/v1/changes?wait_s=25&since={before['cursor']}").content
    assert after["newest_ms"] == before["newest_ms"] + MINUTE_MS
    assert deployment.pauses == []


def test_many_changes_come_in_parts_without_a_gap(deployment: Deployment) -> None:
    since = deployment.ask("/v1/changes").content["cursor"]
    moves = [
        fired(number, episode=number, device="pump-8", fingerprint="00000000000000fa") for number in range(1, 1_201)
    ]
    deployment.backend.alerts.put(moves)

    told: list[int] = []
    is_more = True
    while is_more:
        answer = deployment.ask(f"/v1/changes?since={since}").content
        since, is_more = answer["cursor"], answer["truncated"]
        told += [one["number"] for one in answer["alerts"]]

    assert told == list(range(1, 1_201))


@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "W10", "W3siMCI6ICJ4In0sIG51bGxd", "%00"])
def test_cursor_that_no_answer_gave_is_refused(deployment: Deployment, cursor: str) -> None:
    assert deployment.ask(f"/v1/changes?since={cursor}").status == 400
    assert deployment.ask(f"/v1/alerts?cursor={cursor}").status == 400
    assert deployment.errors == []
