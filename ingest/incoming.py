"""What came in, from whichever source, as bodies with the credential of their sender."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ingest.accept import Credential
from tocsin.core.formats.delivery_event import Delivery, is_delivery_event, names_failures, parse_deliveries
from tocsin.core.formats.iot_event import is_iot_event, parse_iot_event
from tocsin.core.formats.json_message import Broken
from tocsin.core.formats.object_lines import object_parts
from tocsin.core.formats.s3_event import NewObject, is_s3_event, parse_s3_event, s3_event_in
from tocsin.core.keys import split_key
from tocsin.core.ports import Blobs
from tocsin.core.reasons import Reason

IOT_SOURCE: Final = "iot"
UPLOADS_PREFIX: Final = "uploads/"
BLOBS_PREFIX: Final = "blobs/"
"""Begins the keys of all blobs where they are objects of a bucket."""
OBJECT_BYTES_MAX: Final = 32 * 1024 * 1024
"""Most of an object that one call takes, uncompressed; ``tocsin backfill`` takes more."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A body that came in.

    Attributes:
        source: Name of the queue, topic, stream, bucket or folder that it came from.
        id: Names it in its source; the same in every delivery.
        credential: For whom its sender may speak.
        body: As sent.
        sent_ms: When, UTC epoch milliseconds.
        item: Names what must be delivered again where this fails; several bodies may have one.
        group: Whose order counts, in a FIFO queue.
        broken: Why it is rejected without a look, or None.
    """

    source: str
    id: str
    credential: Credential
    body: bytes
    sent_ms: int
    item: str = ""
    group: str = ""
    broken: Broken | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """What an event brought.

    Attributes:
        incoming: Bodies of known sources, in order.
        strangers: What came from sources that the plan does not know: source and item.
        names_failures: Whether the answer may name what failed; else a failure fails the call.
    """

    incoming: tuple[Incoming, ...]
    strangers: tuple[tuple[str, str], ...] = ()
    names_failures: bool = False


def arrived(event: Mapping[str, Any], tenants: Mapping[str, str], blobs: Blobs) -> Arrived:
    """Return what the event brings of queues, topics, streams, Kafka, buckets and rules of IoT.

    Args:
        event: As Lambda passes it.
        tenants: Name of each known source to the owner of all that comes from it.
        blobs: Where the objects are that a bucket tells of.

    Raises:
        ValueError: The event is none of these.
        UnavailableError: The store of objects did not answer.
    """
    if is_iot_event(event):
        return Arrived((_published(event),))
    if is_s3_event(event):
        return _of_objects(parse_s3_event(event), tenants, blobs, "")
    if not is_delivery_event(event):
        raise ValueError(f"event must be one of a source of readings, got {sorted(map(str, event))[:8]}")
    return _of_deliveries(parse_deliveries(event), tenants, blobs, may_name=names_failures(event))


def _of_deliveries(
    deliveries: Sequence[Delivery], tenants: Mapping[str, str], blobs: Blobs, *, may_name: bool
) -> Arrived:
    incoming: list[Incoming] = []
    strangers: list[tuple[str, str]] = []
    for one in deliveries:
        tenant = tenants.get(one.source)
        told = s3_event_in(one.body)
        if told is not None:
            within = _of_objects(parse_s3_event(told), tenants, blobs, one.item)
            incoming += within.incoming
            strangers += within.strangers
        elif tenant is None:
            strangers.append((one.source, one.item))
        else:
            broken = Broken(Reason.FORMAT_UNKNOWN, one.damage) if one.damage else None
            known = Credential(tenant)
            incoming.append(Incoming(one.source, one.id, known, one.body, one.sent_ms, one.item, one.group, broken))
    return Arrived(tuple(incoming), tuple(strangers), may_name)


def _of_objects(objects: Sequence[NewObject], tenants: Mapping[str, str], blobs: Blobs, item: str) -> Arrived:
    incoming: list[Incoming] = []
    strangers: list[tuple[str, str]] = []
    for one in objects:
        name = one.key.removeprefix(BLOBS_PREFIX)
        source = name.removeprefix(UPLOADS_PREFIX).partition("/")[0] if name.startswith(UPLOADS_PREFIX) else one.bucket
        data = blobs.get(name)
        if source not in tenants or data is None:
            strangers.append((source if data is not None else f"{source}, without object {one.key}", item))
        else:
            incoming += _of_object(one, data, source, tenants[source], item)
    return Arrived(tuple(incoming), tuple(strangers))


def _of_object(told: NewObject, data: bytes, source: str, tenant: str, item: str) -> Iterator[Incoming]:
    """Yield what the object holds; a recording's records must be of the source's owner."""
    left = OBJECT_BYTES_MAX
    for part in object_parts(data, told.key):
        left -= len(part.body)
        damage = part.damage if left >= 0 else f"object must hold {OBJECT_BYTES_MAX} bytes at most, the rest is left"
        credential, broken = Credential(tenant), None
        if damage:
            broken = Broken(Reason.FORMAT_UNKNOWN if left >= 0 else Reason.TOO_LARGE, damage)
        elif part.partition_key:
            credential, broken = _recorded_by(part.partition_key, tenant)
        name = f"{told.key}@{told.version}:{part.line}"
        yield Incoming(source, name, credential, part.body if left >= 0 else b"", told.put_ms, item, broken=broken)
        if left < 0:
            return


def _recorded_by(key: str, tenant: str) -> tuple[Credential, Broken | None]:
    try:
        owner, device = split_key(key)
    except ValueError as error:
        return Credential(tenant), Broken(Reason.KEY_INVALID, str(error))
    if owner != tenant:
        return Credential(tenant), Broken(Reason.TENANT_MISMATCH, f"source is of tenant {tenant}, got {owner}")
    return Credential(tenant, device), None


def _published(event: Mapping[str, Any]) -> Incoming:
    """Return what a device published; IoT's policies hold a device to the topic that names it."""
    said = parse_iot_event(event)
    if not said.tenant:
        broken = Broken(Reason.KEY_INVALID, "topic must be tocsin/<tenant>/<device>/readings")
        return Incoming(IOT_SOURCE, said.id, Credential("unknown"), said.body, said.received_ms, broken=broken)
    return Incoming(IOT_SOURCE, said.id, Credential(said.tenant, said.device), said.body, said.received_ms)
