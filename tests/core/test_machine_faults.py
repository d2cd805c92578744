import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.tally import Batch, FaultyStore, Tally, Total, folded_by_another, stored
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.errors import (
    CommitContendedError,
    PublishError,
    SequenceGapError,
    TransientError,
    UnavailableError,
)
from tocsin.core.machine import COMMIT_ATTEMPTS_MAX, Machine
from tocsin.core.ports import StateStore


def test_conflict_loads_and_folds_again(machine: Machine[Total, Batch], stage: Tally, store: FaultyStore) -> None:
    machine.run({0: (1,)})
    folded_by_another(store, 2)

    assert machine.run({0: (2, 3)}) == {}

    assert stored(store)[0] == Total(3, 6)
    assert stage.published == {0: [1, 2, 3]}


def test_writers_that_take_turns_do_not_pile_up_what_is_published(memory: StateStore) -> None:
    writers = [Tally(), Tally()]
    machines = [Machine(stage, memory) for stage in writers]

    for number in range(1, 21):
        assert machines[number % 2].run({0: (number,)}) == {}

    assert stored(memory) == (Total(20, 210), [20])
    everything = sorted(writers[0].published[0] + writers[1].published[0])
    assert everything == sorted([*range(1, 21), *range(1, 20)])


def test_conflict_of_one_group_leaves_the_others_committed_once(
    machine: Machine[Total, Batch], stage: Tally, store: FaultyStore
) -> None:
    machine.run({0: (1,), 1: (1,)})
    folded_by_another(store, 2)
    store.commits.clear()

    assert machine.run({0: (3,), 1: (2,)}) == {}

    assert [[write.key.group for write in writes] for writes in store.commits] == [[0, 1], [0]]
    assert stage.published[1] == [1, 2]


def test_sixth_conflict_fails_the_group_and_not_the_others(
    machine: Machine[Total, Batch], stage: Tally, store: FaultyStore
) -> None:
    numbers = iter(range(1, 100))
    store.before_commit = lambda: folded_by_another(store, next(numbers))

    failures = machine.run({0: (1_000,), 1: (7,)})

    assert {group: type(error) for group, error in failures.items()} == {0: CommitContendedError}
    assert str(failures[0]) == "tally group 0 was committed by others 6 times"
    assert [len(writes) for writes in store.commits] == [2] + [1] * (COMMIT_ATTEMPTS_MAX - 1)
    assert stage.published[1] == [7]
    assert 1_000 not in stage.published[0]
    assert stored(store)[0].last == COMMIT_ATTEMPTS_MAX


def test_fifth_conflict_still_ends_well(machine: Machine[Total, Batch], store: FaultyStore) -> None:
    numbers = iter(range(1, COMMIT_ATTEMPTS_MAX))

    def be_first() -> None:
        for number in numbers:
            folded_by_another(store, number)
            break

    store.before_commit = be_first

    assert machine.run({0: (1_000,)}) == {}
    assert stored(store)[0].last == 1_000


def test_entry_that_cannot_be_published_is_reported_and_kept(
    machine: Machine[Total, Batch], stage: Tally, store: FaultyStore
) -> None:
    stage.room = 1

    failures = machine.run({0: (1, 2, 3)})

    assert {group: type(error) for group, error in failures.items()} == {0: PublishError}
    assert str(failures[0]) == "tally group 0 has 2 unpublished entries"
    assert stored(store)[1] == [1, 2, 3]


def test_redelivery_publishes_the_rest_first_and_in_order(machine: Machine[Total, Batch], stage: Tally) -> None:
    stage.room = 1
    machine.run({0: (1, 2, 3)})
    stage.room = None

    assert machine.run({0: (1, 2, 3, 4)}) == {}

    assert stage.published == {0: [1, 2, 3, 4]}


def test_group_that_cannot_publish_leaves_the_others_published(machine: Machine[Total, Batch], stage: Tally) -> None:
    stage.room = 1

    failures = machine.run({0: (1,), 1: (1,)})

    assert list(failures) == [1]
    assert stage.published == {0: [1], 1: []}


def test_process_that_died_before_publishing_is_made_good_by_the_next(stage: Tally, store: FaultyStore) -> None:
    stage.room = 0
    Machine(stage, store).run({0: (1, 2)})
    stage.room = None

    assert Machine(stage, store).run({0: (1, 2)}) == {}

    assert stage.published == {0: [1, 2]}
    assert len(store.commits) == 1


def test_lost_answer_of_a_commit_that_happened_publishes_exactly_what_is_stored(
    machine: Machine[Total, Batch], stage: Tally, store: FaultyStore
) -> None:
    store.lost_answers = 1
    with pytest.raises(UnavailableError, match="the answer was lost"):
        machine.run({0: (1, 2)})
    nothing_before = dict(stage.published)

    assert machine.run({0: (1, 2, 3)}) == {}

    assert nothing_before == {}
    assert stage.published == {0: [1, 2, 3]}
    assert stored(store)[0] == Total(3, 6)


def test_lost_answer_followed_by_the_same_batch_commits_nothing_more(
    machine: Machine[Total, Batch], stage: Tally, store: FaultyStore
) -> None:
    machine.run({0: (1,)})
    store.lost_answers = 1
    with pytest.raises(UnavailableError):
        machine.run({0: (2,)})
    store.commits.clear()

    assert machine.run({0: (2,)}) == {}

    assert store.commits == []
    assert stage.published == {0: [1, 2]}


def test_commit_that_failed_is_folded_again(machine: Machine[Total, Batch], stage: Tally, store: FaultyStore) -> None:
    store.refusals = 1
    with pytest.raises(UnavailableError, match="did not answer"):
        machine.run({0: (1, 2)})

    assert machine.run({0: (1, 2)}) == {}

    assert stage.published == {0: [1, 2]}
    assert stored(store)[0] == Total(2, 3)


def test_transient_error_of_a_step_fails_only_its_group(
    machine: Machine[Total, Batch], stage: Tally, store: FaultyStore
) -> None:
    machine.run({0: (1,), 1: (1,)})
    stage.gaps = {50}

    failures = machine.run({0: (50,), 1: (2,)})

    assert {group: type(error) for group, error in failures.items()} == {0: SequenceGapError}
    assert stage.published == {0: [1], 1: [1, 2]}
    assert stored(store)[0] == Total(1, 1)


def test_group_whose_step_failed_is_loaded_again(
    machine: Machine[Total, Batch], stage: Tally, store: FaultyStore
) -> None:
    machine.run({0: (1,)})
    stage.gaps = {3}
    machine.run({0: (3,)})
    folded_by_another(store, 3)

    assert machine.run({0: (3,)}) == {}

    assert stored(store)[0] == Total(3, 4)


FAULTS = st.sampled_from(["none", "lost answer", "refusal", "conflict", "no room", "some room", "new process"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 4), FAULTS), max_size=12),
    st.integers(1, 3),
    st.booleans(),
)
def test_whatever_fails_each_number_is_published_in_order_and_counted_once(
    history: list[tuple[int, str]], part: int, settles: bool
) -> None:
    with open_embedded(None, now_ms=lambda: 0) as embedded:
        stage = Tally(part=part)
        store = FaultyStore(embedded.backend.state)
        machine = Machine(stage, store, settles=settles)
        last = 0
        for size, fault in [*history, (1, "none")]:
            batch = tuple(range(last + 1, last + size + 1))
            arm(stage, store, fault, batch[0])
            if fault == "new process":
                machine = Machine(stage, store, settles=settles)
            while deliver(machine, batch):
                disarm(stage, store)
            disarm(stage, store)
            last += size

        newest = 0
        for number in stage.published[0]:
            assert number <= newest + 1, "a number was published before the one before it"
            newest = max(newest, number)
        assert newest == last
        assert stored(store)[0] == Total(last, last * (last + 1) // 2)


def arm(stage: Tally, store: FaultyStore, fault: str, number: int) -> None:
    """Make the next thing go wrong in the way of that name."""

    def be_first() -> None:
        store.before_commit = lambda: None
        Machine(stage, store.store).run({0: (number,)})

    if fault == "conflict":
        store.before_commit = be_first
    store.lost_answers = int(fault == "lost answer")
    store.refusals = int(fault == "refusal")
    stage.room = {"no room": 0, "some room": 1}.get(fault)


def disarm(stage: Tally, store: FaultyStore) -> None:
    store.lost_answers = store.refusals = 0
    stage.room = None


def deliver(machine: Machine[Total, Batch], batch: Batch) -> TransientError | None:
    """Return why the batch must be delivered again, or None."""
    try:
        return machine.run({0: batch}).get(0)
    except UnavailableError as error:
        return error
