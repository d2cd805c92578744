from collections.abc import Callable
from itertools import pairwise

import pytest

from tests.contract.conftest import Deployment
from tests.contract.specimens import NOW_MS, put_all, read_all, read_shard, records
from tocsin.core.clock import VirtualClock
from tocsin.core.keys import HASH_END, key_hash
from tocsin.core.ports import Backend, Log, LogRecord

Factory = Callable[[int], Deployment]


@pytest.fixture(params=["readings", "panes"])
def log(request: pytest.FixtureRequest, backend: Backend) -> Log:
    found: Log = getattr(backend, request.param)
    return found


def only_shard(log: Log) -> str:
    (shard,) = log.shards()
    return shard.id


def test_record_comes_back_as_it_was_put_with_shard_and_arrival(log: Log) -> None:
    put_all(log, [LogRecord("acme#pump-7", b"\x00\xff")])

    (record,) = read_all(log)

    assert (record.partition_key, record.data) == ("acme#pump-7", b"\x00\xff")
    assert record.shard == only_shard(log)
    assert record.arrival_ms == NOW_MS


def test_arrival_is_read_from_the_given_clock(log: Log, clock: VirtualClock) -> None:
    put_all(log, records(b"a"))
    clock.advance_to(NOW_MS + 250)
    put_all(log, records(b"b"))

    assert [record.arrival_ms for record in read_all(log)] == [NOW_MS, NOW_MS + 250]


def test_records_of_a_shard_keep_their_order_over_many_puts(log: Log) -> None:
    datas = [str(number).encode() for number in range(30)]
    for start in range(0, 30, 7):
        put_all(log, records(*datas[start : start + 7]))

    assert [record.data for record in read_all(log)] == datas


def test_sequence_numbers_are_decimal_and_ascend_as_numbers(log: Log) -> None:
    for number in range(25):
        put_all(log, records(b"x", b"y", key=f"acme#pump-{number}"))

    sequences = [record.sequence for record in read_all(log)]

    assert all(sequence.isdecimal() for sequence in sequences)
    numbers = list(map(int, sequences))
    assert all(earlier < later for earlier, later in pairwise(numbers))
    assert numbers[0] > 0


def test_nothing_put_is_nothing_refused_and_nothing_read(log: Log) -> None:
    assert list(log.put([])) == []
    assert read_all(log) == []


@pytest.mark.parametrize("limit", [1, 3, 10, 11, 1_000])
def test_any_limit_reads_the_same_records(log: Log, limit: int) -> None:
    for size in (1, 4, 5):
        put_all(log, records(*(f"{size}.{place}".encode() for place in range(size))))

    found = read_shard(log, only_shard(log), limit=limit)

    assert [record.data.decode() for record in found] == [
        f"{size}.{place}" for size in (1, 4, 5) for place in range(size)
    ]


def test_reading_after_a_record_begins_with_the_next(log: Log) -> None:
    put_all(log, records(b"a", b"b", b"c", b"d"))
    everything = read_all(log)

    found = log.read(only_shard(log), after=everything[1].sequence, limit=10)

    assert list(found) == everything[2:]


def test_reading_after_the_newest_finds_nothing_until_more_is_put(log: Log) -> None:
    put_all(log, records(b"a"))
    (newest,) = read_all(log)
    before = list(log.read(newest.shard, after=newest.sequence, limit=10))
    put_all(log, records(b"b"))

    after = log.read(newest.shard, after=newest.sequence, limit=10)

    assert before == []
    assert [record.data for record in after] == [b"b"]


def test_trim_forgets_up_to_and_including_the_number(log: Log) -> None:
    put_all(log, records(b"a", b"b", b"c"))
    put_all(log, records(b"d"))
    everything = read_all(log)

    log.trim(only_shard(log), through=everything[1].sequence)

    assert read_all(log) == everything[2:]


def test_trimming_less_again_brings_nothing_back(log: Log) -> None:
    put_all(log, records(b"a", b"b", b"c"))
    everything = read_all(log)
    log.trim(only_shard(log), through=everything[1].sequence)

    log.trim(only_shard(log), through=everything[0].sequence)

    assert read_all(log) == everything[2:]


def test_sequence_numbers_go_on_after_everything_was_trimmed(log: Log) -> None:
    put_all(log, records(b"a", b"b"))
    newest = read_all(log)[-1]
    log.trim(newest.shard, through=newest.sequence)

    put_all(log, records(b"c"))

    (found,) = read_all(log)
    assert found.data == b"c"
    assert int(found.sequence) > int(newest.sequence)


def test_trimming_past_the_newest_does_not_hide_what_comes(log: Log) -> None:
    put_all(log, records(b"a"))
    (newest,) = read_all(log)
    log.trim(newest.shard, through=str(int(newest.sequence) + 1_000))

    put_all(log, records(b"b"))

    assert [record.data for record in read_all(log)] == [b"b"]


def test_logs_are_separate(backend: Backend) -> None:
    put_all(backend.readings, records(b"reading"))
    put_all(backend.panes, records(b"pane"))

    assert [record.data for record in read_all(backend.readings)] == [b"reading"]
    assert [record.data for record in read_all(backend.panes)] == [b"pane"]


@pytest.mark.parametrize("count", [1, 3, 4])
def test_shards_divide_the_hash_space_evenly(backend_factory: Factory, count: int) -> None:
    shards = backend_factory(count).backend.readings.shards()

    assert [shard.hash_start for shard in shards] == [HASH_END * place // count for place in range(count)]
    assert [shard.hash_end for shard in shards] == [HASH_END * place // count for place in range(1, count + 1)]
    assert len({shard.id for shard in shards}) == count
    assert not any(shard.closed or shard.parents for shard in shards)


def test_hash_of_the_key_decides_the_shard(backend_factory: Factory) -> None:
    log = backend_factory(4).backend.readings
    put_all(log, [LogRecord(f"acme#pump-{number}", b"") for number in range(50)])
    ranges = {shard.id: (shard.hash_start, shard.hash_end) for shard in log.shards()}

    found = read_all(log)

    assert len(found) == 50
    for record in found:
        start, end = ranges[record.shard]
        assert start <= key_hash(record.partition_key) < end


def test_explicit_hash_decides_instead_of_the_key(backend_factory: Factory) -> None:
    log = backend_factory(3).backend.readings
    shards = log.shards()
    edges = [edge for shard in shards for edge in (shard.hash_start, shard.hash_end - 1)]

    put_all(log, [LogRecord("!tick", str(edge).encode(), edge) for edge in edges])

    for shard in shards:
        found = [int(record.data) for record in read_shard(log, shard.id)]
        assert found == [shard.hash_start, shard.hash_end - 1]


def test_trim_leaves_other_shards_alone(backend_factory: Factory) -> None:
    log = backend_factory(2).backend.readings
    first, second = log.shards()
    put_all(log, [LogRecord("k", b"", first.hash_start), LogRecord("k", b"", second.hash_start)])
    (record,) = read_shard(log, first.id)

    log.trim(first.id, through=record.sequence)

    assert read_shard(log, first.id) == []
    assert len(read_shard(log, second.id)) == 1


def test_largest_record_passes(log: Log) -> None:
    data = bytes(1024 * 1024 - len("acme#pump-7"))

    put_all(log, records(data))

    assert read_all(log)[0].data == data
