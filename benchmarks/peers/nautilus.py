"""NautilusTrader's newer engine: the Rust `BacktestEngine` that its wheel binds to Python, with a strategy written in Python.

Netting positions (hedging is quadratic in positions here), no analysis, risk engine and every logger off: its fastest form that
runs the strategy. Mode ``idle`` subscribes and does nothing. Orders fill against what printed: what exceeds the printed size
fills one tick worse.
"""

from __future__ import annotations

from typing import Any

from nautilus_trader.core.nautilus_pyo3 import backtest, common, execution, indicators, model, risk, trading

from benchmarks.measure import Job, Outcome, Stopwatch, job
from benchmarks.workloads import CASH, FEE, MINUTE_NS, SLOW, Market, Wakes, Workload

VENUE = model.Venue("BINANCE")


class Cross(trading.Strategy):
    """The moving-average cross, on trades or on bars."""

    def __new__(cls, tag: str, *_: Any) -> Cross:
        config = trading.StrategyConfig(
            strategy_id=model.StrategyId(f"X-{tag}"), order_id_tag=tag, log_events=False, log_commands=False
        )
        return super().__new__(cls, config)

    def __init__(self, tag: str, fast: int, instrument: Any, bar_type: Any, size: Any, idle: bool) -> None:
        super().__init__()
        self.fast = indicators.ExponentialMovingAverage(fast)
        self.slow = indicators.ExponentialMovingAverage(SLOW)
        self.market, self.bars, self.size, self.idle = instrument, bar_type, size, idle
        self.holds = False
        self.sent = self.fills = 0

    def on_start(self) -> None:
        averages = () if self.idle else (self.fast, self.slow)
        for average in averages:
            if self.bars is None:
                self.register_indicator_for_trade_ticks(self.market, average)
            else:
                self.register_indicator_for_bars(self.bars, average)
        if self.bars is None:
            self.subscribe_trades(self.market)
        else:
            self.subscribe_bars(self.bars)

    def on_trade(self, _: Any) -> None:
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
            side, self.holds = model.OrderSide.BUY, True
        elif fast < slow and self.holds:
            side, self.holds = model.OrderSide.SELL, False
        else:
            return
        self.sent += 1
        self.submit_order(self.order_factory.market(self.market, side, self.size))

    def on_order_filled(self, _: Any) -> None:
        self.fills += 1


def instrument_id(market: Market) -> Any:
    return model.InstrumentId.from_str(f"{market.symbol}.{VENUE}")


def bar_text(workload: Workload) -> str:
    """The bars a strategy subscribes to: those of the feed, or such as the engine builds itself from the trades."""
    source = "EXTERNAL" if workload.wakes is Wakes.BAR else "INTERNAL"
    minutes = (workload.interval_ns or MINUTE_NS) // MINUTE_NS
    step = f"{minutes // 60}-HOUR" if minutes % 60 == 0 else f"{minutes}-MINUTE"
    return f"{instrument_id(workload.market)}-{step}-LAST-{source}"


def bar_type(workload: Workload) -> Any:
    return None if workload.wakes is Wakes.TRADE else model.BarType.from_str(bar_text(workload))


def instrument(market: Market) -> Any:
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
        maker_fee=FEE,
        taker_fee=FEE,
    )


def rows(workload: Workload, n: int | None) -> tuple[list[Any], float]:
    """The feed as the engine's own objects, and its last price."""
    p, q = workload.market.price_decimals, workload.market.size_decimals
    price, size = model.Price, model.Quantity
    if workload.wakes is Wakes.BAR:
        bars, of, span = workload.bars(n), bar_type(workload), workload.interval_ns or MINUTE_NS
        columns = (bars.open, bars.high, bars.low, bars.close, bars.volume, bars.ts)
        made = [
            model.Bar(of, price(o, p), price(h, p), price(low, p), price(c, p), size(v, q), t + span, t + span)
            for o, h, low, c, v, t in zip(*(column.tolist() for column in columns), strict=True)
        ]
        return made, float(bars.close[-1])
    trades, market = workload.trades(n), instrument_id(workload.market)
    sides = (model.AggressorSide.BUYER, model.AggressorSide.SELLER)
    prints = (trades.price, trades.qty, trades.buyer_maker, trades.ts)
    made = [
        model.TradeTick(market, price(x, p), size(s, q), sides[at_bid], model.TradeId(str(i)), t, t)
        for i, (x, s, at_bid, t) in enumerate(zip(*(column.tolist() for column in prints), strict=True))
    ]
    return made, float(trades.price[-1])


def engine(task: Job) -> Any:
    market = task.workload.market
    config = backtest.BacktestEngineConfig(
        bypass_logging=True,
        run_analysis=False,
        # The Rust logger is another one: left on, it writes every order and takes a fifth of the time.
        logging=common.LoggerConfig(stdout_level=common.LogLevel.OFF, bypass_logging=True),
        risk_engine=risk.RiskEngineConfig(bypass=True),
    )
    made = backtest.BacktestEngine(config)
    cash = model.Money(float(CASH), model.Currency.from_str(market.quote))
    stock = model.Money(base_stock(task.workload), model.Currency.from_str(market.base))
    fees = execution.MakerTakerFeeModel()
    made.add_venue(VENUE, model.OmsType.NETTING, model.AccountType.CASH, [cash, stock], fee_model=fees)
    made.add_instrument(instrument(market))
    return made


def base_stock(workload: Workload) -> float:
    """Base currency the account starts with, so that a sale is never refused for lack of it."""
    return float(workload.size) * 1_000


def outcome(made: Any, task: Job, strategies: list[Cross], last: float) -> Outcome:
    market = task.workload.market
    account = made.cache.account_for_venue(VENUE)
    cash = account.balance_total(model.Currency.from_str(market.quote)).as_double()
    held = account.balance_total(model.Currency.from_str(market.base)).as_double() - base_stock(task.workload)
    orders = sum(strategy.sent for strategy in strategies)
    fills = sum(strategy.fills for strategy in strategies)
    return Outcome(orders, fills, round(held, 8), cash + held * last - CASH)


def main() -> None:
    task = job(__doc__, "default", "idle")
    watch = Stopwatch(task, "nautilus_trader")
    feed, last = rows(task.workload, task.n)
    events = len(feed) * len(task.fasts)
    made = engine(task)
    made.add_data(feed)
    del feed
    market, bars = instrument_id(task.workload.market), bar_type(task.workload)
    size = model.Quantity(float(task.workload.size), task.workload.market.size_decimals)
    strategies = [Cross(f"{fast:03d}", fast, market, bars, size, task.mode == "idle") for fast in task.fasts]
    for strategy in strategies:
        made.add_strategy(strategy)
    with watch:
        made.run()
    watch.report(events, outcome(made, task, strategies, last))


if __name__ == "__main__":
    main()
