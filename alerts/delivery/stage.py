"""Delivery as the machine sees it: how a group is loaded, folded and saved; it publishes nothing of its own."""

from collections.abc import Mapping, Sequence
from typing import Final

from alerts.delivery.state import DeliveryState, decode, encode
from alerts.delivery.step import Batch, step
from tocsin.core.machine import Entry, Step

NAME: Final = "delivery"


class Delivery:
    """What the machine needs of this stage."""

    name = NAME

    def __init__(self, generation: int) -> None:
        self.generation = generation

    def initial(self, group: int) -> DeliveryState:  # noqa: ARG002  all groups begin alike
        """Return the state of a group that has seen nothing."""
        return DeliveryState()

    def decode(self, blob: bytes) -> DeliveryState:
        """Return the state of the bytes."""
        return decode(blob)

    def encode(self, state: DeliveryState) -> bytes:
        """Return the bytes of the state."""
        return encode(state)

    def step(self, state: DeliveryState, batch: Batch) -> Step[DeliveryState, Batch]:
        """Fold the batch."""
        return step(state, batch)

    def publish(self, outboxes: Mapping[int, Sequence[Entry]]) -> Mapping[int, int]:
        """Return that all is done: nothing is ever emitted."""
        return {group: len(outbox) for group, outbox in outboxes.items()}
