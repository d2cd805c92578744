"""The step: one group's state and a batch in, the new state and what to publish out. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from msgspec import structs

from processors.aside import late_entry, rejection_entry
from processors.batch import GroupBatch
from processors.closing import advance
from processors.early import keep_told
from processors.emission import split
from processors.fold import Tally, fold
from processors.geometry import Geometry, geometry_of
from processors.idle import idle_horizons
from processors.revisions import forget_revisions
from processors.rows import Admitted, Rows, admit
from processors.state import NEVER_MS, Group, ShardAccount
from processors.traces import Traces, traces_of
from processors.work import Work
from tocsin.core.columns import Int64s, MessageColumns, PaneBatch, no_panes
from tocsin.core.errors import ConfigError
from tocsin.core.formats.json_readings import Refused
from tocsin.core.formats.json_split import split_messages
from tocsin.core.formats.pane_bytes import encode_panes
from tocsin.core.machine import Entry, Step
from tocsin.core.messages import Tick
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.expected import wants_ticks
from tocsin.core.reasons import Reason

PANES_LANE: Final = "panes"
PANES_PER_RECORD_MAX: Final = 2_000
"""A pane takes 128 bytes and up to 350 of names and position, and a record of the log at most 1 MiB."""
MESSAGES_PER_STEP_MAX: Final = 50_000
AFTER_ALL_MESSAGES: Final = 1 << 60


@dataclass(frozen=True, slots=True)
class Live:
    """A group's state and what can be derived from it; neither is ever changed.

    Attributes:
        group: Its state.
        rows: Its lookups.
        geometry: How metrics are windowed under the plan in force.
    """

    group: Group
    rows: Rows
    geometry: Geometry


def live(group: Group, plans: PlanBook) -> Live:
    """Return the group ready to be folded under its plan."""
    geometry = geometry_of(plans.at(group.plan_hash))
    return Live(group, Rows.of(group, geometry), geometry)


def step(state: Live, batch: GroupBatch, plans: PlanBook) -> Step[Live, GroupBatch]:
    """Fold what the fence does not know yet.

    A tick is folded by a group without devices too: were it not behind the fence, a replay would fold it into
    what came later from another shard, and bring back an older plan.

    Raises:
        UnavailableError: A tick names a plan that is not published yet.
    """
    account = state.group.shards.get(batch.shard, ShardAccount())
    batch = batch.after(account.sequence)
    if batch.is_empty():
        return Step(state)
    batch, rest = _bounded(batch)
    run = _Run(state, batch, account)
    for record, tick in batch.ticks:
        run.take(batch.messages_before(record))
        run.tick(tick, plans)
    run.take(batch.messages_before(len(batch.sequences)))
    return Step(run.finish(), tuple(run.entries), rest)


def _bounded(batch: GroupBatch) -> tuple[GroupBatch, GroupBatch | None]:
    """Return the head of the batch that one step may take, cut between records, and the rest."""
    if len(batch.messages) <= MESSAGES_PER_STEP_MAX:
        return batch, None
    cut = max(int(batch.messages.record[MESSAGES_PER_STEP_MAX]), int(batch.messages.record[0]) + 1)
    rest = batch.since(cut)
    return batch.before(cut), None if rest.is_empty() else rest


class _Run:
    """One step on its way through a batch."""

    def __init__(self, state: Live, batch: GroupBatch, account: ShardAccount) -> None:
        self.entries: list[Entry] = []
        tick_ms = state.group.tick_ms if account.tick_ms == NEVER_MS else account.tick_ms
        self._work = Work(state.group.copy(), state.rows, state.geometry, tick_ms)
        self._batch = batch
        self._account = account
        self._folded = 0
        self._refused = list(batch.refused)
        self._late: list[tuple[Admitted, list[int]]] = []

    def take(self, messages: MessageColumns) -> None:
        """Fold the batch's messages up to here that are not folded yet."""
        if len(messages) == self._folded:
            return
        messages = messages.between(self._folded, len(messages))
        self._folded += len(messages)
        admitted, self._work.rows = admit(self._work.group, self._work.rows, self._work.geometry, messages)
        self._refuse(messages, admitted.refused)
        first_piece = len(self._work.gathered.pieces)
        tally = fold(self._work, admitted)
        self._locate_panes(admitted, first_piece)
        self._count(tally)
        if tally.late:
            self._late.append((admitted, tally.late))

    def tick(self, tick: Tick, plans: PlanBook) -> None:
        """Close what the tick closes, switch the plan if it names another, and pass it on."""
        work = self._work
        work.group.tick_ms = max(work.group.tick_ms, tick.tick_ms)
        self._account = structs.replace(self._account, tick_ms=max(self._account.tick_ms, tick.tick_ms))
        work.tick_ms = self._account.tick_ms
        devices, horizon_ms = idle_horizons(work, tick)
        advance(work, devices=devices, horizon_ms=horizon_ms, cause=_by_the_tick)
        if work.group.revisions:
            forget_revisions(work)
        if tick.tick_ms == work.group.tick_ms:  # the slower one of two shards still names the plan before
            self._switch_plan(tick.plan_hash, plans)
        self._flush(tick)

    def finish(self) -> Live:
        """Return the state after the batch."""
        work = self._work
        self._flush(None)
        shard, sequences = self._batch.shard, self._batch.sequences
        sequence = sequences[self._batch.last_record()]
        refused = sorted(self._refused, key=lambda one: (one.record, one.index))
        rejected = self._account.rejected + len(refused)
        work.group.shards[shard] = structs.replace(self._account, sequence=sequence, rejected=rejected)
        if refused:
            self.entries.append(rejection_entry(self._batch, refused, work.group.key_group))
        if self._late:
            self.entries.append(late_entry(self._batch, self._late, work.group))
        return Live(work.group, work.rows, work.geometry)

    def _refuse(self, messages: MessageColumns, places: Int64s) -> None:
        detail = f"key group {self._work.group.key_group} is full: it takes no more devices or metrics"
        records, indices = messages.record[places].tolist(), messages.index[places].tolist()
        datas = {record: split_messages(self._batch.datas[record]) for record in set(records)}
        for record, index in zip(records, indices, strict=True):
            self._refused.append(Refused(record, index, Reason.GROUP_FULL, detail, datas[record][index]))

    def _count(self, tally: Tally) -> None:
        account = self._account
        self._account = structs.replace(
            account,
            messages=account.messages + tally.messages,
            duplicates=account.duplicates + tally.duplicates,
            readings=account.readings + tally.readings,
            late=account.late + len(tally.late),
            conflicts=account.conflicts + tally.conflicts,
        )

    def _locate_panes(self, admitted: Admitted, first_piece: int) -> None:
        """Write into panes the traces of their messages, and into early ones the positions of their readings."""
        for piece in self._work.gathered.pieces[first_piece:]:
            piece.traces = traces_of(piece.cause, admitted.messages, self._batch.datas)
            if piece.rules:
                piece.positions = tuple(
                    f"{self._batch.shard}:{self._batch.sequences[admitted.messages.record[cause]]}"
                    f":{admitted.messages.index[cause]}"
                    for cause in piece.cause.tolist()
                )

    def _flush(self, tick: Tick | None) -> None:
        group = self._work.group
        emitted = self._work.gathered.columns(group)
        self._work.gathered.pieces.clear()
        panes, traces = emitted or (None, {})
        runs = split(panes, PANES_PER_RECORD_MAX) if panes is not None else []
        if tick and not runs and (group.devices or wants_ticks(self._work.geometry.plan, group.key_group)):
            runs = [no_panes(len(self._work.geometry.quantiles))]
        for place, run in enumerate(runs):
            group.number += 1
            ends = tick if place == len(runs) - 1 else None
            message = PaneBatch(
                generation=self._work.geometry.plan.generation,
                group=group.key_group,
                number=group.number,
                panes=run,
                tick_ms=ends.tick_ms if ends else None,
                plan_hash=ends.plan_hash if ends else "",
                shard=self._batch.shard if ends else "",
                traces=_within(traces, place * PANES_PER_RECORD_MAX),
            )
            self.entries.append(Entry(PANES_LANE, "", encode_panes(message), message))

    def _switch_plan(self, plan_hash: str, plans: PlanBook) -> None:
        group = self._work.group
        if plan_hash == group.plan_hash:
            return
        geometry = geometry_of(plans.at(plan_hash))
        if geometry.windows_key() != self._work.geometry.windows_key():
            raise ConfigError(
                f"plan {plan_hash} changes windows, timing or groups within generation "
                f"{geometry.plan.generation}; raise the generation"
            )
        group.plan_hash = plan_hash
        if geometry.plan is not self._work.geometry.plan:
            self._work.geometry = geometry
            before, self._work.rows = self._work.rows, Rows.of(group, geometry)
            keep_told(self._work, before)


def _within(traces: Traces, first: int) -> dict[int, str]:
    """Return the traces of one run of panes, by their places within it."""
    return {place - first: trace for place, trace in traces.items() if 0 <= place - first < PANES_PER_RECORD_MAX}


def _by_the_tick(devices: Int64s, ends_ms: Int64s) -> Int64s:  # noqa: ARG001  all have the one cause
    return np.full(len(devices), AFTER_ALL_MESSAGES)
