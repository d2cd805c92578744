"""The simulation that feeds a pipeline, as the query API shows it and adds faults to it."""

from dataclasses import replace
from threading import Lock
from typing import Final

from simulator.injection import LiveFleet, Wish
from simulator.kinds import KINDS, Kind, Layer
from simulator.scenario_model import Fault, Scenario
from simulator.truth import truth_of
from tocsin.api.asked import NewFault
from tocsin.api.running_answers import Fault as FaultAnswer
from tocsin.api.running_answers import FaultKind, FaultSetting, SimulatedDevice, Simulator
from tocsin.core.clock import NowMs
from tocsin.core.messages import Transition
from tocsin.core.ports import AlertTable
from tocsin.runtime.score import score

MOVES_MAX: Final = 5_000
"""Newest moves that are looked through for what found a fault."""


class Simulating:
    """Shows the simulation and injects faults; called from any thread.

    Attributes:
        tenant: Owner of what is simulated.
    """

    def __init__(self, fleet: LiveFleet, alerts: AlertTable, now_ms: NowMs, *, seed: int, speed: float | None) -> None:
        """Prepare to show.

        Args:
            fleet: What is played.
            alerts: Where what found a fault is looked up.
            now_ms: Clock of the simulation.
            seed: Which run of the scenario.
            speed: Simulated seconds per second; None for as fast as possible.
        """
        self.tenant = fleet.scenario.tenant
        self._fleet = fleet
        self._alerts = alerts
        self._now_ms = now_ms
        self._seed = seed
        self._speed = speed
        self._planned: Final = len(fleet.scenario.faults)
        self._injected: dict[str, Fault] = {}
        self._lock = Lock()

    def figures(self) -> Simulator:
        """Return how the simulation stands."""
        scenario, now_ms = self._fleet.scenario, self._now_ms()
        named = {f"f{place}": fault for place, fault in enumerate(scenario.faults[: self._planned], start=1)}
        with self._lock:
            named |= self._injected
        fired = self._fired()
        return Simulator(
            scenario=scenario.name,
            seed=self._seed,
            speed=self._speed,
            start_ms=scenario.start_ms,
            end_ms=scenario.end_ms,
            now_ms=now_ms,
            is_over=now_ms >= scenario.end_ms,
            kinds=tuple(_kind(name, kind, scenario) for name, kind in KINDS.items()),
            devices=tuple(
                SimulatedDevice(device.name, device.profile.type, tuple(device.profile.metrics))
                for device in scenario.devices.values()
            ),
            faults=tuple(self._answer(name, fault, fired) for name, fault in named.items()),
        )

    def inject(self, fault: NewFault, fault_id: str) -> FaultAnswer:
        """Add a fault that begins with the next step; the same id again changes nothing.

        Raises:
            ValueError: It breaks a rule.
        """
        sizes = {"size": fault.size, "sigmas": fault.sigmas}
        settings = fault.settings | {name: value for name, value in sizes.items() if value is not None}
        wish = Wish(fault.kind, fault.device, fault.metric, fault.for_ms, settings)
        with self._lock:
            if fault_id not in self._injected:
                self._injected[fault_id] = self._fleet.inject(wish)
            made = self._injected[fault_id]
        return self._answer(fault_id, made, [])

    def _fired(self) -> list[Transition]:
        moves = self._alerts.query(self.tenant, limit=MOVES_MAX)
        return [move for move in moves if move.fires and not move.shadow_of]

    def _answer(self, name: str, fault: Fault, fired: list[Transition]) -> FaultAnswer:
        truth = truth_of(replace(self._fleet.scenario, faults=(fault,)))
        about = [one.alert for one in score(fired, truth).faults if one.alert]
        first = min(about, key=lambda alert: alert.at_ms, default=None)
        return FaultAnswer(
            id=name,
            kind=fault.kind,
            devices=tuple(sorted(fault.devices)),
            metric=fault.metric,
            start_ms=fault.start_ms,
            end_ms=fault.end_ms,
            injected=name in self._injected,
            expect=fault.expect,
            alert=f"{first.fingerprint}-{first.episode}" if first else None,
            found_ms=first.at_ms if first else None,
        )


def _kind(name: str, kind: Kind, scenario: Scenario) -> FaultKind:
    hurt = {device.profile.type for device in scenario.devices.values() if name in device.profile.model.strains}
    return FaultKind(
        kind=name,
        acts_on=kind.layer.value,
        needs_metric=kind.layer is Layer.VALUE,
        sized=kind.sized,
        device_types=tuple(sorted(hurt)),
        settings=tuple(FaultSetting(key, one.reads, one.default) for key, one in kind.settings.items()),
    )
