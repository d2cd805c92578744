from collections.abc import Iterator

import pytest

from tests.contract.specimens import put_all, read_shard
from tocsin.adapters.embedded.log import EmbeddedLog
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.errors import UsageError
from tocsin.core.keys import key_hash
from tocsin.core.ports import LogRecord


@pytest.fixture
def log() -> Iterator[EmbeddedLog]:
    with open_embedded(None, now_ms=lambda: 0, shards=2) as embedded:
        yield embedded.readings


def put(log: EmbeddedLog, count: int) -> None:
    put_all(log, [LogRecord(f"acme#pump-{number}", str(number).encode()) for number in range(count)])


def test_split_closes_the_shard_and_its_halves_take_over(log: EmbeddedLog) -> None:
    put(log, 40)
    parent = log.shards()[0]
    before = len(read_shard(log, parent.id))

    lower, upper = log.split(parent.id)
    put(log, 40)

    assert (lower.hash_start, upper.hash_end) == (parent.hash_start, parent.hash_end)
    assert lower.hash_end == upper.hash_start
    assert lower.parents == upper.parents == (parent.id,)
    assert len(read_shard(log, parent.id)) == before
    for child in (lower, upper):
        found = read_shard(log, child.id)
        assert found
        assert all(child.hash_start <= key_hash(record.partition_key) < child.hash_end for record in found)


def test_children_begin_their_numbers_anew(log: EmbeddedLog) -> None:
    put(log, 40)
    parent = log.shards()[0]

    lower, _upper = log.split(parent.id)
    put(log, 40)

    assert read_shard(log, lower.id)[0].sequence == read_shard(log, parent.id)[0].sequence


def test_merge_of_neighbours_covers_both_ranges_and_names_both_parents(log: EmbeddedLog) -> None:
    first, second = log.shards()

    merged = log.merge(second.id, first.id)
    put(log, 10)

    assert (merged.hash_start, merged.hash_end) == (first.hash_start, second.hash_end)
    assert set(merged.parents) == {first.id, second.id}
    assert len(read_shard(log, merged.id)) == 10


def test_parents_come_before_children_and_say_that_they_are_closed(log: EmbeddedLog) -> None:
    put(log, 40)
    first, second = log.shards()
    lower, upper = log.split(first.id)
    put(log, 40)
    merged = log.merge(upper.id, second.id)

    shards = {shard.id: shard for shard in log.shards()}

    places = {name: place for place, name in enumerate(shards)}
    assert all(places[parent] < places[name] for name in shards for parent in shards[name].parents)
    assert {name for name, shard in shards.items() if not shard.closed} == {lower.id, merged.id}


def test_closed_shard_is_listed_until_its_last_record_is_trimmed(log: EmbeddedLog) -> None:
    put(log, 40)
    parent = log.shards()[0]
    log.split(parent.id)
    *_, before_last, last = read_shard(log, parent.id)

    log.trim(parent.id, through=before_last.sequence)
    while_left = [shard.id for shard in log.shards()]
    log.trim(parent.id, through=last.sequence)

    assert parent.id in while_left
    assert parent.id not in [shard.id for shard in log.shards()]
    assert list(log.read(parent.id, after=None, limit=10)) == []


def test_closed_shard_cannot_be_split_or_merged(log: EmbeddedLog) -> None:
    first, second = log.shards()
    log.split(first.id)

    with pytest.raises(UsageError, match="is no open shard of readings"):
        log.split(first.id)
    with pytest.raises(UsageError, match="is no open shard of readings"):
        log.merge(first.id, second.id)


def test_shards_that_do_not_touch_cannot_be_merged(log: EmbeddedLog) -> None:
    first, second = log.shards()
    lower, _upper = log.split(first.id)

    with pytest.raises(UsageError, match="only neighbours can be merged"):
        log.merge(lower.id, second.id)
    assert not log.shards()[-1].closed


def test_ids_are_never_used_again(log: EmbeddedLog) -> None:
    seen = {shard.id for shard in log.shards()}

    for _ in range(3):
        children = log.split(log.shards()[-1].id)
        assert not seen & {child.id for child in children}
        seen |= {child.id for child in children}


def test_record_larger_than_a_log_takes_is_refused_with_its_size(log: EmbeddedLog) -> None:
    with pytest.raises(ValueError, match="readings takes records of 1048576 bytes at most, got 1048577"):
        log.put([LogRecord("k", bytes(1024 * 1024))])
