"""Laws of the decoder, over messages that are good, spoiled, packed, or no messages at all."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.formats.specimens import ARRIVAL_MS, BOUNDS, KEY, outcome
from tocsin.core.formats.json_message import Message
from tocsin.core.formats.json_record import examine_record
from tocsin.core.plan.model import Bounds

SMALL = Bounds(record_bytes_max=2_000, messages_max=6, metrics_max=4, depth_max=4)
KEYS = st.sampled_from([KEY, KEY, KEY, "acme#pump-8", "acme#", "!tick"])

numbers = st.one_of(
    st.integers(), st.floats(), st.sampled_from([0, -0.0, 1e100, 1e101, 1e308, 2**53, 2**63, 2**64, 10**30])
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=5), st.just("\ud800")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
ids = st.sampled_from(["pump-7", "pump-7", "pump-8", "a#b", "", "x" * 65, "\ud800"])
times = st.one_of(
    st.just(ARRIVAL_MS),
    st.integers(ARRIVAL_MS - 4_000_000_000, ARRIVAL_MS + 400_000),
    st.sampled_from(["2026-11-23T10:00:00Z", "2026-11-23T10:00:00", "1795428000250"]),
)
fields = st.fixed_dictionaries(
    {
        "device": ids,
        "ts": times,
        "metrics": st.dictionaries(st.sampled_from(["m", "n", "flow_lpm", "ü"]), numbers, max_size=3),
    },
    optional={
        "seq": st.integers(-1, 2**53),
        "boot": st.integers(0, 5),
        "tenant": st.sampled_from(["acme", "evil"]),
        "extra": anything,
        "more": anything,
    },
)
good = st.builds(
    lambda metrics, extra: {"device": "pump-7", "ts": ARRIVAL_MS, "metrics": metrics} | extra,
    st.dictionaries(st.sampled_from(["m", "n", "o"]), st.floats(-100, 100), min_size=1, max_size=3),
    st.fixed_dictionaries(
        {}, optional={"seq": st.integers(0, 9), "tenant": st.just("acme"), "extra": st.text(max_size=9)}
    ),
)
written: st.SearchStrategy[bytes] = st.builds(
    lambda value, separators, plain: json.dumps(value, separators=separators, ensure_ascii=not plain).encode(
        "utf-8", "surrogatepass"
    ),
    fields | good | good,
    st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")]),
    st.booleans(),
)


@st.composite
def spoiled(draw: Callable[..., Any]) -> bytes:
    """A message with a piece copied, cut or replaced."""
    data = bytearray(draw(written))
    at = draw(st.integers(0, len(data)))
    until = min(len(data), at + draw(st.integers(0, 30)))
    data[at:until] = draw(
        st.sampled_from([b"", b'"', b"{", b"}", b"[", b",", b"\n", b"\\", b"\xff", b"NaN", bytes(data[at:until]) * 2])
    )
    return bytes(data)


messages = written | written | spoiled()
records = st.one_of(
    messages,
    st.lists(messages, max_size=8).map(lambda parts: b"[" + b",".join(parts) + b"]"),
    st.lists(messages, min_size=1, max_size=8).map(b"\n".join),
    st.binary(max_size=50),
    st.text(alphabet='[]{}":,\\u0 \nedts', max_size=40).map(str.encode),
)
batches = st.lists(st.tuples(KEYS, records), max_size=6)
law = settings(max_examples=150, deadline=None)


@law
@given(batches)
def test_every_message_is_accepted_or_refused_and_nothing_is_raised(batch: list[tuple[str, bytes]]) -> None:
    found = outcome([key for key, _ in batch], [data for _, data in batch], SMALL)

    for record in range(len(batch)):
        indexes = [row[1] for row in found if row[0] == record]
        assert indexes == list(range(max(1, len(indexes))))


@law
@given(batches, st.data())
def test_split_into_batches_changes_nothing(batch: list[tuple[str, bytes]], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(batch)))
    keys, datas = [key for key, _ in batch], [data for _, data in batch]

    first = outcome(keys[:cut], datas[:cut], SMALL)
    second = [(row[0] + cut, *row[1:]) for row in outcome(keys[cut:], datas[cut:], SMALL)]

    assert first + second == outcome(keys, datas, SMALL)


@law
@given(KEYS, records)
def test_fast_way_and_close_look_agree(key: str, data: bytes) -> None:
    found = outcome([key], [data], SMALL)

    looked = list(examine_record(key, data, ARRIVAL_MS, SMALL))

    assert len(found) == len(looked)
    for row, (part, verdict) in zip(found, looked, strict=True):
        if isinstance(verdict, Message):
            assert row[3] == verdict.ts
            assert row[5] == (verdict.seq >= 0)
            assert dict(row[6]) == {name: (value + 0.0).hex() for name, value in verdict.metrics.items()}
        else:
            assert row[2:] == (verdict.reason, verdict.detail, part)


@law
@given(st.lists(good, min_size=1, max_size=5))
def test_packing_messages_into_one_record_keeps_them(values: list[dict[str, Any]]) -> None:
    parts = [json.dumps(value).encode() for value in values]

    single = [row[2:] for row in outcome([KEY] * len(parts), parts, BOUNDS)]

    assert [row[2:] for row in outcome([KEY], [b"[" + b",".join(parts) + b"]"])] == single
    assert [row[2:] for row in outcome([KEY], [b"\n".join(parts)])] == single
