"""What shadow rules would have told, beside the rules that they may come to replace."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tocsin.core.messages import Phase, Transition
from tocsin.core.plan.model import Plan
from tocsin.runtime.episodes import Episode, episodes
from tocsin.runtime.plan_diff import Item, Pair, matched


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """One shadow rule beside its live rule.

    Attributes:
        rule: The shadow rule.
        beside: The live rule.
        pairs: Every alert of both, by time: ``before`` is the live rule's, ``after`` the shadow's.
    """

    rule: str
    beside: str
    pairs: tuple[Pair, ...]

    @property
    def differing(self) -> tuple[Pair, ...]:
        """The alerts that the shadow adds, misses, or tells otherwise."""
        return tuple(pair for pair in self.pairs if pair.kinds)


def shadow_reports(transitions: Iterable[Transition], shadows: Iterable[tuple[str, str]]) -> list[ShadowReport]:
    """Return a report a shadow rule, in the order given.

    Args:
        transitions: Of live and of shadow rules.
        shadows: Each shadow rule with the live rule beside which it is tried.
    """
    fired = [episode for episode in episodes(transitions) if episode.fired]
    return [_report(fired, rule, beside) for rule, beside in shadows]


def shadow_rules(plan: Plan) -> list[tuple[str, str]]:
    """Return the plan's shadow rules, each with its live rule."""
    return [(rule.name, rule.shadow_of) for rule in plan.rules if rule.shadow_of]


def shadows_of(transitions: Iterable[Transition]) -> list[tuple[str, str]]:
    """Return the shadow rules that the transitions tell of, each with its live rule, by name."""
    return sorted({(one.rule, one.shadow_of) for one in transitions if one.shadow_of})


def _report(fired: Sequence[Episode], rule: str, beside: str) -> ShadowReport:
    live = [_item(one) for one in fired if one.told.rule == beside and not one.told.shadow_of]
    tried = [_item(one) for one in fired if one.told.rule == rule and one.told.shadow_of]
    return ShadowReport(rule, beside, matched(live, tried))


def _item(episode: Episode) -> Item:
    """Return the alert; the same one stands on the same series, whatever its rule is called."""
    told, newest = episode.told, episode.newest
    where = " ".join(part for part in (f"{told.tenant}/{told.device}", told.metric) if part)
    end_ms = newest.at_ms if newest.phase is Phase.RESOLVED else None
    key = (told.tenant, told.device, told.metric)
    return Item(key, f"{where}: {told.summary}", told.at_ms, end_ms, told.severity.value)
