"""A backend that stamps by its own clock looks as if it lived by the given one."""

from collections.abc import Iterator

import pytest

from tests.contract.specimens import ACTION, NOW_MS, TRANSITION
from tocsin.adapters.embedded.open import open_embedded
from tocsin.adapters.embedded.segments import DatedRecord
from tocsin.core.clock import VirtualClock
from tocsin.core.ports import LogRecord, StoredRecord
from tocsin.runtime.virtual_time import VirtualHost


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW_MS)


@pytest.fixture
def host(clock: VirtualClock) -> Iterator[VirtualHost]:
    """A host over a backend whose own clock stands at the epoch."""
    with open_embedded(None, now_ms=lambda: 0, shards=2) as embedded:
        yield VirtualHost(embedded, clock.now_ms)


def everything(host: VirtualHost) -> list[StoredRecord]:
    readings = host.backend.readings
    return [record for shard in readings.shards() for record in readings.read(shard.id, after=None, limit=10)]


def test_record_arrives_when_the_given_clock_says_and_is_otherwise_as_it_was_put(
    host: VirtualHost, clock: VirtualClock
) -> None:
    upper = 2**127
    host.backend.readings.put([LogRecord("acme#pump-7", b"data", upper)])
    clock.advance_to(NOW_MS + 5)
    host.backend.readings.put([LogRecord("acme#pump-7", b"", upper)])

    first, second = everything(host)

    assert (first.partition_key, first.data, first.arrival_ms) == ("acme#pump-7", b"data", NOW_MS)
    assert (second.data, second.arrival_ms) == (b"", NOW_MS + 5)
    assert first.shard == host.backend.readings.shards()[1].id


def test_record_that_has_a_date_keeps_it(host: VirtualHost) -> None:
    host.backend.readings.put([DatedRecord("acme#pump-7", b"data", None, 42)])

    assert [record.arrival_ms for record in everything(host)] == [42]


def test_feed_tells_when_it_was_put_the_first_time(host: VirtualHost, clock: VirtualClock) -> None:
    alerts = host.backend.alerts
    alerts.put([TRANSITION])
    clock.advance_to(NOW_MS + 5)
    alerts.put([TRANSITION])
    alerts.put_action(ACTION)

    (shard,) = alerts.feed.shards()

    assert [record.arrival_ms for record in alerts.feed.read(shard.id, after=None, limit=10)] == [NOW_MS, NOW_MS + 5]


def test_message_was_sent_when_the_given_clock_said_and_has_its_own_attributes_only(
    host: VirtualHost, clock: VirtualClock
) -> None:
    host.backend.gateway.send(["body"], {"tenant": "acme"})
    clock.advance_to(NOW_MS + 5)

    (message,) = host.backend.gateway.receive(limit=10, visibility_ms=1_000)

    assert (message.sent_ms, dict(message.attributes)) == (NOW_MS, {"tenant": "acme"})
    assert host.backend.gateway.name == "gateway"


def test_what_is_written_after_nothing_was_found_is_found(host: VirtualHost) -> None:
    readings, feed = host.backend.readings, host.backend.alerts.feed
    assert everything(host) == []
    (shard,) = feed.shards()
    assert list(feed.read(shard.id, after=None, limit=10)) == []
    assert host.backend.gateway.receive(limit=10, visibility_ms=1_000) == []

    readings.put([LogRecord("acme#pump-7", b"data")])
    host.backend.alerts.put([TRANSITION])
    host.backend.gateway.send(["body"])

    assert len(everything(host)) == 1
    assert len(feed.read(shard.id, after=None, limit=10)) == 1
    assert len(host.backend.gateway.receive(limit=10, visibility_ms=1_000)) == 1


def test_queue_is_asked_again_as_long_as_something_was_not_deleted(host: VirtualHost) -> None:
    gateway = host.backend.gateway
    gateway.send(["a", "b"])
    first, second = gateway.receive(limit=10, visibility_ms=1_000)
    gateway.delete([first.receipt])
    gateway.release([second.receipt])

    assert [message.body for message in gateway.receive(limit=10, visibility_ms=1_000)] == [second.body]


def test_checkpoints_last_as_long_as_the_host(host: VirtualHost) -> None:
    host.checkpoints.save("processors", "s1", "7")

    assert host.checkpoints.load("processors") == {"s1": "7"}
    assert host.checkpoints.load("anomaly") == {}
