"""USD-margined perpetuals: funding, margin and liquidation, in integers. One-way positions in cross margin.

Units: a mark is in the units of `genesis.model.mark_prices`, a position in signed base ledger units, money in ledger units of the quote
currency. With n = position x mark unit, the value of a position at mark M is n M, exactly; nothing is rounded but what is named below.

======================  =========================================================================================================
amount                  formula
======================  =========================================================================================================
funding                 -(position x mark x rate): longs pay shorts while the rate is positive. The change of cash is rounded
                        down to 8 decimals: what is paid never shrinks, what is received never grows
wallet balance          deposits + realised profit - fees + funding. A bought contract costs no cash: in a ledger that pays for
                        positions from cash, it is cash + cost of the positions
unrealised profit       value at the mark - cost
margin balance          wallet balance + unrealised profit of all contracts
maintenance margin      notional at the mark x rate of its bracket - amount of the bracket, rounded up to a ledger unit
initial margin          notional at the mark / leverage, rounded up to a ledger unit
margin ratio            maintenance margin / margin balance
liquidation             margin balance <= maintenance margin, on the sums over all contracts of one quote currency
liquidation price       the mark at which that begins while the other contracts stay where they are:
                        (wallet - maintenance of others + unrealised of others + amount - side x size x entry)
                        / (size x rate - side x size), in the bracket that holds at that price
bankruptcy price        the mark at which the margin balance is 0: the same with no maintenance margin
liquidation fee         notional closed x the contract's rate, rounded up to 8 decimals
======================  =========================================================================================================

Sources: Binance support, "How to Calculate Liquidation Price of USD-M Futures Contracts" (WB, TMM1, UPNL1, cumB, MMR B: the formula above
in one-way mode), "Leverage and Margin of USD-M Futures" (brackets), "Introduction to Binance Futures Funding Rates" (funding amount =
nominal value at the mark price x rate), "Liquidation Protocols" (margin ratio of 100 % at the mark price; open orders are cancelled
first; the fee is charged on what is liquidated); the rate is ``liquidationFee`` of ``/fapi/v1/exchangeInfo``.

The exchange states no order among positions in cross margin and no rounding. Ours: the largest maintenance margin goes first, and
every rounding is against the account. Not simulated: partial liquidation of one position, auto-deleveraging, the insurance fund (an
account may end below 0), margin in a second asset, isolated margin and hedge mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from genesis.model.grid import currency_grid, quotient
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.margin import RATE_SCALE, MarginSchedule
from genesis.model.mark_prices import mark_value_unit
from genesis.model.orders import DenyReason

VENUE_DECIMALS = 8
_E8 = 10**8


class Held(NamedTuple):
    """One position at a mark: signed base ledger units, signed cost (positive for a long), mark units."""

    units: int
    cost: int
    mark: int


class MarginStatement(NamedTuple):
    """The sums of one margin account, in ledger units."""

    wallet: int
    unrealized: int
    maintenance: int
    initial: int

    @property
    def balance(self) -> int:
        """Margin balance."""
        return self.wallet + self.unrealized

    @property
    def available(self) -> int:
        """What may still be used as initial margin; negative when there is too little."""
        return self.balance - self.initial

    @property
    def spendable(self) -> int:
        """What may leave the account, to pay for something on spot: a profit that is not realised is no money yet, a loss is gone already."""
        return self.wallet + min(0, self.unrealized) - self.initial

    @property
    def ratio(self) -> float | None:
        """Margin ratio: liquidation is at 1. ``None`` where a balance of 0 or less has none."""
        return quotient(self.maintenance, self.balance) if self.balance > 0 else None


class Contract:
    """One perpetual as an account holds it: its brackets, its leverage, and what a unit of its mark is worth.

    Args:
        leverage: initial margin is notional / ``leverage``.
        liquidation_fee: a fraction of the notional closed, of at most six decimals.

    Raises:
        ValueError: no perpetual, brackets of another currency or scale, a leverage that no bracket allows, or a fee out of [0, 1).
    """

    __slots__ = ("fee_ppm", "id", "leverage", "schedule", "step", "unit")

    def __init__(
        self, instrument: Instrument, schedule: MarginSchedule, leverage: int, liquidation_fee: Decimal
    ) -> None:
        if instrument.kind is not InstrumentKind.PERPETUAL:
            raise ValueError(f"{instrument.id}: expected a perpetual, found {instrument.kind.value}")
        if schedule.currency != instrument.quote:
            raise ValueError(f"{instrument.id}: expected brackets in {instrument.quote}, found {schedule.currency}")
        if not 1 <= leverage <= schedule.max_leverage(0):
            raise ValueError(f"{instrument.id}: leverage: expected 1 to {schedule.max_leverage(0)}, found {leverage}")
        if not 0 <= liquidation_fee < 1:
            raise ValueError(f"{instrument.id}: liquidation_fee: expected 0 or more, below 1, found {liquidation_fee}")
        self.id, self.schedule, self.leverage = instrument.id, schedule, leverage
        self.unit = mark_value_unit(instrument, schedule.decimals)
        self.step = int(10 ** max(0, schedule.decimals - VENUE_DECIMALS))
        self.fee_ppm = currency_grid(6).from_decimal(liquidation_fee)

    def notional(self, units: int, mark: int) -> int:
        """The size of a position at a mark."""
        return abs(units) * mark * self.unit

    def unrealized(self, held: Held) -> int:
        """Value at the mark less cost."""
        return held.units * held.mark * self.unit - held.cost

    def maintenance(self, units: int, mark: int) -> int:
        """Maintenance margin of a position at a mark."""
        return self.schedule.maintenance(self.notional(units, mark))

    def initial(self, units: int, mark: int) -> int:
        """Initial margin of a position at a mark."""
        return _ceil(self.notional(units, mark), self.leverage)

    def funding(self, units: int, mark: int, rate_e8: int) -> int:
        """The change of cash at a settlement: negative is paid."""
        owed_e8 = units * mark * self.unit * rate_e8
        return -owed_e8 // (_E8 * self.step) * self.step

    def liquidation_fee(self, notional: int) -> int:
        """What is charged, beside the order's own fee, for closing ``notional`` by force."""
        return _ceil(notional * self.fee_ppm, RATE_SCALE * self.step) * self.step

    def liquidation_mark(self, units: int, cost: int, rest: int) -> int | None:
        """The mark nearest to the market at which the account is liquidated, the highest for a long and the lowest for a short.

        ``rest`` is wallet balance - maintenance margin of the other contracts + their unrealised profit. ``None``: flat, or a long that
        no price above 0 liquidates.
        """
        if not units:
            return None
        return self._long_liquidation(units, cost, rest) if units > 0 else self._short_liquidation(units, cost, rest)

    def _long_liquidation(self, units: int, cost: int, rest: int) -> int | None:
        """The largest M with rest + N - cost <= ceil(N r) - amount, N = n M.

        ``a <= ceil(x)`` is ``a - 1 < x`` for an integer a, so N (1 - r) < cost - rest - amount + 1. The balance grows with M faster
        than the margin does, so the first bracket from above that has such an M has the largest.
        """
        n = units * self.unit
        brackets = self.schedule.brackets
        for place in range(len(brackets) - 1, -1, -1):
            bracket = brackets[place]
            bound = (cost - rest - bracket.amount + 1) * RATE_SCALE
            mark = (bound - 1) // (RATE_SCALE - bracket.rate_ppm) // n
            if place < len(brackets) - 1:
                mark = min(mark, bracket.cap // n)
            if mark >= (bracket.floor // n + 1 if place else 1):
                return mark
        return None

    def _short_liquidation(self, units: int, cost: int, rest: int) -> int:
        """The smallest M with rest - N - cost <= ceil(N r) - amount: N (1 + r) > rest - cost + amount - 1, from below."""
        n = -units * self.unit
        brackets = self.schedule.brackets
        for place, bracket in enumerate(brackets):
            bound = (rest - cost + bracket.amount - 1) * RATE_SCALE
            least = _ceil(bound // (RATE_SCALE + bracket.rate_ppm) + 1, n)
            mark = max(least, bracket.floor // n + 1 if place else 0)
            if place == len(brackets) - 1 or mark <= bracket.cap // n:
                break
        return mark

    def bankruptcy_mark(self, units: int, cost: int, rest: int) -> int | None:
        """The mark nearest to the market at which the margin balance is 0 or less.

        ``rest`` is wallet balance + unrealised profit of the other contracts. ``None``: flat, or a long that cannot lose as much.
        """
        if not units:
            return None
        if units < 0:
            return max(0, _ceil(rest - cost, -units * self.unit))
        mark = (cost - rest) // (units * self.unit)
        return mark if mark > 0 else None


class CrossMargin:
    """All perpetuals of one account in one quote currency; positions are told in the order of ``contracts``.

    Raises:
        ValueError: no contract, or contracts of several quote currencies or scales.
    """

    def __init__(self, contracts: Sequence[Contract]) -> None:
        scales = {(c.schedule.currency, c.schedule.decimals) for c in contracts}
        if len(scales) != 1:
            found = ", ".join(f"{currency} at {decimals} decimals" for currency, decimals in sorted(scales)) or "none"
            raise ValueError(f"margin account: expected contracts of one quote currency and scale, found {found}")
        self.contracts = tuple(contracts)
        self._grid = currency_grid(contracts[0].schedule.decimals)

    def statement(self, wallet: int, held: Sequence[Held]) -> MarginStatement:
        """The account at these marks."""
        unrealized = maintenance = initial = 0
        for contract, position in zip(self.contracts, held, strict=True):
            if position.units:
                unrealized += contract.unrealized(position)
                maintenance += contract.maintenance(position.units, position.mark)
                initial += contract.initial(position.units, position.mark)
        return MarginStatement(wallet, unrealized, maintenance, initial)

    def first_to_close(self, wallet: int, held: Sequence[Held]) -> int | None:
        """The place of the position to be closed by force; ``None`` while the margin balance is above the maintenance margin.

        Of several, the one with the largest maintenance margin, of equals the first. Ask again after each close.
        """
        balance, maintenance, largest, first = wallet, 0, -1, None
        for place, (contract, position) in enumerate(zip(self.contracts, held, strict=True)):
            if not position.units:
                continue
            needed = contract.maintenance(position.units, position.mark)
            balance += contract.unrealized(position)
            maintenance += needed
            if needed > largest:
                largest, first = needed, place
        return first if balance <= maintenance else None

    def rest(self, wallet: int, held: Sequence[Held], place: int) -> int:
        """What stands beside one contract in `Contract.liquidation_mark`: wallet - maintenance + unrealised profit of the others."""
        total = wallet
        for i, (contract, position) in enumerate(zip(self.contracts, held, strict=True)):
            if i != place and position.units:
                total += contract.unrealized(position) - contract.maintenance(position.units, position.mark)
        return total

    def opening_problem(
        self,
        wallet: int,
        held: Sequence[Held],
        place: int,
        units: int,
        price: int,
        fee: int,
        working: int = 0,
        coming: int = 0,
    ) -> tuple[DenyReason, str] | None:
        """Why the account cannot bear an order of signed ``units`` at ``price`` (mark units); ``None`` when it can.

        ``fee`` is the worst fee of the order, ``working`` the initial margin of the orders already working, ``coming`` the signed units that those
        of the order's own side may bring. An order that, together with them, only reduces needs no margin. Else the leverage must be allowed for
        the position they lead to, valued at the dearer of price and mark, and the initial margins must be covered by the margin balance
        after the fee and after what the price loses against the mark.
        """
        contract, position = self.contracts[place], held[place]
        after = position.units + units
        furthest, dearer = after + coming, max(price, position.mark)
        if abs(furthest) <= abs(position.units) and furthest * position.units >= 0:
            return None
        reached = contract.notional(furthest, dearer)
        allowed = contract.schedule.max_leverage(reached)
        if contract.leverage > allowed:
            return DenyReason.LEVERAGE, (
                f"leverage: expected at most {allowed}x for a position of {self._grid.to_text(reached)}, "
                f"found {contract.leverage}x"
            )
        notional = contract.notional(after, dearer)
        now = self.statement(wallet, held)
        loss = max(0, units * (price - position.mark) * contract.unit)
        balance = now.balance - fee - loss
        needed = now.initial - contract.initial(position.units, position.mark) + _ceil(notional, contract.leverage)
        if needed + working > balance:
            return DenyReason.MARGIN, (
                f"initial margin: expected at most {self._grid.to_text(balance)}, "
                f"found {self._grid.to_text(needed + working)}"
            )
        return None


def adverse_mark(units: int, low: int, high: int) -> int:
    """Of the extremes between two rows, the one that is worse for a position.

    With several contracts the worst of each may not have been at one moment: judged on them, an account is liquidated no later than
    it would have been.
    """
    return low if units > 0 else high


def _ceil(amount: int, by: int) -> int:
    return -(-amount // by)
