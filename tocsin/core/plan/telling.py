"""The part of the compiled plan that says how people are told."""

from typing import Literal

import msgspec

from tocsin.core.messages import Severity


class Grouping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, cache_hash=True):
    """How transitions become notifications.

    Attributes:
        by: What alerts must have in common to be told together, besides the tenant.
        wait_ms: How long the first alert of a group waits for others; 0 tells it at once.
        interval_ms: How long after a message the next of the group waits and gathers.
        send_resolved: Whether resolutions are told.
        severity_min: Alerts below are recorded, not told.
        repeat_ms: How often an alert that keeps firing is told again unless acknowledged; 0 for never.
        gateway_wait_ms: How long silence of devices waits for others behind their gateway; 0 for not at all.
        gateway_devices_min: Devices behind a gateway that fall silent together are its outage from this many on.
    """

    by: tuple[Literal["site", "gateway", "device", "kind", "rule", "severity"], ...] = ("site", "kind")
    wait_ms: int = 0
    interval_ms: int = 60_000
    send_resolved: bool = True
    severity_min: Severity = Severity.INFO
    repeat_ms: int = 0
    gateway_wait_ms: int = 120_000
    gateway_devices_min: int = 2
