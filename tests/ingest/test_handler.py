"""Queues and requests in, records and rejections out."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingest.accept import Credential
from ingest.handler import Facts, IngestHandler, credential_of, make_handler
from tests.core.formats.specimens import ARRIVAL_MS, message
from tests.ingest.specimens import PLANS, Flaky, chance, flaky_log, logged, no_pause, opened, rejected_names
from tocsin.core.formats.rejections import decode_rejections
from tocsin.core.ports import Backend
from tocsin.core.reasons import Reason

EVENTS = Path(__file__).parents[1] / "events"
CLAIMS = {"tenant": "acme", "device": "pump-7"}


def handler_of(backend: Backend) -> IngestHandler:
    return make_handler(backend, PLANS, random=chance(), pause=no_pause()[1])


def queue_event(*bodies: bytes, queue: str = "gateway") -> dict[str, Any]:
    event = json.loads((EVENTS / "sqs.json").read_bytes())
    specimen = event["Records"][0] | {"eventSourceARN": f"arn:aws:sqs:us-east-2:123456789012:{queue}"}
    return {
        "Records": [specimen | {"messageId": f"id-{place}", "body": body.decode()} for place, body in enumerate(bodies)]
    }


def request(body: bytes, claims: dict[str, str] | None = None) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / "http_api.json").read_bytes())
    event["requestContext"]["authorizer"] = {"jwt": {"claims": CLAIMS if claims is None else claims}}
    return event | {"body": body.decode(), "isBase64Encoded": False}


def failed_ids(response: dict[str, Any]) -> list[str]:
    return [item["itemIdentifier"] for item in response["batchItemFailures"]]


def test_documented_queue_event_ends_on_the_log_and_among_the_rejections() -> None:
    backend = opened().backend
    handler = handler_of(backend)

    response = handler(json.loads((EVENTS / "sqs.json").read_bytes()), None)

    assert response == {"batchItemFailures": []}
    assert [record.partition_key for record in logged(backend)] == ["acme#pump-7", "acme#pump-8"]
    assert handler.facts == Facts(accepted=2, rejected={"no_metrics": 1})


def test_tenant_is_that_of_the_queue() -> None:
    backend = opened().backend

    handler_of(backend)(queue_event(message(), queue="other"), None)

    assert [record.partition_key for record in logged(backend)] == ["beta#pump-7"]


def test_queue_that_the_plan_does_not_name_keeps_its_messages() -> None:
    backend = opened().backend

    response = handler_of(backend)(queue_event(message(), queue="stranger"), None)

    assert failed_ids(response) == ["id-0"]
    assert (logged(backend), rejected_names(backend)) == ([], [])


def test_rejections_are_stored_with_their_bytes_under_a_name_that_a_copy_gives_again() -> None:
    backend = opened().backend
    event = queue_event(message(), b'{"device": 7}')

    handler_of(backend)(event, None)
    handler_of(backend)(event, None)

    (name,) = rejected_names(backend)
    assert name.startswith("rejected/ingest/gateway/")
    (rejection,) = decode_rejections(backend.blobs.get(name) or b"")
    assert (rejection.reason, rejection.data) == (Reason.FIELD_TYPE, b'{"device": 7}')


def test_refused_records_are_put_again_alone() -> None:
    backend, log = flaky_log(opened().backend, [1], [0], [])
    bodies = [message(device=f"pump-{number}") for number in range(3)]

    response = handler_of(backend)(queue_event(*bodies), None)

    assert failed_ids(response) == []
    assert [[record.data for record in call] for call in log.calls] == [bodies, bodies[1:2], bodies[1:2]]
    assert sorted(record.data for record in logged(backend)) == bodies


def test_only_the_messages_whose_records_stay_refused_come_again() -> None:
    backend, _ = flaky_log(opened().backend, [1], *[[0]] * 10)
    bodies = [message(), message(device="pump-8") + b"\n{}", message(device="pump-9")]
    handler = handler_of(backend)

    response = handler(queue_event(*bodies), None)

    assert failed_ids(response) == ["id-1"]
    assert handler.facts == Facts(accepted=2, failed=1)
    assert rejected_names(backend) == []


def test_log_that_does_not_answer_is_asked_again() -> None:
    backend, _ = flaky_log(opened().backend, None, None)

    response = handler_of(backend)(queue_event(message()), None)

    assert failed_ids(response) == []
    assert len(logged(backend)) == 1


def test_message_whose_rejections_cannot_be_stored_comes_again() -> None:
    backend = opened().backend
    backend = replace(backend, blobs=Flaky(backend.blobs, [None]))

    response = handler_of(backend)(queue_event(b"{}", message(), b"[]"), None)

    assert failed_ids(response) == ["id-0"]
    assert len(rejected_names(backend)) == 1


def test_request_that_brings_something_is_accepted_with_counts() -> None:
    backend = opened().backend

    response = handler_of(backend)(request(b"[%s, {}]" % message()), None)

    assert response["statusCode"] == 202
    assert json.loads(response["body"]) == {"accepted": 1, "rejected": 1, "reasons": {"field_missing": 1}}
    assert [record.partition_key for record in logged(backend)] == ["acme#pump-7"]
    assert len(rejected_names(backend)) == 1


def test_request_of_a_gateway_may_bring_several_devices() -> None:
    backend = opened().backend
    body = b"%s\n%s" % (message(), message(device="pump-8"))

    handler_of(backend)(request(body, {"tenant": "acme", "gateway": "gw-1"}), None)

    assert [record.partition_key for record in logged(backend)] == ["acme#pump-7", "acme#pump-8"]


def test_request_that_brings_nothing_is_told_why() -> None:
    backend = opened().backend

    response = handler_of(backend)(request(message(ts=ARRIVAL_MS + 10**9)), None)

    problem = json.loads(response["body"])
    assert (response["statusCode"], problem["status"], problem["accepted"]) == (400, 400, 0)
    assert problem["reasons"] == {"time_in_future": 1}
    assert problem["details"] == ["ts must be at most 300000 ms past arrival, got 999999250 ms"]
    assert logged(backend) == []


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"tenant": "acme"},
        {"device": "pump-7"},
        {"tenant": "a#b", "device": "pump-7"},
        {"tenant": "acme", "device": "a#b", "gateway": "gw-1"},
        {"tenant": "acme", "gateway": ""},
    ],
)
def test_request_without_usable_claims_is_turned_away(claims: dict[str, str]) -> None:
    backend = opened().backend

    response = handler_of(backend)(request(message(), claims), None)

    assert response["statusCode"] == 401
    assert (logged(backend), rejected_names(backend)) == ([], [])


def test_device_that_reports_through_a_gateway_speaks_for_itself_alone() -> None:
    claims = {"tenant": "acme", "device": "pump-7", "gateway": "gw-1"}

    assert credential_of(claims) == Credential("acme", "pump-7")


def test_request_that_the_log_does_not_take_may_be_sent_again() -> None:
    backend, _ = flaky_log(opened().backend, *[[0]] * 10)

    response = handler_of(backend)(request(message()), None)

    assert response["statusCode"] == 503


def test_nothing_of_a_message_is_logged(capfd: pytest.CaptureFixture[str]) -> None:
    backend = opened().backend

    handler_of(backend)(queue_event(b'{"secret": 4711}'), None)

    assert "4711" not in capfd.readouterr().err


def test_event_of_another_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="event must be"):
        handler_of(opened().backend)({"source": "aws.events"}, None)
