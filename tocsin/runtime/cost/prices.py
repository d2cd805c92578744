"""The price table: one file, dated, of one region; and what is assumed where nothing can be measured."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

FILE: Final = "prices.toml"
HOURS_A_MONTH: Final = 730
MINUTES_A_MONTH: Final = HOURS_A_MONTH * 60
MONTH_MS: Final = HOURS_A_MONTH * 3_600_000
DAYS_A_MONTH: Final = HOURS_A_MONTH / 24


@dataclass(frozen=True, slots=True)
class Price:
    """A list price.

    Attributes:
        usd: Dollars.
        of: For how many.
        what: What is counted, for people.
        page: The page that says so.
        free: How many a month an account does not pay.
    """

    usd: float
    of: float
    what: str
    page: str
    free: float = 0.0

    @property
    def each(self) -> float:
        """Dollars for one."""
        return self.usd / self.of


@dataclass(frozen=True, slots=True)
class PriceTable:
    """All prices, and what is assumed.

    Attributes:
        region: AWS region.
        as_of: When the pages said so, ISO date.
        prices: Name of what is paid for, to its price.
        waits_ms: Kind of request to how long it takes.
        model: Other assumptions, by name.
    """

    region: str
    as_of: str
    prices: Mapping[str, Price]
    waits_ms: Mapping[str, float]
    model: Mapping[str, float]

    def usd(self, name: str, count: float) -> float:
        """Return what so many cost."""
        return self.prices[name].each * count


@cache
def price_table() -> PriceTable:
    """Return the table that comes with the package."""
    told = tomllib.loads(files("tocsin.runtime.cost").joinpath(FILE).read_text("utf-8"))
    prices = {name: Price(**one) for name, one in told["prices"].items()}
    return PriceTable(told["region"], told["as_of"], prices, told["waits_ms"], told["model"])
