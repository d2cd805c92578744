"""The plans that a deployment knows, by hash: a tick names the one in force from there on."""

from collections.abc import Callable

from tocsin.core.errors import UnavailableError
from tocsin.core.plan.model import Plan, decode_plan, encode_plan, plan_hash
from tocsin.core.ports import Blobs


class PlanBook:
    """Finds plans by hash, and keeps those it has seen.

    Attributes:
        first: The plan that is in force before any tick says otherwise.
    """

    def __init__(self, first: Plan, fetch: Callable[[str], bytes | None] = lambda _: None) -> None:
        self.first = first
        self._fetch = fetch
        self._known = {plan_hash(first): first}

    def at(self, wanted: str) -> Plan:
        """Return the plan with the hash; the empty hash means the first plan.

        Raises:
            UnavailableError: No such plan is published yet.
            ConfigError: What is published under the hash is not a plan.
        """
        if not wanted:
            return self.first
        if wanted not in self._known:
            document = self._fetch(wanted)
            if document is None:
                raise UnavailableError(f"plan {wanted!r} is named by a tick but not published")
            self._known[wanted] = decode_plan(document)
        return self._known[wanted]


def publish_plan(plan: Plan, blobs: Blobs) -> str:
    """Store the plan's document where ticks can name it; return its hash."""
    named = plan_hash(plan)
    blobs.put(plan_blob(named), encode_plan(plan))
    return named


def plan_blob(named: str) -> str:
    """Return the name of the blob that holds the plan's document."""
    return f"plans/{named}.json"
