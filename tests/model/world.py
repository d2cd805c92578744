"""A small model of the machine: one key group, one shard, two processes, and a caller that may give up.

It is written from the design and shares nothing with the code: a few records (readings, then a tick), a
store with a version, a fence, an outbox, and a next stage that skips copies. What the caller gave up on goes
on as a zombie; any process may die, and any answer may be lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

RECORDS_MAX: Final = 4
NOBODY: Final = -1

Message = tuple[int, tuple[int, ...]]
"""Number, and the places of the records that it tells of."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the machine keeps to; each False is a planted bug.

    Attributes:
        checks_version: A commit holds only if nobody committed since the load.
        fences: What was folded is skipped.
        commits_first: Nothing is published that is not committed.
        keeps_outbox: What was emitted is stored until it is known to be published.
        reloads_on_conflict: A commit that did not hold is no success.
        oldest_first: The outbox goes out in its order.
    """

    checks_version: bool = True
    fences: bool = True
    commits_first: bool = True
    keeps_outbox: bool = True
    reloads_on_conflict: bool = True
    oldest_first: bool = True


class State(NamedTuple):
    """A group's state, as stored or as a process holds it."""

    version: int
    fence: int
    counted: tuple[int, ...]
    number: int
    outbox: tuple[Message, ...]


class Process(NamedTuple):
    """One process: what it is at, the batch ``[first, end)``, what it holds."""

    at: str
    first: int
    end: int
    held: State | None


class World(NamedTuple):
    """All there is. ``told`` is what the next stage took, in order; ``wrong`` is what it could not take."""

    store: State
    processes: tuple[Process, ...]
    caller: int
    checkpoint: int
    told: tuple[Message, ...]
    wrong: str


IDLE: Final = Process("idle", 0, 0, None)
NAMES: Final = "AB"

Move = tuple[str, World]
"""What happens, as a sentence, and the world after it."""


def first_world(records: int) -> World:
    """Return the world in which nothing has happened yet to so many records, the last of them a tick."""
    assert 2 <= records <= RECORDS_MAX, records
    return World(State(0, 0, (0,) * records, 0, ()), (IDLE, IDLE), NOBODY, 0, (), "")


def moves(world: World, rules: Rules) -> Iterator[Move]:
    """Yield all that can happen next."""
    if world.caller == NOBODY and world.checkpoint < _records(world):
        yield from _deliveries(world)
    if world.caller != NOBODY:
        name = NAMES[world.caller]
        yield f"the caller gives up on {name}, which goes on as a zombie", world._replace(caller=NOBODY)
    for place, process in enumerate(world.processes):
        if process.at != "idle":
            yield f"{NAMES[place]} dies", _answered(world, place, IDLE)
        if process.at == "load":
            yield _load(world, place)
        elif process.at == "commit":
            yield from _commit(world, place, rules)
        elif process.at == "publish":
            yield from _publish(world, place, rules)


def wrong_with(world: World) -> str:
    """Return in which way the promise is broken, or an empty text."""
    if world.wrong:
        return world.wrong
    for place, count in enumerate(world.store.counted):
        if count > 1:
            return f"{_name(world, place)} is counted {count} times"
    stored = sum(world.store.counted)
    if len({record for _, told in world.told for record in told}) > stored:
        return "the next stage was told of a record that is counted nowhere"
    is_over = world.checkpoint == _records(world) and all(process.at == "idle" for process in world.processes)
    if is_over and stored < _records(world):
        return f"all is done, and {_name(world, world.store.counted.index(0))} is not counted"
    if is_over and sum(len(told) for _, told in world.told) < _records(world):
        return "all is done, and the next stage was not told of everything"
    return ""


def _deliveries(world: World) -> Iterator[Move]:
    """Yield the deliveries of what follows the checkpoint, in batches of any size, to any process that is free."""
    for place, process in enumerate(world.processes):
        if process.at != "idle":
            continue
        for end in range(world.checkpoint + 1, _records(world) + 1):
            batch = ", ".join(_name(world, record) for record in range(world.checkpoint, end))
            taken = process._replace(at="load" if process.held is None else "commit", first=world.checkpoint, end=end)
            yield f"{NAMES[place]} is given {batch}", _with(world, place, taken)._replace(caller=place)


def _load(world: World, place: int) -> Move:
    process = world.processes[place]._replace(at="commit", held=world.store)
    return f"{NAMES[place]} loads version {world.store.version}", _with(world, place, process)


def _folded(process: Process, rules: Rules) -> State:
    """Return the state after the batch; the very same where all of it is known."""
    held = process.held
    assert held is not None, process
    news = tuple(place for place in range(process.first, process.end) if place >= held.fence or not rules.fences)
    if not news:
        return held
    counted = tuple(count + (place in news) for place, count in enumerate(held.counted))
    fence, number = max(held.fence, process.end), held.number + 1
    return State(held.version, fence, counted, number, (*held.outbox, (number, news)))


def _commit(world: World, place: int, rules: Rules) -> Iterator[Move]:
    """Yield how a commit may end, or the announcement that a planted bug makes before it."""
    process, name = world.processes[place], NAMES[place]
    after = _folded(process, rules)
    if after is process.held:
        yield f"{name} knows all of it and goes on to publish", _with(world, place, process._replace(at="publish"))
        return
    if not rules.commits_first and after.outbox[-1] not in world.told:
        told = _told(world, after.outbox[-1])
        yield f"{name} publishes message {after.number} and has yet to commit", told
    if after.version != world.store.version and rules.checks_version:
        if rules.reloads_on_conflict:
            yield f"{name}'s commit does not hold: it loads again", _with(world, place, process._replace(at="load"))
        else:
            taken = process._replace(at="publish", held=after)
            yield f"{name}'s commit does not hold, and it takes that for success", _with(world, place, taken)
        return
    stored = after._replace(version=world.store.version + 1)
    if not rules.keeps_outbox:
        stored = stored._replace(outbox=())
    done = process._replace(at="publish", held=stored._replace(outbox=after.outbox))
    committed = world._replace(store=stored)
    yield f"{name} commits version {stored.version}", _with(committed, place, done)
    lost = f"{name} commits version {stored.version}, the answer is lost, and {name} fails"
    yield lost, _answered(committed, place, IDLE)


def _publish(world: World, place: int, rules: Rules) -> Iterator[Move]:
    """Yield the publishing of one message, or the end of the invocation where none is left."""
    process, name = world.processes[place], NAMES[place]
    held = process.held
    assert held is not None, process
    if not held.outbox:
        idle = process._replace(at="idle", first=0, end=0)
        if world.caller == place:
            done = _answered(world, place, idle)._replace(checkpoint=process.end)
            yield f"{name} is done, and the caller goes on after {_name(world, process.end - 1)}", done
        else:
            yield f"{name} is done, and nobody listens", _with(world, place, idle)
        return
    turn = 0 if rules.oldest_first else -1
    message = held.outbox[turn]
    left = held.outbox[1:] if rules.oldest_first else held.outbox[:-1]
    published = _told(world, message)
    after = process._replace(held=held._replace(outbox=left))
    yield f"{name} publishes message {message[0]}", _with(published, place, after)
    kept = process._replace(at="idle", first=0, end=0)
    lost = f"{name} publishes message {message[0]}, the answer is lost, and {name} fails"
    yield lost, _answered(published, place, kept)


def _told(world: World, message: Message) -> World:
    """Return the world after the next stage saw the message: it takes the next number and skips copies."""
    number, _ = message
    if number == len(world.told) + 1:
        return world._replace(told=(*world.told, message))
    if number > len(world.told):
        return world._replace(wrong=f"message {number} came where number {len(world.told) + 1} was due")
    if world.told[number - 1] != message:
        return world._replace(wrong=f"message {number} came twice and differs")
    return world


def _answered(world: World, place: int, process: Process) -> World:
    """Return the world after the process left its work; the caller hears of it unless it gave up."""
    after = _with(world, place, process)
    return after._replace(caller=NOBODY) if world.caller == place else after


def _with(world: World, place: int, process: Process) -> World:
    processes = (*world.processes[:place], process, *world.processes[place + 1 :])
    return world._replace(processes=processes)


def _records(world: World) -> int:
    return len(world.store.counted)


def _name(world: World, record: int) -> str:
    return f"{'tick' if record == _records(world) - 1 else 'reading'} {record + 1}"
