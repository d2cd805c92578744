"""The step of the anomaly stage: panes and ticks in, alert transitions out. Pure.

Order is what makes it repeatable: batches by their number, in each the panes and then its tick. The
transitions of panes leave in the order of panes and then of the plan's rules; those of a tick by device.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np

from anomaly.amending import amend_alerts
from anomaly.awaited import await_devices
from anomaly.contract import Detector
from anomaly.fold import Fold, open_fold
from anomaly.folding import Batches, fold_batches, switch_plan
from anomaly.intake import take_in
from anomaly.joint import judge_devices
from anomaly.judging import judge_panes
from anomaly.moves import withdraw_uncovered
from anomaly.presence import meet_devices
from anomaly.runs import runs_of
from anomaly.silence import judge_silence, note_tick
from anomaly.state import GroupState
from tocsin.core.columns import PaneBatch
from tocsin.core.errors import SequenceGapError
from tocsin.core.machine import Entry, Step
from tocsin.core.messages import Transition
from tocsin.core.plan.book import PlanBook

LANE_ALERT: Final = "alert"
NO_TRACES: Final[Mapping[int, str]] = MappingProxyType({})
_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Transition)


def step(state: GroupState, batches: Batches, *, plans: PlanBook, detector: Detector) -> Step[GroupState, Batches]:
    """Fold the batches, and tell which alerts moved.

    A copy of what was folded is skipped. Where something hinders (a gap, an unknown plan), what came
    before is folded and the rest returned; the next call raises.

    Args:
        state: The group's state; left as it is.
        batches: The group's batches in the order of the log.
        plans: Finds the plan in force.
        detector: Judges for adaptive rules.

    Raises:
        SequenceGapError: The first batch that is new follows one that never came.
        UnavailableError: Its tick names a plan that is not published.
    """
    return fold_batches(
        state,
        batches,
        due=partial(_due, plans=plans),
        begin=lambda copy: open_fold(copy, plans.at(copy.plan_hash), detector),
        take=partial(_take, plans=plans),
    )


def decode_transition(entry: Entry) -> Transition:
    """Return the transition of an emitted entry."""
    return entry.value if isinstance(entry.value, Transition) else _decoder.decode(entry.data)


def alert_entry(told: Transition) -> Entry:
    """Return the transition as an entry of the outbox."""
    return Entry(LANE_ALERT, f"{told.fingerprint}#{told.number}", _encoder.encode(told), told)


def _due(state: GroupState, batch: PaneBatch, *, plans: PlanBook) -> PaneBatch:
    """Return the batch, all of which is folded; raise if it cannot be now."""
    number = state.fence.get((batch.generation, batch.group), 0)
    if batch.number != number + 1:
        raise SequenceGapError(
            f"panes of group {batch.generation}.{batch.group} go on with number {number + 1}, got {batch.number}"
        )
    plans.at(state.plan_hash)
    plans.at(batch.plan_hash)
    return batch


def _take(fold: Fold, batch: PaneBatch, *, plans: PlanBook) -> tuple[Fold, list[Entry]]:
    """Fold one batch: its panes, then its tick."""
    entries: list[Entry] = []
    for begin, panes in runs_of(batch.panes, fold.plan):
        with np.errstate(over="ignore", invalid="ignore"):  # readings may be as large as numbers go
            intake = take_in(fold, panes)
            meet_devices(fold, panes, intake)
            judge_panes(fold, panes, intake)
            judge_devices(fold, panes, intake)
            amend_alerts(fold, panes)
        entries += _told(fold, batch.traces, begin)
    if batch.tick_ms is not None:
        fold = _switch(fold, batch, plans)
        await_devices(fold, batch)
        withdraw_uncovered(fold, batch.tick_ms)
        entries += _told(fold)
        _tick(fold, batch.shard, batch.tick_ms)
        entries += _told(fold)
    return fold, entries


def _switch(fold: Fold, batch: PaneBatch, plans: PlanBook) -> Fold:
    """Return the fold under the plan that the tick names, unless the tick is older than another shard's."""
    assert batch.tick_ms is not None, batch.number
    is_newest = batch.tick_ms >= max(fold.state.ticks.values(), default=batch.tick_ms)
    return switch_plan(fold, batch.plan_hash, plans) if is_newest else fold


def _tick(fold: Fold, shard: str, tick_ms: int) -> None:
    """Judge silence if all shards have passed a newer tick."""
    fold.state.ticks, passed_ms = note_tick(fold.state.ticks, shard, tick_ms)
    if fold.state.tick_ms is None or passed_ms > fold.state.tick_ms:
        judge_silence(fold, passed_ms)


def _told(fold: Fold, traces: Mapping[int, str] = NO_TRACES, begin: int = 0) -> Sequence[Entry]:
    """Return the transitions found so far, in their order, and forget them.

    Args:
        fold: With the transitions.
        traces: Place of a pane to the trace id behind it.
        begin: Place of the first pane that was judged.
    """
    if not fold.moves:
        return ()
    moves = sorted(fold.moves, key=lambda move: move[:2])
    fold.moves.clear()
    return [alert_entry(_traced(told, traces.get(begin + place, ""))) for place, _, told in moves]


def _traced(told: Transition, trace: str) -> Transition:
    return replace(told, evidence=replace(told.evidence, trace=trace)) if trace else told
