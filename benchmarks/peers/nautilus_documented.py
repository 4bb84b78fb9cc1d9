"""NautilusTrader's documented backtest engine, as fast as it goes: hedging positions, no analysis, risk engine bypassed.

`PortfolioAnalyzer.record_trade` is replaced by nothing: in 1.231.0 it copies the history of closed positions on every closing,
also without analysis, which makes long runs quadratic. Mode ``idle`` subscribes and does nothing.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from nautilus_trader.analysis.analyzer import PortfolioAnalyzer
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.indicators import ExponentialMovingAverage
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Currency, Money, Price, Quantity
from nautilus_trader.persistence.wranglers import TradeTickDataWrangler
from nautilus_trader.trading.strategy import Strategy

from benchmarks.measure import Job, Outcome, Stopwatch, job
from benchmarks.peers.nautilus import bar_text, base_stock
from benchmarks.workloads import CASH, FEE, MINUTE_NS, SLOW, Market, Wakes, Workload

VENUE = Venue("BINANCE")


class Settings(StrategyConfig, frozen=True):
    """What `Cross` needs to know; ``bars`` names the bar type, empty for trades."""

    market: str
    bars: str
    size: Decimal
    size_decimals: int
    fast: int
    idle: bool


class Cross(Strategy):
    """The moving-average cross, on trades or on bars."""

    def __init__(self, config: Settings) -> None:
        super().__init__(config)
        self.fast = ExponentialMovingAverage(config.fast)
        self.slow = ExponentialMovingAverage(SLOW)
        self.market = InstrumentId.from_str(config.market)
        self.bars = BarType.from_str(config.bars) if config.bars else None
        self.size = Quantity(config.size, config.size_decimals)
        self.idle = config.idle
        self.holds = False
        self.sent = self.fills = 0
        self.position_id: Any = None

    def on_start(self) -> None:
        averages = () if self.idle else (self.fast, self.slow)
        for average in averages:
            if self.bars is None:
                self.register_indicator_for_trade_ticks(self.market, average)
            else:
                self.register_indicator_for_bars(self.bars, average)
        if self.bars is None:
            self.subscribe_trade_ticks(self.market)
        else:
            self.subscribe_bars(self.bars)

    def on_trade_tick(self, _: Any) -> None:
        if not self.idle:
            self.decide()

    def on_bar(self, _: Any) -> None:
        if not self.idle:
            self.decide()

    def decide(self) -> None:
        if not self.slow.initialized:
            return
        fast, slow = self.fast.value, self.slow.value
        if fast > slow and not self.holds:
            side, self.holds, closes = OrderSide.BUY, True, None
        elif fast < slow and self.holds:
            side, self.holds, closes = OrderSide.SELL, False, self.position_id
        else:
            return
        self.sent += 1
        self.submit_order(self.order_factory.market(self.market, side, self.size), closes)

    def on_order_filled(self, event: Any) -> None:
        self.fills += 1
        self.position_id = event.position_id


def instrument(market: Market) -> CurrencyPair:
    p, q = market.price_decimals, market.size_decimals
    return CurrencyPair(
        instrument_id=InstrumentId(Symbol(market.symbol), VENUE),
        raw_symbol=Symbol(market.symbol),
        base_currency=Currency.from_str(market.base),
        quote_currency=Currency.from_str(market.quote),
        price_precision=p,
        size_precision=q,
        price_increment=Price(market.tick, p),
        size_increment=Quantity(Decimal(1).scaleb(-q), q),
        ts_event=0,
        ts_init=0,
        maker_fee=FEE,
        taker_fee=FEE,
    )


def rows(workload: Workload, n: int | None) -> tuple[list[Any], float]:
    """The feed as the engine's own objects, and its last price."""
    market = workload.market
    if workload.wakes is Wakes.BAR:
        bars = workload.bars(n)
        closes_at = (bars.ts + (workload.interval_ns or MINUTE_NS)).astype(np.uint64)
        columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, closes_at, closes_at)
        of = BarType.from_str(bar_text(workload))
        made = Bar.from_raw_arrays_to_list(of, market.price_decimals, market.size_decimals, *columns)
        return made, float(bars.close[-1])
    trades = workload.trades(n)
    frame = pd.DataFrame(
        {
            "price": trades.price,
            "quantity": trades.qty,
            "trade_id": np.arange(1, len(trades) + 1),
            "buyer_maker": trades.buyer_maker,
        },
        index=pd.to_datetime(trades.ts, utc=True),
    )
    return TradeTickDataWrangler(instrument(market)).process(frame), float(trades.price[-1])


def engine(task: Job) -> BacktestEngine:
    market = task.workload.market
    config = BacktestEngineConfig(
        logging=LoggingConfig(bypass_logging=True),
        run_analysis=False,
        risk_engine=RiskEngineConfig(bypass=True, max_order_submit_rate="1000000/00:00:01"),
    )
    made = BacktestEngine(config)
    made.add_venue(
        venue=VENUE,
        oms_type=OmsType.HEDGING,
        account_type=AccountType.CASH,
        starting_balances=[
            Money(CASH, Currency.from_str(market.quote)),
            Money(base_stock(task.workload), Currency.from_str(market.base)),
        ],
    )
    made.add_instrument(instrument(market))
    return made


def strategies(task: Job) -> list[Cross]:
    workload = task.workload
    bars = "" if workload.wakes is Wakes.TRADE else bar_text(workload)
    market = workload.market
    return [
        Cross(
            Settings(
                strategy_id=f"X-{fast}",
                order_id_tag=f"{fast:03d}",
                market=f"{market.symbol}.{VENUE}",
                bars=bars,
                size=workload.size,
                size_decimals=market.size_decimals,
                fast=fast,
                idle=task.mode == "idle",
            )
        )
        for fast in task.fasts
    ]


def outcome(made: BacktestEngine, task: Job, ran: list[Cross], last: float) -> Outcome:
    market, account = task.workload.market, made.portfolio.account(VENUE)
    cash = account.balance_total(Currency.from_str(market.quote)).as_double()
    held = account.balance_total(Currency.from_str(market.base)).as_double() - base_stock(task.workload)
    return Outcome(sum(s.sent for s in ran), sum(s.fills for s in ran), round(held, 8), cash + held * last - CASH)


def main() -> None:
    task = job(__doc__, "default", "idle")
    PortfolioAnalyzer.record_trade = lambda *_, **__: None
    watch = Stopwatch(task, "nautilus_trader")
    feed, last = rows(task.workload, task.n)
    made, ran = engine(task), strategies(task)
    for strategy in ran:
        made.add_strategy(strategy)
    made.add_data(feed)
    with watch:
        made.run()
    watch.report(len(feed) * len(ran), outcome(made, task, ran, last))


if __name__ == "__main__":
    main()
