"""The bill and the template agree: what stands there is counted in what SAM makes of it, and nothing is forgotten."""

import re
import tomllib
from collections import Counter
from typing import Any

import pytest

from infra.check import SETTINGS, TEMPLATE, transformed
from tocsin.core.clock import MINUTE_MS
from tocsin.core.plan.source import load_budget, load_plan
from tocsin.runtime.cloudformation.resolve import resolve
from tocsin.runtime.cloudformation.source import load_template
from tocsin.runtime.cost.deployment import QUEUE_READERS, standing_units
from tocsin.runtime.cost.measure import INDEXES
from tocsin.runtime.cost.prices import HOURS_A_MONTH, MINUTES_A_MONTH, price_table
from tocsin.runtime.cost.variants import with_windows

OURS = load_template(TEMPLATE)
PAID = {
    "AWS::Kinesis::Stream": "by the hour of its shards",
    "AWS::KMS::Key": "by the month",
    "AWS::SecretsManager::Secret": "by the month",
    "AWS::CloudWatch::Alarm": "by the month, for each metric",
    "AWS::CloudWatch::Dashboard": "by the month",
    "AWS::ApplicationAutoScaling::ScalableTarget": "its alarms, with the capacity of windows",
    "AWS::EC2::VPCEndpoint": "by the hour of its interfaces",
    "AWS::Scheduler::Schedule": "by the call",
    "AWS::Lambda::EventSourceMapping": "where it asks a queue, by the request",
    "AWS::DynamoDB::Table": "by what is written, read and kept",
    "AWS::S3::Bucket": "by request and by what is kept",
    "AWS::Lambda::Function": "by the call and its time",
    "AWS::Logs::LogGroup": "by what is written and kept",
    "AWS::SNS::Topic": "by the message",
    "AWS::SQS::Queue": "by the request",
    "AWS::Events::EventBus": "by the event",
}
"""Type of a resource to how the bill has it."""

NOT_COUNTED = {
    "AWS::ApiGatewayV2::Api": "requests of people and of devices over HTTP",
    "AWS::CloudFront::Distribution": "reads of people",
    "AWS::IoT::TopicRule": "how devices reach the log",
}
FREE = {
    *("AWS::ApiGatewayV2::ApiMapping", "AWS::ApiGatewayV2::Stage", "AWS::ApplicationAutoScaling::ScalingPolicy"),
    *("AWS::CloudFront::OriginAccessControl", "AWS::CloudFront::ResponseHeadersPolicy", "AWS::EC2::RouteTable"),
    *("AWS::EC2::SecurityGroup", "AWS::EC2::Subnet", "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::VPC"),
    *("AWS::IAM::Role", "AWS::IoT::Policy", "AWS::KMS::Alias", "AWS::Lambda::Alias", "AWS::Lambda::Permission"),
    *("AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Version", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription"),
    *("AWS::SQS::QueuePolicy", "AWS::CloudFront::CachePolicy", "AWS::CloudFront::Function"),
}


def made(name: str) -> dict[str, list[dict[str, Any]]]:
    """Return type to the properties of each such resource, as SAM makes them."""
    stack = resolve(transformed(OURS, SETTINGS[name]), SETTINGS[name])
    found: dict[str, list[dict[str, Any]]] = {}
    for one in stack.resources.values():
        found.setdefault(one.kind, []).append(one.properties)
    return found


@pytest.mark.parametrize("name", SETTINGS)
def test_what_stands_is_counted_as_sam_makes_it(name: str) -> None:
    stack, units = made(name), Counter(standing_units(resolve(OURS, SETTINGS[name])))
    asked = [one for one in stack["AWS::Lambda::EventSourceMapping"] if ":sqs:" in str(one.get("EventSourceArn"))]

    assert units["shard_hours"] == sum(int(one["ShardCount"]) for one in stack["AWS::Kinesis::Stream"]) * HOURS_A_MONTH
    assert units["keys"] == len(stack.get("AWS::KMS::Key", []))
    assert units["secrets"] == len(stack["AWS::SecretsManager::Secret"])
    assert units["dashboards"] == len(stack.get("AWS::CloudWatch::Dashboard", []))
    assert units["alarm_metrics"] >= len(stack["AWS::CloudWatch::Alarm"])
    assert units["schedule_calls"] == len(stack["AWS::Scheduler::Schedule"]) * MINUTES_A_MONTH
    assert units["sqs_requests"] == len(asked) * QUEUE_READERS * 3 * MINUTES_A_MONTH


@pytest.mark.parametrize("name", SETTINGS)
def test_every_type_of_resource_is_paid_free_or_said_not_to_be_counted(name: str) -> None:
    assert set(made(name)) <= {*PAID, *NOT_COUNTED, *FREE}


def test_keys_of_aws_cost_nothing_but_the_requests_of_logs() -> None:
    own = standing_units(resolve(OURS, {}))
    theirs = standing_units(resolve(OURS, {"Encryption": "keys-of-aws"}))
    prices = price_table()

    assert "keys" not in theirs
    assert theirs["key_requests"] == 2 * 12 * HOURS_A_MONTH, "of the two logs, every five minutes"
    assert 1.2 < sum(prices.usd(unit, own[unit] - theirs.get(unit, 0.0)) for unit in own) < 1.4


def test_indexes_that_writes_are_counted_for_are_those_of_the_tables() -> None:
    alerts = OURS["Resources"]["AlertsTable"]["Properties"]
    indexes = [*alerts["LocalSecondaryIndexes"], *alerts["GlobalSecondaryIndexes"]]
    others = [one for one in OURS["Resources"].values() if one["Type"] == "AWS::DynamoDB::Table"]

    assert len(INDEXES["alerts"]) == len(indexes)
    assert sum("LocalSecondaryIndexes" in one["Properties"] for one in others) == 1
    assert sum("GlobalSecondaryIndexes" in one["Properties"] for one in others) == 1


def test_least_deployment_is_the_one_that_the_page_prices() -> None:
    told = tomllib.loads((TEMPLATE.parent / "samconfig.toml").read_text("utf-8"))
    least = told["least"]["deploy"]["parameters"]
    given = dict(one.split("=", 1) for one in least.pop("parameter_overrides"))
    page = (TEMPLATE.parents[1] / "docs" / "cost.md").read_text("utf-8")
    command = next(one for one in page.split("```") if "five-minutes.plan.yaml --set" in one)

    assert least == told["default"]["deploy"]["parameters"]
    assert given == dict(one.split("=", 1) for one in re.findall(r"--set (\S+)", command))
    assert {name: str(value) for name, value in resolve(OURS, given).parameters.items() if name in given} == given


def test_plan_of_the_least_deployment_may_cost_two_cents() -> None:
    scenarios = TEMPLATE.parents[1] / "scenarios"
    five, one = (load_plan(scenarios / f"{name}.plan.yaml") for name in ("five-minutes", "thousand-million"))

    assert load_budget(scenarios / "five-minutes.plan.yaml").usd_per_million_readings == 0.02
    assert five == with_windows(one, 5 * MINUTE_MS)
