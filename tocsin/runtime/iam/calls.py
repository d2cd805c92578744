"""Which calls of AWS each port makes: the same table for every backend, held to the adapters by a test."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from tocsin.adapters.aws.keys import object_key
from tocsin.core.port_values import SavedState, StateKey, StateWrite
from tocsin.core.ports import DirectoryEntry, WindowItem
from tocsin.runtime.iam.deployment import Names
from tocsin.runtime.iam.policy import Call

STATE_ITEM_BYTES: Final = 390_000
"""Largest state that lies in one item of DynamoDB; a larger one is cut into parts."""

Calls = Iterator[Call]
BeforeCall = Callable[..., Calls]


def _in(names: Names, *calls: Call, writes: bool = False) -> Calls:
    """Yield the calls, and those of the key that whatever they reach is encrypted with."""
    yield from calls
    yield from names.key_calls("kms:GenerateDataKey" if writes else "kms:Decrypt")


def _put(variable: str) -> BeforeCall:
    def calls(names: Names, records: Sequence[object]) -> Calls:  # noqa: ARG001  as the port
        stream = names.stream(variable)
        checked = Call("kinesis:DescribeStreamSummary", stream)
        return _in(names, checked, Call("kinesis:PutRecords", stream), writes=True)

    return calls


def _shards(names: Names) -> Calls:
    stream = names.stream("TOCSIN_READINGS_STREAM")
    yield Call("kinesis:DescribeStreamSummary", stream)
    yield Call("kinesis:ListShards", stream)


def _state_load(names: Names, keys: Sequence[StateKey]) -> Calls:
    for key in keys:
        if "TOCSIN_STATE_TABLE" in names.variables:
            yield from _in(names, _item(names, "dynamodb:GetItem", key))
        else:
            yield from _in(names, Call("s3:GetObject", _object(names, key)))


def _state_commit(names: Names, writes: Sequence[StateWrite]) -> Calls:
    for write in writes:
        if "TOCSIN_STATE_TABLE" not in names.variables:
            yield from _in(names, Call("s3:PutObject", _object(names, write.key)), writes=True)
            continue
        yield from _in(names, _item(names, "dynamodb:PutItem", write.key))
        if len(write.blob) > STATE_ITEM_BYTES:
            # In parts: a query reads them, and a version with fewer deletes the surplus.
            yield _item(names, "dynamodb:Query", write.key)
            yield _item(names, "dynamodb:DeleteItem", write.key)


def _absent_state(names: Names, keys: Sequence[StateKey], found: Sequence[SavedState]) -> Calls:  # noqa: ARG001  as the port
    if "TOCSIN_STATE_TABLE" not in names.variables and any(saved.blob is None for saved in found):
        yield Call("s3:ListBucket", names.bucket("TOCSIN_STATE_BUCKET"))


def _object(names: Names, key: StateKey) -> str:
    return f"{names.bucket('TOCSIN_STATE_BUCKET')}/state/{key.generation}/{key.stage}/{key.group:05d}"


def _item(names: Names, action: str, key: StateKey) -> Call:
    leading = {"dynamodb:LeadingKeys": [f"G#{key.generation}#{key.group}"]}
    return Call(action, names.table("TOCSIN_STATE_TABLE"), leading)


def _table(action: str, variable: str, index: str, tenants: Sequence[str], names: Names) -> Calls:
    resource = names.table(variable) + (f"/index/{index}" if index else "")
    leading = {"dynamodb:LeadingKeys": [f"T#{tenant}" for tenant in tenants]}
    return _in(names, Call(action, resource, leading))


def _windows_put(names: Names, items: Sequence[WindowItem]) -> Calls:
    tenants = [item.tenant for item in items]
    return _table("dynamodb:BatchWriteItem", "TOCSIN_WINDOWS_TABLE", "", tenants, names)


def _directory_put(names: Names, entries: Sequence[DirectoryEntry]) -> Calls:
    for action, has_number in (("dynamodb:BatchWriteItem", False), ("dynamodb:PutItem", True)):
        tenants = [entry.tenant for entry in entries if bool(entry.number) is has_number]
        if tenants:
            yield from _table(action, "TOCSIN_DIRECTORY_TABLE", "", tenants, names)


def _asked(variable: str) -> BeforeCall:
    def calls(names: Names, tenant: str, *args: object, **how: object) -> Calls:  # noqa: ARG001  as the port
        return _table("dynamodb:Query", variable, "", [tenant], names)

    return calls


def _nothing(*args: object, **how: object) -> Calls:  # noqa: ARG001  as the ports
    return iter(())


def _alerts_query(
    names: Names,
    tenant: str,
    *,
    device: str | None = None,
    fingerprint: str | None = None,
    **how: object,  # noqa: ARG001  as the port
) -> Calls:
    index = "by_device" if device is not None else "by_fingerprint" if fingerprint is not None else "by_tenant"
    return _table("dynamodb:Query", "TOCSIN_ALERTS_TABLE", index, [tenant], names)


def _put_each(variable: str) -> BeforeCall:
    def calls(names: Names, records: Sequence[Any]) -> Calls:
        yield from _table("dynamodb:PutItem", variable, "", [record.tenant for record in records], names)
        if names.bus:
            yield Call("events:PutEvents", names.bus)

    return calls


def _put_action(names: Names, action: Any) -> Calls:  # noqa: ANN401  as the port
    return _table("dynamodb:PutItem", "TOCSIN_ALERTS_TABLE", "", [action.tenant], names)


def _publish(names: Names, notifications: Sequence[object]) -> Calls:  # noqa: ARG001  as the port
    yield from _in(names, Call("sns:Publish", names.topic), writes=True)
    yield from names.key_calls("kms:Decrypt")


def _blob(names: Names, name: str) -> str:
    return f"{names.bucket('TOCSIN_BLOBS_BUCKET')}/{object_key(name)}"


def _blobs_put(names: Names, name: str, data: bytes) -> Calls:  # noqa: ARG001  as the port
    return _in(names, Call("s3:PutObject", _blob(names, name)), writes=True)


def _blobs_get(names: Names, name: str) -> Calls:
    return _in(names, Call("s3:GetObject", _blob(names, name)))


def _absent_blob(names: Names, name: str, found: bytes | None) -> Calls:  # noqa: ARG001  as the port
    if found is None:
        yield Call("s3:ListBucket", names.bucket("TOCSIN_BLOBS_BUCKET"))


BEFORE: Final[dict[tuple[str, str], BeforeCall]] = {
    ("readings", "put"): _put("TOCSIN_READINGS_STREAM"),
    ("readings", "shards"): _shards,
    ("panes", "put"): _put("TOCSIN_PANES_STREAM"),
    ("state", "load"): _state_load,
    ("state", "commit"): _state_commit,
    ("windows", "put"): _windows_put,
    ("windows", "query"): _asked("TOCSIN_WINDOWS_TABLE"),
    ("windows", "series"): _asked("TOCSIN_WINDOWS_TABLE"),
    ("windows", "newest"): _asked("TOCSIN_WINDOWS_TABLE"),
    ("windows", "newest_start_ms"): _nothing,
    ("directory", "put"): _directory_put,
    ("directory", "query"): _asked("TOCSIN_DIRECTORY_TABLE"),
    ("decisions", "put"): _put_each("TOCSIN_DIRECTORY_TABLE"),
    ("decisions", "query"): _asked("TOCSIN_DIRECTORY_TABLE"),
    ("alerts", "put"): _put_each("TOCSIN_ALERTS_TABLE"),
    ("alerts", "query"): _alerts_query,
    ("alerts", "put_action"): _put_action,
    ("alerts", "actions"): _asked("TOCSIN_ALERTS_TABLE"),
    ("topic", "publish"): _publish,
    ("blobs", "put"): _blobs_put,
    ("blobs", "get"): _blobs_get,
}
"""Port and method to the calls that it makes whatever comes of it, given its arguments.

What is not here no function may call.
"""

AFTER: Final[dict[tuple[str, str], BeforeCall]] = {
    ("state", "load"): _absent_state,
    ("blobs", "get"): _absent_blob,
}
"""Port and method to the rights that its outcome took: without the right to list, S3 says denied for absent."""
