"""Market events as a strategy sees them.

Each carries exact integers (``ticks``, ``lots``) and, under plain names, the nearest floats for indicators. Orders are
made from exact values: ``instrument.price(trade.ticks)`` or ``instrument.round_price(...)``.
Two times on every event, UTC ns: ``time_event`` (out there; ``None`` where the source has none) and ``time_received`` (engine time).
"""

from __future__ import annotations

from enum import Enum

import msgspec

from genesis.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from genesis.model.grid import EXACT, Grid, parse_decimal
from genesis.model.instruments import Instrument
from genesis.model.orders import Side


class Trade(msgspec.Struct, frozen=True, gc=False):
    """One public trade. ``taker_sign`` is +1 where the taker bought, -1 where it sold, 0 where the source does not say."""

    instrument: Instrument
    time_received: int
    time_event: int | None
    ticks: int
    lots: int
    price: float
    taker_sign: int
    trade_id: int

    @property
    def aggressor(self) -> Side | None:
        """The taker's side."""
        return Side(self.taker_sign) if self.taker_sign else None

    @property
    def size(self) -> float:
        """Quantity in base units, as the nearest float."""
        return self.instrument.qty_grid.to_float(self.lots)


class Quote(msgspec.Struct, frozen=True, gc=False):
    """Best bid and ask after a change."""

    instrument: Instrument
    time_received: int
    time_event: int | None
    bid_ticks: int
    bid_lots: int
    ask_ticks: int
    ask_lots: int
    bid: float
    ask: float

    @property
    def mid(self) -> float:
        """Half way between bid and ask."""
        return (self.bid + self.ask) / 2


class DepthLevel(msgspec.Struct, frozen=True, gc=False):
    """One price level: ``lots`` displayed now (0: gone)."""

    ticks: int
    lots: int


class Depth(msgspec.Struct, frozen=True, gc=False):
    """The book after one message: the best levels of each side, best first."""

    instrument: Instrument
    time_received: int
    time_event: int | None
    bids: tuple[DepthLevel, ...]
    asks: tuple[DepthLevel, ...]


class BarKind(Enum):
    """What closes a bar: time, a number of trades, base volume, or quote value."""

    TIME = "time"
    TICK = "tick"
    VOLUME = "volume"
    DOLLAR = "dollar"


_UNITS = {"s": NS_PER_SECOND, "m": NS_PER_MINUTE, "h": NS_PER_HOUR, "d": NS_PER_DAY}
# Of volume bars and of dollar bars.
_AMOUNTS = ("v", "$")


class BarSpec(msgspec.Struct, frozen=True):
    """Which bars: ``step`` is ns for time bars, trades for tick bars, lots for volume bars, tick x lots for dollar bars."""

    kind: BarKind
    step: int

    def __post_init__(self) -> None:
        if self.step <= 0:
            raise ValueError(f"bar step: expected more than 0, found {self.step}")

    @classmethod
    def parse(cls, text: str, instrument: Instrument | None = None) -> BarSpec:
        """``15m``, ``4h``, ``1d``; ``500t`` is 500 trades, ``12.5v`` a volume in base units, ``250000$`` a traded value in quote.

        Raises:
            ValueError: anything else; a volume off the lot, a value that is no multiple of tick times lot, or either without its ``instrument``.
        """
        number, unit = cls.parts(text)
        if unit == "t":
            return cls(BarKind.TICK, int(number))
        if unit in _UNITS:
            return cls(BarKind.TIME, int(number) * _UNITS[unit])
        if instrument is None:
            raise ValueError(
                f"expected bars such as 1m, 4h, 1d or 500t, found {text!r}, which takes an instrument's lot"
            )
        amount = parse_decimal(number)
        if unit == "v":
            return cls(BarKind.VOLUME, instrument.lots(amount))
        return cls(BarKind.DOLLAR, Grid(EXACT.multiply(instrument.tick, instrument.lot)).from_decimal(amount))

    @staticmethod
    def parts(text: str) -> tuple[str, str]:
        """Number and unit of bars in words; ``ValueError`` where they are none of those that `parse` takes."""
        number, unit = text[:-1], text[-1:]
        whole, _, rest = number.partition(".")
        fits = (
            number.isdecimal() if unit not in _AMOUNTS else whole.isdecimal() and (rest.isdecimal() or whole == number)
        )
        if not fits or unit not in {*_UNITS, "t", *_AMOUNTS} or not parse_decimal(number):
            raise ValueError(f"expected bars such as 1m, 4h, 1d, 500t, 12.5v or 250000$, found {text!r}")
        return number, unit

    def __str__(self) -> str:
        if self.kind is BarKind.TICK:
            return f"{self.step}t"
        if self.kind is not BarKind.TIME:
            return f"{self.kind.value}:{self.step}"
        for unit in ("d", "h", "m", "s"):
            if self.step % _UNITS[unit] == 0:
                return f"{self.step // _UNITS[unit]}{unit}"
        return f"{self.step}ns"


class Bar(msgspec.Struct, frozen=True, gc=False):
    """One closed bar, left-closed: it holds what happened in [time_open, time_close).

    Prices and volume (base units) are the nearest floats of exact ticks and lots, so `ticks` gives the exact integer back.
    """

    instrument: Instrument
    spec: BarSpec
    time_open: int
    time_close: int
    open: float
    high: float
    low: float
    close: float
    volume: float

    @property
    def time_event(self) -> int:
        """When it closed."""
        return self.time_close

    def ticks(self, price: float) -> int:
        """The exact ticks of one of this bar's own prices: ``bar.ticks(bar.close)``."""
        grid = self.instrument.price_grid
        return round(price * grid.denominator / grid.mantissa)
