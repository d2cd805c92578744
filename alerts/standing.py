"""Outages that stand: what is kept of them while they mute the alerts of the devices behind them."""

from dataclasses import dataclass

from tocsin.core.messages import AlertRef


@dataclass(frozen=True, slots=True)
class Muting:
    """What mutes an alert.

    Attributes:
        outage: In words, e.g. ``gateway gw-3``.
        by: The alert that stands for the outage.
    """

    outage: str
    by: AlertRef


@dataclass(frozen=True, slots=True)
class MutedLine:
    """One alert that an outage muted, as its messages list it.

    Attributes:
        fingerprint: Which alert.
        severity: How bad.
        device: Which device.
        summary: What it says.
    """

    fingerprint: str
    severity: str
    device: str
    summary: str


@dataclass(frozen=True, slots=True)
class Standing:
    """An outage that was told and is not over.

    Attributes:
        key: The group of its messages: the tenant, what is out, and its kind.
        words: What is out, e.g. ``gateway gw-3``.
        by: The alert that stands for it: the first silence that was told as part of it.
        began_ms: When the first of its devices fell silent.
        silences: Fingerprints of the silences that were told as part of it.
        muted: What it muted, the first ``muting.MUTED_MAX``.
        muted_count: How many it muted.
    """

    key: tuple[str, ...]
    words: str
    by: AlertRef
    began_ms: int
    silences: tuple[str, ...]
    muted: tuple[MutedLine, ...] = ()
    muted_count: int = 0
