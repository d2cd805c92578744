"""Texts as channels take them: on one line where they must be, without markup, and without links made of input."""

from typing import Final

from alerts.wording import clean, plain
from tocsin.core.formats.links import unlinked

SUBJECT_MAX: Final = 99
"""Amazon SNS takes subjects of less than 100 characters of ASCII."""

SMS_MAX: Final = 140
"""One part of an SMS: a text of more bytes is sent, and billed, as several. Source: Amazon SNS, SMS text messaging."""

EMAIL_BYTES_MAX: Final = 200_000
"""Below the 256 KiB that SNS takes of a message, with room for the other texts in it."""


def subject_line(text: str) -> str:
    r"""Return the text as a subject: ASCII, printable, on one line, short enough.

    >>> subject_line("FIRING: 92 °C\r\nBcc: all")
    'FIRING: 92 C??Bcc: all'
    """
    return plain(unlinked(text), SUBJECT_MAX)


def sms_text(text: str) -> str:
    """Return the text as an SMS of one part."""
    return plain(unlinked(text), SMS_MAX)


def body_text(text: str) -> str:
    """Return the text in lines without anything that cannot be printed, cut where a mail would be too long."""
    lines = (clean(line, 1_000) for line in unlinked(text).split("\n"))
    kept = "\n".join(lines).encode()[:EMAIL_BYTES_MAX]
    return kept.decode("utf-8", "ignore")


def slack_text(text: str) -> str:
    """Return the text as Slack shows it as it stands: its three signs of markup are escaped.

    Source: Slack, formatting text for app surfaces, escaping.
    """
    return body_text(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
