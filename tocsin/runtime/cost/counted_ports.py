"""Ports that do what they always do, and have the adapters of AWS count what the same calls would be billed there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from random import Random
from typing import Any, Final, cast

from tocsin.adapters.aws.open import Aws
from tocsin.adapters.aws.patience import Patience
from tocsin.adapters.aws.settings import AwsSettings
from tocsin.core.clock import NowMs, cpu_s, elapsed_s, pause
from tocsin.core.errors import ConfigError
from tocsin.core.ports import Backend, SavedState, StateWrite
from tocsin.runtime.cost.clients import READ_UNIT_BYTES, WINDOWS, Meter, counting_clients, whole_units
from tocsin.runtime.cost.usage import Usage

S3: Final = "s3"
DYNAMODB: Final = "dynamodb"
STATES: Final = (S3, DYNAMODB)
"""Where a stage may keep its state; both are counted in each run."""

WRITES: Final = frozenset(
    {
        ("readings", "put"),
        ("panes", "put"),
        ("windows", "put"),
        ("directory", "put"),
        ("decisions", "put"),
        ("alerts", "put"),
        ("alerts", "put_action"),
        ("topic", "publish"),
        ("blobs", "put"),
        ("gateway", "send"),
    }
)
"""Port and method that the adapters of AWS are called for as well; of the others only reads of states are billed."""

AT_ONCE: Final = {"state": 8, "windows": 8, "directory": 8, "decisions": 8}
"""How many requests of a port are under way at a time; of the others one."""

MEGABYTE: Final = 1e6

NAMES: Final = AwsSettings(
    region="us-east-1",
    readings_stream="readings",
    panes_stream="panes",
    windows_table=WINDOWS,
    alerts_table="alerts",
    directory_table="directory",
    gateway_queue_url="https://sqs.us-east-1.amazonaws.com/000000000000/gateway",
    topic_arn="arn:aws:sns:us-east-1:000000000000:notifications",
    blobs_bucket="blobs",
    bus="transitions",
)


@dataclass(slots=True)
class Book:
    """Everything that is counted in a run.

    Attributes:
        stages: Stage to what it used, without its state.
        states: Stage and place of its state to what that used.
        refused: Stage and place of its state to why it cannot be there.
        metrics: Stage and name of each metric that was written.
        outside_s: CPU that ports took, in seconds: it is this machine's, not a function's.
    """

    stages: dict[str, Usage] = field(default_factory=dict)
    states: dict[tuple[str, str], Usage] = field(default_factory=dict)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)
    outside_s: float = 0.0
    metrics: set[tuple[str, str]] = field(default_factory=set)

    def stage(self, name: str) -> Usage:
        """Return the usage of a stage."""
        return self.stages.setdefault(name, Usage())

    def state(self, name: str, place: str) -> Usage:
        """Return the usage of a stage's state, were it there."""
        return self.states.setdefault((name, place), Usage())

    def clear(self) -> None:
        """Count from nothing again: what came before was the beginning, and not a month of it."""
        self.stages.clear()
        self.states.clear()
        self.metrics.clear()


class CountedPorts:
    """Makes the ports of each stage.

    Args:
        book: Where all is counted.
        waits_ms: Kind of request to how long it takes.
        indexes: Table to the attribute that puts an item into each of its indexes.
        now_ms: Clock of puts.
        retention_ms: How long windows are kept at most.

    Raises:
        ConfigError: boto3 is not installed: the adapters of AWS are what cuts calls into requests.
    """

    def __init__(
        self,
        book: Book,
        waits_ms: Mapping[str, float],
        indexes: Mapping[str, Sequence[str]],
        now_ms: NowMs,
        *,
        retention_ms: int = NAMES.windows_retention_ms,
    ) -> None:
        self._book = book
        self._waits_ms = waits_ms
        self._meter = Meter(Usage(), [])
        clients = counting_clients(self._meter, indexes, now_ms)
        self._backend = _adapters(replace(NAMES, windows_retention_ms=retention_ms), clients, now_ms)
        self._state = {
            S3: _adapters(replace(NAMES, state_bucket="state"), clients, now_ms).state,
            DYNAMODB: _adapters(replace(NAMES, state_table="state"), clients, now_ms).state,
        }

    def of_stage(self, name: str, backend: Backend) -> Backend:
        """Return the ports, counting in the name of the stage."""
        parts = {one.name: _Port(self, name, one.name, getattr(backend, one.name)) for one in fields(backend)}
        return Backend(**cast("Any", parts))

    def call(self, stage: str, part: str, method: str, call: Callable[..., Any], args: Any, how: Any) -> Any:  # noqa: ANN401  as any port
        """Return what the call returns, once it is counted."""
        begun_s = cpu_s()
        found = call(*args, **how)
        if part == "state":
            self._count_state(stage, method, args[0], found)
        elif (part, method) == ("blobs", "get"):
            self._note_read(self._book.stage(stage), "s3_gets", 1)
        elif (part, method) in WRITES:
            with_adapter = getattr(getattr(self._backend, part), method)
            self._count(self._book.stage(stage), part, partial(with_adapter, *args, **how))
        self._book.outside_s += cpu_s() - begun_s
        return found

    def _count_state(self, stage: str, method: str, given: Sequence[Any], found: Sequence[SavedState]) -> None:
        for place in STATES:
            usage = self._book.state(stage, place)
            if method == "commit":
                self._count_commit(stage, place, given)
            elif place == S3:
                self._note_read(usage, "s3_gets", len(given))
            else:
                sizes = [len(saved.blob or b"") for saved in found]
                self._note_read(usage, "read_units", sum(whole_units(size, READ_UNIT_BYTES) for size in sizes))

    def _count_commit(self, stage: str, place: str, writes: Sequence[StateWrite]) -> None:
        usage = self._book.state(stage, place)
        try:
            self._count(usage, "state", partial(self._state[place].commit, writes))
        except ConfigError as error:  # too large for the place: only whoever wants it there must know
            self._book.refused[stage, place] = str(error)
        longest = max((len(write.blob) for write in writes), default=0)
        usage.waits_ms += longest / MEGABYTE * self._waits_ms["megabyte"]

    def _count(self, usage: Usage, part: str, call: Callable[[], object]) -> None:
        self._meter.usage, self._meter.requests = usage, []
        call()
        sent = self._meter.requests
        usage.request_count += len(sent)
        usage.waits_ms += sum(self._waits_ms[kind] for kind in sent[:: AT_ONCE.get(part, 1)])

    def _note_read(self, usage: Usage, unit: str, count: int) -> None:
        usage.units[unit] += count
        usage.request_count += 1
        usage.waits_ms += self._waits_ms["s3_get" if unit == "s3_gets" else "dynamodb"]


class _Port:
    """A port whose calls are counted."""

    def __init__(self, ports: CountedPorts, stage: str, part: str, port: object) -> None:
        self._ports = ports
        self._stage = stage
        self._part = part
        self._port = port

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the port has
        found = getattr(self._port, name)
        if not callable(found):
            return found

        def call(*args: Any, **how: Any) -> Any:  # noqa: ANN401  as the port
            return self._ports.call(self._stage, self._part, name, found, args, how)

        return call


def _adapters(settings: AwsSettings, clients: object, now_ms: NowMs) -> Backend:
    try:
        from tocsin.adapters.aws.ports import Ports  # noqa: PLC0415  not all have boto3
    except ModuleNotFoundError as error:
        raise ConfigError(f"the cost is counted by the adapters of AWS, install tocsin[aws]: {error}") from error
    patience = Patience(Random(0), elapsed_s, pause)  # noqa: S311  nothing is ever repeated
    return Aws(settings, Ports(settings, patience, now_ms, 1, cast("Any", clients)), patience).backend
