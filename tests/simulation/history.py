"""A whole history: played under faults, brought to rest, audited, replayed.

``python -m tests.simulation --seed N`` plays the history of a seed again, with all its faults.
"""

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import process_time
from typing import Any, Final

from tests.simulation.audit import audit, bodies_of
from tests.simulation.faults import Fault
from tests.simulation.script import BACK_MS, EVERYBODY, MINUTE_MS, OUTAGES, PIPELINE, History, drawn
from tests.simulation.setting import GATEWAY_QUEUE
from tests.simulation.world import ALL_QUEUE, World
from tocsin.core.messages import Decision

SIZE: Final = 45
ONE_IN: Final = 3.1
ROUNDS_MAX: Final = 2_000
"""A process that was started to take one record at a time goes on so."""

STILL_ROUNDS_MAX: Final = 60
"""After so many rounds in which nothing moved nothing will; retries wait for fewer."""

BATCH_MAX: Final = 1_000
PRESSING_ROUNDS: Final = 12


@dataclass(frozen=True)
class HistoryResult:
    """What a history came to.

    Attributes:
        seed: Which.
        readings: Records on the log of readings, ticks not counted.
        faults: How many faults of each kind happened.
        findings: What was wrong, each with its kind in front; empty where all held.
        calls: Port calls made while faults were on.
        script: The faults that happened, by the number of the call.
        commits: Commits that held.
        transitions: Transitions in the table of alerts.
        notifications: Different notifications that arrived.
        revisions: Windows that late readings revised.
        actions: What people did that is stored.
        log_lines: Lines that the stages logged.
        muted: Alerts that an outage muted.
        seconds: Of processor time that it took.
        features: What the history has besides: of ``FEATURES``.
    """

    seed: int
    readings: int
    faults: Counter[str]
    findings: list[str]
    calls: int
    script: dict[int, Fault]
    commits: int
    transitions: int
    notifications: int
    revisions: int = 0
    actions: int = 0
    log_lines: int = 0
    muted: int = 0
    seconds: float = 0.0
    features: tuple[str, ...] = ()

    def count(self, kind: str) -> int:
        """Return how many findings are of the kind: ``lost``, ``doubled``, ``differs``, ..."""
        return sum(finding.startswith(f"{kind}:") for finding in self.findings)


def run_history(seed: int, *, size: int = SIZE, faults: float = ONE_IN) -> HistoryResult:
    """Play the history of the seed.

    Args:
        seed: Decides everything.
        size: How many actions happen under faults.
        faults: Of how many port calls one goes wrong.
    """
    return run(drawn(seed, size, faults))


def run(history: History) -> HistoryResult:
    """Play a history, bring it to rest, audit it, and replay its logs."""
    begun_s = process_time()
    with _uncollected():
        world = World(history)
        findings = _played(world)
        result = _result(world, findings)
        world.close()
        del world
    return replace(result, seconds=process_time() - begun_s)


def _played(world: World) -> list[str]:
    with world.log.listening():
        try:
            world.play()
            findings = _settle(world) + audit(world)
            return findings + _replay(world)
        except Exception as error:
            return [f"raised: {error!r}"]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let nothing be collected meanwhile, which took a tenth of the time; a world that is closed leaves no cycles."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _settle(world: World) -> list[str]:
    """Let everything be delivered without faults, and time pass until all windows are closed."""
    _press_on(world)
    world.calls.is_on = False
    findings = _drain(world)
    world.now.at_ms = world.now.newest_ms  # a clock that jumped back would close nothing
    # What was in a queue comes to the log with the first of these, and what it leads to with the next one.
    for step_ms in (3 * MINUTE_MS, *(2 * MINUTE_MS,) * (2 if PIPELINE in world.history.features else 1)):
        world.now.at_ms += step_ms
        world.tick()
        findings += _drain(world) + _emptied(world)
        world.minute(0)
    return findings + (_come_back(world) if OUTAGES in world.history.features else [])


def _emptied(world: World) -> list[str]:
    """Let what was received too often from the gateway's queue come again, until nothing is left in it."""
    queue = world.memory.queue(GATEWAY_QUEUE)
    if queue.redrive():
        _drain(world)
    return [f"stuck: {queue.depth()} messages are in the queue"] if queue.depth() else []


def _come_back(world: World) -> list[str]:
    """Let every device report again, one of each tenant too hot: no outage stands when the history ends."""
    hot = (4, 5)
    now_ms = world.now.at_ms = (world.now.at_ms // MINUTE_MS + 2) * MINUTE_MS
    world.minute(0)
    world.act(["put", *([device, now_ms, -1, 75.0, None] for device in hot)])
    findings = _drain(world)
    world.minute(0)
    world.act(["put", *([device, now_ms, -1, 30.0, None] for device in EVERYBODY if device not in hot)])
    if PIPELINE in world.history.features:
        findings += _drain(world)  # what is in the queue comes to the log before the tick
    world.now.at_ms += BACK_MS
    world.tick()
    findings += _drain(world)
    for _ in range(2):
        world.now.at_ms += MINUTE_MS
        world.minute(0)
        findings += _drain(world)
    return findings


def _press_on(world: World) -> None:
    """Deliver what is left while calls go on failing: most of a history's work is done under faults."""
    for _ in range(PRESSING_ROUNDS):
        if not world.press() and not any(mapping.behind() for mapping in world.mappings.values()):
            return


def _drain(world: World) -> list[str]:
    """Deliver everything to one process of each function: two that take turns were there before, under faults."""
    before, still = (0,), 0
    for turn in range(ROUNDS_MAX):
        for mapping in world.mappings.values():
            mapping.deliver(turn, BATCH_MAX, 0)
        left = tuple(mapping.behind() for mapping in world.mappings.values())
        if not any(left):
            return []
        before, still = left, still + 1 if left == before else 0
        if still == STILL_ROUNDS_MAX:
            break
    return [
        f"stuck: {mapping.name} is {mapping.behind()} records behind: {mapping.errors}"
        for mapping in world.mappings.values()
        if mapping.behind()
    ]


def _replay(world: World) -> list[str]:
    """Deliver all logs again from the oldest record, to processes that know nothing: nothing may change."""
    before = _everything(world)
    for mapping in world.mappings.values():
        mapping.rewind()
    findings = _drain(world)
    after = _everything(world)
    return findings + [f"replay: {name} changed" for name in before if before[name] != after[name]]


def _everything(world: World) -> dict[str, Any]:
    memory = world.memory
    return {
        "state": bodies_of(world),
        "commits": world.watch.commits,
        "windows": {device: dict(items) for device, items in memory.windows.stored.items()},
        "alerts": dict(memory.alerts.stored),
        "decisions": dict(memory.decisions.stored),
        "blobs": dict(memory.blobs.stored),
        "notifications": memory.queue(ALL_QUEUE).bodies(),
    }


def _result(world: World, findings: list[str]) -> HistoryResult:
    memory = world.memory
    return HistoryResult(
        seed=world.history.seed,
        readings=sum(
            record.partition_key != "!tick"
            for shard in memory.readings.shards()
            for record in memory.readings.read(shard.id, after=None, limit=1 << 30)
        ),
        faults=world.calls.counts,
        findings=findings,
        calls=world.calls.number,
        script=dict(world.calls.happened),
        commits=world.watch.commits,
        transitions=len(memory.alerts.stored),
        notifications=len(set(memory.queue(ALL_QUEUE).bodies())),
        revisions=sum(key[-1] > 0 for items in memory.windows.stored.values() for key in items),
        actions=len(memory.alerts.acted),
        log_lines=world.log.lines,
        muted=sum(
            one.decision is Decision.INHIBITED and not one.notification_id for one in memory.decisions.stored.values()
        ),
        features=world.history.features,
    )
