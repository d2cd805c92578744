"""Devices that the plan names and that never send anything, through the whole pipeline."""

import pytest
from msgspec import structs

from tests.runtime.walk import PLAN, walk
from tocsin.core.clock import MINUTE_MS
from tocsin.core.formats.recording import Header
from tocsin.core.messages import Phase
from tocsin.core.plan.known import DevicePlan
from tocsin.core.plan.model import MissingRule
from tocsin.runtime.golden import golden_text
from tocsin.runtime.mapping import MappingSettings
from tocsin.runtime.pipeline import PipelineSettings
from tocsin.runtime.replay import Replayed, ReplaySettings, replay

NAMED = tuple(DevicePlan(f"pump-{number}", "acme", "north", "pump", "gw-1") for number in (1, 20, 21))
AWAITING = structs.replace(
    PLAN, rules=(MissingRule("silent", factor=2.0, floor_ms=MINUTE_MS),), devices=NAMED, groups=16
)


def played(shards: int = 1, settings: ReplaySettings | None = None) -> Replayed:
    return replay(Header(clock="virtual", shards=shards), walk(2, 12), AWAITING, settings or ReplaySettings())


def test_devices_that_never_sent_are_told_each_once_and_as_one_outage_of_their_gateway() -> None:
    came = played()

    fired = [(one.device, one.phase) for one in came.transitions if "never_seen" in one.evidence.parts]
    assert fired == [("pump-20", Phase.FIRING), ("pump-21", Phase.FIRING)]
    told = [one.attributes["kind"] for one in came.notifications if "pump-20" in one.text]
    assert told == ["gateway_missing"]


@pytest.mark.parametrize("shards", [1, 3])
def test_how_the_logs_are_cut_moves_none_of_these_alerts(shards: int) -> None:
    small = MappingSettings(batch_records_max=3)
    cut = played(shards, ReplaySettings(put_records_max=2, mappings=PipelineSettings(small, small, small, small)))

    assert golden_text(cut.transitions, []) == golden_text(played().transitions, [])
