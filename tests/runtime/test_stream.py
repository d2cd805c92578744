"""A mapping of a log delivers everything, per shard in order, whatever the handler does."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.fakes import PATIENT, Bench, Scripted, fails, raises
from tocsin.core.clock import MINUTE_MS
from tocsin.core.ports import Shard
from tocsin.runtime.mapping import MappingSettings


def test_records_come_in_order_in_batches_of_the_set_size() -> None:
    bench = Bench(Scripted())
    bench.log.add("s-0", *"abcdefg")

    bench.run(bench.mapping())

    assert bench.handler.calls == [list("abc"), list("def"), list("g")]


def test_progress_is_kept_and_read_on_from() -> None:
    bench = Bench(Scripted())
    bench.log.add("s-0", *"abcd")
    bench.mapping().poll()

    bench.run(bench.mapping())

    assert bench.handler.calls == [list("abc"), list("d")]
    assert bench.checkpoints.load("stage") == {"s-0": "9998"}


def test_nothing_is_done_with_while_the_handler_fails() -> None:
    bench = Bench(Scripted(raises))
    bench.log.add("s-0", *"abcd")
    mapping = bench.mapping()

    mapping.poll()

    assert bench.checkpoints.load("stage") == {}
    assert mapping.poll() == 0, "the retry waits for its time"
    assert mapping.due_ms() == bench.clock.at_ms + 100
    assert mapping.last_error == "store did not answer"


def test_a_failed_batch_comes_again_as_it_was_before_anything_behind_it() -> None:
    bench = Bench(Scripted(raises, raises))
    bench.log.add("s-0", *"abcd")

    bench.run(bench.mapping())

    assert bench.handler.calls == [list("abc"), list("abc"), list("abc"), list("d")]


def test_retries_wait_twice_as_long_each_time_up_to_the_longest_wait() -> None:
    bench = Bench(Scripted(*[raises] * 6))
    bench.log.add("s-0", "a")
    mapping, waits = bench.mapping(), []

    for _ in range(6):
        mapping.poll()
        waits.append((mapping.due_ms() or 0) - bench.clock.at_ms)
        bench.clock.at_ms += waits[-1]

    assert waits == [100, 200, 400, 800, 1_000, 1_000]


def test_everything_before_the_lowest_failed_number_is_done_with() -> None:
    # Numbers are compared as numbers: 10000 comes after 9999, whatever their text says.
    bench = Bench(Scripted(fails("10001", "10000")), replace(PATIENT, batch_records_max=10))
    bench.log.add("s-0", *"abcdefgh")
    mapping = bench.mapping()

    mapping.poll()

    assert bench.checkpoints.load("stage") == {"s-0": "9999"}
    bench.run(mapping)
    assert bench.handler.calls == [list("abcdefgh"), list("fgh")]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(fails(""), id="an empty identifier"),
        pytest.param(fails(None), id="no identifier"),
        pytest.param(fails("77"), id="a number that was not in the batch"),
        pytest.param(fails(["9995"]), id="an identifier that is no text"),
        pytest.param(lambda _: {"batchItemFailures": [{"id": "9995"}]}, id="a wrong name"),
        pytest.param(lambda _: "done", id="an answer that is none"),
    ],
)
def test_an_answer_that_cannot_be_read_fails_the_whole_batch(answer: object) -> None:
    bench = Bench(Scripted(answer))  # type: ignore[arg-type]
    bench.log.add("s-0", *"abc")
    mapping = bench.mapping()

    mapping.poll()

    assert bench.checkpoints.load("stage") == {}
    assert mapping.failures == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda _: None, id="nothing"),
        pytest.param(lambda _: {}, id="an empty answer"),
        pytest.param(lambda _: {"batchItemFailures": []}, id="no failures"),
        pytest.param(lambda _: {"batchItemFailures": None}, id="null failures"),
    ],
)
def test_an_answer_without_failures_is_success(answer: object) -> None:
    bench = Bench(Scripted(answer))  # type: ignore[arg-type]
    bench.log.add("s-0", *"abc")

    bench.mapping().poll()

    assert bench.checkpoints.load("stage") == {"s-0": "9997"}


def test_named_failures_mean_nothing_where_the_mapping_does_not_ask_for_them() -> None:
    bench = Bench(Scripted(fails("9995")), replace(PATIENT, partial_responses=False))
    bench.log.add("s-0", *"abc")

    bench.mapping().poll()

    assert bench.checkpoints.load("stage") == {"s-0": "9997"}


def test_a_bisected_batch_isolates_the_one_bad_record() -> None:
    def refuses_c(names: list[str]) -> dict[str, object]:
        return raises(names) if "c" in names else {}

    settings = replace(PATIENT, batch_records_max=4, bisect=True, retries_max=1)
    bench = Bench(Scripted(*[refuses_c] * 20), settings)
    bench.log.add("s-0", *"abcdef")
    mapping = bench.mapping()

    bench.run(mapping)

    assert bench.handler.calls == [
        list("abcd"),
        list("ab"),
        list("cd"),
        list("c"),
        list("c"),
        list("d"),
        list("ef"),
    ]
    assert mapping.delivery.discarded == 1


def test_a_batch_out_of_retries_is_reported_with_its_event_and_passed_over() -> None:
    bench = Bench(Scripted(raises, raises, raises), replace(PATIENT, retries_max=2))
    bench.log.add("s-0", *"abcd")

    bench.run(bench.mapping())

    assert bench.handler.calls[-1] == ["d"]
    (name,) = bench.blobs.stored
    report = json.loads(bench.blobs.stored[name])
    assert name == "on-failure/stage/s-0/9995-9997.json"
    assert report["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert report["requestContext"]["approximateInvokeCount"] == 3
    assert report["responseContext"]["functionError"] == "Unhandled"
    assert report["KinesisBatchInfo"] == {
        "shardId": "s-0",
        "startSequenceNumber": "9995",
        "endSequenceNumber": "9997",
        "approximateArrivalOfFirstRecord": "1970-01-01T00:16:40Z",
        "approximateArrivalOfLastRecord": "1970-01-01T00:16:40Z",
        "batchSize": 3,
        "streamArn": "arn:test",
    }
    assert json.loads(report["payload"])["names"] == list("abc")


def test_only_what_was_not_done_with_is_given_up() -> None:
    bench = Bench(Scripted(fails("9996"), fails("9996")), replace(PATIENT, retries_max=1))
    bench.log.add("s-0", *"abc")

    bench.run(bench.mapping())

    report = json.loads(bench.blobs.stored["on-failure/stage/s-0/9996-9997.json"])
    assert "functionError" not in report["responseContext"]
    assert report["KinesisBatchInfo"]["batchSize"] == 2


def test_records_that_are_too_old_are_given_up_and_the_others_delivered() -> None:
    bench = Bench(Scripted(), replace(PATIENT, age_ms_max=MINUTE_MS))
    bench.log.add("s-0", "old", arrival_ms=bench.clock.at_ms - MINUTE_MS - 1)
    bench.log.add("s-0", "young", arrival_ms=bench.clock.at_ms - MINUTE_MS)

    bench.run(bench.mapping())

    assert bench.handler.calls == [["young"]]
    (report,) = bench.blobs.stored.values()
    assert json.loads(report)["requestContext"] == {
        "requestId": "stage-0",
        "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:stage",
        "condition": "RecordAgeExceeded",
        "approximateInvokeCount": 0,
    }


def test_a_batch_that_keeps_failing_is_given_up_when_it_is_too_old() -> None:
    bench = Bench(Scripted(*[raises] * 1_000), replace(PATIENT, age_ms_max=MINUTE_MS))
    bench.log.add("s-0", "a")

    bench.run(bench.mapping(), polls=1_000)

    assert bench.checkpoints.load("stage") == {"s-0": "9995"}
    assert bench.clock.at_ms > 1_000_000 + MINUTE_MS


def test_a_shard_that_fails_does_not_hold_up_the_others() -> None:
    bench = Bench(Scripted(raises))
    bench.log.kept = [Shard("s-0", 0, 1 << 127), Shard("s-1", 1 << 127, 1 << 128)]
    bench.log.add("s-0", "a")
    bench.log.add("s-1", "b")
    mapping = bench.mapping()

    mapping.poll()

    assert bench.handler.calls == [["a"], ["b"]]
    assert list(bench.checkpoints.load("stage")) == ["s-1"]


def test_children_wait_until_both_parents_are_drained() -> None:
    bench = Bench(Scripted(raises))
    bench.log.kept = [
        Shard("left", 0, 1 << 127, closed=True),
        Shard("right", 1 << 127, 1 << 128),
        Shard("child", 0, 1 << 128, parents=("left", "right")),
    ]
    bench.log.add("left", *"abcd")
    bench.log.add("right", "e")
    bench.log.add("child", "z")
    mapping = bench.mapping()

    bench.run(mapping)
    before = list(bench.handler.calls)
    bench.log.close("right")
    bench.run(mapping)

    assert ["z"] not in before
    assert bench.handler.calls == [*before, ["z"]]


def test_a_parent_whose_records_are_no_longer_kept_holds_nothing_up() -> None:
    bench = Bench(Scripted())
    bench.log.kept = [Shard("child", 0, 1 << 128, parents=("long-gone",))]
    bench.log.add("child", "z")

    bench.run(bench.mapping())

    assert bench.handler.calls == [["z"]]


def test_a_grandchild_waits_although_the_shard_between_is_no_longer_listed() -> None:
    bench = Bench(Scripted(*[raises] * 9))
    grandparent = Shard("old", 0, 1 << 128, closed=True)
    parent = Shard("between", 0, 1 << 128, parents=("old",), closed=True)
    child = Shard("new", 0, 1 << 128, parents=("between",))
    bench.log.kept = [grandparent, parent, child]
    bench.log.add("old", "a")
    bench.log.add("new", "z")
    mapping = bench.mapping()
    mapping.poll()

    bench.log.kept = [grandparent, child]
    bench.clock.at_ms += 60_000
    mapping.poll()
    before = list(bench.handler.calls)
    bench.run(mapping)

    assert before == [["a"], ["a"]]
    assert bench.handler.calls[-2:] == [["a"], ["z"]]


def test_a_batch_that_is_not_full_waits_for_the_window_and_a_full_one_does_not() -> None:
    bench = Bench(Scripted(), replace(PATIENT, window_ms=500))
    bench.log.add("s-0", *"abcd")
    mapping = bench.mapping()

    assert [mapping.poll(), mapping.poll()] == [1, 0]
    assert mapping.due_ms() == bench.clock.at_ms + 500
    bench.log.add("s-0", "e")
    bench.clock.at_ms += 500
    assert mapping.poll() == 1
    assert bench.handler.calls == [list("abc"), list("de")]


def test_an_event_never_outgrows_what_an_invocation_takes() -> None:
    bench = Bench(Scripted(), replace(PATIENT, batch_records_max=100))
    bench.log.add("s-0", *["x" * 1_000_000] * 6, "y" * 5_000_000)

    bench.run(bench.mapping())

    assert [len(call) for call in bench.handler.calls] == [4, 2, 1]


def test_only_what_is_done_with_is_forgotten() -> None:
    bench = Bench(Scripted(fails("9996")))
    bench.log.add("s-0", *"abc")
    mapping = bench.mapping()

    mapping.poll()
    mapping.forget_done()

    assert [record.data for record in bench.log.records["s-0"]] == [b"b", b"c"]


def test_only_what_is_old_and_done_with_is_forgotten() -> None:
    bench = Bench(Scripted(lambda _: {}, raises))
    for place, name in enumerate("abcdef"):
        bench.log.add("s-0", name, arrival_ms=1_000 * place)
    mapping = bench.mapping()
    mapping.poll()
    mapping.poll()

    mapping.forget_before(2_000)
    after_two = [record.data for record in bench.log.records["s-0"]]
    mapping.forget_before(5_000)

    assert after_two == [b"c", b"d", b"e", b"f"]
    assert [record.data for record in bench.log.records["s-0"]] == [b"d", b"e", b"f"]


def test_errors_that_the_mapping_does_not_survive_stop_it() -> None:
    bench = Bench(Scripted(raises), replace(PATIENT, survives=ConnectionError))
    bench.log.add("s-0", "a")

    with pytest.raises(RuntimeError, match="did not answer"):
        bench.mapping().poll()


@given(
    script=st.lists(st.one_of(st.just(None), st.just("raise"), st.integers(0, 12)), max_size=30),
    batch=st.integers(1, 6),
    bisect=st.booleans(),
    restarts=st.sets(st.integers(0, 30), max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_every_record_is_done_with_in_order_whatever_fails_and_whenever_it_is_restarted(
    script: list[int | str | None], batch: int, bisect: bool, restarts: set[int]
) -> None:
    names = [str(9_995 + place) for place in range(12)]
    folded: list[str] = []

    def fold(given: list[str]) -> dict[str, object]:
        what = script.pop(0) if script else None
        if what == "raise":
            raise RuntimeError
        cut = min(int(what), len(given)) if isinstance(what, int) else len(given)
        folded.extend(name for name in given[:cut] if name not in folded)  # as a stage's fence does
        return {"batchItemFailures": [{"itemIdentifier": name} for name in given[cut:]]}

    bench = Bench(Scripted(*[fold] * 200), MappingSettings(batch, bisect=bisect))
    bench.log.add("s-0", *names)
    mapping = bench.mapping()
    for poll in range(31):
        mapping.poll()
        bench.clock.at_ms += 90_000
        mapping = bench.mapping() if poll in restarts else mapping
    bench.run(mapping)

    assert folded == names
    assert bench.checkpoints.load("stage") == {"s-0": names[-1]}
