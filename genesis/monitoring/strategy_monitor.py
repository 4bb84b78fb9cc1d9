"""`StrategyMonitor`: samples every track's metrics into the journal, by engine time."""

from __future__ import annotations

from collections.abc import Sequence

from genesis.clock import NS_PER_HOUR
from genesis.engine.account import ClosedTrade as AnyTrade
from genesis.engine.track import Track
from genesis.errors import ConfigError
from genesis.model.events import Event, MetricSample, TradeClosed
from genesis.model.grid import currency_grid
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio
from genesis.portfolio.trades import ClosedTrade


class StrategyMonitor:
    """Samples every ``sample_every_ns`` of engine time, a whole number of hours; evidence bars are kept every hour regardless."""

    def __init__(self, sample_every_ns: int = NS_PER_HOUR) -> None:
        if sample_every_ns <= 0 or sample_every_ns % NS_PER_HOUR:
            raise ConfigError(f"sample_every: expected a whole number of hours, found {sample_every_ns} ns")
        self._every = sample_every_ns

    def observe(self, track: Track, hour_ns: int) -> Sequence[Event]:
        """A full hour has passed: mark, close the evidence bar where one ends, and sample where one is due."""
        portfolio = track.portfolio
        if not isinstance(portfolio, VirtualPortfolio):
            return ()
        portfolio.close_hour(hour_ns, track.desk.equity_units())
        return () if hour_ns % self._every else self._sample(track, portfolio, hour_ns)

    def final(self, track: Track, time_ns: int) -> Sequence[Event]:
        """The tape ended: one more sample, unless this very moment was sampled."""
        portfolio = track.portfolio
        if not isinstance(portfolio, VirtualPortfolio) or time_ns % self._every == 0:
            return ()
        return self._sample(track, portfolio, time_ns)

    @staticmethod
    def _sample(track: Track, portfolio: VirtualPortfolio, time_ns: int) -> Sequence[Event]:
        marks, desk = track.marks, track.desk
        drawdown = marks.current_drawdown(), marks.drawdown.maximum
        metrics = portfolio.metrics(desk.equity_units(), *drawdown, desk.position_value_units())
        return (MetricSample(time_ns, track.name, portfolio.currency, metrics),)

    def traded(self, track: Track, trade: AnyTrade) -> Sequence[Event]:
        """A trade ended: it is an entry of its own."""
        if not isinstance(trade, ClosedTrade):
            return ()
        feed = next(f for f in track.feeds if f.instrument.id == trade.instrument)
        money = currency_grid(track.portfolio.decimals).to_text
        qty = currency_grid(feed.instrument.base_decimals).to_text
        return (
            TradeClosed(
                track.agenda.now,
                track.name,
                trade.instrument,
                trade.side.name,
                trade.time_open,
                trade.time_close,
                qty(trade.qty),
                money(trade.entry_notional),
                money(trade.exit_notional),
                money(trade.fees),
                money(trade.pnl),
                track.portfolio.currency,
                trade.fills,
                trade.forced,
            ),
        )
