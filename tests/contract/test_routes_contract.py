"""Routes on every backend: the queue behind a route gets what fits it, by the filter policy made of it."""

from dataclasses import replace
from itertools import product

from tests.contract.conftest import Deployment
from tests.contract.specimens import NOTIFICATION
from tests.contract.test_topic_contract import numbers
from tocsin.core.plan.delivery import Route
from tocsin.core.routes import fits, policy_of, queue_of

ROUTES = (
    Route("all", "x"),
    Route("north", "x", site="north-*"),
    Route("outages", "x", kind="*_missing", severity=("critical",)),
    Route("boss", "x", escalation="boss"),
    Route("ends", "x", state=("resolved", "expired")),
)
ATTRIBUTES = [
    {"tenant": "acme", "site": site, "kind": kind, "severity": severity, "state": state, "change": state} | more
    for site, kind, severity, state, more in product(
        ("north-1", "south"),
        ("limits", "gateway_missing"),
        ("warning", "critical"),
        ("firing", "resolved"),
        ({}, {"escalation": "boss"}),
    )
]


def test_queue_behind_a_route_gets_what_fits_it_and_nothing_else(opened: Deployment) -> None:
    for route in ROUTES:
        opened.queue(queue_of(route))
        opened.backend.topic.subscribe(queue_of(route), policy_of(route))
    told = [
        replace(NOTIFICATION, id=f"{place:032x}", number=place, attributes=attributes)
        for place, attributes in enumerate(ATTRIBUTES)
    ]

    assert list(opened.backend.topic.publish(told)) == []

    got = {route.name: numbers(opened, queue_of(route)) for route in ROUTES}
    assert got == {
        route.name: [place for place, attributes in enumerate(ATTRIBUTES) if fits(route, attributes)]
        for route in ROUTES
    }
