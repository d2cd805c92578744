"""Hosts the functions of a template: puts what is given to their sources, and calls them as Lambda would."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from tocsin.core.clock import DAY_MS, NowMs, VirtualClock
from tocsin.core.errors import ConfigError
from tocsin.core.ports import LogRecord
from tocsin.runtime.asynchronous import Asynchronous, AsyncSettings
from tocsin.runtime.cloudformation.resolve import Stack
from tocsin.runtime.mapping import Context, Handler, MappingSettings
from tocsin.runtime.queues import QueueMapping
from tocsin.runtime.sam.destinations import dead_letters, of_invocation
from tocsin.runtime.sam.function import Function, Invocation
from tocsin.runtime.sam.functions import handlers_of
from tocsin.runtime.sam.http import Answer, Call, Route, answer_of, chosen, http_event
from tocsin.runtime.sam.model import FunctionSpec, SourceKind, Topology
from tocsin.runtime.sam.reader import read_topology
from tocsin.runtime.sam.resources import Resources, make_resources
from tocsin.runtime.sam.subscriptions import connect, subscribe
from tocsin.runtime.sam.wiring import Timer, make_mapping, make_timer
from tocsin.runtime.stream import StreamMapping

IDLE_MS_MAX: Final = DAY_MS
"""How far ``settle`` lets time pass for what waits."""
SCHEDULES: Final = ("Schedule", "ScheduleV2")
SUBSCRIPTIONS: Final = ("SNS", "S3")


@dataclass(slots=True)
class MemoryCheckpoints:
    """Checkpoints that last as long as the process."""

    saved: dict[str, dict[str, str]] = field(default_factory=dict)

    def load(self, mapping: str) -> dict[str, str]:
        """Return shard to the last sequence number done with."""
        return dict(self.saved.get(mapping, {}))

    def save(self, mapping: str, shard: str, sequence: str) -> None:
        """Remember the number."""
        self.saved.setdefault(mapping, {})[shard] = sequence


class Host:
    """A stack of functions on one machine, in memory; single-threaded and deterministic on a virtual clock.

    Attributes:
        resources: Streams, queues, tables, topics and buckets.
        functions: Logical id to function.
        invocations: Every call of every function, oldest first.
        mappings: Id to event source mapping.
        asynchronous: Logical id to the asynchronous invocations of the function.
    """

    def __init__(
        self, stack: Stack, topology: Topology, now_ms: NowMs, handlers: Mapping[str, Handler] | None = None
    ) -> None:
        """Build everything; handlers are imported when they are first called.

        Args:
            stack: What the template becomes.
            topology: Its functions and what calls them.
            now_ms: The clock.
            handlers: Logical id to handler, for functions whose code is not that of the template.

        Raises:
            ConfigError: Something declared does not go together.
        """
        self.invocations: list[Invocation] = []
        self.resources: Resources = make_resources(stack, now_ms)
        self._now_ms = now_ms
        self._requests = 0
        calls = handlers_of(topology.functions, handlers or {})
        self.functions = {
            name: Function(name, call, now_ms, self.invocations, reserved=topology.functions[name].reserved)
            for name, call in calls.items()
        }
        self.asynchronous = {name: self._asynchronous(spec) for name, spec in topology.functions.items()}
        checkpoints = MemoryCheckpoints()
        self.mappings: dict[str, StreamMapping | QueueMapping] = {}
        for spec in topology.mappings:
            function, declared = self._function(spec.function), topology.functions[spec.function]
            self.mappings[spec.id] = make_mapping(
                spec, function, declared, self.resources, checkpoints=checkpoints, now_ms=now_ms
            )
        sources = [spec.source for spec in topology.mappings if spec.kind is SourceKind.SQS]
        self._queues = [self.resources.queue(source) for source in sources]
        self._timers: list[Timer] = []
        self._routes: list[tuple[Route, str]] = []
        self._wire(topology)
        connect(stack, self.resources, self.asynchronous, now_ms)

    @classmethod
    def of_template(
        cls,
        path: Path,
        now_ms: NowMs,
        *,
        handlers: Mapping[str, Handler] | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> Self:
        """Return a host of the template in the file; arguments as of ``read_topology`` and the class."""
        stack, topology = read_topology(path, parameters)
        return cls(stack, topology, now_ms, handlers)

    def give(self, target: str, data: object, *, key: str = "", attributes: Mapping[str, str] | None = None) -> None:
        """Put data where the target is: a stream, queue, table, topic, bucket or function.

        Args:
            target: Logical id, name or ARN.
            data: Bytes or text as they are, anything else as JSON; of a table the item as plain values.
            key: Partition key of a stream, message group of a FIFO queue, key of an object, subject of a message.
            attributes: Of a message.

        Raises:
            ConfigError: The template has no such resource.
        """
        name = self.resources.names.id_of(target)
        if name in self.resources.tables:
            self._give_item(name, data)
        elif name in self.resources.streams:
            self.resources.streams[name].put([LogRecord(key or name, as_bytes(data))])
        elif name in self.resources.queues:
            self.resources.queues[name].send_one(as_bytes(data).decode(), attributes, group=key)
        elif name in self.resources.topics:
            self.resources.topics[name].publish(as_bytes(data).decode(), subject=key or None, attributes=attributes)
        elif name in self.resources.buckets:
            self.resources.buckets[name].put(key, as_bytes(data))
        elif name in self.functions and isinstance(data, dict):
            self.asynchronous[name].send(data)
        else:
            raise ConfigError(f"{target} is nothing that takes data in this template, there are {self._targets()}")

    def request(self, call: Call) -> Answer:
        """Return what the HTTP API answers; a function that fails is an internal error, as there."""
        found = chosen([route for route, _ in self._routes], call)
        if found is None:
            return Answer(404, {"content-type": "application/json"}, b'{"message":"Not Found"}')
        place, names = found
        route, function = self._routes[place]
        self._requests += 1
        request = f"request-{self._requests}"
        event = http_event(call, route, names, request, self._now_ms())
        try:
            return answer_of(self.functions[function](event, Context(function, request)))
        except Exception:  # whatever the code of a user raises
            return Answer(500, {"content-type": "application/json"}, b'{"message":"Internal Server Error"}')

    def poll(self) -> int:
        """Do what is due now; return how many calls that took."""
        now_ms = self._now_ms()
        moved = sum(timer.poll(now_ms) for timer in self._timers)
        moved += sum(mapping.poll() for mapping in self.mappings.values())
        return moved + sum(one.poll() for one in self.asynchronous.values())

    def run_due(self) -> int:
        """Do all that is due at this instant, and what follows from it; return how many calls that took."""
        moved = 0
        while now := self.poll():
            moved += now
        return moved

    def due_ms(self, *, schedules: bool = True) -> int | None:
        """Return the next instant at which something is to be done, or None.

        Args:
            schedules: Whether schedules count.
        """
        waits = [mapping.due_ms() for mapping in self.mappings.values()]
        waits += [one.due_ms() for one in self.asynchronous.values()]
        waits += [queue.due_ms() for queue in self._queues]
        waits += [timer.next_ms for timer in self._timers] if schedules else []
        return min((wait for wait in waits if wait is not None), default=None)

    def advance(self, clock: VirtualClock, until_ms: int) -> None:
        """Let virtual time pass, stopping wherever something is to be done.

        Args:
            clock: The clock that the host was built with.
            until_ms: Where it stands afterwards.
        """
        self.run_due()
        while (due_ms := self.due_ms()) is not None and due_ms <= until_ms:
            if due_ms <= clock.now_ms():
                due_ms = clock.now_ms() + 1
            clock.advance_to(min(due_ms, until_ms))
            self.run_due()
            if clock.now_ms() >= until_ms:
                break
        clock.advance_to(until_ms)
        self.run_due()

    def settle(self, clock: VirtualClock, at_most_ms: int = IDLE_MS_MAX) -> bool:
        """Let virtual time pass until nothing waits but schedules; return whether it came to that in time."""
        until_ms = clock.now_ms() + at_most_ms
        self.run_due()
        while (due_ms := self.due_ms(schedules=False)) is not None:
            if due_ms > until_ms:
                return False
            self.advance(clock, max(due_ms, clock.now_ms() + 1))
        return True

    def close(self) -> None:
        """Let go of what is held in memory."""
        self.resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _give_item(self, name: str, data: object) -> None:
        if not isinstance(data, dict):
            raise ConfigError(f"{name} takes items, which are objects, got {str(data)[:80]!r}")
        self.resources.tables[name].put(data)

    def _function(self, name: str) -> Function:
        if name not in self.functions:
            raise ConfigError(f"a mapping calls {name}, which is no function of the template")
        return self.functions[name]

    def _asynchronous(self, spec: FunctionSpec) -> Asynchronous:
        declared, function = spec.asynchronous, self.functions[spec.id]

        def send(name: str, event: dict[str, Any]) -> str:
            return self.asynchronous[name].send(event)

        settings = AsyncSettings(
            declared.retries_max,
            declared.age_ms_max,
            of_invocation(declared.on_success, self.resources, send),
            of_invocation(declared.on_failure, self.resources, send),
            dead_letters(declared.dead_letters, self.resources),
        )
        calling = replace(
            MappingSettings(partial_responses=False),
            takes_ms=function.duration_ms,
            timeout_ms=spec.timeout_ms,
            free_ms=function.free_ms,
        )
        return Asynchronous(spec.id, function, settings, self._now_ms, calling)

    def _wire(self, topology: Topology) -> None:
        for spec in topology.triggers:
            if spec.kind in SCHEDULES:
                self._timers.append(make_timer(spec, self.asynchronous[spec.function], self._now_ms()))
            elif spec.kind in SUBSCRIPTIONS:
                subscribe(spec, self.asynchronous[spec.function], self.resources, self._now_ms)
            else:
                route = Route(
                    str(spec.properties.get("Method", "ANY")).upper(), spec.properties.get("Path", "$default")
                )
                self._routes.append((route, spec.function))

    def _targets(self) -> str:
        made = self.resources
        names = {*made.streams, *made.queues, *made.topics, *made.buckets, *made.tables, *self.functions}
        return ", ".join(sorted(names))


def as_bytes(data: object) -> bytes:
    """Return bytes and text as they are, anything else as JSON."""
    if isinstance(data, bytes):
        return data
    return data.encode() if isinstance(data, str) else msgspec.json.encode(data)
