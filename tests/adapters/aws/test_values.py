"""Attributes, keys and limits."""

from itertools import pairwise
from math import isnan
from typing import Any

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.adapters.aws.attributes import number, number_of, whole_number_of
from tocsin.adapters.aws.keys import start_text
from tocsin.adapters.aws.limits import Limit, table

DIGITS_MAX = 38


@settings(max_examples=300, deadline=None)
@given(st.floats())
def test_float_comes_back_as_it_went_and_fits_dynamodbs_numbers(value: float) -> None:
    encoded = number(value)

    back = number_of(encoded)

    assert back == value or (isnan(back) and isnan(value))
    if "N" in encoded:
        mantissa = encoded["N"].lower().partition("e")[0]
        assert sum(character.isdigit() for character in mantissa) <= DIGITS_MAX
        assert value == 0 or 1e-130 <= abs(value) <= 9.9e125


@given(st.integers(-(10**15), 10**15))
def test_whole_number_comes_back_as_it_went(value: int) -> None:
    assert whole_number_of(number(value)) == value


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-(10**15) + 1, 10**15 - 1), min_size=2, unique=True))
def test_starts_sort_as_text_like_the_numbers(starts: list[int]) -> None:
    texts = [start_text(start) for start in sorted(starts)]

    assert all(earlier < later for earlier, later in pairwise(texts))


def test_start_beyond_all_sorts_last() -> None:
    assert start_text(10**15) == start_text(10**15 - 1) == "9" * 15


def _modelled(service: str, shape: str) -> Any:
    return botocore.session.get_session().get_service_model(service).shape_for(shape).metadata["max"]


@pytest.mark.parametrize(
    ("name", "service", "shape"),
    [
        ("KINESIS_PUT_RECORDS", "kinesis", "PutRecordsRequestEntryList"),
        ("KINESIS_KEY_CHARACTERS", "kinesis", "PartitionKey"),
        ("KINESIS_GET_RECORDS", "kinesis", "GetRecordsInputLimit"),
        ("DYNAMODB_BATCH_ITEMS", "dynamodb", "WriteRequests"),
        ("DYNAMODB_TRANSACTION_ITEMS", "dynamodb", "TransactWriteItemList"),
        ("EVENTS_BATCH_ENTRIES", "events", "PutEventsRequestEntryList"),
    ],
)
def test_limit_is_the_one_in_the_service_model(name: str, service: str, shape: str) -> None:
    assert table()[name].most == _modelled(service, shape)


def test_every_limit_says_what_it_limits_and_where_that_is_written() -> None:
    assert len(table()) > 20
    assert all(limit.most > 0 and limit.what and "," in limit.source for limit in table().values())


def test_limit_lets_its_own_figure_pass_and_names_thing_rule_and_value_beyond_it() -> None:
    limit = Limit(10, "messages a batch", "the book, page 1")
    limit.hold(10, "batch 7")

    with pytest.raises(ValueError, match=r"batch 7 has 11 messages a batch, AWS takes 10 at most \(the book, page 1\)"):
        limit.hold(11, "batch 7")
