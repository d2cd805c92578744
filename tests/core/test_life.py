"""The life of an alert: the table by itself, searched through, and the diagram drawn from it."""

from itertools import pairwise
from pathlib import Path

from tocsin.core.life import EVENT_MEANINGS, FIRING_CONDITIONS, LIFE, Condition, Event, after, between, render_mermaid
from tocsin.core.messages import Phase

DOCS = Path(__file__).parents[2] / "docs" / "alerts.md"
OVER = {Condition.INACTIVE, Condition.RESOLVED, Condition.EXPIRED}
DEPTH = 5


def histories(depth: int = DEPTH) -> list[list[tuple[Event, Condition]]]:
    """Return every history of events that move an alert, each event with where it led."""
    found: list[list[tuple[Event, Condition]]] = [[]]
    for _ in range(depth):
        found += [
            [*path, (event, LIFE[path[-1][1] if path else Condition.INACTIVE, event])]
            for path in found
            for event in Event
            if (path[-1][1] if path else Condition.INACTIVE, event) in LIFE
        ]
        found = [list(path) for path in {tuple(path) for path in found}]
    return found


def test_every_condition_is_reached_and_every_firing_one_can_end() -> None:
    reached = {condition for path in histories(3) for _, condition in path}

    assert reached == set(Condition)
    for condition in FIRING_CONDITIONS:
        assert {LIFE[condition, event] for event in Event if (condition, event) in LIFE} & OVER


def test_in_no_history_does_what_people_did_outlive_the_episode() -> None:
    for path in histories():
        for (_, before), (event, found) in pairwise(path):
            if found in {Condition.ACKNOWLEDGED, Condition.CLOSED} and before is not found:
                assert before in FIRING_CONDITIONS
                assert event in {Event.ACKNOWLEDGED, Event.CLOSED}


def test_in_no_history_does_an_acknowledgement_cover_what_got_worse_since() -> None:
    for path in histories():
        for event, found in path:
            assert (event, found) != (Event.ROSE, Condition.ACKNOWLEDGED)


def test_pair_that_is_not_in_the_table_changes_nothing() -> None:
    assert after(Condition.FLAPPING, Event.HELD) is Condition.FLAPPING
    assert after(Condition.RESOLVED, Event.ACKNOWLEDGED) is Condition.RESOLVED


def test_phases_are_conditions_and_what_is_measured_is_part_of_the_table() -> None:
    assert set(Phase) <= set(Condition)
    assert between(Phase, Event).items() <= LIFE.items()


def test_documented_diagram_and_events_are_the_table() -> None:
    text = DOCS.read_text(encoding="utf-8")

    assert f"```mermaid\n{render_mermaid()}\n```" in text
    for event, meaning in EVENT_MEANINGS.items():
        assert f"| {event} | {meaning} |" in text
