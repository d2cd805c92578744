"""What modes must be in themselves, and what rules may say of them."""

from collections.abc import Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from tocsin.core.plan.check import Finding
from tocsin.core.plan.model import Rule
from tocsin.core.plan.modes import Mode

SWITCHES: Final = ("when", "unless", "baselines")


def check_mode(mode: Mode) -> Iterator[Finding]:
    """Yield what is wrong with a mode: a metric with limits, or times of day, and never both."""
    if mode.metric:
        yield from _check_metric(mode)
    elif not mode.from_time or not mode.until_time:
        missing = "metric, or from and until" if not (mode.from_time or mode.until_time) else "both from and until"
        yield Finding("", f"must have {missing}")
    elif (mode.above, mode.below) != (None, None):
        yield Finding("above" if mode.above is not None else "below", "must not be said without metric")
    try:
        ZoneInfo(mode.zone)
    except (KeyError, ValueError, OSError):  # not found, no name of a file, or that of a folder
        yield Finding("zone", f"must be a time zone such as Europe/Berlin, got {mode.zone[:40]!r}")


def _check_metric(mode: Mode) -> Iterator[Finding]:
    for key, written in (("from", mode.from_time), ("until", mode.until_time), ("days", mode.days)):
        if written:
            yield Finding(key, "must not be said together with metric: make a mode of each, and name both")
    if mode.above is None and mode.below is None:
        yield Finding("", "must have above, below or both beside metric")
    elif mode.above is not None and mode.below is not None and mode.below <= mode.above:
        yield Finding("below", f"must be more than above {mode.above:g}, got {mode.below:g}")


def check_switches(rule: Rule, modes: Sequence[Mode]) -> Iterator[Finding]:
    """Yield what the rule says of modes that there are not, or that contradicts itself."""
    known = {mode.name: mode for mode in modes}
    listed = ", ".join(known) or "none"
    for key in SWITCHES:
        for name in getattr(rule, key, ()):
            if name not in known:
                yield Finding(key, f"must name modes of the plan ({listed[:200]}), got {name!r}")
            elif rule.metric == known[name].metric:
                yield Finding(key, f"must not be told by the metric that is judged, got {name!r}")
    for name in set(getattr(rule, "when", ())) & set(getattr(rule, "unless", ())):
        yield Finding("unless", f"must not name a mode of when, got {name!r}")
