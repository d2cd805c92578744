"""Every kind of device fault against the default plan: what is found, how soon, and how much is told falsely.

Run: ``python -m benchmarks.device_faults``. Two devices a kind, each faulty once on its second day; ``--kinds`` names
some, ``--devices`` says how many, ``--quiet-days`` plays the fleet without any fault instead, for so many days;
``--for-minutes`` is how long adaptive alerts must last, and ``--list`` shows the false ones. A plain fault of a sensor
is given in deviations of its noise; those of machines are as severe as the simulator makes them.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from benchmarks.table import print_table
from simulator.fleet import deliveries
from simulator.scenario import load_scenario
from simulator.targets import RecordingTarget
from simulator.truth import truth_of
from tocsin.core.clock import DAY_MS, MINUTE_MS
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.plan.model import AdaptiveRule, Plan
from tocsin.core.plan.source import default_plan
from tocsin.runtime.replay import replay
from tocsin.runtime.score import Score, score
from tocsin.runtime.score_kinds import by_fault

START: Final = "2026-11-24T00:00:00Z"
DEVICES: Final = 2
DAY_HOURS: Final = 24
FIRST_HOUR: Final = 26
STAGGER_HOURS: Final = 3
NOON_HOUR: Final = 10
WINDOW_MS: Final = MINUTE_MS
SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of fault as it is played.

    Attributes:
        name: Of the case: the kind, with the device type where several are hurt by it.
        kind: Of fault.
        type: Of device.
        minutes: How long it lasts.
        more: Further keys of its entry in the timeline, as YAML.
        by_day: Whether it shows in daylight only.
    """

    name: str
    kind: str
    type: str
    minutes: int
    more: str = ""
    by_day: bool = False


CASES: Final = (
    Case("stuck", "stuck", "pump", 120, "metric: pressure_bar"),
    Case("drift", "drift", "tank_sensor", 240, "metric: battery_volt, sigmas: 10"),
    Case("bias", "bias", "tank_sensor", 60, "metric: battery_volt, sigmas: 10"),
    Case("spike", "spike", "tank_sensor", 30, "metric: battery_volt, sigmas: 20"),
    Case("clipped", "clipped", "solar_inverter", 90, "metric: ac_watt, above: 1000", by_day=True),
    Case("swapped_unit", "swapped_unit", "cold_room", 60, "metric: air_celsius, factor: 1.8, plus: 32"),
    Case("censored", "censored", "tank_sensor", 90, "metric: level_percent, above: 1"),
    Case("dropout", "dropout", "hvac", 60, "metric: co2_ppm"),
    Case("dropout-device", "dropout", "hvac", 60),
    Case("leak-pump", "leak", "pump", 120),
    Case("leak-cold-room", "leak", "cold_room", 240),
    Case("leak-hvac", "leak", "hvac", 240),
    Case("leak-tank", "leak", "tank_sensor", 240),
    Case("dying_battery", "dying_battery", "tank_sensor", 480),
    Case("cavitation", "cavitation", "pump", 60),
    Case("wear-pump", "wear", "pump", 240),
    Case("wear-motor", "wear", "motor", 240),
    Case("overload", "overload", "motor", 60),
    Case("door_open", "door_open", "cold_room", 45),
    Case("clogged_filter", "clogged_filter", "hvac", 240),
    Case("shading", "shading", "solar_inverter", 60, by_day=True),
    Case("stuck_valve", "stuck_valve", "tank_sensor", 120),
    Case("forged_times", "forged_times", "pump", 60, "spread: 20m"),
    # Nobody wants to hear of these; an alert during one is not false, one after it is.
    Case("reboot", "reboot", "motor", 2),
    Case("clock_skew", "clock_skew", "pump", 30, "offset: -90s"),
    Case("clock_jump", "clock_jump", "pump", 30, "offset: -90s"),
    Case("flaky", "flaky", "hvac", 30),
)


def scenario_text(cases: Sequence[Case], devices: int, days: int, *, faulty: bool) -> str:
    """Return the scenario in YAML: a site a case, a fault a device, one after the other on the second day."""
    lines = ["name: device-faults", f"start: {START}", f"duration: {days}d"]
    lines += ["network: {latency: 80ms, loss: 0.001, duplicates: 0.002, disorder: 0.01}", "sites:"]
    for case in cases:
        lines += [f"  - name: {case.name}", "    latitude: 44", "    longitude: 8"]
        lines += [f"    fleets: [{{type: {case.type}, count: {devices}}}]"]
    if faulty:
        lines += ["timeline:", *_timeline(cases, devices)]
    return "\n".join(lines) + "\n"


def _timeline(cases: Sequence[Case], devices: int) -> Iterator[str]:
    for case in cases:
        for number in range(devices):
            minute = 60 * (FIRST_HOUR + STAGGER_HOURS * number % (DAY_HOURS - 8))
            if case.by_day:
                minute = 60 * (DAY_HOURS + NOON_HOUR) + 30 * (number % 4)
            name = f"{case.name}-{case.type.replace('_', '-')}-{number + 1:02d}"
            more = f", {case.more}" if case.more else ""
            yield f"  - {{at: {minute}m, for: {case.minutes}m, device: {name}, kind: {case.kind}{more}}}"


def plan_of(minutes: int) -> Plan:
    """Return the default plan, in which adaptive alerts must last for so many minutes."""
    plan = default_plan()
    rules = (
        replace(rule, for_ms=minutes * MINUTE_MS) if isinstance(rule, AdaptiveRule) else rule for rule in plan.rules
    )
    return replace(plan, rules=tuple(rules))


def played(text: str, plan: Plan) -> tuple[Score, float]:
    """Play the scenario under the plan; return its score, and how many device-days it had."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_text(text, "utf-8")
        scenario = load_scenario(path)
    kept: list[Recorded] = []
    target = RecordingTarget(kept)
    for batch in deliveries(scenario, SEED):
        target.put(batch.deliveries)
    came = replay(Header(clock="virtual"), kept, plan)
    device_days = len(scenario.devices) * (scenario.end_ms - scenario.start_ms) / DAY_MS
    return score(came.transitions, truth_of(scenario)), device_days


def case_rows(found: Score, cases: Sequence[Case]) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each case in which an alert is wanted."""
    for case in cases:
        mine = tuple(fault for fault in found.faults if fault.truth.device.startswith(f"{case.name}-{case.type[:4]}"))
        if mine:
            row = by_fault(Score(mine, 0, ()))[-1]
            delay = "-" if row.delay_ms_median is None else f"{row.delay_ms_median / WINDOW_MS:.1f}"
            told = ", ".join(sorted({fault.alert.kind for fault in mine if fault.alert}))
            yield case.name, str(row.faults), str(row.found), f"{row.recall:.2f}", delay, told


def main(arguments: Sequence[str] = ()) -> None:
    """Print a line a kind, and what is true of all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.device_faults", description=__doc__)
    parser.add_argument("--kinds", nargs="*", help="names of cases; else all")
    parser.add_argument("--devices", type=int, default=DEVICES, help="a case")
    parser.add_argument("--for-minutes", type=int, default=0, help="of adaptive alerts")
    parser.add_argument("--list", action="store_true", help="show the alerts that are false")
    parser.add_argument("--quiet-days", type=int, default=0, help="play so many days without any fault instead")
    chosen = parser.parse_args(arguments)
    cases = [case for case in CASES if not chosen.kinds or case.name in chosen.kinds or case.kind in chosen.kinds]
    text = scenario_text(cases, chosen.devices, chosen.quiet_days or 2, faulty=not chosen.quiet_days)
    found, device_days = played(text, plan_of(chosen.for_minutes))
    if not chosen.quiet_days:
        head = ("fault", "wanted", "found", "recall", "median delay, windows", "told by")
        print_table(f"{len(found.faults)} faults, default plan", head, list(case_rows(found, cases)))
    _print_all(found, device_days)
    for alert in found.false if chosen.list else ():
        print(f"  false: {alert.device} {alert.rule}: {alert.summary}")


def _print_all(found: Score, device_days: float) -> None:
    precision = 1 - len(found.false) / found.alerts if found.alerts else 1.0
    delay = found.delay_ms_median
    print(f"\nalerts {found.alerts}, false {len(found.false)}, precision {precision:.2f}")
    if found.faults:
        print(f"recall {found.found / len(found.faults):.2f}")
    print(f"median delay {'-' if delay is None else f'{delay / WINDOW_MS:.1f} windows'}")
    print(f"false alerts a device and day {len(found.false) / device_days:.3f} over {device_days:.0f} device-days")


if __name__ == "__main__":
    main(sys.argv[1:])
