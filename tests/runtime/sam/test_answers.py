"""What an answer means."""

from typing import Any

import pytest

from tests.runtime.sam.rules import PARTIAL, SQS_ERRORS, rule
from tests.runtime.sam.stand import REPORT, Answer, Scripted, Stand, fails, on_kinesis, on_queue, on_table


def item(identifier: object, name: str = "itemIdentifier") -> Answer:
    return lambda _: {"batchItemFailures": [{name: identifier}]}


SUCCESSES = [
    pytest.param(lambda _: None, id="null answer"),
    pytest.param(lambda _: {}, id="empty answer"),
    pytest.param(lambda _: {"batchItemFailures": []}, id="empty list"),
    pytest.param(lambda _: {"batchItemFailures": None}, id="null list"),
]
FAILURES = [
    pytest.param(item(""), id="empty identifier"),
    pytest.param(item(None), id="null identifier"),
    pytest.param(item("1", "id"), id="wrong name"),
    pytest.param(item("no-such-id"), id="identifier that is not in the batch"),
    pytest.param(lambda _: "done", id="text"),
    pytest.param(lambda _: [1], id="list"),
    pytest.param(lambda _: {"when": object()}, id="what is no JSON"),
]


@pytest.mark.parametrize("answer", SUCCESSES)
@rule("Null or empty answers, and null or empty lists of failures, are complete success.", PARTIAL)
def test_an_answer_without_failures_is_complete_success(answer: Answer) -> None:
    stand = Stand(on_kinesis(FunctionResponseTypes=REPORT), Scripted(answer))
    stand.put(*"abc", key="k")

    stand.settle()

    assert stand.handler.batches == [list("abc")]
    assert stand.checkpoint == "3"


@pytest.mark.parametrize("answer", FAILURES)
@rule("An empty, null, misnamed or unknown identifier, or no such answer at all, is complete failure.", PARTIAL)
def test_an_answer_that_cannot_be_read_is_complete_failure(answer: Answer) -> None:
    stand = Stand(on_kinesis(FunctionResponseTypes=REPORT), Scripted(answer))
    stand.put(*"abc", key="k")

    stand.wait(0)

    assert stand.checkpoint == ""
    stand.settle()
    assert stand.handler.batches == [list("abc")] * 2


@rule("The lowest failed sequence number is the checkpoint; all from there on come again.", PARTIAL)
def test_all_from_the_lowest_failed_number_come_again() -> None:
    stand = Stand(on_kinesis(FunctionResponseTypes=REPORT), Scripted(fails("d", "c")))
    stand.put(*"abcde", key="k")

    stand.wait(0)
    checkpoint = stand.checkpoint
    stand.settle()

    assert checkpoint == "2"
    assert stand.handler.batches == [list("abcde"), list("cde")]


@rule("Sequence numbers are compared as numbers.", PARTIAL)
def test_numbers_are_compared_as_numbers() -> None:
    stand = Stand(on_kinesis(FunctionResponseTypes=REPORT), Scripted(item("10")))
    stand.put(*"abcdefghijkl", key="k")

    stand.settle()

    assert stand.handler.batches == [list("abcdefghijkl"), list("jkl")]


@rule("Reported failures mean nothing unless `ReportBatchItemFailures` is turned on.", PARTIAL)
def test_named_failures_mean_nothing_unless_asked_for() -> None:
    stand = Stand(on_kinesis(), Scripted(fails("a")))
    stand.put(*"abc", key="k")

    stand.settle()

    assert stand.handler.batches == [list("abc")]


@rule("A table's stream is answered like any stream.", PARTIAL)
def test_a_tables_stream_is_answered_with_its_sequence_numbers() -> None:
    stand = Stand(on_table(FunctionResponseTypes=REPORT), Scripted(fails("b")))
    for name in "abc":
        stand.host.give("Source", {"id": name})

    stand.settle()

    assert stand.handler.batches == [list("abc"), list("bc")]


@rule("Of a queue only the named messages come again; the others are deleted.", SQS_ERRORS)
def test_of_a_queue_only_the_named_messages_come_again() -> None:
    stand = Stand(on_queue(FunctionResponseTypes=REPORT), Scripted(fails("a", "c")))
    stand.put(*"abcd")

    stand.settle()

    assert stand.handler.batches == [list("abcd"), list("ac")]


@pytest.mark.parametrize("answer", FAILURES)
@rule("Of a queue, too, an answer that cannot be read is complete failure.", SQS_ERRORS)
def test_of_a_queue_an_answer_that_cannot_be_read_is_complete_failure(answer: Any) -> None:
    stand = Stand(on_queue(FunctionResponseTypes=REPORT), Scripted(answer))
    stand.put(*"ab")

    stand.settle()

    assert stand.handler.batches == [list("ab")] * 2
