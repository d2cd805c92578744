from hashlib import md5
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.keys import (
    HASH_END,
    ID_PATTERN,
    TICK_KEY,
    group_of,
    groups_between,
    is_id,
    key_hash,
    partition_key,
    split_key,
)

IDS = st.from_regex(ID_PATTERN, fullmatch=True)
GROUPS = st.integers(0, 12).map(lambda bits: 1 << bits)


@pytest.mark.parametrize("text", ["a", "pump-7", "A.b_c-9", "x" * 64])
def test_letters_digits_dot_dash_and_underscore_name_things(text: str) -> None:
    assert is_id(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("x" * 65, id="too long"),
        pytest.param("a#b", id="the mark of keys"),
        pytest.param("a b", id="a blank"),
        pytest.param("a\n", id="a line's end at the end"),
        pytest.param("é", id="a letter beyond ASCII"),
        pytest.param("١", id="a digit beyond ASCII"),
        pytest.param(TICK_KEY, id="the key of ticks"),
    ],
)
def test_nothing_else_names_things(text: str) -> None:
    assert not is_id(text)


@settings(max_examples=50, deadline=None)
@given(IDS, IDS)
def test_split_undoes_partition_key(tenant: str, device: str) -> None:
    assert split_key(partition_key(tenant, device)) == (tenant, device)


@pytest.mark.parametrize("key", ["", "acme", "#", "acme#", "#pump", "a#b#c", "a b#c", TICK_KEY, "x" * 10_000])
def test_key_that_is_not_two_ids_is_refused_in_one_short_line(key: str) -> None:
    with pytest.raises(ValueError, match="partition key must be tenant#device") as refusal:
        split_key(key)

    assert len(str(refusal.value)) < 250


def test_hash_is_the_md5_of_the_key_as_a_number() -> None:
    assert key_hash("acme#pump-7") == int(md5(b"acme#pump-7", usedforsecurity=False).hexdigest(), 16)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=80), st.integers(0, 12))
def test_group_is_the_first_bits_of_the_hash(key: str, bits: int) -> None:
    assert group_of(key, 1 << bits) == (key_hash(key) >> (128 - bits))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, HASH_END - 1), st.integers(1, HASH_END), GROUPS)
def test_groups_between_hold_the_first_and_the_last_hash_and_nothing_beyond(
    start: int, length: int, groups: int
) -> None:
    end = min(start + length, HASH_END)

    found = groups_between(start, end, groups)

    assert found[0] == start * groups // HASH_END
    assert found[-1] == (end - 1) * groups // HASH_END
    assert found.step == 1


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 16), GROUPS)
def test_shards_together_own_every_group(shards: int, groups: int) -> None:
    borders = [HASH_END * place // shards for place in range(shards + 1)]

    owned = {group for start, end in pairwise(borders) for group in groups_between(start, end, groups)}

    assert owned == set(range(groups))
