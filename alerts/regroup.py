"""Divides what is known of tenants' alerts among another number of key groups; nothing of it is changed."""

from collections.abc import Sequence

from alerts.state import AlertsState
from tocsin.core.keys import group_of


def regrouped(states: Sequence[AlertsState], count: int) -> list[AlertsState]:
    """Return what the states know, divided among ``count`` groups by the hash of the tenant.

    Fingerprints and ids of actions do not say whose they are, so each group keeps those of all: it never hears of the
    others, and forgets them in time.

    Args:
        states: All groups of a generation, drained.
        count: How many groups there will be.
    """
    return [_group(states, target, count) for target in range(count)]


def _group(states: Sequence[AlertsState], target: int, count: int) -> AlertsState:
    def is_ours(tenant: str) -> bool:
        return group_of(tenant, count) == target

    return AlertsState(
        known={alert: one for state in states for alert, one in state.known.items()},
        gatherings={key: one for state in states for key, one in state.gatherings.items() if is_ours(key[0])},
        numbers={tenant: one for state in states for tenant, one in state.numbers.items() if is_ours(tenant)},
        gaps=sum(state.gaps for state in states) if target == 0 else 0,
        firing={
            alert: one for state in states for alert, one in state.firing.items() if is_ours(one.transition.tenant)
        },
        silences={name: one for state in states for name, one in state.silences.items() if is_ours(name[0])},
        acted={name: at_ms for state in states for name, at_ms in state.acted.items()},
        recent={alert: one for state in states for alert, one in state.recent.items() if is_ours(one.key[0])},
        budgets={tenant: one for state in states for tenant, one in state.budgets.items() if is_ours(tenant)},
        outages={key: one for state in states for key, one in state.outages.items() if is_ours(key[0])},
    )
