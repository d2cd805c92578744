"""A small fleet through the whole pipeline in memory, to see that everything is accounted for."""

from dataclasses import replace
from typing import Final

from simulator.scenario import load_scenario
from tocsin.cli.checks import Check, State
from tocsin.cli.files import plan_for, scenario_file
from tocsin.core.clock import MINUTE_MS, elapsed_s
from tocsin.runtime.play import Play

PLAYED_MS: Final = 16 * MINUTE_MS
SCENARIO: Final = "small"


def check_pipeline() -> Check:
    """Play a quarter of an hour; every message must be accounted for, and the fault be found."""
    file = scenario_file(SCENARIO)
    scenario = load_scenario(file)
    scenario = replace(scenario, end_ms=scenario.start_ms + PLAYED_MS)
    begun_s = elapsed_s()
    with Play(scenario, plan_for(file, None), seed=1) as play:
        frame = list(play.frames(MINUTE_MS))[-1]
    counts, delivered = frame.counts, frame.wire.delivered
    refused = sum(sum(reasons.values()) for reasons in counts.reasons.values())
    lost = delivered - counts.messages - counts.duplicates - refused
    fired = counts.transitions.get("firing", 0)
    said = f"{delivered:,} messages in {elapsed_s() - begun_s:.1f} s, {lost} lost, {fired} alerts"
    if lost or not fired or not delivered:
        return Check(State.FAIL, said, "install again, and tell the project where that does not help")
    return Check(State.OK, said)
