"""A deployment under faults: the real handlers on watched, faulty ports, and the actions of a history."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from alerts.handler import make_handler as make_alerts
from anomaly.handler import make_handler as make_anomaly
from ingest.handler import make_handler as make_ingest
from ingest.put import Backoff, put_all
from ingest.tick import make_handler as make_tick
from processors.handler import make_handler as make_processors
from tests.simulation.faults import Calls, Chooser, Crash, Dice, FaultyPort, Script
from tests.simulation.logs import LogListener
from tests.simulation.mapping import Handler, Instances, Lane, Mapping
from tests.simulation.memory import Memory, MemoryLog
from tests.simulation.people import action_of
from tests.simulation.pipeline import FaultyHost, PipelineMapping, PipelineProcess, PolledQueue, ReadLog
from tests.simulation.requests import ACCEPTED, is_of_queue, is_valid, request_of
from tests.simulation.runtime_mapping import MemoryCheckpoints, RuntimeMapping
from tests.simulation.script import FROZEN, JOINED, PIPELINE, REQUESTS, RUNTIME, START_MS, TENANTS, History
from tests.simulation.script import Action as Scripted
from tests.simulation.setting import GATEWAY_QUEUE, plan_of, wire
from tests.simulation.watch import Watch, WatchedBlobs, WatchedDecisions, WatchedPort, WatchedState
from tocsin.core.actions import Action
from tocsin.core.errors import TransientError
from tocsin.core.plan.book import PlanBook, plan_blob, publish_plan
from tocsin.core.ports import Backend, LogRecord
from tocsin.runtime.events import feed_event, kinesis_event_of, schedule_event_of
from tocsin.runtime.joined import JoinedHandler
from tocsin.runtime.stages import Stages, make_stages

ALL_QUEUE: Final = "q-all"
TRIES_MAX: Final = 12
PRESSING_BATCH: Final = 25
HANGING_MAX: Final = 3
"""Most calls that hang at a time."""

MAKERS: Final[dict[str, Callable[[Backend, PlanBook], Handler]]] = {
    "processors": make_processors,
    "anomaly": make_anomaly,
    "alerts": make_alerts,
}
PORTS: Final = ("readings", "panes", "state", "windows", "alerts", "decisions", "directory", "topic", "blobs")


@dataclass
class Clock:
    """A clock that histories move, also back.

    Attributes:
        at_ms: What it shows.
        newest_ms: The most that it ever showed.
        is_frozen: Whether it stands still.
    """

    at_ms: int = START_MS
    newest_ms: int = START_MS
    is_frozen: bool = False

    def now_ms(self) -> int:
        return self.at_ms

    def move(self, ms: int) -> None:
        """Let time pass, or jump."""
        self.at_ms += ms
        self.newest_ms = max(self.newest_ms, self.at_ms)


class World:
    """One history while it is played.

    Attributes:
        history: What happens.
        memory: Where everything is kept.
        watch: What was seen of it.
        calls: The faults.
        mappings: The three stages, in the order of the chain.
        acknowledged: Records whose put was answered, as (key, bytes).
        said: Every message that was sent, by partition key and bytes.
        acted: What people did, as far as they were told that it is stored.
        log: What the stages logged.
        now: The clock.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.now = Clock()
        self.memory = Memory(self.now.now_ms, history.shards)
        self.watch = Watch()
        self.acknowledged: list[tuple[str, bytes]] = []
        self.said: dict[tuple[str, bytes], list[Any]] = {}
        self.acted: list[Action] = []
        self.log = LogListener()
        self._running: list[tuple[Lane, object]] = []
        self._cursor = 0
        self._newest = 0
        self._persons = self._requests = 0
        self._turns = 0
        self._hanging = 0
        chooser: Chooser
        if history.faults is None:
            chooser = Dice(Random(f"faults {history.seed}"), history.one_in)  # noqa: S311  a seed replays it
        else:
            chooser = Script(history.faults)
        self.calls = Calls(chooser, self._meanwhile, self._give_up)
        self.backend = self._faulty(self._watched(self.memory.backend))
        self.plans = [plan_of(history.groups, history.features, is_new=is_new) for is_new in (False, True)]
        self.hashes = [publish_plan(plan, self.memory.blobs) for plan in self.plans]
        self._release = [0, 0]
        self._backoff = Backoff(Random(0), lambda _: None)  # noqa: S311  nobody waits
        self._ingest = make_ingest(
            self.backend, PlanBook(self.plans[0]), random=self._backoff.random, pause=self._backoff.pause
        )
        self._kept = MemoryCheckpoints()
        self._pipeline = self._pipeline_process()
        self.mappings = {name: self._mapping(name) for name in MAKERS}
        self._subscribe()

    def play(self) -> None:
        """Let all actions happen."""
        while self._cursor < len(self.history.actions):
            self._next()

    def close(self) -> None:
        """Let go of everything, so that all of it goes at once: no part holds itself by way of another."""
        for part in (self.memory, self.calls, self):
            vars(part).clear()

    def act(self, action: Scripted) -> None:
        """Do one action."""
        getattr(self, f"_do_{action[0]}")(*action[1:])

    def tick(self) -> None:
        """Put a tick of this instant, again until it is taken."""
        plans = PlanBook(self.plans[self._newest])
        handler = make_tick(self.backend, plans, random=self._backoff.random, pause=self._backoff.pause)
        event = schedule_event_of("tick")(self.now.at_ms)
        for _ in range(TRIES_MAX):
            if self._tried(lambda: handler(event, None)):
                return

    def minute(self, instance: int) -> None:
        """Show the alerts stage the time, again until it has taken it."""
        event = schedule_event_of("alerts")(self.now.at_ms)
        instances = self.mappings["alerts"].instances
        for _ in range(TRIES_MAX):
            place = instances.take(instance)
            try:
                instances.handler(place)(event, None)
            except TransientError:
                continue
            except Crash:
                instances.end(place)
                continue
            finally:
                instances.busy.discard(place)
            return

    def _next(self) -> None:
        action = self.history.actions[self._cursor]
        self._cursor += 1
        self.act(action)

    def press(self) -> bool:
        """Deliver a batch to each stage in turn; tell whether there was any."""
        turn = self._turns = self._turns + 1
        moved = [mapping.deliver(turn, PRESSING_BATCH, turn) for mapping in self.mappings.values()]
        return any(moved)

    def _meanwhile(self, actions: int) -> None:
        """Let others act while a call hangs; when all actions have happened, they deliver what is left."""
        if self._hanging == HANGING_MAX:
            return
        self._hanging += 1
        for _ in range(actions):
            if self._cursor < len(self.history.actions):
                self._next()
            elif not self.press():
                break
        self._hanging -= 1

    def _give_up(self) -> None:
        if self._running:
            lane, token = self._running[-1]
            if lane.running is token:
                lane.running = None

    def _do_put(self, *messages: list[Any]) -> None:
        now_ms = self.now.at_ms  # ingest takes all of them now, whatever the clock does while one hangs
        valid = [message for message in messages if is_valid(message, now_ms)]
        queued = [message for message in valid if is_of_queue(message) and PIPELINE in self.history.features]
        asked = [message for message in valid if message not in queued and REQUESTS in self.history.features]
        for message in queued:
            self._send(message)
        for message in asked:
            self._request(message, now_ms)
        self._put([message for message in messages if message not in queued + asked])

    def _send(self, message: list[Any]) -> None:
        """Let a gateway put the message into its queue."""
        key, data = wire(message)
        self.said[key, data] = message
        self.memory.queue(GATEWAY_QUEUE).send([data.decode()])
        self.acknowledged.append((key, data))

    def _request(self, message: list[Any], now_ms: int) -> None:
        """Send the message, again until it is answered that it is taken."""
        key, data = wire(message)
        self.said[key, data] = message
        self._requests += 1
        event = request_of(key, data, self._requests, now_ms)
        taken: list[bool] = []
        for _ in range(TRIES_MAX):
            self._tried(lambda: taken.append(self._ingest(event, None)["statusCode"] == ACCEPTED))
            if any(taken):
                self.acknowledged.append((key, data))
                return

    def _put(self, messages: Sequence[list[Any]]) -> None:
        records = [LogRecord(*wire(message)) for message in messages]
        self.said |= {(record.partition_key, record.data): one for record, one in zip(records, messages, strict=True)}
        for _ in range(TRIES_MAX):
            left = list(range(len(records)))

            def put(records: list[LogRecord] = records, left: list[int] = left) -> None:
                left[:] = put_all(self.backend.readings, records, self._backoff)

            self._tried(put)
            gone = set(left)
            self.acknowledged += [(one.partition_key, one.data) for i, one in enumerate(records) if i not in gone]
            records = [records[place] for place in left]
            if not records:
                return

    def _do_deliver(self, stage: str, choice: int, size: int, instance: int) -> None:
        self.mappings[stage].deliver(choice, size, instance)

    def _do_press(self, times: int) -> None:
        for _ in range(times):
            self.press()

    def _do_again(self, stage: str, choice: int, size: int, back: int) -> None:
        self.calls.counts["delivered again"] += self.mappings[stage].deliver_again(choice, size, back)

    def _do_tick(self, *_: int) -> None:
        self.tick()

    def _do_minute(self, instance: int, _: int) -> None:
        self.minute(instance)

    def _do_person(self, what: int, whom: int) -> None:
        """A person acts on an alert, mostly on one that is there, once more until it is stored."""
        stored = list(self.memory.alerts.stored.values())
        self._persons += 1
        action = action_of(self._persons, what, whom, stored, self.now.at_ms)
        for _ in range(TRIES_MAX):
            if self._tried(lambda: self.backend.alerts.put_action(action)):
                self.acted.append(action)
                return

    def _do_wait(self, ms: int) -> None:
        if not self.now.is_frozen:
            self.now.move(ms)

    def _do_jump(self, ms: int) -> None:
        self.now.is_frozen = ms == FROZEN
        self.calls.counts["frozen clock" if self.now.is_frozen else "clock jump"] += 1
        self.now.move(ms)

    def _do_reshard(self, which: int, how: int) -> None:
        log: MemoryLog = self.memory.panes if how % 3 == 0 else self.memory.readings
        shards = log.open_shards()
        place = which % len(shards)
        if how % 2 and place + 1 < len(shards):
            log.merge(shards[place], shards[place + 1])
        elif len(shards) < 8:
            log.split(shards[place])
        self.calls.counts["reshard"] += 1

    def _do_cold(self, which: int, place: int) -> None:
        if PIPELINE in self.history.features:
            self.calls.counts["cold start"] += self._pipeline.end()
            return
        instances = list(self.mappings.values())[which % 3].instances
        if place % 2 not in instances.busy:
            instances.end(place % 2)
            self.calls.counts["cold start"] += 1

    def _do_deploy(self, *_: int) -> None:
        """Bring the new release to one process of each function; a second time, to the other."""
        place = 1 if self._release == [0, 0] else 0
        if self._release[place]:
            return
        self._release[place] = self._newest = 1
        self.calls.counts["deployment"] += 1
        self._pipeline.end()
        for mapping in self.mappings.values():
            if place not in mapping.instances.busy:
                mapping.instances.end(place)

    def _tried(self, effect: Callable[[], object]) -> bool:
        try:
            effect()
        except (TransientError, Crash):
            return False
        return True

    def _mapping(self, name: str) -> Mapping:
        readers = {
            "processors": (self.memory.readings, kinesis_event_of("readings")),
            "anomaly": (self.memory.panes, kinesis_event_of("panes")),
            "alerts": (self.memory.alerts.feed, feed_event),
        }
        reader, event_of = readers[name]
        instances = Instances(lambda place: self._start(name, place))
        if not {RUNTIME, PIPELINE} & {*self.history.features}:
            return Mapping(name, reader, event_of, instances, self._running)
        progress: Any = {"kept": self._kept, "checkpoints": FaultyPort(self._kept, "checkpoints", self.calls)}
        common = (name, reader, event_of, instances, self._running)
        if PIPELINE in self.history.features:
            return PipelineMapping(*common, **progress, pipeline=self._pipeline)
        return RuntimeMapping(*common, **progress, now_ms=self._newest_ms)

    def _newest_ms(self) -> int:
        return self.now.newest_ms

    def _pipeline_process(self) -> PipelineProcess:
        checkpoints: Any = FaultyPort(self._kept, "checkpoints", self.calls)
        read = {
            name: ReadLog(getattr(self.backend, name), getattr(self.memory, name)) for name in ("readings", "panes")
        }
        faulty = FaultyPort(self.backend.gateway, "gateway", self.calls)
        gateway: Any = PolledQueue(faulty, self.memory.queue(GATEWAY_QUEUE))
        host = FaultyHost(replace(self.backend, **read, gateway=gateway), checkpoints, self.memory)
        common = (self._stages, self._newest_ms, self._running, self.calls)
        is_joined = JOINED in self.history.features
        return PipelineProcess(host, lambda: self.plans[self._newest], *common, is_joined=is_joined)

    def _stages(self, backend: Backend, plans: PlanBook) -> Stages:
        tick = make_tick(backend, plans, random=self._backoff.random, pause=self._backoff.pause)
        return replace(make_stages(backend, plans), tick=tick)

    def _start(self, name: str, place: int) -> Handler:
        plan = self.plans[self._release[place % 2]]
        blobs = self.backend.blobs
        make = JoinedHandler if name == "processors" and JOINED in self.history.features else MAKERS[name]
        return make(self.backend, PlanBook(plan, lambda named: blobs.get(plan_blob(named))))

    def _watched(self, backend: Backend) -> Backend:
        watch = self.watch
        return replace(
            backend,
            state=WatchedState(backend.state, watch),
            panes=WatchedPort(backend.panes, "panes", "put", watch),
            alerts=WatchedPort(backend.alerts, "alert", "put", watch),
            topic=WatchedPort(backend.topic, "notification", "publish", watch),
            decisions=WatchedDecisions(backend.decisions, watch),
            blobs=WatchedBlobs(backend.blobs, watch),
        )

    def _faulty(self, backend: Backend) -> Backend:
        ports: dict[str, Any] = {name: FaultyPort(getattr(backend, name), name, self.calls) for name in PORTS}
        return replace(backend, **ports)

    def _subscribe(self) -> None:
        self.memory.backend.topic.subscribe(ALL_QUEUE)
        for tenant in TENANTS:
            self.memory.backend.topic.subscribe(f"q-{tenant}", {"tenant": [tenant]})
