"""Patterns of ids: what covers what, and what overlaps, against matching by brute force."""

from fnmatch import fnmatchcase
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.core.plan.patterns import covers, overlap

# No pattern of up to four characters tells apart more than these: a and b, and some third character.
WORDS = ["".join(letters) for length in range(7) for letters in product("abc", repeat=length)]

short_patterns = st.text("ab*?", max_size=4)


def matching(pattern: str) -> set[str]:
    return {word for word in WORDS if fnmatchcase(word, pattern)}


@settings(max_examples=200, deadline=None)
@given(short_patterns, short_patterns)
def test_patterns_overlap_exactly_where_some_word_matches_both(first: str, second: str) -> None:
    assert overlap(first, second) == bool(matching(first) & matching(second))


@settings(max_examples=200, deadline=None)
@given(short_patterns, short_patterns)
def test_a_pattern_that_covers_another_matches_all_of_its_words(outer: str, inner: str) -> None:
    if covers(outer, inner):
        assert matching(inner) <= matching(outer)


@pytest.mark.parametrize(
    ("outer", "inner"),
    [("*", "a?*"), ("a*", "ab*"), ("?", "a"), ("*_celsius", "air_celsius"), ("a*c", "a*b*c"), ("", "")],
)
def test_the_covers_that_people_write_are_known(outer: str, inner: str) -> None:
    assert covers(outer, inner)


@pytest.mark.parametrize(("outer", "inner"), [("?", "*"), ("??", "*"), ("a", "?"), ("a*", "*"), ("a.c", "abc")])
def test_a_narrower_pattern_does_not_cover_a_wider_one(outer: str, inner: str) -> None:
    assert not covers(outer, inner)
