"""Money is conserved: the ledger balances and equity is budget plus profit less fees, exactly, after any fills."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from genesis.model.events import OrderFilled
from genesis.model.instruments import Instrument
from genesis.model.money import Money
from genesis.model.orders import Liquidity, Order, OrderIntent, Side
from genesis.portfolio.portfolio import Portfolio
from genesis.portfolio.positions import CostMethod
from genesis.portfolio.trades import TradeBasis
from tests.kit.runs import FX, SPOT

Fill = tuple[int, int, int, int]
FILLS = st.lists(
    st.tuples(st.sampled_from([1, -1]), st.integers(1, 50), st.integers(9_000, 11_000), st.integers(0, 10**6)),
    min_size=1,
    max_size=40,
)


def filled(number: int, fill: Fill, instrument: Instrument, in_base: bool, decimals: int) -> OrderFilled:
    sign, lots, ticks, fee = fill
    order = Order(f"t-{number}", "t", OrderIntent(instrument, Side(sign), lots), number, 1)
    currency = (instrument.base, 8) if in_base and sign > 0 else (instrument.quote, decimals)
    return OrderFilled(
        number,
        "t",
        order,
        number,
        1,
        ticks,
        lots,
        lots,
        0,
        Liquidity.TAKER,
        fee % 1000,
        *currency,
        "trades",
        ticks,
        ticks,
    )


@given(FILLS, st.sampled_from(CostMethod), st.sampled_from(TradeBasis), st.booleans())
def test_equity_is_budget_plus_profit_less_fees(
    fills: list[Fill], method: CostMethod, basis: TradeBasis, in_base: bool
) -> None:
    """After every fill: trial balance zero, and the identity of equity exact."""
    portfolio = Portfolio(Money("10000", "USD"), [FX], method, basis)
    for number, fill in enumerate(fills, 1):
        portfolio.apply_fill(filled(number, fill, FX, in_base, portfolio.decimals))
        portfolio.ledger.check()
        marks = {FX.id: fill[2] + 3}
        profit = portfolio.realized_units + portfolio.unrealized(marks)
        assert portfolio.equity(marks) == portfolio.budget_units + profit - portfolio.fees_units


@given(FILLS, st.sampled_from(TradeBasis))
def test_average_cost_and_fifo_agree_on_equity(fills: list[Fill], basis: TradeBasis) -> None:
    """The method moves profit between realised and unrealised, never the total."""
    marks = {FX.id: 10_000}
    totals = set()
    for method in CostMethod:
        portfolio = Portfolio(Money("10000", "USD"), [FX], method, basis)
        for number, fill in enumerate(fills, 1):
            portfolio.apply_fill(filled(number, fill, FX, False, portfolio.decimals))
        totals.add((portfolio.equity(marks), portfolio.realized_units + portfolio.unrealized(marks)))
    assert len(totals) == 1


@given(FILLS)
def test_closed_trades_add_up_to_the_profit_when_flat(fills: list[Fill]) -> None:
    """With the position closed, the trades' net results sum to equity less budget."""
    portfolio = Portfolio(Money("10000", "USD"), [FX])
    closed, net = [], 0
    for number, fill in enumerate(fills, 1):
        closed += portfolio.apply_fill(filled(number, fill, FX, False, portfolio.decimals))
        net += fill[0] * fill[1]
    if net:
        last = (-1 if net > 0 else 1, abs(net), 10_000, 0)
        closed += portfolio.apply_fill(filled(len(fills) + 1, last, FX, False, portfolio.decimals))
    assert portfolio.position_units(FX.id) == portfolio.cost_units(FX.id) == 0
    assert sum(t.pnl for t in closed) == portfolio.cash_units - portfolio.budget_units


def test_a_spot_buyer_receives_less_base() -> None:
    """A fee in the base asset shrinks the holdings and is paid at the fill's price."""
    portfolio = Portfolio(Money("10000", "USDT"), [SPOT])
    fill = filled(1, (1, 1000, 10_000, 0), SPOT, True, portfolio.decimals)
    import msgspec

    portfolio.apply_fill(msgspec.structs.replace(fill, fee=100_000))
    assert portfolio.position_units(SPOT.id) == 99_900_000
    assert portfolio.to_money(portfolio.fees_units).amount == Decimal("0.1")
    assert portfolio.equity({SPOT.id: 10_000}) == portfolio.budget_units - portfolio.fees_units


def test_a_flip_is_split_by_quantity() -> None:
    """Long 2, then sell 3: the trade of 2 closes with its share of the fee, and a short of 1 opens."""
    portfolio = Portfolio(Money("10000", "USD"), [FX])
    portfolio.apply_fill(filled(1, (1, 2, 10_000, 0), FX, False, portfolio.decimals))
    (trade,) = portfolio.apply_fill(filled(2, (-1, 3, 10_300, 900), FX, False, portfolio.decimals))
    assert portfolio.to_money(trade.pnl + trade.fees).amount == Decimal("0.006")
    assert trade.fees == 600
    assert portfolio.position_units(FX.id) == -FX.lot_units
