"""Canaries in every input field of every function never show in its logs, its metrics or its failures."""

import json
import logging
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerts.delivery.handler import DeliveryHandler
from alerts.handler import make_handler as make_alerts
from anomaly.handler import make_handler as make_anomaly
from ingest.archive import make_handler as make_archive
from ingest.handler import make_handler as make_ingest
from ingest.tick import make_handler as make_tick
from processors.handler import make_handler as make_processors
from tests.adapters.test_function import Aws, Context
from tests.canaries import CANARY, leaves, planted
from tests.core.formats.specimens import ARRIVAL_MS
from tests.ingest.specimens import PLAN
from tocsin.adapters import function
from tocsin.adapters.embedded.open import open_embedded
from tocsin.adapters.function import CallFailedError, Entry, Make
from tocsin.adapters.telemetry import fact_logger
from tocsin.api.handler import make_handler as make_api
from tocsin.core.keys import TICK_KEY
from tocsin.core.outlet import Answer, Post
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.delivery import Receiver, Route
from tocsin.core.plan.model import encode_plan
from tocsin.core.ports import Backend
from tocsin.runtime.joined import make_handler as make_joined

EVENTS = Path(__file__).parents[1] / "events"


class Echo:
    """A receiver that fails, and says all that it was sent."""

    def post(self, post: Post) -> Answer:
        return Answer(500, f"{post.url} {post.body.decode()} {post.headers}")


def make_delivery(backend: Backend, plans: PlanBook) -> DeliveryHandler:
    """Return the handler with a route of which everything goes to a receiver that echoes."""
    hook = Receiver("ops", "webhook", f"https://{CANARY}.invalid/", text=f"{{{{ text }}}} {CANARY}")
    plan = msgspec.structs.replace(plans.first, receivers=(hook,), routes=(Route("all", "ops"),))
    return DeliveryHandler(
        backend, PlanBook(plan), Echo(), lambda _: CANARY, lambda: ARRIVAL_MS, shared_queue="tocsin-routes"
    )


MAKERS: dict[str, Make] = {
    "ingest": make_ingest,
    "tick": make_tick,
    "archive": make_archive,
    "processors": make_processors,
    "anomaly": make_anomaly,
    "joined": make_joined,
    "alerts": make_alerts,
    "delivery": make_delivery,
    "api": make_api,
}
FUNCTIONS = [
    ("ingest", "sqs"),
    ("ingest", "sqs_fifo"),
    ("ingest", "sns"),
    ("ingest", "http_api"),
    ("ingest", "kafka_msk"),
    ("ingest", "kafka_self_managed"),
    ("ingest", "sqs_of_topic"),
    ("ingest", "sqs_of_bucket"),
    ("ingest", "s3"),
    ("ingest", "iot_rule"),
    ("ingest", "kinesis_of_producer_library"),
    ("processors", "kinesis_of_iot_rule"),
    ("tick", "schedule"),
    ("processors", "kinesis"),
    ("archive", "kinesis"),
    ("anomaly", "kinesis"),
    ("joined", "kinesis"),
    ("alerts", "alerts_feed"),
    ("alerts", "schedule"),
    ("delivery", "sqs_of_notifications"),
    ("delivery", "schedule"),
    ("api", "http_api"),
]
NOT_OF_SENDERS = {
    "eventSourceARN",
    "eventSource",
    "TopicArn",
    "topic",
    "messageId",
    "MessageId",
    "eventID",
    "eventName",
}
"""What AWS writes of its own resources, whose names are configuration, and by which it chooses the function."""

PAYLOADS: list[Any] = [
    CANARY,
    {"device": CANARY, "ts": 1795428000250, "metrics": {"level_percent": 1}},
    {"device": "pump-7", "ts": CANARY, "metrics": {"level_percent": 1}},
    {"device": "pump-7", "ts": 1795428000250, "metrics": {CANARY: 1, f"{CANARY} ": 2}},
    {"device": "pump-7", "ts": 1795428000250, "metrics": {"level_percent": CANARY}},
    {"device": "pump-7", "ts": 1795428000250, "metrics": {"level_percent": 1}, CANARY: CANARY, "seq": CANARY},
    {"tick_ms": 1795428000000, "plan_hash": CANARY, "hash_start": "0", "hash_end": "9", "shard": CANARY},
    [{"device": CANARY}, CANARY],
]
"""What a sender may write."""

BODIES = {"body", "data", "Message", "value", "payload"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("root")
    (folder / "plan.json").write_bytes(encode_plan(PLAN))
    return {"LAMBDA_TASK_ROOT": str(folder), "AWS_REGION": "eu-central-1"}


def variants(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the event with a canary in each of its texts, and in each part of what a sender wrote."""
    for path in leaves(event):
        name = path[-1]
        if NOT_OF_SENDERS & set(path):
            continue
        yield planted(event, path, CANARY)
        if name in BODIES:
            for payload in PAYLOADS:
                text = payload if isinstance(payload, str) else json.dumps(payload)
                yield planted(event, path, text)
                yield planted(event, path, b64encode(text.encode()).decode())
    for place, record in enumerate(event.get("Records", [])):
        if "kinesis" in record:
            for key in (f"acme#{CANARY}", f"{CANARY}#{CANARY}", TICK_KEY):
                for payload in PAYLOADS:
                    data = b64encode(json.dumps(payload).encode()).decode()
                    changed = record["kinesis"] | {"partitionKey": key, "data": data}
                    yield planted(event, ("Records", place, "kinesis"), changed)


@pytest.mark.parametrize(("stage", "name"), FUNCTIONS)
def test_canary_in_any_field_shows_nowhere(
    stage: str,
    name: str,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    event = json.loads((EVENTS / f"{name}.json").read_bytes())
    logger = fact_logger(stage)
    monkeypatch.setattr(logger._logger, "level", logging.DEBUG)
    failures = []
    with open_embedded(None, now_ms=lambda: ARRIVAL_MS) as embedded:
        opened = Aws(embedded.backend)
        monkeypatch.setattr(function, "open_aws", lambda settings, *, random: opened)  # noqa: ARG005  as called
        entry = Entry(stage, (), MAKERS[stage], environment)
        tried = 0
        for variant in variants(event):
            tried += 1
            try:
                entry(variant, Context())
            except CallFailedError as error:
                failures.append(str(error))

    assert tried > (1 if name == "schedule" else 15)
    shown = "".join(capfd.readouterr())
    assert CANARY not in shown
    assert not [failure for failure in failures if CANARY in failure]


def test_canary_that_is_logged_all_the_same_is_noticed(request: pytest.FixtureRequest) -> None:
    conftest = next(one for one in request.config.pluginmanager.get_plugins() if hasattr(one, "_no_canary_is_logged"))
    shown: list[str] = conftest._shown

    fact_logger("specimen").warning(f"constant messages hold no {CANARY}")
    found = list(shown)
    shown.clear()

    assert found
