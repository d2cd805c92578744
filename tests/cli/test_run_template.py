"""Functions of a template from the command line: calls on standard output, what is left as a finding."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.cli.conftest import ROOT, Tocsin

EXAMPLE = ROOT / "examples" / "mappings"
TEMPLATE = """
Parameters: {Every: {Type: String, Default: rate(1 hour)}}
Resources:
  Uploads: {Type: AWS::S3::Bucket}
  Web:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: web/
      Handler: app.handler
      Environment: {Variables: {GREETING: hello}}
      Events:
        Call: {Type: HttpApi, Properties: {Method: GET, Path: /hello}}
        Clock: {Type: ScheduleV2, Properties: {ScheduleExpression: !Ref Every}}
  Import:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: import/
      Handler: app.handler
      Events: {New: {Type: S3, Properties: {Bucket: !Ref Uploads, Events: "s3:ObjectCreated:*"}}}
"""


def run(tocsin: Tocsin, *arguments: object) -> tuple[int, list[Any], str]:
    said = tocsin("run", "--json", *arguments)
    return said.code, [json.loads(line) for line in said.out.splitlines()], said.err


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, body in {
        "web": "import os\ndef handler(event, context):\n    return os.environ['GREETING']\n",
        "import": "import helper\ndef handler(event, context):\n    return helper.key(event)\n",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text(body)
    (tmp_path / "import" / "helper.py").write_text("key = lambda event: event['Records'][0]['s3']['object']['key']\n")
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    return tmp_path


def lines(folder: Path, *said: dict[str, Any]) -> Path:
    (folder / "events.jsonl").write_text("".join(json.dumps(one) + "\n" for one in said))
    return folder / "events.jsonl"


def test_the_example_runs_as_its_page_says(tocsin: Tocsin) -> None:
    code, calls, err = run(tocsin, "--template", EXAMPLE / "template.yaml", "--from", EXAMPLE / "events.jsonl")

    booked = [call for call in calls if call["function"] == "BookOrder"]
    assert code == 1
    assert [len(call["event"]["Records"]) for call in booked] == [3, 2, 2, 2]
    assert err == "6 calls; BookOrder/Orders gave up 2; tocsin-DeadLabels holds 1 dead letter\n"


def test_functions_with_modules_of_the_same_name_keep_apart(tocsin: Tocsin, project: Path) -> None:
    given = lines(
        project,
        {"to": "Uploads", "key": "a b.csv", "data": "1,2"},
        {"to": "HttpApi", "data": {"method": "GET", "path": "/hello"}},
    )

    code, calls, _ = run(tocsin, "--template", project / "template.yaml", "--from", given)

    assert code == 0
    assert [call.get("body") or call["answer"] for call in calls] == ['"hello"', "hello", "a+b.csv"]


def test_a_module_of_the_same_name_from_elsewhere_is_neither_taken_nor_lost(tocsin: Tocsin, project: Path) -> None:
    elsewhere = ModuleType("app")
    sys.modules["app"] = elsewhere
    try:
        given = lines(project, {"to": "HttpApi", "data": {"method": "GET", "path": "/hello"}})

        code, calls, _ = run(tocsin, "--template", project / "template.yaml", "--from", given)

        assert (code, calls[0]["body"]) == (0, '"hello"')
        assert sys.modules["app"] is elsewhere
    finally:
        del sys.modules["app"]


def test_time_passes_as_lines_and_the_option_say(tocsin: Tocsin, project: Path) -> None:
    given = lines(project, {"to": "Uploads", "key": "a", "data": "", "at": "2026-03-01T10:00:00Z"})

    _, calls, _ = run(
        tocsin,
        *("--template", project / "template.yaml", "--from", given),
        *("--for", "30m", "--parameter", "Every=rate(10 minutes)"),
    )

    assert [call["at"] for call in calls if call["function"] == "Web"] == [
        "2026-03-01T10:10:00Z",
        "2026-03-01T10:20:00Z",
        "2026-03-01T10:30:00Z",
    ]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"data": 1}, "events.jsonl:1: line must be like"),
        (
            {"to": "Nowhere", "data": 1},
            "Nowhere is nothing that takes data in this template, there are Import, Uploads",
        ),
        ({"to": "HttpApi", "data": 1}, "data of a request must have method and path"),
        ({"to": "Uploads", "data": 1, "at": "noon"}, "at must be like 2026-01-01T00:00:00Z, got 'noon'"),
    ],
)
def test_a_line_that_cannot_be_is_wrong_use(tocsin: Tocsin, project: Path, said: dict[str, Any], problem: str) -> None:
    left = tocsin("run", "--template", project / "template.yaml", "--from", lines(project, said))

    assert left.code == 2
    assert problem in left.err


def test_a_handler_that_is_not_there_is_wrong_use(tocsin: Tocsin, project: Path) -> None:
    (project / "web" / "app.py").write_text("import no_such_module\n")

    left = tocsin("run", "--template", project / "template.yaml")

    assert left.code == 2
    assert "Web: no handler app.handler in" in left.err
    assert "no_such_module" in left.err


def test_what_is_tried_for_ever_is_a_finding(tocsin: Tocsin, project: Path) -> None:
    (project / "web" / "app.py").write_text("def handler(event, context):\n    raise ValueError('never')\n")
    text = (project / "template.yaml").read_text()
    more = "        Log: {Type: Kinesis, Properties: {Stream: !GetAtt Log.Arn, StartingPosition: LATEST}}\n"
    text = text.replace("        Clock:", f"{more}        Clock:").replace(
        "Resources:\n", "Resources:\n  Log: {Type: AWS::Kinesis::Stream}\n"
    )
    (project / "template.yaml").write_text(text)

    left = tocsin("run", "--template", project / "template.yaml", "--from", lines(project, {"to": "Log", "data": 1}))

    assert left.code == 1
    assert "something is still tried again after a day" in left.err


def test_a_parameter_needs_a_name_and_a_value(tocsin: Tocsin, project: Path) -> None:
    left = tocsin("run", "--template", project / "template.yaml", "--parameter", "Every")

    assert left.code == 2
    assert "--parameter must be Name=value, got 'Every'" in left.err


def test_the_pipelines_own_template_runs_the_pipeline(tocsin: Tocsin, tmp_path: Path) -> None:
    left = tocsin(
        *("run", "--template", ROOT / "infra" / "template.yaml", "--file", tmp_path / "a.db", "--for", "100ms")
    )

    assert left.code == 0
    assert "running on" in left.err
