"""Budgets: how many notifications a tenant gets within a span, and the summary of what was held back."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from alerts.fold import Fold
from alerts.lanes import notification_entry
from alerts.message import summary_notification
from alerts.state import Budget
from tocsin.core.messages import Transition

WORDS_MAX: Final = 30
"""What was held back is counted by so many different words; the rest is counted together."""

REST: Final = "of other kinds or sites"


def has_room(fold: Fold, tenant: str, now_ms: int) -> bool:
    """Tell whether one more notification of what fires is within the tenant's budget.

    Only what fires is held back: who was told that an alert fires is told that it is over.
    """
    known = fold.budgets.get(tenant)
    if not fold.budget or known is None:
        return True
    return known.spent < known.size or (now_ms >= known.end_ms and not known.held)


def spend(fold: Fold, tenant: str, now_ms: int) -> None:
    """Count a notification; the first after a span begins the next one."""
    known = fold.budgets.get(tenant)
    if not fold.budget:
        return
    if known is None or (now_ms >= known.end_ms and not known.held):
        known = Budget(tenant, now_ms, now_ms + fold.budget_within_ms, fold.budget)
    fold.budgets[tenant] = replace(known, spent=known.spent + 1)
    fold.changed = True


def held_back(fold: Fold, part: Sequence[Transition]) -> None:
    """Count what is held back."""
    known = fold.budgets[part[0].tenant]
    held = dict(known.held)
    for one in part:
        words = f"{one.severity} {one.kind}" + (f" at {one.site}" if one.site else "")
        words = words if words in held or len(held) < WORDS_MAX else REST
        held[words] = held.get(words, 0) + 1
    fold.budgets[known.tenant] = replace(known, held=held)
    fold.changed = True


def renew(fold: Fold, tick_ms: int) -> None:
    """Begin new spans for tenants whose span is over, with a summary of what was held back."""
    for tenant, known in sorted(fold.budgets.items()):
        if tick_ms < known.end_ms:
            continue
        del fold.budgets[tenant]
        fold.changed = True
        if not known.held:
            continue
        fold.numbers[tenant] = fold.numbers.get(tenant, 0) + 1
        fold.emitted.append(notification_entry(summary_notification(known, fold.numbers[tenant], tick_ms)))
        if fold.budget:
            fold.budgets[tenant] = Budget(tenant, tick_ms, tick_ms + fold.budget_within_ms, fold.budget, 1)
