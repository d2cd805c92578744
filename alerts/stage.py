"""The stage as the machine sees it: how a group is loaded, folded, saved and published."""

from collections.abc import Mapping, Sequence
from typing import Final

from alerts.batch import Batch
from alerts.lanes import Publisher
from alerts.state import AlertsState, decode, encode
from alerts.step import step
from tocsin.core.machine import Entry, Step

NAME: Final = "alerts"


class Alerts:
    """What the machine needs of this stage.

    Attributes:
        lost: How many transitions this process found missing on the change feed.
    """

    name = NAME

    def __init__(self, generation: int, publisher: Publisher) -> None:
        self.generation = generation
        self.lost = 0
        self._publisher = publisher

    def initial(self, group: int) -> AlertsState:  # noqa: ARG002  all groups begin alike
        """Return the state of a group that has seen nothing."""
        return AlertsState()

    def decode(self, blob: bytes) -> AlertsState:
        """Return the state of the bytes."""
        return decode(blob)

    def encode(self, state: AlertsState) -> bytes:
        """Return the bytes of the state."""
        return encode(state)

    def step(self, state: AlertsState, batch: Batch) -> Step[AlertsState, Batch]:
        """Fold the batch, and count where the change feed has gaps."""
        outcome = step(state, batch)
        self.lost += outcome.state.gaps - state.gaps
        return outcome

    def publish(self, outboxes: Mapping[int, Sequence[Entry]]) -> Mapping[int, int]:
        """Publish the outboxes; return how many leading entries of each are done."""
        return self._publisher.publish(outboxes)
