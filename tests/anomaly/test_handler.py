"""The handler: Lambda's events in, transitions in the table, and the position from which to deliver again."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from anomaly.detectors.adaptive import Adaptive
from anomaly.handler import AnomalyHandler, make_handler
from tests.anomaly.specimens import LOW_FLOW, START_MS, Pane, batch, plan_of
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.columns import PaneBatch
from tocsin.core.errors import PublishError, SequenceGapError, UnavailableError
from tocsin.core.formats.pane_bytes import decode_panes, encode_panes
from tocsin.core.formats.rejections import decode_rejections
from tocsin.core.messages import Phase, Transition
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import Backend
from tocsin.core.reasons import Reason

LOW, FINE = 12.1, 25.0
DONE: dict[str, Any] = {"batchItemFailures": []}


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    with open_embedded(None, now_ms=lambda: START_MS) as opened:
        yield opened


@pytest.fixture
def handler(embedded: Embedded) -> AnomalyHandler:
    return make(embedded.backend)


def make(backend: Backend) -> AnomalyHandler:
    return make_handler(backend, PlanBook(plan_of(LOW_FLOW)), Adaptive())


def event(*datas: bytes, first: int = 100) -> dict[str, Any]:
    """Return the event with which Lambda delivers the records, numbered from ``first`` on."""
    return {
        "Records": [
            {
                "eventID": f"shardId-000000000000:{sequence}",
                "eventSource": "aws:kinesis",
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "1.0",
                    "sequenceNumber": str(sequence),
                    "data": b64encode(data).decode(),
                    "approximateArrivalTimestamp": START_MS / 1000,
                },
            }
            for sequence, data in enumerate(datas, first)
        ]
    }


def panes(number: int, mean: float, group: int = 0) -> bytes:
    return encode_panes(replace(batch(number, [Pane(number, mean, f"acme#pump-{group}")]), group=group))


def failed(sequence: int) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": str(sequence)}]}


def phases(backend: Backend) -> list[tuple[str, Phase, int]]:
    found = backend.alerts.query("acme", limit=100)
    return [
        (each.device, each.phase, each.number) for each in sorted(found, key=lambda each: (each.device, each.number))
    ]


def test_panes_become_transitions_in_the_table(embedded: Embedded, handler: AnomalyHandler) -> None:
    answer = handler(event(panes(1, FINE), panes(2, LOW), panes(1, LOW, group=1), panes(3, FINE)), None)

    assert answer == DONE
    assert phases(embedded.backend) == [
        ("pump-0", Phase.FIRING, 1),
        ("pump-0", Phase.RESOLVED, 2),
        ("pump-1", Phase.FIRING, 1),
    ]


def test_delivery_that_comes_again_changes_nothing(embedded: Embedded, handler: AnomalyHandler) -> None:
    delivery = event(panes(1, FINE), panes(2, LOW))
    handler(delivery, None)
    before = phases(embedded.backend)

    assert handler(delivery, None) == DONE
    assert make(embedded.backend)(delivery, None) == DONE, "nor does it in a new process"
    assert phases(embedded.backend) == before


def test_panes_of_a_copy_are_not_read_where_the_group_is_known_to_have_folded_it(
    handler: AnomalyHandler, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler(event(panes(1, FINE), panes(2, LOW)), None)
    read: list[bytes] = []
    monkeypatch.setattr("anomaly.handler.decode_panes", lambda data: read.append(data) or decode_panes(data))

    handler(event(panes(2, LOW), panes(3, FINE), first=101), None)

    assert read == [panes(3, FINE)]


def test_new_process_goes_on_where_the_last_one_stopped(embedded: Embedded, handler: AnomalyHandler) -> None:
    handler(event(panes(1, LOW)), None)

    make(embedded.backend)(event(panes(2, FINE)), None)

    assert phases(embedded.backend) == [("pump-0", Phase.FIRING, 1), ("pump-0", Phase.RESOLVED, 2)]


def test_gap_fails_its_group_and_no_other(embedded: Embedded, handler: AnomalyHandler) -> None:
    answer = handler(event(panes(1, LOW, group=1), panes(2, LOW), panes(2, FINE, group=1)), None)

    assert answer == failed(101)
    assert isinstance(handler.failures[0], SequenceGapError)
    assert phases(embedded.backend) == [("pump-1", Phase.FIRING, 1), ("pump-1", Phase.RESOLVED, 2)]


def test_first_of_several_failed_groups_is_where_to_begin_again(handler: AnomalyHandler) -> None:
    answer = handler(event(panes(1, FINE, group=2), panes(5, LOW, group=1), panes(5, LOW), first=7), None)

    assert answer == failed(8)


def test_damaged_record_is_stored_and_does_not_hold_up_the_shard(embedded: Embedded, handler: AnomalyHandler) -> None:
    damaged = panes(1, LOW, group=1)[:-30]

    answer = handler(event(panes(1, LOW), damaged), None)
    handler(event(damaged, first=101), None)

    assert answer == DONE
    (name,) = embedded.backend.blobs.names("rejected/anomaly/", limit=10)
    (rejection,) = decode_rejections(embedded.backend.blobs.get(name) or b"")
    assert (rejection.reason, rejection.data) == (Reason.FORMAT_UNKNOWN, damaged)
    assert rejection.position is not None
    assert rejection.position.sequence == "101"


def test_group_whose_record_was_damaged_is_refused_from_then_on(handler: AnomalyHandler) -> None:
    answer = handler(event(b"not panes", panes(2, LOW)), None)

    assert answer == failed(101)
    assert isinstance(handler.failures[0], SequenceGapError)


def test_transitions_that_cannot_be_put_are_put_by_the_next_delivery(embedded: Embedded) -> None:
    table = Flaky(embedded.backend.alerts)
    handler = make(replace(embedded.backend, alerts=table))

    answer = handler(event(panes(1, LOW)), None)
    assert answer == failed(100)
    assert isinstance(handler.failures[0], PublishError)
    assert phases(embedded.backend) == []

    table.works = True
    assert handler(event(panes(1, LOW)), None) == DONE
    assert phases(embedded.backend) == [("pump-0", Phase.FIRING, 1)]


class Flaky:
    """A table of alerts that does not answer until told to."""

    def __init__(self, table: Any) -> None:
        self.works = False
        self.feed = table.feed
        self.query = table.query
        self._table = table

    def put(self, transitions: Sequence[Transition]) -> list[bool]:
        if not self.works:
            raise UnavailableError("alerts table did not answer")
        return list(self._table.put(transitions))


def test_what_was_not_judged_is_counted(handler: AnomalyHandler) -> None:
    old: PaneBatch = batch(1, [Pane(1), Pane(0)])

    handler(event(encode_panes(old)), None)

    assert handler.counts() == {"not_newer": 1}


def test_default_detector_judges_adaptive_rules(embedded: Embedded) -> None:
    assert make_handler(embedded.backend, PlanBook(plan_of(LOW_FLOW)))(event(panes(1, LOW)), None) == DONE
