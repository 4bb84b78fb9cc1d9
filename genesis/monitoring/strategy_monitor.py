"""`StrategyMonitor`: samples every track's metrics into the journal, by engine time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from genesis.clock import NS_PER_HOUR, NS_PER_MINUTE
from genesis.engine.agenda import Rank
from genesis.engine.several_desk import SeveralMoneysDesk
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.errors import ConfigError, IntegrityError
from genesis.evidence.gathering import Evidence
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.model.events import Event
from genesis.model.promotion_events import EvidenceSample
from genesis.model.track_events import MetricSample, TradeClosed
from genesis.paper_trading.measures import Metric
from genesis.paper_trading.several_moneys import SeveralMoneysPortfolio
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio
from genesis.portfolio.conversion import NoRate
from genesis.portfolio.trades import ClosedTrade

_MISSING_MAX: Final = 0.01


class StrategyMonitor:
    """Samples every ``sample_every_ns`` of engine time: whole hours, or whole minutes that divide an hour.

    Evidence bars are kept every hour regardless.

    Args:
        tape: whose known gaps make an evidence bar invalid; ``None``: none do.
        up_from_ns: engine time from which anything is known of the market. The evidence bar in which that lies is valid where it covers enough of it.

    Raises:
        ConfigError: another interval.
    """

    def __init__(self, sample_every_ns: int = NS_PER_HOUR, tape: Tape | None = None, up_from_ns: int = 0) -> None:
        whole_hours = sample_every_ns > 0 and sample_every_ns % NS_PER_HOUR == 0
        part_of_hour = sample_every_ns >= NS_PER_MINUTE and not (
            sample_every_ns % NS_PER_MINUTE or NS_PER_HOUR % sample_every_ns
        )
        if not whole_hours and not part_of_hour:
            raise ConfigError(
                f"sample_every: expected whole hours, or whole minutes that divide an hour, found {sample_every_ns / NS_PER_MINUTE:g} minutes"
            )
        self._every, self._tape, self._up_from = sample_every_ns, tape, up_from_ns
        self.look_every_ns = min(sample_every_ns, NS_PER_HOUR)

    def observe(self, track: Track, time_ns: int) -> Sequence[Event]:
        """A time to look has come: mark, close the evidence bar where one ends, and sample where one is due."""
        portfolio = track.portfolio
        if not isinstance(portfolio, VirtualPortfolio):
            return ()
        if isinstance(portfolio, SeveralMoneysPortfolio):
            return self._observe_several(track, portfolio, time_ns)
        equity = self._mark(track, portfolio, time_ns)
        ends_bar = time_ns % EVIDENCE_BAR_NS == 0
        if time_ns % NS_PER_HOUR == 0:
            portfolio.close_hour(time_ns, equity, not ends_bar or self.is_covered(track, time_ns))
        found: list[Event] = []
        if time_ns % self._every == 0:
            found.append(self._sample(track, portfolio, time_ns, equity))
        if ends_bar and portfolio.evidence is not None:
            found.append(_shown(track.name, time_ns, portfolio.evidence, portfolio.bar_return))
        return found

    def is_covered(self, track: Track, time_ns: int) -> bool:
        """Whether the run was up, and the feed covers enough, in the evidence bar that ends at ``time_ns`` (docs/GLOSSARY.md, "Valid bar")."""
        if self._up_from - (time_ns - EVIDENCE_BAR_NS) > EVIDENCE_BAR_NS * _MISSING_MAX:
            return False
        if self._tape is None:
            return True
        names = [feed.price.stream.name for feed in track.feeds]
        start = max(time_ns - EVIDENCE_BAR_NS, track.start_ns)
        most = (time_ns - start) * _MISSING_MAX
        return all(self._tape.missing_ns(name, start, time_ns) <= most for name in names)

    def final(self, track: Track, time_ns: int) -> Sequence[Event]:
        """The tape ended: one more sample, unless this very moment was sampled."""
        portfolio = track.portfolio
        if not isinstance(portfolio, VirtualPortfolio) or time_ns % self._every == 0:
            return ()
        if isinstance(portfolio, SeveralMoneysPortfolio):
            return (self._several_sample(track, portfolio, time_ns, self._mark_several(track, portfolio, time_ns)),)
        return (self._sample(track, portfolio, time_ns, self._mark(track, portfolio, time_ns)),)

    def loss_bound(self, track: Track) -> float | None:
        """The worst loss of an evidence bar that the track's evidence allows for; ``None`` for one that gathers none, or in its warm-up."""
        portfolio = track.portfolio
        if not isinstance(portfolio, VirtualPortfolio) or portfolio.evidence is None:
            return None
        return portfolio.evidence.loss_bound

    # ---- accounts of several moneys

    def _observe_several(self, track: Track, portfolio: SeveralMoneysPortfolio, time_ns: int) -> Sequence[Event]:
        """As of one money; a moment that cannot be valued ends no evidence bar, and its sample says why."""
        equity = self._mark_several(track, portfolio, time_ns)
        ends_bar = time_ns % EVIDENCE_BAR_NS == 0
        if time_ns % NS_PER_HOUR == 0:
            if isinstance(equity, NoRate):
                portfolio.miss_hour(time_ns)
            else:
                portfolio.close_hour(time_ns, equity, not ends_bar or self.is_covered(track, time_ns))
        found: list[Event] = []
        if time_ns % self._every == 0:
            found.append(self._several_sample(track, portfolio, time_ns, equity))
        if ends_bar and portfolio.evidence is not None:
            found.append(_shown(track.name, time_ns, portfolio.evidence, portfolio.bar_return))
        return found

    @staticmethod
    def _mark_several(track: Track, portfolio: SeveralMoneysPortfolio, time_ns: int) -> int | NoRate:
        """Equity in ledger units of the budget's currency, or why there is none."""
        valuation = portfolio.worth_of
        desk = track.desk
        if not isinstance(desk, SeveralMoneysDesk):
            raise IntegrityError(f"track {track.name}: expected the desk of several moneys, found another")
        cash, values = desk.worths()
        equity = valuation.equity(cash, values, time_ns, track.agenda.rank > Rank.ROW)
        portfolio.settle_waiting(time_ns)
        if isinstance(equity, NoRate):
            return equity
        worths = {}
        for feed in track.feeds:
            name = feed.instrument.id
            worth = valuation.rates.convert(values[name], feed.instrument.quote, portfolio.currency, time_ns)
            worths[name] = 0 if isinstance(worth, NoRate) else worth
        positions = {f.instrument.id: desk.position_value(f) for f in track.feeds}
        portfolio.take_positions(sum(worths.values()), valuation.unrealized(positions, time_ns))
        for feed in track.feeds:
            portfolio.take_worth(feed.holding, abs(worths[feed.instrument.id]))
        portfolio.mark(time_ns, equity)
        return equity

    @staticmethod
    def _several_sample(
        track: Track, portfolio: SeveralMoneysPortfolio, time_ns: int, equity: int | NoRate
    ) -> MetricSample:
        if isinstance(equity, NoRate):
            told: dict[str, Metric] = {"equity": None, "valuation_error": str(equity)}
            return MetricSample(time_ns, track.name, portfolio.currency, told | portfolio.moneys_told(None))
        marks = track.marks
        price, held = track.market()
        measures = portfolio.measure(
            time_ns,
            equity,
            portfolio.net_worth,
            marks.drawdown,
            marks.current_drawdown(),
            held,
            track.feeds[0].instrument.price_grid,
            price,
            portfolio.moneys_told(equity),
        )
        return MetricSample(time_ns, track.name, portfolio.currency, measures)

    # ---- accounts of one money

    @staticmethod
    def _mark(track: Track, portfolio: VirtualPortfolio, time_ns: int) -> int:
        """Equity, in ledger units."""
        equity = portfolio.cash_units
        for feed in track.feeds:
            value = track.desk.position_value(feed)
            equity += value
            portfolio.take_worth(feed.holding, abs(value))
        portfolio.mark(time_ns, equity)
        return equity

    @staticmethod
    def _sample(track: Track, portfolio: VirtualPortfolio, time_ns: int, equity: int) -> MetricSample:
        marks = track.marks
        price, held = track.market()
        measures = portfolio.measure(
            time_ns,
            equity,
            equity - portfolio.cash_units,
            marks.drawdown,
            marks.current_drawdown(),
            held,
            track.feeds[0].instrument.price_grid,
            price,
        )
        return MetricSample(time_ns, track.name, portfolio.currency, measures)

    def traded(self, track: Track, trade: ClosedTrade) -> Sequence[Event]:
        """A trade ended: it is an entry of its own."""
        portfolio, instrument = track.portfolio, track.feed_of(trade.instrument).instrument
        purse = portfolio.holding(instrument).purse
        return (
            TradeClosed(
                track.agenda.now,
                track.name,
                instrument,
                trade.side,
                trade.time_open,
                trade.time_close,
                trade.qty,
                trade.entry_notional,
                trade.exit_notional,
                trade.fees,
                trade.pnl,
                purse.currency,
                purse.decimals,
                trade.fills,
                trade.forced,
                trade.funding if portfolio.holding(instrument).perpetual else None,
            ),
        )


def _shown(track: str, time_ns: int, evidence: Evidence, bar_return: float | None) -> EvidenceSample:
    """The evidence when a bar has closed."""
    ratio, stderr, low, high = evidence.sharpe() or (None, None, None, None)
    return EvidenceSample(
        time_ns,
        track,
        bar_return,
        evidence.bars,
        evidence.warmup_bars,
        evidence.e_value,
        evidence.loss_bound,
        evidence.bound_broken,
        evidence.deviation,
        ratio,
        stderr,
        low,
        high,
        evidence.source.value,
    )
