"""The parts of the compiled plan that say what is accepted, and when time is up."""

import msgspec


class Bounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True, cache_hash=True):
    """What ingest and processors accept.

    Attributes:
        record_bytes_max: Longest record, and longest body that ingest takes.
        messages_max: Most messages in one record or body.
        metrics_max: Most metrics in one message.
        depth_max: Deepest nesting of the JSON.
        skew_ms: How far past its arrival a reading's event time may lie.
        age_ms_max: How far before its arrival.
        devices_per_group_max: Most devices in one key group; more are rejected.
    """

    record_bytes_max: int = 262_144
    messages_max: int = 1_000
    metrics_max: int = 64
    depth_max: int = 8
    skew_ms: int = 300_000
    age_ms_max: int = 31 * 86_400_000
    devices_per_group_max: int = 20_000


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, cache_hash=True):
    """When windows close.

    Attributes:
        out_of_orderness_ms: How far a device's readings may come out of order; the watermark is that far
            behind its highest event time.
        lateness_ms: How much longer a closed window would still take readings.
        idle_ms: A tick closes a window this long after its end, or after the device last opened one if later.
        correction_ms: How long late data becomes revisions; 0 turns them off.
        tick_ms: How often a tick is put into each shard.
        expire_ms: Alerts of a device expire when nothing came from it for so long; 0 for never.
    """

    out_of_orderness_ms: int = 30_000
    lateness_ms: int = 0
    idle_ms: int = 120_000
    correction_ms: int = 0
    tick_ms: int = 60_000
    expire_ms: int = 30 * 86_400_000
