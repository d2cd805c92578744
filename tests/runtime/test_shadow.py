"""A rule can be tried beside the live one: judged, recorded, compared, and told to nobody."""

from msgspec.structs import replace

from tests.runtime.walk import PLAN, walk
from tocsin.core.formats.recording import Header
from tocsin.core.messages import Phase
from tocsin.core.plan.model import LimitsRule, Plan
from tocsin.runtime.golden import golden_text
from tocsin.runtime.replay import replay
from tocsin.runtime.shadow import shadow_reports, shadow_rules, shadows_of

HEADER = Header(clock="virtual")
LIVE = next(rule for rule in PLAN.rules if isinstance(rule, LimitsRule))


def with_shadow(**changes: object) -> Plan:
    tried = replace(LIVE, name="tried", shadow_of=LIVE.name, early=False, **changes)
    return replace(PLAN, rules=(*PLAN.rules, tried))


def test_shadow_rule_changes_nothing_that_people_see() -> None:
    plain = replay(HEADER, walk(), PLAN)

    tried = replay(HEADER, walk(), with_shadow())

    assert golden_text(tried.transitions, tried.notifications) == golden_text(plain.transitions, plain.notifications)
    assert len(tried.all_transitions) > len(tried.transitions)
    assert plain.counts
    assert tried.counts
    assert tried.counts.transitions == plain.counts.transitions
    shadowed = len(tried.all_transitions) - len(tried.transitions)
    assert tried.counts.decisions == {**plain.counts.decisions, "shadowed": shadowed}


def test_only_the_difference_to_the_live_rule_is_reported() -> None:
    assert LIVE.above is not None
    same_plan = replace(with_shadow(), rules=(*PLAN.rules, replace(LIVE, name="tried", shadow_of=LIVE.name)))
    looser_plan = with_shadow(above=LIVE.above + 1_000)

    same = replay(HEADER, walk(), same_plan)
    looser = replay(HEADER, walk(), looser_plan)

    (alike,) = shadow_reports(same.all_transitions, shadow_rules(same_plan))
    (missed,) = shadow_reports(looser.all_transitions, shadow_rules(looser_plan))
    fired = sum(move.phase is Phase.FIRING and move.rule == LIVE.name for move in same.transitions)
    assert (alike.rule, alike.beside, len(alike.pairs), alike.differing) == ("tried", LIVE.name, fired, ())
    assert [pair.kinds for pair in missed.differing] == [("lost",)] * fired
    assert fired > 0
    assert shadows_of(same.all_transitions) == [("tried", LIVE.name)]
