"""How ``tocsin cost`` shows a bill: the same tables for people and for docs/cost.md."""

from collections.abc import Iterator, Sequence
from typing import Final

from tocsin.cli.output import table_lines
from tocsin.core.durations import format_duration
from tocsin.runtime.cost.bill import KEPT, STANDING, WATCHING, Bill, Line
from tocsin.runtime.cost.breaches import Breach
from tocsin.runtime.cost.measure import Measured
from tocsin.runtime.cost.naive import Design
from tocsin.runtime.cost.prices import PriceTable
from tocsin.runtime.cost.variants import Advice, Variant

SMALLEST_USD: Final = 0.005
"""Lines below it are summed up as one."""

MEANS: Final = {
    STANDING: "what is there whether anything is sent or not",
    WATCHING: "alarms, dashboard and metrics of the pipeline itself",
    KEPT: "storage, once as much goes as comes",
    "sources": "devices and gateways put their messages",
}


def cost_lines(measured: Measured, bill: Bill, others: Sequence[Design], prices: PriceTable) -> Iterator[str]:
    """Yield what a month costs: line by line, by stage, in sum, and beside other designs."""
    yield (
        f"{bill.devices:,} devices, {bill.readings / 1e6:,.0f} million readings a month; counted for "
        f"{format_duration(measured.span_ms)}: {measured.readings:,} readings in {measured.messages:,} messages"
    )
    yield f"list prices of {prices.region}, {prices.as_of}; functions last as long as their CPU, measured here and"
    yield f"taken {prices.model['cpu_factor']:g} times, and their requests, as assumed in the price table"
    yield ""
    yield from table_lines(["stage", "paid for", "a month", "USD", "each"], list(_rows(bill, prices)))
    yield ""
    yield from table_lines(["stage", "USD a month", "per million", ""], list(_stage_rows(bill)))
    yield ""
    yield from _sums(bill)
    yield ""
    yield from table_lines(["beside", "per million", "of that"], [_design_row(one) for one in others])


def _rows(bill: Bill, prices: PriceTable) -> Iterator[list[str]]:
    shown = [line for line in bill.lines if line.usd >= SMALLEST_USD]
    for line in sorted(shown, key=lambda one: -one.usd):
        yield [line.stage, prices.prices[line.unit].what, _count(line), f"{line.usd:.2f}", _each(line, prices)]
    left, rest = len(bill.lines) - len(shown), bill.usd - sum(line.usd for line in shown)
    if left:
        yield ["all", f"{left} line{'s' * (left > 1)} of less than a cent", "", f"{rest:.2f}", ""]


def _count(line: Line) -> str:
    return f"{line.count:,.0f}" if line.count >= 100 else f"{line.count:,.2f}"


def _each(line: Line, prices: PriceTable) -> str:
    price = prices.prices[line.unit]
    return f"{price.usd:g} for {price.of:,.0f}" if price.of > 1 else f"{price.usd:g}"


def _stage_rows(bill: Bill) -> Iterator[list[str]]:
    for stage, usd in bill.by_stage().items():
        yield [stage, f"{usd:.2f}", f"{usd / bill.readings * 1e6:.4f}", MEANS.get(stage, "")]


def _sums(bill: Bill) -> Iterator[str]:
    watched = bill.share({WATCHING})
    yield (
        f"{bill.per_million:.4f} USD per million readings, {bill.per_device:.3f} a month and device, "
        f"{bill.usd:.2f} a month"
    )
    yield f"{bill.per_million - watched:.4f} per million without watching the pipeline itself ({watched:.4f})"
    free = bill.usd - bill.usd_free
    yield f"{free / bill.readings * 1e6:.4f} per million in an account that has nothing else, less what AWS gives free"
    mean_s, most_s = bill.wait_ms / 1_000, bill.wait_ms_max / 1_000
    yield f"readings wait {mean_s:.1f} s for their batch on average, {most_s:.1f} at most"


def _design_row(design: Design) -> list[str]:
    return [design.name, f"{design.per_million:.3f}", design.sums]


def variant_lines(found: Sequence[Variant], wanted: Sequence[Advice]) -> Iterator[str]:
    """Yield the comparison with others, and what to change."""
    if not found:
        return
    yield ""
    yield from table_lines(
        ["what differs", "", "per million", "waits at most", ""], [_variant_row(one) for one in found]
    )
    yield ""
    for one in wanted:
        note = f" ({one.note})" if one.note else ""
        yield f"pays: {one.axis}: {one.value} saves {one.saves:.4f} USD per million readings, {one.share:.0%}{note}"
    if not wanted:
        yield "nothing else saves a hundredth of it"


def _variant_row(one: Variant) -> list[str]:
    if one.bill is None:
        return [one.axis, one.value, "", "", f"cannot be: {one.why_not}"]
    waits = f"{one.bill.wait_ms_max / 1_000:.1f} s"
    return [one.axis, one.value, f"{one.bill.per_million:.4f}", waits, "as it is" if one.is_base else ""]


def breach_lines(found: Sequence[Breach]) -> Iterator[str]:
    """Yield what exceeds the budget."""
    for one in found:
        if one.key.endswith("wait_max"):
            yield f"over budget: {one.key} is {format_duration(int(one.most))}, readings wait {one.found / 1_000:.1f} s"
        else:
            yield f"over budget: {one.key} is {one.most:g}, it costs {one.found:.4f}"
