"""Histories in bulk: so many minutes of them on so many processes, counted."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.simulation.history import HistoryResult, run_history
from tocsin.core.clock import elapsed_s

SEEDS_PER_TASK: Final = 20
ADDED: Final = (
    *("readings", "commits", "transitions", "notifications"),
    *("revisions", "actions", "log_lines", "seconds"),
)
PLAIN: Final = "plain"
LOSSES: Final = ("lost", "doubled", "differs")


@dataclass
class Sum:
    """What many histories came to.

    Attributes:
        histories: How many.
        readings: Records on their logs.
        commits: Commits that held.
        transitions: Transitions of alerts.
        notifications: Notifications that arrived.
        revisions: Windows that late readings revised.
        actions: What people did.
        log_lines: Lines that the stages logged.
        faults: By kind.
        findings: By kind.
        failed: Seeds with findings, and the first of each.
        seconds: Of processor time.
        played: Histories by feature, ``plain`` where they have none.
        took: The same in seconds of processor time.
    """

    histories: int = 0
    readings: int = 0
    commits: int = 0
    transitions: int = 0
    notifications: int = 0
    revisions: int = 0
    actions: int = 0
    log_lines: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    failed: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0
    played: Counter[str] = field(default_factory=Counter)
    took: dict[str, float] = field(default_factory=dict)

    def add(self, result: HistoryResult) -> None:
        """Count one history."""
        self.histories += 1
        for name in ADDED:
            setattr(self, name, getattr(self, name) + getattr(result, name))
        for feature in result.features or (PLAIN,):
            self.played[feature] += 1
            self.took[feature] = self.took.get(feature, 0.0) + result.seconds
        self.faults.update(result.faults)
        self.findings.update(finding.partition(":")[0] for finding in result.findings)
        if result.findings:
            self.failed[result.seed] = result.findings[0]

    def merge(self, other: "Sum") -> None:
        """Count what another process counted."""
        for name in ("histories", *ADDED):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.faults.update(other.faults)
        self.findings.update(other.findings)
        self.played.update(other.played)
        self.took |= {one: seconds + self.took.get(one, 0.0) for one, seconds in other.took.items()}
        self.failed |= other.failed

    def rates(self) -> tuple[float, float]:
        """Return histories and faults per minute of one processor."""
        minutes = max(self.seconds, 1e-9) / 60
        return self.histories / minutes, self.faults.total() / minutes

    def rate_of(self, feature: str) -> float:
        """Return histories per minute of one processor, of those with the feature."""
        return 60 * self.played[feature] / max(self.took.get(feature, 0.0), 1e-9)

    def lines(self) -> Iterator[str]:
        """Yield the table, line by line."""
        histories, faults = self.rates()
        rows: list[tuple[str, Any]] = [
            ("histories", self.histories),
            ("readings", self.readings),
            ("commits", self.commits),
            ("transitions", self.transitions),
            ("notifications", self.notifications),
            ("revised windows", self.revisions),
            ("actions of people", self.actions),
            ("lines of logs", self.log_lines),
            ("faults", self.faults.total()),
            *((f"  {kind}", number) for kind, number in sorted(self.faults.items())),
            *(
                (kind, self.findings[{"differing": "differs"}.get(kind, kind)])
                for kind in ("lost", "doubled", "differing")
            ),
            ("other findings", sum(number for kind, number in self.findings.items() if kind not in LOSSES)),
            ("processor seconds", round(self.seconds, 1)),
            ("histories a core-minute", round(histories)),
            ("faults a core-minute", round(faults)),
            *((f"  of {feature} histories", round(self.rate_of(feature))) for feature in sorted(self.played)),
        ]
        yield from (f"{name:<26}{value:>12,}" for name, value in rows)
        for seed, finding in sorted(self.failed.items())[:20]:
            yield f"seed {seed}: {finding[:160]}"
            yield f"    python -m tests.simulation --seed {seed}"


def soak(minutes: float, processes: int, first_seed: int) -> Sum:
    """Play histories of one seed after another until the minutes are over."""
    until_s = elapsed_s() + minutes * 60
    total = Sum()
    with ProcessPoolExecutor(processes) as pool:
        starts = count(first_seed, SEEDS_PER_TASK)
        tasks = [pool.submit(some, next(starts), SEEDS_PER_TASK) for _ in range(2 * processes)]
        while tasks:
            total.merge(tasks.pop(0).result())
            if elapsed_s() < until_s:
                tasks.append(pool.submit(some, next(starts), SEEDS_PER_TASK))
    return total


def some(first: int, seeds: int) -> Sum:
    """Play the histories of some seeds."""
    total = Sum()
    for seed in range(first, first + seeds):
        total.add(run_history(seed))
    return total


def write_json(total: Sum, path: Path) -> None:
    """Write the figures where another command joins them."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(vars(total)), indent=1) + b"\n")
