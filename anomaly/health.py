"""Health: why there is a gap, or whether there is one, in one word for a device and each of its series."""

from enum import StrEnum

import numpy as np

from anomaly.detectors.missing import arrival_ms
from anomaly.lifecycle import PHASES, UNSET_MS
from anomaly.rows import NONE
from anomaly.state import GroupState
from tocsin.core.messages import Phase
from tocsin.core.plan.bounds import Timing


class Health(StrEnum):
    """What is known of a device, or of one of its series; the first that is true counts."""

    UNWATCHED = "unwatched"
    NEVER_SEEN = "never_seen"
    DEVICE_SILENT = "device_silent"
    CLOCK_WRONG = "clock_wrong"
    CATCHING_UP = "catching_up"
    SENSOR_SILENT = "sensor_silent"
    SENSOR_FLAT = "sensor_flat"
    WELL = "well"


MEANINGS = {
    Health.UNWATCHED: "no tick has come yet, or none for long before the newest: nobody is judged silent",
    Health.NEVER_SEEN: "the plan names the device, and nothing has ever come from it",
    Health.DEVICE_SILENT: "nothing at all comes; where its gateway is silent too, alerts tell of the gateway alone",
    Health.CLOCK_WRONG: "it reports as usual, and its times are off",
    Health.CATCHING_UP: "what was held back is coming; nobody is judged by it until it is worked in",
    Health.SENSOR_SILENT: "the device reports, this metric does not come",
    Health.SENSOR_FLAT: "the metric comes, and does not move as it used to",
    Health.WELL: "none of these",
}


def health_of(state: GroupState, timing: Timing, device: int) -> Health:
    """Return how the device of the row is, as of the newest tick."""
    row = {name: int(state.devices[name][device]) for name in ("first_ms", "seen_ms", "last_ms", "size_ms", "off_ms")}
    if state.tick_ms is None or state.tick_ms == state.watched_ms or row["seen_ms"] == UNSET_MS:
        return Health.UNWATCHED
    if row["first_ms"] == UNSET_MS:
        return Health.NEVER_SEEN
    if row["last_ms"] == UNSET_MS:
        return Health.UNWATCHED
    known = _firing_kinds(state, device, NONE)
    if "missing" in known:
        return Health.DEVICE_SILENT
    if "quality" in known:
        return Health.CLOCK_WRONG
    late_ms = int(arrival_ms(timing, np.array(row["size_ms"]))) + 2 * timing.tick_ms
    return Health.CATCHING_UP if row["seen_ms"] - row["last_ms"] > late_ms else Health.WELL


def health_of_series(state: GroupState, series: int) -> Health:
    """Return how the series of the row is, as the rules that watch it say."""
    known = _firing_kinds(state, int(state.series["device"][series]), series)
    if "missing" in known:
        return Health.SENSOR_SILENT
    return Health.SENSOR_FLAT if "flatline" in known else Health.WELL


def _firing_kinds(state: GroupState, device: int, series: int) -> set[str]:
    """Return the kinds of the alerts that fire about the series, or about the device where there is none."""
    alerts = state.alerts
    about = (alerts["device"] == device) & (alerts["series"] == series)
    fires = alerts["phase"] == PHASES.index(Phase.FIRING)
    return {state.rule_kinds[rule][0] for rule in alerts["rule"][about & fires].tolist()}
