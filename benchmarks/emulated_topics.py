"""What topics of the emulator hand on to queues: a standard one, and a FIFO one with its deduplication."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

import msgspec

from tests.adapters.aws.scripted import patience_of
from tests.contract.moto_backend import moto_at
from tocsin.adapters.aws.clients import Clients
from tocsin.adapters.aws.queue import SqsQueue
from tocsin.adapters.aws.topic import SnsTopic
from tocsin.core.clock import VirtualClock
from tocsin.core.messages import Notification
from tocsin.runtime.provisioned import make

Published = Sequence[tuple[int, Notification]]
"""When, and what, in order."""


def handed_on(published: Published, *, fifo: bool) -> list[Notification]:
    """Return what a queue holds that is subscribed to a topic of the emulator to which all of it was published.

    Cost: the emulator compares each message of a FIFO queue with all that the queue holds.

    Args:
        published: At the instants at which it was.
        fifo: Whether topic and queue are FIFO.
    """
    clock = VirtualClock(published[0][0])
    with moto_at(clock.now_ms) as clients:
        name = "told.fifo" if fifo else "told"
        url = clients.sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if fifo else {})["QueueUrl"]
        topic = _topic(clients, fifo=fifo)
        topic.subscribe(name)
        for at_ms, some in groupby(published, itemgetter(0)):
            clock.advance_to(at_ms)
            refused = topic.publish([one for _, one in some])
            assert not refused, refused
        return _taken(SqsQueue(clients.sqs, url, patience_of()))


def _topic(clients: Clients, *, fifo: bool) -> SnsTopic:
    arn = make(clients, "bench", ("topic_arn",), fifo=fifo)["topic_arn"]
    return SnsTopic(clients.sns, arn, patience_of(), lambda queue: f"arn:aws:sqs:us-east-1:123456789012:{queue}")


def _taken(queue: SqsQueue) -> list[Notification]:
    found: list[Notification] = []
    while part := queue.receive(limit=10, visibility_ms=30_000):
        found += [msgspec.json.decode(message.body, type=Notification) for message in part]
        queue.delete([message.receipt for message in part])
    return found
