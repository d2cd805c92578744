from dataclasses import replace

import pytest

from tests.contract.conftest import Deployment
from tests.contract.specimens import NOW_MS
from tests.contract.wall import WallClock
from tocsin.core.clock import VirtualClock
from tocsin.core.ports import Queue, QueueMessage

HIDDEN_MS = 30_000
RECEIVES_MAX = 5


@pytest.fixture
def queue(opened: Deployment) -> Queue:
    return opened.backend.gateway


def receive(queue: Queue, limit: int = 10) -> list[QueueMessage]:
    return queue.receive(limit=limit, visibility_ms=HIDDEN_MS)


def just_before(instant_ms: int, clock: VirtualClock) -> int:
    """Return the last instant before, or one well before it where that would be a race."""
    return instant_ms - (HIDDEN_MS // 2 if isinstance(clock, WallClock) else 1)


def bodies(messages: list[QueueMessage]) -> list[str]:
    return [message.body for message in messages]


def let_die(queue: Queue) -> None:
    """Receive what is there as often as it may be, and once more."""
    for _ in range(RECEIVES_MAX + 1):
        queue.release([message.receipt for message in receive(queue)])


def test_message_comes_as_it_was_sent(queue: Queue, clock: VirtualClock) -> None:
    assert list(queue.send(["a body ✓"], {"tenant": "acme"})) == []
    clock.advance_to(NOW_MS + 5)

    (message,) = receive(queue)

    assert (message.body, dict(message.attributes)) == ("a body ✓", {"tenant": "acme"})
    assert message.sent_ms == NOW_MS
    assert message.receive_count == 1


def test_each_body_is_a_message(queue: Queue) -> None:
    queue.send(["a", "b", "c"])

    messages = receive(queue)

    assert sorted(bodies(messages)) == ["a", "b", "c"]
    assert len({message.id for message in messages}) == 3


def test_no_more_than_the_limit_is_received(queue: Queue) -> None:
    queue.send(["a", "b", "c"])

    assert len(receive(queue, limit=2)) == 2
    assert len(receive(queue, limit=2)) == 1


def test_received_message_is_hidden_until_its_visibility_ends(queue: Queue, clock: VirtualClock) -> None:
    queue.send(["a"])
    (first,) = receive(queue)
    clock.advance_to(just_before(NOW_MS + HIDDEN_MS, clock))
    hidden = receive(queue)
    clock.advance_to(NOW_MS + HIDDEN_MS)

    (again,) = receive(queue)

    assert hidden == []
    assert again == replace(first, receipt=again.receipt, receive_count=2)


def test_deleted_message_never_comes_again(queue: Queue, clock: VirtualClock) -> None:
    queue.send(["a", "b"])
    queue.delete([message.receipt for message in receive(queue) if message.body == "a"])
    clock.advance_to(NOW_MS + HIDDEN_MS)

    assert bodies(receive(queue)) == ["b"]


def test_receipt_of_an_earlier_receive_deletes_nothing(queue: Queue, clock: VirtualClock) -> None:
    queue.send(["a"])
    (outdated,) = receive(queue)
    clock.advance_to(NOW_MS + HIDDEN_MS)
    (latest,) = receive(queue)

    queue.delete([outdated.receipt])
    before = queue.depth()
    queue.delete([latest.receipt])

    assert (before, queue.depth()) == (1, 0)


def test_receipt_of_an_earlier_receive_releases_nothing(queue: Queue, clock: VirtualClock) -> None:
    queue.send(["a"])
    (outdated,) = receive(queue)
    clock.advance_to(NOW_MS + HIDDEN_MS)
    receive(queue)

    queue.release([outdated.receipt])

    assert receive(queue) == []


@pytest.mark.parametrize("receipt", ["", "nonsense", "1", "1.", ".1", "-1.1", "99.1", "²."])
def test_unknown_receipt_changes_nothing(queue: Queue, receipt: str) -> None:
    queue.send(["a"])

    queue.delete([receipt])
    queue.release([receipt])

    assert queue.depth() == 1


def test_released_message_is_visible_at_once_and_counts_on(queue: Queue) -> None:
    queue.send(["a"])

    queue.release([message.receipt for message in receive(queue)])

    assert [message.receive_count for message in receive(queue)] == [2]


def test_depth_counts_hidden_messages(queue: Queue) -> None:
    queue.send(["a", "b", "c"])
    (message,) = receive(queue, limit=1)
    with_hidden = queue.depth()
    queue.delete([message.receipt])

    assert (with_hidden, queue.depth()) == (3, 2)


def test_message_is_received_five_times_and_then_is_a_dead_letter(queue: Queue) -> None:
    queue.send(["a"], {"tenant": "acme"})
    counts = []
    for _ in range(RECEIVES_MAX + 2):
        for message in receive(queue):
            counts.append(message.receive_count)
            queue.release([message.receipt])

    (letter,) = queue.dead_letters(limit=10)

    assert counts == [1, 2, 3, 4, 5]
    assert (letter.body, dict(letter.attributes)) == ("a", {"tenant": "acme"})
    assert letter.sent_ms == NOW_MS
    assert queue.depth() == 0


def test_message_dying_does_not_keep_others_from_being_received(queue: Queue) -> None:
    queue.send(["bad", "worse"])
    for _ in range(RECEIVES_MAX):
        queue.release([message.receipt for message in receive(queue)])
    queue.send(["good"])

    assert bodies(receive(queue, limit=1)) == ["good"]


def test_dead_letters_come_oldest_first_and_are_not_hidden(queue: Queue, clock: VirtualClock) -> None:
    for number in range(3):
        queue.send([str(number)])
        clock.advance_to(NOW_MS + number + 1)
    let_die(queue)

    assert bodies(queue.dead_letters(limit=10)) == ["0", "1", "2"]
    assert bodies(queue.dead_letters(limit=2)) == ["0", "1"]


def test_redrive_brings_all_dead_letters_back_as_if_never_received(queue: Queue) -> None:
    queue.send(["a", "b"])
    let_die(queue)

    moved = queue.redrive()

    assert moved == 2
    assert queue.dead_letters(limit=10) == []
    assert sorted((message.body, message.receive_count) for message in receive(queue)) == [("a", 1), ("b", 1)]


def test_receipt_from_before_the_redrive_deletes_nothing(queue: Queue) -> None:
    queue.send(["a"])
    old = []
    for _ in range(RECEIVES_MAX + 1):
        for message in receive(queue):
            old.append(message.receipt)
            queue.release([message.receipt])
    queue.redrive()
    receive(queue)

    queue.delete(old)

    assert queue.depth() == 1


def test_redrive_without_dead_letters_moves_nothing(queue: Queue) -> None:
    queue.send(["a"])
    receive(queue)

    assert queue.redrive() == 0
    assert receive(queue) == []


def test_queues_are_separate(opened: Deployment) -> None:
    one, two = opened.queue("one"), opened.queue("two")
    one.send(["a"])

    assert one.name == "one"
    assert receive(two) == []
    assert bodies(receive(one)) == ["a"]


def test_queue_of_the_same_name_is_the_same_queue(opened: Deployment) -> None:
    opened.queue("one").send(["a"])

    assert bodies(receive(opened.queue("one"))) == ["a"]


def test_receipt_of_one_queue_deletes_nothing_in_another(opened: Deployment) -> None:
    one, two = opened.queue("one"), opened.queue("two")
    one.send(["a"])
    (message,) = receive(one)

    two.delete([message.receipt])

    assert one.depth() == 1


def test_nothing_sent_is_nothing_received(queue: Queue) -> None:
    assert list(queue.send([])) == []
    assert receive(queue) == []
