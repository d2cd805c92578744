"""The Lambda handler of the log of readings: a batch of one shard in, the failed positions out."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import numpy as np

from processors.batch import GroupBatch, by_group
from processors.copies import copies
from processors.meter import Meter
from processors.stage import NAME, Processors
from processors.state import ShardAccount
from processors.step import Live
from tocsin.adapters.function import Entry
from tocsin.adapters.telemetry import fact_logger, told
from tocsin.core.columns import MessageColumns, no_messages
from tocsin.core.errors import DamagedError, TransientError
from tocsin.core.formats.arrays import int64s, looked_up
from tocsin.core.formats.batch_answer import batch_failures
from tocsin.core.formats.json_readings import Refused, decode_records
from tocsin.core.formats.kinesis_event import RecordColumns, kinesis_columns
from tocsin.core.formats.ticks import decode_tick
from tocsin.core.keys import KEY_CACHE_MAX, TICK_KEY, group_of, groups_between
from tocsin.core.machine import Machine
from tocsin.core.messages import Tick
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Plan
from tocsin.core.ports import Backend
from tocsin.core.reasons import Reason

logger: Final = fact_logger(NAME)


class ProcessorsHandler:
    """Folds deliveries of the log of readings; built once, at cold start.

    Attributes:
        failures: Why groups failed in the last call; empty where all went well.
    """

    def __init__(self, backend: Backend, plans: PlanBook) -> None:
        self.failures: dict[int, TransientError] = {}
        self._plan: Final[Plan] = plans.first
        self._machine: Machine[Live, GroupBatch] = Machine(Processors(backend, plans), backend.state)
        self._groups: Final = _Groups(self._plan.groups)
        self._measures: dict[str, float] = {}

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG002  Lambda passes it
        """Fold the event's records; return the first sequence number that must be delivered again.

        Raises:
            UnavailableError: The state store did not answer; the whole batch comes again.
        """
        records = kinesis_columns(event)
        batches = self._batches(records)
        self._measures = {}
        meter = Meter(self._machine, batches)
        self.failures = self._machine.run(batches)
        self._measures = meter.measures(records, batches, self._plan.timing.out_of_orderness_ms)
        firsts = {group: self._first_record(records, group, batches[group]) for group in self.failures}
        for group, error in self.failures.items():
            logger.warning("group failed", group=group, error=told(error), sequence=records.sequences[firsts[group]])
        first = min(firsts.values(), default=None)
        return batch_failures([] if first is None else [records.sequences[first]])

    def measures(self) -> dict[str, float]:
        """Return what the last call did, as metrics."""
        return self._measures

    def accounts(self) -> dict[str, ShardAccount]:
        """Return what each shard brought, over all groups that this process has folded."""
        totals: dict[str, ShardAccount] = {}
        for group in range(self._plan.groups):
            state = self._machine.held_state(group)
            for shard, account in (state.group.shards if state else {}).items():
                totals[shard] = account.plus(totals.get(shard, ShardAccount()))
        return totals

    def _batches(self, records: RecordColumns) -> dict[int, GroupBatch]:
        """Return what the records bring to each key group.

        Of copies nothing is read. Their groups are among those returned: what these have not published goes out.
        """
        known = copies(records, self._groups, self._machine, self._plan.groups)
        messages, refused, ticks = _decode(records, self._plan, known)
        by_message = by_group(messages, int64s(looked_up(self._groups, messages.devices))[messages.device])
        by_refusal: dict[int, list[Refused]] = {}
        for one in refused:
            by_refusal.setdefault(self._groups[records.keys[one.record]], []).append(one)
        return {
            group: GroupBatch(
                records.shard,
                records.sequences,
                by_message.get(group) or no_messages(),
                tuple(by_refusal.get(group, ())),
                tuple((record, tick) for record, tick in ticks if group in self._groups_under(tick)),
                records.keys,
                records.datas,
            )
            for group in sorted({*by_message, *by_refusal, *known.values(), *self._groups_ticked(ticks)})
        }

    def _first_record(self, records: RecordColumns, group: int, batch: GroupBatch) -> int:
        """Return the first record of the delivery that concerns the group."""
        of_group = (place for place, key in enumerate(records.keys) if key != TICK_KEY and self._groups[key] == group)
        return min([*islice(of_group, 1), *(record for record, _ in batch.ticks[:1])])

    def _groups_under(self, tick: Tick) -> range:
        return groups_between(tick.hash_start, tick.hash_end, self._plan.groups)

    def _groups_ticked(self, ticks: Iterable[tuple[int, Tick]]) -> set[int]:
        return {group for _, tick in ticks for group in self._groups_under(tick)}


class _Groups(dict[str, int]):
    """Partition key to its key group."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self._count = groups

    def __missing__(self, key: str) -> int:
        if len(self) >= KEY_CACHE_MAX:
            self.clear()
        self[key] = group = group_of(key, self._count)
        return group


def make_handler(backend: Backend, plans: PlanBook) -> ProcessorsHandler:
    """Return the handler on the backend's ports."""
    return ProcessorsHandler(backend, plans)


def _decode(
    records: RecordColumns, plan: Plan, known: Mapping[int, int]
) -> tuple[MessageColumns, list[Refused], list[tuple[int, Tick]]]:
    """Return the messages, what is refused, and the ticks, each with its record; nothing of known records."""
    if not known and TICK_KEY not in records.keys:
        return *decode_records(records.keys, records.datas, records.arrivals_ms, plan.bounds), []
    ticks: list[tuple[int, Tick]] = []
    damaged: list[Refused] = []
    others = []
    for record, key in enumerate(records.keys):
        if key != TICK_KEY:
            if record not in known:
                others.append(record)
            continue
        try:
            tick = decode_tick(records.datas[record])
        except DamagedError as error:
            damaged.append(Refused(record, 0, Reason.FORMAT_UNKNOWN, str(error), records.datas[record]))
            continue
        if tick.shard in {"", records.shard}:  # one that a split or merge has overtaken speaks for nobody
            ticks.append((record, tick))
    messages, refused = _decode_others(records, others, plan) if others else (no_messages(), [])
    return messages, sorted([*refused, *damaged], key=lambda one: (one.record, one.index)), ticks


def _decode_others(records: RecordColumns, others: list[int], plan: Plan) -> tuple[MessageColumns, list[Refused]]:
    """Decode the records at the places, and number what they hold by those places."""
    places = np.array(others, np.int32)
    keys, datas = [records.keys[place] for place in others], [records.datas[place] for place in others]
    messages, refused = decode_records(keys, datas, records.arrivals_ms[places], plan.bounds)
    refused = [replace(one, record=others[one.record]) for one in refused]
    return replace(messages, record=places[messages.record]), refused


handler: Final = Entry(NAME, ("panes", "state", "windows", "directory", "blobs"), make_handler)
