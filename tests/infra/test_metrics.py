"""Alarms and dashboard look at metrics that handlers measure, and at alarms somebody is told of."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.package import EVERYTHING, TEMPLATE, topology
from tests.adapters.test_canaries import MAKERS
from tests.core.formats.specimens import ARRIVAL_MS, message
from tests.ingest.specimens import PLANS
from tocsin.adapters.embedded.open import open_embedded
from tocsin.adapters.telemetry import FACTS_ONLY
from tocsin.core.ports import StoredRecord
from tocsin.runtime.cloudformation.resolve import resolve
from tocsin.runtime.cloudformation.source import load_template
from tocsin.runtime.events import kinesis_event_of

EVENTS = Path(__file__).parents[1] / "events"
STACK = topology()
OWN = f"Tocsin/{STACK.place.stack}"
CALLED_WITH = {
    "ingest": "sqs",
    "tick": "scheduler",
    "archive": "kinesis",
    "alerts": "alerts_feed",
    "delivery": "sqs_of_notifications",
    "api": "http_api",
}
"""Stage to the event that has it measure all that it can."""

READING = StoredRecord("shardId-000000000000", "1", "acme#pump-7", message(), ARRIVAL_MS)
RECORDS = {"processors": [READING], "anomaly": []}
"""The same of those that read a log."""


@pytest.fixture(scope="module")
def measured() -> set[tuple[str, str]]:
    """Return stage and name of each metric that a handler measures."""
    found: set[tuple[str, str]] = set()
    with open_embedded(None, now_ms=lambda: ARRIVAL_MS) as embedded:
        for stage, name in CALLED_WITH.items():
            handler = MAKERS[stage](embedded.backend, PLANS)
            handler(json.loads((EVENTS / f"{name}.json").read_bytes()), None)
            found |= {(stage, metric) for metric in handler.measures()}
        for stage, records in RECORDS.items():
            handler = MAKERS[stage](embedded.backend, PLANS)
            handler(kinesis_event_of("a-log")(records), None)
            found |= {(stage, metric) for metric in handler.measures()}
    return found


def looked_at() -> set[tuple[str, str]]:
    """Return stage and name of each metric of ours in alarms and on the dashboard."""
    found: set[tuple[str, str]] = set()
    for alarm in STACK.of_kind("AWS::CloudWatch::Alarm"):
        wanted = [alarm.properties] + [one["MetricStat"]["Metric"] for one in _stats(alarm.properties)]
        found |= {(one["Dimensions"][0]["Value"], one["MetricName"]) for one in wanted if one.get("Namespace") == OWN}
    (dashboard,) = STACK.of_kind("AWS::CloudWatch::Dashboard")
    for widget in json.loads(dashboard.properties["DashboardBody"])["widgets"]:
        for metric in widget["properties"]["metrics"]:
            if metric[0] == OWN:
                found.add((metric[3], metric[1]))
    return found


def _stats(properties: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in properties.get("Metrics", []) if "MetricStat" in one]


def test_every_metric_that_is_looked_at_is_measured(measured: set[tuple[str, str]]) -> None:
    assert len(looked_at()) > 10
    assert looked_at() <= measured


def test_every_metric_that_is_paid_is_looked_at_or_tells_of_failures(measured: set[tuple[str, str]]) -> None:
    seen = {name for _, name in looked_at()} | FACTS_ONLY
    assert {name for _, name in measured} - seen == {"failed", "faults", "problems"}
    assert not {name for _, name in looked_at()} & FACTS_ONLY


def test_page_lists_every_metric_by_stage(measured: set[tuple[str, str]]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "aws.md").read_text("utf-8")
    rows = re.findall(r"^\| (`[a-z`, ]+) \| (`[a-z_`, ]+) \|$", text, re.MULTILINE)
    listed = {
        (stage, metric)
        for stages, metrics in rows
        for stage in re.findall(r"`(\w+)`", stages)
        for metric in re.findall(r"`(\w+)`", metrics)
        if stage in {*CALLED_WITH, *RECORDS}
    }

    assert measured <= listed


def test_every_alarm_tells_the_operators_and_says_what_to_look_at() -> None:
    for alarm in STACK.of_kind("AWS::CloudWatch::Alarm"):
        assert alarm.properties["AlarmActions"] == [STACK.place.arn("sns", "tocsin-operations")]
        assert " - " in alarm.properties["AlarmDescription"], alarm.id


@pytest.mark.parametrize("shards_of_panes", [1, 0])
def test_functions_of_alarms_are_functions_of_the_stack(shards_of_panes: int) -> None:
    stack = resolve(load_template(TEMPLATE), {**EVERYTHING, "PanesShards": shards_of_panes})
    names = {one.properties["FunctionName"] for one in stack.of_kind("AWS::Serverless::Function")}
    text = json.dumps([one.properties for one in stack.of_kind("AWS::CloudWatch::Alarm")])

    assert set(re.findall(r'"FunctionName", "Value": "([^"]+)"', text)) == names
