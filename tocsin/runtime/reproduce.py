"""Judges an alert again from what is kept: the slice of the log behind it, and the plan that was in force."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tocsin.core.clock import iso
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.keys import TICK_KEY, partition_key
from tocsin.core.messages import Evidence, PaneEvidence, Transition
from tocsin.core.plan.model import Plan, plan_hash
from tocsin.runtime.replay import ReplayRun, ReplaySettings

MOVES_MAX: Final = 10_000

Records = Callable[[], Iterable[Recorded]]
"""Gives the recording from its beginning, as often as it is asked."""


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came of judging an alert again.

    Attributes:
        records: How many records were replayed, without ticks.
        is_slice: Whether these were the device's own alone.
        same: The moves that came again with the same evidence.
        differences: What differs, one line each: input, plan or version; empty where the alert is the same.
    """

    records: int
    is_slice: bool
    same: tuple[Transition, ...]
    differences: tuple[str, ...]


def reproduce(moves: Sequence[Transition], header: Header, records: Records, plan: Plan) -> Reproduction:
    """Replay the device's records and compare; where that gives another alert, replay all.

    Where a reading stood on the log is not compared: a slice has other positions.

    Args:
        moves: The moves of one episode, oldest first, at least one.
        header: Of the recording.
        records: The recording.
        plan: What to judge under.
    """
    device = partition_key(moves[0].tenant, moves[0].device)
    sliced = _replayed(moves, header, _slice(records(), device), plan, is_slice=True)
    if not sliced.differences or plan_hash(plan) != moves[-1].evidence.plan_hash:
        return sliced
    whole = _replayed(moves, header, records(), plan, is_slice=False)
    return sliced if whole.differences else whole


def _slice(records: Iterable[Recorded], device: str) -> Iterator[Recorded]:
    return (record for record in records if record.partition_key in {device, TICK_KEY})


def _replayed(
    moves: Sequence[Transition], header: Header, records: Iterable[Recorded], plan: Plan, *, is_slice: bool
) -> Reproduction:
    wanted = moves[0]
    seen = _Seen(records)
    found: list[Transition] = []
    with ReplayRun(header, plan, ReplaySettings()) as run:
        for _ in run.steps(seen):
            if run.pipeline:
                alerts = run.pipeline.backend.alerts
                found = alerts.query(wanted.tenant, fingerprint=wanted.fingerprint, limit=MOVES_MAX)
            if {_place(move) for move in moves} <= {_place(move) for move in found}:
                break
    again = {_place(move): move for move in found}
    same = tuple(move for move in moves if _place(move) in again and _is_same(move, again[_place(move)]))
    differences = _differences(moves, again, found, plan, seen.first_ms) if len(same) < len(moves) else ()
    return Reproduction(seen.count, is_slice, same, tuple(dict.fromkeys(differences)))


class _Seen:
    """Counts the records that pass."""

    def __init__(self, records: Iterable[Recorded]) -> None:
        self.count = 0
        self.first_ms: int | None = None
        self._records = records

    def __iter__(self) -> Iterator[Recorded]:
        for record in self._records:
            if record.partition_key != TICK_KEY:
                self.count += 1
                self.first_ms = record.arrival_ms if self.first_ms is None else self.first_ms
            yield record


def _place(move: Transition) -> tuple[str, int]:
    return move.phase.value, move.at_ms


def _is_same(move: Transition, again: Transition) -> bool:
    judged = (replace(one.evidence, position="") for one in (move, again))
    return len(set(map(repr, judged))) == 1 and move.severity is again.severity


def _differences(
    moves: Sequence[Transition],
    again: dict[tuple[str, int], Transition],
    found: Sequence[Transition],
    plan: Plan,
    first_ms: int | None,
) -> Iterator[str]:
    """Yield what is not as it was, causes first."""
    for named in sorted({move.evidence.plan_hash for move in moves} - {plan_hash(plan)}):
        yield f"plan: it was judged under {named}, this is {plan_hash(plan)}"
    windows = [pane for move in moves for pane in move.evidence.panes]
    if first_ms is None:
        yield "input: there is no record of the device"
    elif windows and first_ms >= windows[0].end_ms:
        yield f"input: its records begin at {iso(first_ms)}, the windows of the evidence at {iso(windows[0].start_ms)}"
    for move in moves:
        other = again.get(_place(move))
        if other is None:
            yield _moved(move, found)
        else:
            yield from _judged(move, other)


def _moved(move: Transition, found: Sequence[Transition]) -> str:
    same_phase = sorted((abs(one.at_ms - move.at_ms), one.at_ms) for one in found if one.phase is move.phase)
    instead = f"it came at {iso(same_phase[0][1])}" if same_phase else "it does not come"
    return f"alert: {move.phase.value} at {iso(move.at_ms)} is not there, {instead}"


def _judged(move: Transition, other: Transition) -> Iterator[str]:
    """Yield how the evidence of one move differs."""
    before, after = move.evidence, other.evidence
    inputs = list(_inputs(before.panes, after.panes))
    yield from (f"input: {line}" for line in inputs)
    numbers = list(_numbers(before, after))
    if numbers and not inputs and before.plan_hash == after.plan_hash:
        yield (
            f"version: {move.phase.value} at {iso(move.at_ms)} has the same plan and windows, but "
            f"{', '.join(numbers)}: another version judges otherwise, or what it learned from is missing"
        )
    elif numbers:
        yield f"alert: {move.phase.value} at {iso(move.at_ms)} has {', '.join(numbers)}"
    if move.severity is not other.severity:
        yield f"alert: severity {move.severity.value} is {other.severity.value} now"


def _inputs(before: Sequence[PaneEvidence], after: Sequence[PaneEvidence]) -> Iterator[str]:
    lefts, rights = ({pane.start_ms: pane for pane in panes} for panes in (before, after))
    for start_ms in sorted({*lefts, *rights}):
        left, right = lefts.get(start_ms), rights.get(start_ms)
        if left != right:
            yield f"window {iso(start_ms)} had {_pane(left)}, has {_pane(right)} now"


def _pane(pane: PaneEvidence | None) -> str:
    return "nothing" if pane is None else f"{pane.count} readings of {pane.min:.6g} to {pane.max:.6g}"


def _numbers(before: Evidence, after: Evidence) -> Iterator[str]:
    for name in ("value", "score", "threshold", "expected_low", "expected_high", "parts"):
        left, right = getattr(before, name), getattr(after, name)
        if repr(left) != repr(right):
            yield f"{name} {left} is {right} now"
