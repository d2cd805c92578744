from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.adapters.aws.scripted import Script, patience_of, table_of
from tests.contract.specimens import DECISION, TRANSITION
from tocsin.adapters.aws.alerts import DynamoAlerts, DynamoFeed
from tocsin.adapters.aws.bus import Bus
from tocsin.adapters.aws.lists import DynamoDecisions
from tocsin.core.errors import UnavailableError
from tocsin.core.formats.cloud_event import transition_event
from tocsin.core.messages import Transition

REQUIRED = {"specversion", "id", "source", "type"}
"""What every CloudEvent must have. Source: CloudEvents 1.0, required attributes."""


def bus_of(client: Any) -> Bus:
    return Bus(client, "alerts", patience_of())


def told(script: Script) -> list[list[dict[str, Any]]]:
    """Return the batches that the script's bus is sent."""
    sent: list[list[dict[str, Any]]] = []
    script.client.meta.events.register(
        "provide-client-params.events.PutEvents",
        lambda params, **_: sent.append(params["Entries"]),
        unique_id=str(id(sent)),
    )
    return sent


def taken(count: int) -> dict[str, Any]:
    return {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}] * count}


def test_transition_becomes_a_cloud_event_that_reads_back() -> None:
    script = Script("events").answers("put_events", taken(1))
    sent = told(script)

    with script as client:
        bus_of(client).tell_transitions([TRANSITION])

    (entry,) = sent[0]
    event = msgspec.json.decode(entry["Detail"])
    assert (entry["Source"], entry["DetailType"], entry["EventBusName"]) == ("tocsin", "tocsin.alert.firing", "alerts")
    assert set(event) >= REQUIRED
    assert all(event[name] and isinstance(event[name], str) for name in REQUIRED)
    assert event["id"] == "00000000000000f1.1.1"
    assert event["time"] == "1970-01-01T00:01:00Z"
    assert msgspec.convert(event["data"], Transition) == TRANSITION


def test_copy_of_an_event_has_its_id_and_another_event_has_not() -> None:
    ids = {transition_event(one)["id"] for one in (TRANSITION, TRANSITION, replace(TRANSITION, number=2))}

    assert len(ids) == 2


def test_events_go_ten_at_a_time_and_failed_ones_again() -> None:
    script = Script("events")
    failing = [{"EventId": "e"}] * 9 + [{"ErrorCode": "ThrottlingException", "ErrorMessage": "m"}]
    script.answers("put_events", {"FailedEntryCount": 1, "Entries": failing})
    script.answers("put_events", taken(1)).answers("put_events", taken(1))
    sent = told(script)

    with script as client:
        bus_of(client).tell_transitions([replace(TRANSITION, number=number) for number in range(1, 12)])

    numbers = [[msgspec.json.decode(entry["Detail"])["data"]["number"] for entry in batch] for batch in sent]
    assert numbers == [list(range(1, 11)), [10], [11]]


def test_events_that_stay_failed_are_told() -> None:
    script = Script("events").answers(
        "put_events", {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
    )

    with script as client:
        bus = bus_of(client)
        bus._patience.begin(1)

        with pytest.raises(UnavailableError, match="bus alerts did not take 1 of 1"):
            bus.tell_decisions([DECISION])


def test_transition_that_was_there_already_is_told_again_as_the_first_time_may_have_been_lost() -> None:
    events = Script("events").answers("put_events", taken(1))
    sent = told(events)
    items = Script("dynamodb").refuses("put_item", "ConditionalCheckFailedException")
    feed: DynamoFeed = None  # type: ignore[assignment]

    with items as dynamodb, events as client:
        assert DynamoAlerts(table_of(dynamodb), feed, bus_of(client)).put([TRANSITION]) == [False]

    assert len(sent) == 1


def test_first_few_transitions_are_written_and_nothing_is_told_where_the_table_fails() -> None:
    items = Script("dynamodb").answers("put_item", {}).refuses("put_item", "InternalServerError", status=500)
    feed: DynamoFeed = None  # type: ignore[assignment]

    with items as dynamodb, Script("events") as client:
        alerts = DynamoAlerts(table_of(dynamodb), feed, bus_of(client))

        with pytest.raises(UnavailableError):
            alerts.put([TRANSITION, replace(TRANSITION, number=2), replace(TRANSITION, number=3)])


def test_decision_is_told_with_what_was_decided() -> None:
    events = Script("events").answers("put_events", taken(1))
    sent = told(events)

    with Script("dynamodb").answers("put_item", {}) as dynamodb, events as client:
        DynamoDecisions(table_of(dynamodb), bus_of(client)).put([DECISION])

    assert sent[0][0]["DetailType"] == "tocsin.decision.sent"
