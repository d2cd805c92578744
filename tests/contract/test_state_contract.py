from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tocsin.core.ports import Backend, SavedState, StateKey, StateStore, StateWrite

KEY = StateKey(generation=1, group=7, stage="processors")


def put(store: StateStore, key: StateKey, blob: bytes, version: str = "") -> str:
    (new,) = store.commit([StateWrite(key, blob, version)])
    assert new is not None
    return new


def test_group_without_state_has_no_blob_and_an_empty_version(backend: Backend) -> None:
    assert backend.state.load([KEY]) == [SavedState(None, "")]


def test_committed_blob_is_loaded_under_the_version_that_was_returned(backend: Backend) -> None:
    version = put(backend.state, KEY, b"\x00first")

    assert version
    assert backend.state.load([KEY]) == [SavedState(b"\x00first", version)]


def test_each_commit_gets_a_version_that_no_commit_of_the_key_had(backend: Backend) -> None:
    versions = [""]
    for number in range(12):
        versions.append(put(backend.state, KEY, str(number).encode(), versions[-1]))

    assert len(set(versions)) == 13


def test_version_that_no_longer_holds_writes_nothing(backend: Backend) -> None:
    first = put(backend.state, KEY, b"first")
    second = put(backend.state, KEY, b"second", first)

    assert backend.state.commit([StateWrite(KEY, b"outdated", first)]) == [None]
    assert backend.state.load([KEY]) == [SavedState(b"second", second)]


def test_empty_version_writes_nothing_where_there_is_state(backend: Backend) -> None:
    version = put(backend.state, KEY, b"first")

    assert backend.state.commit([StateWrite(KEY, b"other", "")]) == [None]
    assert backend.state.load([KEY]) == [SavedState(b"first", version)]


def test_version_of_another_group_writes_nothing_where_there_is_no_state(backend: Backend) -> None:
    version = put(backend.state, KEY, b"first")
    elsewhere = StateKey(1, 8, "processors")

    assert backend.state.commit([StateWrite(elsewhere, b"other", version)]) == [None]
    assert backend.state.load([elsewhere]) == [SavedState(None, "")]


def test_same_blob_again_is_a_new_version(backend: Backend) -> None:
    version = put(backend.state, KEY, b"same")

    assert put(backend.state, KEY, b"same", version) != version


def test_writes_of_one_call_stand_and_fall_alone_and_answer_in_order(backend: Backend) -> None:
    keys = [StateKey(1, group, "anomaly") for group in range(3)]
    put(backend.state, keys[1], b"there")

    versions = backend.state.commit([StateWrite(key, b"new", "") for key in keys])

    assert [version is None for version in versions] == [False, True, False]
    assert [saved.blob for saved in backend.state.load(keys)] == [b"new", b"there", b"new"]


def test_generation_group_and_stage_each_tell_states_apart(backend: Backend) -> None:
    keys = [KEY, StateKey(2, 7, "processors"), StateKey(1, 8, "processors"), StateKey(1, 7, "alerts")]
    for place, key in enumerate(keys):
        put(backend.state, key, str(place).encode())

    assert [saved.blob for saved in backend.state.load(keys)] == [b"0", b"1", b"2", b"3"]


def test_load_answers_in_the_order_of_the_keys_and_repeats_one_asked_twice(backend: Backend) -> None:
    elsewhere = StateKey(1, 1, "processors")
    put(backend.state, KEY, b"here")

    found = backend.state.load([elsewhere, KEY, KEY])

    assert [saved.blob for saved in found] == [None, b"here", b"here"]


def test_nothing_to_load_or_commit_is_nothing_done(backend: Backend) -> None:
    assert backend.state.load([]) == []
    assert backend.state.commit([]) == []


def test_blob_of_a_million_bytes_comes_back_whole(backend: Backend) -> None:
    blob = bytes(range(250)) * 4_000

    put(backend.state, KEY, blob)

    assert backend.state.load([KEY])[0].blob == blob


def test_empty_blob_is_state(backend: Backend) -> None:
    version = put(backend.state, KEY, b"")

    assert backend.state.load([KEY]) == [SavedState(b"", version)]


def test_of_many_who_commit_on_one_version_exactly_one_wins(backend: Backend) -> None:
    barrier = Barrier(4)

    def create(number: int) -> str | None:
        barrier.wait()
        return backend.state.commit([StateWrite(KEY, str(number).encode(), "")])[0]

    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(create, range(4)))

    (winner,) = [number for number, version in enumerate(versions) if version is not None]
    assert backend.state.load([KEY]) == [SavedState(str(winner).encode(), versions[winner])]  # type: ignore[arg-type]


def test_no_increment_is_lost_when_threads_load_and_commit_again_until_it_holds(backend: Backend) -> None:
    put(backend.state, KEY, b"0")

    def count(_: int) -> None:
        for _ in range(10):
            version = None
            while version is None:
                (saved,) = backend.state.load([KEY])
                blob = str(int(saved.blob or b"0") + 1).encode()
                (version,) = backend.state.commit([StateWrite(KEY, blob, saved.version)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))

    assert backend.state.load([KEY])[0].blob == b"40"
