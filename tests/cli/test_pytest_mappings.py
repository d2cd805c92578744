"""The fixture ``mappings``: handlers of a template under test, in virtual time."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT
from tocsin.cli.pytest_mappings import Mappings
from tocsin.core.formats.kpl import deaggregated

EXAMPLE = ROOT / "examples" / "mappings"
TEMPLATE = """
Resources:
  Source: {Type: AWS::Kinesis::Stream}
  Jobs: {Type: AWS::SQS::Queue}
  Items: {Type: AWS::S3::Bucket}
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Timeout: 5
      Events:
        Stream: {Type: Kinesis, Properties: {Stream: !GetAtt Source.Arn, StartingPosition: TRIM_HORIZON}}
        Call: {Type: HttpApi, Properties: {Method: GET, Path: "/items/{id}"}}
"""
Make = Callable[..., Mappings]


@pytest.fixture
def work(mappings: Make, tmp_path: Path) -> Mappings:
    (tmp_path / "template.yaml").write_text(TEMPLATE)

    def handler(event: dict[str, Any], _: object) -> Any:
        return (
            {"id": event["pathParameters"]["id"], **event.get("queryStringParameters", {})}
            if "rawPath" in event
            else None
        )

    return mappings(tmp_path / "template.yaml", handlers={"Work": handler})


def test_the_example_passes_as_it_stands(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "shop")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        cwd=tmp_path / "shop",
        capture_output=True,
        text=True,
        check=False,
    )

    assert "4 passed" in done.stdout, done.stdout


def test_calls_are_told_with_their_events_and_answers(work: Mappings) -> None:
    work.put("Source", {"n": 1}, "two", key="k").settle()

    (call,) = work.calls("Work")
    assert (len(call.event["Records"]), call.answer, call.error) == (2, None, None)


def test_a_function_that_takes_too_long_has_failed(work: Mappings) -> None:
    work.takes("Work", lambda event: "6s" if len(event["Records"]) > 1 else "1s")

    work.put("Source", "a", "b", key="k").wait("30s")

    (mapping,) = work.host.mappings.values()
    assert mapping.last_error == "Task timed out after 5.00 seconds"
    assert work.takes("Work", "1s").settle().calls("Work")[-1].answer is None


def test_streams_are_resharded_and_keep_their_order(work: Mappings) -> None:
    work.put("Source", "a", key="k").split("Source").put("Source", "b", key="k").merge("Source").put(
        "Source", "c", key="k"
    )

    work.settle()

    shards = [call.event["Records"][0]["eventID"].partition(":")[0] for call in work.calls("Work")]
    assert len(set(shards)) == len(shards) == 3


def test_an_aggregated_record_holds_what_was_put(work: Mappings) -> None:
    work.put_aggregated("Source", [("a", {"n": 1}), ("b", "two")]).settle()

    (record,) = work.host.resources.stream("Source").read("shardId-000000000000", after=None, limit=9)
    assert [(one.partition_key, one.data) for one in deaggregated(record.data) or []] == [
        ("a", b'{"n":1}'),
        ("b", b"two"),
    ]


def test_requests_messages_and_objects_are_at_hand(work: Mappings) -> None:
    work.put("Jobs", "one", "two").put("Items", b"\x00", key="a/b")

    assert work.request("get", "/items/7?q=x").json() == {"id": "7", "q": "x"}
    assert work.messages("Jobs") == ["one", "two"]
    assert work.objects("Items") == {"a/b": b"\x00"}


def test_what_is_tried_for_ever_is_said_and_does_not_hang(mappings: Make, tmp_path: Path) -> None:
    def fails(*_: object) -> Any:
        raise RuntimeError("never")

    (tmp_path / "template.yaml").write_text(TEMPLATE)
    endless = mappings(tmp_path / "template.yaml", handlers={"Work": fails})
    endless.put("Source", "a")

    with pytest.raises(AssertionError, match="still waiting after 1m"):
        endless.settle("1m")
