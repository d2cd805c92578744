from dataclasses import fields

import pytest

from tests.model.search import search
from tests.model.world import Rules, first_world, moves


def test_no_order_of_events_loses_doubles_or_changes_anything() -> None:
    found = search(Rules())

    assert not found.wrong, found.text()
    assert found.worlds > 1_000


@pytest.mark.parametrize("rule", [rule.name for rule in fields(Rules)])
def test_each_rule_that_is_left_out_has_a_story_that_breaks_the_promise(rule: str) -> None:
    found = search(Rules(**{rule: False}))

    assert found.wrong
    assert found.text().splitlines()[0].startswith("  1. A is given reading 1")
    assert found.text().endswith(f"so {found.wrong}")


def test_shortest_story_of_a_machine_without_a_fence_is_a_lost_answer() -> None:
    found = search(Rules(fences=False))

    assert found.text() == (
        "  1. A is given reading 1\n"
        "  2. A loads version 0\n"
        "  3. A commits version 1\n"
        "  4. A publishes message 1, the answer is lost, and A fails\n"
        "  5. A is given reading 1\n"
        "  6. A commits version 2\n"
        "     so reading 1 is counted 2 times"
    )


def test_undisturbed_run_reaches_the_end() -> None:
    world, steps = first_world(3), 0
    while world.checkpoint < 3:
        world = next(
            after
            for sentence, after in moves(world, Rules())
            if not any(word in sentence for word in ("gives up", "dies", "lost", "B "))
        )
        steps += 1

    assert world.store.counted == (1, 1, 1)
    assert steps > 3
