"""What Amazon would bill is counted as its pages say, on what the adapters really send."""

import pytest

from tocsin.adapters.aws.attributes import size_bytes
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import DAY_MS
from tocsin.core.messages import Notification
from tocsin.core.ports import LogRecord, StateKey, StateWrite, WindowItem, WindowStats
from tocsin.runtime.cost.clients import Meter, counting_clients
from tocsin.runtime.cost.counted_ports import DYNAMODB, S3, Book, CountedPorts
from tocsin.runtime.cost.functions import CountedFunction, arrival_ms
from tocsin.runtime.cost.prices import price_table
from tocsin.runtime.cost.usage import Usage

NOW_MS = 1_795_428_000_000
STATS = WindowStats(count=12, mean=61.25, sum=735.0, variance=0.5, min=60.0, max=62.5, first=61.0, last=61.5)


@pytest.fixture
def book() -> Book:
    return Book()


def ports_of(book: Book, **how: int) -> CountedPorts:
    indexes = {"alerts": ("at_ms", "tenant", "fingerprint")}
    return CountedPorts(book, price_table().waits_ms, indexes, lambda: NOW_MS, **how)


def item(metrics: int = 1) -> WindowItem:
    names = [f"pressure_bar_{place}" for place in range(metrics)]
    return WindowItem("acme", "pump-7", 60_000, NOW_MS, 0, dict.fromkeys(names, STATS))


def test_record_costs_a_unit_for_every_25_kb_of_data_and_key(book: Book) -> None:
    with open_embedded(None, now_ms=lambda: NOW_MS) as embedded:
        log = ports_of(book).of_stage("sources", embedded.backend).readings
        log.put([LogRecord("acme#pump-7", b"x"), LogRecord("acme#pump-7", bytes(25 * 1024))])

        assert book.stage("sources").units["put_units"] == 1 + 2
        assert len(embedded.backend.readings.read(log.shards()[0].id, after=None, limit=9)) == 2


@pytest.mark.parametrize(("metrics", "units"), [(1, 1), (5, 1), (18, 2)])
def test_window_costs_a_write_unit_a_kilobyte_of_all_its_metrics(book: Book, metrics: int, units: int) -> None:
    with open_embedded(None, now_ms=lambda: NOW_MS) as embedded:
        ports_of(book).of_stage("processors", embedded.backend).windows.put([item(metrics)])

    usage = book.stage("processors")
    assert usage.units["window_write_units"] == usage.minute_writes[NOW_MS // 60_000] == units


@pytest.mark.parametrize(("how", "days"), [({}, 30), ({"retention_ms": 7 * DAY_MS}, 7)])
def test_window_of_a_minute_is_paid_for_as_long_as_it_is_kept(book: Book, how: dict[str, int], days: int) -> None:
    with open_embedded(None, now_ms=lambda: NOW_MS) as embedded:
        ports_of(book, **how).of_stage("processors", embedded.backend).windows.put([item()])

    assert book.stage("processors").kept_byte_days["windows"] == pytest.approx(days * 278, rel=0.1)


def test_item_of_an_index_is_written_once_more() -> None:
    meter = Meter(Usage(), [])
    client = counting_clients(meter, {"alerts": ("at_ms", "fingerprint")}, lambda: NOW_MS).dynamodb
    client.put_item(TableName="alerts", Item={"pk": {"S": "T#a"}, "at_ms": {"N": "1"}, "fingerprint": {"S": "f"}})
    client.put_item(TableName="alerts", Item={"pk": {"S": "T#a"}})

    assert meter.usage.units["write_units"] == 3 + 1


def test_commit_is_a_request_to_s3_whatever_its_size_and_a_write_unit_a_kilobyte_in_a_table(book: Book) -> None:
    write = StateWrite(StateKey(1, 0, "processors"), bytes(100 * 1024), "")
    with open_embedded(None, now_ms=lambda: NOW_MS) as embedded:
        state = ports_of(book).of_stage("processors", embedded.backend).state
        state.commit([write])
        state.load([write.key])

    assert dict(book.state("processors", S3).units) == {"s3_puts": 1, "s3_gets": 1}
    assert dict(book.state("processors", DYNAMODB).units) == {"write_units": 101, "read_units": 25}


def test_state_that_no_table_takes_is_told_and_counted_in_the_bucket(book: Book) -> None:
    write = StateWrite(StateKey(1, 0, "anomaly"), bytes(5_000_000), "")
    with open_embedded(None, now_ms=lambda: NOW_MS) as embedded:
        ports_of(book).of_stage("anomaly", embedded.backend).state.commit([write])

    assert "keep its stage's state on S3" in book.refused["anomaly", DYNAMODB]
    assert book.state("anomaly", S3).units["s3_puts"] == 1


def test_requests_that_go_side_by_side_are_waited_for_once(book: Book) -> None:
    writes = [StateWrite(StateKey(1, group, "processors"), b"", "") for group in range(8)]
    with open_embedded(None, now_ms=lambda: NOW_MS) as embedded:
        ports_of(book).of_stage("processors", embedded.backend).state.commit(writes)

    usage = book.state("processors", S3)
    assert (usage.request_count, usage.waits_ms) == (8, price_table().waits_ms["s3_put"])


def test_every_notification_of_a_batch_is_a_message(book: Book) -> None:
    told = [
        Notification(
            id=f"n{number}",
            tenant="acme",
            number=number,
            subject="s",
            text="t",
            attributes={},
            alerts=(),
            at_ms=NOW_MS,
            group="acme",
            left=0,
        )
        for number in range(3)
    ]
    with open_embedded(None, now_ms=lambda: NOW_MS) as embedded:
        ports_of(book).of_stage("alerts", embedded.backend).topic.publish(told)

    assert book.stage("alerts").units["sns_publishes"] == 3


class Quiet:
    """A handler that does nothing and says that it did."""

    def __call__(self, event: dict[str, object], context: object) -> dict[str, object]:
        return {"seen": len(event), "context": context}

    def measures(self) -> dict[str, float]:
        return {"messages": 3, "late": 0}


def test_call_of_a_function_counts_what_came_how_long_it_waited_and_what_is_logged(book: Book) -> None:
    function = CountedFunction(
        "processors", Quiet(), book, price_table().model, lambda: NOW_MS, namespace="Tocsin/test"
    )
    records = [
        {"kinesis": {"partitionKey": key, "approximateArrivalTimestamp": (NOW_MS - held) / 1_000}}
        for key, held in (("a#1", 4_000), ("a#1", 2_000), ("a#2", 0))
    ]

    answer = function({"Records": records}, None)

    usage = book.stage("processors")
    assert answer == {"seen": 1, "context": None}
    assert (usage.units["lambda_calls"], usage.record_count, usage.key_count) == (1, 3, 2)
    assert (usage.held_ms, usage.held_ms_max) == (6_000, 4_000)
    assert usage.kept_bytes["logs"] > 3 * 136 + 100
    assert book.metrics == {("processors", "messages")}


def test_messages_of_a_queue_are_received_and_forgotten_ten_at_a_time(book: Book) -> None:
    function = CountedFunction("ingest", Quiet(), book, price_table().model, lambda: NOW_MS, namespace="Tocsin/test")
    message = {"eventSource": "aws:sqs", "attributes": {"SentTimestamp": str(NOW_MS - 500)}}

    function({"Records": [message] * 25}, None)

    assert book.stage("ingest").units["sqs_requests"] == 6
    assert arrival_ms(message) == NOW_MS - 500


def test_sizes_are_those_of_the_items_that_the_adapter_writes() -> None:
    meter = Meter(Usage(), [])
    stored = {"pk": {"S": "T#a"}, "expires": {"N": str(NOW_MS // 1_000 + 10 * 86_400)}}
    client = counting_clients(meter, {}, lambda: NOW_MS).dynamodb
    client.batch_write_item(RequestItems={"windows": [{"PutRequest": {"Item": stored}}, {"DeleteRequest": {}}]})

    assert meter.usage.units == {"window_write_units": 1, "write_units": 1}
    assert meter.usage.kept_byte_days["windows"] == pytest.approx((size_bytes(stored) + 100) * 10, abs=1)
