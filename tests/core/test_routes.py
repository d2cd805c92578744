"""Routes and the filter policies made of them: a subscriber gets the very notifications that fit."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.plan_specimens import FULL
from tocsin.core.plan.delivery import Receiver, Route
from tocsin.core.plan.model import Grouping, Plan
from tocsin.core.routes import accepts, fits, policy_of, pushed_routes, queue_of, routed_grouping

words = st.text("ab-", min_size=1, max_size=4)
patterns = st.one_of(st.just("*"), words, words.map("{}*".format), words.map("*{}".format))
routes = st.builds(
    Route,
    name=st.just("r"),
    to=st.just("x"),
    tenant=patterns,
    site=patterns,
    escalation=patterns,
    severity=st.lists(st.sampled_from(["warning", "critical"]), unique=True).map(tuple),
    state=st.lists(st.sampled_from(["firing", "resolved"]), unique=True).map(tuple),
)
notifications = st.fixed_dictionaries(
    {
        "tenant": words,
        "site": words,
        "severity": st.sampled_from(["info", "warning", "critical"]),
        "state": st.sampled_from(["firing", "resolved"]),
    },
    optional={"escalation": words},
)


@settings(max_examples=300, deadline=None)
@given(routes, notifications)
def test_policy_of_a_route_selects_what_fits_the_route(route: Route, attributes: dict[str, str]) -> None:
    assert accepts(policy_of(route), attributes) is fits(route, attributes)


@pytest.mark.parametrize(
    ("route", "policy"),
    [
        pytest.param(Route("all", "x"), {}, id="everything"),
        pytest.param(Route("r", "x", site="north"), {"site": ["north"]}, id="a name"),
        pytest.param(Route("r", "x", kind="*_missing"), {"kind": [{"suffix": "_missing"}]}, id="an end"),
        pytest.param(Route("r", "x", escalation="boss"), {"escalation": ["boss"]}, id="an escalation only"),
        pytest.param(Route("r", "x", state=("firing", "expired")), {"state": ["firing", "expired"]}, id="choices"),
    ],
)
def test_policy_reads_as_sns_takes_it(route: Route, policy: dict[str, object]) -> None:
    assert policy_of(route) == policy


def test_what_a_route_tells_apart_is_not_told_together() -> None:
    both = Plan(metrics=FULL.metrics, grouping=Grouping(by=("rule",)), routes=(Route("r", "x", site="north"),))
    none = msgspec.structs.replace(both, routes=())

    assert routed_grouping(both).by == ("rule", "site")
    assert routed_grouping(none) is none.grouping or routed_grouping(none) == none.grouping


def test_only_receivers_that_are_posted_to_have_queues() -> None:
    plan = Plan(
        metrics=FULL.metrics,
        receivers=(Receiver("hook", "webhook", "https://x.example/"), Receiver("mail", "email")),
        routes=(Route("a", "hook"), Route("b", "mail")),
    )

    assert [(queue_of(route), receiver.name) for route, receiver in pushed_routes(plan)] == [("route-a", "hook")]
