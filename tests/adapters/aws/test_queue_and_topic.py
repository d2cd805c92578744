from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.adapters.aws.scripted import Script, patience_of
from tests.contract.specimens import NOTIFICATION
from tocsin.adapters.aws.queue import SqsQueue
from tocsin.adapters.aws.topic import SnsTopic
from tocsin.core.errors import ConfigError
from tocsin.core.messages import Notification

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/gateway"
STANDARD = "arn:aws:sns:us-east-1:123456789012:alerts"
FIFO = f"{STANDARD}.fifo"


def queue_of(client: Any) -> SqsQueue:
    return SqsQueue(client, URL, patience_of())


def topic_of(client: Any, arn: str = STANDARD) -> SnsTopic:
    return SnsTopic(client, arn, patience_of(), lambda name: name)


def bodies(*texts: str, first: int = 0) -> list[dict[str, str]]:
    return [{"Id": str(place), "MessageBody": text} for place, text in enumerate(texts, first)]


def failed(*places: int, fault: bool = False) -> list[dict[str, Any]]:
    return [{"Id": str(place), "Code": "InternalError", "SenderFault": fault} for place in places]


def test_name_of_a_queue_is_the_end_of_its_url() -> None:
    with Script("sqs") as client:
        assert queue_of(client).name == "gateway"


def test_messages_go_ten_at_a_time_and_failed_ones_again() -> None:
    texts = [f"m{number}" for number in range(11)]
    script = Script("sqs")
    script.answers(
        "send_message_batch", {"Successful": [], "Failed": failed(2)}, QueueUrl=URL, Entries=bodies(*texts[:10])
    )
    script.answers("send_message_batch", {"Successful": [], "Failed": []}, QueueUrl=URL, Entries=bodies("m2", first=2))
    script.answers(
        "send_message_batch", {"Successful": [], "Failed": []}, QueueUrl=URL, Entries=bodies("m10", first=10)
    )

    with script as client:
        assert list(queue_of(client).send(texts)) == []


def test_messages_that_stay_failed_are_told_by_place() -> None:
    script = Script("sqs").answers("send_message_batch", {"Successful": [], "Failed": failed(1)})

    with script as client:
        queue = queue_of(client)
        queue._patience.begin(1)

        assert list(queue.send(["a", "b"])) == [1]


@pytest.mark.parametrize("body", ["", "\x00", "\ud800", "\ufffe"])
def test_body_that_sqs_would_refuse_is_refused_before_anything_is_sent(body: str) -> None:
    with Script("sqs") as client, pytest.raises(ValueError, match="must be text without control characters"):
        queue_of(client).send(["fine", body])


def test_message_beyond_a_mebibyte_is_refused_with_its_attributes_counted() -> None:
    body = "x" * (1024 * 1024 - 20)

    with Script("sqs") as client, pytest.raises(ValueError, match="bytes a message or batch"):
        queue_of(client).send([body], {"tenant": "a" * 10})


def test_batches_stay_below_a_mebibyte() -> None:
    half = "x" * 600_000
    script = Script("sqs")
    for place in range(2):
        asked = {"QueueUrl": URL, "Entries": bodies(half, first=place)}
        script.answers("send_message_batch", {"Successful": [], "Failed": []}, **asked)

    with script as client:
        queue_of(client).send([half, half])


def test_attribute_without_a_value_is_left_out() -> None:
    asked = {
        "QueueUrl": URL,
        "Entries": [
            {**bodies("a")[0], "MessageAttributes": {"tenant": {"DataType": "String", "StringValue": "acme"}}},
        ],
    }
    with Script("sqs").answers("send_message_batch", {"Successful": [], "Failed": []}, **asked) as client:
        queue_of(client).send(["a"], {"tenant": "acme", "site": ""})


def test_queue_without_dead_letters_says_so() -> None:
    with (
        Script("sqs").answers("get_queue_attributes", {}) as client,
        pytest.raises(ConfigError, match="redrive policy"),
    ):
        queue_of(client).dead_letters(limit=1)


def published(script: Script) -> list[list[dict[str, Any]]]:
    """Return the batches that the script's topic is sent."""
    sent: list[list[dict[str, Any]]] = []
    script.client.meta.events.register(
        "provide-client-params.sns.PublishBatch",
        lambda params, **_: sent.append(params["PublishBatchRequestEntries"]),
        unique_id=str(id(sent)),
    )
    return sent


def notifications(count: int, tenant: str = "acme") -> list[Notification]:
    return [replace(NOTIFICATION, tenant=tenant, id=f"{tenant}{number}", number=number) for number in range(count)]


def done(script: Script, times: int = 1) -> Script:
    for _ in range(times):
        script.answers("publish_batch", {"Successful": [], "Failed": []})
    return script


def test_notifications_go_ten_at_a_time() -> None:
    script = done(Script("sns"), 2)
    sent = published(script)

    with script as client:
        assert list(topic_of(client).publish(notifications(11))) == []

    assert [len(batch) for batch in sent] == [10, 1]


def test_message_has_a_variant_for_each_kind_of_subscriber() -> None:
    script = done(Script("sns"))
    sent = published(script)

    with script as client:
        topic_of(client).publish([replace(NOTIFICATION, subject="two\nlines " + "x" * 100)])

    (entry,) = sent[0]
    variants = msgspec.json.decode(entry["Message"])
    assert entry["MessageStructure"] == "json"
    assert msgspec.json.decode(variants["default"], type=Notification).id == NOTIFICATION.id
    assert variants["email"] == NOTIFICATION.text
    assert entry["Subject"].startswith("two lines xx")
    assert len(entry["Subject"]) == 99
    assert {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()} == NOTIFICATION.attributes
    assert "MessageGroupId" not in entry


def test_mail_sms_and_subject_show_nothing_that_becomes_a_link() -> None:
    script = done(Script("sns"))
    sent = published(script)
    hostile = "see https://evil.example/x or www.evil.com"

    with script as client:
        topic_of(client).publish([replace(NOTIFICATION, subject=hostile, text=hostile)])

    (entry,) = sent[0]
    variants = msgspec.json.decode(entry["Message"])
    for shown in (entry["Subject"], variants["email"], variants["sms"]):
        assert shown == "see https[:]//evil[.]example/x or www[.]evil[.]com"


def test_fifo_message_has_its_tenant_as_group_and_its_id_for_deduplication() -> None:
    script = done(Script("sns"))
    sent = published(script)

    with script as client:
        topic_of(client, FIFO).publish([NOTIFICATION])

    assert (sent[0][0]["MessageGroupId"], sent[0][0]["MessageDeduplicationId"]) == ("acme", "n1")


def test_fifo_sends_a_tenants_next_notification_only_after_the_one_before_was_taken() -> None:
    script = Script("sns")
    script.answers("publish_batch", {"Successful": [], "Failed": failed(0)})
    script.answers("publish_batch", {"Successful": [], "Failed": []})
    sent = published(script)
    mixed = [*notifications(2), *notifications(2, "other")]

    with script as client:
        topic = topic_of(client, FIFO)
        topic._patience.begin(1)

        assert list(topic.publish(mixed)) == [0, 1]

    assert [[entry["MessageDeduplicationId"] for entry in batch] for batch in sent] == [
        ["acme0", "other0"],
        ["other1"],
    ]


def test_notification_that_sns_would_refuse_is_refused_before_anything_is_sent() -> None:
    large = replace(NOTIFICATION, text="x" * 200_000)

    with Script("sns") as client, pytest.raises(ValueError, match="notification n1 for topic alerts has"):
        topic_of(client).publish([NOTIFICATION, large])


def test_throttled_batch_is_sent_again() -> None:
    with done(Script("sns").refuses("publish_batch", "ThrottledException", status=429)) as client:
        assert list(topic_of(client).publish([NOTIFICATION])) == []


def test_second_subscription_changes_the_first_one() -> None:
    script = Script("sns")
    other = {"SubscriptionArn": "s0", "Endpoint": "elsewhere"}
    script.answers("list_subscriptions_by_topic", {"Subscriptions": [other], "NextToken": "t"}, TopicArn=STANDARD)
    mine = {"SubscriptionArn": "s1", "Endpoint": "mail"}
    script.answers("list_subscriptions_by_topic", {"Subscriptions": [mine]}, TopicArn=STANDARD, NextToken="t")
    asked = {"SubscriptionArn": "s1", "AttributeName": "FilterPolicy", "AttributeValue": '{"severity":["critical"]}'}
    script.answers("set_subscription_attributes", {}, **asked)

    with script as client:
        topic_of(client).subscribe("mail", {"severity": ["critical"]})
