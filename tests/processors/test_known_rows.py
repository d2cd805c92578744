"""Lookups after a load: those made anew, in every case."""

from dataclasses import fields, replace

import numpy as np
import pytest

from processors.geometry import geometry_of
from processors.known_rows import KnownRows
from processors.rows import Rows
from processors.state import Group
from tests.processors.streams import plan_of
from tocsin.core.plan.model import LimitsRule

PLAN = plan_of({"*": [(60_000, 60_000)]})
GEOMETRY = geometry_of(PLAN)


def group_of(devices: int, metrics: int) -> Group:
    pairs = [(device, metric) for metric in range(metrics) for device in range(devices)]
    return replace(
        Group.empty(0, GEOMETRY),
        devices=tuple(f"acme#pump-{number}" for number in range(devices)),
        metrics=tuple(f"metric_{number}" for number in range(metrics)),
        series_device=np.array([device for device, _ in pairs], np.int32),
        series_metric=np.array([metric for _, metric in pairs], np.int32),
    )


def same(one: Rows, other: Rows) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name), equal_nan=field.name == "limits")
        if isinstance(getattr(one, field.name), np.ndarray)
        else getattr(one, field.name) == getattr(other, field.name)
        for field in fields(Rows)
    )


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(group_of(3, 1), id="the same group"),
        pytest.param(group_of(5, 1), id="more devices"),
        pytest.param(replace(group_of(3, 1), devices=("acme#x", "acme#y", "acme#z")), id="other devices"),
        pytest.param(replace(group_of(3, 1), metrics=("other",)), id="another metric"),
        pytest.param(group_of(1, 1), id="fewer devices"),
        pytest.param(group_of(2, 2), id="rows in another order"),
    ],
)
def test_lookups_of_a_loaded_group_are_those_made_anew(after: Group) -> None:
    known = KnownRows()
    known.of(group_of(3, 1), GEOMETRY)

    assert same(known.of(after, GEOMETRY), Rows.of(after, GEOMETRY))
    assert same(known.of(after, GEOMETRY), Rows.of(after, GEOMETRY))


def test_lookups_are_made_once_for_a_group_that_did_not_grow_and_anew_under_another_plan() -> None:
    other = geometry_of(plan_of({"*": [(60_000, 60_000)]}, rules=(LimitsRule("high", metric="metric_0", above=1.0),)))
    known, group = KnownRows(), group_of(3, 1)

    first = known.of(group, GEOMETRY)

    assert known.of(group_of(3, 1), GEOMETRY) is first
    assert known.of(group, other).limits.shape == (3, 1)
