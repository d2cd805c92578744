"""Real labelled series through the whole pipeline; skipped, and said so, where the data is not there."""

from pathlib import Path

import pytest

from benchmarks.real_series import DATA, Outcome, all_series, play

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the labelled series are not here: set TOCSIN_DATA to their folder"),
]
SHORT = ("realAdExchange__exchange-3_cpc_results", "valve1__0", "other__11")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder: Path = tmp_path_factory.mktemp("real")
    return {series.name: play(series, folder) for series in all_series() if series.name in SHORT}


def test_every_row_of_a_real_table_is_accounted_for(outcomes: dict[str, Outcome]) -> None:
    left = {name: outcome.unaccounted for name, outcome in outcomes.items()}
    rows = {name: outcome.report.rows - outcome.report.recorded for name, outcome in outcomes.items()}

    assert left == dict.fromkeys(SHORT, 0)
    assert rows == dict.fromkeys(SHORT, 0)


def test_labelled_events_of_real_series_raise_alerts(outcomes: dict[str, Outcome]) -> None:
    found = {name: any(outcome.found) for name, outcome in outcomes.items()}

    assert found == dict.fromkeys(SHORT, True)


def test_real_series_replays_to_the_same_alerts(outcomes: dict[str, Outcome], tmp_path: Path) -> None:
    name = "valve1__0"
    [series] = [series for series in all_series() if series.name == name]

    again = play(series, tmp_path)

    assert again.replayed.transitions == outcomes[name].replayed.transitions
    assert again.replayed.notifications == outcomes[name].replayed.notifications
