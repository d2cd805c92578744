"""The way out for a group that waits for panes which never come: to go on behind the gap, and to say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from anomaly.contract import Detector
from anomaly.detectors.adaptive import Adaptive
from anomaly.stage import NAME, Anomaly
from anomaly.state import GroupState
from tocsin.core.errors import TransientError
from tocsin.core.machine import Entry, Machine, Step
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import Backend

SKIPPED: Final = "panes_skipped"
"""Counts batches of panes that were skipped by hand."""


@dataclass(frozen=True, slots=True)
class Skip:
    """To go on behind a gap.

    Attributes:
        generation: Of the sender.
        group: Of the sender; also the group that waits.
        through: Number of the last batch that never comes.
    """

    generation: int
    group: int
    through: int


class _Skipping:
    """The stage, with skips in place of panes."""

    name = NAME

    def __init__(self, stage: Anomaly, *, reads_only: bool) -> None:
        self.generation = stage.generation
        self.initial = stage.initial
        self.decode = stage.decode
        self.encode = stage.encode
        self._publish = stage.publish
        self._reads_only = reads_only

    def step(self, state: GroupState, batch: Skip) -> Step[GroupState, Skip]:
        """Return the state behind the gap; one that is there already changes nothing."""
        sender = (batch.generation, batch.group)
        missing = batch.through - state.fence.get(sender, 0)
        if missing <= 0:
            return Step(state)
        moved = state.copy()
        moved.fence[sender] = batch.through
        moved.count(SKIPPED, missing)
        return Step(moved)

    def publish(self, outboxes: Mapping[int, Sequence[Entry]]) -> Mapping[int, int]:
        """Publish what the stage had committed before, unless nothing may change."""
        return dict.fromkeys(outboxes, 0) if self._reads_only else self._publish(outboxes)


def last_number(backend: Backend, plans: PlanBook, group: int, detector: Detector | None = None) -> int:
    """Return the number of the newest batch that the group has folded, of the plan's generation; changes nothing."""
    machine, stage = _machine(backend, plans, detector, reads_only=True)
    machine.run({group: Skip(stage.generation, group, 0)})
    state = machine.held_state(group)
    return state.fence.get((stage.generation, group), 0) if state else 0


def skip(
    backend: Backend, plans: PlanBook, skips: Sequence[Skip], detector: Detector | None = None
) -> dict[int, TransientError]:
    """Let groups go on behind their gaps; return why a group could not, for each that could not.

    Raises:
        UnavailableError: The store did not answer.
    """
    machine, _ = _machine(backend, plans, detector, reads_only=False)
    return machine.run({one.group: one for one in skips})


def _machine(
    backend: Backend, plans: PlanBook, detector: Detector | None, *, reads_only: bool
) -> tuple[Machine[GroupState, Skip], Anomaly]:
    stage = Anomaly(backend.alerts, plans, detector or Adaptive())
    return Machine(_Skipping(stage, reads_only=reads_only), backend.state), stage
