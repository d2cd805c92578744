import msgspec
import pytest

from tests.core.tally import Batch, FaultyStore, Tally, Total, folded_by_another, stored
from tocsin.core.errors import (
    DamagedError,
    PublishError,
)
from tocsin.core.machine import OUTBOX_BYTES_MAX, Machine
from tocsin.core.ports import StateKey, StateWrite
from tocsin.core.sealed import SEAL_VERSION

KEY = StateKey(generation=1, group=0, stage="tally")


def test_batch_is_folded_committed_and_published(
    machine: Machine[Total, Batch], stage: Tally, store: FaultyStore
) -> None:
    assert machine.run({0: (1, 2), 5: (10,)}) == {}

    assert stored(store)[0] == Total(2, 3)
    assert stored(store, 5)[0] == Total(10, 10)
    assert stage.published == {0: [1, 2], 5: [10]}


def test_commit_comes_before_publish(machine: Machine[Total, Batch], stage: Tally) -> None:
    machine.run({0: (1,)})

    assert stage.journal == ["commit", "publish"]


def test_groups_of_one_run_are_committed_in_one_call(machine: Machine[Total, Batch], store: FaultyStore) -> None:
    machine.run(dict.fromkeys(range(4), (1,)))

    assert [len(writes) for writes in store.commits] == [4]


def test_what_is_emitted_is_committed_with_the_state(
    machine: Machine[Total, Batch], stage: Tally, store: FaultyStore
) -> None:
    stage.room = 0

    machine.run({0: (1, 2)})

    assert stored(store) == (Total(2, 3), [1, 2])


def test_what_is_published_is_not_in_the_next_commit(machine: Machine[Total, Batch], store: FaultyStore) -> None:
    machine.run({0: (1, 2)})

    machine.run({0: (3,)})

    assert stored(store) == (Total(3, 6), [3])


def test_batch_that_changes_nothing_commits_and_publishes_nothing(machine: Machine[Total, Batch], stage: Tally) -> None:
    machine.run({0: (1, 2)})
    stage.journal.clear()

    assert machine.run({0: (1, 2), 1: ()}) == {}

    assert stage.journal == []
    assert stage.published == {0: [1, 2]}


def test_batch_that_emits_too_much_is_folded_committed_and_published_in_parts(
    machine: Machine[Total, Batch], stage: Tally, store: FaultyStore
) -> None:
    stage.part = 2

    assert machine.run({0: (1, 2, 3, 4, 5), 1: (9,)}) == {}

    assert stage.published == {0: [1, 2, 3, 4, 5], 1: [9]}
    assert stored(store) == (Total(5, 15), [5])
    assert stage.journal == ["commit", "publish"] * 3


def test_rest_is_not_folded_when_the_part_before_it_could_not_be_published(
    machine: Machine[Total, Batch], stage: Tally, store: FaultyStore
) -> None:
    stage.part, stage.room = 2, 1

    failures = machine.run({0: (1, 2, 3)})

    assert isinstance(failures[0], PublishError)
    assert stored(store) == (Total(2, 3), [1, 2])


def test_conflict_of_a_part_folds_the_part_and_the_rest_again(
    machine: Machine[Total, Batch], stage: Tally, store: FaultyStore
) -> None:
    machine.run({0: (1,)})
    stage.part = 2
    folded_by_another(store, 2)

    assert machine.run({0: (3, 4, 5)}) == {}

    assert stored(store)[0] == Total(5, 15)
    assert sorted(set(stage.published[0])) == [1, 2, 3, 4, 5]


def test_outbox_above_its_limit_is_published_before_more_is_folded(stage: Tally, store: FaultyStore) -> None:
    stage.entry_bytes, stage.room = OUTBOX_BYTES_MAX // 2 + 1, 0
    Machine(stage, store).run({0: (1, 2)})
    blocked = Machine(stage, store).run({0: (3,)})
    while_blocked = stored(store)
    stage.room = None

    assert Machine(stage, store).run({0: (3,)}) == {}

    assert isinstance(blocked[0], PublishError)
    assert while_blocked == (Total(2, 3), [1, 2])
    assert stage.published[0] == [1, 2, 3]


def test_forgotten_groups_are_loaded_again(machine: Machine[Total, Batch], store: FaultyStore) -> None:
    machine.run({0: (1,)})
    held = machine.held_state(0)
    folded_by_another(store, 2)
    machine.forget()
    forgotten = machine.held_state(0)

    machine.run({0: ()})

    assert (held, forgotten) == (Total(1, 1), None)
    assert machine.held_state(0) == Total(2, 3)


def test_settling_stores_that_everything_is_published(stage: Tally, store: FaultyStore) -> None:
    Machine(stage, store, settles=True).run({0: (1, 2)})
    settled = stored(store)

    Machine(stage, store).run({0: (1, 2)})

    assert settled == (Total(2, 3), [])
    assert stage.published == {0: [1, 2]}


def test_settling_keeps_what_is_not_published(stage: Tally, store: FaultyStore) -> None:
    stage.room = 1

    Machine(stage, store, settles=True).run({0: (1, 2)})

    assert stored(store) == (Total(2, 3), [2])


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff" * 20, id="foreign"),
        pytest.param(msgspec.msgpack.encode([SEAL_VERSION + 1, [], b"{}"]), id="newer"),
        pytest.param(msgspec.msgpack.encode([SEAL_VERSION, [], b"{}"])[:-1], id="cut"),
        pytest.param(
            msgspec.msgpack.encode([SEAL_VERSION, [["ab", "", b""]], b"{}"]).replace(b"ab", b"\xff\xfe"), id="no text"
        ),
    ],
)
def test_state_that_cannot_be_read_is_damaged(machine: Machine[Total, Batch], store: FaultyStore, blob: bytes) -> None:
    store.store.commit([StateWrite(KEY, blob, "")])

    with pytest.raises(DamagedError, match=r"^state "):
        machine.run({0: (1,)})


def test_group_that_is_held_first_publishes_what_it_was_loaded_with_before_more_is_folded(
    stage: Tally, store: FaultyStore
) -> None:
    Machine(stage, store).run({0: (1, 2)})
    stage.published.clear()
    stage.journal.clear()
    machine = Machine(stage, store)

    machine.hold([0])

    assert machine.held_state(0) == Total(2, 3)
    assert machine.run({0: (1, 2, 3)}) == {}
    assert stage.journal == ["publish", "commit", "publish"]
    assert stored(store) == (Total(3, 6), [3])


def test_group_that_was_held_for_nothing_is_loaded_again(stage: Tally, store: FaultyStore) -> None:
    machine = Machine(stage, store)
    machine.hold([0])
    Machine(stage, store).run({0: (1, 2)})

    machine.run({5: (10,)})
    machine.hold([0])

    assert machine.held_state(0) == Total(2, 3)
