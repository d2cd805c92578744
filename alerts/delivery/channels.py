"""A notification as each channel takes it: payloads to post, and texts of mails and SMS.

Sources: Slack, Block Kit reference; PagerDuty, Events API v2; Amazon SNS, publishing messages.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from alerts.delivery.escape import body_text, slack_text, sms_text, subject_line
from alerts.delivery.template import rendered
from tocsin.core.clock import iso
from tocsin.core.formats.webhook_signature import signed_headers
from tocsin.core.messages import Notification
from tocsin.core.outlet import Post
from tocsin.core.plan.delivery import Receiver

JSON: Final = "application/json"
SLACK_HEADER_MAX: Final = 150
SLACK_SECTION_MAX: Final = 3_000
PAGERDUTY_SUMMARY_MAX: Final = 1_024
PAGERDUTY_KEY_MAX: Final = 255
PAGERDUTY_TEXT_MAX: Final = 20_000
OVER: Final = frozenset({"resolved", "expired"})

Payload = dict[str, Any]


def worded(notification: Notification, receiver: Receiver) -> Notification:
    """Return the notification with the words of the receiver's own templates.

    Raises:
        ConfigError: A template of the receiver is wrong.
    """
    if not receiver.subject and not receiver.text:
        return notification
    values = {
        **notification.attributes,
        "id": notification.id,
        "number": notification.number,
        "tenant": notification.tenant,
        "subject": notification.subject,
        "text": notification.text,
        "at": iso(notification.at_ms),
        "group": notification.group,
        "left": notification.left,
        "count": len(notification.alerts),
    }
    return replace(
        notification,
        subject=rendered(receiver.subject, values) if receiver.subject else notification.subject,
        text=rendered(receiver.text, values) if receiver.text else notification.text,
    )


def webhook(notification: Notification, missed: tuple[Notification, ...] = ()) -> Payload:
    """Return the body of a webhook; ``docs/schemas/webhook.schema.json`` describes it."""
    head = {
        "version": 1,
        "id": notification.id,
        "number": notification.number,
        "tenant": notification.tenant,
        "at": iso(notification.at_ms),
        "subject": subject_line(notification.subject),
        "text": body_text(notification.text),
        "attributes": notification.attributes,
        "group": notification.group,
        "left": notification.left,
        "alerts": msgspec.to_builtins(notification.alerts),
    }
    return head | ({"missed": [webhook(one) for one in missed]} if missed else {})


def slack(notification: Notification, missed: tuple[Notification, ...] = ()) -> Payload:  # noqa: ARG001  same for all
    """Return the body of an incoming webhook of Slack: plain text only, nothing is marked up or unfurled."""
    subject = " ".join(body_text(notification.subject).split("\n"))
    text = body_text(notification.text)
    foot = f"{notification.tenant} · notification {notification.number} · {notification.id}"
    return {
        "text": slack_text(subject),
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [
            {"type": "header", "text": _plain(subject, SLACK_HEADER_MAX)},
            {"type": "section", "text": _plain(text, SLACK_SECTION_MAX)},
            {"type": "context", "elements": [_plain(foot, SLACK_SECTION_MAX)]},
        ],
    }


def _plain(text: str, most: int) -> Payload:
    shown = text if len(text) <= most else f"{text[: most - 1]}…"
    return {"type": "plain_text", "text": shown or " ", "emoji": False}


def pagerduty(notification: Notification, missed: tuple[Notification, ...] = ()) -> Payload:
    """Return an event of PagerDuty, still without its routing key: an incident a group of alerts.

    It is resolved when nothing of the group fires any more.
    """
    attributes = notification.attributes
    is_over = attributes.get("state") in OVER and not notification.left
    return {
        "event_action": "resolve" if is_over else "trigger",
        "dedup_key": f"tocsin:{notification.group or notification.id}"[:PAGERDUTY_KEY_MAX],
        "client": "Tocsin",
        "payload": {
            "summary": subject_line(notification.subject)[:PAGERDUTY_SUMMARY_MAX],
            "source": notification.tenant,
            "severity": _severity(attributes.get("severity", "")),
            "timestamp": iso(notification.at_ms),
            "component": attributes.get("kind", ""),
            "group": attributes.get("site", ""),
            "class": attributes.get("change", ""),
            "custom_details": {
                "text": body_text(notification.text)[:PAGERDUTY_TEXT_MAX],
                "notification": notification.id,
                "number": notification.number,
                "alerts": [one.fingerprint for one in notification.alerts[:100]],
                "superseded": [one.id for one in missed[:100]],
            },
        },
    }


def _severity(severity: str) -> str:
    return severity if severity in {"critical", "warning", "info"} else "error"


def email(notification: Notification) -> str:
    """Return a mail as SNS sends it: subject, empty line, text."""
    return f"{subject_line(notification.subject)}\n\n{body_text(notification.text)}"


BODIES: Final[Mapping[str, Callable[[Notification, tuple[Notification, ...]], Payload]]] = {
    "webhook": webhook,
    "slack": slack,
    "pagerduty": pagerduty,
}


def preview(notification: Notification, receiver: Receiver) -> str:
    """Return what the receiver would get, as it would get it.

    Raises:
        ConfigError: A template of the receiver is wrong.
    """
    said = worded(notification, receiver)
    if receiver.channel in BODIES:
        body = BODIES[receiver.channel](said, ())
        return msgspec.json.format(msgspec.json.encode(body), indent=2).decode()
    if receiver.channel == "email":
        return email(said)
    if receiver.channel == "sms":
        return sms_text(said.subject)
    return msgspec.json.format(msgspec.json.encode(said), indent=2).decode()


def post_of(
    notification: Notification,
    receiver: Receiver,
    secret: str | None,
    now_ms: int,
    missed: tuple[Notification, ...] = (),
) -> Post:
    """Return what is posted to the receiver: signed where it is a webhook with a secret.

    Raises:
        ConfigError: A template of the receiver is wrong.
    """
    body = BODIES[receiver.channel](worded(notification, receiver), missed)
    if receiver.channel == "pagerduty":
        body = {"routing_key": secret or "", **body}
    data = msgspec.json.encode(body)
    headers = {"content-type": JSON, "user-agent": "tocsin"}
    if receiver.channel == "webhook":
        headers["webhook-id"] = notification.id
        headers |= signed_headers(secret, notification.id, data, now_ms) if secret else {}
    return Post(receiver.url, data, headers, receiver.timeout_ms)
