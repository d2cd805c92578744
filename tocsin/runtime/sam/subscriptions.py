"""Connects topics and buckets to functions and queues."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tocsin.core.clock import NowMs
from tocsin.runtime.asynchronous import Asynchronous
from tocsin.runtime.cloudformation.resolve import Resource, Stack
from tocsin.runtime.sam.events import sns_envelope, sns_event
from tocsin.runtime.sam.model import TriggerSpec
from tocsin.runtime.sam.resources import Resources
from tocsin.runtime.sam.topic import Notification, Subscriber

Deliver = Callable[[Mapping[str, Any], str], None]


def subscribe(spec: TriggerSpec, asynchronous: Asynchronous, resources: Resources, now_ms: NowMs) -> None:
    """Let the function get what the topic or bucket of an event of type ``SNS`` or ``S3`` tells."""
    if spec.kind == "SNS":
        topic = resources.topic(spec.source)

        def deliver(message: Mapping[str, Any], message_id: str) -> None:
            asynchronous.send(sns_event(topic.arn, message, message_id, now_ms()))

        topic.subscribers.append(_subscriber(deliver, spec.properties))
    else:
        resources.bucket(spec.source).notifications.append(_notification(asynchronous.send, spec.properties))


def connect(stack: Stack, resources: Resources, functions: Mapping[str, Asynchronous], now_ms: NowMs) -> None:
    """Make the subscriptions of topics and the notifications of buckets that the stack declares.

    Args:
        stack: With ``AWS::SNS::Subscription`` and notifications of ``AWS::S3::Bucket``.
        resources: Its resources.
        functions: Logical id to asynchronous invocations.
        now_ms: The clock.
    """
    for resource in stack.of_kind("AWS::SNS::Subscription"):
        _connect_topic(resource.properties, resources, functions, now_ms)
    for resource in stack.of_kind("AWS::S3::Bucket"):
        _connect_bucket(resource, resources, functions)


def _connect_topic(
    declared: Mapping[str, Any], resources: Resources, functions: Mapping[str, Asynchronous], now_ms: NowMs
) -> None:
    topic = resources.topic(str(declared["TopicArn"]))
    endpoint, protocol = str(declared.get("Endpoint", "")), declared["Protocol"]

    def to_function(message: Mapping[str, Any], message_id: str) -> None:
        functions[resources.names.id_of(endpoint)].send(sns_event(topic.arn, message, message_id, now_ms()))

    def to_queue(message: Mapping[str, Any], message_id: str) -> None:
        envelope = sns_envelope(topic.arn, message, message_id, now_ms())
        resources.queue(endpoint).send_one(msgspec.json.encode(envelope).decode(), group=message_id)

    def raw_to_queue(message: Mapping[str, Any], message_id: str) -> None:
        resources.queue(endpoint).send_one(message["Message"], message["MessageAttributes"], group=message_id)

    is_raw = declared.get("RawMessageDelivery") in {True, "true"}
    known: dict[str, Deliver] = {"lambda": to_function, "sqs": raw_to_queue if is_raw else to_queue}
    if protocol in known:  # mail and the like go to people, not to functions
        topic.subscribers.append(_subscriber(known[protocol], declared))


def _connect_bucket(resource: Resource, resources: Resources, functions: Mapping[str, Asynchronous]) -> None:
    notified = resource.properties.get("NotificationConfiguration") or {}
    bucket = resources.buckets[resource.id]

    def to_function(name: str) -> Callable[[dict[str, Any]], object]:
        return functions[resources.names.id_of(name)].send

    def to_queue(name: str) -> Callable[[dict[str, Any]], object]:
        return lambda event: resources.queue(name).send([msgspec.json.encode(event).decode()])

    for said in notified.get("LambdaConfigurations") or ():
        bucket.notifications.append(_notification(to_function(str(said["Function"])), said))
    for said in notified.get("QueueConfigurations") or ():
        bucket.notifications.append(_notification(to_queue(str(said["Queue"])), said))


def _subscriber(deliver: Deliver, declared: Mapping[str, Any]) -> Subscriber:
    policy = declared.get("FilterPolicy") or {}
    if isinstance(policy, str):
        policy = msgspec.json.decode(policy)
    return Subscriber(deliver, policy, declared.get("FilterPolicyScope") == "MessageBody")


def _notification(deliver: Callable[[dict[str, Any]], object], said: Mapping[str, Any]) -> Notification:
    rules = ((said.get("Filter") or {}).get("S3Key") or {}).get("Rules") or ()
    named = {str(rule["Name"]).lower(): str(rule["Value"]) for rule in rules}
    events = said.get("Event") or said.get("Events") or "s3:ObjectCreated:*"
    listed = (events,) if isinstance(events, str) else tuple(events)
    return Notification(deliver, listed, named.get("prefix", ""), named.get("suffix", ""))
