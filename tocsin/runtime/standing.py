"""How a deployment stands, read beside the process that runs it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tocsin.adapters.embedded.open import Embedded
from tocsin.core.formats.rejections import REJECTED_PREFIX
from tocsin.core.messages import Phase, Transition
from tocsin.core.ports import LogReader
from tocsin.runtime.pipeline import ANOMALY, PROCESSORS

WAITING_MAX: Final = 10_000
NAMES_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the stages are.

    Attributes:
        folded: Records of the log of readings done with, ticks included, since the file was made.
        waiting: Records on it that are not, counted up to ``WAITING_MAX`` a shard.
        panes_waiting: Records on the log of panes that are not done with, likewise.
        rejected: Stored batches of rejections, counted up to ``NAMES_MAX``.
    """

    folded: int
    waiting: int
    panes_waiting: int
    rejected: int


def standing(embedded: Embedded) -> Standing:
    """Return how far the stages are."""
    done = embedded.checkpoints.load(PROCESSORS)
    return Standing(
        folded=sum(map(int, done.values())),
        waiting=_waiting(embedded.readings, done),
        panes_waiting=_waiting(embedded.panes, embedded.checkpoints.load(ANOMALY)),
        rejected=len(embedded.backend.blobs.names(REJECTED_PREFIX, limit=NAMES_MAX)),
    )


def _waiting(reader: LogReader, done: dict[str, str]) -> int:
    return sum(len(reader.read(shard.id, after=done.get(shard.id), limit=WAITING_MAX)) for shard in reader.shards())


class Firing:
    """Which alerts fire now, as their transitions tell."""

    def __init__(self) -> None:
        self._firing: dict[tuple[str, str], Transition] = {}

    def observe(self, transitions: Iterable[Transition]) -> None:
        """Take transitions, in order."""
        for transition in transitions:
            key = (transition.tenant, transition.fingerprint)
            self._firing.pop(key, None)
            if transition.phase is Phase.FIRING:
                self._firing[key] = transition

    def __len__(self) -> int:
        """Return how many fire."""
        return len(self._firing)

    def newest_first(self) -> list[Transition]:
        """Return what made them fire, the newest first."""
        return sorted(self._firing.values(), key=lambda one: (-one.at_ms, one.device, one.fingerprint))
