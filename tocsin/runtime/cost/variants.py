"""Compares a deployment with others that differ in one thing, and says what to change."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from tocsin.core.clock import MINUTE_MS, SECOND_MS
from tocsin.core.errors import UsageError
from tocsin.core.plan.model import Plan, Window
from tocsin.runtime.cost.bill import Bill, bill_of
from tocsin.runtime.cost.capacity import Capacity
from tocsin.runtime.cost.counted_ports import STATES
from tocsin.runtime.cost.deployment import PANES_SHARDS, WATCHING, Deployment
from tocsin.runtime.cost.measure import Measured
from tocsin.runtime.cost.prices import PriceTable
from tocsin.runtime.pipeline import ANOMALY

BATCH_WINDOWS_S: Final = (1, 2, 5, 10, 30)
GROUPS: Final = (1, 4, 16)
WINDOWS_MS: Final = (MINUTE_MS, 5 * MINUTE_MS)
MEMORY_MB: Final = (512, 1_024, 1_769, 3_008)
SIZED: Final = ("processors", "anomaly")
STATEFUL: Final = ("processors", "anomaly", "alerts")
CHOICES: Final = {
    "watching the pipeline": (WATCHING, ("full", "least")),
    "keys of what is stored": ("Encryption", ("own-key", "keys-of-aws")),
    "uploads": ("Uploads", ("yes", "no")),
    "days of recordings": ("RecordingsRetentionDays", ("30", "400")),
}
"""What differs, to the parameter of the template that it is and its values; what is played is the same with each."""

USUAL: Final = Capacity(writes_min=5, reads_min=5, target=0.75)
"""The template's own, for the comparison of those who pay by the request."""

WORTH: Final = 0.01
"""Share of the bill that a change must save to be recommended."""

WAIT_SHARE: Final = 6
"""In what is recommended readings wait for their batch for a sixth of the shortest window, unless the budget says how
long: an alert of a window comes when the window is over, so that much later it is nearly as good."""

LOG_OF_PANES: Final = "log of panes"

Run = Callable[[Deployment, Plan], Measured]
"""Plays the scenario with another deployment or plan."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One other way to deploy or plan.

    Attributes:
        axis: What differs.
        value: What it is then.
        is_base: Whether this is how it is.
        bill: What it costs; None where it cannot be.
        why_not: Why it cannot be, or empty.
    """

    axis: str
    value: str
    is_base: bool
    bill: Bill | None
    why_not: str = ""


def variants(base: Measured, run: Run, prices: PriceTable) -> Iterator[Variant]:
    """Yield the variants, axis by axis; those of memory and places of state follow from the one run."""
    yield from _logs_of_panes(base, run, prices)
    yield from _batch_windows(base, run, prices)
    yield from _groups(base, run, prices)
    yield from _windows(base, run, prices)
    yield from _memories(base, prices)
    yield from _states(base, prices)
    yield from _capacities(base, prices)
    yield from _chosen(base, prices)


def _logs_of_panes(base: Measured, run: Run, prices: PriceTable) -> Iterator[Variant]:
    present = int(base.deployment.stack.parameters[PANES_SHARDS])
    for shards, name in ((present or 1, "own"), (0, "none")):
        measured = base if shards == present else run(base.deployment.with_parameter(PANES_SHARDS, shards), base.plan)
        yield Variant(LOG_OF_PANES, name, shards == present, bill_of(measured, prices))


def _batch_windows(base: Measured, run: Run, prices: PriceTable) -> Iterator[Variant]:
    present_ms = base.deployment.settings.processors.window_ms
    for seconds in sorted({*BATCH_WINDOWS_S, present_ms // SECOND_MS}):
        window_ms = seconds * SECOND_MS
        deployed = base.deployment.with_window("processors", window_ms)
        measured = base if window_ms == present_ms else run(deployed, base.plan)
        yield Variant("readings wait for a batch", f"{seconds} s", window_ms == present_ms, bill_of(measured, prices))


def wait_ms_worth(plan: Plan) -> int:
    """Return how long readings may wait for their batch beside the plan's shortest window, in milliseconds."""
    return min(window.size_ms for metric in plan.metrics for window in metric.windows) // WAIT_SHARE


def _groups(base: Measured, run: Run, prices: PriceTable) -> Iterator[Variant]:
    for groups in sorted({*GROUPS, base.plan.groups}):
        is_base = groups == base.plan.groups
        measured = base if is_base else run(base.deployment, msgspec.structs.replace(base.plan, groups=groups))
        yield Variant("key groups", str(groups), is_base, bill_of(measured, prices))


def with_windows(plan: Plan, size_ms: int) -> Plan:
    """Return the plan with tumbling windows of that size for all metrics."""
    window = (Window(size_ms, size_ms),)
    return msgspec.structs.replace(
        plan, metrics=tuple(msgspec.structs.replace(metric, windows=window) for metric in plan.metrics)
    )


def _windows(base: Measured, run: Run, prices: PriceTable) -> Iterator[Variant]:
    for size_ms in WINDOWS_MS:
        plan = with_windows(base.plan, size_ms)
        name = f"{size_ms // MINUTE_MS} min"
        try:
            measured = base if plan == base.plan else run(base.deployment, plan)
        except UsageError as error:
            yield Variant("windows", name, False, None, str(error))
            continue
        yield Variant("windows", name, plan == base.plan, bill_of(measured, prices))


def _memories(base: Measured, prices: PriceTable) -> Iterator[Variant]:
    for stage in _with_functions(base, SIZED):
        present = base.deployment.memory_mb[stage]
        for memory_mb in sorted({*MEMORY_MB, present}):
            bill = bill_of(base, prices, base.deployment.with_memory(stage, memory_mb))
            yield Variant(f"memory of {stage}", f"{memory_mb} MB", memory_mb == present, bill)


def _states(base: Measured, prices: PriceTable) -> Iterator[Variant]:
    for stage in _with_functions(base, STATEFUL):
        for place in STATES:
            why_not = base.book.refused.get((stage, place), "")
            bill = None if why_not else bill_of(base, prices, base.deployment.with_state(stage, place))
            yield Variant(f"state of {stage}", place, base.deployment.state[stage] == place, bill, why_not)


def _with_functions(base: Measured, stages: Sequence[str]) -> list[str]:
    """Return those of the stages that have a function of their own."""
    return [stage for stage in stages if not (base.deployment.settings.is_joined and stage == ANOMALY)]


def _capacities(base: Measured, prices: PriceTable) -> Iterator[Variant]:
    present = base.deployment.capacity
    others = {"on-demand": None, "provisioned": present or USUAL}
    for name, capacity in others.items():
        bill = bill_of(base, prices, base.deployment.with_capacity(capacity))
        yield Variant("capacity of windows", name, capacity == present, bill)


def _chosen(base: Measured, prices: PriceTable) -> Iterator[Variant]:
    for axis, (parameter, values) in CHOICES.items():
        present = str(base.deployment.stack.parameters[parameter])
        for value in dict.fromkeys((*values, present)):
            bill = bill_of(base, prices, base.deployment.with_parameter(parameter, value))
            yield Variant(axis, value, value == present, bill)


@dataclass(frozen=True, slots=True)
class Advice:
    """A change that pays.

    Attributes:
        axis: What to change.
        value: To what.
        saves: Dollars per million readings.
        share: The same as a share of what it costs.
        note: What else it means.
    """

    axis: str
    value: str
    saves: float
    share: float
    note: str = ""


NOTES: Final = {
    LOG_OF_PANES: f"--set {PANES_SHARDS}=0; for one shard of readings: docs/decisions/panes-without-a-log.md",
    "watching the pipeline": f"--set {WATCHING}=least; alarms only say that something waits or nobody is told",
    "keys of what is stored": "--set Encryption=keys-of-aws, as the stack is made; nobody can withdraw them",
    "uploads": "--set Uploads=no; the past goes in with tocsin backfill, from here",
    "days of recordings": "--set RecordingsRetentionDays=30; what is older is never replayed",
    "capacity of windows": "--set WindowsCapacity=on-demand, or provisioned for a fleet that writes evenly",
    "key groups": "a new generation of state: tocsin state rescale",
    "windows": "alerts of windows come so much later, and people see less",
    "readings wait for a batch": "--set ReadingsWaitSeconds; alerts come up to {later_s:.0f} s later",
    **{f"memory of {stage}": "calls last longer, and all states must fit" for stage in SIZED},
}


def advice(found: Sequence[Variant], *, wait_ms_max: int) -> list[Advice]:
    """Return what to change, what saves most first; each alone, so the sums do not add up.

    Args:
        found: All variants.
        wait_ms_max: How long a reading may wait for its batch.
    """
    wanted: list[Advice] = []
    for axis in dict.fromkeys(one.axis for one in found):
        rows = [one for one in found if one.axis == axis and one.bill]
        base = next((one.bill for one in rows if one.is_base), None)
        if base is None:
            continue
        fitting = [one for one in rows if one.bill and one.bill.wait_ms_max <= max(wait_ms_max, base.wait_ms_max)]
        best = min(fitting, key=lambda one: one.bill.per_million if one.bill else 0.0)
        if best.bill is None:
            continue
        saves = base.per_million - best.bill.per_million
        if saves > WORTH * base.per_million:
            note = NOTES.get(axis, "").format(later_s=(best.bill.wait_ms_max - base.wait_ms_max) / SECOND_MS)
            wanted.append(Advice(axis, best.value, saves, saves / base.per_million, note))
    return sorted(wanted, key=lambda one: -one.saves)
