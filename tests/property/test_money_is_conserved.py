"""Money is conserved: whatever the fills, the ledger balances and equity is budget plus profit less fees, exactly."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from genesis.model.events import OrderFilled
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.money import Money
from genesis.model.orders import Side
from genesis.portfolio.portfolio import Portfolio
from genesis.portfolio.positions import CostMethod
from genesis.portfolio.trades import ClosedTrade, TradeBasis
from tests.kit.fills import SPOT, fee_decimals, fill_of

FX = Instrument("EURUSDT", "TEST", "EUR", "USDT", Decimal("0.00005"), Decimal("0.3"), InstrumentKind.FX)
# The first asset again, at a venue that counts it finer.
FINE = Instrument("BTCUSDT", "FINE", "BTC", "USDT", Decimal("0.1"), Decimal("1E-10"))
INSTRUMENTS = (SPOT, FX, FINE)
BUDGET = Money(10_000, "USDT")

METHODS, BASES = st.sampled_from(CostMethod), st.sampled_from(TradeBasis)
MARKS = st.fixed_dictionaries({i.id: st.integers(1, 10**6) for i in INSTRUMENTS})


class Step(NamedTuple):
    """A fill to come. ``fee`` is in ledger units; ``joins`` makes it a part of the order before it."""

    instrument: Instrument
    side: Side
    lots: int
    ticks: int
    fee: int
    in_base: bool
    joins: bool
    forced: bool


def steps(
    instruments: Sequence[Instrument] = INSTRUMENTS, base_fees: bool = True, most: int = 40
) -> st.SearchStrategy[list[Step]]:
    """Sequences with flips, partial fills, shorts, rebates and fees from nothing to more than the fill."""
    quote_fee = st.integers(-(10**9), 10**12).map(lambda fee: (fee, False))
    base_fee = st.one_of(st.integers(1, 10**5), st.integers(-(10**4), 10**6)).map(lambda fee: (fee, True))
    fee = st.one_of(st.just((0, False)), quote_fee, *([base_fee] if base_fees else []))
    one = st.builds(
        lambda instrument, side, lots, ticks, fee, joins, forced: Step(
            instrument, side, lots, ticks, fee[0], fee[1], joins, forced
        ),
        st.sampled_from(list(instruments)),
        st.sampled_from(Side),
        st.one_of(st.integers(1, 4), st.integers(1, 5_000)),
        st.integers(1, 10**6),
        fee,
        st.booleans(),
        st.booleans(),
    )
    return st.lists(one, min_size=1, max_size=most)


def fills(sequence: Iterable[Step]) -> Iterator[tuple[OrderFilled, Step]]:
    order = 0
    for at, step in enumerate(sequence, 1):
        order += not step.joins
        currency = step.instrument.base if step.in_base else step.instrument.quote
        yield (
            fill_of(
                step.instrument, step.side, step.lots, step.ticks, step.fee, currency, at, f"{step.side.name}-{order}"
            ),
            step,
        )


def run(
    sequence: Iterable[Step], method: CostMethod, basis: TradeBasis, instruments: Sequence[Instrument] = INSTRUMENTS
) -> tuple[Portfolio, list[ClosedTrade]]:
    portfolio = Portfolio(BUDGET, instruments, method, basis)
    return portfolio, [t for fill, step in fills(sequence) for t in portfolio.apply_fill(fill, step.forced)]


def fee_amount(step: Step) -> Fraction:
    """The fee in its own currency."""
    currency = step.instrument.base if step.in_base else step.instrument.quote
    return Fraction(step.fee, 10 ** fee_decimals(step.instrument, currency))


def qty_price(step: Step) -> tuple[Fraction, Fraction]:
    return step.lots * Fraction(step.instrument.lot), step.ticks * Fraction(step.instrument.tick)


@given(steps(), METHODS, BASES, MARKS)
def test_equity_is_budget_plus_profit_less_fees(
    sequence: list[Step], method: CostMethod, basis: TradeBasis, marks: dict[str, int]
) -> None:
    """After every fill every currency balances, and both identities of the portfolio hold to the unit."""
    portfolio, results = Portfolio(BUDGET, INSTRUMENTS, method, basis), 0
    for fill, step in fills(sequence):
        results += sum(trade.pnl for trade in portfolio.apply_fill(fill, step.forced))
        portfolio.ledger.check()
        equity = portfolio.equity(marks)
        profit = portfolio.realized_units + portfolio.unrealized(marks)
        assert equity == portfolio.budget_units + profit - portfolio.fees_units
        assert equity == portfolio.budget_units + results + portfolio.open_pnl(marks)


@given(steps(), METHODS, MARKS)
def test_cash_and_positions_are_what_arithmetic_says(
    sequence: list[Step], method: CostMethod, marks: dict[str, int]
) -> None:
    """Cash, quantities, fees, turnover and equity agree with fractions kept apart from the ledger."""
    cash, fees, turnover = Fraction(BUDGET.amount), Fraction(0), Fraction(0)
    held = dict.fromkeys((i.id for i in INSTRUMENTS), Fraction(0))
    for step in sequence:
        (qty, price), fee = qty_price(step), fee_amount(step)
        cash -= step.side * qty * price + (0 if step.in_base else fee)
        held[step.instrument.id] += step.side * qty - (fee if step.in_base else 0)
        fees += fee * price if step.in_base else fee
        turnover += qty * price
    portfolio, _ = run(sequence, method, TradeBasis.FLAT_TO_FLAT)
    unit = Fraction(1, 10**portfolio.decimals)
    values = {i.id: held[i.id] * marks[i.id] * Fraction(i.tick) for i in INSTRUMENTS}
    assert portfolio.cash_units * unit == cash
    assert portfolio.fees_units * unit == fees
    assert portfolio.turnover_units * unit == turnover
    assert portfolio.equity(marks) * unit == cash + sum(values.values())
    assert portfolio.gross_units(marks) * unit == sum(abs(v) for v in values.values())
    for instrument in INSTRUMENTS:
        units = portfolio.position_units(instrument.id)
        assert Fraction(units, 10**instrument.base_decimals) == held[instrument.id]


@given(steps(), METHODS)
def test_closed_trades_and_open_ones_share_what_was_realised(sequence: list[Step], method: CostMethod) -> None:
    """From flat to flat, trades closed and open hold all realised profit less all fees: with positions at cost, nothing else is left."""
    portfolio, closed = run(sequence, method, TradeBasis.FLAT_TO_FLAT)
    at_cost = sum(h.trades.open_pnl(h.position.cost, h.position.cost) for h in portfolio._holdings.values())
    assert sum(t.pnl for t in closed) + at_cost == portfolio.realized_units - portfolio.fees_units


@given(steps(), MARKS)
def test_average_cost_and_fifo_agree_on_the_total(sequence: list[Step], marks: dict[str, int]) -> None:
    """The method moves profit between realised and unrealised; equity, cash, fees and the total do not change."""
    totals = set()
    for method in CostMethod:
        portfolio, _ = run(sequence, method, TradeBasis.FLAT_TO_FLAT)
        profit = portfolio.realized_units + portfolio.unrealized(marks)
        totals.add((portfolio.equity(marks), portfolio.cash_units, portfolio.fees_units, profit))
    assert len(totals) == 1


@given(steps())
def test_fifo_realises_what_matching_the_oldest_realises(sequence: list[Step]) -> None:
    """Against a queue of (quantity, price) kept in fractions: a lot's cost is its quantity times its price, always."""
    realized = Fraction(0)
    queues: dict[str, deque[tuple[Fraction, Fraction]]] = {i.id: deque() for i in INSTRUMENTS}
    for step in sequence:
        qty, price = qty_price(step)
        left = step.side * qty - (fee_amount(step) if step.in_base else 0)
        queue = queues[step.instrument.id]
        while left and queue and queue[0][0] * left < 0:
            held, paid = queue.popleft()
            taken = held if abs(held) <= abs(left) else -left
            realized += taken * (price - paid)
            left += taken
            if held != taken:
                queue.appendleft((held - taken, paid))
        if left:
            queue.append((left, price))
    portfolio, _ = run(sequence, CostMethod.FIFO, TradeBasis.FLAT_TO_FLAT)
    assert Fraction(portfolio.realized_units, 10**portfolio.decimals) == realized


@given(steps(base_fees=False), METHODS, BASES)
def test_the_mirrored_sequence_earns_the_opposite(sequence: list[Step], method: CostMethod, basis: TradeBasis) -> None:
    """Buy for sell and sell for buy: the same fees and the same trades with the other sign, to the unit."""
    portfolio, closed = run(sequence, method, basis)
    mirror, reflected = run([s._replace(side=Side(-s.side)) for s in sequence], method, basis)
    assert mirror.realized_units == -portfolio.realized_units
    assert mirror.fees_units == portfolio.fees_units
    for instrument in INSTRUMENTS:
        assert mirror.position_units(instrument.id) == -portfolio.position_units(instrument.id)
        assert mirror.cost_units(instrument.id) == -portfolio.cost_units(instrument.id)
    assert [(t.side, t.pnl + t.fees, t.fees, t.qty, t.fills, t.forced) for t in reflected] == [
        (-t.side, -(t.pnl + t.fees), t.fees, t.qty, t.fills, t.forced) for t in closed
    ]


@given(steps(base_fees=False), METHODS, BASES, MARKS)
def test_closing_flat_leaves_no_cost_and_no_open_trade(
    sequence: list[Step], method: CostMethod, basis: TradeBasis, marks: dict[str, int]
) -> None:
    """When every position has been closed nothing has a cost or a holding, and the trades are all there was to earn."""
    net = {i.id: sum(s.side * s.lots for s in sequence if s.instrument is i) for i in INSTRUMENTS}
    last = [
        Step(i, Side.SELL if net[i.id] > 0 else Side.BUY, abs(net[i.id]), marks[i.id], 7, False, False, False)
        for i in INSTRUMENTS
        if net[i.id]
    ]
    portfolio, closed = run(sequence + last, method, basis)
    assert all(portfolio.position_units(i) == portfolio.cost_units(i) == 0 for i in net)
    left = {a.purpose.value: amount for a, amount in portfolio.ledger.accounts().items() if amount}
    assert set(left) <= {"capital", "cash", "realized_pnl", "fees"}
    assert portfolio.open_pnl({}) == 0
    assert sum(t.pnl for t in closed) == portfolio.cash_units - portfolio.budget_units


@given(steps([SPOT]), METHODS)
def test_a_trade_ends_where_the_position_becomes_flat_or_changes_sides(
    sequence: list[Step], method: CostMethod
) -> None:
    """Counted from positions alone: one trade for each way from at least a lot to under one or to the other side."""
    portfolio, lot, before = Portfolio(BUDGET, [SPOT], method), SPOT.lot_units, 0
    for fill, step in fills(sequence):
        closed = portfolio.apply_fill(fill, step.forced)
        after = portfolio.position_units(SPOT.id)
        ended = abs(before) >= lot and (abs(after) < lot or before * after < 0)
        assert len(closed) == ended
        if closed:
            assert closed[0].side == (Side.BUY if before > 0 else Side.SELL)
            assert closed[0].time_open < closed[0].time_close == fill.time
            assert closed[0].qty >= abs(before)
        before = after


@given(steps(base_fees=False), METHODS, BASES)
def test_without_dust_a_trade_is_exit_less_entry_less_fees(
    sequence: list[Step], method: CostMethod, basis: TradeBasis
) -> None:
    """A result is the signed difference of exit and entry notional, less the trade's fees."""
    _, closed = run(sequence, method, basis)
    for trade in closed:
        assert trade.pnl == trade.side * (trade.exit_notional - trade.entry_notional) - trade.fees


@given(steps([FX], base_fees=False), METHODS)
def test_lot_trades_are_the_quantities_that_closed(sequence: list[Step], method: CostMethod) -> None:
    """With every fill an order of its own, lots closed plus lots still open (or half sold) are the quantity that ever opened."""
    sequence = [step._replace(joins=False) for step in sequence]
    portfolio, closed = run(sequence, method, TradeBasis.FIFO_LOT, [FX])
    opened, position = 0, 0
    for step in sequence:
        units = step.lots * FX.lot_units
        opened += units - min(units, abs(position) if position * step.side < 0 else 0)
        position += step.side * units
    rest = opened - sum(t.qty for t in closed)
    assert rest >= abs(portfolio.position_units(FX.id))
    assert (rest == 0) == (portfolio.position_units(FX.id) == 0)
    assert all(t.time_open < t.time_close and t.fills >= 2 for t in closed)
