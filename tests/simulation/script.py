"""What happens in a history, as data: the senders, the deliveries, the clock; drawn from a seed, or read from a file.

An action is a short list: its name and its numbers. Choices ("which lane") are numbers taken modulo what
there is when the action comes, so that a history stays playable when parts of it are cut out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec

from tests.simulation.faults import Fault

Action = list[Any]
SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
FROZEN: Final = 0
"""A jump by nothing: the clock stands still up to the next jump, while devices go on."""

TENANTS: Final = ("acme", "globex")
DEVICES: Final = ("acme#pump-1", "acme#pump-2", "globex#fan-1", "globex#fan-2", "acme#pump-3", "globex#fan-3")
STAGES: Final = ("processors", "anomaly", "alerts")
SAMPLE: Final = ("sample", "repeat", "outdated", "future", "broken")
FORMAT: Final = "tocsin simulated history 1"
REVISIONS, QUANTILES, ADAPTIVE, RUNTIME = "revisions", "quantiles", "adaptive", "runtime"
OUTAGES: Final = "outages"
PIPELINE, JOINED, REQUESTS = "pipeline", "joined", "requests"
PIPELINE_SHARE: Final = 0.12
"""How many of all histories the local runtime's pipeline plays, in place of its mappings alone."""

JOINED_SHARE: Final = 0.12
"""In how many panes have no log: whoever folds readings has them judged."""
SHARE: Final = {REVISIONS: 0.3, QUANTILES: 0.3, ADAPTIVE: 0.3, RUNTIME: 0.3, OUTAGES: 0.12}
"""How many of all histories have each; those with outages take twice as long."""

REQUESTS_SHARE: Final = 0.3
"""In how many devices send what is valid to the handler of ingest, and do not put it to the log themselves."""

FEATURES: Final = (*SHARE, PIPELINE, JOINED, REQUESTS)


@dataclass(frozen=True)
class History:
    """All that decides a history.

    Attributes:
        groups: Key groups of the plan.
        shards: Shards of each log in the beginning.
        actions: What happens, in order.
        faults: Fault of each call that goes wrong, by the call's number; None: drawn from the seed.
        seed: Where it came from.
        one_in: Of how many calls one goes wrong, where faults are drawn.
        features: What the plan asks for besides, whether the runtime's own mappings, or all of its pipeline,
            deliver, whether panes have a log, and who takes messages: of ``FEATURES``.
    """

    groups: int
    shards: int
    actions: list[Action]
    faults: Mapping[int, Fault] | None = None
    seed: int = 0
    one_in: float = 7.0
    features: tuple[str, ...] = ()


@dataclass
class _Senders:
    """The devices as they send: each counts, and knows what it sent."""

    random: Random
    counters: dict[int, int] = field(default_factory=dict)
    sent: list[list[Any]] = field(default_factory=list)

    def message(self, now_ms: int) -> list[Any]:
        """Return device, event time, counter (or -1), and the values."""
        how = self.random.choices(SAMPLE, (78, 14, 5, 2, 2))[0]
        if how == "repeat" and self.sent:
            return self.random.choice(self.sent[-15:])
        device = self.random.randrange(len(DEVICES))
        if how == "broken":
            return [device, now_ms, -1, None, None]
        time_ms = now_ms - self.random.choice((0, 0, 0, 0, 1_500, 9_000, 26_000, 55_000))
        if how == "future":
            time_ms = self.random.choice((253_402_300_799_000, now_ms + 400_000))
        elif how == "outdated":
            time_ms = now_ms - self.random.choice((70_000, 70_000, 150_000, 40 * 86_400_000))
        counter = -1
        if device % 2:
            counter = self.counters[device] = self.counters.get(device, 0) + 1
        high = self.random.random() < 0.3
        temp = self.random.randrange(50, 80) if high else self.random.randrange(80, 200)
        flow = self.random.choice((None, self.random.randrange(-40, 40)))
        message = [
            device,
            time_ms,
            counter,
            temp / 4 if not high else 60 + temp / 4,
            flow if flow is None else flow / 4,
        ]
        self.sent.append(message)
        return message

    def report(self, device: int, time_ms: int, *, is_hot: bool = False) -> list[Any]:
        """Return a message of the device at that time, too hot or as usual."""
        counter = -1
        if device % 2:
            counter = self.counters[device] = self.counters.get(device, 0) + 1
        return [device, time_ms, counter, 75.0 if is_hot else 30.0, None]


WEIGHTS: Final = {
    "put": 26,
    "deliver": 44,
    "again": 7,
    "tick": 9,
    "minute": 3,
    "wait": 12,
    "jump": 1,
    "reshard": 1.5,
    "cold": 2,
    "deploy": 1,
    "person": 2,
}
START_MS: Final = 1_795_428_000_000
EVERYBODY: Final = range(len(DEVICES))
REPORT_MS: Final = 30_000
SILENCE_MS: Final = 2 * MINUTE_MS
"""Twice that is long enough that everybody is missed, and ticks that far apart still watch."""

BACK_MS: Final = 90_000
"""Long enough that a tick closes a window, and not that its device is missed."""


def drawn(seed: int, size: int, one_in: float) -> History:
    """Return the history of a seed.

    Args:
        seed: Decides everything.
        size: How many actions.
        one_in: Of how many port calls one goes wrong.
    """
    random = Random(seed)  # noqa: S311  a seed replays it
    senders = _Senders(random)
    now_ms = START_MS
    actions: list[Action] = []
    names = random.choices(tuple(WEIGHTS), tuple(WEIGHTS.values()), k=size)
    for name in names:
        action = _action(name, random, senders, now_ms)
        if name in {"wait", "jump"}:
            now_ms += action[1]
        actions.append(action)
    features = tuple(feature for feature in SHARE if random.random() < SHARE[feature])
    further = Random(f"pipeline {seed}")  # noqa: S311  a seed replays it
    if further.random() < PIPELINE_SHARE:
        features = (*(feature for feature in features if feature != RUNTIME), PIPELINE)
    if further.random() < JOINED_SHARE:
        features = (*features, JOINED)
    if further.random() < REQUESTS_SHARE:
        features = (*features, REQUESTS)
    if OUTAGES in features:
        actions = [*_reports(senders), *actions, *_outage(random, senders, now_ms)]
    return History(random.choice((1, 2, 4)), random.choice((1, 1, 2, 3)), actions, None, seed, one_in, features)


def _reports(senders: _Senders) -> list[Action]:
    """Let every device report for some windows, so that its silence is noticed later."""
    begin_ms = START_MS - 5 * REPORT_MS
    rounds = [[senders.report(device, begin_ms + turn * REPORT_MS) for device in EVERYBODY] for turn in range(5)]
    return [["put", *messages] for messages in rounds]


def _outage(random: Random, senders: _Senders, now_ms: int) -> list[Action]:
    """Let everybody fall silent; then one of each tenant comes back too hot, and in the end the others as well."""
    silent_ms = now_ms + 2 * SILENCE_MS
    hot = random.randrange(2), random.randrange(2, 4)
    first = [senders.report(device, silent_ms, is_hot=True) for device in hot]
    others = [senders.report(device, silent_ms) for device in EVERYBODY if device not in hot]
    told: list[Action] = [["press", 3], ["wait", 15_000], ["minute", 0, 0]]
    return [
        *(["tick", 0, 0], ["jump", SILENCE_MS], ["tick", 0, 0], ["jump", SILENCE_MS], ["tick", 0, 0], *told),
        *(["put", *first], ["press", 3], ["minute", 0, 0], ["put", *others]),
        *(["wait", BACK_MS + REPORT_MS], ["tick", 0, 0], *told),
    ]


def _action(name: str, random: Random, senders: _Senders, now_ms: int) -> Action:
    if name == "put":
        return [name, *(senders.message(now_ms) for _ in range(random.choice((1, 2, 3, 5))))]
    if name in {"deliver", "again"}:
        stage = random.choices(STAGES, (5, 4, 2))[0]
        return [name, stage, random.randrange(60), random.choice((1, 2, 3, 5, 9, 40)), random.randrange(60)]
    if name == "wait":
        return [name, random.choice((500, 4_000, 15_000, 15_000, 31_000))]
    if name == "jump":
        return [name, random.choice((HOUR_MS, -HOUR_MS, -2 * MINUTE_MS, 10 * MINUTE_MS, FROZEN))]
    return [name, random.randrange(60), random.randrange(60)]


def save(history: History, path: Path, note: str) -> None:
    """Write the history as a file, one action a line."""
    assert history.faults is not None
    head = {"format": FORMAT, "note": note, "seed": history.seed, "groups": history.groups, "shards": history.shards}
    head |= {"features": history.features} if history.features else {}
    faults = {"faults": {str(number): fault for number, fault in sorted(history.faults.items())}}
    lines = [head, faults, *history.actions]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(msgspec.json.encode(line) for line in lines) + b"\n")


def load(path: Path) -> History:
    """Return the history of a file."""
    head, faults, *actions = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    assert head["format"] == FORMAT, head
    script = {int(number): (kind, how) for number, (kind, how) in faults["faults"].items()}
    features = tuple(head.get("features", ()))
    return History(head["groups"], head["shards"], actions, script, head["seed"], features=features)
