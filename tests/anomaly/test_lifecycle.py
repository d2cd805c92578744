"""The life cycle: the table, the durations, and the diagram drawn from the table."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.lifecycle import (
    MEASURED,
    OPEN_PHASES,
    PHASES,
    SIGNAL_MEANINGS,
    TRANSITIONS,
    Lives,
    Signal,
    Verdict,
    advance,
    expire,
    new_lives,
    step_severity,
    withdraw,
)
from tocsin.core.life import render_mermaid
from tocsin.core.messages import Phase

DOCS = Path(__file__).parents[2] / "docs" / "lifecycle.md"
STEPS = {"!": Verdict.BREACH, "-": Verdict.HOLD, ".": Verdict.CLEAR}


def walk(verdicts: str, *, for_ms: int = 0, clear_ms: int = 0) -> str:
    """Return the first letter of the phase after each verdict, one every 10 ms."""
    lives, phases = new_lives(1), ""
    for place, mark in enumerate(verdicts):
        lives = evaluate(lives, STEPS[mark], 10 * place, for_ms=for_ms, clear_ms=clear_ms)
        phases += PHASES[lives.phase[0]].value[0]
    return phases


def evaluate(lives: Lives, verdict: Verdict, at_ms: int, *, for_ms: int = 0, clear_ms: int = 0) -> Lives:
    return advance(lives, np.array([verdict], np.int8), np.array([at_ms]), for_ms=for_ms, clear_ms=np.array([clear_ms]))


@pytest.mark.parametrize(
    ("verdicts", "phases", "for_ms", "clear_ms"),
    [
        pytest.param("..-.", "iiii", 0, 0, id="what never breaches stays inactive"),
        pytest.param(".!!.", "iffr", 0, 0, id="without durations it fires and resolves at once"),
        pytest.param(".!!!!.", "ippffr", 20, 0, id="it is pending until it was breached for long enough"),
        pytest.param("!!..", "ppii", 20, 0, id="a breach that clears early stays quiet"),
        pytest.param("!!.!!!", "ppippf", 20, 0, id="a breach that cleared is timed anew"),
        pytest.param("!-!", "ppf", 20, 0, id="between limit and hysteresis a breach goes on"),
        pytest.param("!--", "ppf", 20, 0, id="between limit and hysteresis a pending alert comes to fire"),
        pytest.param("!-.", "ffr", 0, 0, id="between limit and hysteresis a firing alert does not clear"),
        pytest.param("!...", "fffr", 0, 20, id="it resolves when it was clear for long enough"),
        pytest.param("!..!...", "fffffff", 0, 30, id="a breach while it clears starts the clearing anew"),
        pytest.param("!.--", "fffr", 0, 20, id="between limit and hysteresis a clearing goes on"),
        pytest.param("!.!.!", "frfrf", 0, 0, id="a resolved alert fires again"),
        pytest.param("!!!.!", "ppfrp", 20, 0, id="a resolved alert is pending again"),
        pytest.param("-!", "if", 0, 0, id="between limit and hysteresis an inactive alert stays so"),
    ],
)
def test_verdicts_lead_an_alert_through_its_phases(verdicts: str, phases: str, for_ms: int, clear_ms: int) -> None:
    assert walk(verdicts, for_ms=for_ms, clear_ms=clear_ms) == phases


def test_window_that_ended_before_the_newest_breach_does_not_clear_it() -> None:
    firing = evaluate(new_lives(1), Verdict.BREACH, 100)

    assert PHASES[evaluate(firing, Verdict.CLEAR, 99).phase[0]] is Phase.FIRING
    assert PHASES[evaluate(firing, Verdict.CLEAR, 100).phase[0]] is Phase.RESOLVED


@pytest.mark.parametrize(("for_ms", "left"), [(0, Phase.RESOLVED), (10, Phase.INACTIVE)])
def test_alert_whose_rule_is_withdrawn_closes(for_ms: int, left: Phase) -> None:
    open_alert = evaluate(new_lives(1), Verdict.BREACH, 100, for_ms=for_ms)

    closed = withdraw(open_alert, 250)

    assert PHASES[closed.phase[0]] is left
    assert closed.moved_ms[0] == 250
    assert withdraw(closed, 300).number[0] == closed.number[0]


@pytest.mark.parametrize(("for_ms", "left"), [(0, Phase.EXPIRED), (10, Phase.INACTIVE)])
def test_alert_of_a_device_that_is_gone_expires_and_may_fire_again(for_ms: int, left: Phase) -> None:
    open_alert = evaluate(new_lives(1), Verdict.BREACH, 100, for_ms=for_ms)

    closed = expire(open_alert, 250)
    anew = evaluate(closed, Verdict.BREACH, 300)

    assert PHASES[closed.phase[0]] is left
    assert PHASES[anew.phase[0]] is Phase.FIRING
    assert anew.episode[0] == closed.episode[0] + 1


def stepped(severities: list[int]) -> list[tuple[int, int, int]]:
    """Return severity, highest and number of an alert that fires and is as bad as told, every 10 ms."""
    lives, seen = new_lives(1), []
    for place, severity in enumerate(severities):
        verdict = Verdict.CLEAR if severity < 0 else Verdict.BREACH
        before, lives = lives, evaluate(lives, verdict, 10 * place)
        lives = step_severity(before, lives, np.array([severity], np.int8), np.array([10 * place]))
        seen.append((int(lives.severity[0]), int(lives.severity_max[0]), int(lives.number[0])))
    return seen


def test_severity_steps_up_and_down_while_an_alert_fires_and_each_step_is_numbered() -> None:
    assert stepped([1, 2, 2, 1]) == [(1, 1, 1), (2, 2, 2), (2, 2, 2), (1, 2, 3)]


def test_next_episode_begins_with_its_own_severity() -> None:
    assert stepped([2, -1, 0]) == [(2, 2, 1), (2, 2, 2), (0, 0, 3)]


def test_every_phase_can_be_left_and_no_pair_leads_to_itself() -> None:
    assert {phase for phase, _ in TRANSITIONS} == set(Phase)
    assert all(before is not after for (before, _), after in TRANSITIONS.items())
    assert set(SIGNAL_MEANINGS) == set(Signal)


def test_documented_diagram_is_the_table() -> None:
    text = DOCS.read_text(encoding="utf-8")

    assert f"```mermaid\n{render_mermaid(MEASURED)}\n```" in text
    for signal, meaning in SIGNAL_MEANINGS.items():
        assert f"| `{signal}` | {meaning} |" in text


@settings(max_examples=100, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from(list(Verdict)), st.integers(0, 500)), max_size=40),
    for_ms=st.sampled_from([0, 50, 200]),
    clear_ms=st.sampled_from([0, 50, 200]),
)
def test_moves_are_numbered_without_gaps_and_time_never_runs_back(
    steps: list[tuple[Verdict, int]], for_ms: int, clear_ms: int
) -> None:
    lives = new_lives(1)
    for verdict, at_ms in steps:
        before, lives = lives, evaluate(lives, verdict, at_ms, for_ms=for_ms, clear_ms=clear_ms)
        moved = before.phase[0] != lives.phase[0]

        assert lives.number[0] - before.number[0] == int(moved)
        was_open, is_open = (PHASES[each.phase[0]] in OPEN_PHASES for each in (before, lives))
        assert lives.episode[0] - before.episode[0] == int(is_open and not was_open)
        assert lives.moved_ms[0] >= before.moved_ms[0]
        assert not is_open or lives.since_ms[0] <= lives.moved_ms[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from(list(Verdict))] * 3), max_size=20))
def test_alerts_judged_together_move_as_those_judged_alone(steps: list[tuple[Verdict, ...]]) -> None:
    together, alone = new_lives(3), [new_lives(1)] * 3
    for place, verdicts in enumerate(steps):
        at_ms = np.full(3, 10 * place)
        codes = np.array(verdicts, np.int8)
        together = advance(together, codes, at_ms, for_ms=20, clear_ms=np.full(3, 20))
        alone = [
            evaluate(life, verdict, 10 * place, for_ms=20, clear_ms=20)
            for life, verdict in zip(alone, verdicts, strict=True)
        ]

        assert together.phase.tolist() == [life.phase[0] for life in alone]
        assert together.number.tolist() == [life.number[0] for life in alone]
