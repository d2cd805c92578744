"""What receivers and routes must be in themselves and together."""

from collections.abc import Iterator, Sequence
from typing import Final

from tocsin.core.plan.check import Finding
from tocsin.core.plan.delivery import PUSHED, ROUTED, Receiver, Route

POLICY_NAMES_MAX: Final = 5
"""Amazon SNS takes filter policies of at most so many attribute names."""


def check_receiver(receiver: Receiver) -> Iterator[Finding]:
    """Yield what is wrong within the receiver."""
    if receiver.channel in PUSHED and not receiver.url:
        yield Finding("url", f"must say where to post for channel {receiver.channel}")
    if receiver.channel not in PUSHED and receiver.url:
        yield Finding("url", f"must not be written for channel {receiver.channel}, which subscribes to the topic")
    if receiver.channel == "pagerduty" and not receiver.secret:
        yield Finding("secret", "must name the secret that holds PagerDuty's routing key")
    if receiver.url.startswith("http://") and not _is_here(receiver.url):
        yield Finding("url", "must begin with https://, http:// is for this machine only")


def _is_here(url: str) -> bool:
    host = url.removeprefix("http://").partition("/")[0].rpartition("@")[2]
    return host.partition(":")[0] in {"localhost", "127.0.0.1"} or host.startswith("[::1]")


def check_route(route: Route, receivers: Sequence[str]) -> Iterator[Finding]:
    """Yield what is wrong with the route."""
    if route.to not in receivers:
        known = ", ".join(receivers)[:200] or "none is written"
        yield Finding("to", f"must be the name of a receiver, one of {known}, got {route.to!r}")
    named = [name for name in ROUTED if getattr(route, name) not in {"*", ()}]
    if len(named) > POLICY_NAMES_MAX:
        message = f"must look at {POLICY_NAMES_MAX} things at most, which is what a filter policy can, got"
        yield Finding("name", f"{message} {len(named)}: {', '.join(named)}")
