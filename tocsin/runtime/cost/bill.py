"""From what a run used to what a month costs. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tocsin.core.clock import MINUTE_MS
from tocsin.runtime.cost.clients import WINDOW_WRITES
from tocsin.runtime.cost.deployment import Deployment, standing_units
from tocsin.runtime.cost.functions import LOGS
from tocsin.runtime.cost.kept import GB, kept_units
from tocsin.runtime.cost.measure import Measured
from tocsin.runtime.cost.prices import HOURS_A_MONTH, MONTH_MS, PriceTable
from tocsin.runtime.cost.usage import Usage

WHOLE_CORE_MB: Final = 1_769
"""Memory with which a function has one core; with less it has that share of it. Source: Lambda Developer Guide."""

ROUNDING_MS: Final = 0.5
"""Calls are billed by the millisecond, rounded up: half of one on average."""

MIB_A_GB: Final = 1_024
PROCESSORS: Final = "processors"
STANDING: Final = "standing"
WATCHING: Final = "watching"
KEPT: Final = "kept"
OF_WATCHING: Final = frozenset({"alarm_metrics", "dashboards", "metrics"})


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the bill.

    Attributes:
        stage: Whose it is.
        unit: Name of the price.
        count: How much a month.
        usd: Dollars a month.
    """

    stage: str
    unit: str
    count: float
    usd: float


@dataclass(frozen=True, slots=True)
class Bill:
    """What a month costs.

    Attributes:
        lines: One for each stage and price.
        readings: Readings a month.
        devices: How many devices send them.
        wait_ms: How long a reading waits on average until processors fold it, in milliseconds.
        wait_ms_max: The longest wait.
        usd_free: Dollars a month of what an account gets for nothing.
    """

    lines: tuple[Line, ...]
    readings: float
    devices: int
    wait_ms: float
    wait_ms_max: int
    usd_free: float

    @property
    def usd(self) -> float:
        """Dollars a month."""
        return sum(line.usd for line in self.lines)

    @property
    def per_million(self) -> float:
        """Dollars per million readings."""
        return self.usd / self.readings * 1e6

    @property
    def per_device(self) -> float:
        """Dollars a month per device."""
        return self.usd / self.devices

    def share(self, stages: Collection[str]) -> float:
        """Return dollars per million readings of these stages."""
        return sum(line.usd for line in self.lines if line.stage in stages) / self.readings * 1e6

    def by_stage(self) -> dict[str, float]:
        """Return stage to dollars a month, dearest first."""
        return self._summed({line: line.stage for line in self.lines})

    def by_unit(self) -> dict[str, float]:
        """Return name of a price to dollars a month, dearest first."""
        return self._summed({line: line.unit for line in self.lines})

    def _summed(self, names: Mapping[Line, str]) -> dict[str, float]:
        sums: defaultdict[str, float] = defaultdict(float)
        for line, name in names.items():
            sums[name] += line.usd
        return dict(sorted(sums.items(), key=lambda one: -one[1]))


def bill_of(measured: Measured, prices: PriceTable, deployment: Deployment | None = None) -> Bill:
    """Return the bill of a month that goes on as the run did.

    Args:
        measured: The run.
        prices: The price table.
        deployment: Another one that the run would have been the same on: other memory, other places of states.
    """
    deployed = deployment or measured.deployment
    months = MONTH_MS / measured.span_ms
    lines: list[Line] = []
    for stage, usage in _usages(measured, deployed).items():
        memory_mb = deployed.memory_mb.get(stage, 0)
        units = _paid_by_request(usage, deployed)
        if memory_mb:
            units[f"lambda_gb_s_{deployed.architecture}"] = gigabyte_seconds(usage, memory_mb, prices)
        units["log_gb"] = usage.kept_bytes[LOGS] / GB
        lines += [_line(stage, unit, count * months, prices) for unit, count in units.items() if count]
    lines += _standing_lines(measured, deployed, prices)
    kept = kept_units(measured.book.stages, months, deployed.stack)
    lines += [_line(KEPT, unit, count, prices) for unit, count in kept.items()]
    first = measured.book.stage(PROCESSORS)
    wait_ms = first.held_ms / max(1, first.record_count)
    usd_free = _usd_free(lines, prices)
    return Bill(tuple(lines), measured.readings * months, measured.devices, wait_ms, first.held_ms_max, usd_free)


def _paid_by_request(usage: Usage, deployed: Deployment) -> dict[str, float]:
    """Return what the stage used of what is paid by use; writes of windows are not where capacity is provisioned."""
    units: dict[str, float] = dict(usage.units)
    writes = units.pop(WINDOW_WRITES, 0.0)
    if deployed.capacity is None and writes:
        units["write_units"] = units.get("write_units", 0.0) + writes
    return units


def _standing_lines(measured: Measured, deployed: Deployment, prices: PriceTable) -> Iterator[Line]:
    """Yield what is paid by the month: what stands there, the metrics that the run wrote, capacity of windows."""
    metrics = float(len(measured.book.metrics)) if deployed.namespace else 0.0
    parts = [{"metrics": metrics} if metrics else {}, standing_units(deployed.stack)]
    if deployed.capacity:
        parts.append(deployed.capacity.standing())
        by_minute = measured.book.stage(PROCESSORS).minute_writes
        writes = deployed.capacity.writes(by_minute, measured.span_ms // MINUTE_MS)
        yield _line(PROCESSORS, "write_capacity_hours", writes * HOURS_A_MONTH, prices)
    for unit in dict.fromkeys(unit for part in parts for unit in part):
        count = sum(part.get(unit, 0.0) for part in parts)
        yield _line(WATCHING if unit in OF_WATCHING else STANDING, unit, count, prices)


def _usd_free(lines: Sequence[Line], prices: PriceTable) -> float:
    """Return how much less an account pays that has nothing else."""
    counts: defaultdict[str, float] = defaultdict(float)
    for line in lines:
        counts[line.unit] += line.count
    return sum(prices.usd(unit, min(count, prices.prices[unit].free)) for unit, count in counts.items())


def gigabyte_seconds(usage: Usage, memory_mb: int, prices: PriceTable) -> float:
    """Return what the calls are billed: CPU as measured times a factor, requests and waits as assumed.

    Args:
        usage: Of a stage, state included.
        memory_mb: Of its function; with less than a whole core CPU takes longer.
        prices: Has the assumptions.
    """
    model = prices.model
    cpu_ms = (
        usage.cpu_ms * model["cpu_factor"]
        + usage.request_count * model["request_cpu_ms"]
        + usage.record_count * model["record_cpu_us"] / 1_000
    )
    lasts_ms = cpu_ms * max(1.0, WHOLE_CORE_MB / memory_mb) + usage.waits_ms
    return (lasts_ms + usage.units["lambda_calls"] * ROUNDING_MS) / 1_000 * memory_mb / MIB_A_GB


def _usages(measured: Measured, deployed: Deployment) -> dict[str, Usage]:
    """Return stage to what it used, with its state where that is."""
    found = dict(measured.book.stages)
    for (stage, place), usage in measured.book.states.items():
        if deployed.state.get(stage) == place:
            found[stage] = found[stage].plus(usage) if stage in found else usage
    return found


def _line(stage: str, unit: str, count: float, prices: PriceTable) -> Line:
    return Line(stage, unit, count, prices.usd(unit, count))
