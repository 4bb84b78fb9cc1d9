"""Fills worked by hand: what a portfolio of 10,000 holds and has earned after them. Every figure is exact."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import pytest

from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument
from genesis.model.money import Money
from genesis.portfolio.portfolio import Portfolio
from genesis.portfolio.positions import CostMethod
from genesis.portfolio.trades import TradeBasis
from tests.kit.fills import FX, SPOT, fills_of

AVERAGE, FIFO = CostMethod.AVERAGE, CostMethod.FIFO
FLAT, LOTS = TradeBasis.FLAT_TO_FLAT, TradeBasis.FIFO_LOT


class Case(NamedTuple):
    """``trades`` lists side, largest quantity, result net of fees, fees, and fills of each closed trade."""

    says: str
    fills: str
    position: str
    cost: str
    cash: str
    realized: str
    fees: str
    trades: list[str]
    instrument: Instrument = FX
    method: CostMethod = AVERAGE
    basis: TradeBasis = FLAT


CASES = [
    Case(
        "a round trip earns the difference less both fees",
        """
        buy  2 @ 100 fee 0.20
        sell 2 @ 110 fee 0.22
        """,
        position="0",
        cost="0",
        cash="10019.58",
        realized="20",
        fees="0.42",
        trades=["BUY 2 won 19.58 after fees of 0.42 in 2 fills"],
    ),
    Case(
        "partial fills merge into one trade",
        """
        buy  1 @ 100 order a
        buy  1 @ 102 order a
        sell 1 @ 103 order b
        sell 1 @ 105 order b
        """,
        position="0",
        cost="0",
        cash="10006",
        realized="6",
        fees="0",
        trades=["BUY 2 won 6 after fees of 0 in 4 fills"],
    ),
    Case(
        "average cost: half of 4 that cost 412 takes 206 with it",
        """
        buy  1 @ 100
        buy  3 @ 104
        sell 2 @ 110
        """,
        position="2",
        cost="206",
        cash="9808",
        realized="14",
        fees="0",
        trades=[],
    ),
    Case(
        "first in, first out: the one at 100 and one at 104 leave",
        """
        buy  1 @ 100
        buy  3 @ 104
        sell 2 @ 110
        """,
        position="2",
        cost="208",
        cash="9808",
        realized="16",
        fees="0",
        trades=[],
        method=FIFO,
    ),
    Case(
        "a short earns when the price falls, and its cost is negative until it is bought back",
        """
        sell 2 @ 100 fee 0.1
        sell 2 @ 104 fee 0.1
        buy  1 @ 90  fee 0.1
        """,
        position="-3",
        cost="-306",
        cash="10317.7",
        realized="12",
        fees="0.3",
        trades=[],
    ),
    Case(
        "a flip is two trades: the fill and its fee are split two to one",
        """
        buy  2 @ 100
        sell 3 @ 110 fee 0.33
        buy  1 @ 100
        """,
        position="0",
        cost="0",
        cash="10029.67",
        realized="30",
        fees="0.33",
        trades=["BUY 2 won 19.78 after fees of 0.22 in 2 fills", "SELL 1 won 9.89 after fees of 0.11 in 2 fills"],
    ),
    Case(
        "a third of 302 leaves to the unit, and what stays keeps the remainder",
        """
        buy  1 @ 100
        buy  2 @ 101
        sell 1 @ 101
        """,
        position="2",
        cost="201.3333333334",
        cash="9799",
        realized="0.3333333334",
        fees="0",
        trades=[],
    ),
    Case(
        "the last third takes the remainder",
        """
        buy  1 @ 100
        buy  2 @ 101
        sell 1 @ 101
        sell 1 @ 101
        sell 1 @ 101
        """,
        position="0",
        cost="0",
        cash="10001",
        realized="1",
        fees="0",
        trades=["BUY 3 won 1 after fees of 0 in 5 fills"],
    ),
    Case(
        "a spot buyer pays the fee in what he bought: 0.999 arrives and cost 99.90, the fee is worth 0.10",
        "buy 1 @ 100 fee 0.001 BTC",
        position="0.999",
        cost="99.9",
        cash="9900",
        realized="0",
        fees="0.1",
        trades=[],
        instrument=SPOT,
    ),
    Case(
        "sold again, the trade bears both fees",
        """
        buy  1     @ 100 fee 0.001 BTC
        sell 0.999 @ 110 fee 0.10989
        """,
        position="0",
        cost="0",
        cash="10009.78011",
        realized="9.99",
        fees="0.20989",
        trades=["BUY 0.999 won 9.78011 after fees of 0.20989 in 2 fills"],
        instrument=SPOT,
    ),
    Case(
        "dust under one lot is flat: it ends the trade, keeps its cost and joins the next trade",
        """
        buy  1     @ 100 fee 0.0005 BTC
        sell 0.999 @ 110
        buy  1     @ 100
        sell 1     @ 104
        """,
        position="0.0005",
        cost="0.05",
        cash="10013.89",
        realized="13.99",
        fees="0.05",
        trades=["BUY 0.9995 won 9.94 after fees of 0.05 in 2 fills", "BUY 1.0005 won 4 after fees of 0 in 2 fills"],
        instrument=SPOT,
    ),
    Case(
        "fifo lots: the dust of the only lot waits, with its cost, for the lot bought next",
        """
        buy  1     @ 100 fee 0.0005 BTC
        sell 0.999 @ 110
        buy  1     @ 100
        sell 1     @ 104
        """,
        position="0.0005",
        cost="0.05",
        cash="10013.89",
        realized="13.99",
        fees="0.05",
        trades=["BUY 0.9995 won 9.94 after fees of 0.05 in 2 fills", "BUY 1.0005 won 4 after fees of 0 in 2 fills"],
        instrument=SPOT,
        method=FIFO,
        basis=LOTS,
    ),
    Case(
        "a purchase that its fee took under one lot opens no trade; the next one bears its fee",
        """
        buy  0.001 @ 100 fee 0.0001 BTC
        buy  0.001 @ 100
        sell 0.001 @ 100
        """,
        position="0.0009",
        cost="0.09",
        cash="9999.9",
        realized="0",
        fees="0.01",
        trades=["BUY 0.0019 won -0.01 after fees of 0.01 in 3 fills"],
        instrument=SPOT,
    ),
    Case(
        "a seller charged in the base asset gives up the fee beside what he sold",
        """
        buy  2 @ 100
        sell 1 @ 110 fee 0.01 BTC
        """,
        position="0.99",
        cost="99",
        cash="9910",
        realized="10.1",
        fees="1.1",
        trades=[],
        instrument=SPOT,
    ),
    Case(
        "a rebate is a negative fee",
        """
        buy  1 @ 100 fee -0.01
        sell 1 @ 100 fee -0.01
        """,
        position="0",
        cost="0",
        cash="10000.02",
        realized="0",
        fees="-0.02",
        trades=["BUY 1 won 0.02 after fees of -0.02 in 2 fills"],
    ),
    Case(
        "fifo lots: one sale closes two lots, each its own trade with its share of the fee",
        """
        buy  1 @ 100 fee 0.1
        buy  3 @ 104 fee 0.3
        sell 4 @ 110 fee 0.4
        """,
        position="0",
        cost="0",
        cash="10027.2",
        realized="28",
        fees="0.8",
        trades=["BUY 1 won 9.8 after fees of 0.2 in 2 fills", "BUY 3 won 17.4 after fees of 0.6 in 2 fills"],
        method=FIFO,
        basis=LOTS,
    ),
    Case(
        "fifo lots: what one order bought is one lot, and it is a trade only when all of it is sold",
        """
        buy  1 @ 100 order a
        buy  1 @ 102 order a
        buy  1 @ 90  order b
        sell 1 @ 105
        sell 1 @ 107
        """,
        position="1",
        cost="90",
        cash="9920",
        realized="10",
        fees="0",
        trades=["BUY 2 won 10 after fees of 0 in 4 fills"],
        method=FIFO,
        basis=LOTS,
    ),
    Case(
        "fifo lots under average cost: trades match lots, the ledger realises the average, the total is one",
        """
        buy  1 @ 100
        buy  1 @ 104
        sell 1 @ 110
        """,
        position="1",
        cost="102",
        cash="9906",
        realized="8",
        fees="0",
        trades=["BUY 1 won 10 after fees of 0 in 2 fills"],
        basis=LOTS,
    ),
    Case(
        "fifo lots: a flip closes the lots and opens one the other way",
        """
        buy  1 @ 100
        sell 3 @ 110 fee 0.3
        buy  2 @ 100
        """,
        position="0",
        cost="0",
        cash="10029.7",
        realized="30",
        fees="0.3",
        trades=["BUY 1 won 9.9 after fees of 0.1 in 2 fills", "SELL 2 won 19.8 after fees of 0.2 in 2 fills"],
        method=FIFO,
        basis=LOTS,
    ),
    Case(
        "fifo lots: a lot's dust joins the next lot",
        """
        buy  1     @ 100 fee 0.0005 BTC
        buy  1     @ 200
        sell 0.999 @ 100
        sell 1     @ 200
        """,
        position="0.0005",
        cost="0.1",
        cash="9999.9",
        realized="0.05",
        fees="0.05",
        trades=[
            "BUY 0.9995 won -0.05 after fees of 0.05 in 2 fills",
            "BUY 1.0005 won 0.0499750125 after fees of 0 in 2 fills",
        ],
        instrument=SPOT,
        method=FIFO,
        basis=LOTS,
    ),
]


def plain(value: Decimal) -> str:
    return format(value.normalize(), "f")


@pytest.mark.parametrize("case", CASES, ids=[c.says for c in CASES])
def test_the_accounts_say(case: Case) -> None:
    """Position, cost, cash, realised profit, fees and trades are what they are by hand."""
    portfolio = Portfolio(Money(10_000, case.instrument.quote), [case.instrument], case.method, case.basis)
    closed = [
        trade for fill, forced in fills_of(case.instrument, case.fills) for trade in portfolio.apply_fill(fill, forced)
    ]
    qty = currency_grid(case.instrument.base_decimals).to_decimal

    def money(units: int) -> str:
        return plain(portfolio.to_money(units).amount)

    portfolio.ledger.check()
    found = Case(
        case.says,
        case.fills,
        plain(qty(portfolio.position_units(case.instrument.id))),
        money(portfolio.cost_units(case.instrument.id)),
        money(portfolio.cash_units),
        money(portfolio.realized_units),
        money(portfolio.fees_units),
        [
            f"{t.side.name} {plain(qty(t.qty))} won {money(t.pnl)} after fees of {money(t.fees)} in {t.fills} fills"
            for t in closed
        ],
        *case[8:],
    )
    assert found == case
