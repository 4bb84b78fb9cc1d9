"""What one strategy version has shown on paper in its present attempt, evidence bar by evidence bar."""

from __future__ import annotations

from collections import deque
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

from genesis.engine.track import Track
from genesis.evidence.filtered_risk import FilteredRisk
from genesis.evidence.futility import Futility
from genesis.evidence.gathering import Evidence
from genesis.evidence.hedging import HedgedEvidence
from genesis.evidence.rules import BettingRules, FutilityRules, HedgeRules, Source
from genesis.evidence.stress import StressedEvidence
from genesis.metrics.amounts import Amount, total
from genesis.metrics.drawdown import deepest_fall
from genesis.metrics.ratios import Moments, sharpe, volatility
from genesis.metrics.trades import breakeven_rate
from genesis.model.events import OrderSubmitted
from genesis.model.grid import quotient
from genesis.model.track_events import TradeClosed
from genesis.paper_trading.verdicts import BEST_TRADES, Measurements, Window
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio

# An order has to be twice the venue's minima (definitions.md, "Capital").
_MARGIN = 2
_STEP = Decimal("0.0001")


class Candidate:
    """The reference track of a version and all evidence of its attempt; O(1) a bar.

    Args:
        track: whose portfolio gathers evidence.
        identity: the digest of what the version is.
        from_ns: engine time at which its evidence begins.
        synthetic: it was told the future.
        window_bars: evidence bars over which its drawdown is measured; ``None`` is all of the attempt.
    """

    def __init__(
        self,
        track: Track,
        identity: str,
        from_ns: int,
        rules: BettingRules,
        source: Source,
        synthetic: bool,
        window_bars: int | None = None,
    ) -> None:
        self.track, self.identity, self.synthetic = track, identity, synthetic
        self.from_ns = from_ns
        self._rules, self.source = rules, source
        portfolio = track.portfolio
        if not isinstance(portfolio, VirtualPortfolio) or portfolio.evidence is None:
            raise ValueError(f"track {track.name}: expected one that gathers evidence, found another")
        self.portfolio: VirtualPortfolio = portfolio
        self.evidence: Evidence = portfolio.evidence
        # What the next bar may lose; risk knows no attempts.
        self.risk = FilteredRisk()
        self._held_before: float | None = None
        self._began = False
        # High, low and deepest fall of the index in each of the latest bars.
        self._stretches: deque[tuple[float, float, float]] = deque(maxlen=window_bars)
        self._is_windowed = window_bars is not None
        if self._is_windowed:
            track.marks.begin_stretch()
        self._start_gathering()
        # Trades, wins, losses, and what they won and lost, of earlier attempts.
        self._before: tuple[int, int, int, Amount, Amount] = (0, 0, 0, 0, 0)
        self._paid = 0
        self._orders: dict[str, tuple[int, int]] = {}

    def _start_gathering(self) -> None:
        self.hedged = HedgedEvidence(HedgeRules(), self._rules)
        self.stressed = StressedEvidence(self._rules, self.source)
        self.futility: Futility | None = None
        self._returns: Moments | None = None
        self._missing = self._bound_breaks = 0
        # Ledger units that all trades have earned, and the best of them.
        self._earned, self._best = 0, list[int]()

    def begin(self, now: int) -> None:
        """A later attempt begins: nothing that was gathered before counts for it."""
        self.from_ns = now
        self.evidence = self.portfolio.evidence = Evidence(self._rules, self.source)
        self._start_gathering()
        self._returns = Moments()
        self.track.marks.begin_attempt(now)
        self._stretches.clear()
        if self._is_windowed:
            self.track.marks.begin_stretch()
        self._before = self._told()

    def sent(self, event: OrderSubmitted) -> None:
        """An order of the reference track: how large its orders are."""
        intent = event.order.intent
        if not intent.reduce_only:
            orders, lots = self._orders.get(intent.instrument.id, (0, 0))
            self._orders[intent.instrument.id] = (orders + 1, lots + intent.lots)

    def traded(self, event: TradeClosed) -> None:
        """A trade of the reference track has ended."""
        self._earned += event.pnl
        self._best = sorted((*self._best, event.pnl), reverse=True)[:BEST_TRADES]

    def close_bar(self) -> float | None:
        """Take the bar that has just closed into everything; its return, ``None`` where it is not valid."""
        change, benchmark = self.portfolio.bar_return, self._benchmark()
        costs = self._costs()
        ended = self.track.marks.begin_stretch() if self._is_windowed else None
        if ended is not None:
            self._stretches.append((ended.high, ended.low, ended.deepest))
        is_first, self._began = not self._began, True
        if change is None:
            # Of the bar in the middle of which the run began nothing is missing: it is no whole bar.
            self._missing += not is_first
            return None
        bound = self.evidence.loss_bound
        # The bar that fixed the bound belongs to the warm-up.
        if bound is not None and self.evidence.bars > self.evidence.warmup_bars and change < -bound:
            self._bound_breaks += 1
        if self._returns is not None:
            self._returns.add(change)
        self.risk.add(change)
        if benchmark is not None:
            self.hedged.add(change, benchmark)
        self.stressed.add(change, costs)
        if self.futility is not None:
            self.futility.add(change)
        elif self.evidence.loss_bound is not None and self.evidence.deviation:
            self.futility = Futility(FutilityRules(), self.evidence.deviation)
        return change

    def _benchmark(self) -> float | None:
        """The bar's return of the instruments themselves, held; ``None`` before two bars have a price."""
        held = self.track.market()[1]
        before, self._held_before = self._held_before, held
        return None if before is None or held is None else (1 + held) / (1 + before) - 1

    def _costs(self) -> float:
        """Fees, and what fills cost beyond the price they faced, of the bar; a fraction of the equity at its start, as its return is."""
        p = self.portfolio
        paid = p.fees_units + p.spread_x2_units // 2 + p.walk_units + p.slippage_units + p.impact_units
        costs, self._paid = paid - self._paid, paid
        return max(0.0, quotient(costs, p.bar_began)) if p.bar_began > 0 else 0.0

    def _told(self) -> tuple[int, int, int, Amount, Amount]:
        tally = self.portfolio.trades
        return tally.n, tally.wins, tally.losses, tally.gross_profit, tally.gross_loss

    # ---- what is read

    def stressed_value(self) -> float | None:
        """E at higher costs; ``None`` before the bet begins."""
        return self.stressed.e_value if self.evidence.loss_bound is not None else None

    def measurements(self, now: int, gap: tuple[int, bool] | None = None) -> Measurements:
        """What the criteria judge of the attempt; ``gap`` is what `Watch.gap` says of the live side, where there is one."""
        n, wins, losses, won, lost = self._told()
        n, wins, losses = n - self._before[0], wins - self._before[1], losses - self._before[2]
        returns = self.portfolio.bars.moments() if self._returns is None else self._returns
        estimate = sharpe(returns)
        return Measurements(
            window=Window(self.from_ns, now),
            trades=n,
            bars=returns.n,
            warmup_bars=self.evidence.warmup_bars,
            sharpe=None if estimate is None else estimate.value,
            sharpe_stderr=None if estimate is None else estimate.stderr,
            volatility=volatility(returns),
            drawdown_max=self._drawdown(),
            win_rate=wins / n if n else None,
            breakeven=breakeven_rate(wins, total(won, -self._before[3]), losses, total(lost, -self._before[4])),
            without_best=quotient(self._earned - sum(self._best), self.portfolio.budget_units) if n else None,
            e_stress=self.stressed_value(),
            coverage=returns.n / (returns.n + self._missing) if returns.n + self._missing else None,
            bound_breaks=None if self.evidence.loss_bound is None else self._bound_breaks,
            gap_bars=0 if gap is None else gap[0],
            gap_alarm=None if gap is None else gap[1],
        )

    def _drawdown(self) -> float:
        if self._is_windowed:
            return deepest_fall(self._stretches)
        marks = self.track.marks
        return (marks.drawdown if marks.attempt is None else marks.attempt).maximum

    def least_fraction(self) -> Decimal:
        """The least share of the budget at which a typical order, the mean of those sent so far, is twice the venue's minima."""
        least = Fraction(0)
        for name, (orders, lots) in self._orders.items():
            feed = self.track.feed_of(name)
            instrument, typical = feed.instrument, Fraction(lots, orders)
            smallest = max(instrument.lot, instrument.min_qty) / instrument.lot
            least = max(least, _MARGIN * Fraction(smallest) / typical)
            ticks = feed.matcher.touch(-1)
            if instrument.min_notional and ticks:
                notional = instrument.price(ticks).value * instrument.lot
                least = max(least, _MARGIN * Fraction(instrument.min_notional) / (typical * Fraction(notional)))
        exact = Decimal(least.numerator) / Decimal(least.denominator)
        return exact.quantize(_STEP, rounding=ROUND_CEILING)
