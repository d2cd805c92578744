"""Rows of the group's tables: what is kept of a device, a series, an alert, a series' movement."""

from typing import Final

import numpy as np

from anomaly.detectors.covariance import CHANNELS_MAX
from anomaly.lifecycle import UNSET_MS, UNSTEPPED
from anomaly.table import Column, Schema
from tocsin.core.messages import PANES_MAX

NONE: Final = -1
"""No such row; columns have no None."""

PRESENCE: Final[Schema] = {
    "last_ms": Column("i8", UNSET_MS),  # newest event time
    "cadence_ms": Column("f8"),  # learned gap between readings
    "gaps": Column("i4"),  # gaps learned from, counted up to a limit
}
"""Learned of devices and of series alike."""

DEVICE: Final[Schema] = {
    **PRESENCE,
    "first_ms": Column("i8", UNSET_MS),  # event time of the first reading
    "seen_ms": Column("i8", UNSET_MS),  # tick in force when the newest pane came
    "size_ms": Column("i8"),  # length of the window that brought last_ms
    "off_ms": Column("i8"),  # how old the newest reading was when it came, beyond what its window takes
}
DEVICE_ADDED: Final = ("off_ms",)
"""Columns that states of earlier releases do not have."""


SERIES: Final[Schema] = {
    **PRESENCE,
    "device": Column("i4"),
    "metric": Column("i4"),
    "size": Column("i4"),
    "start_ms": Column("i8", UNSET_MS),  # start of the newest window judged
    "last": Column("f8", np.nan),  # value at last_ms
    "detector": Column("i4", NONE),  # its row of the adaptive detector
    "ring": Column("i4"),  # windows kept so far; modulo PANES_MAX the next place
    "ring_start_ms": Column("i8", 0, PANES_MAX),
    "ring_count": Column("i4", 0, PANES_MAX),
    "ring_mean": Column("f8", 0, PANES_MAX),
    "ring_min": Column("f8", 0, PANES_MAX),
    "ring_max": Column("f8", 0, PANES_MAX),
}

ALERT: Final[Schema] = {
    "device": Column("i4"),
    "series": Column("i4", NONE),  # none: the alert is about the whole device
    "rule": Column("i4"),  # place in rule_names
    "phase": Column("i1"),
    "episode": Column("i4"),
    "number": Column("i4"),
    "since_ms": Column("i8", UNSET_MS),
    "moved_ms": Column("i8", UNSET_MS),
    "breach_ms": Column("i8", UNSET_MS),
    "newest_ms": Column("i8", UNSET_MS),
    "clear_ms": Column("i8", UNSET_MS),
    "severity": Column("i1", UNSTEPPED),  # place among the severities
    "severity_max": Column("i1", UNSTEPPED),
    "amended": Column("i1"),  # what late data said of the newest episode
    "proof_ms": Column("i8", UNSET_MS),  # what it rested on when it came to fire: see ``late.keep_basis``
    "proof_until_ms": Column("i8", UNSET_MS),
    "proof_low": Column("f8", np.nan),
    "proof_high": Column("f8", np.nan),
}
ALERT_ADDED: Final = (
    *("severity", "severity_max", "amended"),
    *("proof_ms", "proof_until_ms", "proof_low", "proof_high"),
)
"""Columns that states of earlier releases do not have."""

STILL: Final[Schema] = {
    "series": Column("i4"),
    "rule": Column("i4"),
    "since_ms": Column("i8", UNSET_MS),  # since when there was no movement
    "low": Column("f8", np.nan),  # smallest value since then
    "high": Column("f8", np.nan),
    "usual_ms": Column("f8"),  # learned time between movements
    "moves": Column("i4"),  # movements, or windows, learned from, counted up to a limit
    "level": Column("f8", np.nan),  # of a drift rule: learned mean of the windows
    "deviation": Column("f8"),  # learned mean absolute deviation from it
    "off": Column("f8"),  # deviation of the newest window
    "echo": Column("f8"),  # learned product of deviations that followed each other
    "rise": Column("f8"),  # sum of deviations upwards
    "fall": Column("f8"),
    "baseline": Column("i4"),  # 0, or behind the place in mode_names of the mode that it was learned in
    "detector": Column("i4", NONE),  # of an adaptive rule that modes switch: its row of the adaptive detector
    "rest": Column("f8", np.nan),  # of a flatline rule: value at which it stands for long again and again
    "rest_ms": Column("f8"),  # longest standstill there
    "rests": Column("i4"),  # long standstills there less those elsewhere
}
"""What a flatline or a drift rule keeps of a series: its movement, which the rule's tolerance decides, or its level."""
STILL_ADDED: Final = (
    "level",
    "deviation",
    "off",
    "echo",
    "rise",
    "fall",
    "baseline",
    "detector",
    "rest",
    "rest_ms",
    "rests",
)
"""Columns that states of earlier releases do not have."""

JOINT: Final[Schema] = {
    "device": Column("i4"),
    "rule": Column("i4"),
    "start_ms": Column("i8", UNSET_MS),  # start of the window whose values are gathered
    "channel": Column("i4", NONE, CHANNELS_MAX),  # place in channel_names
    "value": Column("f8", np.nan, CHANNELS_MAX),  # gathered so far
}
"""Metrics of a device as a multivariate rule gathers them."""

MODE: Final[Schema] = {
    "device": Column("i4"),
    "mode": Column("i4"),  # place in mode_names
    "answer": Column("i1"),
    "since_ms": Column("i8", UNSET_MS),  # start of the first window with this answer
    "until_ms": Column("i8", UNSET_MS),  # end of the newest window
}
"""In what a device is, as far as one of its metrics tells."""

HELD: Final[Schema] = {
    "series": Column("i4"),
    "rule": Column("i4"),
    **{name: Column("i8") for name in ("start_ms", "end_ms", "count")},
    **{name: Column("f8") for name in ("mean", "min", "max", "first", "last")},
    **{name: Column("i8") for name in ("first_ms", "last_ms")},
    "before": Column("f8", np.nan),  # last value before the window
    "before_ms": Column("i8", UNSET_MS),
}
"""Windows that wait until it is known in which mode their device was."""

TABLES: Final[dict[str, Schema]] = {
    "devices": DEVICE,
    "series": SERIES,
    "alerts": ALERT,
    "stills": STILL,
    "joints": JOINT,
    "modes": MODE,
    "held": HELD,
}

RARE_TABLES: Final = ("modes", "held")
"""Saved only where they hold something."""
