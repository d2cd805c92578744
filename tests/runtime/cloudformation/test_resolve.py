"""Templates become stacks."""

from pathlib import Path
from typing import Any

import pytest

from tocsin.core.errors import ConfigError
from tocsin.runtime.cloudformation.names import Place
from tocsin.runtime.cloudformation.resolve import resolve
from tocsin.runtime.cloudformation.source import load_template, parse_template

HEAD = """
Parameters:
  Shards: {Type: Number, Default: 2}
  Name: {Type: String, Default: ""}
Conditions:
  IsNamed: !Not [!Equals [!Ref Name, ""]]
  IsWide: !And [!Condition IsNamed, !Not [!Equals [!Ref Shards, 1]]]
Mappings: {Sizes: {small: {memory: 128}}}
Resources:
  Log: {Type: AWS::Kinesis::Stream, Properties: {Name: !Sub "${AWS::StackName}-log"}}
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: gateway}}
  Topic: {Type: AWS::SNS::Topic}
  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: alerts}}
"""


def worked_out(value: str, parameters: dict[str, Any] | None = None) -> Any:
    """Return what the value in YAML becomes as a property of a resource."""
    text = HEAD + f"  Thing:\n    Type: Custom::Thing\n    Properties:\n      value: {value}\n"
    return resolve(parse_template(text, "t"), parameters).resources["Thing"].properties.get("value", "absent")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("!Ref Shards", 2, id="a parameter keeps its type"),
        pytest.param("!Ref AWS::Region", "us-east-1", id="the region"),
        pytest.param("!Ref Log", "tocsin-log", id="a stream is referred to by name"),
        pytest.param("!Ref Queue", "https://sqs.us-east-1.amazonaws.com/000000000000/gateway", id="a queue by URL"),
        pytest.param("!Ref Topic", "arn:aws:sns:us-east-1:000000000000:tocsin-Topic", id="a topic by ARN"),
        pytest.param("!GetAtt Log.Arn", "arn:aws:kinesis:us-east-1:000000000000:stream/tocsin-log", id="an ARN"),
        pytest.param(
            "!GetAtt Table.StreamArn",
            "arn:aws:dynamodb:us-east-1:000000000000:table/alerts/stream/2026-01-01T00:00:00.000",
            id="the stream of a table",
        ),
        pytest.param('!Sub "${Log}/${Log.Arn}"', "tocsin-log/arn:aws:kinesis:us-east-1:000000000000:stream/tocsin-log"),
        pytest.param('!Sub "${!topic(2)}#"', "${topic(2)}#", id="an escaped placeholder stays"),
        pytest.param('!Sub ["${A}-${Shards}", {A: !Ref Log}]', "tocsin-log-2", id="variables of its own"),
        pytest.param('!If [IsNamed, 1, !Ref "AWS::NoValue"]', "absent", id="no value is no property"),
        pytest.param('[1, !If [IsNamed, 2, !Ref "AWS::NoValue"], 3]', [1, 3], id="no value is no item"),
        pytest.param('!Join ["-", [a, !Ref Shards]]', "a-2"),
        pytest.param("!Select [1, !GetAZs us-east-1]", "us-east-1b"),
        pytest.param('!Select [0, !Split ["/", "a/b"]]', "a"),
        pytest.param("!FindInMap [Sizes, small, memory]", 128),
        pytest.param('{Version: 2012-10-17, is: "yes"}', {"Version": "2012-10-17", "is": "yes"}, id="days are texts"),
    ],
)
def test_function_gives_what_cloudformation_documents(value: str, expected: object) -> None:
    assert worked_out(value) == expected


def test_resource_whose_condition_does_not_hold_is_not_in_the_stack() -> None:
    template = parse_template(HEAD + "  Extra: {Type: AWS::SNS::Topic, Condition: IsWide}\n", "t")

    assert "Extra" not in resolve(template).resources
    assert "Extra" in resolve(template, {"Name": "x"}).resources
    assert "Extra" not in resolve(template, {"Name": "x", "Shards": 1}).resources


def test_place_is_in_every_name() -> None:
    stack = resolve(parse_template(HEAD, "t"), place=Place("plant", "eu-central-1", "111122223333", "aws"))

    assert stack.resources["Log"].properties == {"Name": "plant-log"}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("!Ref Nobody", "Nobody is neither a parameter nor a resource"),
        ("!If [Never, 1, 2]", "condition Never is not in the template"),
        ("!Cidr [1, 2]", "function Fn::Cidr is not known"),
        ("!FindInMap [Sizes, large, memory]", "Sizes.large.memory is not in the mappings"),
    ],
)
def test_what_cannot_be_worked_out_is_said(value: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        worked_out(value)


def test_parameters_that_are_unknown_or_lack_a_value_are_all_named() -> None:
    text = "Parameters: {Name: {Type: String}}\nResources: {}\n"

    with pytest.raises(ConfigError, match="Nobody is no parameter of the template; parameter Name has no value"):
        resolve(parse_template(text, "t"), {"Nobody": 1})


def test_alias_that_sam_makes_is_referred_to_by_its_arn() -> None:
    text = """
Resources:
  One: {Type: AWS::Serverless::Function, Properties: {FunctionName: one}}
  Thing: {Type: Custom::Thing, Properties: {alias: !Ref One.Alias}}
"""
    arn = resolve(parse_template(text, "t")).resources["Thing"].properties["alias"]

    assert arn == "arn:aws:lambda:us-east-1:000000000000:function:one:live"


def test_function_of_sam_has_what_the_globals_say_unless_it_says_otherwise() -> None:
    text = """
Globals: {Function: {Timeout: 3, MemorySize: 128, Environment: {Variables: {A: 1, B: 1}}}}
Resources:
  One:
    Type: AWS::Serverless::Function
    Properties: {Timeout: 9, Environment: {Variables: {B: 2}}}
"""
    properties = resolve(parse_template(text, "t")).resources["One"].properties

    assert properties == {"Timeout": 9, "MemorySize": 128, "Environment": {"Variables": {"A": 1, "B": 2}}}


@pytest.mark.parametrize("text", ["", "[]", "a: [", "Resources: 1"])
def test_text_that_is_no_template_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match="template t ") as refused:
        parse_template(text, "t")

    assert "\n" not in str(refused.value)


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml cannot be read"):
        load_template(tmp_path / "none.yaml")
