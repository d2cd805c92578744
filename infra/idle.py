"""What a deployment costs a month while nothing is sent: ``python -m infra.idle``.

Counted in the template, times Amazon's list prices for us-east-1 as its pricing pages showed them; free tiers and
taxes are left out, and whatever is paid by use alone is nearly nothing here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import click

from infra.check import TEMPLATE
from tocsin.runtime.cloudformation.resolve import Resource, Stack, resolve
from tocsin.runtime.cloudformation.source import load_template

HOURS: Final = 730
MINUTES: Final = HOURS * 60
STAGE_METRICS: Final = 27
"""Custom metrics of all stages together, as `docs/aws.md` lists them."""

CALL_S: Final = 0.15
"""How long a call without records takes, billed; a guess on the safe side."""


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the bill.

    Attributes:
        what: What is paid for.
        count: How many, from the template.
        price: Dollars a month for one, at list price.
    """

    what: str
    count: Callable[[Stack], float]
    price: float


def _shards(stack: Stack) -> float:
    return sum(int(one.properties["ShardCount"]) for one in stack.of_kind("AWS::Kinesis::Stream"))


def _alarm_metrics(stack: Stack) -> float:
    """Return how many metrics alarms look at: one each, or all that their expression names."""
    alarms = stack.of_kind("AWS::CloudWatch::Alarm")
    return sum(sum(map(_is_metric, alarm.properties.get("Metrics", [1]))) for alarm in alarms)


def _is_metric(one: Any) -> bool:  # noqa: ANN401  a template is plain data
    return not isinstance(one, dict) or "MetricStat" in one


def _interfaces(stack: Stack) -> float:
    """Return how many network interfaces endpoints have: one in each subnet."""
    endpoints = stack.of_kind("AWS::EC2::VPCEndpoint")
    return sum(len(one.properties.get("SubnetIds", [])) for one in endpoints)


def _calls_a_month(stack: Stack) -> float:
    """Return how often functions run: each schedule's, and the mapping behind the log that its ticks are put on."""
    functions = stack.of_kind("AWS::Serverless::Function")
    schedules = sum(_has(one, "ScheduleV2") for one in functions)
    return MINUTES * (schedules + sum(_has(one, "Kinesis") for one in functions))


def _has(function: Resource, kind: str) -> int:
    return sum(event["Type"] == kind for event in function.properties.get("Events", {}).values())


def _gigabyte_seconds(stack: Stack) -> float:
    functions = stack.of_kind("AWS::Serverless::Function")
    called = [(one, _has(one, "ScheduleV2") + _has(one, "Kinesis")) for one in functions]
    return float(sum(MINUTES * times * CALL_S * one.properties["MemorySize"] / 1_024 for one, times in called))


ITEMS: Final = (
    Item("shards of the logs, provisioned", _shards, 0.015 * HOURS),
    Item("key", lambda stack: len(stack.of_kind("AWS::KMS::Key")), 1.0),
    Item("alarms, by metric", _alarm_metrics, 0.10),
    Item("dashboard", lambda stack: len(stack.of_kind("AWS::CloudWatch::Dashboard")), 3.0),
    Item("metrics of our own", lambda _: STAGE_METRICS, 0.30),
    Item("calls of functions", _calls_a_month, 0.20 / 1e6),
    Item("gigabyte-seconds of functions, Arm", _gigabyte_seconds, 0.0000133334),
    Item("commits of state on S3, one a minute and stage", lambda _: MINUTES * 2, 0.005 / 1_000),
    Item("interfaces of endpoints, in a network", _interfaces, 0.01 * HOURS),
)
"""Prices: pricing pages of Kinesis, KMS, CloudWatch, Lambda, S3 and PrivateLink, us-east-1."""


def bill(stack: Stack) -> list[tuple[str, float, float]]:
    """Return what, how many and dollars a month of each line that is not zero."""
    counted = [(item.what, item.count(stack), item.price) for item in ITEMS]
    return [(what, count, count * price) for what, count, price in counted if count]


@click.command()
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="Parameter of the template, e.g. UseVpc=yes.")
def main(given: tuple[str, ...]) -> None:
    """Print what a deployment costs a month while nothing is sent, line by line."""
    parameters = dict(one.split("=", 1) for one in given)
    lines = bill(resolve(load_template(TEMPLATE), parameters))
    for what, count, dollars in lines:
        click.echo(f"{what:<48} {count:>12,.0f} {dollars:>9.2f} USD")
    click.echo(f"{'a month, at list prices of us-east-1':<61} {sum(dollars for *_, dollars in lines):>9.2f} USD")


if __name__ == "__main__":
    main()
