from collections import Counter

import pytest

from tests.planted.bugs import BUGS
from tests.planted.hunt import hunt, places

PLANTED = (
    "no fence",
    "conflict taken as success",
    "published before it is committed",
)
SEEDS = 10


def test_there_are_many_bugs_and_each_has_a_name() -> None:
    assert len(BUGS) >= 25
    assert len({bug.name for bug in BUGS}) == len(BUGS)


def test_every_bug_still_fits_the_code() -> None:
    found = {bug.name: places(bug) for bug in BUGS}

    assert Counter(found.values()) == {1: len(BUGS)}, {name for name, times in found.items() if times != 1}


@pytest.mark.slow
def test_planted_bugs_are_found() -> None:
    bugs = [bug for bug in BUGS if bug.name in PLANTED]

    verdicts = list(hunt(bugs, seeds=SEEDS))

    assert len(verdicts) == len(PLANTED)
    assert all("seed " in verdict.by for verdict in verdicts), verdicts
