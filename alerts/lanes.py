"""The lanes of the outbox: what the stage emits, as bytes, and how they reach their ports."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from tocsin.core.errors import UnavailableError
from tocsin.core.formats import muted_item
from tocsin.core.formats.alert_item import encode_transition
from tocsin.core.formats.muted_item import MutedAlert
from tocsin.core.machine import Entry
from tocsin.core.messages import AlertRef, DecisionRecord, Notification, Transition
from tocsin.core.port_values import standing
from tocsin.core.ports import Decisions, Directory, DirectoryEntry, Topic

NOTIFICATION: Final = "notification"
DECISION: Final = "decision"
OPEN: Final = "open"

_encode: Final = msgspec.msgpack.Encoder().encode
_notifications: Final = msgspec.msgpack.Decoder(Notification)
_decisions: Final = msgspec.msgpack.Decoder(DecisionRecord)
_directory: Final = msgspec.msgpack.Decoder(DirectoryEntry)


def notification_entry(notification: Notification) -> Entry:
    """Return the notification as an entry of the outbox."""
    return Entry(NOTIFICATION, "", _encode(notification))


def decision_entry(record: DecisionRecord) -> Entry:
    """Return the decision as an entry of the outbox."""
    return Entry(DECISION, "", _encode(record))


def open_entry(transition: Transition, *, is_open: bool) -> Entry:
    """Return an entry that lists the alert as open, or takes it off the list.

    What is listed is the transition without its windows, as ``encode_transition`` writes it.
    """
    listed = replace(transition, evidence=replace(transition.evidence, panes=()))
    return _list_entry(transition, encode_transition(listed) if is_open else None)


def off_list_entry(transition: Transition) -> Entry:
    """Return an entry that takes the alert off the list though it fires: a person closed it."""
    return _list_entry(transition, None)


def _list_entry(transition: Transition, data: bytes | None) -> Entry:
    key = open_key(transition.fingerprint)
    return Entry(OPEN, "", _encode(DirectoryEntry(transition.tenant, key, data, transition.number)))


def muted_entry(transition: Transition, outage: str, by: AlertRef) -> Entry:
    """Return an entry that lists the alert as muted by an outage."""
    return Entry(OPEN, "", _encode(muted_item.muted_entry(transition.tenant, MutedAlert(_ref(transition), outage, by))))


def unmuted_entry(transition: Transition) -> Entry:
    """Return an entry that takes the alert off the list of those that outages mute."""
    return Entry(OPEN, "", _encode(muted_item.unmuted_entry(transition.tenant, _ref(transition))))


def _ref(transition: Transition) -> AlertRef:
    return AlertRef(transition.fingerprint, transition.episode, transition.number)


def open_key(fingerprint: str) -> str:
    """Return the key under which the directory lists an open alert."""
    return f"OPEN#{fingerprint}"


@dataclass(frozen=True, slots=True)
class Publisher:
    """Takes outboxes to the ports.

    People's messages go first. Decisions and the list of open alerts may be written more than once, and
    ahead of a notification that was refused: both are the same each time.

    Attributes:
        topic: Takes notifications.
        decisions: Takes decisions.
        directory: Takes the list of open alerts.
        note: Told of each notification that was taken.
    """

    topic: Topic
    decisions: Decisions
    directory: Directory
    note: Callable[[Notification], None] = lambda _: None

    def publish(self, outboxes: Mapping[int, Sequence[Entry]]) -> dict[int, int]:
        """Publish the outboxes lane by lane; return how many leading entries of each group are done."""
        done = {group: len(outbox) for group, outbox in outboxes.items()}
        lanes: tuple[tuple[str, Callable[[list[Entry]], Sequence[int]]], ...] = (
            (NOTIFICATION, self._notify),
            (DECISION, self._decide),
            (OPEN, self._list),
        )
        for lane, put in lanes:
            places = [
                (group, place)
                for group, outbox in outboxes.items()
                for place, entry in enumerate(outbox)
                if entry.lane == lane
            ]
            entries = [outboxes[group][place] for group, place in places]
            for refused in put(entries) if entries else ():
                group, place = places[refused]
                done[group] = min(done[group], place)
        return done

    def _notify(self, entries: list[Entry]) -> Sequence[int]:
        notifications = [_notifications.decode(entry.data) for entry in entries]
        try:
            refused = self.topic.publish(notifications)
        except UnavailableError:
            return range(len(entries))
        for place, notification in enumerate(notifications):
            if place not in refused:
                self.note(notification)
        return refused

    def _decide(self, entries: list[Entry]) -> Sequence[int]:
        try:
            self.decisions.put([_decisions.decode(entry.data) for entry in entries])
        except UnavailableError:
            return range(len(entries))
        return ()

    def _list(self, entries: list[Entry]) -> Sequence[int]:
        try:
            self.directory.put(standing(_directory.decode(entry.data) for entry in entries))
        except UnavailableError:
            return range(len(entries))
        return ()
