"""A FIFO topic into a FIFO queue: in order, and one copy within five minutes."""

from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from tests.adapters.aws.scripted import patience_of
from tests.contract.moto_backend import moto_at
from tests.contract.specimens import NOTIFICATION, NOW_MS
from tocsin.adapters.aws.queue import SqsQueue
from tocsin.adapters.aws.topic import SnsTopic
from tocsin.core.clock import VirtualClock
from tocsin.core.messages import Notification
from tocsin.runtime.provisioned import make


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW_MS)


@pytest.fixture
def ends(clock: VirtualClock) -> Iterator[tuple[SnsTopic, SqsQueue]]:
    """A FIFO topic, and a FIFO queue that is subscribed to it."""
    with moto_at(clock.now_ms) as clients:
        url = clients.sqs.create_queue(QueueName="told.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
        arn = make(clients, "t", ("topic_arn",), fifo=True)["topic_arn"]
        topic = SnsTopic(clients.sns, arn, patience_of(), lambda name: f"arn:aws:sqs:us-east-1:123456789012:{name}")
        topic.subscribe("told.fifo")
        yield topic, SqsQueue(clients.sqs, url, patience_of())


def taken(queue: SqsQueue) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    while part := queue.receive(limit=10, visibility_ms=30_000):
        read = [msgspec.json.decode(message.body, type=Notification) for message in part]
        found += [(notification.tenant, notification.number) for notification in read]
        queue.delete([message.receipt for message in part])
    return found


def numbered(tenant: str, number: int) -> Notification:
    return replace(NOTIFICATION, tenant=tenant, number=number, id=f"{tenant}.{number}")


def test_each_tenants_notifications_arrive_in_order(ends: tuple[SnsTopic, SqsQueue]) -> None:
    topic, queue = ends

    assert list(topic.publish([numbered(tenant, number) for number in range(6) for tenant in ("acme", "other")])) == []

    found = taken(queue)
    for tenant in ("acme", "other"):
        assert [number for owner, number in found if owner == tenant] == list(range(6))


def test_copy_within_five_minutes_does_not_arrive(ends: tuple[SnsTopic, SqsQueue], clock: VirtualClock) -> None:
    topic, queue = ends
    topic.publish([numbered("acme", 1), numbered("acme", 2)])
    clock.advance_to(NOW_MS + 299_000)

    topic.publish([numbered("acme", 1), numbered("acme", 3)])

    assert taken(queue) == [("acme", 1), ("acme", 2), ("acme", 3)]
