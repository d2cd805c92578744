"""The written-out peers: they find what they are made for, so that comparing with them means something."""

import numpy as np
import pytest

from benchmarks.peers import Peer
from benchmarks.simple_peers import Ewma, HoltWinters, SpectralResidual, WindowedGaussian

PEERS = [WindowedGaussian(), Ewma(), HoltWinters(48), SpectralResidual()]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: type(peer).__name__)
def test_a_spike_gets_the_highest_score_of_all(peer: Peer) -> None:
    values = np.random.default_rng(2).normal(20.0, 1.0, (500, 1))
    values[400] += 15.0

    scores = [peer.score(row) for row in values]

    assert np.isfinite(scores).all()
    assert int(np.argmax(scores[100:])) + 100 == 400


def test_holt_winters_expects_the_season() -> None:
    at = np.arange(48 * 20)
    values = 10.0 * (at % 48 < 20) + np.random.default_rng(3).normal(0.0, 0.5, len(at))
    peer = HoltWinters(48)

    scores = [peer.score(np.array([value])) for value in values]

    assert max(scores[48 * 15 :]) < 6.0


def test_the_mean_of_a_window_forgets_what_left_it() -> None:
    peer = WindowedGaussian()
    values = np.random.default_rng(4).normal(0.0, 1.0, (WindowedGaussian.WINDOW * 2 + 400, 1))
    values[: WindowedGaussian.WINDOW] += 50.0

    scores = [peer.score(row) for row in values]

    assert scores[WindowedGaussian.WINDOW] > 20.0
    assert max(scores[-100:]) < 5.0
