"""`PaperTradingSimulator`: builds and holds the paper tracks that the engine's step advances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from genesis.engine.agenda import TrackAgenda
from genesis.engine.executor.simulated import SimulatedExecutor
from genesis.engine.feed import InstrumentFeed, tier_of
from genesis.engine.step import Tape
from genesis.engine.track import Monitor, Track
from genesis.errors import ConfigError
from genesis.execution.fees import FeeCalculator
from genesis.execution.luck import Luck
from genesis.execution.profile import ExecutionProfile, FeeSchedule
from genesis.model.instruments import Instrument
from genesis.model.money import Money
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio
from genesis.portfolio.positions import CostMethod
from genesis.portfolio.trades import TradeBasis
from genesis.risk.gate import RiskGate
from genesis.risk.limits import Limits
from genesis.risk.tiers import DEFAULT_TIERS, Tier, paper_tier
from genesis.rng import KeyedDraws
from genesis.strategies.base import Strategy
from genesis.tape.stream import StreamKind


class PaperTradingSimulator:
    """Any number of paper tracks on one tape, each alone with its own account, venue and risk.

    Args:
        tape: the shared market data.
        monitor: samples the tracks.
        seed: of the family; equal decisions of equal seeds meet equal luck.
        start_ns: engine time at which the evaluation begins, before the first row.
        journalled: whether entries name their tape position (the block digests cost a pass over the data).
    """

    def __init__(
        self,
        tape: Tape,
        monitor: Monitor,
        seed: int,
        start_ns: int,
        profile: ExecutionProfile | None = None,
        limits: Limits | None = None,
        tiers: Sequence[Tier] = DEFAULT_TIERS,
        fees: Mapping[str, FeeSchedule] | None = None,
        journalled: bool = True,
    ) -> None:
        self._tape, self._monitor, self._start, self._journalled = tape, monitor, start_ns, journalled
        self._draws = KeyedDraws(seed)
        self.profile = profile or ExecutionProfile()
        self._limits, self._tiers, self._fees = limits or Limits(), tiers, dict(fees or {})
        self.tracks: list[Track] = []

    def add(
        self,
        name: str,
        strategy: Strategy,
        budget: Money,
        method: CostMethod = CostMethod.AVERAGE,
        basis: TradeBasis = TradeBasis.FLAT_TO_FLAT,
    ) -> Track:
        """Build a track for a strategy that has not started.

        Raises:
            ConfigError: the name is taken, or the tape lacks data for an instrument.
        """
        if any(t.name == name for t in self.tracks):
            raise ConfigError(f"track {name}: expected a name of its own, found it taken")
        portfolio = VirtualPortfolio(budget, strategy.instruments, method, basis, self._start)
        agenda = TrackAgenda()
        executor = SimulatedExecutor(agenda, Luck(self.profile, self._draws))
        feeds = [self._feed(i, order, portfolio, executor) for order, i in enumerate(strategy.instruments)]
        gate = RiskGate(paper_tier(budget.amount, self._tiers), self._limits)
        track = Track(
            name,
            strategy,
            feeds,
            portfolio,
            agenda,
            executor,
            gate,
            self._monitor,
            self._tape.series,
            self._start,
            self._journalled,
        )
        self.tracks.append(track)
        return track

    def _feed(
        self, instrument: Instrument, order: int, portfolio: VirtualPortfolio, executor: SimulatedExecutor
    ) -> InstrumentFeed:
        streams = self._tape.of(instrument)
        if not streams:
            raise ConfigError(f"{instrument.id}: expected market data on the tape, found none")
        decimals = portfolio.decimals
        fees = FeeCalculator(self._fees.get(instrument.id, FeeSchedule()), instrument, decimals)
        bar_share = self.profile.bar_share if all(s.has_volume for s in streams) else None
        shares = _ratio(self.profile.prints_share), None if bar_share is None else _ratio(bar_share)
        on_trades = any(s.kind is StreamKind.TRADES for s in streams)
        matcher = executor.connect(instrument, tier_of(streams), fees, decimals, shares, on_trades)
        return InstrumentFeed(instrument, streams, matcher, fees, decimals, order, portfolio.holding(instrument))


def _ratio(share: Decimal) -> tuple[int, int]:
    return share.as_integer_ratio()
