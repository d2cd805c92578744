"""In what order records come, in how many lanes, and where a mapping begins."""

import pytest

from tests.runtime.sam.rules import API, KINESIS, rule
from tests.runtime.sam.stand import REPORT, START_MS, Scripted, Stand, fails, names, on_kinesis, raises_with
from tocsin.core.ports import Shard
from tocsin.runtime.sam.host import MemoryCheckpoints
from tocsin.runtime.sam.wiring import make_mapping


def shards_of(stand: Stand) -> list[Shard]:
    return list(stand.host.resources.streams["Source"].shards())


@rule("By default one batch of a shard is in flight at a time.", KINESIS)
def test_one_batch_of_a_shard_is_in_flight_at_a_time() -> None:
    stand = Stand(on_kinesis(BatchSize=1), Scripted())
    stand.host.functions["Function"].takes_ms = 1_000
    stand.put("a", "b", key="k")

    stand.wait(999)
    before = list(stand.handler.batches)
    stand.wait(1)

    assert before == [["a"]]
    assert stand.handler.batches == [["a"], ["b"]]


@rule("`ParallelizationFactor` lets as many batches of a shard be in flight at a time.", KINESIS)
def test_as_many_batches_are_in_flight_as_the_factor_says() -> None:
    stand = Stand(on_kinesis(BatchSize=1, ParallelizationFactor=3), Scripted())
    stand.host.functions["Function"].takes_ms = 1_000
    for key in "abcdefghijkl":
        stand.put(key, key=key)

    stand.wait(0)

    assert len(stand.handler.batches) == 3


@rule("With several batches at a time, records of one partition key still come in order.", KINESIS)
def test_records_of_a_key_stay_in_order_in_their_lane() -> None:
    stand = Stand(on_kinesis(BatchSize=3, ParallelizationFactor=4), Scripted(always=raises_with("c2")))
    for turn in range(3):
        for key in "abcdefgh":
            stand.put(f"{key}{turn}", key=key)

    stand.wait(60_000)

    seen = [name for batch in stand.handler.batches for name in batch]
    for key in "abdefgh":
        first = [seen.index(f"{key}{turn}") for turn in range(3) if f"{key}{turn}" in seen]
        assert first == sorted(first)


@rule("A lane that fails does not hold up the others, and the checkpoint stands before what is not done.", KINESIS)
def test_a_failing_lane_holds_up_no_other_and_the_checkpoint_waits() -> None:
    stand = Stand(on_kinesis(BatchSize=1, ParallelizationFactor=4), Scripted(always=raises_with("bad")))
    stand.put("x0", key="a")
    stand.put("bad", key="b")
    for place in range(12):
        stand.put(f"x{place + 1}", key="cdefg"[place % 5])

    stand.wait(20_000)

    done = {name for batch in stand.handler.batches for name in batch} - {"bad"}
    assert len(done) > 6
    assert stand.checkpoint == "1"


@rule("Shards made by a split are read after their parent is drained.", KINESIS)
def test_children_of_a_split_are_read_after_their_parent() -> None:
    stand = Stand(on_kinesis(BatchSize=1), Scripted(always=raises_with("stuck")))
    stand.put("a", "stuck", key="k")
    stand.host.resources.streams["Source"].split(shards_of(stand)[0].id)
    stand.put("later", key="k")

    stand.wait(60_000)
    before = [batch for batch in stand.handler.batches if batch == ["later"]]
    stand.handler._always = lambda _: None
    stand.settle()

    assert before == []
    assert stand.handler.batches[-1] == ["later"]


@rule("Shards made by a merge are read after both parents are drained.", KINESIS)
def test_the_child_of_a_merge_is_read_after_both_parents() -> None:
    stand = Stand(on_kinesis(2, BatchSize=10), Scripted(always=raises_with("stuck")))
    low, high = shards_of(stand)
    for place in range(8):
        stand.put(f"old{place}", key=f"k{place}")
    stand.put("stuck", key="k1")
    stand.host.resources.streams["Source"].merge(low.id, high.id)
    stand.put("later", key="k0")

    stand.wait(60_000)
    before = [batch for batch in stand.handler.batches if "later" in batch]
    stand.handler._always = lambda _: None
    stand.settle()

    assert before == []
    assert stand.handler.batches[-1] == ["later"]


@rule("That holds for ancestors however far back, also past a shard that never had a record.", KINESIS)
def test_an_empty_shard_between_hides_no_older_records() -> None:
    stand = Stand(on_kinesis(BatchSize=10), Scripted(always=raises_with("stuck")))
    stream = stand.host.resources.streams["Source"]
    stand.put("stuck", key="k")
    for _ in range(3):
        for shard in [one for one in shards_of(stand) if not one.closed]:
            stream.split(shard.id)
    stand.put("later", key="k")

    stand.wait(60_000)

    assert [batch for batch in stand.handler.batches if "later" in batch] == []
    stand.handler._always = lambda _: None
    stand.settle()
    assert stand.handler.batches[-1] == ["later"]


@pytest.mark.parametrize(
    ("start", "seen"),
    [
        pytest.param({"StartingPosition": "TRIM_HORIZON"}, ["a", "b", "c"], id="oldest"),
        pytest.param({"StartingPosition": "LATEST"}, ["c"], id="newest"),
        pytest.param(
            {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": START_MS / 1_000 + 60},
            ["b", "c"],
            id="instant",
        ),
    ],
)
@rule("`StartingPosition` says where a new mapping begins: at the oldest, the newest, or an instant.", API)
def test_a_new_mapping_begins_where_it_is_told(start: dict[str, object], seen: list[str]) -> None:
    stand = Stand(on_kinesis(BatchSize=10), Scripted())
    stand.put("a")
    stand.wait(60_000)
    stand.put("b")

    later = _mapping_made_now(stand, on_kinesis(BatchSize=10, **start))
    stand.put("c")
    later.poll()

    assert [name for event in later.delivery_events for name in names(event)] == seen


@rule("Shards made after a mapping that began at the newest are read from their oldest record.", API)
def test_shards_made_later_are_read_from_their_beginning() -> None:
    stand = Stand(on_kinesis(StartingPosition="LATEST"), Scripted())
    stand.host.resources.streams["Source"].split(shards_of(stand)[0].id)
    stand.put("a", "b", key="k")

    stand.settle()

    assert stand.handler.batches == [["a", "b"]]


@rule("What was delivered and not done with comes again, so a function must stand copies.", KINESIS)
def test_what_was_not_done_with_is_delivered_at_least_once_more() -> None:
    stand = Stand(on_kinesis(FunctionResponseTypes=REPORT), Scripted(fails("a")))
    stand.put(*"abc", key="k")

    stand.settle()

    assert stand.handler.batches == [list("abc")] * 2


def _mapping_made_now(stand: Stand, template: dict[str, object]) -> "_Later":
    return _Later(stand, template)


class _Later:
    """Another mapping of the same stream, made when it holds records already."""

    def __init__(self, stand: Stand, template: dict[str, object]) -> None:
        other = Stand(template, Scripted())
        (spec,) = other.topology.mappings
        self.delivery_events = other.handler.events
        self._mapping = make_mapping(
            spec,
            other.host.functions["Function"],
            other.topology.functions["Function"],
            stand.host.resources,
            checkpoints=MemoryCheckpoints(),
            now_ms=stand.clock.now_ms,
        )

    def poll(self) -> None:
        self._mapping.poll()
