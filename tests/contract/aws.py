"""The AWS adapters as a deployment of the contract: each part is made on the stand-in when it is first used."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from os import getpid
from random import Random
from threading import Lock
from typing import Any, cast

from tests.contract.wall import SEEN, WallClock, WallQueue
from tocsin.adapters.aws.clients import Clients
from tocsin.adapters.aws.open import Aws
from tocsin.adapters.aws.patience import Patience
from tocsin.adapters.aws.ports import Ports
from tocsin.adapters.aws.provision import make_queue
from tocsin.adapters.aws.queue import SqsQueue
from tocsin.adapters.aws.settings import AwsSettings
from tocsin.core.clock import NowMs, elapsed_s, pause
from tocsin.core.ports import Backend, FilterPolicy, Queue, Shard, Topic
from tocsin.runtime.provisioned import make

FIELDS = {
    "readings": "readings_stream",
    "panes": "panes_stream",
    "windows": "windows_table",
    "alerts": "alerts_table",
    "decisions": "directory_table",
    "directory": "directory_table",
    "gateway": "gateway_queue_url",
    "topic": "topic_arn",
    "blobs": "blobs_bucket",
}
"""Part to the field that names where it is; that of the state is chosen."""

READY_S = 0.05
READY_TRIES_MAX = 200
_numbers = count()


class AwsDeployment:
    """A deployment under names of its own.

    Args:
        settings: Where the stand-in is.
        clients: Of it, made once for all tests.
        now_ms: Clock of puts.
        shards: Of each stream.
        state: ``state_bucket`` or ``state_table``.
        requests_max: How many requests are under way at a time.
        fifo: Whether the topic is FIFO.
        wall: The clock of a stand-in that lives by the wall's; None for one that lives by the test's.
    """

    def __init__(
        self,
        settings: AwsSettings,
        clients: Clients,
        now_ms: NowMs,
        *,
        shards: int = 1,
        state: str = "state_bucket",
        requests_max: int = 1,
        fifo: bool = False,
        wall: WallClock | None = None,
    ) -> None:
        self._settings = settings
        self._clients = clients
        self._now_ms = now_ms
        self._shards = shards
        self._fields = FIELDS | {"state": state}
        self._requests_max = requests_max
        self._fifo = fifo
        self._wall = wall
        self._prefix = f"t{getpid()}x{next(_numbers)}"
        self._names: dict[str, str] = {}

    @property
    def backend(self) -> Backend:
        return cast("Backend", _Parts(self._part))

    def queue(self, name: str) -> Queue:
        """Return the queue; under another name on the stand-in, as others may have queues there."""
        field = f"queue {name}"
        if field not in self._names:
            self._names[field] = make_queue(self._clients, f"{self._prefix}-{name}")
        queue = NamedQueue(self._clients, self._names[field], name)
        return WallQueue(queue, self._wall) if self._wall else queue

    def split_readings(self, shard: Shard) -> None:
        """Split the shard in the middle, and wait until that is done."""
        kinesis, name = self._clients.kinesis, self._names["readings_stream"]
        middle = str((shard.hash_start + shard.hash_end) // 2)
        kinesis.split_shard(StreamName=name, ShardToSplit=shard.id, NewStartingHashKey=middle)
        for _ in range(READY_TRIES_MAX):
            if kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE":
                return
            pause(READY_S)
        raise AssertionError(f"{name} did not become active")

    def _part(self, part: str) -> Any:
        field = self._fields[part]
        if field not in self._names:
            self._names |= make(self._clients, self._prefix, (field,), shards=self._shards, fifo=self._fifo)
        settings = replace(self._settings, **{field: self._names[field]})  # type: ignore[arg-type]
        patience = make_patience()
        ports = Ports(settings, patience, self._now_ms, self._requests_max, self._clients)
        found = getattr(Aws(settings, ports, patience).backend, part)
        if self._wall and part in SEEN:
            return SEEN[part](found, self._wall)
        return _PrefixedTopic(found, self._prefix) if part == "topic" else found


class NamedQueue(SqsQueue):
    """A queue that goes by another name than it has on the stand-in."""

    def __init__(self, clients: Clients, url: str, name: str) -> None:
        super().__init__(clients.sqs, url, make_patience())
        self._own_name = name

    @property
    def name(self) -> str:
        return self._own_name


class _PrefixedTopic:
    """Subscribes queues under the names that they have on the stand-in."""

    def __init__(self, topic: Topic, prefix: str) -> None:
        self._topic = topic
        self._prefix = prefix
        self.publish = topic.publish

    def subscribe(self, queue: str, policy: FilterPolicy | None = None) -> None:
        self._topic.subscribe(f"{self._prefix}-{queue}", policy)


class _Parts:
    """The ports of a backend, each made when it is first used."""

    def __init__(self, make_part: Callable[[str], Any]) -> None:
        self._make_part = make_part
        self._lock = Lock()

    def __getattr__(self, part: str) -> Any:
        with self._lock:
            if part not in self.__dict__:
                self.__dict__[part] = self._make_part(part)
            return self.__dict__[part]


def make_patience() -> Patience:
    return Patience(Random(1), elapsed_s, pause)  # noqa: S311  no secret
