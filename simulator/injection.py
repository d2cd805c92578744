"""Faults that somebody injects while a scenario is played."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final

from simulator.fleet import Batch
from simulator.kinds import KINDS, Kind, Layer, Setting
from simulator.network import Counts
from simulator.scenario_model import Device, Fault, Scenario
from simulator.sources import Source, sources_of

INJECTED_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Wish:
    """A fault that is wanted.

    Attributes:
        kind: Name of the kind.
        device: Whom it befalls.
        metric: About which metric; empty for the whole device.
        for_ms: How long it lasts.
        settings: Numbers of its kind; ``size`` or ``sigmas`` among them where it is sized.
    """

    kind: str
    device: str
    metric: str
    for_ms: int
    settings: Mapping[str, float] = field(default_factory=dict)


def fault_of(wish: Wish, scenario: Scenario, start_ms: int) -> Fault:
    """Return the fault that begins at the instant.

    Raises:
        ValueError: It breaks a rule; the message says which.
    """
    kind, device = KINDS.get(wish.kind), scenario.devices.get(wish.device)
    if kind is None:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {wish.kind[:40]!r}")
    if device is None:
        raise ValueError(f"device must be one of the scenario's, got {wish.device[:64]!r}")
    _check_metric(wish, kind, device)
    if start_ms >= scenario.end_ms:
        raise ValueError("the scenario is over")
    end_ms = min(scenario.end_ms, start_ms + wish.for_ms)
    settings = _settings(wish, kind)
    return Fault(wish.kind, start_ms, end_ms, frozenset({wish.device}), wish.metric, settings, kind.expect)


def _check_metric(wish: Wish, kind: Kind, device: Device) -> None:
    known = ", ".join(device.profile.metrics)
    if kind.layer is Layer.VALUE and not wish.metric:
        raise ValueError(f"metric is missing, {wish.kind} is about one of {known}")
    if wish.metric and kind.layer is not Layer.VALUE and wish.kind != "dropout":
        raise ValueError(f"metric must be absent, {wish.kind} is about the whole device")
    if wish.metric and wish.metric not in device.profile.metrics:
        raise ValueError(f"metric must be one of {known}, got {wish.metric[:64]!r}")
    if kind.layer is Layer.STRAIN and wish.kind not in device.profile.model.strains:
        strains = ", ".join(device.profile.model.strains)
        raise ValueError(f"kind must be one of {strains} for {device.name}, got {wish.kind!r}")


def _settings(wish: Wish, kind: Kind) -> dict[str, float]:
    sizes = {"size", "sigmas"} if kind.sized else set()
    if unknown := wish.settings.keys() - kind.settings.keys() - sizes:
        raise ValueError(
            f"settings must be of {', '.join(sorted({*kind.settings, *sizes}))}, got {min(unknown)[:40]!r}"
        )
    if kind.sized and len(sizes & wish.settings.keys()) != 1:
        raise ValueError("either size, in the metric's unit, or sigmas, in its sensor's noise, must be given")
    if wish.kind == "clipped" and not wish.settings:
        raise ValueError("settings must say above or below which value it clips")
    given = {name: _setting(name, setting, wish.settings.get(name)) for name, setting in kind.settings.items()}
    return given | {name: wish.settings[name] for name in sizes & wish.settings.keys()}


def _setting(name: str, setting: Setting, value: float | None) -> float:
    if value is None:
        if setting.default is None:
            raise ValueError(f"settings {name} is missing")
        return setting.default
    if setting.reads in {"ratio", "flag"} and not 0.0 <= value <= 1.0:
        raise ValueError(f"settings {name} must be from 0 to 1, got {value:g}")
    if setting.reads == "duration" and value < 1:
        raise ValueError(f"settings {name} must be at least 1 ms, got {value:g}")
    return value


class LiveFleet:
    """Deliveries of a scenario to which faults can be added from any thread while it is played.

    Noise is drawn in the same order whatever happens, so a source that is made anew with one more fault tells
    the same up to the instant at which that begins; without injected faults nothing differs from ``deliveries``.

    Attributes:
        scenario: As it is played now, injected faults included.
    """

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self._seed = seed
        self._now_ms = scenario.start_ms
        self._lock = Lock()
        self._pending: list[Fault] = []
        self._counted: dict[str, Counts] = {}

    def inject(self, wish: Wish) -> Fault:
        """Add a fault that begins with the next step.

        Raises:
            ValueError: It breaks a rule, or there are too many.
        """
        with self._lock:
            fault = fault_of(wish, self.scenario, self._now_ms)
            if len(self.scenario.faults) >= INJECTED_MAX:
                raise ValueError(f"there must be at most {INJECTED_MAX} faults")
            self.scenario = replace(self.scenario, faults=(*self.scenario.faults, fault))
            self._pending.append(fault)
        return fault

    def batches(self, step_ms: int) -> Iterator[Batch]:
        """Yield all deliveries, step by step, until the last has arrived; a fault begins with the next step."""
        sources = sources_of(self.scenario, self._seed)
        while sources:
            corrections = Counts()
            with self._lock:
                pending, self._pending = self._pending, []
                until_ms = self._now_ms + step_ms
                scenario, before_ms, self._now_ms = self.scenario, self._now_ms, until_ms
            if pending:
                sources, corrections = self._renewed(sources, pending, scenario, before_ms)
            found = [delivery for source in sources for delivery in source.take(until_ms)]
            found.sort(key=lambda delivery: (delivery.arrival_ms, delivery.device))
            counts = corrections
            for source in sources:
                counts += self._count(source)
            sources = [source for source in sources if not source.is_done()]
            yield Batch(until_ms, found, counts)

    def _count(self, source: Source) -> Counts:
        counted = source.counted()
        self._counted[source.name] = self._counted.get(source.name, Counts()) + counted
        return counted

    def _renewed(
        self, sources: list[Source], pending: list[Fault], scenario: Scenario, now_ms: int
    ) -> tuple[list[Source], Counts]:
        """Return the sources, those befallen made anew and played up to now, and what that changes in the counts."""
        befallen = {scenario.devices[name].gateway or name for fault in pending for name in fault.devices}
        fresh = {source.name: source for source in sources_of(scenario, self._seed) if source.name in befallen}
        changed = Counts()
        renewed: list[Source] = []
        for source in sources:
            if source.name not in fresh:
                renewed.append(source)
                continue
            again = fresh[source.name]
            again.take(now_ms)
            changed += _less(self._counted.pop(source.name, Counts()))
            changed += self._count(again)
            renewed.append(again)
        return renewed, changed


def _less(counts: Counts) -> Counts:
    return Counts(-counts.generated, -counts.lost, -counts.duplicated, -counts.delivered)
