"""Actions in a recording take effect in a replay, in their place."""

from dataclasses import replace

import msgspec

from tests.alerts.specimens import AT_MS
from tocsin.core.actions import ACTION_KEY_START, Action, ActionKind, encode_action_json
from tocsin.core.clock import MINUTE_MS, SECOND_MS, iso
from tocsin.core.formats.recording import Header, Recorded
from tocsin.core.plan.model import LimitsRule, MetricPlan, Plan, Window
from tocsin.core.silences import Silence
from tocsin.runtime.replay import Replayed, replay

PLAN = Plan(
    metrics=(MetricPlan("*", (Window(MINUTE_MS, MINUTE_MS),)),),
    rules=(LimitsRule(name="hot", metric="air_celsius", above=30.0, early=False),),
)
SILENCE = Action(
    "acme",
    "00000000000000b1",
    AT_MS,
    "anna",
    ActionKind.SILENCE,
    silence=Silence("", device="fan-1", end=iso(AT_MS + 20 * MINUTE_MS)),
)


def readings() -> list[Recorded]:
    """Return half an hour in which it is hot from the fifth minute on."""
    return [
        Recorded(
            at_ms,
            "acme#fan-1",
            msgspec.json.encode({"device": "fan-1", "ts": at_ms, "metrics": {"air_celsius": 40 if place > 30 else 20}}),
        )
        for place, at_ms in enumerate(range(AT_MS, AT_MS + 30 * MINUTE_MS, 10 * SECOND_MS))
    ]


def played(*actions: Action) -> Replayed:
    done = [Recorded(one.at_ms, ACTION_KEY_START + one.tenant, encode_action_json(one)) for one in actions]
    records = sorted([*done, *readings()], key=lambda record: record.arrival_ms)
    return replay(Header(clock="virtual"), records, PLAN)


def test_silence_of_a_recording_keeps_alerts_back_in_its_replay() -> None:
    plain, silenced = played(), played(SILENCE)

    assert plain.transitions == silenced.transitions
    assert [message.subject[:6] for message in plain.notifications] == ["FIRING"]
    assert [message.subject[:12] for message in silenced.notifications] == ["STILL FIRING"]
    assert silenced.notifications[0].at_ms == AT_MS + 20 * MINUTE_MS


def test_actions_are_no_readings() -> None:
    assert played(SILENCE).records == played().records


def test_copy_of_an_action_changes_nothing() -> None:
    copied = played(SILENCE, replace(SILENCE))

    assert copied.notifications == played(SILENCE).notifications
