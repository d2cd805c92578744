"""Delivery in the local runtime: queues behind routes are subscribed to the topic, read, and posted to receivers."""

from typing import Final

import msgspec

from alerts.delivery.handler import DeliveryHandler
from tocsin.core.clock import SECOND_MS, NowMs
from tocsin.core.errors import TransientError
from tocsin.core.outlet import Outlet, Secrets
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Plan
from tocsin.core.routes import policy_of, pushed_routes, queue_of
from tocsin.runtime.events import schedule_event_of, sqs_event_of
from tocsin.runtime.host import Host
from tocsin.runtime.mapping import MappingSettings
from tocsin.runtime.queues import QueueMapping
from tocsin.runtime.schedule import Schedule

DELIVERY: Final = "delivery"
EVERY_MS: Final = 10 * SECOND_MS
"""How often receivers that did not answer are looked at again."""

SUBSCRIBED: Final = "delivery/queues.json"
"""Blob that names the queues that were subscribed, so that those of routes no longer in the plan get nothing more."""

NOTHING: Final = {"tenant": ["!nobody"]}
"""A policy that no notification fits: no tenant is called so."""

SETTINGS: Final = MappingSettings(batch_records_max=10, survives=TransientError)

_names: Final = msgspec.json.Decoder(list[str])


class Deliveries:
    """Reads what the topic put into the queues behind routes, and posts it; polled beside the pipeline.

    A replay or a demo has none: what is played again must not be told again.
    """

    def __init__(self, embedded: Host, plan: Plan, now_ms: NowMs, outlet: Outlet, secrets: Secrets) -> None:
        routes = [route for route, _ in pushed_routes(plan)]
        backend = embedded.backend
        known = _names.decode(backend.blobs.get(SUBSCRIBED) or b"[]")
        wanted = {queue_of(route): policy_of(route) for route in routes}
        for queue in sorted({*known, *wanted}):
            backend.topic.subscribe(queue, wanted.get(queue, NOTHING))
        if known or wanted:
            backend.blobs.put(SUBSCRIBED, msgspec.json.encode(sorted({*known, *wanted})))
        self.handler = DeliveryHandler(backend, PlanBook(plan), outlet, secrets, now_ms)
        self._mappings = [
            QueueMapping(
                f"{DELIVERY}-{queue}",
                embedded.queue(queue),
                self.handler,
                SETTINGS,
                event_of=sqs_event_of(queue),
                now_ms=now_ms,
            )
            for queue in sorted({*known, *wanted})
        ]
        self._schedule = Schedule(DELIVERY, EVERY_MS, self.handler, event_of=schedule_event_of(DELIVERY), now_ms=now_ms)

    def poll(self) -> int:
        """Take and post what is there; return how many invocations that took."""
        taken = sum(mapping.poll() for mapping in self._mappings)
        if self._mappings:
            self._schedule.poll()
        return taken
