"""A full group: what it refuses depends on the order of messages, not on where batches end."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors import rows
from processors.aside import BLOB_LANE
from processors.geometry import geometry_of
from processors.state import Group, ShardAccount
from processors.step import live, step
from tests.processors.streams import SHARD, WIDE, Item, Message, batch_of, columns_of, plan_of, play
from tocsin.core.formats.rejections import decode_rejections
from tocsin.core.machine import Entry
from tocsin.core.messages import Rejection
from tocsin.core.plan.book import PlanBook
from tocsin.core.plan.model import Bounds, Plan
from tocsin.core.reasons import Reason

MINUTE = 60_000
BOUNDS = Bounds(skew_ms=WIDE.skew_ms, age_ms_max=WIDE.age_ms_max, devices_per_group_max=2)
WINDOWS = plan_of({"*": [(MINUTE, MINUTE)]})
PLAN = Plan(metrics=WINDOWS.metrics, timing=WINDOWS.timing, groups=1, bounds=BOUNDS)


@pytest.fixture(autouse=True, scope="module")
def _two_metrics() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "METRICS_MAX", 2)
        yield


def _message(device: str, at_ms: int, *metrics: str) -> Message:
    return Message(device, at_ms, tuple((metric, 1.0) for metric in metrics))


@pytest.mark.parametrize(
    "items",
    [
        pytest.param(
            [_message("a", 0, "x"), _message("b", 0, "x"), _message("c", 1, "y"), _message("a", 2, "z")],
            id="a refused device takes no room of metrics",
        ),
        pytest.param(
            [_message("a", 0, "x", "y"), _message("b", 1, "z"), _message("c", 2, "x")],
            id="a device refused for its metric takes no room of devices",
        ),
    ],
)
def test_what_is_refused_takes_no_room(items: list[Message]) -> None:
    state, _ = play(PLAN, items)

    account: ShardAccount = state.group.shards[SHARD]
    assert (account.messages, account.rejected) == (len(items) - 1, 1)


@st.composite
def _streams(draw: st.DrawFn) -> list[Item]:
    names = st.lists(st.sampled_from("xyz"), min_size=1, max_size=2, unique=True)
    return [_message(draw(st.sampled_from("abcd")), place, *draw(names)) for place in range(draw(st.integers(1, 12)))]


@settings(max_examples=60, deadline=None)
@given(_streams(), st.lists(st.integers(1, 11), max_size=6))
def test_any_split_refuses_the_same(items: Sequence[Item], cuts: list[int]) -> None:
    whole_state, whole = play(PLAN, items)
    split_state, split = play(PLAN, items, cuts)

    assert columns_of(split_state) == columns_of(whole_state)
    assert _rejections(split) == _rejections(whole)


def test_rejection_of_one_message_of_many_in_a_record_holds_its_own_bytes() -> None:
    known, other = _message("a", 0, "x", "y"), _message("a", 1, "z")
    batch = batch_of([known, other], 0, bounds=BOUNDS)
    data = b"[" + known.data() + b", " + other.data() + b"]"
    record = replace(batch.messages, record=np.zeros(2, np.int32), index=np.arange(2, dtype=np.int32))
    batch = replace(batch, messages=record, datas=[data, data])

    entries = step(live(Group.empty(0, geometry_of(PLAN)), PlanBook(PLAN)), batch, PlanBook(PLAN)).emitted

    [rejection] = _rejections(entries)
    assert (rejection.reason, rejection.data) == (Reason.GROUP_FULL, other.data())


def _rejections(entries: Sequence[Entry]) -> list[Rejection]:
    return [one for entry in entries if entry.lane == BLOB_LANE for one in decode_rejections(entry.data)]
