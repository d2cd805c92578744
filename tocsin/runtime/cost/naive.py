"""What other designs would pay for the same messages: computed from the same run, with the same prices. Pure."""

from dataclasses import dataclass
from typing import Final

from tocsin.runtime.cost.bill import KEPT, STANDING, WATCHING, Bill
from tocsin.runtime.cost.clients import READ_UNIT_BYTES, WINDOW_WRITES, WRITE_UNIT_BYTES, whole_units
from tocsin.runtime.cost.counted_ports import AT_ONCE
from tocsin.runtime.cost.measure import SOURCES, Measured
from tocsin.runtime.cost.prices import MONTH_MS, PriceTable

PROCESSORS: Final = "processors"
ROW_BYTES_MAX: Final = 1_024
"""A reading, or the state of a series, is at most so large."""


@dataclass(frozen=True, slots=True)
class Design:
    """Another way to do the same.

    Attributes:
        name: What it does.
        per_million: Dollars per million readings.
        sums: How that comes about.
    """

    name: str
    per_million: float
    sums: str


def designs(measured: Measured, bill: Bill, prices: PriceTable) -> tuple[Design, ...]:
    """Return the designs that people begin with; what stands there and what watches it is counted as for ours."""
    months = MONTH_MS / measured.span_ms
    usage = measured.book.stage(PROCESSORS)
    readings, visits = measured.readings * months, usage.key_count * months
    shared = bill.share({STANDING, WATCHING, KEPT, SOURCES, "tick", "archive", "anomaly", "alerts"})
    records = bill.share({SOURCES})
    written = prices.usd("write_units", usage.units[WINDOW_WRITES] * months) / readings * 1e6
    state_bytes = _device_bytes(measured)
    return (
        _design(
            "one conditional write per reading, one record per reading",
            shared - records + prices.usd("put_units", 1e6),
            {"writes": prices.usd("write_units", 1e6), "compute": _compute(1e6, measured, prices)},
        ),
        _design(
            "one item per device and batch, read and written under a condition",
            shared + written,
            {
                "writes": prices.usd("write_units", visits * whole_units(state_bytes, WRITE_UNIT_BYTES))
                / readings
                * 1e6,
                "reads": prices.usd("read_units", visits * whole_units(state_bytes, READ_UNIT_BYTES)) / readings * 1e6,
                "compute": _compute(2 * visits / readings * 1e6, measured, prices),
            },
        ),
    )


def _design(name: str, shared: float, own: dict[str, float]) -> Design:
    sums = " + ".join(f"{usd:.3f} {what}" for what, usd in own.items())
    return Design(name, shared + sum(own.values()), f"{sums} + {shared:.3f} all else")


def _compute(requests: float, measured: Measured, prices: PriceTable) -> float:
    """Return dollars for functions that send so many requests to tables, several at a time."""
    each_ms = prices.model["request_cpu_ms"] + prices.waits_ms["dynamodb"] / AT_ONCE["windows"]
    memory_mb = measured.deployment.memory_mb[PROCESSORS]
    gb_s = requests * each_ms / 1_000 * memory_mb / 1_024
    return prices.usd(f"lambda_gb_s_{measured.deployment.architecture}", gb_s)


def _device_bytes(measured: Measured) -> int:
    """Return the bytes of a device's state, as the last commits had them."""
    state = measured.book.state(PROCESSORS, "s3")
    commits = max(1, state.units["s3_puts"])
    groups = measured.plan.groups
    return max(ROW_BYTES_MAX, round(state.kept_bytes.total() / commits * groups / max(1, measured.devices)))
