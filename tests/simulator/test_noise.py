"""Noise has the colour, the size and the independence of blocks that a profile asks for."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator.noise import COLOURS, coloured
from simulator.randomness import mixed, stream

Array = NDArray[np.float64]
DRAWS = 1 << 17


def long_row(colour: str) -> Array:
    return coloured(colour, stream(1, colour).standard_normal(DRAWS), {}, "flow")


def slope(values: Array) -> float:
    """Return how the power falls with the frequency, in powers of ten a decade, over the middle decades."""
    power = (np.abs(np.fft.rfft(values)) ** 2)[1:]
    frequency = np.arange(1, len(power) + 1) / DRAWS
    bands = np.logspace(-2.5, -0.8, 12)
    middles = [power[(frequency >= low) & (frequency < high)].mean() for low, high in pairwise(bands)]
    return float(np.polyfit(np.log10(bands[:-1]), np.log10(middles), 1)[0])


@pytest.mark.parametrize("colour", COLOURS)
def test_noise_of_any_colour_has_deviation_one_and_no_mean(colour: str) -> None:
    noise = long_row(colour)

    assert np.std(noise) == pytest.approx(1.0, abs=0.05)
    assert abs(np.mean(noise)) < 0.15


@pytest.mark.parametrize(("colour", "falls"), [("white", 0.0), ("pink", -1.0), ("red", -2.0)])
def test_power_falls_with_the_frequency_as_the_colour_says(colour: str, falls: float) -> None:
    assert slope(long_row(colour)) == pytest.approx(falls, abs=0.35)


@given(colour=st.sampled_from(COLOURS), cuts=st.lists(st.integers(0, 300), max_size=5))
@settings(max_examples=60, deadline=None)
def test_length_of_blocks_never_shows(colour: str, cuts: list[int]) -> None:
    white = stream(2).standard_normal(300)
    memory: dict[str, float] = {}

    parts = [coloured(colour, part, memory, "flow") for part in np.split(white, sorted(cuts)) if len(part)]

    assert np.concatenate(parts).tolist() == coloured(colour, white, {}, "flow").tolist()


def test_mixed_numbers_are_spread_evenly_and_neighbours_have_nothing_in_common() -> None:
    chance = mixed(np.arange(100_000))

    assert np.histogram(chance, 10, (0.0, 1.0))[0] == pytest.approx(10_000, rel=0.05)
    for lag in (1, 2, 3, 5, 8):
        assert abs(np.corrcoef(chance[:-lag], chance[lag:])[0, 1]) < 0.015
