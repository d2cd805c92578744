"""Faults at port calls: drawn from one source of chance, or read from a script, and always written down.

Every call of a port has a number. A history is replayed by the faults under their numbers alone.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, Protocol

from tocsin.core.errors import UnavailableError

BEFORE: Final = "error before"
AFTER: Final = "error after"
PARTIAL: Final = "partial"
CRASH_BEFORE: Final = "crash before"
CRASH_AFTER: Final = "crash after"
ZOMBIE_BEFORE: Final = "zombie before"
ZOMBIE_AFTER: Final = "zombie after"
OVERLAP_BEFORE: Final = "delay before"
OVERLAP_AFTER: Final = "delay after"
OWN_CONFLICT: Final = "own conflict"

KINDS: Final = (
    *(BEFORE, AFTER, PARTIAL, CRASH_BEFORE, CRASH_AFTER),
    *(ZOMBIE_BEFORE, ZOMBIE_AFTER, OVERLAP_BEFORE, OVERLAP_AFTER, OWN_CONFLICT),
)
MEANWHILE_MAX: Final = 6
"""Actions that happen while a call hangs are fewer, most of the time."""

LONG_ONE_IN: Final = 8
LONG_MEANWHILE: Final = 24
"""One call of so many hangs for so many actions: others have committed several times when it goes on."""

CALLS_MAX: Final = 1_200
"""Calls after which nothing fails any more: each fault makes further calls, in some histories without an end."""

Fault = tuple[str, int]
"""Kind, and a number that says how: which of the items, or how many actions meanwhile."""


class Crash(BaseException):
    """The process is gone, in the middle of whatever it did."""


class Chooser(Protocol):
    """Decides about each call."""

    def choose(self, number: int) -> Fault | None:
        """Return the fault of the call, or None."""
        ...


@dataclass(frozen=True)
class Dice:
    """Draws a fault at one call in ``one_in``."""

    random: Random
    one_in: float

    def choose(self, number: int) -> Fault | None:
        if number > CALLS_MAX or self.random.random() * self.one_in >= 1:
            return None
        return self.random.choice(KINDS), self.random.randrange(1 << 16)


@dataclass(frozen=True)
class Script:
    """Reads faults by the number of the call."""

    faults: Mapping[int, Fault]

    def choose(self, number: int) -> Fault | None:
        return self.faults.get(number)


@dataclass
class Calls:
    """Makes the calls of all ports, with their faults.

    Attributes:
        chooser: Decides.
        meanwhile: Lets that many actions happen; called within a call that hangs.
        give_up: Tells the caller of the running invocation that it takes too long: it delivers again.
        number: Calls made while faults were on.
        is_on: Whether faults happen.
        happened: The faults that happened, by number of the call.
        counts: Faults by kind.
    """

    chooser: Chooser
    meanwhile: Callable[[int], None]
    give_up: Callable[[], None]
    number: int = 0
    is_on: bool = True
    happened: dict[int, Fault] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def make(self, name: str, call: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """Make one call."""
        if not self.is_on:
            return call(*args, **named)
        self.number += 1
        fault = self.chooser.choose(self.number)
        if fault is None:
            return call(*args, **named)
        self.happened[self.number] = fault
        self.counts[fault[0]] += 1
        kind, how = fault
        if kind == PARTIAL:
            return _partially(name, call, args, how)
        if kind == OWN_CONFLICT:
            return _own_conflict(name, lambda: call(*args, **named), how)
        self._hinder(kind, "before", how, name)
        answer = call(*args, **named)
        self._hinder(kind, "after", how, name)
        return answer

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let nothing go wrong meanwhile."""
        before, self.is_on = self.is_on, False
        try:
            yield
        finally:
            self.is_on = before

    def _hinder(self, kind: str, moment: str, how: int, name: str) -> None:
        what, _, when = kind.partition(" ")
        if when != moment:
            return
        if what == "error":
            raise UnavailableError(f"{name} did not answer")
        if what == "crash":
            raise Crash(name)
        if what == "zombie":
            self.give_up()
        self.meanwhile(LONG_MEANWHILE if how % LONG_ONE_IN == 0 else how % MEANWHILE_MAX)


REFUSING: Final = {"readings.put", "panes.put", "topic.publish"}
"""Calls that may take some of the items and name the others."""


def _partially(name: str, call: Callable[..., Any], args: tuple[Any, ...], how: int) -> Any:
    """Do a part of the call: refuse some items by name, or fail after the first few."""
    if not args or not isinstance(args[0], list | tuple) or name == "state.load":
        raise UnavailableError(f"{name} did not answer")
    items = args[0]
    if name in REFUSING:
        refused = [place for place in range(len(items)) if how >> place % 16 & 1]
        call([item for place, item in enumerate(items) if place not in refused], *args[1:])
        return refused
    if name == "state.commit":
        call([item for place, item in enumerate(items) if how >> place % 16 & 1])
    else:
        call(items[: how % (len(items) + 1)], *args[1:])
    raise UnavailableError(f"{name} did a part")


def _own_conflict(name: str, call: Callable[[], Any], how: int) -> Any:
    """Commit, and say of some writes that another was first: a client repeated its own request."""
    answer = call()
    if name != "state.commit":
        raise UnavailableError(f"{name} did not answer")
    return [None if how >> place % 16 & 1 else version for place, version in enumerate(answer)]


class FaultyPort:
    """A port whose calls go wrong."""

    def __init__(self, port: Any, name: str, calls: Calls) -> None:
        self._port = port
        self._name = name
        self._calls = calls

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        if not callable(found):
            return found
        name, calls = f"{self._name}.{method}", self._calls

        def made(*args: Any, **named: Any) -> Any:
            return calls.make(name, found, args, named)

        setattr(self, method, made)
        return made
