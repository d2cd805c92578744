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
        site_devices_min: Devices of a site without a gateway in common, likewise.
        outage_mutes: What an outage keeps back of devices behind it: all that comes to fire, or silence alone.
        flap_episodes: An alert that fires so often within ``flap_within_ms`` flaps; 0 for never.
        flap_within_ms: Also how long after its end an alert that fires is told as reopened.
        flap_settle_ms: How long a flapping alert must stay as it is to be told again.
        budget: Most notifications of a tenant within ``budget_within_ms``; 0 for any number.
        budget_within_ms: How long a budget lasts.
    """

    by: tuple[Literal["site", "gateway", "device", "device_type", "kind", "rule", "severity"], ...] = ("site", "kind")
    wait_ms: int = 0
    interval_ms: int = 60_000
    send_resolved: bool = True
    severity_min: Severity = Severity.INFO
    repeat_ms: int = 0
    gateway_wait_ms: int = 120_000
    gateway_devices_min: int = 2
    site_devices_min: int = 4
    outage_mutes: Literal["all", "silence"] = "all"
    flap_episodes: int = 5
    flap_within_ms: int = 3_600_000
    flap_settle_ms: int = 1_800_000
    budget: int = 0
    budget_within_ms: int = 3_600_000


class Escalation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, cache_hash=True):
    """A further step that is told while an alert fires and nobody acknowledges it.

    Attributes:
        name: Unique; the attribute ``escalation`` of its notifications.
        after_ms: How long after the alert was told, or after its acknowledgement expired.
        tenant: Shell pattern of tenants, as all the following.
        site: Of sites.
        gateway: Of gateways.
        device: Of device ids.
        metric: Of metrics.
        rule: Of names of rules.
        kind: Of kinds of rules.
        severity: Of severities.
    """

    name: str
    after_ms: int
    tenant: str = "*"
    site: str = "*"
    gateway: str = "*"
    device: str = "*"
    metric: str = "*"
    rule: str = "*"
    kind: str = "*"
    severity: str = "*"
