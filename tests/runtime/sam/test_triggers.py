"""Topics, buckets, schedules and requests call functions by their rules."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.runtime.sam.rules import ASYNC, rule
from tests.runtime.sam.stand import START_MS, Scripted, Stand, att, function, raises
from tocsin.core.errors import ConfigError
from tocsin.runtime.sam.cron import parse_schedule
from tocsin.runtime.sam.http import Call

SNS = "Amazon SNS Developer Guide, Amazon SNS message filtering"
S3 = "Amazon S3 User Guide, Configuring event notifications using object key name filtering"
SCHEDULES = "EventBridge Scheduler User Guide, Schedule types in EventBridge Scheduler"
SCHEDULED = "EventBridge Scheduler User Guide, Adding context attributes in EventBridge Scheduler"
ROUTES = "API Gateway Developer Guide, Create routes for HTTP APIs in API Gateway"
PROXY = "API Gateway Developer Guide, Create AWS Lambda proxy integrations for HTTP APIs"
MINUTE = 60_000


def triggered(event: str, source: dict[str, Any], handler: Any, more: dict[str, Any] | None = None) -> Stand:
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Function": function(event, source, {}, {}),
        **(more or {}),
    }
    return Stand({"Resources": resources}, handler)


@rule("A topic calls a function asynchronously, with one message an event; a failure is tried again.", ASYNC)
def test_a_topic_calls_a_function_with_one_message() -> None:
    stand = triggered("SNS", {"Topic": {"Ref": "Topic"}}, Scripted(raises))
    stand.host.give("Topic", "hot", key="subject", attributes={"kind": "limits"})

    stand.settle()

    (record,) = stand.handler.events[1]["Records"]
    assert (record["EventSource"], record["Sns"]["Message"], record["Sns"]["Subject"]) == ("aws:sns", "hot", "subject")
    assert record["Sns"]["MessageAttributes"] == {"kind": {"Type": "String", "Value": "limits"}}
    assert [one.at_ms - START_MS for one in stand.host.invocations] == [0, MINUTE]


@pytest.mark.parametrize(
    ("scope", "policy", "passed"),
    [
        pytest.param("MessageAttributes", {"kind": ["limits"]}, ["1"], id="attributes"),
        pytest.param("MessageAttributes", {"kind": [{"anything-but": "limits"}]}, ["2"], id="operators"),
        pytest.param("MessageBody", {"n": [2]}, ["2"], id="body"),
    ],
)
@rule("A filter policy lets messages through by attributes or, as `FilterPolicyScope` says, by the body.", SNS)
def test_a_filter_policy_lets_messages_through(scope: str, policy: dict[str, Any], passed: list[str]) -> None:
    source = {"Topic": {"Ref": "Topic"}, "FilterPolicy": policy, "FilterPolicyScope": scope}
    stand = triggered("SNS", source, Scripted())
    stand.host.give("Topic", {"n": 1}, attributes={"kind": "limits"})
    stand.host.give("Topic", {"n": 2}, attributes={"kind": "missing"})

    stand.settle()

    messages = [json.loads(event["Records"][0]["Sns"]["Message"])["n"] for event in stand.handler.events]
    assert list(map(str, messages)) == passed


@pytest.mark.parametrize("raw", [True, False])
@rule("A queue that is subscribed gets the message as JSON, or raw where it asks for that.", SNS)
def test_a_subscribed_queue_gets_the_message(raw: bool) -> None:
    subscription = {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": {"Ref": "Topic"},
            "Protocol": "sqs",
            "Endpoint": att("Queue.Arn"),
            "RawMessageDelivery": raw,
        },
    }
    stand = triggered("SNS", {"Topic": {"Ref": "Topic"}}, Scripted(), {"Subscription": subscription})

    stand.host.give("Topic", "hot")

    (body,) = stand.bodies("Queue")
    assert body == "hot" if raw else json.loads(body)["Message"] == "hot"


@rule("A bucket tells of objects whose key has the prefix and the suffix; keys are encoded as in URLs.", S3)
def test_a_bucket_tells_of_objects_by_prefix_and_suffix() -> None:
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".csv"}]
    source = {"Bucket": {"Ref": "Bucket"}, "Events": "s3:ObjectCreated:*", "Filter": {"S3Key": {"Rules": rules}}}
    stand = triggered("S3", source, Scripted())
    for key in ("in/a b.csv", "in/a.txt", "out/a.csv"):
        stand.host.give("Bucket", b"1,2", key=key)
    stand.host.resources.buckets["Bucket"].delete("in/a b.csv")

    stand.settle()

    (event,) = stand.handler.events
    (record,) = event["Records"]
    assert (record["eventName"], record["s3"]["object"]["key"]) == ("ObjectCreated:Put", "in/a+b.csv")
    assert record["s3"]["object"]["size"] == 3


@pytest.mark.parametrize(
    ("expression", "zone", "expected"),
    [
        ("rate(5 minutes)", "UTC", ["2026-01-01T00:05", "2026-01-01T00:10"]),
        ("rate(1 hour)", "UTC", ["2026-01-01T01:00", "2026-01-01T02:00"]),
        ("cron(15 10 ? * MON-FRI *)", "UTC", ["2026-01-01T10:15", "2026-01-02T10:15", "2026-01-05T10:15"]),
        ("cron(0/20 8 1 * ? *)", "UTC", ["2026-01-01T08:00", "2026-01-01T08:20", "2026-01-01T08:40"]),
        ("cron(0 8 L * ? *)", "UTC", ["2026-01-31T08:00", "2026-02-28T08:00"]),
        ("cron(0 8 ? * 6L *)", "UTC", ["2026-01-30T08:00", "2026-02-27T08:00"]),
        ("cron(0 8 ? * MON#2 *)", "UTC", ["2026-01-12T08:00", "2026-02-09T08:00"]),
        ("cron(0 8 ? MAR,JUL 1 2027)", "UTC", ["2027-03-07T08:00", "2027-03-14T08:00"]),
        ("cron(0 8 29 3 ? *)", "Europe/Berlin", ["2026-03-29T06:00", "2027-03-29T06:00"]),
        ("at(2026-01-03T09:00:00)", "America/New_York", ["2026-01-03T14:00"]),
    ],
)
@rule("`rate`, `cron` and `at` say when a schedule falls, cron and at in its time zone.", SCHEDULES)
def test_schedules_fall_when_their_expression_says(expression: str, zone: str, expected: list[str]) -> None:
    timing, found, at_ms = parse_schedule(expression, zone), [], START_MS
    for _ in expected:
        at_ms = timing.next_ms(START_MS, at_ms) or 0
        found.append(at_ms)

    assert found == [START_MS + _milliseconds(text) for text in expected]


@pytest.mark.parametrize("expression", ["rate(1 second)", "cron(61 * * * ? *)", "cron(* * *)", "every day"])
@rule("What is no schedule is refused.", SCHEDULES)
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    with pytest.raises(ConfigError):
        parse_schedule(expression)


@rule(
    "A schedule's input may name the instant for which it was meant; a failed call is tried again with the same.",
    SCHEDULED,
)
def test_a_schedule_says_for_which_instant_it_was_meant() -> None:
    source = {"ScheduleExpression": "rate(10 minutes)", "Input": '{"at":"<aws.scheduler.scheduled-time>"}'}
    stand = triggered("ScheduleV2", source, Scripted(raises))

    stand.wait(20 * MINUTE)

    assert [event["at"] for event in stand.handler.events] == [
        "2026-01-01T00:10:00Z",
        "2026-01-01T00:10:00Z",
        "2026-01-01T00:20:00Z",
    ]


@rule("A rule's schedule has the event of EventBridge.", SCHEDULES)
def test_a_rules_schedule_has_the_event_of_eventbridge() -> None:
    stand = triggered("Schedule", {"Schedule": "rate(1 minute)"}, Scripted())

    stand.wait(MINUTE)

    (event,) = stand.handler.events
    assert (event["source"], event["detail-type"], event["time"]) == (
        "aws.events",
        "Scheduled Event",
        "2026-01-01T00:01:00Z",
    )


@rule("The most specific route takes a request: whole before greedy, method before ANY, `$default` last.", ROUTES)
def test_the_most_specific_route_takes_a_request() -> None:
    routes = {
        "Get": ("GET", "/devices/{id}"),
        "Any": ("ANY", "/devices/{id}"),
        "Greedy": ("ANY", "/devices/{rest+}"),
        "Default": ("ANY", "$default"),
    }
    properties = {
        "Handler": "app.handler",
        "Events": {
            name: {"Type": "HttpApi", "Properties": {"Method": method, "Path": path}}
            for name, (method, path) in routes.items()
        },
    }
    resources = {"Function": {"Type": "AWS::Serverless::Function", "Properties": properties}}
    stand = Stand({"Resources": resources}, lambda event, _: [event["routeKey"], event.get("pathParameters")])

    answers = [
        stand.host.request(Call(method, path)).json()
        for method, path in [("GET", "/devices/7"), ("PUT", "/devices/7"), ("GET", "/devices/7/x"), ("GET", "/")]
    ]

    assert answers == [
        ["GET /devices/{id}", {"id": "7"}],
        ["ANY /devices/{id}", {"id": "7"}],
        ["ANY /devices/{rest+}", {"rest": "7/x"}],
        ["$default", None],
    ]


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        pytest.param(lambda _: {"statusCode": 202, "body": "fine"}, 202, b"fine", id="status and body"),
        pytest.param(lambda _: {"hello": 1}, 200, b'{"hello":1}', id="no status: the body, as JSON"),
        pytest.param(
            lambda _: {"statusCode": 200, "body": "AAE=", "isBase64Encoded": True}, 200, b"\x00\x01", id="bytes"
        ),
        pytest.param(raises, 500, b'{"message":"Internal Server Error"}', id="a failed function"),
    ],
)
@rule("What a function answers becomes the response as payload format 2.0 says.", PROXY)
def test_answers_become_responses(answer: Any, status: int, body: bytes) -> None:
    stand = triggered("HttpApi", {"Method": "POST", "Path": "/readings"}, Scripted(answer))

    said = stand.host.request(Call("POST", "/readings", b"{}", {"Content-Type": "application/json"}))

    assert (said.status, said.body) == (status, body)
    assert stand.host.request(Call("GET", "/elsewhere")).status == 404


@rule("Bodies that are no text are base64 in the event.", PROXY)
def test_bodies_that_are_no_text_are_base64() -> None:
    stand = triggered(
        "HttpApi",
        {"Method": "POST", "Path": "/"},
        Scripted(always=lambda event: [event["body"], event["isBase64Encoded"]]),
    )

    binary = stand.host.request(Call("POST", "/", b"\x00\x01", {"Content-Type": "application/octet-stream"}))
    text = stand.host.request(Call("POST", "/", b"hi", {"Content-Type": "text/plain"}))

    assert (binary.json(), text.json()) == (["AAE=", True], ["hi", False])


def _milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000) - START_MS
