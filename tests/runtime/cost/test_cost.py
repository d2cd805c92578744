"""A run becomes the bill of a month, and the bill is held against a budget."""

import copy
from dataclasses import replace

import msgspec
import pytest

from simulator.scenario import load_scenario
from simulator.scenario_model import Scenario
from tocsin.core.errors import UsageError
from tocsin.core.plan.budget import Budget
from tocsin.core.plan.model import Plan, plan_hash
from tocsin.core.plan.source import default_plan, parse_plan
from tocsin.runtime.cost.bill import Bill, Line, bill_of, gigabyte_seconds
from tocsin.runtime.cost.breaches import breaches
from tocsin.runtime.cost.deployment import Deployment, own_template, read_deployment, standing_units
from tocsin.runtime.cost.measure import Measured, measure, spans_ms
from tocsin.runtime.cost.naive import designs
from tocsin.runtime.cost.prices import price_table
from tocsin.runtime.cost.usage import Usage
from tocsin.runtime.cost.variants import Variant, advice, variants, wait_ms_worth, with_windows

PRICES = price_table()
OWN = read_deployment(own_template(), {})
DEPLOYED = replace(OWN, archive=replace(OWN.archive, window_ms=60_000))
"""Short enough for tests: the archive writes every minute."""

LEAST = DEPLOYED.with_parameter("Watching", "least")
ON_DEMAND = DEPLOYED.with_capacity(None)
PLAN = msgspec.structs.replace(default_plan(), groups=1)
MINUTE_MS = 60_000
FLEET = """
name: six
description: Six pumps on a good network.
start: 2026-11-23T10:00:00Z
duration: 6m
network: {latency: 80ms}
sites:
  - {name: north, latitude: 44, longitude: 8, fleets: [{type: pump, count: 6, interval: 5s}]}
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    path = tmp_path_factory.mktemp("cost") / "six.yaml"
    path.write_text(FLEET, "utf-8")
    return load_scenario(path)


def run(scenario: Scenario, deployed: Deployment = DEPLOYED, plan: Plan = PLAN) -> Measured:
    return measure(scenario, plan, deployed, PRICES, seed=1, for_ms=2 * MINUTE_MS)


@pytest.fixture(scope="module")
def measured(scenario: Scenario) -> Measured:
    return run(scenario)


def count(bill: Bill, stage: str, unit: str) -> float:
    return sum(line.count for line in bill.lines if (line.stage, line.unit) == (stage, unit))


def test_month_has_a_put_unit_a_message_and_a_written_window_a_device_and_minute(measured: Measured) -> None:
    bill = bill_of(measured, PRICES)

    assert measured.messages == 6 * 12 * 2
    assert bill.readings == 6 * 12 * 5 * 43_800
    assert count(bill, "sources", "put_units") == pytest.approx(6 * 12 * 43_800, rel=0.01)
    assert count(bill, "processors", "write_capacity_hours") == 5 * 730
    assert count(bill_of(measured, PRICES, ON_DEMAND), "processors", "write_units") == 6 * 43_800
    assert count(bill, "archive", "s3_puts") > 0
    assert count(bill, "tick", "lambda_calls") == 43_800


def test_without_a_log_of_panes_there_is_a_shard_less_and_no_call_of_anomaly_and_as_much_is_judged(
    scenario: Scenario, measured: Measured
) -> None:
    deployed = DEPLOYED.with_parameter("PanesShards", 0)
    joined = run(scenario, deployed)
    bills = [bill_of(measured, PRICES), bill_of(joined, PRICES)]

    assert joined.readings == measured.readings
    assert [count(bill, "standing", "shard_hours") for bill in bills] == [2 * 730, 730]
    assert count(bills[1], "anomaly", "lambda_calls") == count(bills[1], "processors", "put_units") == 0
    assert count(bills[1], "anomaly", "s3_puts") > 0
    assert count(bills[1], "anomaly", "lambda_gb_s_arm64") > 0, "it waits for its state within the other's call"
    assert bills[1].usd < bills[0].usd - 10.95
    assert deployed.with_memory("processors", 512).memory_mb["anomaly"] == 512
    assert deployed.with_parameter("PanesShards", 1).stack.resources.keys() == DEPLOYED.stack.resources.keys()


def test_calls_and_commits_follow_the_batching_window(scenario: Scenario, measured: Measured) -> None:
    found = {5: bill_of(measured, PRICES)}
    for seconds in (2, 10):
        found[seconds] = bill_of(run(scenario, DEPLOYED.with_window("processors", seconds * 1_000)), PRICES)

    for seconds, bill in found.items():
        a_month = 43_800 * 60 / seconds
        assert count(bill, "processors", "lambda_calls") == pytest.approx(a_month, rel=0.2)
        assert count(bill, "processors", "s3_puts") == pytest.approx(a_month, rel=0.2)
        assert bill.wait_ms_max == pytest.approx(seconds * 1_000, abs=1_000)


def test_every_key_group_pays_its_own_commits(scenario: Scenario, measured: Measured) -> None:
    four = run(scenario, plan=msgspec.structs.replace(PLAN, groups=4))

    puts = [count(bill_of(one, PRICES), "processors", "s3_puts") for one in (measured, four)]
    assert 2 < puts[1] / puts[0] <= 4


def test_longer_windows_write_as_much_less(scenario: Scenario, measured: Measured) -> None:
    longer = run(scenario, plan=with_windows(PLAN, 2 * MINUTE_MS))

    writes = [count(bill_of(one, PRICES, ON_DEMAND), "processors", "write_units") for one in (measured, longer)]
    assert writes[1] == writes[0] / 2


def test_scenario_that_is_too_short_for_a_window_is_wrong_use(scenario: Scenario) -> None:
    with pytest.raises(UsageError, match="six must last 180 minutes"):
        spans_ms(scenario, with_windows(PLAN, 60 * MINUTE_MS), DEPLOYED, None)


@pytest.mark.parametrize(
    ("memory_mb", "seconds"),
    [
        pytest.param(1_769, 2.0 + 0.3 + 0.04 + 0.5, id="one core"),
        pytest.param(3_538, 2.0 + 0.3 + 0.04 + 0.5, id="a second core helps nobody"),
        pytest.param(1_769 / 2, 2 * (2.0 + 0.3 + 0.04) + 0.5, id="half a core takes twice as long, waits do not"),
    ],
)
def test_function_is_billed_its_cpu_and_its_waits(memory_mb: int, seconds: float) -> None:
    used = Usage(cpu_ms=1_000, request_count=300, record_count=10_000, waits_ms=500)

    assert gigabyte_seconds(used, memory_mb, PRICES) == pytest.approx(seconds * memory_mb / 1_024)


def test_whatever_stands_or_is_counted_has_a_price(measured: Measured) -> None:
    lines = bill_of(measured, PRICES).lines

    assert set(standing_units(DEPLOYED.stack)) <= set(PRICES.prices)
    assert all(line.usd == PRICES.usd(line.unit, line.count) for line in lines)
    assert {"shard_hours", "metrics", "table_gb_months", "log_gb"} <= {line.unit for line in lines}


def test_sums_by_stage_and_by_unit_are_the_bill(measured: Measured) -> None:
    bill = bill_of(measured, PRICES)

    assert sum(bill.by_stage().values()) == pytest.approx(bill.usd)
    assert sum(bill.by_unit().values()) == pytest.approx(bill.usd)
    assert 0 < bill.usd_free < bill.usd


def test_state_in_a_table_costs_its_kilobytes_and_no_requests_to_the_bucket(measured: Measured) -> None:
    there = bill_of(measured, PRICES, ON_DEMAND.with_state("processors", "dynamodb"))

    assert count(there, "processors", "s3_puts") == 0
    assert count(there, "processors", "write_units") > 6 * 43_800 + 5 * 525_600


def test_windows_are_written_for_less_where_capacity_follows_what_is_written(measured: Measured) -> None:
    fleet = replace(measured, book=copy.deepcopy(measured.book))
    usage = fleet.book.stage("processors")
    usage.minute_writes.update(dict.fromkeys(usage.minute_writes, 6_000))
    usage.units["window_write_units"] += 12_000

    scaled, by_request = (bill_of(fleet, PRICES, deployed) for deployed in (DEPLOYED, ON_DEMAND))
    assert count(scaled, "processors", "write_capacity_hours") == 134 * 730
    assert count(scaled, "watching", "alarm_metrics") == count(by_request, "watching", "alarm_metrics") + 8
    assert scaled.usd < by_request.usd - 90


def test_metrics_are_paid_that_the_run_wrote(measured: Measured) -> None:
    names = {name for _, name in measured.book.metrics}

    assert count(bill_of(measured, PRICES), "watching", "metrics") == len(measured.book.metrics)
    assert {"messages", "readings", "watermark_lag_ms", "commits"} <= names
    assert not names & {"ticks", "archived", "outbox_unpublished", "transitions_lost"}
    assert count(bill_of(measured, PRICES, LEAST), "watching", "metrics") == 0


def test_watched_the_least_there_is_no_metric_no_dashboard_and_half_as_many_alarms(scenario: Scenario) -> None:
    least = run(scenario, LEAST)

    assert not least.book.metrics
    assert least.readings == run(scenario).readings
    full, half = (standing_units(one.stack) for one in (DEPLOYED, LEAST))
    assert "dashboards" not in half
    assert 0 < half["alarm_metrics"] < full["alarm_metrics"] / 2


def test_designs_without_state_in_blobs_cost_many_times_as_much(measured: Measured) -> None:
    each, batched = designs(measured, bill_of(measured, PRICES), PRICES)

    assert each.sums.startswith("0.625 writes")
    assert batched.per_million > 0


def test_template_is_where_the_sums_say(measured: Measured) -> None:
    assert OWN.settings.processors.window_ms == 5_000
    assert DEPLOYED.settings.anomaly.window_ms == 0
    assert (DEPLOYED.memory_mb["processors"], DEPLOYED.state["processors"]) == (1_024, "s3")
    assert bill_of(measured, PRICES).wait_ms_max <= 5_000


def bill(usd: float = 50.0, wait_ms: int = 5_000) -> Bill:
    return Bill((Line("processors", "s3_puts", 1.0, usd),), 1e9, 100, wait_ms / 2, wait_ms, 0.0)


def test_budget_names_each_limit_that_does_not_hold() -> None:
    budget = Budget(usd_per_million_readings=0.049, usd_per_device_month=0.51, usd_month=49, wait_ms=4_999)

    assert [one.key for one in breaches(bill(), budget)] == [
        "budget.usd_per_million_readings",
        "budget.usd_month",
        "budget.wait_max",
    ]
    assert not list(breaches(bill(), Budget()))
    assert not list(breaches(bill(), Budget(usd_per_million_readings=0.05, wait_ms=5_000)))


def test_budget_is_no_part_of_the_compiled_plan() -> None:
    plan = parse_plan("budget: {usd_month: 50, wait_max: 10s}", "plan.yaml")

    assert plan_hash(plan) == plan_hash(default_plan())


def test_advice_is_what_saves_most_within_the_wait_that_is_allowed() -> None:
    found = [
        Variant("a", "now", True, bill(50)),
        Variant("a", "slow", False, bill(40, wait_ms=20_000)),
        Variant("a", "better", False, bill(45)),
        Variant("b", "now", True, bill(50)),
        Variant("b", "hardly", False, bill(49.9)),
        Variant("b", "never", False, None, "too large"),
    ]

    assert [(one.axis, one.value) for one in advice(found, wait_ms_max=10_000)] == [("a", "better")]
    assert [(one.axis, one.value) for one in advice(found, wait_ms_max=20_000)] == [("a", "slow")]


@pytest.mark.parametrize(("minutes", "seconds"), [(1, 10), (5, 50)])
def test_readings_may_wait_for_a_sixth_of_the_shortest_window(minutes: int, seconds: int) -> None:
    assert wait_ms_worth(with_windows(PLAN, minutes * MINUTE_MS)) == seconds * 1_000


def test_comparison_plays_what_differs_and_computes_the_rest(measured: Measured) -> None:
    played: list[tuple[Deployment, Plan]] = []

    def play(deployed: Deployment, plan: Plan) -> Measured:
        played.append((deployed, plan))
        return measured

    found = list(variants(measured, play, PRICES))

    assert len(played) == 1 + 4 + 2 + 1
    assert {one.axis for one in found if one.is_base} == {one.axis for one in found}
