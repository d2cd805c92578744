from dataclasses import replace

import msgspec
import pytest

from tests.contract.conftest import Deployment
from tests.contract.specimens import NOTIFICATION, NOW_MS
from tocsin.core.messages import Notification
from tocsin.core.ports import FilterPolicy, QueueMessage


def taken(opened: Deployment, queue: str) -> list[QueueMessage]:
    found: list[QueueMessage] = []
    while part := opened.queue(queue).receive(limit=10, visibility_ms=30_000):
        found += part
    return found


def numbers(opened: Deployment, queue: str) -> list[int]:
    return sorted(msgspec.json.decode(message.body, type=Notification).number for message in taken(opened, queue))


def test_subscribed_queue_gets_the_notification_and_its_attributes(opened: Deployment) -> None:
    opened.queue("mail")
    opened.backend.topic.subscribe("mail")

    assert list(opened.backend.topic.publish([NOTIFICATION])) == []

    (message,) = taken(opened, "mail")
    assert msgspec.json.decode(message.body, type=Notification) == NOTIFICATION
    assert dict(message.attributes) == NOTIFICATION.attributes
    assert message.sent_ms == NOW_MS


def test_every_subscribed_queue_gets_its_own_copy(opened: Deployment) -> None:
    for queue in ("mail", "pager"):
        opened.queue(queue)
        opened.backend.topic.subscribe(queue)

    opened.backend.topic.publish([replace(NOTIFICATION, number=number) for number in (1, 2, 3)])

    assert numbers(opened, "mail") == [1, 2, 3]
    assert numbers(opened, "pager") == [1, 2, 3]


def test_queue_gets_what_is_published_after_it_subscribed(opened: Deployment) -> None:
    opened.queue("mail")
    opened.backend.topic.publish([NOTIFICATION])
    opened.backend.topic.subscribe("mail")

    opened.backend.topic.publish([replace(NOTIFICATION, number=2)])

    assert numbers(opened, "mail") == [2]


@pytest.mark.parametrize(
    ("policy", "is_wanted"),
    [
        pytest.param(None, True, id="no policy takes everything"),
        pytest.param({}, True, id="a policy that names nothing takes everything"),
        pytest.param({"severity": ["critical"]}, True, id="the value matches"),
        pytest.param({"severity": ["warning", "critical"]}, True, id="one of the values matches"),
        pytest.param({"severity": ["warning"]}, False, id="no value matches"),
        pytest.param({"severity": ["Critical"]}, False, id="case matters"),
        pytest.param({"severity": ["critical"], "state": ["firing"]}, True, id="all names match"),
        pytest.param({"severity": ["critical"], "state": ["resolved"]}, False, id="one name does not match"),
        pytest.param({"site": ["north"]}, False, id="an attribute that is not there matches nothing"),
    ],
)
def test_filter_policy_decides_what_a_queue_gets(
    opened: Deployment, policy: FilterPolicy | None, is_wanted: bool
) -> None:
    opened.queue("mail")
    opened.backend.topic.subscribe("mail", policy)

    opened.backend.topic.publish([NOTIFICATION])

    assert numbers(opened, "mail") == ([1] if is_wanted else [])


def test_second_subscription_of_a_queue_replaces_the_policy(opened: Deployment) -> None:
    opened.queue("mail")
    opened.backend.topic.subscribe("mail", {"severity": ["info"]})
    opened.backend.topic.subscribe("mail", {"severity": ["critical"]})

    opened.backend.topic.publish([NOTIFICATION])

    assert numbers(opened, "mail") == [1]


def test_topic_without_subscriptions_takes_what_is_published(opened: Deployment) -> None:
    assert list(opened.backend.topic.publish([NOTIFICATION])) == []
    assert list(opened.backend.topic.publish([])) == []
