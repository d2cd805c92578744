"""The fleet made by hand, on which the browser tests stand, answers in the very shapes of the query API."""

import json
from typing import Any

import msgspec
import pytest

from tests.browser import made_answers as answers
from tests.browser import made_running as running
from tests.browser.lived_in import DEVICE, live_an_hour
from tests.browser.made_fleet import NOW_MS, MadeFleet
from tocsin.api.alert_answers import ActionAnswer, AlertDetail, AlertPage, DeviceDetail, SilenceAnswer
from tocsin.api.answers import DevicePage, Fleet, Series
from tocsin.api.running_answers import PipelineFigures, Simulator

ALERT = live_an_hour(MadeFleet(count=60))
RANGE = {"from_ms": str(NOW_MS - 3_600_000), "resolution": "1m"}


def lived_in() -> MadeFleet:
    fleet = MadeFleet(count=60)
    live_an_hour(fleet)
    return fleet


@pytest.mark.parametrize(
    ("shape", "made"),
    [
        (DevicePage, answers.devices(lived_in(), {"spark": "20"})),
        (DevicePage, answers.devices(lived_in(), {})),
        (DeviceDetail, answers.device_detail(lived_in(), DEVICE)),
        (Series, answers.series(lived_in(), {"device": DEVICE, "metric": "flow_lpm", **RANGE})),
        (Fleet, answers.fleet_figures(lived_in(), {})),
        (AlertPage, answers.alerts(lived_in(), {})),
        (AlertDetail, answers.alert_detail(lived_in(), ALERT)),
        (ActionAnswer, lived_in().alerts[ALERT]["actions"][0]),
        (SilenceAnswer, lived_in().silences[0]),
        (PipelineFigures, running.pipeline(lived_in(), {})),
        (PipelineFigures, running.pipeline(MadeFleet(count=1, mode="aws"), {})),
        (Simulator, running.simulator(lived_in(), {})),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_made_answer_has_the_shape_of_the_api(shape: type[msgspec.Struct], made: dict[str, Any]) -> None:
    written = json.loads(json.dumps(made))

    read = msgspec.convert(written, shape)

    assert names(json.loads(msgspec.json.encode(read))) == names(written)


def names(value: Any) -> Any:
    """The names of all fields, without their values; of a list those of each different item."""
    if isinstance(value, dict):
        return {key: names(one) for key, one in value.items()}
    if isinstance(value, list):
        return [json.loads(one) for one in sorted({json.dumps(names(one), sort_keys=True) for one in value})]
    return None
