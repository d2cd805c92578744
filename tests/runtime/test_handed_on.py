"""Where panes have no log, they are judged within the call that folds the readings: the same alerts, exactly once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.runtime.walk import PLAN, START_MS, play, walk
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import MINUTE_MS, VirtualClock
from tocsin.core.errors import CommitContendedError, UnavailableError
from tocsin.core.formats.pane_bytes import decode_sender
from tocsin.core.formats.recording import Header
from tocsin.core.plan.book import PlanBook, plan_blob
from tocsin.core.ports import Backend, LogRecord, StoredRecord
from tocsin.runtime.events import kinesis_event_of
from tocsin.runtime.faults import HOW, Failure
from tocsin.runtime.handed_on import HandedOn
from tocsin.runtime.joined import JoinedHandler
from tocsin.runtime.mapping import MappingSettings
from tocsin.runtime.pipeline import Pipeline, PipelineSettings
from tocsin.runtime.replay import Replayed, ReplaySettings, replay
from tocsin.runtime.shaky import shaky_stages
from tocsin.runtime.stages import MakeStages, Stages, make_stages

JOINED = PipelineSettings(is_joined=True)
RECORDS = list(walk(minutes=12))
EVENT_OF = kinesis_event_of("readings")


def replayed(settings: PipelineSettings, stages: MakeStages = make_stages, *, shards: int = 1) -> Replayed:
    header = Header(clock="virtual", shards=shards)
    return replay(header, RECORDS, PLAN, ReplaySettings(mappings=settings, stages=stages))


@pytest.fixture(scope="module")
def with_log() -> Replayed:
    return replayed(PipelineSettings())


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("batch", [5, 5_000])
def test_the_alerts_and_accounts_are_those_of_panes_with_a_log(with_log: Replayed, shards: int, batch: int) -> None:
    joined = replayed(replace(JOINED, processors=MappingSettings(batch_records_max=batch)), shards=shards)

    assert with_log.transitions
    assert joined.transitions == replayed(PipelineSettings(), shards=shards).transitions
    assert joined.counts == replayed(PipelineSettings(), shards=shards).counts


@pytest.mark.parametrize("how", HOW)
def test_calls_that_fail_again_and_again_change_nothing(with_log: Replayed, how: Any) -> None:
    failures = [Failure("processors", call, how) for call in range(0, 24, 3)]

    shaken = replayed(JOINED, shaky_stages(make_stages, failures, {}))

    assert shaken.transitions == with_log.transitions


@pytest.mark.parametrize("is_done_first", [False, True], ids=["not done", "done, the answer lost"])
@pytest.mark.parametrize(("part", "method"), [("state", "load"), ("state", "commit"), ("alerts", "put")])
def test_judging_that_is_cut_off_is_done_again_and_counts_once(
    with_log: Replayed, part: str, method: str, is_done_first: bool
) -> None:
    cuts: list[int] = []

    def stages(backend: Backend, plans: PlanBook) -> Stages:
        port = _Cut(getattr(backend, part), method, cuts, is_done_first=is_done_first)
        cut: Any = {part: port}
        return replace(make_stages(backend, plans), anomaly=make_stages(replace(backend, **cut), plans).anomaly)

    shaken = replayed(JOINED, stages)

    assert cuts
    assert shaken.transitions == with_log.transitions
    assert shaken.counts
    assert with_log.counts
    assert shaken.counts.transitions == with_log.counts.transitions


def test_panes_of_a_group_that_failed_are_refused_and_those_of_others_are_taken() -> None:
    with open_embedded(None, now_ms=(clock := VirtualClock(START_MS)).now_ms) as embedded:
        pipeline = Pipeline(embedded, PLAN, clock.now_ms)
        pipeline.start_ticks()
        list(play(pipeline, clock, RECORDS))
        log = embedded.backend.panes
        kept = [LogRecord(one.partition_key, one.data) for one in log.read(log.shards()[0].id, after=None, limit=99)]
    groups = [decode_sender(one.data).group for one in kept]

    refused = HandedOn(lambda _: {groups[0]: CommitContendedError("by others")}).put(kept)

    assert refused == [place for place, group in enumerate(groups) if group == groups[0]]
    assert 0 < len(refused) < len(kept)


def test_the_function_of_both_stages_judges_as_the_two_functions_do() -> None:
    clock = VirtualClock(START_MS)
    with open_embedded(None, now_ms=clock.now_ms) as two, open_embedded(None, now_ms=clock.now_ms) as one:
        pipeline = Pipeline(two, PLAN, clock.now_ms)
        pipeline.start_ticks()
        list(play(pipeline, clock, RECORDS))
        shard = two.backend.readings.shards()[0].id
        log = two.backend.readings.read(shard, after=None, limit=100_000)
        handler = JoinedHandler(one.backend, PlanBook(PLAN, lambda named: two.backend.blobs.get(plan_blob(named))))

        measured = [_fold(handler, log[start : start + 40]) for start in range(0, len(log), 40)]

        told = two.backend.alerts.query("acme", limit=1_000)
        assert told
        assert one.backend.alerts.query("acme", limit=1_000) == told
        assert _windows(one.backend) == _windows(two.backend)
        assert not _panes(one.backend)
    assert sum(each["commits"] for each in measured) > len(measured), "both stages commit"
    assert {each["outbox_unpublished"] for each in measured} == {0}


class _Cut:
    """A port one of whose methods fails every third time it is called."""

    def __init__(self, port: object, method: str, cuts: list[int], *, is_done_first: bool) -> None:
        self._port = port
        self._method = method
        self._cuts = cuts
        self._is_done_first = is_done_first
        self._calls = 0

    def __getattr__(self, name: str) -> Any:
        found: Callable[..., Any] = getattr(self._port, name)
        if name != self._method:
            return found

        def call(*arguments: object, **named: object) -> object:
            self._calls += 1
            if self._calls % 3 != 1:
                return found(*arguments, **named)
            self._cuts.append(self._calls)
            if self._is_done_first:
                found(*arguments, **named)
            raise UnavailableError(f"{name} did not answer")

        return call


def _fold(handler: JoinedHandler, records: Sequence[StoredRecord]) -> dict[str, float]:
    assert handler(EVENT_OF(records), None) == {"batchItemFailures": []}
    return dict(handler.measures())


def _windows(backend: Backend) -> list[Any]:
    return backend.windows.query("acme", "pump-1", size_ms=MINUTE_MS, start_ms=0, end_ms=START_MS * 2, limit=999)


def _panes(backend: Backend) -> int:
    return sum(len(backend.panes.read(one.id, after=None, limit=9)) for one in backend.panes.shards())
