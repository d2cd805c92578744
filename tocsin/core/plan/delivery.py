"""The part of the compiled plan that says who gets which notifications, and how."""

from typing import Final, Literal

import msgspec

Channel = Literal["webhook", "slack", "pagerduty", "topic", "email", "sms"]
CHANNELS: Final[tuple[Channel, ...]] = ("webhook", "slack", "pagerduty", "topic", "email", "sms")
PUSHED: Final = frozenset({"webhook", "slack", "pagerduty"})
"""Channels that are posted to; the others subscribe to the topic."""

ROUTED: Final = ("tenant", "site", "kind", "escalation", "severity", "state", "change")
"""What of a notification a route looks at: its attributes."""


class Receiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True, cache_hash=True):
    """Who gets notifications.

    Attributes:
        name: Unique; routes lead to it.
        channel: How it gets them.
        url: Where to post; for channels that are posted to.
        secret: Name of the secret that signs webhooks, or that is PagerDuty's routing key; never the secret itself.
        timeout_ms: How long an answer may take.
        subject: Jinja template of the subject; empty for the notification's own.
        text: Jinja template of the text; empty for the notification's own.
    """

    name: str
    channel: Channel
    url: str = ""
    secret: str = ""
    timeout_ms: int = 5_000
    subject: str = ""
    text: str = ""


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True, cache_hash=True):
    """Which notifications go to a receiver: those that fit all that is named; each route decides by itself.

    Attributes:
        name: Unique; also of the queue behind it.
        to: Name of the receiver.
        tenant: Pattern of tenants: a name, a beginning ``north-*`` or an end ``*-pump``, as the following.
        site: Of sites.
        kind: Of kinds, ``gateway_missing`` and ``site_missing`` among them.
        escalation: Of names of escalations; ``*`` also for what is none.
        severity: Severities; none means all, as in the following.
        state: States.
        change: What is told.
    """

    name: str
    to: str
    tenant: str = "*"
    site: str = "*"
    kind: str = "*"
    escalation: str = "*"
    severity: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    change: tuple[str, ...] = ()
