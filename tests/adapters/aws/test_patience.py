from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.aws.scripted import Hourglass, patience_of
from tocsin.adapters.aws.patience import ATTEMPTS_MAX, CALL_S_MAX, LONGEST_WAIT_S, RESERVE_S


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 60_000))
def test_retries_end_before_the_invocation_does(seed: int, remaining_ms: int) -> None:
    hourglass = Hourglass()
    patience = patience_of(hourglass, seed=seed)
    patience.begin(remaining_ms)

    attempts = list(patience.attempts())

    assert attempts == list(range(len(attempts)))
    assert 1 <= len(attempts) <= ATTEMPTS_MAX
    assert hourglass.elapsed_s <= max(0.0, remaining_ms / 1_000 - RESERVE_S)
    assert all(0 <= wait <= LONGEST_WAIT_S for wait in hourglass.pauses)


def test_call_that_nobody_limited_ends_by_itself() -> None:
    hourglass = Hourglass()

    list(patience_of(hourglass).attempts())

    assert 0 < hourglass.elapsed_s <= CALL_S_MAX


def test_waits_are_spread_and_their_bound_doubles() -> None:
    firsts, fifths = [], []
    for seed in range(200):
        hourglass = Hourglass()
        list(patience_of(hourglass, seed=seed).attempts())
        firsts.append(hourglass.pauses[0])
        fifths.append(hourglass.pauses[4])

    assert 0.04 < max(firsts) <= 0.05
    assert min(firsts) < 0.005
    assert 0.7 < max(fifths) <= 0.8


def test_each_invocation_has_its_own_end() -> None:
    hourglass = Hourglass()
    patience = patience_of(hourglass)
    patience.begin(1_000)
    spent = len(list(patience.attempts()))
    patience.begin(10_000)

    assert spent == 1
    assert len(list(patience.attempts())) > 3
