"""The backends that the contract is about; a further one joins with a line in ``BACKENDS``.

Stand-ins for AWS that are processes of their own are there only where ``TOCSIN_STANDINS`` names them: `make contract`.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Final, Protocol

import pytest

from tests.contract.aws import AwsDeployment
from tests.contract.differences import DIFFERENCES
from tests.contract.moto_backend import SETTINGS, moto_at
from tests.contract.specimens import NOW_MS
from tests.contract.standins import running
from tests.contract.wall import WallClock
from tests.simulation.memory import open_memory
from tocsin.adapters.aws.clients import Clients
from tocsin.adapters.aws.settings import AwsSettings
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.clock import VirtualClock
from tocsin.core.ports import Backend, Queue


class Deployment(Protocol):
    """What a backend offers to its contract."""

    @property
    def backend(self) -> Backend: ...

    def queue(self, name: str) -> Queue:
        """Return a queue that the topic may be subscribed to; it is there when this returns."""
        ...


Opener = Callable[[Path, VirtualClock, int], AbstractContextManager[Deployment]]
"""Opens a new and empty deployment: a folder of its own, the clock, the shards of each log."""

Starter = Callable[[str], tuple[AwsSettings, Clients]]
"""Starts a stand-in, unless it runs, and says how to reach it."""


def _open_file(folder: Path, clock: VirtualClock, shards: int) -> AbstractContextManager[Deployment]:
    return open_embedded(folder / "tocsin.db", now_ms=clock.now_ms, shards=shards)


def _open_memory(_folder: Path, clock: VirtualClock, shards: int) -> AbstractContextManager[Deployment]:
    return open_embedded(None, now_ms=clock.now_ms, shards=shards)


def _open_dictionaries(_folder: Path, clock: VirtualClock, shards: int) -> AbstractContextManager[Deployment]:
    return open_memory(clock.now_ms, shards)


@contextmanager
def _open_moto(_folder: Path, clock: VirtualClock, shards: int) -> Iterator[Deployment]:
    with moto_at(clock.now_ms) as clients:
        yield AwsDeployment(SETTINGS, clients, clock.now_ms, shards=shards)


@contextmanager
def _open_moto_table(_folder: Path, clock: VirtualClock, shards: int) -> Iterator[Deployment]:
    with moto_at(clock.now_ms) as clients:
        yield AwsDeployment(SETTINGS, clients, clock.now_ms, shards=shards, state="state_table")


BACKENDS: Final[dict[str, Opener]] = {
    "file": _open_file,
    "memory": _open_memory,
    "dictionaries": _open_dictionaries,
    "moto": _open_moto,
    "moto-table": _open_moto_table,
}
STANDINS: Final = os.environ.get("TOCSIN_STANDINS", "").split()
"""Stand-ins to start; with ``-table`` at the end of the name, with the state in a table."""

TABLE: Final = "-table"
ONLY: Final = {"kinesalite": ("test_log_contract", "test_resharding_contract")}
"""Backends that are there for one port."""


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Leave out what would be tested twice, and expect the failures that are known differences of a stand-in."""
    items[:] = [item for item in items if _is_wanted(item)]
    for item in items:
        known = DIFFERENCES.get(_backend(item), {})
        if known and (reason := known.get(item.originalname) or known.get(item.name)):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


def _is_wanted(item: pytest.Function) -> bool:
    backend = _backend(item)
    wanted = ("test_state_contract",) if backend.endswith(TABLE) else ONLY.get(backend, ())
    return not wanted or item.path.stem in wanted


def _backend(item: pytest.Function) -> str:
    return str(item.callspec.params.get("backend_factory", "")) if hasattr(item, "callspec") else ""


@pytest.fixture(scope="session")
def started() -> Iterator[Starter]:
    """Start stand-ins as they are asked for, and end them all at the end."""
    with ExitStack() as stack:

        @cache
        def start(name: str) -> tuple[AwsSettings, Clients]:
            settings = stack.enter_context(running(name))
            return settings, Clients(settings)

        yield start


@pytest.fixture
def clock(request: pytest.FixtureRequest) -> VirtualClock:
    return WallClock(NOW_MS) if _backend(request.node) in STANDINS else VirtualClock(NOW_MS)


@pytest.fixture(params=[*sorted(BACKENDS), *STANDINS])
def backend_factory(
    request: pytest.FixtureRequest, tmp_path: Path, clock: VirtualClock, started: Starter
) -> Iterator[Callable[[int], Deployment]]:
    """Open an empty deployment whose logs have the given number of shards; once a test."""
    if isinstance(clock, WallClock):
        settings, clients = started(request.param.removesuffix(TABLE))
        state = "state_table" if request.param.endswith(TABLE) else "state_bucket"
        yield lambda shards: AwsDeployment(
            settings, clients, clock.now_ms, shards=shards, state=state, requests_max=8, wall=clock
        )
        return
    with ExitStack() as opened:
        yield lambda shards: opened.enter_context(BACKENDS[request.param](tmp_path, clock, shards))


@pytest.fixture
def opened(backend_factory: Callable[[int], Deployment]) -> Deployment:
    """An empty deployment with one shard a log."""
    return backend_factory(1)


@pytest.fixture
def backend(opened: Deployment) -> Backend:
    return opened.backend
