"""``tocsin cost``: what a scenario would cost on AWS, counted in a run of the pipeline as it is deployed."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import click

from simulator.scenario import load_scenario
from tocsin.cli.cost_view import breach_lines, cost_lines, variant_lines
from tocsin.cli.files import beside, plan_for, scenario_file
from tocsin.cli.options import DURATION, EXISTING, json_option, plan_option, seed_option
from tocsin.cli.output import print_json, talk
from tocsin.cli.progress import shown_progress
from tocsin.core.errors import UsageError
from tocsin.core.plan.budget import Budget
from tocsin.core.plan.model import Plan
from tocsin.core.plan.source import load_budget
from tocsin.runtime.cost.bill import Bill, bill_of
from tocsin.runtime.cost.breaches import Breach, breaches
from tocsin.runtime.cost.deployment import Deployment, own_template, read_deployment
from tocsin.runtime.cost.measure import Measured, measure
from tocsin.runtime.cost.naive import Design, designs
from tocsin.runtime.cost.prices import PriceTable, price_table
from tocsin.runtime.cost.variants import Advice, Variant, advice, variants, wait_ms_worth

FINDING: Final = 1


@dataclass(frozen=True, slots=True)
class _Found:
    """All that the command prints."""

    measured: Measured
    bill: Bill
    others: tuple[Design, ...]
    variants: tuple[Variant, ...]
    advice: tuple[Advice, ...]
    breaches: tuple[Breach, ...]


@click.command()
@click.argument("scenario")
@plan_option
@click.option("--template", type=EXISTING, help="Another template of this pipeline.")
@click.option(
    "--set", "given", multiple=True, metavar="NAME=VALUE", help="Parameter of the template, such as ReadingsShards=2."
)
@click.option(
    "--for", "for_ms", type=DURATION, help="Count so much of the scenario, such as 10m; without it all of it."
)
@click.option(
    "--compare",
    "compares",
    is_flag=True,
    help="Also other waits, groups, windows, memory, states, capacity; say what pays.",
)
@seed_option
@json_option
def cost(  # noqa: PLR0917  one for each option
    scenario: str,
    plan_path: Path | None,
    template: Path | None,
    given: tuple[str, ...],
    for_ms: int | None,
    compares: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Measure what SCENARIO would cost: a file, or one that comes with the package.

    It is played in virtual time through the pipeline with the template's mappings, functions and states, and what
    passes the ports is counted as Amazon bills it. Exit code 1 where the budget of the plan is exceeded.
    """
    logging.disable(logging.ERROR)  # what the pipeline logs is counted, not shown
    click.get_current_context().call_on_close(lambda: logging.disable(logging.NOTSET))
    file, prices = scenario_file(scenario), price_table()
    plan, budget = plan_for(file, plan_path), _budget(plan_path or beside(file))
    played = load_scenario(file)

    runs = count(1)

    def run(deployed: Deployment, planned: Plan) -> Measured:
        with shown_progress(f"{played.name}, run {next(runs)}") as show:
            return measure(
                played, planned, deployed, prices, seed=seed, for_ms=for_ms, show=lambda share: show(share, "played")
            )

    measured = run(read_deployment(template or own_template(), _parameters(given)), plan)
    found = _found(measured, prices, budget, run if compares else None)
    if as_json:
        print_json(_as_data(found, prices))
    else:
        _say(found, prices)
    click.get_current_context().exit(FINDING if found.breaches else 0)


def _budget(plan_path: Path | None) -> Budget:
    return Budget() if plan_path is None else load_budget(plan_path)


def _parameters(given: Sequence[str]) -> dict[str, str]:
    wrong = [one for one in given if "=" not in one]
    if wrong:
        raise UsageError(f"--set must be like ReadingsShards=2, got {wrong[0]!r}")
    return dict(one.split("=", 1) for one in given)


def _found(measured: Measured, prices: PriceTable, budget: Budget, run: Any) -> _Found:  # noqa: ANN401  or None
    bill = bill_of(measured, prices)
    compared = tuple(variants(measured, run, prices)) if run else ()
    wait_ms = wait_ms_worth(measured.plan) if budget.wait_ms is None else budget.wait_ms
    return _Found(
        measured,
        bill,
        designs(measured, bill, prices),
        compared,
        tuple(advice(compared, wait_ms_max=wait_ms)),
        tuple(breaches(bill, budget)),
    )


def _say(found: _Found, prices: PriceTable) -> None:
    for line in cost_lines(found.measured, found.bill, found.others, prices):
        click.echo(line)
    for line in variant_lines(found.variants, found.advice):
        click.echo(line)
    for line in breach_lines(found.breaches):
        talk(line)


def _as_data(found: _Found, prices: PriceTable) -> dict[str, Any]:
    measured, bill = found.measured, found.bill
    return {
        "ok": not found.breaches,
        "prices": {"region": prices.region, "as_of": prices.as_of, "model": dict(prices.model)},
        "counted": {"ms": measured.span_ms, "readings": measured.readings, "messages": measured.messages},
        "devices": bill.devices,
        "readings_month": bill.readings,
        **_sums(bill),
        "usd_month_less_free": bill.usd - bill.usd_free,
        "stages": bill.by_stage(),
        "units": bill.by_unit(),
        "lines": [asdict(line) for line in bill.lines],
        "other_designs": [asdict(one) for one in found.others],
        "variants": [
            {"axis": one.axis, "value": one.value, "is_base": one.is_base, "why_not": one.why_not}
            | (_sums(one.bill) if one.bill else {})
            for one in found.variants
        ],
        "advice": [asdict(one) for one in found.advice],
        "exceeded": [asdict(one) for one in found.breaches],
    }


def _sums(bill: Bill) -> dict[str, float]:
    return {
        "usd_per_million_readings": bill.per_million,
        "usd_per_device_month": bill.per_device,
        "usd_month": bill.usd,
        "wait_ms_mean": bill.wait_ms,
        "wait_ms_max": bill.wait_ms_max,
    }
