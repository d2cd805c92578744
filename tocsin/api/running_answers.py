"""What the routes answer about the running pipeline and the simulation that feeds it."""

from typing import Literal

from tocsin.api.answers import Answer, Mode


class Taken(Answer, frozen=True):
    """What became of the messages of a body; ``reasons`` are the rules that were broken, to how many broke them."""

    accepted: int
    rejected: int
    reasons: dict[str, int]


class Rates(Answer, frozen=True):
    """Per second of real time."""

    messages_per_s: float
    readings_per_s: float
    panes_per_s: float


class RatesAt(Rates, frozen=True):
    """Rates of the second before ``at_ms``, real time."""

    at_ms: int


class Totals(Answer, frozen=True):
    """What was counted since the start."""

    messages: int
    readings: int
    duplicates: int
    late: int
    rejected: int
    panes: int
    transitions: int
    notifications: int


class RejectedCount(Answer, frozen=True):
    """How many messages a stage rejected for one reason."""

    stage: str
    reason: str
    count: int


class DecisionCount(Answer, frozen=True):
    """How many moves of alerts were decided so."""

    decision: str
    count: int


class StageFigures(Answer, frozen=True):
    """How far a stage is.

    Attributes:
        stage: Its name.
        waiting: Records that it has not done yet, or null.
        lag_ms: Age of the oldest of them, or null.
        error: With what it fails just now; empty where it does not.
    """

    stage: str
    waiting: int | None
    lag_ms: int | None
    error: str


class OutboxFigures(Answer, frozen=True):
    """What a stage has committed and not published yet."""

    stage: str
    entries: int


class PipelineFigures(Answer, frozen=True):
    """How the pipeline runs.

    Attributes:
        now_ms: The pipeline's clock.
        uptime_s: How long it has run, seconds of real time.
        version: Release.
        plan_hash: Plan in force.
        mode: Where it runs.
        rates: Over the last ten seconds, or null where others count.
        history: One entry a second, oldest first.
        totals: Since the start, or null where others count.
        rejected: By stage and reason.
        decisions: By decision.
        stages: How far each is.
        outbox: What waits to be published.
    """

    now_ms: int
    uptime_s: float
    version: str
    plan_hash: str
    mode: Mode
    rates: Rates | None
    history: tuple[RatesAt, ...]
    totals: Totals | None
    rejected: tuple[RejectedCount, ...]
    decisions: tuple[DecisionCount, ...]
    stages: tuple[StageFigures, ...]
    outbox: tuple[OutboxFigures, ...]


class FaultSetting(Answer, frozen=True):
    """A number that a kind of fault takes; without a default it must be given."""

    name: str
    reads: Literal["number", "ratio", "duration", "offset", "flag"]
    default: float | None


class FaultKind(Answer, frozen=True):
    """A kind of fault.

    Attributes:
        kind: Its name.
        acts_on: ``value``, ``strain``, ``silence``, ``clock`` or ``network``.
        needs_metric: Whether it is about one metric.
        sized: Whether it takes ``size`` or ``sigmas``.
        device_types: Types that it can befall; empty for all.
        settings: What else it takes.
    """

    kind: str
    acts_on: str
    needs_metric: bool
    sized: bool
    device_types: tuple[str, ...]
    settings: tuple[FaultSetting, ...]


class SimulatedDevice(Answer, frozen=True):
    """A device that is simulated."""

    device: str
    device_type: str
    metrics: tuple[str, ...]


class Fault(Answer, frozen=True):
    """A fault on the timeline.

    Attributes:
        id: Its name in this simulation.
        kind: Of which kind.
        devices: Whom it befalls.
        metric: Which metric; empty for the whole device.
        start_ms: From when.
        end_ms: Until when.
        injected: Whether somebody added it.
        expect: Whether people would want an alert.
        alert: The first alert that found it, or null.
        found_ms: When that fired, or null.
    """

    id: str
    kind: str
    devices: tuple[str, ...]
    metric: str
    start_ms: int
    end_ms: int
    injected: bool
    expect: bool
    alert: str | None
    found_ms: int | None


class Simulator(Answer, frozen=True):
    """What is simulated.

    Attributes:
        scenario: Its name.
        seed: Which run of it.
        speed: Simulated seconds per second; null where it runs as fast as it can.
        start_ms: First instant.
        end_ms: No device measures at or after this.
        now_ms: The simulation's clock.
        is_over: Whether it has been played to its end.
        kinds: Faults that can be injected.
        devices: Whom they can befall.
        faults: The timeline, injected ones at its end.
    """

    scenario: str
    seed: int
    speed: float | None
    start_ms: int
    end_ms: int
    now_ms: int
    is_over: bool
    kinds: tuple[FaultKind, ...]
    devices: tuple[SimulatedDevice, ...]
    faults: tuple[Fault, ...]
