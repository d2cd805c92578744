"""Contenders of the hot path that begin with the event's JSON: one handler, and all three to the alerts."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import alerts.handler
import anomaly.handler
import processors.handler
from benchmarks.folding import PLAN, SHARD
from benchmarks.workload import METRICS, Workload
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import AdaptiveRule, LimitsRule, Plan
from tocsin.core.ports import LogReader, StoredRecord
from tocsin.runtime.events import feed_event, kinesis_event_of

RULES = (
    LimitsRule("high", metric=METRICS[0], above=29.99, window_ms=60_000),
    AdaptiveRule("odd", window_ms=60_000),
)
CHAIN_PLAN = Plan(metrics=PLAN.metrics, rules=RULES, groups=1)
TAKEN_MAX = 1_000


def events_of(work: Workload, batch: int) -> list[str]:
    """Return the workload as the JSON of Lambda's events."""
    event_of = kinesis_event_of("readings")
    columns = (work.sequences, work.keys, work.datas, work.arrivals_ms)
    records = [StoredRecord(SHARD, *told) for told in zip(*columns, strict=True)]
    return [json.dumps(event_of(records[begin : begin + batch])) for begin in range(0, len(records), batch)]


def handler_of_event(work: Workload, batch: int) -> float:
    """Read the event's JSON as Lambda's runtime does, and fold it, committed to memory; return what comes before."""
    begun_s = time.process_time()
    events = events_of(work, batch)
    prepared_s = time.process_time() - begun_s
    with open_embedded(None, now_ms=lambda: work.arrivals_ms[0]) as embedded:
        fold = processors.handler.make_handler(embedded.backend, PlanBook(PLAN))
        for event in events:
            assert fold(json.loads(event), None) == {"batchItemFailures": []}
    return prepared_s


def whole_chain(work: Workload, batch: int) -> float:
    """Fold as before, judge the panes, tell of the alerts; the events between are built, as the runtime does."""
    begun_s = time.process_time()
    events = events_of(work, batch)
    prepared_s = time.process_time() - begun_s
    with open_embedded(None, now_ms=lambda: work.arrivals_ms[0]) as embedded:
        chain = _Chain(embedded)
        for event in events:
            chain.take(json.loads(event))
        assert chain.transitions, "the rules must find something"
    return prepared_s


class _Chain:
    """The three handlers, and how far the two logs between them are read."""

    def __init__(self, embedded: Embedded) -> None:
        self.transitions = 0
        plans = PlanBook(CHAIN_PLAN)
        backend = embedded.backend
        self._backend = backend
        self._fold = processors.handler.make_handler(backend, plans)
        self._judge = anomaly.handler.make_handler(backend, plans)
        self._tell = alerts.handler.make_handler(backend, plans)
        self._after: dict[str, str] = {}

    def take(self, event: dict[str, Any]) -> None:
        """Fold the event, and deliver all that comes of it."""
        done: dict[str, Any] = {"batchItemFailures": []}
        assert self._fold(event, None) == done
        assert self._deliver(self._backend.panes, kinesis_event_of("panes"), self._judge) >= 0
        self.transitions += self._deliver(self._backend.alerts.feed, feed_event, self._tell)

    def _deliver(
        self,
        reader: LogReader,
        event_of: Callable[[Sequence[StoredRecord]], dict[str, Any]],
        handler: Callable[[dict[str, Any], object], dict[str, Any]],
    ) -> int:
        delivered = 0
        for shard in reader.shards():
            place = f"{id(reader)} {shard.id}"
            while records := reader.read(shard.id, after=self._after.get(place), limit=TAKEN_MAX):
                assert handler(event_of(records), None) == {"batchItemFailures": []}
                self._after[place] = records[-1].sequence
                delivered += len(records)
        return delivered
