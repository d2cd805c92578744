"""Numbers that cannot be added exactly: their order counts, so it must be that of arrival wherever batches end."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.processors.streams import Message, columns_of, pane_rows, plan_of, play

SECOND, MINUTE = 1_000, 60_000
PLAN = plan_of({"*": [(MINUTE, MINUTE), (3 * MINUTE, MINUTE)]})
VALUES = st.lists(
    st.sampled_from([0.1, 0.2, 0.3, 1e16, -1e16, 1 / 3, -7.7, 1e-9]) | st.floats(-1e6, 1e6), min_size=8, max_size=60
)


def stream(values: list[float]) -> list[Message]:
    return [Message("a", 7 * SECOND * place, (("level_percent", value),), place) for place, value in enumerate(values)]


@settings(max_examples=60, deadline=None)
@given(VALUES, st.lists(st.integers(1, 59), max_size=8))
def test_sums_are_the_same_to_the_bit_wherever_batches_end(values: list[float], cuts: list[int]) -> None:
    whole_state, whole = play(PLAN, stream(values))
    split_state, split = play(PLAN, stream(values), cuts)

    assert pane_rows(split) == pane_rows(whole)
    assert columns_of(split_state) == columns_of(whole_state)


def test_sum_is_that_of_adding_one_after_the_other() -> None:
    values = [0.1, 1e16, -1e16, 0.3, 0.7, 1 / 3, -7.7, 2e15]
    closing = Message("a", 5 * MINUTE, (("level_percent", 1.0),), 99)

    _, entries = play(PLAN, [*stream(values), closing])

    (row,) = [row for row in pane_rows(entries) if row[3] == MINUTE and row[6] == len(values)]
    shifted = 0.0
    for value in values:
        shifted += value - values[0]
    assert row[7] == len(values) * values[0] + shifted
