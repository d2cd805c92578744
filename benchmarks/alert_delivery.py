"""Alerts under crashes: 80,000 of them through the alerts stage, which dies at every step of its way, again and again.

Printed: how many were missed, and how many copies a standard and a FIFO topic hand on. The FIFO topic is written
here after what Amazon SNS documents: a deduplication id is not handed on twice within five minutes. The same crashes
are played against topics and queues of the emulator, with fewer alerts: it compares each message with all others.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random
from typing import Final

from alerts.handler import AlertsHandler
from benchmarks.emulated_topics import Published, handed_on
from benchmarks.table import print_table
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.clock import MINUTE_MS, VirtualClock, elapsed_s, iso
from tocsin.core.formats.dynamodb_event import stream_record
from tocsin.core.messages import (
    AlertRef,
    DecisionRecord,
    Evidence,
    Notification,
    Phase,
    Severity,
    Transition,
)
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import MetricPlan, Plan, Window, plan_hash
from tocsin.core.plan.telling import Grouping
from tocsin.core.ports import (
    Backend,
    Decisions,
    Directory,
    DirectoryEntry,
    FilterPolicy,
    SavedState,
    StateKey,
    StateWrite,
)

ALERTS: Final = 80_000
EMULATED_ALERTS: Final = 200
EMULATED_BATCH: Final = 5
START_MS: Final = 1_795_428_000_000
BATCH: Final = 500
CRASH_CHANCE: Final = 0.6
"""Of a delivery to be cut off somewhere, the next try as well."""

DEDUPLICATION_MS: Final = 5 * MINUTE_MS
PAUSES_MS: Final = (1_000, 20_000, 6 * MINUTE_MS)
"""How long after a crash the batch is delivered again: retries at once, after a timeout, after the mapping gave up."""

STEPS: Final = (
    "state load",
    "state commit",
    "state commit, answer lost",
    "notifications before",
    "notifications in the middle",
    "notifications after",
    "decisions",
    "list of open alerts",
)


class Crash(BaseException):
    """The process dies."""


@dataclass
class Crashing:
    """All ports of the stage; the process dies at the step that is named, when its turn comes."""

    embedded: Embedded
    clock: VirtualClock
    step: str = ""
    after: int = 0
    published: list[tuple[int, Notification]] = field(default_factory=list)
    crashes: Counter[str] = field(default_factory=Counter)

    def reach(self, step: str) -> None:
        """Die here if it is the step's turn."""
        if step != self.step:
            return
        if self.after:
            self.after -= 1
            return
        self.step = ""
        self.crashes[step] += 1
        raise Crash

    def load(self, keys: Sequence[StateKey]) -> list[SavedState]:
        """Load, or die before."""
        self.reach("state load")
        return self.embedded.backend.state.load(keys)

    def commit(self, writes: Sequence[StateWrite]) -> list[str | None]:
        """Commit, or die before or after."""
        self.reach("state commit")
        versions = self.embedded.backend.state.commit(writes)
        self.reach("state commit, answer lost")
        return versions

    def publish(self, notifications: Sequence[Notification]) -> Sequence[int]:
        """Take the notifications, or die before, amid or after."""
        self.reach("notifications before")
        half = len(notifications) // 2
        self.published += [(self.clock.now_ms(), one) for one in notifications[:half]]
        self.reach("notifications in the middle")
        self.published += [(self.clock.now_ms(), one) for one in notifications[half:]]
        self.reach("notifications after")
        return []

    def subscribe(self, queue: str, policy: FilterPolicy | None = None) -> None:
        """Have no subscribers."""
        raise AssertionError((queue, policy))

    def backend(self) -> Backend:
        """Return the ports as the handler takes them."""
        whole = self.embedded.backend
        return replace(
            whole,
            state=self,
            topic=self,
            decisions=_Decisions(self, whole.decisions),
            directory=_Directory(self, whole.directory),
        )


@dataclass
class _Decisions:
    """The decisions; the process may die before they are put."""

    ports: Crashing
    inner: Decisions

    def put(self, records: Sequence[DecisionRecord]) -> None:
        """Put, or die before."""
        self.ports.reach("decisions")
        self.inner.put(records)

    def query(self, tenant: str, *, fingerprint: str | None = None, limit: int) -> list[DecisionRecord]:
        """Return what was put."""
        return self.inner.query(tenant, fingerprint=fingerprint, limit=limit)


@dataclass
class _Directory:
    """The list of open alerts; the process may die before it is written."""

    ports: Crashing
    inner: Directory

    def put(self, entries: Sequence[DirectoryEntry]) -> None:
        """Put, or die before."""
        self.ports.reach("list of open alerts")
        self.inner.put(entries)

    def query(self, tenant: str, *, prefix: str, after: str = "", limit: int) -> list[DirectoryEntry]:
        """Return what was put."""
        return self.inner.query(tenant, prefix=prefix, after=after, limit=limit)


@dataclass(frozen=True)
class Figures:
    """What came of it.

    Attributes:
        transitions: Moves of alerts put on the feed.
        missed: Moves that are to be told and were told in no notification.
        undecided: Moves without exactly one recorded decision.
        out_of_order: Notifications that tell of an alert what happened before something told already.
        crashes: Step to how often the process died there.
        standard: Notifications that a standard topic hands on.
        fifo: That a FIFO topic hands on.
        fifo_soon: Copies that it hands on within five minutes.
        distinct: Different notifications.
        elapsed_s: How long it took.
        published: All that was published, and when.
    """

    transitions: int
    missed: int
    undecided: int
    out_of_order: int
    crashes: dict[str, int]
    standard: int
    fifo: int
    fifo_soon: int
    distinct: int
    elapsed_s: float
    published: Published


def run(alerts: int = ALERTS, seed: int = 1, *, batch: int = BATCH) -> Figures:
    """Put the alerts through the stage, half of them until they resolve."""
    chance, clock, begin_s = Random(seed), VirtualClock(START_MS), elapsed_s()  # noqa: S311  a seeded run
    window = Window(MINUTE_MS, MINUTE_MS)
    plan = Plan(metrics=(MetricPlan("*", (window,)),), grouping=Grouping(by=("device",), interval_ms=0), groups=32)
    moves = list(_moves(alerts, plan_hash(plan), chance))
    with open_embedded(None, now_ms=clock.now_ms) as embedded:
        ports = Crashing(embedded, clock)
        _deliver(ports, plan, moves, chance, batch)
        wanted = {_ref(one) for one in moves}
        decided = Counter(one.alert for one in _decisions(embedded, {one.tenant for one in moves}))
    told = {ref for _, one in ports.published for ref in one.alerts}
    kept, soon = fifo(ports.published)
    return Figures(
        transitions=len(moves),
        missed=len(wanted - told),
        undecided=sum(decided[ref] != 1 for ref in wanted),
        out_of_order=_out_of_order(kept),
        crashes=dict(ports.crashes),
        standard=len(ports.published),
        fifo=len(kept),
        fifo_soon=soon,
        distinct=len({one.id for _, one in ports.published}),
        elapsed_s=elapsed_s() - begin_s,
        published=ports.published,
    )


def _moves(alerts: int, named: str, chance: Random) -> Iterator[Transition]:
    """Yield the moves of the alerts, those of one alert in order, of 64 tenants in any order."""
    waiting: list[Transition] = []
    for index in range(alerts):
        at_ms = START_MS + index
        fires = Transition(
            tenant=f"tenant-{index % 64}",
            device=f"device-{index}",
            metric="temperature_celsius",
            rule="hot",
            kind="limits",
            severity=Severity.CRITICAL,
            fingerprint=f"{index:016x}",
            episode=1,
            number=1,
            phase_from=Phase.INACTIVE,
            phase=Phase.FIRING,
            at_ms=at_ms,
            since_ms=at_ms,
            evidence=Evidence(92.4, named, threshold=90.0),
            summary="temperature 92.4 °C is above 90 °C (limit hot)",
        )
        yield fires
        if index % 2:
            waiting.append(replace(fires, number=2, phase_from=Phase.FIRING, phase=Phase.RESOLVED))
        if len(waiting) > 500:
            yield waiting.pop(chance.randrange(len(waiting)))
    yield from waiting


def _deliver(ports: Crashing, plan: Plan, moves: Sequence[Transition], chance: Random, batch: int) -> None:
    """Deliver batch after batch, each again until it is done, by a new process after each crash."""
    handler = AlertsHandler(ports.backend(), PlanBook(plan))
    for first in range(0, len(moves), batch):
        records = [
            stream_record(move, sequence=str(first + place + 1), arrival_ms=move.at_ms)
            for place, move in enumerate(moves[first : first + batch])
        ]
        while True:
            if chance.random() < CRASH_CHANCE:
                ports.step, ports.after = chance.choice(STEPS), chance.randrange(2)
            try:
                answer = handler({"Records": records}, None)
            except Crash:
                ports.clock.advance_to(ports.clock.now_ms() + chance.choice(PAUSES_MS))
                handler = AlertsHandler(ports.backend(), PlanBook(plan))
                continue
            assert not answer["batchItemFailures"], answer
            break
        ports.step = ""
        ports.clock.advance_to(ports.clock.now_ms() + 1_000)
    handler({"time": iso(moves[-1].at_ms + MINUTE_MS), "source": "aws.events", "detail-type": "Scheduled Event"}, None)


def _decisions(embedded: Embedded, tenants: set[str]) -> Iterator[DecisionRecord]:
    for tenant in tenants:
        yield from embedded.backend.decisions.query(tenant, limit=10_000_000)


def fifo(published: Published) -> tuple[list[Notification], int]:
    """Return what a FIFO topic hands on, and how many of these are copies of what it did within five minutes."""
    taken: dict[str, int] = {}
    handed_on: list[Notification] = []
    times: defaultdict[str, list[int]] = defaultdict(list)
    for at_ms, one in published:
        if one.id not in taken or at_ms - taken[one.id] >= DEDUPLICATION_MS:
            taken[one.id] = at_ms
            handed_on.append(one)
            times[one.id].append(at_ms)
    soon = sum(later - earlier < DEDUPLICATION_MS for each in times.values() for earlier, later in pairwise(each))
    return handed_on, soon


def _out_of_order(handed_on: Sequence[Notification]) -> int:
    """Return how many notifications a receiver that skips known ids gets after a later one of the same alert."""
    newest: Counter[str] = Counter()
    seen: set[str] = set()
    wrong = 0
    for one in handed_on:
        if one.id in seen:
            continue
        seen.add(one.id)
        for ref in one.alerts:
            wrong += ref.number < newest[ref.fingerprint]
            newest[ref.fingerprint] = max(newest[ref.fingerprint], ref.number)
    return wrong


def _ref(move: Transition) -> AlertRef:
    return AlertRef(move.fingerprint, move.episode, move.number)


def main() -> None:
    _print(ALERTS, run())
    few = run(EMULATED_ALERTS, batch=EMULATED_BATCH)
    topics = {name: len(handed_on(few.published, fifo=name == "FIFO")) for name in ("standard", "FIFO")}
    _print(EMULATED_ALERTS, replace(few, standard=topics["standard"], fifo=topics["FIFO"]), " on the emulator")


def _print(alerts: int, found: Figures, where: str = "") -> None:
    copies = {"standard": found.standard - found.distinct, "FIFO": found.fifo - found.distinct}
    crashes = sum(found.crashes.values())
    print_table(
        f"{alerts:,} alerts{where}, {found.transitions:,} moves, {crashes:,} crashes, {found.elapsed_s:.0f} s",
        ("", "count", "share"),
        [
            ("moves missed", f"{found.missed:,}", ""),
            ("moves without exactly one decision", f"{found.undecided:,}", ""),
            ("told out of order", f"{found.out_of_order:,}", ""),
            *((f"copies on {name}", f"{count:,}", f"{count / found.distinct:.2%}") for name, count in copies.items()),
            ("copies on FIFO within five minutes", f"{found.fifo_soon:,}", ""),
            *((f"crashes at: {step}", f"{found.crashes.get(step, 0):,}", "") for step in STEPS),
        ],
    )
