"""The Lambda handler of all sources of readings: messages on the log, rejections stored."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from random import Random, SystemRandom
from typing import Any, Final
from urllib.parse import quote

from ingest.accept import Accepted, Credential, accept, refused
from ingest.incoming import Incoming, arrived
from ingest.put import Backoff, put_all
from tocsin.adapters.function import Entry
from tocsin.adapters.telemetry import fact_logger
from tocsin.core import clock
from tocsin.core.errors import UnavailableError
from tocsin.core.formats.batch_answer import batch_failures
from tocsin.core.formats.http_event import Request, answer, is_http_event, parse_http_event, problem
from tocsin.core.formats.rejections import encode_rejections, rejected_name
from tocsin.core.keys import is_id
from tocsin.core.plan.book import PlanBook
from tocsin.core.ports import Backend, Blobs, Log

NAME: Final = "ingest"
HTTP_SOURCE: Final = "http"
DETAILS_MAX: Final = 20

logger: Final = fact_logger(NAME)


@dataclass(frozen=True, slots=True)
class Facts:
    """What one call did with its messages; those of a body that must come again are in neither count.

    Attributes:
        accepted: Messages that are on the log.
        rejected: Reason to how many messages, or bodies as a whole, are stored as rejections.
        failed: Bodies that must come again.
    """

    accepted: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    failed: int = 0


class IngestHandler:
    """Takes readings from queues, topics, streams, Kafka, buckets, IoT and requests; built once, at cold start.

    Attributes:
        facts: What the last call did.
    """

    def __init__(self, backend: Backend, plans: PlanBook, backoff: Backoff) -> None:
        self.facts = Facts()
        self._log: Final[Log] = backend.readings
        self._blobs: Final[Blobs] = backend.blobs
        self._bounds: Final = plans.first.bounds
        self._tenants: Final = {source.name: source.tenant for source in plans.first.sources}
        self._backoff: Final = backoff

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG002  Lambda passes it
        """Return the failed items of a queue's or stream's event, or the answer to a request.

        Raises:
            UnavailableError: Something was not taken, and the source of the event cannot be told what: all of it
                comes again.
            ValueError: The event is none of a source of readings.
        """
        if is_http_event(event):
            return self._take_request(parse_http_event(event))
        came = arrived(event, self._tenants, self._blobs)
        for source in dict.fromkeys(source for source, _ in came.strangers):
            logger.error("source is not in the plan", source=source)
        _, failed = self._take(came.incoming)
        items = [item for _, item in came.strangers] + [came.incoming[place].item for place in failed]
        if items and not came.names_failures:
            raise UnavailableError(f"{len(items)} of {len(came.incoming) + len(came.strangers)} bodies were not taken")
        return batch_failures(dict.fromkeys(items + _behind(came.incoming, failed)))

    def measures(self) -> dict[str, float]:
        """Return what the last call did, as metrics."""
        return {
            "accepted": self.facts.accepted,
            "rejected": sum(self.facts.rejected.values()),
            "failed": self.facts.failed,
        }

    def _take_request(self, request: Request) -> dict[str, Any]:
        credential = credential_of(request.claims)
        if credential is None:
            self.facts = Facts()
            return problem(401, "not authorised", "claims must name a tenant, and a device or a gateway")
        incoming = Incoming(HTTP_SOURCE, request.id, credential, request.body, request.time_ms)
        (accepted,), failed = self._take([incoming])
        if failed:
            return problem(503, "not available", "the log or the store did not take all of it; send it again")
        return _answer_to(accepted)

    def _take(self, incoming: Sequence[Incoming]) -> tuple[list[Accepted], list[int]]:
        """Put what is valid to the log, and store what is not; return the places of what must come again."""
        accepted = [self._accepted(one) for one in incoming]
        owners = [place for place, one in enumerate(accepted) for _ in one.records]
        records = [record for one in accepted for record in one.records]
        failed = {owners[left] for left in put_all(self._log, records, self._backoff)}
        for place, one in enumerate(accepted):
            if place not in failed and not self._is_stored(incoming[place], one):
                failed.add(place)
        self.facts = _facts(accepted, failed)
        tell = logger.warning if self.facts.rejected or self.facts.failed else logger.debug
        tell("messages taken", **asdict(self.facts))
        return accepted, sorted(failed)

    def _accepted(self, incoming: Incoming) -> Accepted:
        if incoming.broken:
            return refused(incoming.credential, incoming.body, incoming.broken)
        return accept(incoming.credential, incoming.body, incoming.sent_ms, self._bounds)

    def _is_stored(self, incoming: Incoming, accepted: Accepted) -> bool:
        """Store the rejections, under a name that a second delivery gives again; tell whether that went well."""
        if not accepted.rejections:
            return True
        name = rejected_name(NAME, incoming.source, quote(incoming.id, safe=""))
        try:
            self._blobs.put(name, encode_rejections(accepted.rejections))
        except UnavailableError:
            return False
        return True


def credential_of(claims: Mapping[str, str]) -> Credential | None:
    """Return for whom the claims speak, or None where they do not say it.

    A claim ``device`` speaks for that device; else a claim ``gateway`` for every device of the tenant.
    """
    tenant, device, gateway = (claims.get(name, "") for name in ("tenant", "device", "gateway"))
    if not is_id(tenant):
        return None
    if "device" in claims:
        return Credential(tenant, device) if is_id(device) else None
    return Credential(tenant) if is_id(gateway) else None


def _behind(incoming: Sequence[Incoming], failed: Sequence[int]) -> list[str]:
    """Return the items behind a failed one in its group: a FIFO queue would deliver it after them."""
    first: dict[str, int] = {}
    for place in failed:
        first.setdefault(incoming[place].group, place)
    return [one.item for place, one in enumerate(incoming) if one.group and place > first.get(one.group, place)]


def _facts(accepted: Sequence[Accepted], failed: set[int]) -> Facts:
    done = [one for place, one in enumerate(accepted) if place not in failed]
    reasons = Counter(rejection.reason.value for one in done for rejection in one.rejections)
    return Facts(sum(one.messages for one in done), dict(reasons), len(failed))


def _answer_to(accepted: Accepted) -> dict[str, Any]:
    reasons = dict(Counter(rejection.reason.value for rejection in accepted.rejections))
    counts = {"accepted": accepted.messages, "rejected": len(accepted.rejections), "reasons": reasons}
    if accepted.messages:
        return answer(202, counts)
    details = [rejection.detail for rejection in accepted.rejections[:DETAILS_MAX]]
    return problem(400, "nothing accepted", "every message breaks a rule", **counts, details=details)


def make_handler(
    backend: Backend,
    plans: PlanBook,
    *,
    random: Random | None = None,
    pause: Callable[[float], None] = clock.pause,
) -> IngestHandler:
    """Return the handler on the backend's ports.

    Args:
        backend: All ports.
        plans: Their first plan has the bounds, and names the queues and whose they are.
        random: Spreads out retries; None for one that is different in each process.
        pause: Waits for seconds.
    """
    return IngestHandler(backend, plans, Backoff(random or Random(), pause))  # noqa: S311  no secret


def _make(backend: Backend, plans: PlanBook) -> IngestHandler:
    return make_handler(backend, plans, random=SystemRandom())


handler: Final = Entry(NAME, ("readings", "blobs"), _make)
