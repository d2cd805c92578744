"""The table of what ports call is what the adapters call, as a stand-in sees it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from infra.check import TEMPLATE
from tests.contract.moto_backend import SETTINGS, moto_at
from tests.contract.specimens import DECISION, NOTIFICATION, NOW_MS, TRANSITION, WINDOW
from tocsin.adapters.aws.clients import Clients
from tocsin.adapters.aws.open import Aws
from tocsin.adapters.aws.patience import Patience
from tocsin.adapters.aws.ports import Ports
from tocsin.adapters.aws.settings import VARIABLES, AwsSettings
from tocsin.core.actions import Action, ActionKind
from tocsin.core.ports import Backend, DirectoryEntry, LogRecord, StateKey, StateWrite
from tocsin.runtime.cloudformation.names import Place
from tocsin.runtime.cloudformation.resolve import resolve
from tocsin.runtime.cloudformation.source import load_template
from tocsin.runtime.iam.calls import BEFORE, STATE_ITEM_BYTES
from tocsin.runtime.iam.deployment import Names, Role
from tocsin.runtime.iam.guard import AccessDeniedError, Ledger, guarded
from tocsin.runtime.provisioned import WHOLE, make

ACCOUNT = "123456789012"
PLACE = Place("moto", SETTINGS.region, ACCOUNT)
STACK = resolve(load_template(TEMPLATE), place=PLACE)
Seen = set[tuple[str, str]]

KEY = StateKey(1, 7, "processors")
ENTRY = DirectoryEntry("acme", "DEV#pump-7", b"\x80")
NOTE = Action("acme", "a1", NOW_MS, "anna", ActionKind.NOTE, text="seen")
SPAN = {"size_ms": 60_000, "start_ms": 0, "end_ms": 120_000}
LARGE = bytes(STATE_ITEM_BYTES + 1)

CALLS: dict[str, tuple[str, str, tuple[Any, ...], dict[str, Any]]] = {
    "put readings": ("readings", "put", ([LogRecord("acme#pump-7", b"x")],), {}),
    "list shards": ("readings", "shards", (), {}),
    "put panes": ("panes", "put", ([LogRecord("1.0", b"x")],), {}),
    "load state": ("state", "load", ([KEY],), {}),
    "commit state": ("state", "commit", ([StateWrite(KEY, b"x", "")],), {}),
    "put windows": ("windows", "put", ([WINDOW],), {}),
    "query windows": ("windows", "query", ("acme", "pump-7"), SPAN | {"limit": 9}),
    "read a series": ("windows", "series", ("acme", "pump-7", "temperature"), SPAN | {"limit": 9}),
    "look at devices": ("windows", "newest", ("acme", ["pump-7"]), SPAN),
    "ask for the newest": ("windows", "newest_start_ms", ("acme",), {"size_ms": 60_000, "since_ms": 0}),
    "put entries": ("directory", "put", ([ENTRY],), {}),
    "put entries in order": ("directory", "put", ([replace(ENTRY, number=1), replace(ENTRY, key="DEV#pump-8")],), {}),
    "list entries": ("directory", "query", ("acme",), {"prefix": "DEV#", "limit": 9}),
    "put decisions": ("decisions", "put", ([DECISION],), {}),
    "query decisions": ("decisions", "query", ("acme",), {"limit": 9}),
    "put transitions": ("alerts", "put", ([TRANSITION],), {}),
    "query alerts": ("alerts", "query", ("acme",), {"limit": 9}),
    "query a device's alerts": ("alerts", "query", ("acme",), {"device": "pump-7", "limit": 9}),
    "query one alert": ("alerts", "query", ("acme",), {"fingerprint": "00000000000000f1", "limit": 9}),
    "put an action": ("alerts", "put_action", (NOTE,), {}),
    "query actions": ("alerts", "actions", ("acme",), {"limit": 9}),
    "publish": ("topic", "publish", ([NOTIFICATION],), {}),
    "put a blob": ("blobs", "put", ("late/x", b"x"), {}),
    "get a blob": ("blobs", "get", ("late/x",), {}),
}


@pytest.fixture(scope="module")
def standing() -> Iterator[tuple[Clients, AwsSettings]]:
    with moto_at(lambda: NOW_MS) as clients:
        yield clients, AwsSettings(SETTINGS.region, **make(clients, "iam", {*WHOLE, "state_table"} - {"state_bucket"}))


def opened(standing: tuple[Clients, AwsSettings], state: str) -> tuple[Backend, Names]:
    """Return fresh ports, with the state on S3 or DynamoDB, and the names as a function would have them."""
    clients, settings = standing
    fields = {name: getattr(settings, name) for name in VARIABLES if name != "region"}
    fields["state_table" if state == "s3" else "state_bucket"] = ""
    if state == "s3":
        fields["state_bucket"] = settings.blobs_bucket
    used = AwsSettings(SETTINGS.region, **fields)
    patience = Patience(Random(1), lambda: 0.0, lambda _: None)  # noqa: S311  no secret
    ports = Ports(used, patience, lambda: NOW_MS, 1)
    ports.clients = clients
    variables = {VARIABLES[name]: value for name, value in fields.items() if value}
    return Aws(used, ports, patience).backend, Names(STACK, variables, "key")


def seen_during(clients: Clients, work: Callable[[], Any]) -> Seen:
    """Return action and resource of each request that the work made."""
    seen: Seen = set()

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        seen.update(_actions(model.service_model.service_name, model.name, params))

    made = (clients.kinesis, clients.dynamodb, clients.s3, clients.sns, clients.events)
    for client in made:
        client.meta.events.register("provide-client-params.*.*", note, unique_id="iam-test")
    try:
        work()
    finally:
        for client in made:
            client.meta.events.unregister("provide-client-params.*.*", unique_id="iam-test")
    return seen


def _actions(service: str, operation: str, params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what IAM calls the request, on which resource."""
    table = f"table/{params.get('TableName')}" + (f"/index/{params['IndexName']}" if "IndexName" in params else "")
    if service == "kinesis":
        yield f"kinesis:{operation}", PLACE.arn("kinesis", f"stream/{params['StreamName']}")
    elif operation == "BatchWriteItem":
        for name in params["RequestItems"]:
            yield "dynamodb:BatchWriteItem", PLACE.arn("dynamodb", f"table/{name}")
    elif operation == "TransactWriteItems":
        for item in params["TransactItems"]:
            ((kind, body),) = item.items()
            yield f"dynamodb:{kind}Item", PLACE.arn("dynamodb", f"table/{body['TableName']}")
    elif service == "dynamodb":
        yield f"dynamodb:{operation}", PLACE.arn("dynamodb", table)
    elif service == "s3":
        yield f"s3:{operation}", f"arn:aws:s3:::{params['Bucket']}/{params['Key']}"
    elif service == "sns":
        yield "sns:Publish", params["TopicArn"]
    else:
        for entry in params["Entries"]:
            yield "events:PutEvents", PLACE.arn("events", f"event-bus/{entry['EventBusName']}")


def said_by_the_table(names: Names, part: str, method: str, args: tuple[Any, ...], how: dict[str, Any]) -> Seen:
    calls = BEFORE[part, method](names, *args, **how)
    return {(call.action, call.resource) for call in calls if not call.action.startswith("kms:")}


@pytest.mark.parametrize("state", ["s3", "dynamodb"])
@pytest.mark.parametrize("name", CALLS)
def test_port_calls_what_the_table_says(standing: tuple[Clients, AwsSettings], name: str, state: str) -> None:
    part, method, args, how = CALLS[name]
    backend, names = opened(standing, state)

    seen = seen_during(standing[0], lambda: getattr(getattr(backend, part), method)(*args, **how))

    assert seen == said_by_the_table(names, part, method, args, how)


def test_state_in_parts_is_queried_and_its_surplus_deleted(standing: tuple[Clients, AwsSettings]) -> None:
    backend, names = opened(standing, "dynamodb")
    key = StateKey(1, 8, "processors")

    def grow_and_shrink() -> None:
        (version,) = backend.state.commit([StateWrite(key, LARGE, "")])
        backend.state.load([key])
        backend.state.commit([StateWrite(key, b"x", version or "")])

    seen = seen_during(standing[0], grow_and_shrink)

    large = said_by_the_table(names, "state", "commit", ([StateWrite(key, LARGE, "")],), {})
    assert seen == large | said_by_the_table(names, "state", "load", ([key],), {})


def test_every_row_of_the_table_is_compared() -> None:
    assert {(part, method) for part, method, *_ in CALLS.values()} == set(BEFORE)


def test_method_of_which_nobody_knows_what_it_calls_is_refused(standing: tuple[Clients, AwsSettings]) -> None:
    backend, names = opened(standing, "s3")
    ports = guarded(backend, names, Ledger(Role("SomeRole", ())))

    with pytest.raises(AccessDeniedError, match=r"nobody knows what blobs\.names calls"):
        ports.blobs.names("late/", limit=1)
