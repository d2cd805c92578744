"""The archive holds every record of the log once, by tenant and hour, however it is delivered."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from ingest.archive import STEP_BYTES_MAX, ArchiveHandler, group_of_shard, make_handler
from tests.ingest.specimens import PLANS, Flaky, opened
from tocsin.core.clock import HOUR_MS
from tocsin.core.errors import DamagedError, UnavailableError
from tocsin.core.formats.archive_part import ARCHIVE_PREFIX, decode_part, hour_prefix, owner_of
from tocsin.core.keys import TICK_KEY
from tocsin.core.ports import Backend, StoredRecord
from tocsin.runtime.events import kinesis_event_of

START_MS = 1_795_435_200_000
KEYS = ("acme#pump-1", "beta#pump-2", TICK_KEY, "no tenant")


def records(count: int, shard: str = "shardId-000000000003") -> list[StoredRecord]:
    """Return records of several owners over three hours."""
    return [
        StoredRecord(shard, str(9_990 + place), KEYS[place % 4], b"%d" % place, START_MS + place * HOUR_MS // 8)
        for place in range(count)
    ]


def deliver(handler: ArchiveHandler, batch: list[StoredRecord]) -> list[str]:
    answer: dict[str, Any] = handler(kinesis_event_of("readings")(batch), None)
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def held(backend: Backend) -> list[tuple[str, str, bytes]]:
    """Return owner, position and payload of all that the archive holds."""
    names = backend.blobs.names(ARCHIVE_PREFIX, limit=10_000)
    return [
        (name.split("/")[1], record.position, record.data)
        for name in names
        for record in decode_part(backend.blobs.get(name) or b"", name)
    ]


def expected(given_records: list[StoredRecord]) -> Counter[tuple[str, str, bytes]]:
    return Counter((owner_of(one.partition_key), f"{one.shard}:{one.sequence}", one.data) for one in given_records)


def test_each_record_lies_under_its_tenant_and_hour_and_ticks_and_strangers_apart() -> None:
    backend = opened().backend

    deliver(make_handler(backend, PLANS), records(24))

    owners = {name.split("/")[1] for name in backend.blobs.names(ARCHIVE_PREFIX, limit=99)}
    assert owners == {"acme", "beta", TICK_KEY, "!other"}
    assert hour_prefix("acme", START_MS) == "recordings/acme/2026-11-23/12/"
    (name,) = backend.blobs.names(hour_prefix("acme", START_MS + HOUR_MS), limit=9)
    assert [one.arrival_ms // HOUR_MS * HOUR_MS for one in decode_part(backend.blobs.get(name) or b"", name)] == [
        START_MS + HOUR_MS
    ] * 2
    assert Counter(held(backend)) == expected(records(24))


@given(
    cuts=st.lists(st.tuples(st.integers(0, 29), st.integers(1, 12)), max_size=12),
    refusals=st.lists(st.sampled_from([(), None]), max_size=8),
    fresh=st.sets(st.integers(0, 12)),
)
@settings(max_examples=120, deadline=None)
def test_every_record_is_archived_once_however_batches_are_cut_and_come_again(
    cuts: list[tuple[int, int]], refusals: list[Any], fresh: set[int]
) -> None:
    log, backend = records(30), opened().backend
    shaky = replace(backend, blobs=Flaky(backend.blobs, list(refusals)))
    handler = make_handler(shaky, PLANS)
    done = 0
    for turn, (back, size) in enumerate(cuts):
        begin = max(0, done - back)
        batch = log[begin : begin + size]
        handler = make_handler(shaky, PLANS) if turn in fresh else handler
        if batch and not deliver(handler, batch):
            done = max(done, begin + len(batch))
    for _ in range(10):  # until the store takes everything
        if not deliver(handler, log[done:] or log[-1:]):
            break

    assert Counter(held(backend)) == expected(log)


def test_what_cannot_be_written_comes_again_and_is_no_second_part() -> None:
    backend = opened().backend
    handler = make_handler(replace(backend, blobs=Flaky(backend.blobs, [None])), PLANS)

    first = deliver(handler, records(8))
    second = deliver(handler, records(8))

    assert (first, second) == (["9990"], [])
    assert Counter(held(backend)) == expected(records(8))


def test_two_processes_that_archive_the_same_shard_write_each_record_once() -> None:
    backend = opened().backend
    one, other = make_handler(backend, PLANS), make_handler(backend, PLANS)
    log = records(20)

    for begin in range(0, 20, 5):
        deliver(one, log[begin : begin + 7])
        deliver(other, log[begin : begin + 4])

    assert Counter(held(backend)) == expected(log)


def test_a_batch_that_is_large_is_archived_in_several_commits() -> None:
    backend = opened().backend
    large = [structs.replace(one, data=b"x" * (STEP_BYTES_MAX // 3), partition_key="acme#a") for one in records(8)]

    deliver(make_handler(backend, PLANS), large)

    assert len(backend.blobs.names(ARCHIVE_PREFIX, limit=99)) >= 3
    assert Counter(held(backend)) == expected(large)


def test_a_store_that_does_not_answer_fails_the_call() -> None:
    backend = opened().backend

    class Down:
        def load(self, _: object) -> Any:
            raise UnavailableError("no answer")

    with pytest.raises(UnavailableError):
        deliver(make_handler(replace(backend, state=Down()), PLANS), records(3))  # type: ignore[arg-type]


def test_a_damaged_part_is_said_and_not_guessed() -> None:
    backend = opened().backend
    deliver(make_handler(backend, PLANS), records(4))
    (name, *_) = backend.blobs.names(ARCHIVE_PREFIX, limit=9)
    data = backend.blobs.get(name) or b""

    with pytest.raises(DamagedError, match="cannot be read"):
        list(decode_part(data[:-12], name))
    with pytest.raises(DamagedError, match="part x cannot be read"):
        list(decode_part(b"", "x"))


def test_shards_of_any_name_have_a_group() -> None:
    assert group_of_shard("shardId-000000000007") == 7
    assert group_of_shard("other") == group_of_shard("other")


def test_an_event_without_records_and_one_of_another_kind() -> None:
    handler = make_handler(opened().backend, PLANS)

    assert handler({"Records": []}, None) == {"batchItemFailures": []}
    with pytest.raises(ValueError, match="event must be one of a Kinesis stream"):
        handler({"Records": [{}]}, None)
