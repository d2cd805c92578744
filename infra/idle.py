"""What a deployment costs a month while nothing is sent: ``python -m infra.idle``.

Counted in the template, times the list prices of ``tocsin/runtime/cost/prices.toml``; free tiers and taxes are left
out, and whatever is paid by use alone is nearly nothing here. What it costs under load: ``tocsin cost``.
"""

from typing import Final

import click

from infra.check import TEMPLATE
from tocsin.runtime.cloudformation.resolve import Resource, Stack, resolve
from tocsin.runtime.cloudformation.source import load_template
from tocsin.runtime.cost.capacity import capacity_of
from tocsin.runtime.cost.deployment import standing_units
from tocsin.runtime.cost.prices import HOURS_A_MONTH, MINUTES_A_MONTH, price_table

CALL_S: Final = 0.15
"""How long a call without records takes, billed; a guess on the safe side."""

COMMITS_A_MINUTE: Final = 2
"""Of state on S3, by ticks: one each of `processors` and `anomaly`."""


def bill(stack: Stack) -> list[tuple[str, float, float]]:
    """Return what, how many and dollars a month of each line that is not zero."""
    prices = price_table()
    capacity = capacity_of(stack)
    standing = standing_units(stack)
    scaled = capacity.standing() if capacity else {}
    counts = {
        **standing,
        **{unit: count + standing.get(unit, 0.0) for unit, count in scaled.items()},
        "write_capacity_hours": capacity.writes_min * HOURS_A_MONTH if capacity else 0,
        "lambda_calls": MINUTES_A_MONTH * sum(map(_calls_a_minute, _functions(stack))),
        "lambda_gb_s_arm64": sum(map(_gigabyte_seconds, _functions(stack))),
        "s3_puts": MINUTES_A_MONTH * COMMITS_A_MINUTE,
    }
    return [(prices.prices[unit].what, count, prices.usd(unit, count)) for unit, count in counts.items() if count]


def _functions(stack: Stack) -> list[Resource]:
    return stack.of_kind("AWS::Serverless::Function")


def _calls_a_minute(function: Resource) -> int:
    """Return how often it runs: each schedule's calls, and the mapping behind the log that its ticks are put on."""
    kinds = [event["Type"] for event in function.properties.get("Events", {}).values()]
    return kinds.count("ScheduleV2") + kinds.count("Kinesis")


def _gigabyte_seconds(function: Resource) -> float:
    memory_mb = float(function.properties["MemorySize"])
    return MINUTES_A_MONTH * _calls_a_minute(function) * CALL_S * memory_mb / 1_024


@click.command()
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="Parameter of the template, e.g. UseVpc=yes.")
def main(given: tuple[str, ...]) -> None:
    """Print what a deployment costs a month while nothing is sent, line by line."""
    parameters = dict(one.split("=", 1) for one in given)
    lines = bill(resolve(load_template(TEMPLATE), parameters))
    for what, count, dollars in lines:
        click.echo(f"{what:<48} {count:>12,.0f} {dollars:>9.2f} USD")
    table = price_table()
    words = f"a month, at list prices of {table.region}, {table.as_of}"
    click.echo(f"{words:<61} {sum(dollars for *_, dollars in lines):>9.2f} USD")


if __name__ == "__main__":
    main()
