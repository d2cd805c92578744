"""What the functions beside the pipeline do: readings of every further source, and posts to receivers."""

import json
from typing import Any, Final

import msgspec

from alerts.delivery.handler import DeliveryHandler
from ingest.handler import make_handler as make_ingest
from tocsin.core.clock import iso
from tocsin.core.messages import Notification
from tocsin.core.outlet import Answer, Post
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.delivery import Receiver, Route
from tocsin.core.plan.model import Plan
from tocsin.core.ports import Backend, QueueMessage, StoredRecord
from tocsin.runtime.events import sqs_event_of
from tocsin.runtime.iam.policy import Call
from tocsin.runtime.iam.rights import Rights
from tocsin.runtime.sam.events import kafka_event

UPLOADS: Final = "IngestUploadsFunction"
TOPIC: Final = "IngestTopicFunction"
KAFKAS: Final = {
    "IngestMskFunction": "arn:aws:kafka:us-east-1:000000000000:cluster/plant/1-2",
    "IngestKafkaFunction": "",
}
"""Logical id to the cluster that its events come from, where MSK has it."""

DELIVERY: Final = "DeliveryFunction"
RECEIVER: Final = Receiver("iam-check", "webhook", "https://receiver.invalid/", "iam-check")
TAKEN: Final = Answer(200)
NEVER: Final = Answer(400, "not like this")


def take_from_everywhere(rights: Rights, backend: Backend, plan: Plan, now_ms: int) -> None:
    """Have each function of a further source take a message, and one that is none."""
    source = plan.sources[0].name
    table = f"ts,device,level_percent\n{now_ms},iam-check,50\nnever,iam-check,50\n"
    backend.blobs.put(f"uploads/{source}/table.csv", table.encode())
    bodies = [json.dumps({"device": "iam-check", "ts": now_ms, "metrics": {"level_percent": 50}}), "this is no message"]
    calls = {
        UPLOADS: _queued(
            "uploads", now_ms, *(_told(f"blobs/uploads/{source}/{name}", now_ms) for name in ("table.csv", "gone.csv"))
        ),
        TOPIC: _queued(source, now_ms, *bodies),
        **{function: _of_kafka(cluster, source, bodies, now_ms) for function, cluster in KAFKAS.items()},
    }
    for function, event in calls.items():
        if function in rights.stack.resources:
            make_ingest(rights.backend_of(function, backend), PlanBook(plan))(event, None)


def deliver(rights: Rights, backend: Backend, plan: Plan, now_ms: int) -> None:
    """Have a receiver take a notification, and refuse another."""
    names, ledger = rights.names_of(DELIVERY), rights.ledger_of(DELIVERY)
    routed = msgspec.structs.replace(plan, receivers=(RECEIVER,), routes=(Route("iam-check", RECEIVER.name),))
    shared = names.variables["TOCSIN_ROUTES_QUEUE"]

    def secret(name: str) -> str:
        ledger.ask([Call("secretsmanager:GetSecretValue", names.variables["TOCSIN_SECRETS_ARN"])])
        ledger.ask(list(names.key_calls("kms:Decrypt")))
        return name

    handler = DeliveryHandler(
        rights.backend_of(DELIVERY, backend),
        PlanBook(routed),
        _Outlet([TAKEN, NEVER]),
        secret,
        lambda: now_ms,
        shared_queue=shared,
    )
    told = [_notification(number, now_ms) for number in (1, 2)]
    handler(_queued(shared, now_ms, *(msgspec.json.encode(one).decode() for one in told)), None)
    handler({"source": "aws.scheduler", "time": iso(now_ms)}, None)


class _Outlet:
    """Answers what it was told to, in order."""

    def __init__(self, answers: list[Answer]) -> None:
        self._answers = answers

    def post(self, post: Post) -> Answer:  # noqa: ARG002  whatever is posted
        return self._answers.pop(0)


def _notification(number: int, now_ms: int) -> Notification:
    return Notification(f"{number:032x}", number, "iam-check", "checked", "checked", {}, (), now_ms)


def _told(key: str, now_ms: int) -> str:
    about = {"bucket": {"name": "uploads"}, "object": {"key": key, "size": 1, "sequencer": "1"}}
    record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": iso(now_ms), "s3": about}
    return json.dumps({"Records": [record]})


def _queued(queue: str, now_ms: int, *bodies: str) -> dict[str, Any]:
    messages = [QueueMessage(f"iam-check-{place}", "", body, {}, now_ms, 1) for place, body in enumerate(bodies)]
    return sqs_event_of(queue)(messages)


def _of_kafka(cluster: str, topic: str, bodies: list[str], now_ms: int) -> dict[str, Any]:
    records = [StoredRecord("0", str(place), "", body.encode(), now_ms) for place, body in enumerate(bodies)]
    return kafka_event(topic, records, arn=cluster)
