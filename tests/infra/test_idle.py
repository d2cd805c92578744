"""What it costs to leave a deployment on."""

import re

import pytest
from click.testing import CliRunner

from infra.check import TEMPLATE
from infra.idle import bill, main
from infra.package import topology
from tocsin.runtime.cloudformation.resolve import resolve
from tocsin.runtime.cloudformation.source import load_template
from tocsin.runtime.cost.prices import price_table


def lines(**parameters: str) -> dict[str, tuple[float, float]]:
    return {what: (count, dollars) for what, count, dollars in bill(resolve(load_template(TEMPLATE), parameters))}


def test_shards_are_counted_in_the_template_and_paid_by_the_hour() -> None:
    count, dollars = lines(ReadingsShards="3")["hours of shards"]

    assert (count, round(dollars, 2)) == (4 * 730, round(4 * 730 * 0.015, 2))


def test_network_costs_its_interfaces_and_its_absence_nothing() -> None:
    name = "hours of interfaces of endpoints"

    assert name not in lines()
    assert lines(UseVpc="yes")[name][0] == 6 * 730


def test_every_metric_of_an_alarm_is_paid() -> None:
    alarms = topology().of_kind("AWS::CloudWatch::Alarm")

    assert lines()["alarms, by metric"][0] > len(alarms)


def test_command_prints_the_lines_and_their_sum() -> None:
    done = CliRunner().invoke(main, ["--set", "UseVpc=yes"])

    *items, last = done.stdout.splitlines()
    dollars = [float(line.split()[-2]) for line in items]
    assert done.exit_code == 0
    assert abs(float(last.split()[-2]) - sum(dollars)) < 0.06


def test_secret_of_the_receivers_is_paid() -> None:
    assert lines()["secrets"] == (1, 0.4)


def test_cost_on_the_dashboard_reckons_with_the_same_prices() -> None:
    (dashboard,) = topology().of_kind("AWS::CloudWatch::Dashboard")
    said = {float(number) for number in re.findall(r"\* (0\.0[0-9]+)", dashboard.properties["DashboardBody"])}

    names = (
        "shard_hours",
        "put_units",
        "write_units",
        "write_capacity_hours",
        "s3_puts",
        "lambda_calls",
        "lambda_gb_s_arm64",
    )
    prices = price_table().prices
    assert sorted(said) == pytest.approx(sorted(prices[name].usd / prices[name].of for name in names))
