"""Groups of the anomaly stage that wait for panes which never come, and how they go on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from anomaly.skip import Skip, last_number, skip
from tocsin.core.clock import iso
from tocsin.core.columns import PaneBatch
from tocsin.core.errors import DamagedError, UnavailableError
from tocsin.core.formats.pane_bytes import decode_panes
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Plan
from tocsin.core.ports import Backend

SKIPPED_PREFIX: Final = "skipped/"
READ_RECORDS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Gap:
    """What a group waits for.

    Attributes:
        generation: Of the sender.
        group: Which group.
        first: Number of the first batch that is missing.
        last: Number of the last.
    """

    generation: int
    group: int
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many batches are missing."""
        return self.last - self.first + 1


def gaps(backend: Backend, plan: Plan, plans: PlanBook) -> list[Gap]:
    """Return the gaps that hold up groups: what comes next on the log of panes does not follow.

    Args:
        backend: With the log of panes and the states.
        plan: Whose generation is looked at.
        plans: Finds the plans that states name.
    """
    folded: dict[int, int] = {}
    found: dict[int, Gap] = {}
    for batch in _batches(backend):
        group = batch.group
        if batch.generation != plan.generation or group in found:
            continue
        if group not in folded:
            folded[group] = last_number(backend, plans, group)
        if batch.number == folded[group] + 1:
            folded[group] = batch.number
        elif batch.number > folded[group]:
            found[group] = Gap(plan.generation, group, folded[group] + 1, batch.number - 1)
    return [found[group] for group in sorted(found)]


def skip_gaps(backend: Backend, plans: PlanBook, chosen: Sequence[Gap], now_ms: int) -> None:
    """Let the groups go on behind their gaps, and keep an account of each under ``SKIPPED_PREFIX``.

    The windows of what is skipped are there for people and queries; it is their judgement that is missing: no
    alert came of them, and none will.

    Raises:
        UnavailableError: A group could not be committed.
    """
    for gap in chosen:
        said = {"at": iso(now_ms), "stage": "anomaly", "generation": gap.generation, "group": gap.group}
        name = f"{SKIPPED_PREFIX}anomaly/{gap.generation}.{gap.group}/{gap.first}-{gap.last}.json"
        backend.blobs.put(name, msgspec.json.encode({**said, "first": gap.first, "last": gap.last}))
    failures = skip(backend, plans, [Skip(gap.generation, gap.group, gap.last) for gap in chosen])
    if failures:
        raise UnavailableError("; ".join(str(error) for error in failures.values()))


def _batches(backend: Backend) -> Iterator[PaneBatch]:
    """Yield what the log of panes holds, in its order; what is damaged was rejected by the stage, and is the gap."""
    for shard in backend.panes.shards():
        after: str | None = None
        while read := backend.panes.read(shard.id, after=after, limit=READ_RECORDS_MAX):
            for record in read:
                try:
                    yield decode_panes(record.data)
                except DamagedError:
                    continue
            after = read[-1].sequence
