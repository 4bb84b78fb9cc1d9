"""What can be traded, and the rules of its venue."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from genesis.model.grid import EXACT, Grid, currency_grid, plain
from genesis.model.money import Money, Price, Quantity, exact_decimal

LEDGER_DECIMALS_MIN = 8
# Finer than the smallest unit of any token, or coarser than any price: a slip of the pen, and no 64-bit integer would hold the steps.
_STEP_MIN, _STEP_MAX = Decimal("1E-18"), Decimal("1E+12")


class InstrumentKind(Enum):
    """How the thing settles. A perpetual has funding, a mark price and margin (docs/PAPER_FILLS.md)."""

    SPOT = "spot"
    FX = "fx"
    PERPETUAL = "perpetual"


class Calendar(Enum):
    """When the market is open; closed is not a gap."""

    ALWAYS = "24x7"
    FX = "fx"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable pair on one venue, with exact steps.

    Prices are integer multiples of ``tick`` (quote per base), quantities of ``lot`` (base). ``min_notional`` is in quote.
    ``id`` (``BTCUSDT.BINANCE``) is unique in a run. Raises ``ValueError`` for steps out of 1e-18 to 1e12, minima below 0,
    and a maximum under its minimum.
    """

    symbol: str
    venue: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    kind: InstrumentKind = InstrumentKind.SPOT
    min_qty: Decimal = Decimal(0)
    max_qty: Decimal | None = None
    min_notional: Decimal = Decimal(0)
    calendar: Calendar = Calendar.ALWAYS
    id: str = field(init=False, repr=False, compare=False)
    price_grid: Grid = field(init=False, repr=False, compare=False)
    qty_grid: Grid = field(init=False, repr=False, compare=False)
    _lots_known: list[tuple[object, int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("min_qty", "min_notional"):
            if getattr(self, name) < 0:
                raise ValueError(f"{self.symbol}: {name}: expected 0 or more, found {getattr(self, name)}")
        for name in ("tick", "lot"):
            step = getattr(self, name)
            if not (step.is_finite() and _STEP_MIN <= step <= _STEP_MAX):
                raise ValueError(f"{self.symbol}: {name}: expected {_STEP_MIN} to {_STEP_MAX}, found {step}")
        if self.max_qty is not None and not (self.max_qty > 0 and self.max_qty >= self.min_qty):
            raise ValueError(
                f"{self.symbol}: max_qty: expected above 0 and not under min_qty, found {self.max_qty} and {self.min_qty}"
            )
        object.__setattr__(self, "id", f"{self.symbol}.{self.venue}")
        object.__setattr__(self, "price_grid", Grid(self.tick))
        object.__setattr__(self, "qty_grid", Grid(self.lot))
        object.__setattr__(self, "_lots_known", [(object(), 0)])

    @property
    def short_allowed(self) -> bool:
        """Whether a position below zero can exist: never on spot."""
        return self.kind is not InstrumentKind.SPOT

    @property
    def base_decimals(self) -> int:
        """Ledger decimals of the base asset: they hold one lot exactly, at least 8 (fees charged in base are finer than lots)."""
        return max(LEDGER_DECIMALS_MIN, self.qty_grid.decimals)

    @property
    def quote_decimals(self) -> int:
        """Ledger decimals of the quote currency that hold one tick of the smallest base unit exactly, at least 8."""
        return max(LEDGER_DECIMALS_MIN, self.price_grid.decimals + self.base_decimals)

    @property
    def lot_units(self) -> int:
        """Base ledger units (10**-base_decimals) in one lot."""
        return currency_grid(self.base_decimals).from_decimal(self.lot)

    def notional_unit(self, decimals: int) -> int:
        """Ledger units (10**-decimals quote) of one tick times one base ledger unit, exactly.

        Raises:
            ValueError: the scale is too coarse to hold it.
        """
        value = self.tick.scaleb(-self.base_decimals, EXACT)
        try:
            return currency_grid(decimals).from_decimal(value)
        except ValueError:
            raise ValueError(f"{self.id}: expected at least {self.quote_decimals} decimals, found {decimals}") from None

    def price(self, ticks: int) -> Price:
        """The exact price of ``ticks`` ticks."""
        return Price(self.price_grid.to_decimal(ticks))

    def quantity(self, lots: int) -> Quantity:
        """The exact quantity of ``lots`` lots."""
        return Quantity(self.qty_grid.to_decimal(lots))

    def notional(self, price: Price, quantity: Quantity) -> Money:
        """Price times quantity, in quote currency, exact."""
        return Money(EXACT.multiply(price.value, quantity.value), self.quote)

    def ticks(self, price: Price | Decimal | int | str) -> int:
        """Integer ticks of a price that must lie on the tick; ``ValueError`` or ``TypeError`` otherwise."""
        return self._units(self.price_grid, price, "price", "tick")

    def lots(self, quantity: Quantity | Decimal | int | str) -> int:
        """Integer lots of a quantity that must lie on the lot; ``ValueError`` or ``TypeError`` otherwise."""
        # Most strategies order the same amount again and again: the very same object has the same lots.
        known, lots = self._lots_known[0]
        if quantity is known:
            return lots
        lots = self._units(self.qty_grid, quantity, "quantity", "lot")
        self._lots_known[0] = (quantity, lots)
        return lots

    def round_price(self, value: Price | Decimal | float | str | int, rounding: str) -> Price:
        """The price on the tick nearest to ``value`` in the named direction; the one place where a float may become a price.

        A float counts as the shortest decimal that round-trips to it.
        """
        return self.price(self.price_grid.round(_measured(value, "price"), rounding))

    def round_quantity(self, value: Quantity | Decimal | float | str | int, rounding: str) -> Quantity:
        """The quantity on the lot nearest to ``value`` in the named direction (`FLOOR` never buys more than asked)."""
        return self.quantity(self.qty_grid.round(_measured(value, "quantity"), rounding))

    def _units(self, grid: Grid, value: object, what: str, step: str) -> int:
        try:
            return grid.from_decimal(exact_decimal(value, what))
        except ValueError as error:
            raise ValueError(f"{self.id}: {what} off the {step}: {error}") from None

    def __str__(self) -> str:
        return f"{self.id} (tick {plain(self.tick)}, lot {plain(self.lot)})"


def _measured(value: object, what: str) -> Decimal:
    return exact_decimal(repr(value) if isinstance(value, float) else value, what)
