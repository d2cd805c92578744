"""Breadth-first search through all that can happen in the model; the first wrong world has the shortest story."""

from collections import deque
from dataclasses import dataclass

from tests.model.world import Rules, World, first_world, moves, wrong_with

WORLDS_MAX = 400_000


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        worlds: How many different worlds were seen.
        wrong: What is wrong with the last world of the story, or empty.
        story: What happened, a sentence a step; empty where nothing is wrong.
    """

    worlds: int
    wrong: str = ""
    story: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the story with numbered steps."""
        steps = [f"{step:3}. {sentence}" for step, sentence in enumerate(self.story, start=1)]
        return "\n".join([*steps, f"     so {self.wrong}"])


def search(rules: Rules, *, records: int = 2) -> Found:
    """Return the shortest way to a broken promise, or how many worlds keep it.

    Raises:
        OverflowError: There are more than ``WORLDS_MAX`` worlds.
    """
    first = first_world(records)
    came_from: dict[World, tuple[World, str] | None] = {first: None}
    seen = {_whoever(first)}
    waiting = deque([first])
    while waiting:
        world = waiting.popleft()
        for sentence, after in moves(world, rules):
            if (key := _whoever(after)) in seen:
                continue
            seen.add(key)
            came_from[after] = (world, sentence)
            if wrong := wrong_with(after):
                return Found(len(came_from), wrong, _story(came_from, after))
            waiting.append(after)
        if len(came_from) > WORLDS_MAX:
            raise OverflowError(f"the model has more than {WORLDS_MAX} worlds")
    return Found(len(came_from))


def _whoever(world: World) -> tuple[object, ...]:
    """Return the world without the names of the processes: who of the two does a thing makes no difference."""
    first, second = world.processes
    here = ((first, world.caller == 0), (second, world.caller == 1))
    if (first.at, first.first, first.end, first.held or ()) > (second.at, second.first, second.end, second.held or ()):
        here = here[::-1]
    return (world.store, here, world.checkpoint, world.told, world.wrong)


def _story(came_from: dict[World, tuple[World, str] | None], world: World) -> tuple[str, ...]:
    story = []
    while before := came_from[world]:
        world, sentence = before
        story.append(sentence)
    return tuple(reversed(story))
