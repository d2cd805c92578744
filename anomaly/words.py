"""Numbers, lengths and names as people read them."""

from tocsin.core.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tocsin.core.plan.resolve import UNIT_SIGNS


def words(metric: str) -> str:
    """Return the metric's name in words, without its unit.

    >>> words("flow_rate_lpm")
    'flow rate'
    """
    said = metric.split("_")
    return " ".join(said[:-1] if len(said) > 1 and said[-1] in UNIT_SIGNS else said)


def number(value: float) -> str:
    """Return the number with four significant digits, large ones in full.

    >>> number(12.1), number(20.0), number(123456.7)
    ('12.1', '20', '123457')
    """
    return f"{value:.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def duration(length_ms: int) -> str:
    """Return the length in its two largest units.

    >>> duration(45_000), duration(3_900_000), duration(0)
    ('45 s', '1 h 5 min', '0 s')
    """
    parts = []
    left_ms = length_ms
    for unit, unit_ms in (("d", DAY_MS), ("h", HOUR_MS), ("min", MINUTE_MS), ("s", SECOND_MS)):
        count, left_ms = divmod(left_ms, unit_ms)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
