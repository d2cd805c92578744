"""Which records a filter lets through."""

import json
from typing import Any

import pytest

from tests.runtime.sam.rules import FILTERING, rule
from tests.runtime.sam.stand import Scripted, Stand, on_kinesis, on_queue, on_table
from tocsin.core.errors import ConfigError
from tocsin.runtime.event_pattern import matches, parse_pattern

SYNTAX = "Amazon EventBridge User Guide, Comparison operators for use in event patterns"
KINESIS_FILTER = "AWS Lambda Developer Guide, Using event filtering with a Kinesis event source"
SQS_FILTER = "AWS Lambda Developer Guide, Using event filtering with an Amazon SQS event source"
TABLE_FILTER = "AWS Lambda Developer Guide, Using event filtering with a DynamoDB event source"

CASES: list[tuple[str, Any, Any, bool]] = [
    ("equals one of", {"a": ["x", "y"]}, {"a": "y"}, True),
    ("equals none of", {"a": ["x", "y"]}, {"a": "z"}, False),
    ("null", {"a": [None]}, {"a": None}, True),
    ("null is not absent", {"a": [None]}, {}, False),
    ("empty text", {"a": [""]}, {"a": ""}, True),
    ("number", {"a": [4]}, {"a": 4}, True),
    ("a number is no text", {"a": ["4"]}, {"a": 4}, False),
    ("true is not one", {"a": [1]}, {"a": True}, False),
    ("all members must match", {"a": ["x"], "b": ["y"]}, {"a": "x", "b": "z"}, False),
    ("one of several members", {"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"a": "q", "b": "y"}, True),
    ("none of several members", {"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"a": "q", "b": "q"}, False),
    ("nested", {"a": {"b": ["x"]}}, {"a": {"b": "x"}}, True),
    ("nested and absent", {"a": {"b": ["x"]}}, {}, False),
    ("one of an array", {"a": ["x"]}, {"a": ["w", "x"]}, True),
    ("none of an array", {"a": ["x"]}, {"a": ["w"]}, False),
    ("an object of an array", {"a": {"b": ["x"]}}, {"a": [{"b": "w"}, {"b": "x"}]}, True),
    ("prefix", {"a": [{"prefix": "eu-"}]}, {"a": "eu-west"}, True),
    ("prefix, any case", {"a": [{"prefix": {"equals-ignore-case": "EU-"}}]}, {"a": "eu-west"}, True),
    ("suffix", {"a": [{"suffix": ".png"}]}, {"a": "x.png"}, True),
    ("suffix of another", {"a": [{"suffix": ".png"}]}, {"a": "x.jpg"}, False),
    ("any case", {"a": [{"equals-ignore-case": "Alice"}]}, {"a": "aLICE"}, True),
    ("wildcard", {"a": [{"wildcard": "dir/*/f*.txt"}]}, {"a": "dir/x/far.txt"}, True),
    ("wildcard is no expression", {"a": [{"wildcard": "a.c*"}]}, {"a": "abc"}, False),
    ("anything but", {"a": [{"anything-but": ["x", "y"]}]}, {"a": "z"}, True),
    ("anything but that", {"a": [{"anything-but": "x"}]}, {"a": "x"}, False),
    ("anything but is not absent", {"a": [{"anything-but": "x"}]}, {}, False),
    ("anything but a prefix", {"a": [{"anything-but": {"prefix": "no"}}]}, {"a": "nothing"}, False),
    ("number above", {"a": [{"numeric": [">", 3]}]}, {"a": 3.5}, True),
    ("number between", {"a": [{"numeric": [">", 0, "<=", 5]}]}, {"a": 5}, True),
    ("number outside", {"a": [{"numeric": [">", 0, "<=", 5]}]}, {"a": 5.1}, False),
    ("a text is no number", {"a": [{"numeric": ["=", 5]}]}, {"a": "5"}, False),
    ("exists", {"a": [{"exists": True}]}, {"a": None}, True),
    ("does not exist", {"a": [{"exists": False}]}, {"b": 1}, True),
    ("exists although it should not", {"a": [{"exists": False}]}, {"a": 1}, False),
    ("address in a network", {"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "10.0.0.255"}, True),
    ("address in another", {"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "10.0.1.0"}, False),
    ("no address", {"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "pump"}, False),
]


@pytest.mark.parametrize(("pattern", "event", "expected"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
@rule("The comparison operators of event patterns, one case each.", SYNTAX)
def test_patterns_match_as_documented(pattern: Any, event: Any, expected: bool) -> None:
    assert matches(parse_pattern(json.dumps(pattern)), event) is expected


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"a": "x"}',
        '{"a": []}',
        '{"a": [["x"]]}',
        '{"a": [{"like": "x"}]}',
        '{"a": [{"numeric": [">"]}]}',
    ],
)
@rule("A pattern that is none is refused when the mapping is made.", FILTERING)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_pattern(text)


def criteria(*patterns: object) -> dict[str, object]:
    return {"Filters": [{"Pattern": json.dumps(pattern)} for pattern in patterns]}


@rule("A record comes if one of the filters lets it through; the others are passed over for good.", FILTERING)
def test_what_no_filter_lets_through_is_passed_over() -> None:
    stand = Stand(on_kinesis(FilterCriteria=criteria({"data": {"n": [1]}}, {"data": {"n": [3]}})), Scripted())
    for n in (0, 1, 2, 3, 4):
        stand.host.give("Source", {"n": n}, key="k")

    stand.settle()

    assert stand.handler.batches == [['{"n":1}', '{"n":3}']]
    assert stand.checkpoint == "5"


@rule("A filter is applied before a record joins the batch.", FILTERING)
def test_batches_are_made_of_what_passes() -> None:
    stand = Stand(
        on_kinesis(BatchSize=2, FilterCriteria=criteria({"data": {"n": [{"numeric": [">", 2]}]}})), Scripted()
    )
    for n in range(7):
        stand.host.give("Source", {"n": n}, key="k")

    stand.settle()

    assert stand.handler.batches == [['{"n":3}', '{"n":4}'], ['{"n":5}', '{"n":6}']]


@rule("A stream's record whose data is not JSON is dropped by a filter on `data`.", KINESIS_FILTER)
def test_data_that_is_not_json_is_dropped_by_a_filter_on_it() -> None:
    stand = Stand(on_kinesis(FilterCriteria=criteria({"data": {"n": [{"exists": False}]}})), Scripted())
    stand.put("not json", key="k")
    stand.host.give("Source", {"m": 1}, key="k")

    stand.settle()

    assert stand.handler.batches == [['{"m":1}']]


@rule("A filter on metadata alone does not look at the data.", KINESIS_FILTER)
def test_a_filter_on_metadata_does_not_look_at_the_data() -> None:
    stand = Stand(on_kinesis(FilterCriteria=criteria({"partitionKey": ["a"]})), Scripted())
    stand.put("not json", key="a")
    stand.put("not json", key="b")

    stand.settle()

    assert stand.handler.batches == [["not json"]]


@rule("A failed batch of a filtered stream comes again from the failed record.", FILTERING)
def test_a_filtered_stream_keeps_its_place_when_a_batch_fails() -> None:
    stand = Stand(
        on_kinesis(
            FunctionResponseTypes=["ReportBatchItemFailures"], FilterCriteria=criteria({"data": {"n": [1, 3, 5]}})
        ),
        Scripted(lambda _: {"batchItemFailures": [{"itemIdentifier": "4"}]}),
    )
    for n in range(7):
        stand.host.give("Source", {"n": n}, key="k")

    stand.wait(0)
    checkpoint = stand.checkpoint
    stand.settle()

    assert checkpoint == "3"
    assert stand.handler.batches == [['{"n":1}', '{"n":3}', '{"n":5}'], ['{"n":3}', '{"n":5}']]
    assert stand.checkpoint == "7"


@rule("A filter sees all of a table's record, e.g. its event name and its images.", TABLE_FILTER)
def test_a_filter_sees_names_and_images_of_a_tables_changes() -> None:
    pattern = {"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"n": {"N": ["2"]}}}}
    stand = Stand(on_table(FilterCriteria=criteria(pattern)), Scripted())
    for n in (1, 2, 3):
        stand.host.give("Source", {"id": "a", "n": n})

    stand.settle()

    (event,) = stand.handler.events
    assert [record["dynamodb"]["NewImage"]["n"]["N"] for record in event["Records"]] == ["2"]


@pytest.mark.parametrize(
    ("pattern", "passed"),
    [
        pytest.param({"body": {"n": [1]}}, ['{"n":1}'], id="JSON body, JSON pattern"),
        pytest.param({"body": ["plain"]}, ["plain"], id="plain body, plain pattern"),
        pytest.param({"messageAttributes": {"kind": {"stringValue": ["x"]}}}, ["plain"], id="no body in the pattern"),
    ],
)
@rule(
    "A filter on a queue's `body` sees JSON or plain text as its pattern does; what differs in form is dropped.",
    SQS_FILTER,
)
def test_a_filter_on_a_body_has_the_form_of_its_pattern(pattern: object, passed: list[str]) -> None:
    stand = Stand(on_queue(FilterCriteria=criteria(pattern)), Scripted())
    stand.host.give("Source", {"n": 1})
    stand.host.give("Source", {"n": 2})
    stand.host.give("Source", "plain", attributes={"kind": "x"})
    stand.host.give("Source", "other")

    stand.settle()

    assert stand.handler.batches == [passed]


@rule("Messages that a filter holds back are deleted from the queue.", SQS_FILTER)
def test_messages_that_do_not_pass_are_deleted() -> None:
    stand = Stand(on_queue(FilterCriteria=criteria({"body": ["never"]})), Scripted())
    stand.put(*"abc")

    stand.settle()

    assert stand.handler.batches == []
    assert stand.bodies("Source") == []
    assert stand.bodies("Dead") == []
