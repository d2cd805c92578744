"""Transitions and decisions on an EventBridge bus, as CloudEvents."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from tocsin.adapters.aws.batches import batches
from tocsin.adapters.aws.faults import ThrottledError, once
from tocsin.adapters.aws.limits import EVENTS_BATCH_BYTES, EVENTS_BATCH_ENTRIES
from tocsin.adapters.aws.patience import Patience
from tocsin.core.formats.cloud_event import decision_event, transition_event
from tocsin.core.messages import DecisionRecord, Transition

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE: Final = "tocsin"
TIME_BYTES: Final = 14
"""What EventBridge counts for an entry's time. Source: EventBridge User Guide, calculating entry size."""

Entry = dict[str, Any]


class Bus:
    """A bus that is told, at least once, of what was put elsewhere.

    Args:
        client: Of EventBridge.
        name: Of the bus, or its ARN.
        patience: How long to go on where it throttles.
    """

    def __init__(self, client: "EventBridgeClient", name: str, patience: Patience) -> None:
        self._client = client
        self._name = name
        self._patience = patience

    def tell_transitions(self, transitions: Sequence[Transition]) -> None:
        """Put an event of each transition; its detail type is ``tocsin.alert.<phase>``.

        Raises:
            UnavailableError: Some were not taken; the caller tells all of them again.
        """
        self._put(transition_event(transition) for transition in transitions)

    def tell_decisions(self, records: Sequence[DecisionRecord]) -> None:
        """Put an event of each decision; its detail type is ``tocsin.decision.<decision>``.

        Raises:
            UnavailableError: Some were not taken; the caller tells all of them again.
        """
        self._put(decision_event(record) for record in records)

    def _put(self, events: Iterable[dict[str, Any]]) -> None:
        entries = [self._entry(event) for event in events]
        for batch in batches(entries, count=EVENTS_BATCH_ENTRIES, size_of=_size, size=EVENTS_BATCH_BYTES):
            self._put_batch(batch)

    def _put_batch(self, batch: list[Entry]) -> None:
        place = f"bus {self._name}"
        left = batch
        for _ in self._patience.attempts():
            send: Callable[[], Any] = partial(self._client.put_events, Entries=cast("Any", left))
            try:
                answer = once(place, send)
            except ThrottledError:
                continue
            left = [entry for entry, result in zip(left, answer["Entries"], strict=True) if result.get("ErrorCode")]
            if not left:
                return
        raise ThrottledError(f"{place} did not take {len(left)} of {len(batch)} events in the time there was")

    def _entry(self, event: dict[str, Any]) -> Entry:
        detail = msgspec.json.encode(event).decode()
        entry: Entry = {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event["type"],
            "Detail": detail,
            "Time": datetime.fromisoformat(event["time"]).astimezone(UTC),
        }
        EVENTS_BATCH_BYTES.hold(_size(entry), f"event {event['id']} for bus {self._name}")
        return entry


def _size(entry: Entry) -> int:
    return TIME_BYTES + sum(len(entry[name].encode()) for name in ("Source", "DetailType", "Detail"))
