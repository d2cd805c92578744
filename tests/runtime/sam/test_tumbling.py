"""State that goes from call to call within a window of arrival."""

from typing import Any

from tests.runtime.sam.rules import WINDOWS, rule
from tests.runtime.sam.stand import REPORT, START_MS, Scripted, Stand, names, on_kinesis, on_table, raises

MINUTE = 60_000


def gather(event: dict[str, Any]) -> dict[str, Any]:
    """Answer with all that the window has brought so far."""
    return {"state": {"seen": [*event["state"].get("seen", []), *names(event)]}}


def told(stand: Stand) -> list[tuple[list[str], list[str], bool, bool]]:
    """Return the records, the state, and the two marks of each call."""
    return [
        (names(one), one["state"].get("seen", []), one["isFinalInvokeForWindow"], one["isWindowTerminatedEarly"])
        for one in stand.handler.events
    ]


def windowed(**more: Any) -> Stand:
    return Stand(on_kinesis(BatchSize=2, TumblingWindowInSeconds=60, **more), Scripted(always=gather))


@rule(
    "The state that is answered comes with the next call of the window; at its end a call without records is made.",
    WINDOWS,
)
def test_the_state_goes_from_call_to_call_until_the_final_one() -> None:
    stand = windowed()
    stand.put(*"abc", key="k")
    stand.wait(MINUTE)
    stand.put("d", key="k")

    stand.settle()

    assert told(stand) == [
        (["a", "b"], [], False, False),
        (["c"], ["a", "b"], False, False),
        ([], ["a", "b", "c"], True, False),
        (["d"], [], False, False),
        ([], ["d"], True, False),
    ]


@rule("Events say which window, shard and source they are of.", WINDOWS)
def test_events_say_which_window_they_are_of() -> None:
    stand = windowed()
    stand.put("a", key="k")

    stand.settle()

    for event in stand.handler.events:
        assert event["window"] == {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T00:01:00Z"}
        assert event["shardId"] == "shardId-000000000000"
        assert event["eventSourceARN"] == "arn:aws:kinesis:us-east-1:000000000000:stream/tocsin-Source"


@rule("Arrival decides to which window a record belongs; a batch never reaches over a border.", WINDOWS)
def test_a_batch_never_reaches_over_the_border_of_a_window() -> None:
    stand = Stand(
        on_kinesis(BatchSize=10, TumblingWindowInSeconds=60, MaximumBatchingWindowInSeconds=300),
        Scripted(always=gather),
    )
    stand.wait(MINUTE - 1)
    stand.put("a", key="k")
    stand.wait(1)
    stand.put("b", key="k")

    stand.settle()

    assert [names(event) for event in stand.handler.events] == [["a"], [], ["b"], []]


@rule("Without new records a window is over two minutes after its end.", WINDOWS)
def test_a_quiet_window_is_over_two_minutes_after_its_end() -> None:
    stand = windowed()
    stand.put("a", key="k")

    stand.wait(3 * MINUTE - 1)
    before = len(stand.handler.events)
    stand.wait(1)

    assert before == 1
    assert told(stand)[1:] == [([], ["a"], True, False)]


@rule("An answer without a state is a failed invocation.", WINDOWS)
def test_an_answer_without_a_state_has_failed() -> None:
    stand = windowed(MaximumRetryAttempts=1)
    stand.handler._always = lambda _: {}
    stand.put("a", key="k")

    stand.settle()

    assert [names(event) for event in stand.handler.events] == [["a"], ["a"], [], []]


@rule("A state above 1 MB ends the window early; what comes then begins anew.", WINDOWS)
def test_a_state_that_is_too_large_ends_the_window_early() -> None:
    stand = windowed()
    stand.handler._always = lambda event: (
        {"state": {"seen": ["x" * 1_100_000]}} if names(event) == ["a"] else gather(event)
    )
    stand.put("a", key="k")
    stand.wait(1_000)
    stand.put("b", key="k")

    stand.settle()

    assert [(records, is_final, is_early) for records, _, is_final, is_early in told(stand)] == [
        (["a"], False, False),
        ([], True, True),
        (["b"], False, False),
        ([], True, False),
    ]
    assert told(stand)[2][1] == []


@rule("Retries of a call have the state that it was first called with.", WINDOWS)
def test_a_retry_has_the_same_state() -> None:
    stand = Stand(on_kinesis(BatchSize=1, TumblingWindowInSeconds=60), Scripted(gather, raises, always=gather))
    stand.put("a", "b", key="k")

    stand.settle()

    assert told(stand)[1] == told(stand)[2] == (["b"], ["a"], False, False)


@rule("A window's answer may also name failed records, which come again in the same window.", WINDOWS)
def test_failed_records_come_again_in_their_window() -> None:
    def first(_: dict[str, Any]) -> dict[str, Any]:
        return {"state": {"seen": ["a"]}, "batchItemFailures": [{"itemIdentifier": "2"}]}

    stand = Stand(
        on_kinesis(BatchSize=2, TumblingWindowInSeconds=60, FunctionResponseTypes=REPORT),
        Scripted(first, always=gather),
    )
    stand.put("a", "b", key="k")

    stand.settle()

    assert told(stand)[1:] == [(["b"], ["a"], False, False), ([], ["a", "b"], True, False)]


@rule(
    "Windows do not go on over resharding: when a shard ends its window closes, and its children begin anew.", WINDOWS
)
def test_a_window_closes_when_its_shard_ends() -> None:
    stand = windowed()
    stand.put("a", key="k")
    stream = stand.host.resources.streams["Source"]
    stream.split(stream.shards()[0].id)
    stand.put("b", key="k")

    stand.wait(1_000)

    assert told(stand) == [(["a"], [], False, False), ([], ["a"], True, False), (["b"], [], False, False)]
    assert stand.clock.now_ms() < START_MS + MINUTE


@rule("The final call is retried like any; when its retries are used up the window is given up.", WINDOWS)
def test_the_final_call_is_retried_and_then_given_up() -> None:
    stand = windowed(MaximumRetryAttempts=2)
    stand.handler._always = lambda event: gather(event) if names(event) else raises(event)
    stand.put("a", key="k")
    stand.wait(10 * MINUTE)
    stand.put("b", key="k")
    stand.settle()

    assert [names(event) for event in stand.handler.events] == [["a"], [], [], [], ["b"], [], [], []]


@rule("Tables' streams have windows, too.", WINDOWS)
def test_a_tables_stream_has_windows_too() -> None:
    stand = Stand(on_table(TumblingWindowInSeconds=60), Scripted(always=gather))
    stand.host.give("Source", {"id": "a"})

    stand.settle()

    assert told(stand) == [(["a"], [], False, False), ([], ["a"], True, False)]
