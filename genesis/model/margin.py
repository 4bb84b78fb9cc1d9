"""Margin brackets of a perpetual contract: how much maintenance margin a position of a given size needs, and how much leverage it may have.

The formula is the exchange's own (Binance, "Leverage and Margin of USD-M Futures"): maintenance margin = notional x rate of the bracket -
maintenance amount of the bracket. The amount makes the margin continuous where one bracket ends and the next begins:
``amount_i = sum over j <= i of (rate_j - rate_(j-1)) x floor_j``. A table that breaks this is refused.

`MarginTier` is what a configuration writes, in decimals; `MarginSchedule` is what a simulation uses, in integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from genesis.model.grid import EXACT, currency_grid, plain

RATE_SCALE = 1_000_000
_RATE_GRID = currency_grid(6)


class MarginTier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of a bracket table, as published: ``floor`` < notional <= ``cap`` in quote currency.

    ``maintenance_rate`` is a fraction (0.004 is 0.4 %) of at most six decimals. ``maintenance_amount`` may be left out: it follows from the
    rows before. Raises ``ValueError`` for a row that cannot be one.
    """

    floor: Decimal
    cap: Decimal
    maintenance_rate: Decimal
    max_leverage: int
    maintenance_amount: Decimal | None = None

    def __post_init__(self) -> None:
        amounts = (self.floor, self.cap, self.maintenance_rate, self.maintenance_amount or Decimal(0))
        if not all(a.is_finite() for a in amounts):
            raise ValueError(f"margin bracket: expected finite numbers, found {', '.join(map(str, amounts))}")
        if not 0 <= self.floor < self.cap:
            raise ValueError(f"margin bracket: expected 0 <= floor < cap, found {self.floor} and {self.cap}")
        if not 0 < self.maintenance_rate < 1:
            raise ValueError(f"maintenance_rate: expected between 0 and 1, found {self.maintenance_rate}")
        if self.max_leverage < 1:
            raise ValueError(f"max_leverage: expected 1 or more, found {self.max_leverage}")


class MarginBracket(msgspec.Struct, frozen=True, gc=False):
    """One bracket in integers: ``floor``, ``cap`` and ``amount`` in ledger units of the quote currency, the rate in millionths."""

    floor: int
    cap: int
    rate_ppm: int
    amount: int
    max_leverage: int


class MarginSchedule(msgspec.Struct, frozen=True):
    """All brackets of one contract, lowest first; amounts in 10**-``decimals`` of ``currency``.

    ``name`` and ``source`` say where the table is from. Raises ``ValueError`` unless the brackets start at 0, meet without a gap, have
    rising rates and falling leverage, and the maintenance amounts that make the margin continuous.
    """

    name: str
    source: str
    currency: str
    decimals: int
    brackets: tuple[MarginBracket, ...]

    def __post_init__(self) -> None:
        if not self.brackets:
            raise ValueError(f"{self.name}: brackets: expected at least one, found none")
        floor = rate = amount_ppm = 0
        leverage = self.brackets[0].max_leverage
        for number, bracket in enumerate(self.brackets, 1):
            where = f"{self.name}: bracket {number}"
            if bracket.floor != floor:
                raise ValueError(f"{where}: floor: expected {self._text(floor)}, found {self._text(bracket.floor)}")
            if bracket.cap <= bracket.floor:
                raise ValueError(
                    f"{where}: cap: expected above {self._text(bracket.floor)}, found {self._text(bracket.cap)}"
                )
            if not rate < bracket.rate_ppm < RATE_SCALE:
                raise ValueError(
                    f"{where}: rate: expected above {rate} and below {RATE_SCALE} ppm, found {bracket.rate_ppm}"
                )
            if not 1 <= bracket.max_leverage <= leverage:
                raise ValueError(f"{where}: max_leverage: expected 1 to {leverage}, found {bracket.max_leverage}")
            amount_ppm += (bracket.rate_ppm - rate) * floor
            if bracket.amount * RATE_SCALE != amount_ppm:
                raise ValueError(
                    f"{where}: maintenance amount: expected {plain(self._amount(amount_ppm))}, "
                    f"found {self._text(bracket.amount)}"
                )
            floor, rate, leverage = bracket.cap, bracket.rate_ppm, bracket.max_leverage

    def bracket(self, notional: int) -> MarginBracket:
        """The bracket of a position worth ``notional`` (>= 0): the first whose cap is not under it, the last for any beyond."""
        for bracket in self.brackets:
            if notional <= bracket.cap:
                return bracket
        return self.brackets[-1]

    def maintenance(self, notional: int) -> int:
        """Maintenance margin of a position worth ``notional`` (>= 0), in ledger units, rounded up: against the account."""
        bracket = self.bracket(notional)
        return -(-notional * bracket.rate_ppm // RATE_SCALE) - bracket.amount

    def max_leverage(self, notional: int) -> int:
        """The highest leverage a position worth ``notional`` may have; 0 beyond the last cap, where none may be opened."""
        return 0 if notional > self.brackets[-1].cap else self.bracket(notional).max_leverage

    def _text(self, units: int) -> str:
        return currency_grid(self.decimals).to_text(units)

    def _amount(self, amount_ppm: int) -> Decimal:
        return Decimal(amount_ppm).scaleb(-self.decimals - 6, EXACT).normalize(EXACT)


def margin_schedule(
    tiers: Sequence[MarginTier], currency: str, decimals: int, name: str, source: str
) -> MarginSchedule:
    """The schedule a table of ``tiers`` writes, in 10**-``decimals`` of ``currency``; amounts left out are worked out.

    Raises:
        ValueError: the table breaks the rule above, or a number is finer than the scale holds.
    """
    grid = currency_grid(decimals)
    brackets: list[MarginBracket] = []
    rate_before = amount_ppm = 0
    for number, tier in enumerate(tiers, 1):
        try:
            floor, cap = grid.from_decimal(tier.floor), grid.from_decimal(tier.cap)
            rate = _RATE_GRID.from_decimal(tier.maintenance_rate)
            amount_ppm += (rate - rate_before) * floor
            worked_out = Decimal(amount_ppm).scaleb(-decimals - 6, EXACT)
            given = worked_out if tier.maintenance_amount is None else tier.maintenance_amount
            brackets.append(MarginBracket(floor, cap, rate, grid.from_decimal(given), tier.max_leverage))
        except ValueError as error:
            raise ValueError(f"{name}: bracket {number}: {error}") from None
        rate_before = rate
    return MarginSchedule(name, source, currency, decimals, tuple(brackets))


def _tier(floor: int, cap: int, rate: str, leverage: int) -> MarginTier:
    return MarginTier(floor=Decimal(floor), cap=Decimal(cap), maintenance_rate=Decimal(rate), max_leverage=leverage)


# An example, not the table in force: brackets change with weeks, and a run must be given those of its own time.
EXAMPLE_NAME = "example: BTCUSDT perpetual, 2021-03-18"
EXAMPLE_SOURCE = (
    "Binance announcement 'Updates to Leverage and Margin Tiers of Binance Futures Contracts (2021-03-18)', "
    "in force from 2021-03-18 09:00 UTC; maintenance amounts worked out"
)
EXAMPLE_TIERS = (
    _tier(0, 50_000, "0.004", 125),
    _tier(50_000, 250_000, "0.005", 100),
    _tier(250_000, 1_000_000, "0.01", 50),
    _tier(1_000_000, 10_000_000, "0.025", 20),
    _tier(10_000_000, 20_000_000, "0.05", 10),
    _tier(20_000_000, 50_000_000, "0.1", 5),
    _tier(50_000_000, 100_000_000, "0.125", 4),
    _tier(100_000_000, 200_000_000, "0.15", 3),
    _tier(200_000_000, 300_000_000, "0.25", 2),
    _tier(300_000_000, 500_000_000, "0.5", 1),
)
