"""The close look at one message: every rule by name, slowly. What the fast decoder doubts comes here."""

import json
import math
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from tocsin.core.formats.iso_time import iso_ms
from tocsin.core.formats.json_message import ABSENT, VALUE_MAX, WHOLE_MAX, Broken, Message, shown
from tocsin.core.formats.json_split import depth
from tocsin.core.keys import is_id
from tocsin.core.plan.bounds import Bounds
from tocsin.core.reasons import Reason

WHOLE_DIGITS_MAX: Final = 20


class _BrokenError(Exception):
    """Carries a broken rule out of the parser; never leaves this module."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.broken = Broken(reason, detail)


def examine(data: bytes, *, tenant: str, device: str | None, arrival_ms: int, bounds: Bounds) -> Message | Broken:
    """Return the message with its time in milliseconds, or the first rule that it breaks.

    Args:
        data: One message.
        tenant: Who owns it; a message that says otherwise is refused.
        device: Whose it is, or None where it may be any device's.
        arrival_ms: When it came, UTC epoch milliseconds.
        bounds: What is accepted.
    """
    try:
        fields = _parse(data, bounds)
        named = _named_device(fields, tenant, device)
        metrics = _metrics(fields, bounds)
        time_ms = _time_ms(fields, arrival_ms, bounds)
        return Message(named, time_ms, metrics, seq=_counter(fields, "seq"), boot=_counter(fields, "boot"))
    except _BrokenError as error:
        return error.broken


def _parse(data: bytes, bounds: Bounds) -> Mapping[str, Any]:
    if depth(data, limit=bounds.depth_max) > bounds.depth_max:
        raise _BrokenError(Reason.TOO_DEEP, f"nesting must be at most {bounds.depth_max} deep")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise _BrokenError(Reason.NOT_UTF8, f"message must be UTF-8, got {error.reason}") from error
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_whole)
    except RecursionError as error:
        raise _BrokenError(Reason.TOO_DEEP, "nesting is deeper than can be read") from error
    except ValueError as error:
        raise _BrokenError(Reason.NOT_JSON, f"message must be JSON: {error}") from error
    if "\\u" in text:
        _refuse_lone_surrogates(value)
    if not isinstance(value, dict):
        raise _BrokenError(Reason.FIELD_TYPE, f"message must be an object, got {shown(value)}")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _BrokenError(Reason.DUPLICATE_KEY, f"keys must differ, got {shown(twice)} twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise _BrokenError(Reason.VALUE_NOT_FINITE, f"numbers must be finite, got {name}")


def _whole(digits: str) -> int | float:
    # Long numbers stay numbers; int() refuses more than 4,300 digits and takes quadratic time.
    return int(digits) if len(digits) <= WHOLE_DIGITS_MAX else float(digits)


def _refuse_lone_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        lone = f"\\u{ord(error.object[error.start]):04x}"
        raise _BrokenError(Reason.LONE_SURROGATE, f"text must be Unicode, got half a pair {lone}") from error


def _named_device(fields: Mapping[str, Any], tenant: str, device: str | None) -> str:
    said = _id(fields, "tenant") if "tenant" in fields else tenant
    if said != tenant:
        raise _BrokenError(Reason.TENANT_MISMATCH, f"tenant must be {tenant}, got {said}")
    named = _id(fields, "device")
    if device is not None and named != device:
        raise _BrokenError(Reason.DEVICE_MISMATCH, f"device must be {device}, got {named}")
    return named


def _id(fields: Mapping[str, Any], name: str) -> str:
    value = _field(fields, name)
    if not isinstance(value, str):
        raise _BrokenError(Reason.FIELD_TYPE, f"{name} must be text, got {shown(value)}")
    if not is_id(value):
        raise _BrokenError(Reason.ID_INVALID, f"{name} must be 1 to 64 of A-Z a-z 0-9 _ . -, got {shown(value)}")
    return value


def _field(fields: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - JSON holds anything
    if name not in fields:
        raise _BrokenError(Reason.FIELD_MISSING, f"{name} must be given")
    return fields[name]


def _metrics(fields: Mapping[str, Any], bounds: Bounds) -> dict[str, float]:
    metrics = fields.get("metrics", {})
    if not isinstance(metrics, dict):
        raise _BrokenError(Reason.FIELD_TYPE, f"metrics must be an object, got {shown(metrics)}")
    if not metrics:
        raise _BrokenError(Reason.NO_METRICS, "metrics must hold at least one value")
    if len(metrics) > bounds.metrics_max:
        raise _BrokenError(Reason.TOO_MANY_METRICS, f"metrics must be at most {bounds.metrics_max}, got {len(metrics)}")
    return {_metric(name): _number(name, value) for name, value in metrics.items()}


def _metric(name: str) -> str:
    if not is_id(name):
        raise _BrokenError(Reason.ID_INVALID, f"metric must be 1 to 64 of A-Z a-z 0-9 _ . -, got {shown(name)}")
    return name


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _BrokenError(Reason.VALUE_NOT_NUMBER, f"{name} must be a number, got {shown(value)}")
    if not math.isfinite(value):
        raise _BrokenError(Reason.VALUE_NOT_FINITE, f"{name} must be finite, got {value}")
    if abs(value) > VALUE_MAX:
        raise _BrokenError(Reason.VALUE_TOO_LARGE, f"{name} must be at most {VALUE_MAX:g} from zero, got {value:g}")
    return float(value)


def _time_ms(fields: Mapping[str, Any], arrival_ms: int, bounds: Bounds) -> int:
    stamp = _field(fields, "ts")
    time_ms = iso_ms(stamp) if isinstance(stamp, str) else stamp
    if isinstance(time_ms, bool) or not isinstance(time_ms, int) or not 0 <= time_ms <= WHOLE_MAX:
        raise _BrokenError(
            Reason.TIME_INVALID,
            f"ts must be whole milliseconds or ISO 8601 text with a zone, got {shown(stamp)}",
        )
    if time_ms > arrival_ms + bounds.skew_ms:
        ahead_ms = time_ms - arrival_ms
        raise _BrokenError(
            Reason.TIME_IN_FUTURE, f"ts must be at most {bounds.skew_ms} ms past arrival, got {ahead_ms} ms"
        )
    if time_ms < arrival_ms - bounds.age_ms_max:
        age_ms = arrival_ms - time_ms
        raise _BrokenError(
            Reason.TIME_TOO_EARLY,
            f"ts must be at most {bounds.age_ms_max} ms before arrival, got {age_ms} ms",
        )
    return time_ms


def _counter(fields: Mapping[str, Any], name: str) -> int:
    if name not in fields:
        return ABSENT
    value = fields[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= WHOLE_MAX:
        raise _BrokenError(Reason.COUNTER_INVALID, f"{name} must be a whole number in [0, 2^53), got {shown(value)}")
    return value
