"""What a plan knows beforehand of devices, and of where readings come from."""

from typing import Literal

import msgspec


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, cache_hash=True):
    """Base of all parts: immutable and strict.

    JSON states defaults too, so that a document means the same under a release with other defaults.
    """


class DevicePlan(Part, frozen=True):
    """What is known of the devices whose id matches; the first match counts.

    Attributes:
        match: Shell pattern of device ids.
        tenant: Shell pattern of tenants.
        site: Where they stand.
        type: What they are.
        gateway: Through which gateway they report.
    """

    match: str
    tenant: str = "*"
    site: str = ""
    type: str = ""
    gateway: str = ""


class SourcePlan(Part, frozen=True):
    """A queue, bucket or topic whose readings ingest takes.

    Attributes:
        name: Name of the queue, topic, stream, Kafka topic or bucket, or of a folder of ``uploads/``.
        tenant: Owner of everything that comes this way: the credential of the source.
        format: How bodies are written.
    """

    name: str
    tenant: str
    format: Literal["json"] = "json"
