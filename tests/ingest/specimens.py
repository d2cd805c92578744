"""A log, blobs and a plan for the tests of ingest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from tests.core.formats.specimens import ARRIVAL_MS
from tocsin.adapters.embedded.open import Embedded, open_embedded
from tocsin.core.errors import UnavailableError
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import MetricPlan, Plan, SourcePlan, Window
from tocsin.core.ports import Backend, LogRecord, StoredRecord

PLAN: Final = Plan(
    metrics=(MetricPlan(match="*", windows=(Window(60_000, 60_000),)),),
    sources=(SourcePlan(name="gateway", tenant="acme"), SourcePlan(name="other", tenant="beta")),
)
PLANS: Final = PlanBook(PLAN)


def opened(shards: int = 1) -> Embedded:
    """Return a backend in memory whose clock stands at ``ARRIVAL_MS``."""
    return open_embedded(None, now_ms=lambda: ARRIVAL_MS, shards=shards)


def logged(backend: Backend) -> list[StoredRecord]:
    """Return all readings on the log, shard by shard."""
    log = backend.readings
    return [record for shard in log.shards() for record in log.read(shard.id, after=None, limit=1_000)]


def rejected_names(backend: Backend) -> list[str]:
    """Return the names of all stored rejections."""
    return backend.blobs.names("rejected/", limit=1_000)


@dataclass
class Flaky:
    """A log or a store of blobs that refuses as told, call by call, and then works.

    Attributes:
        real: What does the work.
        plan: For each call, the places to refuse, or None for no answer.
        calls: What was put, call by call.
    """

    real: Any
    plan: list[Sequence[int] | None]
    calls: list[Any] = field(default_factory=list)

    def put(self, records: Any, data: bytes | None = None) -> Any:
        """Refuse, or pass on."""
        self.calls.append(records)
        refused = self.plan.pop(0) if self.plan else ()
        if refused is None:
            raise UnavailableError("no answer")
        if data is not None:
            return self.real.put(records, data)
        taken: list[LogRecord] = [record for place, record in enumerate(records) if place not in refused]
        assert not self.real.put(taken)
        return list(refused)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def flaky_log(backend: Backend, *plan: Sequence[int] | None) -> tuple[Backend, Flaky]:
    """Return the backend with a log that refuses as told."""
    log = Flaky(backend.readings, list(plan))
    return replace(backend, readings=log), log


def chance() -> Random:
    """Return the same random numbers each time."""
    return Random(3)  # noqa: S311 - chance of a test, not of a cipher


def no_pause() -> tuple[list[float], Callable[[float], None]]:
    """Return the seconds that were waited for, and a pause that only notes them."""
    waited: list[float] = []
    return waited, waited.append
