"""What the stages did, in numbers that add up."""

from collections.abc import Mapping
from dataclasses import dataclass

from processors.state import ShardAccount
from tocsin.runtime.counting import Passed


@dataclass(frozen=True, slots=True)
class Counts:
    """What every stage did.

    The figures of ``processors`` and ``anomaly`` are kept with their state, so they go on where the state
    does; all others count from the start of this process.

    Attributes:
        records: Records put on the log of readings by this process, without ticks.
        ticks: Ticks put by this process.
        messages: Messages folded, late ones included.
        duplicates: Messages known already.
        rejected: Messages and records refused by processors.
        readings: Readings folded into windows.
        late: Readings whose slice was closed; stored aside.
        reasons: Stage to reason to how many rejections, in this process.
        panes: Window results.
        unjudged: Panes that anomaly did not judge, by why.
        transitions: New alert transitions, by phase.
        decisions: What became of them, by decision.
        notifications: Notifications published.
        conflicts: Of the readings, those that tell another value for a time that was told already.
    """

    records: int
    ticks: int
    messages: int
    duplicates: int
    rejected: int
    readings: int
    late: int
    reasons: Mapping[str, Mapping[str, int]]
    panes: int
    unjudged: Mapping[str, int]
    transitions: Mapping[str, int]
    decisions: Mapping[str, int]
    notifications: int
    conflicts: int = 0


def counts_of(passed: Passed, accounts: Mapping[str, ShardAccount], unjudged: Mapping[str, int]) -> Counts:
    """Return the counts of what passed and what the stages say of themselves.

    Args:
        passed: What passed through the ports.
        accounts: Shard to what it brought.
        unjudged: Why panes were not judged, to how many.
    """
    total = ShardAccount()
    for account in accounts.values():
        total = total.plus(account)
    return Counts(
        records=passed.records,
        ticks=passed.ticks,
        messages=total.messages,
        duplicates=total.duplicates,
        rejected=total.rejected,
        readings=total.readings,
        late=total.late,
        reasons={stage: dict(sorted(reasons.items())) for stage, reasons in sorted(passed.rejected.items())},
        panes=passed.panes,
        unjudged=dict(sorted(unjudged.items())),
        transitions=dict(sorted(passed.transitions.items())),
        decisions=dict(sorted(passed.decisions.items())),
        notifications=passed.notifications,
        conflicts=total.conflicts,
    )
