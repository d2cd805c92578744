"""What a plan may cost: checked by ``tocsin cost``, and no part of the compiled plan, as no handler asks for it."""

import msgspec


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Most that a scenario may cost with the plan, at list prices.

    Attributes:
        usd_per_million_readings: Dollars per million readings, all counted; None for any.
        usd_per_device_month: Dollars a month and device; None for any.
        usd_month: Dollars a month; None for any.
        wait_ms: How long a reading may wait for its batch; None for any.
    """

    usd_per_million_readings: float | None = None
    usd_per_device_month: float | None = None
    usd_month: float | None = None
    wait_ms: int | None = None
