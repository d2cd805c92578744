"""The stage as the machine sees it: how a group is loaded, folded, saved and published."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from anomaly.contract import Detector
from anomaly.folding import Batches
from anomaly.state import GroupState, decode, encode_pieces, initial
from anomaly.step import decode_transition, step
from tocsin.core.errors import UnavailableError
from tocsin.core.machine import Entry, Step
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import AlertTable
from tocsin.core.sealed import Encoded

NAME: Final = "anomaly"
COHORTS_GROUP: Final = 4096
"""Number of the group of cohorts: no key group has it, as a plan has 4096 of them at most."""
PUT_MAX: Final = 500
"""Most transitions written in one request of the table's port."""


class FoldBatches(Protocol):
    """Folds batches of panes into a group's state."""

    def __call__(
        self, state: GroupState, batches: Batches, *, plans: PlanBook, detector: Detector
    ) -> Step[GroupState, Batches]:
        """Return the state afterwards, and which alerts moved."""
        ...


class Anomaly:
    """What the machine needs of this stage.

    Args:
        alerts: Where transitions go.
        plans: Finds the plan in force.
        detector: Judges for adaptive rules.
        fold: Folds a key group's batches; ``step_cohorts`` those of the group that compares devices with their peers.
    """

    name = NAME

    def __init__(self, alerts: AlertTable, plans: PlanBook, detector: Detector, *, fold: FoldBatches = step) -> None:
        self.generation = plans.first.generation
        self._fold = fold
        self._alerts = alerts
        self._plans = plans
        self._detector = detector

    def initial(self, group: int) -> GroupState:  # noqa: ARG002  all groups begin alike
        """Return the state of a group that has seen nothing."""
        return initial(self._detector)

    def decode(self, blob: bytes) -> GroupState:
        """Return the state of the bytes."""
        return decode(blob, self._detector)

    def encode(self, state: GroupState) -> Encoded:
        """Return the bytes of the state in pieces."""
        return encode_pieces(state)

    def step(self, state: GroupState, batch: Batches) -> Step[GroupState, Batches]:
        """Fold the group's batches."""
        return self._fold(state, batch, plans=self._plans, detector=self._detector)

    def publish(self, outboxes: Mapping[int, Sequence[Entry]]) -> Mapping[int, int]:
        """Put the transitions of all groups into the table of alerts, each group's oldest first."""
        return put_transitions(self._alerts, outboxes)


def put_transitions(alerts: AlertTable, outboxes: Mapping[int, Sequence[Entry]]) -> Mapping[int, int]:
    """Put the transitions of all groups into the table of alerts; return how many of each group are there.

    The table keeps what it has, so a transition that is put again is no second one.
    """
    queue = [(group, entry) for group, entries in outboxes.items() for entry in entries]
    published = dict.fromkeys(outboxes, 0)
    for begin in range(0, len(queue), PUT_MAX):
        part = queue[begin : begin + PUT_MAX]
        try:
            alerts.put([decode_transition(entry) for _, entry in part])
        except UnavailableError:
            return published
        for group, _ in part:
            published[group] += 1
    return published
