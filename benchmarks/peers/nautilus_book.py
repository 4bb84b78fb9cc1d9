"""What the NautilusTrader drivers over captures share: the joined tape as the newer engine's own objects, and the venue.

The newer engine is the Rust `BacktestEngine` that the wheel binds to Python. Its venue keeps a level-2 book, matches against
trades as well as against the book, and follows the queue ahead of a resting order (``queue_position``).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from nautilus_trader.core.nautilus_pyo3 import backtest, common, execution, model, risk

from benchmarks.captures import TRADE, Capture, Joined
from benchmarks.workloads import Market

VENUE = model.Venue("BINANCE")


def instrument_id(market: Market) -> Any:
    return model.InstrumentId.from_str(f"{market.symbol}.{VENUE}")


def instrument(market: Market, maker: Decimal, taker: Decimal) -> Any:
    p, q = market.price_decimals, market.size_decimals
    return model.CurrencyPair(
        instrument_id(market),
        model.Symbol(market.symbol),
        model.Currency.from_str(market.base),
        model.Currency.from_str(market.quote),
        p,
        q,
        model.Price(float(market.tick), p),
        model.Quantity(10.0**-q, q),
        0,
        0,
        maker_fee=maker,
        taker_fee=taker,
    )


def rows(capture: Capture, tape: Joined) -> list[Any]:
    """Trades one by one, changes of the book a message at a time."""
    market, of = capture.market, instrument_id(capture.market)
    p, q = market.price_decimals, market.size_decimals
    scale, size = 10.0**p, 10.0**q
    book_side, taker = (
        {1: model.OrderSide.BUY, -1: model.OrderSide.SELL},
        {
            1: model.AggressorSide.BUYER,
            -1: model.AggressorSide.SELLER,
        },
    )
    set_level, remove, last = model.BookAction.UPDATE, model.BookAction.DELETE, model.RecordFlag.F_LAST.value
    made: list[Any] = []
    message: list[Any] = []
    columns = (tape.ts, tape.kind, tape.side, tape.ticks, tape.lots, tape.ends)
    for i, (ts, kind, side, ticks, lots, ends) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        price, qty = model.Price(ticks / scale, p), model.Quantity(lots / size, q)
        if kind == TRADE:
            made.append(model.TradeTick(of, price, qty, taker[side], model.TradeId(str(i)), ts, ts))
            continue
        order = model.BookOrder(book_side[side], price, qty, 0)
        action = set_level if lots else remove
        message.append(model.OrderBookDelta(of, action, order, last if ends else 0, i, ts, ts))
        if ends:
            made.append(model.OrderBookDeltas(of, message))
            message = []
    return made


def engine(balances: list[Any]) -> Any:
    """No latency, no analysis, no risk engine, every logger off; positions net."""
    config = backtest.BacktestEngineConfig(
        bypass_logging=True,
        run_analysis=False,
        logging=common.LoggerConfig(stdout_level=common.LogLevel.OFF, bypass_logging=True),
        risk_engine=risk.RiskEngineConfig(bypass=True),
    )
    made = backtest.BacktestEngine(config)
    made.add_venue(
        VENUE,
        model.OmsType.NETTING,
        model.AccountType.CASH,
        balances,
        fee_model=execution.MakerTakerFeeModel(),
        book_type=model.BookType.L2_MBP,
        queue_position=True,
    )
    return made
