"""Events that nobody waits for: tried up to three times, then handed on or given up."""

import json
from typing import Any

from tests.runtime.sam.rules import ASYNC, RECORDS, rule
from tests.runtime.sam.stand import START_MS, Scripted, Stand, att, raises

SECOND = 1_000
EVENT = {"n": 1}


def stand_with(handler: Scripted, **properties: Any) -> Stand:
    return Stand(
        {
            "Resources": {
                "Lost": {"Type": "AWS::SQS::Queue"},
                "Done": {"Type": "AWS::SQS::Queue"},
                "Function": {
                    "Type": "AWS::Serverless::Function",
                    "Properties": {"Handler": "app.handler", **properties},
                },
            }
        },
        handler,
    )


def destinations(**named: str) -> dict[str, Any]:
    return {name: {"Destination": att(arn)} for name, arn in named.items()}


@rule("A failed event is tried twice more: after one minute, and two minutes after that.", ASYNC)
def test_a_failed_event_is_tried_again_after_one_and_two_minutes() -> None:
    stand = stand_with(Scripted(always=raises))
    stand.host.give("Function", EVENT)

    stand.settle()

    assert [one.at_ms - START_MS for one in stand.host.invocations] == [0, 60 * SECOND, 180 * SECOND]


@rule("An event that goes well is not tried again.", ASYNC)
def test_an_event_that_goes_well_is_called_once() -> None:
    stand = stand_with(Scripted(raises))
    stand.host.give("Function", EVENT)

    stand.settle()

    assert len(stand.handler.events) == 2


@rule("`MaximumRetryAttempts` is 0 to 2.", ASYNC)
def test_fewer_retries_may_be_asked_for() -> None:
    stand = stand_with(Scripted(always=raises), EventInvokeConfig={"MaximumRetryAttempts": 0})
    stand.host.give("Function", EVENT)

    stand.settle()

    assert len(stand.handler.events) == 1


@rule("An event older than `MaximumEventAgeInSeconds` is discarded instead of tried again.", ASYNC)
def test_an_event_that_is_too_old_is_discarded() -> None:
    config = {"MaximumEventAgeInSeconds": 90, "DestinationConfig": destinations(OnFailure="Lost.Arn")}
    stand = stand_with(Scripted(always=raises), EventInvokeConfig=config)
    stand.host.give("Function", EVENT)

    stand.settle()

    (record,) = map(json.loads, stand.bodies("Lost"))
    assert len(stand.handler.events) == 2
    assert record["requestContext"]["condition"] == "EventAgeExceeded"


@rule("The on-failure destination gets the event, what went wrong and how often it was tried.", RECORDS)
def test_the_destination_of_failures_gets_event_and_error() -> None:
    stand = stand_with(
        Scripted(always=raises), EventInvokeConfig={"DestinationConfig": destinations(OnFailure="Lost.Arn")}
    )
    stand.host.give("Function", EVENT)

    stand.settle()

    (record,) = map(json.loads, stand.bodies("Lost"))
    assert record["version"] == "1.0"
    assert record["requestContext"] == {
        "requestId": "Function-async-1",
        "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:Function:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["requestPayload"] == EVENT
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == "the store did not answer"


@rule("The on-success destination gets the event and the answer.", RECORDS)
def test_the_destination_of_successes_gets_event_and_answer() -> None:
    stand = stand_with(
        Scripted(lambda _: {"done": True}), EventInvokeConfig={"DestinationConfig": destinations(OnSuccess="Done.Arn")}
    )
    stand.host.give("Function", EVENT)

    stand.settle()

    (record,) = map(json.loads, stand.bodies("Done"))
    assert record["requestContext"]["condition"] == "Success"
    assert record["responsePayload"] == {"done": True}


@rule("A dead-letter queue gets the event itself, with the error as attributes.", ASYNC)
def test_the_dead_letter_queue_gets_the_event_itself() -> None:
    stand = stand_with(Scripted(always=raises), DeadLetterQueue={"Type": "SQS", "TargetArn": att("Lost.Arn")})
    stand.host.give("Function", EVENT)

    stand.settle()

    (message,) = stand.host.resources.queues["Lost"].messages()
    assert json.loads(message.body) == EVENT
    assert message.attributes["ErrorMessage"] == "the store did not answer"
    assert message.attributes["RequestID"] == "Function-async-1"


@rule("Each attempt has the same request id, and a fresh copy of the event.", ASYNC)
def test_each_attempt_gets_a_fresh_copy_of_the_event() -> None:
    def spoils(event: dict[str, Any]) -> Any:
        event["n"] = "spoilt"
        return raises(event)

    stand = stand_with(Scripted(spoils))
    stand.host.give("Function", EVENT)

    stand.settle()

    assert stand.handler.events[1] == EVENT


@rule("A timeout is a function error like any other.", ASYNC)
def test_a_timeout_is_tried_again() -> None:
    stand = stand_with(Scripted(), Timeout=3)
    stand.host.functions["Function"].takes_ms = 4_000
    stand.host.give("Function", EVENT)

    stand.settle()

    assert [one.at_ms - START_MS for one in stand.host.invocations] == [0, 63 * SECOND, 186 * SECOND]


@rule(
    "A throttled event is tried again after one second, then after twice as long each time, up to five minutes; that "
    "is no attempt, and ends with the event's age.",
    ASYNC,
)
def test_a_throttled_event_waits_longer_each_time_until_it_is_too_old() -> None:
    stand = stand_with(
        Scripted(), ReservedConcurrentExecutions=0, EventInvokeConfig={"MaximumEventAgeInSeconds": 3_600}
    )
    stand.host.give("Function", EVENT)
    waits, last_ms = [], START_MS
    asynchronous = stand.host.asynchronous["Function"]
    while (due_ms := asynchronous.due_ms()) is not None:
        waits.append((due_ms - last_ms) // SECOND)
        last_ms = due_ms
        stand.wait(due_ms - stand.clock.now_ms())

    assert waits[:11] == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert stand.handler.events == []
    assert asynchronous.counts.discarded == 1
    assert last_ms - START_MS <= 3_600 * SECOND + 300 * SECOND
