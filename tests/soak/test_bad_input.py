import pytest

from tests.soak import bad_input
from tests.soak.bad_input import BadInputError, run
from tocsin.core.errors import DamagedError

INPUTS = 20_000
HOPELESS_S = 0.5
"""Only what grows faster than its input takes ten times the soak's bound, which shared cores exceed by chance."""


def test_no_bad_input_raises_goes_without_a_reason_or_takes_long() -> None:
    report = run(INPUTS, seed=1, slow_s=HOPELESS_S)

    assert report.inputs.total() >= INPUTS
    assert set(report.inputs) == {"large", *(door.__name__ for door, _ in bad_input.DOORS)}
    assert len([name for name in report.refused if name.startswith("decoding: ")]) >= 15


def test_what_raises_is_told_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(blob: bytes) -> None:
        raise KeyError(blob[:0])

    monkeypatch.setattr(bad_input, "decode_panes", broken)

    with pytest.raises(BadInputError, match=r"seed 5, panes 0: KeyError"):
        run(100, seed=5, with_large=False)


def test_what_is_refused_without_a_word_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def wordless(_: bytes) -> None:
        raise DamagedError

    monkeypatch.setattr(bad_input, "decode_tick", wordless)

    with pytest.raises(BadInputError, match="ticks 0: AssertionError: refused without a word"):
        run(100, seed=5, with_large=False)


def test_what_takes_long_is_a_finding() -> None:
    with pytest.raises(BadInputError, match="bytes took"):
        run(100, seed=5, slow_s=1e-9, with_large=False)
