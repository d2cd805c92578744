"""Searches delivery faults that change final windows or alerts, and shrinks what it finds.

None may: duplicates, overtaking within the allowed out-of-orderness, batches of any size, retries and
crashes. What people are told is not compared: a retry takes time, and what comes later may be told apart.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import isclose
from random import Random
from typing import Final, TypeVar

import msgspec

from tocsin.core.clock import iso
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.keys import TICK_KEY, split_key
from tocsin.core.messages import Transition
from tocsin.core.plan.model import Plan
from tocsin.core.ports import Backend, WindowItem, WindowStats
from tocsin.runtime.faults import Faults, applied, drawn
from tocsin.runtime.golden import difference, golden_text
from tocsin.runtime.mapping import MappingSettings
from tocsin.runtime.overtaking import Overtaking
from tocsin.runtime.pipeline import DEFAULT_SETTINGS, PipelineSettings
from tocsin.runtime.replay import ReplayRun, ReplaySettings
from tocsin.runtime.shaky import shaky_stages
from tocsin.runtime.stages import MakeStages, make_stages

CHECKS_MAX: Final = 300
"""Most replays that shrinking takes; each is of fewer records than the one before."""

WINDOWS_MAX: Final = 1_000_000
LINES_MAX: Final = 12
CLOSE: Final = 1e-9
"""What the order of additions may change in a sum, relative to the largest number in it."""

Part = TypeVar("Part")
WindowKey = tuple[str, str, int, int, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay led to.

    Attributes:
        windows: All final windows by tenant, device, size, start and revision.
        transitions: All moves of alerts.
        calls: How often each stage was called.
    """

    windows: dict[WindowKey, WindowItem]
    transitions: tuple[Transition, ...]
    calls: dict[str, int]


@dataclass(frozen=True, slots=True)
class Find:
    """Faults that change what comes out.

    Attributes:
        seed: Seed of the run that found them.
        records: The smallest recording found that shows it.
        faults: The fewest faults, their places counted in ``records``.
        lines: What differs, for people.
        checks: How many replays shrinking took.
    """

    seed: int
    records: tuple[Recorded, ...]
    faults: Faults
    lines: tuple[str, ...]
    checks: int


class Fuzzer:
    """Replays a recording with and without faults."""

    def __init__(
        self, header: Header, records: Sequence[Recorded], plan: Plan, stages: MakeStages = make_stages
    ) -> None:
        """Replay the recording without faults.

        Args:
            header: Of the recording.
            records: All of it, at least one record.
            plan: What the pipeline does.
            stages: Builds the stages.

        Raises:
            UnavailableError: A stage kept failing.
        """
        self._header = header
        self._records = records
        self._plan = plan
        self._stages = stages
        self._plain = self._outcome(records, Faults())
        self._overtaking = Overtaking(records, plan)

    def drawn(self, seed: int) -> Faults:
        """Return the faults of a seed."""
        chance = Random(seed)  # noqa: S311  faults, not secrets
        return drawn(chance, self._records, self._overtaking, self._plain.calls)

    def check(self, faults: Faults) -> tuple[str, ...]:
        """Return what the faults change, for people; empty where they change nothing."""
        return tuple(_differ(self._plain, self._outcome(applied(self._records, faults), faults), faults))

    def shrunk(self, faults: Faults, seed: int) -> Find:
        """Return the fewest of the records and of the faults that still change something."""
        return self._shrunk(list(self._records), faults, seed)

    def _check(self, records: Sequence[Recorded], faults: Faults) -> tuple[str, ...]:
        found = self._outcome(applied(records, faults), faults)
        return tuple(_differ(self._outcome(records, Faults()), found, faults))

    def _shrunk(self, records: list[Recorded], faults: Faults, seed: int) -> Find:
        checks = 0

        def still(kept: Sequence[int], parts: Sequence[Faults]) -> bool:
            nonlocal checks
            if checks >= CHECKS_MAX:
                return False
            checks += 1
            chosen = Faults.of_parts(parts).within(kept)
            return bool(self._check([records[place] for place in kept], chosen))

        everything = list(range(len(records)))
        parts = fewest(faults.parts(), lambda some: still(everything, some))
        kept = fewest(everything, lambda some: still(some, parts))
        parts = fewest(parts, lambda some: still(kept, some))
        small = tuple(records[place] for place in kept)
        least = Faults.of_parts(parts).within(kept)
        return Find(seed, small, least, self._check(small, least), checks)

    def _outcome(self, records: Sequence[Recorded], faults: Faults) -> Outcome:
        calls: dict[str, int] = {}
        settings = ReplaySettings(
            mappings=_mappings(faults.batch_records_max), stages=shaky_stages(self._stages, faults.failures, calls)
        )
        with ReplayRun(self._header, self._plan, settings) as run:
            for _ in run.steps(records):
                run.new_notifications()
            transitions = run.result(()).transitions
            windows = _windows(run.pipeline.backend, records, self._plan) if run.pipeline else {}
        return Outcome(windows, transitions, calls)


def fewest(parts: Sequence[Part], is_enough: Callable[[Sequence[Part]], bool]) -> list[Part]:
    """Return a part of the parts of which none can be left out, as far as ``is_enough`` goes along.

    Source: Zeller and Hildebrandt (2002), the minimising of failing inputs, complements only.
    """
    kept = list(parts)
    chunk = max(1, len(kept) // 2)
    while kept:
        place, smaller = 0, False
        while place < len(kept):
            rest = kept[:place] + kept[place + chunk :]
            if is_enough(rest):
                kept, smaller = rest, True
            else:
                place += chunk
        if chunk == 1 and not smaller:
            return kept
        chunk = max(1, min(chunk, len(kept)) // 2)
    return kept


def _differ(plain: Outcome, other: Outcome, faults: Faults) -> list[str]:
    """Return what differs; where messages changed places, sums may differ in their last bits.

    Then another reading may be the one that crossed a limit, too: such an alert has the same moves, but
    not the same instant and evidence.
    """
    is_close = bool(faults.swaps)
    lines = list(_windows_differ(plain.windows, other.windows, is_close=is_close))
    lines += _moves_differ(plain.transitions, other.transitions) if is_close else []
    if not is_close and (found := difference(_golden(plain), _golden(other))):
        lines += str(found).splitlines()
    return lines[:LINES_MAX] + ([f"... and {len(lines) - LINES_MAX} more lines"] if len(lines) > LINES_MAX else [])


def _mappings(records_max: int | None) -> PipelineSettings:
    if records_max is None:
        return DEFAULT_SETTINGS

    def small(settings: MappingSettings) -> MappingSettings:
        return replace(settings, batch_records_max=records_max)

    return replace(
        DEFAULT_SETTINGS, processors=small(DEFAULT_SETTINGS.processors), anomaly=small(DEFAULT_SETTINGS.anomaly)
    )


def _windows(backend: Backend, records: Sequence[Recorded], plan: Plan) -> dict[WindowKey, WindowItem]:
    sizes = sorted({window.size_ms for metric in plan.metrics for window in metric.windows})
    found: dict[WindowKey, WindowItem] = {}
    for tenant, device in _devices(records):
        for size_ms in sizes:
            items = backend.windows.query(
                tenant, device, size_ms=size_ms, start_ms=0, end_ms=1 << 60, limit=WINDOWS_MAX
            )
            found.update({(tenant, device, size_ms, item.start_ms, item.revision): item for item in items})
    return found


def _devices(records: Sequence[Recorded]) -> Iterator[tuple[str, str]]:
    for key in sorted({record.partition_key for record in records} - {TICK_KEY}):
        try:
            yield split_key(key)
        except ValueError:  # such records are rejected, and have no windows
            continue


def _windows_differ(
    lefts: dict[WindowKey, WindowItem], rights: dict[WindowKey, WindowItem], *, is_close: bool
) -> Iterator[str]:
    for key in sorted({*lefts, *rights}):
        left, right = lefts.get(key), rights.get(key)
        if not (left and right and _same_window(left, right, is_close=is_close)):
            tenant, device, size_ms, start_ms, _ = key
            where = f"{tenant}/{device} {iso(start_ms)} of {size_ms // 1_000} s"
            yield f"window {where}: {_window_words(left)} without, {_window_words(right)} with the faults"


def _same_window(left: WindowItem, right: WindowItem, *, is_close: bool) -> bool:
    if left.metrics.keys() != right.metrics.keys():
        return False
    if not is_close:
        return left == right or repr(left) == repr(right)  # NaN equals nothing, but reads the same
    return all(_close(stats, right.metrics[name]) for name, stats in left.metrics.items())


def _close(left: WindowStats, right: WindowStats) -> bool:
    largest = max(abs(left.min), abs(left.max), 1.0)
    numbers = zip(_numbers(left), _numbers(right), strict=True)
    return all(
        a == b or isclose(a, b, rel_tol=CLOSE, abs_tol=CLOSE * largest * largest) or (a != a and b != b)  # noqa: PLR0124  NaN
        for a, b in numbers
    )


def _numbers(stats: WindowStats) -> list[float]:
    plain = msgspec.to_builtins(stats)
    rate = plain.pop("rate")
    quantiles = plain.pop("quantiles")
    return [*plain.values(), float("nan") if rate is None else rate, *(value for _, value in sorted(quantiles.items()))]


def _window_words(item: WindowItem | None) -> str:
    if item is None:
        return "nothing"
    return ", ".join(f"{name} {stats.count} x {stats.mean:.9g}" for name, stats in sorted(item.metrics.items()))


def _golden(outcome: Outcome) -> str:
    return golden_text(outcome.transitions, ())


def _moves_differ(lefts: Sequence[Transition], rights: Sequence[Transition]) -> Iterator[str]:
    before, after = ({(one.fingerprint, one.number): one for one in moves} for moves in (lefts, rights))
    for key in sorted({*before, *after}):
        left, right = before.get(key), after.get(key)
        if left is None or right is None or left.phase is not right.phase:
            named = left or right
            assert named, "the key is of one of them"  # noqa: S101  an invariant
            phases = " without, ".join(one.phase.value if one else "nothing" for one in (left, right))
            yield f"alert {named.device} {named.rule}, move {named.number}: {phases} with the faults"
