"""Identity of messages."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.formats.specimens import ARRIVAL_MS, decode, message
from tocsin.core.formats.identity import metric_hash64, mix64


def identity(**changes: object) -> int:
    columns, refused = decode(message(**changes))
    assert refused == []
    return int(columns.identity[0])


def test_identity_is_the_same_in_every_release() -> None:
    # These are stored with open slices: another value would fold messages in flight twice.
    assert identity() == 0x428A5605EB3DE53F
    assert identity(seq=None) == 0x88C242B91522D18F
    assert metric_hash64("temperature_celsius") == 0xEEB52B2381FB9519


def test_mix_is_the_published_one() -> None:
    # First outputs of SplitMix64 seeded with 0 and 1234567.
    assert int(mix64(np.array([0], np.uint64))[0]) == 0xE220A8397B1DCDAF
    assert int(mix64(np.array([1234567], np.uint64))[0]) == 6457827717110365317


def test_counter_alone_decides_where_there_is_one() -> None:
    same = identity(ts=ARRIVAL_MS - 5, metrics={"flow_lpm": 1})

    assert same == identity()
    assert len({identity(), identity(seq=813), identity(boot=4), identity(boot=None), identity(seq=3, boot=812)}) == 5


def test_time_metrics_and_values_decide_where_there_is_no_counter() -> None:
    variants = [
        {},
        {"ts": ARRIVAL_MS - 1},
        {"metrics": {"temperature_celsius": 61.3}},
        {"metrics": {"temperature_kelvin": 61.2}},
        {"metrics": {"temperature_celsius": 61.2, "flow_lpm": 1}},
        {"metrics": {"temperature_celsius": 1, "flow_lpm": 61.2}},
    ]

    assert len({identity(seq=None, **changes) for changes in variants}) == len(variants)


def test_zero_has_one_identity() -> None:
    assert identity(seq=None, metrics={"m": -0.0}) == identity(seq=None, metrics={"m": 0})


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.floats(-10, 10), min_size=1), st.randoms())
def test_order_of_metrics_does_not_matter(metrics: dict[str, float], random: object) -> None:
    shuffled = list(metrics.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert identity(seq=None, metrics=dict(shuffled)) == identity(seq=None, metrics=metrics)


def test_swapped_values_of_two_metrics_make_another_identity() -> None:
    one = identity(seq=None, metrics={"a": 1, "b": 2})

    assert one != identity(seq=None, metrics={"a": 2, "b": 1})
