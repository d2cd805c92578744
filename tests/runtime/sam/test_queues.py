"""Visibility, dead letters, groups and concurrency of queues."""

from itertools import pairwise

import pytest

from tests.runtime.sam.rules import API, SQS, SQS_ERRORS, rule
from tests.runtime.sam.stand import REPORT, START_MS, Scripted, Stand, fails, names, on_queue, raises
from tocsin.core.errors import ConfigError

FIFO = {"FifoQueue": True, "ContentBasedDeduplication": True, "QueueName": "source.fifo"}
REDRIVE = "Amazon SQS Developer Guide, Using dead-letter queues in Amazon SQS"
GROUPS = "Amazon SQS Developer Guide, FIFO queue delivery logic in Amazon SQS"
COPIES = "Amazon SQS Developer Guide, Exactly-once processing in Amazon SQS"
RESERVED = "AWS Lambda Developer Guide, Configuring reserved concurrency for a function"
SCALING = "AWS Lambda Developer Guide, Configuring scaling behavior for SQS event source mappings"


@rule("When a batch is done its messages are deleted.", SQS)
def test_messages_of_a_batch_that_is_done_are_deleted() -> None:
    stand = Stand(on_queue(), Scripted())
    stand.put(*"ab")

    stand.settle()

    assert stand.bodies("Source") == []


@rule("What failed shows again when the visibility timeout ends.", SQS_ERRORS)
def test_what_failed_shows_again_when_its_visibility_ends() -> None:
    stand = Stand(on_queue({"VisibilityTimeout": 90}), Scripted(raises))
    stand.put("a")

    stand.wait(89_999)
    before = len(stand.handler.batches)
    stand.wait(1)

    assert (before, len(stand.handler.batches)) == (1, 2)


@rule(
    "A message whose window and call last longer than its visibility comes again, though each call goes well: the late "
    "answer deletes nothing, and in the end it is a dead letter.",
    SQS,
)
def test_a_message_shows_again_while_a_slow_function_still_works_on_it() -> None:
    template = on_queue({"VisibilityTimeout": 30}, more={"Timeout": 30}, MaximumBatchingWindowInSeconds=20)
    stand = Stand(template, Scripted())
    stand.host.functions["Function"].takes_ms = 20_000
    stand.put("a")

    stand.settle()

    said = [event["Records"][0]["attributes"]["ApproximateReceiveCount"] for event in stand.handler.events]
    assert said == ["1", "2", "3"]
    assert [one.at_ms - START_MS for one in stand.host.invocations] == [20_000, 50_000, 80_000]
    assert stand.bodies("Dead") == ["a"]


@rule("A message received `maxReceiveCount` times and not deleted moves to the dead letters.", REDRIVE)
def test_a_message_received_too_often_is_a_dead_letter() -> None:
    stand = Stand(on_queue(), Scripted(always=raises))
    stand.put("a")

    stand.settle()

    assert stand.handler.batches == [["a"]] * 3
    assert stand.bodies("Dead") == ["a"]


@rule("Events say how often a message was received, and when first.", SQS)
def test_events_say_how_often_a_message_was_received() -> None:
    stand = Stand(on_queue(), Scripted(raises))
    stand.put("a")

    stand.settle()

    said = [event["Records"][0]["attributes"] for event in stand.handler.events]
    assert [one["ApproximateReceiveCount"] for one in said] == ["1", "2"]
    assert said[0]["ApproximateFirstReceiveTimestamp"] == said[1]["ApproximateFirstReceiveTimestamp"]


@rule("A batching window gathers messages of a standard queue, which are hidden meanwhile.", SQS)
def test_a_window_gathers_messages_that_are_hidden_meanwhile() -> None:
    stand = Stand(on_queue(BatchSize=100, MaximumBatchingWindowInSeconds=20), Scripted())
    stand.put("a")
    stand.wait(10_000)
    stand.put("b")

    stand.wait(9_999)
    before = stand.handler.batches
    hidden = stand.host.resources.queues["Source"].receive(limit=10, visibility_ms=0)
    stand.wait(1)

    assert before == []
    assert [message.body for message in hidden] in ([], ["b"])
    assert names(stand.handler.events[0])[0] == "a"


@rule("The queue's visibility timeout must not be shorter than the function's timeout.", SQS)
def test_a_visibility_shorter_than_the_timeout_is_refused() -> None:
    with pytest.raises(ConfigError, match="visibility timeout of 30 s is less than the function's timeout of 60 s"):
        Stand(on_queue(more={"Timeout": 60}), Scripted())


@rule("`MaximumConcurrency` is how many batches of the queue are in flight at most.", SCALING)
def test_no_more_batches_are_in_flight_than_the_maximum_concurrency() -> None:
    stand = Stand(on_queue(BatchSize=1, ScalingConfig={"MaximumConcurrency": 2}), Scripted())
    stand.host.functions["Function"].takes_ms = 2_000
    stand.put(*"abcde")

    counts = []
    for _ in range(3):
        stand.wait(0)
        counts.append(len(stand.handler.batches))
        stand.wait(2_000)

    assert counts == [2, 4, 5]


@rule("Without it, batches are taken as they come.", SCALING)
def test_without_a_maximum_batches_are_taken_as_they_come() -> None:
    stand = Stand(on_queue(BatchSize=1), Scripted())
    stand.host.functions["Function"].takes_ms = 2_000
    stand.put(*"abcde")

    stand.wait(0)

    assert len(stand.handler.batches) == 5


@rule(
    "Of a standard queue 5 batches are worked on at once to begin with, and up to 300 more a minute while messages are "
    "left, 1,000 at most.",
    SCALING,
)
def test_batches_in_flight_begin_with_five_and_grow_by_three_hundred_a_minute() -> None:
    template = on_queue({"VisibilityTimeout": 5_400}, more={"Timeout": 900}, BatchSize=1)
    stand = Stand(template, Scripted())
    stand.host.functions["Function"].takes_ms = 900_000
    stand.put(*map(str, range(1_100)))

    counts = []
    for wait_ms in (0, 1_000, 59_000, 60_000, 120_000):
        stand.wait(wait_ms)
        counts.append(len(stand.handler.batches))

    assert counts == [5, 10, 305, 605, 1_000]


@rule("Once nothing is left in the queue, there are five again.", SCALING)
def test_after_a_quiet_time_batches_begin_with_five_again() -> None:
    stand = Stand(on_queue(BatchSize=1), Scripted())
    stand.host.functions["Function"].takes_ms = 2_000
    stand.put(*map(str, range(20)))
    stand.settle()
    before = len(stand.handler.batches)
    stand.put(*map(str, range(20)))

    stand.wait(0)

    assert (before, len(stand.handler.batches)) == (20, 25)


@rule("A function runs no more often at once than its reserved concurrency, whatever calls it.", RESERVED)
def test_a_function_runs_no_more_often_at_once_than_reserved() -> None:
    stand = Stand(on_queue(more={"ReservedConcurrentExecutions": 2}, BatchSize=1), Scripted())
    stand.host.functions["Function"].takes_ms = 2_000
    stand.put(*"abcde")
    stand.wait(0)
    stand.host.give("Function", {"Records": []})

    counts = []
    for _ in range(3):
        stand.wait(0)
        counts.append(len(stand.handler.events))
        stand.wait(2_000)

    assert counts[0] == 2
    assert all(later - before <= 2 for before, later in pairwise(counts))
    stand.settle()
    assert sorted(body for batch in stand.handler.batches for body in batch) == list("abcde")
    assert stand.bodies("Source") == []


@rule(
    "A throttled batch is tried again until its visibility ends; then its messages show again, received once more.",
    SQS_ERRORS,
)
def test_a_throttled_batch_is_tried_until_its_visibility_ends() -> None:
    stand = Stand(on_queue(more={"ReservedConcurrentExecutions": 0}, BatchSize=1), Scripted())
    stand.put("a")

    stand.wait(29_999)
    before = stand.bodies("Dead")
    stand.wait(3 * 30_000)

    assert stand.handler.batches == []
    assert (before, stand.bodies("Dead")) == ([], ["a"])


@rule("Messages of a group come in order, one batch at a time.", GROUPS)
def test_messages_of_a_group_come_in_order() -> None:
    stand = Stand(on_queue(FIFO, BatchSize=2), Scripted())
    stand.host.functions["Function"].takes_ms = 1_000
    for body in "abcde":
        stand.put(body, key="one")

    stand.wait(0)
    first = list(stand.handler.batches)
    stand.settle()

    assert first == [["a", "b"]]
    assert stand.handler.batches == [["a", "b"], ["c", "d"], ["e"]]


@rule("While a message of a group is hidden, none of that group is delivered; other groups are.", GROUPS)
def test_a_group_waits_for_its_failed_message_and_others_do_not() -> None:
    stand = Stand(on_queue(FIFO, BatchSize=1), Scripted(raises))
    stand.put("a1", "a2", key="a")
    stand.put("b1", key="b")

    stand.wait(29_999)
    meanwhile = list(stand.handler.batches)
    stand.settle()

    assert meanwhile == [["a1"], ["b1"]]
    assert stand.handler.batches[2:] == [["a1"], ["a2"]]


@rule("A copy sent within five minutes is taken and not delivered.", COPIES)
def test_a_copy_within_five_minutes_is_not_delivered() -> None:
    stand = Stand(on_queue(FIFO), Scripted())
    stand.put("a", key="g")
    stand.settle()
    stand.put("a", key="g")
    stand.settle()
    before = len(stand.handler.batches)
    stand.wait(300_000)
    stand.put("a", key="g")

    stand.settle()

    assert (before, len(stand.handler.batches)) == (1, 2)


@rule("Events of a FIFO queue name group, deduplication id and sequence number.", SQS)
def test_events_of_a_fifo_queue_name_its_groups() -> None:
    stand = Stand(on_queue(FIFO), Scripted())
    stand.put("a", "b", key="g")

    stand.settle()

    said = [record["attributes"] for record in stand.handler.events[0]["Records"]]
    assert [one["MessageGroupId"] for one in said] == ["g", "g"]
    assert int(said[0]["SequenceNumber"]) < int(said[1]["SequenceNumber"])
    assert len(said[0]["MessageDeduplicationId"]) == 64


@rule(
    "Of a FIFO queue, too, only the named messages come again: a function must name all behind the failed one.",
    SQS_ERRORS,
)
def test_of_a_fifo_queue_the_named_messages_come_again_in_order() -> None:
    stand = Stand(on_queue(FIFO, FunctionResponseTypes=REPORT), Scripted(fails("b", "c")))
    stand.put(*"abc", key="g")

    stand.settle()

    assert stand.handler.batches == [list("abc"), ["b", "c"]]


@pytest.mark.parametrize("settings", [{"BatchSize": 11}, {"MaximumBatchingWindowInSeconds": 5}])
@rule("A FIFO queue takes batches of 10 at most, and no window.", API)
def test_a_fifo_queue_takes_small_batches_and_no_window(settings: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="FIFO"):
        Stand(on_queue(FIFO, **settings), Scripted())


@rule(
    "A new message is hidden for the queue's delay, and forgotten after its retention.",
    "Amazon SQS Developer Guide, Amazon SQS delay queues",
)
def test_messages_are_delayed_and_forgotten() -> None:
    stand = Stand(on_queue({"DelaySeconds": 60, "MessageRetentionPeriod": 90}), Scripted(always=raises))
    stand.put("a")

    stand.wait(59_000)
    before = len(stand.handler.batches)
    stand.wait(600_000)

    assert (before, len(stand.handler.batches)) == (0, 2)
    assert stand.bodies("Source") == stand.bodies("Dead") == []
