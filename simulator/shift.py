"""A scenario at another time."""

from dataclasses import replace

from simulator.scenario_model import Scenario


def shifted(scenario: Scenario, start_ms: int) -> Scenario:
    """Return the scenario beginning at the instant, its faults as long after the beginning as before.

    The sun rises when it rises there and then, so a scenario made for the morning is best begun in one.
    """
    by_ms = start_ms - scenario.start_ms
    return replace(
        scenario,
        start_ms=start_ms,
        end_ms=scenario.end_ms + by_ms,
        faults=tuple(
            replace(fault, start_ms=fault.start_ms + by_ms, end_ms=fault.end_ms + by_ms) for fault in scenario.faults
        ),
    )
