"""The group of cohorts behind the handler: what key groups have folded it has folded too, whatever fails in between."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from anomaly.detectors.adaptive import Adaptive
from anomaly.handler import make_handler
from anomaly.stage import COHORTS_GROUP, NAME
from tests.anomaly.specimens import START_MS, Pane, batch
from tests.anomaly.test_cohorts import AIR, OTHER, PLAN, ROOMS
from tests.anomaly.test_handler import event
from tocsin.adapters.embedded.open import open_embedded
from tocsin.core.errors import UnavailableError
from tocsin.core.formats.pane_bytes import encode_panes
from tocsin.core.messages import Transition
from tocsin.core.plan.book import PlanBook, plan_blob, publish_plan
from tocsin.core.plan.form import FORMS
from tocsin.core.plan.model import Plan, plan_hash
from tocsin.core.ports import Backend, SavedState, StateKey, StateStore, StateWrite

SECOND_ROUND = 2


@dataclass(slots=True)
class Failing:
    """A store that does not answer every so often: sometimes it has done what it was asked, sometimes not."""

    store: StateStore
    chance: Random

    def load(self, keys: Sequence[StateKey]) -> list[SavedState]:
        return list(self.store.load(keys))

    def commit(self, writes: Sequence[StateWrite]) -> list[str | None]:
        fails = self.chance.randrange(6)
        if fails == 0:
            raise UnavailableError("not now")
        versions = list(self.store.commit(writes))
        if fails == 1:
            raise UnavailableError("the answer was lost")
        return versions


def night(minutes: int = 12, plan: Plan = PLAN) -> list[bytes]:
    """Return what both groups send while one room of six warms up."""
    sent = []
    for minute in range(minutes):
        for group in (0, 1):
            panes = [
                Pane(minute, 20.0 + place / 10 + (minute if place == 5 else 0), ROOMS[place], AIR)
                for place in range(group, 6, 2)
            ]
            own = batch(minute + 1, panes, tick=minute + 1.5, plan_hash=plan_hash(plan))
            sent.append(encode_panes(replace(own, group=group)))
    return sent


def told(backend: Backend) -> list[Transition]:
    return sorted(backend.alerts.query("acme", limit=100), key=lambda one: (one.device, one.number))


def played(datas: Sequence[bytes], chance: Random | None, plan: Plan = PLAN) -> tuple[list[Transition], bytes | None]:
    """Deliver the records in batches, in a new process now and then; return the alerts, and the group's state."""
    with open_embedded(None, now_ms=lambda: START_MS) as opened:
        backend = replace(opened.backend, state=Failing(opened.backend.state, chance)) if chance else opened.backend
        publish_plan(OTHER, backend.blobs)
        book = PlanBook(plan, lambda named: backend.blobs.get(plan_blob(named)))
        handler, done = make_handler(backend, book, Adaptive()), 0
        while done < len(datas):
            size = chance.randrange(1, 5) if chance else 1
            begin = max(0, done - chance.randrange(3)) if chance else done
            part = datas[begin : done + size]
            try:
                failed = handler(event(*part, first=begin), None)["batchItemFailures"]
            except UnavailableError:
                failed = [{"itemIdentifier": str(begin)}]
            done = int(failed[0]["itemIdentifier"]) if failed else begin + len(part)
            if chance and not chance.randrange(3):
                handler = make_handler(backend, book, Adaptive())
        saved = opened.backend.state.load([StateKey(1, COHORTS_GROUP, NAME)])[0]
        return told(opened.backend), saved.blob


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1 << 32).map(Random))
def test_store_that_fails_and_processes_that_die_leave_no_trace_in_what_is_told(chance: Random) -> None:
    wanted, _ = played(night(), None)

    found, _ = played(night(), chance)

    assert [one.device for one in wanted] == ["n-5"] * SECOND_ROUND
    assert found == wanted


def test_plan_without_such_a_rule_keeps_no_group_of_cohorts() -> None:
    _, state = played(night(plan=OTHER), None, OTHER)

    assert state is None


def test_rule_that_leaves_the_plan_is_heard_of_by_a_new_process_too() -> None:
    last = [encode_panes(replace(batch(13, [], tick=14, plan_hash=plan_hash(OTHER)), group=group)) for group in (0, 1)]
    with open_embedded(None, now_ms=lambda: START_MS) as opened:
        backend = opened.backend
        for plan, datas in ((PLAN, night()), (OTHER, last)):
            publish_plan(plan, backend.blobs)
            book = PlanBook(plan, lambda named: backend.blobs.get(plan_blob(named)))
            make_handler(backend, book, Adaptive())(event(*datas), None)

        assert told(backend)[-1].summary.startswith("air: closed because the plan in force has no rule apart")


def test_group_of_cohorts_has_a_number_that_no_key_group_can_have() -> None:
    (groups,) = (field for field in FORMS[Plan] if field.key == "groups")

    assert groups.high == COHORTS_GROUP
