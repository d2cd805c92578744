"""The pipeline's own template: its mappings deliver here as it declares, and the alerts are the same."""

from pathlib import Path

import pytest

from tests.runtime.test_replay import HEADER
from tests.runtime.walk import PLAN, walk
from tocsin.core.errors import ConfigError, TransientError
from tocsin.runtime.cloudformation.resolve import Stack, resolve
from tocsin.runtime.cloudformation.source import load_template
from tocsin.runtime.replay import ReplaySettings, replay
from tocsin.runtime.sam.model import Topology
from tocsin.runtime.sam.own import is_own, pipeline_settings
from tocsin.runtime.sam.reader import read_topology, topology_of

TEMPLATE = Path(__file__).parents[3] / "infra" / "template.yaml"


@pytest.fixture(scope="module")
def own() -> tuple[Stack, Topology]:
    return read_topology(TEMPLATE)


def test_every_setting_of_the_template_reaches_the_pipeline(own: tuple[Stack, Topology]) -> None:
    settings = pipeline_settings(*own)

    declared = {function.handler for function in own[1].functions.values()}
    readings = own[0].resources["ProcessorsFunction"].properties["Events"]["Readings"]["Properties"]
    assert is_own(own[1]), declared
    assert settings.processors.batch_records_max == readings["BatchSize"]
    assert settings.processors.window_ms == readings["MaximumBatchingWindowInSeconds"] * 1_000
    assert settings.processors.age_ms_max == readings["MaximumRecordAgeInSeconds"] * 1_000
    assert settings.processors.bisect is readings["BisectBatchOnFunctionError"]
    assert settings.ingest.visibility_ms == own[0].resources["GatewayQueue"].properties["VisibilityTimeout"] * 1_000
    assert {one.partial_responses for one in (settings.ingest, settings.processors, settings.alerts)} == {True}
    assert settings.anomaly.survives is TransientError


def test_the_alerts_are_the_same_under_the_mappings_of_the_template(own: tuple[Stack, Topology]) -> None:
    usual = replay(HEADER, walk(minutes=12), PLAN)

    declared = replay(HEADER, walk(minutes=12), PLAN, ReplaySettings(mappings=pipeline_settings(*own)))

    assert usual.transitions
    assert declared.transitions == usual.transitions


def test_without_a_log_of_panes_the_template_is_still_our_own_and_its_two_stages_are_joined() -> None:
    stack, topology = read_topology(TEMPLATE, {"PanesShards": "0", "ReadingsWaitSeconds": "9"})

    settings = pipeline_settings(stack, topology)

    assert is_own(topology)
    assert settings.is_joined
    assert settings.processors.window_ms == 9_000


def test_several_readers_of_a_shard_of_the_log_of_readings_are_refused() -> None:
    template = load_template(TEMPLATE)
    events = template["Resources"]["ProcessorsFunction"]["Properties"]["Events"]
    events["Readings"]["Properties"]["ParallelizationFactor"] = 2
    stack = resolve(template)

    with pytest.raises(ConfigError, match="processors: ParallelizationFactor must be 1, got 2"):
        pipeline_settings(stack, topology_of(stack, TEMPLATE.parent))


def test_a_template_of_others_is_not_taken_for_our_own() -> None:
    _, topology = read_topology(TEMPLATE.parents[1] / "examples" / "mappings" / "template.yaml")

    assert not is_own(topology)
