"""What was expected of a series, in the steps that are asked for; and readings that came too late."""

import numpy as np
import pytest
from msgspec.structs import replace

from anomaly.detectors.adaptive import WARM_ROWS
from anomaly.detectors.expectation import expected_band
from tests.api.deployment import NEWEST_MS, NOW_MS, PLAN, Deployment
from tests.contract.specimens import STATS
from tocsin.api import expected
from tocsin.core.clock import HOUR_MS, MINUTE_MS
from tocsin.core.columns import Floats
from tocsin.core.formats.rejections import LateReading
from tocsin.core.late_marks import late_items
from tocsin.core.messages import Position
from tocsin.core.plan.model import AdaptiveRule, Plan
from tocsin.core.ports import WindowItem

WATCHED = replace(PLAN, rules=(AdaptiveRule(name="adaptive", metric="flow_lpm"),))
ROWS = 240
BEGIN_MS = NEWEST_MS - (ROWS - 1) * MINUTE_MS
VALUES = (200.0 + np.random.default_rng(3).normal(0.0, 2.0, ROWS)).tolist()
ENDS = "expected_low,expected_high"


def deployed(plan: Plan = WATCHED) -> Deployment:
    made = Deployment(plan=plan)
    made.put_windows("pump-7", VALUES)
    return made


def ask(deployment: Deployment, minutes: int, resolution: str, names: str = ENDS) -> dict[str, list[float | None]]:
    begin_ms = NEWEST_MS - (minutes - 1) * MINUTE_MS
    query = f"from_ms={begin_ms}&until_ms={NEWEST_MS + MINUTE_MS}&resolution={resolution}&aggregations={names}"
    columns: dict[str, list[float | None]] = deployment.ask(
        f"/v1/series?device=pump-7&metric=flow_lpm&{query}"
    ).content["columns"]
    return columns


def wanted() -> Floats:
    values = np.array(VALUES)
    return expected_band(BEGIN_MS + np.arange(ROWS) * MINUTE_MS, values, values - 1.0, values + 1.0).low


def test_every_step_has_the_band_also_where_nothing_fired() -> None:
    columns = ask(deployed(), 60, "1m", f"mean,{ENDS}")

    assert columns["expected_low"] == wanted()[-60:].tolist()
    assert all(low < high for low, high in zip(columns["expected_low"], columns["expected_high"], strict=True))
    assert sorted(columns) == ["expected_high", "expected_low", "mean"]


def test_step_of_several_windows_has_the_mean_of_their_bands() -> None:
    low = wanted()
    tens = (BEGIN_MS // MINUTE_MS + np.arange(ROWS)) // 10

    columns = ask(deployed(), 60, "10m")

    means = [float(np.mean(low[tens == ten])) for ten in np.unique(tens)]
    assert columns["expected_low"] == pytest.approx(means[-len(columns["expected_low"]) :])


def test_steps_within_a_window_have_the_windows_band() -> None:
    rule = AdaptiveRule(name="adaptive", metric="flow_lpm", window_ms=HOUR_MS)
    deployment = deployed(replace(PLAN, rules=(rule,)))
    begin_ms = NEWEST_MS // HOUR_MS * HOUR_MS
    deployment.backend.windows.put(
        [
            WindowItem("acme", "pump-7", HOUR_MS, begin_ms - place * HOUR_MS, 0, {"flow_lpm": STATS})
            for place in range(1, 100)
        ]
    )

    columns = ask(deployment, 90, "1m")

    known = [low is not None for low in columns["expected_low"]]
    at_ms = range(NEWEST_MS - 89 * MINUTE_MS, NEWEST_MS + 1, MINUTE_MS)
    assert known == [at < begin_ms for at in at_ms]
    assert len(set(columns["expected_low"])) == 2 + (at_ms[0] < begin_ms - HOUR_MS)


def test_nothing_is_expected_where_no_adaptive_rule_looks() -> None:
    columns = ask(deployed(PLAN), 10, "1m")

    assert columns == {"expected_low": [None] * 10, "expected_high": [None] * 10}


def test_series_that_is_warming_up_has_no_band_yet() -> None:
    columns = ask(deployed(), ROWS, "1m")

    assert [low is None for low in columns["expected_low"]] == [row < WARM_ROWS for row in range(ROWS)]


def test_band_of_a_long_range_is_that_of_its_newest_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expected, "BAND_WINDOWS_MAX", 40)

    columns = ask(deployed(), 100, "1m")

    assert columns["expected_low"][-40:] == wanted()[-40:].tolist()


def test_revision_moves_no_band() -> None:
    deployment = deployed()
    before = ask(deployment, 60, "1m")
    deployment.put_windows("pump-7", [900.0] * 30, revision=1)

    assert ask(deployment, 60, "1m") == before


def test_readings_that_came_too_late_are_told_beside_the_columns() -> None:
    deployment = deployed()
    position = Position("shardId-000000000000", "1", 0)
    late = [
        ("flow_lpm", NEWEST_MS + 1, 7.5),
        ("flow_lpm", NEWEST_MS, 7.0),
        ("flow_lpm", BEGIN_MS, 1.0),
        ("x", NEWEST_MS, 0.0),
    ]
    readings = [LateReading("acme#pump-7", metric, at_ms, value, position) for metric, at_ms, value in late]
    deployment.backend.windows.put(late_items(readings))

    asked = f"/v1/series?device=pump-7&metric=flow_lpm&from_ms={NEWEST_MS}&until_ms={NOW_MS}&resolution=1m"
    series = deployment.ask(asked).content

    assert series["late"] == [{"at_ms": NEWEST_MS, "value": 7.0}, {"at_ms": NEWEST_MS + 1, "value": 7.5}]
    assert (series["count"], series["revised"]) == ([3, 0], [])
    assert deployment.ask(asked, tenant="other").content["late"] == []
