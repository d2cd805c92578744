"""Laws of the step, over random lives of alerts, ticks at any place, any split, any copies."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.batch import Arrival, Batch
from alerts.muting import is_muted
from alerts.people import Acted
from alerts.state import AlertsState, Hold, Stance, decode, encode
from alerts.step import step
from alerts.ticking import FORGET_MS
from tests.alerts.specimens import AT_MS, FIRING, PENDING, arrival, decisions, listed, notifications, of_device
from tocsin.core.actions import Action, ActionKind
from tocsin.core.clock import MINUTE_MS, iso
from tocsin.core.formats.muted_item import MUTED_PREFIX
from tocsin.core.life import Condition
from tocsin.core.machine import Entry
from tocsin.core.messages import AlertRef, Decision, Notification, Phase, Severity, Transition
from tocsin.core.plan.telling import Grouping
from tocsin.core.silences import Silence

NEXT: dict[Phase, tuple[Phase, ...]] = {
    Phase.INACTIVE: (Phase.PENDING, Phase.FIRING),
    Phase.PENDING: (Phase.FIRING, Phase.INACTIVE),
    Phase.FIRING: (Phase.RESOLVED,),
    Phase.RESOLVED: (Phase.PENDING, Phase.FIRING),
}
OPENS = {Phase.PENDING, Phase.FIRING}
OUTAGES = {"gateway_missing", "site_missing"}
History = list[Arrival | Acted | int]
"""Transitions, actions, and ticks as instants."""

GROUPINGS = st.builds(
    Grouping,
    by=st.sampled_from([(), ("site",), ("site", "kind"), ("device",)]),
    wait_ms=st.sampled_from([0, 30_000, 90_000]),
    interval_ms=st.sampled_from([0, 60_000, 300_000]),
    send_resolved=st.booleans(),
    severity_min=st.sampled_from([Severity.INFO, Severity.CRITICAL]),
    repeat_ms=st.sampled_from([0, 300_000]),
    gateway_wait_ms=st.sampled_from([0, 120_000]),
    flap_episodes=st.sampled_from([0, 2, 3]),
    flap_settle_ms=st.sampled_from([60_000, 600_000]),
)
OUTAGE_GROUPINGS = st.builds(
    Grouping,
    wait_ms=st.sampled_from([0, 90_000]),
    interval_ms=st.sampled_from([0, 60_000]),
    send_resolved=st.booleans(),
    gateway_wait_ms=st.sampled_from([60_000, 120_000]),
    flap_episodes=st.sampled_from([0, 3]),
)
SILENT = replace(FIRING.evidence, value=600_000.0)
KINDS = st.sampled_from([ActionKind.ACKNOWLEDGE, ActionKind.ASSIGN, ActionKind.SILENCE, ActionKind.UNSILENCE])


@st.composite
def outage_histories(draw: st.DrawFn) -> History:
    """Draw three devices of one gateway that fall silent and return, and two others' alerts, by half minutes."""
    grouping = draw(OUTAGE_GROUPINGS)
    still = replace(PENDING, number=0, episode=0, phase=Phase.INACTIVE)
    silent = replace(still, kind="missing", metric="", evidence=SILENT)
    alerts = [of_device(silent if index < 3 else still, index) for index in range(5)]
    history: History = []
    now_ms = AT_MS
    for kind in [0, 1, *draw(st.lists(st.integers(0, 9), max_size=30))]:
        if kind < len(alerts):
            alerts[kind] = moved(alerts[kind], 1 if alerts[kind].phase is not Phase.FIRING else 0, now_ms)
            history.append(arrival(alerts[kind], now_ms, grouping))
        elif kind == len(alerts):
            history.append(draw(actions(alerts[3], now_ms, len(history))))
        else:
            now_ms += 30_000
            history += [now_ms] if now_ms % MINUTE_MS == 0 else []
    return history


@st.composite
def many_histories(draw: st.DrawFn) -> History:
    """Draw alerts of two tenants and two sites that live, what people do about them, and ticks between."""
    grouping = draw(GROUPINGS)
    alerts = [
        of_device(
            PENDING,
            index,
            tenant=("acme", "zeta")[index % 2],
            site=("north", "")[index // 2 % 2],
            severity=(Severity.CRITICAL, Severity.WARNING)[index % 3 % 2],
            number=0,
            episode=0,
            phase=Phase.INACTIVE,
            **({"kind": "missing", "metric": "", "evidence": SILENT} if index % 2 else {}),
        )
        for index in range(7)
    ]
    history: History = []
    now_ms = AT_MS
    for kind, choice, pause_ms in draw(
        st.lists(
            st.tuples(st.integers(0, 9), st.integers(0, 1), st.sampled_from([0, 1_000, 40_000, 400_000])), max_size=40
        )
    ):
        now_ms += pause_ms
        if kind >= len(alerts) + 1:
            history.append(now_ms)
        elif kind == len(alerts):
            history.append(draw(actions(alerts[choice], now_ms, len(history))))
        else:
            alerts[kind] = moved(alerts[kind], choice, now_ms)
            history.append(arrival(alerts[kind], now_ms, grouping))
    return history


@st.composite
def actions(draw: st.DrawFn, alert: Transition, now_ms: int, place: int) -> Acted:
    """Draw what a person does about the alert, or about all of its tenant's pumps for a while."""
    end_ms = now_ms + draw(st.sampled_from([60_000, 600_000]))
    return Acted(
        Action(
            alert.tenant,
            f"{place:016x}",
            now_ms,
            "anna",
            draw(KINDS),
            alert.fingerprint,
            alert.episode,
            until_ms=draw(st.sampled_from([None, end_ms])),
            silence=Silence("", device=draw(st.sampled_from(["pump-*", alert.device])), end=iso(end_ms)),
            silence_id=f"{draw(st.integers(0, place)):016x}",
        ),
        now_ms,
    )


def moves(history: History) -> list[Transition]:
    return [event.transition for event in history if isinstance(event, Arrival)]


def moved(before: Transition, choice: int, at_ms: int) -> Transition:
    """Return the next transition of the alert."""
    phases = NEXT[before.phase]
    phase = phases[choice % len(phases)]
    opens = phase in OPENS and before.phase not in OPENS
    return replace(
        before,
        phase_from=before.phase,
        phase=phase,
        number=before.number + 1,
        episode=before.episode + opens,
        at_ms=at_ms,
        since_ms=at_ms if opens else before.since_ms,
    )


def histories() -> st.SearchStrategy[History]:
    """Return what happens anywhere, and what happens around the outage of a gateway."""
    return many_histories() | outage_histories()


@dataclass
class Folded:
    state: AlertsState
    emitted: list[Entry]


def fold(batches: Sequence[Batch]) -> Folded:
    """Fold the batches as the machine does, through bytes each time."""
    folded = Folded(AlertsState(), [])
    for batch in batches:
        rest: Batch | None = batch
        while rest is not None:
            outcome = step(folded.state, rest)
            folded.state, rest = decode(encode(outcome.state)), outcome.rest
            folded.emitted += outcome.emitted
    return folded


def one_by_one(history: History) -> list[Batch]:
    return [Batch(tick_ms=event) if isinstance(event, int) else Batch((event,)) for event in history]


def in_runs(history: History) -> list[Batch]:
    """Return the transitions between ticks in one batch each, the tick with them."""
    batches: list[Batch] = []
    run: list[Arrival | Acted] = []
    for event in history:
        if isinstance(event, int):
            batches.append(Batch(tuple(run), event))
            run = []
        else:
            run.append(event)
    return [*batches, Batch(tuple(run))]


def ended(history: History) -> History:
    """Return the history with ticks behind it at which all that waits is due."""
    end_ms = max([AT_MS, *(event if isinstance(event, int) else event.arrival_ms for event in history)])
    return [*history, end_ms + 5 * MINUTE_MS, end_ms + 10 * MINUTE_MS]


@settings(deadline=None, max_examples=60)
@given(histories())
def test_any_split_into_batches_sends_the_same_notifications(history: History) -> None:
    assert fold(in_runs(history)) == fold(one_by_one(history))


@settings(deadline=None, max_examples=60)
@given(histories(), st.data())
def test_copies_change_nothing(history: History, data: st.DataObject) -> None:
    copied: History = []
    for event in history:
        copied.append(event)
        before = [each for each in copied if not isinstance(each, int)]
        if before and data.draw(st.booleans()):
            copied += before[data.draw(st.integers(0, len(before) - 1)) :]

    assert fold(in_runs(copied)) == fold(in_runs(history))


@settings(deadline=None, max_examples=60)
@given(histories())
def test_every_transition_gets_exactly_one_decision_once_time_has_passed(history: History) -> None:
    emitted = fold(one_by_one(ended(history))).emitted

    wanted = [ref(transition) for transition in moves(history)]
    assert Counter(one.alert for one in decisions(emitted)) == Counter(wanted)


@settings(deadline=None, max_examples=60)
@given(histories())
def test_decisions_and_notifications_tell_the_same_story(history: History) -> None:
    emitted = fold(one_by_one(ended(history))).emitted

    everything = {message.id: message for message in notifications(emitted)}
    assert len(everything) == len(notifications(emitted))
    told = {named: message for named, message in everything.items() if not is_again(message)}
    of_message: dict[str, list[AlertRef]] = defaultdict(list)
    for record in decisions(emitted):
        is_muted = record.decision is Decision.INHIBITED and not record.notification_id
        if is_muted or record.decision in {Decision.QUIET, Decision.SILENCED, Decision.HELD}:
            assert not record.notification_id
            assert (record.outage_alert is not None) == is_muted
        else:
            of_message[record.notification_id].append(record.alert)
            message = told[record.notification_id]
            is_outage = message.attributes["kind"] in OUTAGES and message.attributes["state"] == "firing"
            expected = Decision.SENT if len(message.alerts) == 1 else Decision.GROUPED
            assert record.decision is (Decision.INHIBITED if is_outage else expected)
            assert record.tenant == told[record.notification_id].tenant
    assert {named: tuple(refs) for named, refs in of_message.items()} == {
        named: message.alerts for named, message in told.items()
    }


@settings(deadline=None, max_examples=60)
@given(histories())
def test_notifications_are_of_one_state_numbered_by_tenant_and_in_order_for_each_alert(history: History) -> None:
    phase_of = {ref(transition): transition.phase for transition in moves(history)}

    messages = notifications(fold(one_by_one(ended(history))).emitted)

    numbers: dict[str, list[int]] = defaultdict(list)
    newest: dict[str, int] = defaultdict(int)
    firing_told: set[tuple[str, int]] = set()
    flapping_told: set[str] = set()
    for message in messages:
        numbers[message.tenant].append(message.number)
        for alert in message.alerts:
            assert phase_of[alert] == message.attributes["state"]
            assert alert.number > newest[alert.fingerprint] or (
                is_again(message) and alert.number == newest[alert.fingerprint]
            )
            newest[alert.fingerprint] = alert.number
            if message.attributes["state"] == "firing":
                firing_told.add((alert.fingerprint, alert.episode))
                flapping_told |= {alert.fingerprint} if message.attributes["change"] == "flapping" else set()
            else:  # who was told that it flaps is told how it ended, whichever episode that was
                assert (alert.fingerprint, alert.episode) in firing_told or alert.fingerprint in flapping_told
    assert all(each == list(range(1, len(each) + 1)) for each in numbers.values())


@settings(deadline=None, max_examples=60)
@given(histories())
def test_directory_lists_exactly_the_alerts_that_fire(history: History) -> None:
    last = {transition.fingerprint: transition for transition in moves(history)}

    entries = listed(fold(one_by_one(history)).emitted)

    firing = {f"OPEN#{name}" for name, transition in last.items() if transition.phase is Phase.FIRING}
    assert {key for key, entry in entries.items() if key[:5] == "OPEN#" and entry.data is not None} == firing


@settings(deadline=None, max_examples=60)
@given(histories())
def test_directory_lists_exactly_the_alerts_that_outages_mute(history: History) -> None:
    folded = fold(one_by_one(history))

    muted = {f"{MUTED_PREFIX}{name}" for name, one in folded.state.firing.items() if one.muting}
    entries = listed(folded.emitted)
    assert {key for key, one in entries.items() if key.startswith(MUTED_PREFIX) and one.data is not None} == muted


@settings(deadline=None, max_examples=40)
@given(histories())
def test_a_tick_that_came_before_changes_nothing(history: History) -> None:
    state = fold(one_by_one(ended(history))).state
    tick_ms = ended(history)[-1]
    assert isinstance(tick_ms, int)

    settled = step(state, Batch(tick_ms=tick_ms))
    again = step(settled.state, Batch(tick_ms=tick_ms))
    older = step(settled.state, Batch(tick_ms=tick_ms - 1))

    assert again.state is older.state is settled.state
    assert again.emitted == older.emitted == ()


@settings(deadline=None, max_examples=40)
@given(histories())
def test_state_survives_being_saved(history: History) -> None:
    state = fold(one_by_one(history)).state

    assert decode(encode(state)) == state


@settings(deadline=None, max_examples=40)
@given(histories())
def test_after_days_of_silence_only_alerts_told_and_not_over_are_remembered(history: History) -> None:
    quiet: History = [event + FORGET_MS for event in ended(history)[-2:] if isinstance(event, int)]

    state = fold(one_by_one([*ended(history), *quiet])).state

    assert not state.gatherings
    assert all(known.told or name in state.firing for name, known in state.known.items())
    assert not state.silences
    assert not state.acted


@settings(deadline=None, max_examples=60)
@given(histories())
def test_what_is_remembered_as_firing_fires_and_was_told_or_is_silenced(history: History) -> None:
    last = {transition.fingerprint: transition for transition in moves(history)}
    emitted = fold(one_by_one(ended(history))).emitted
    held_back = {one.alert for one in decisions(emitted) if not one.notification_id}

    state = fold(one_by_one(ended(history))).state

    for name, one in state.firing.items():
        assert ref(one.transition) == ref(last[name])
        assert last[name].phase is Phase.FIRING
        assert one.stance is not Stance.WAITING
        if one.stance is Stance.HELD:
            assert ref(one.transition) in held_back
            is_waiting = one.held_by is Hold.OUTAGE and one.condition is not Condition.ACKNOWLEDGED
            assert not is_waiting or is_muted(state.outages, one.transition)
    held = {name for name, one in state.firing.items() if one.stance is Stance.HELD}
    told = {alert for message in notifications(emitted) for alert in message.alerts}
    assert not {ref(last[name]) for name in held} & told


@settings(deadline=None, max_examples=60)
@given(histories())
def test_outage_mutes_only_while_most_of_its_devices_are_silent(history: History) -> None:
    state = fold(one_by_one(ended(history))).state

    for standing in state.outages.values():
        assert 2 * sum(name in state.firing for name in standing.silences) > len(standing.silences)


def is_again(message: Notification) -> bool:
    return message.subject.startswith("STILL") or any(
        words in message.text for words in ("This flapped", "This fired while its")
    )


def ref(transition: Transition) -> AlertRef:
    return AlertRef(transition.fingerprint, transition.episode, transition.number)


def test_specimen_is_told() -> None:
    assert notifications(fold([Batch((arrival(FIRING),))]).emitted)[0].alerts == (ref(FIRING),)
