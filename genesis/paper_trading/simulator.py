"""`PaperTradingSimulator`: builds and holds the paper tracks that the engine's step advances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from genesis.engine.agenda import TrackAgenda
from genesis.engine.feed import InstrumentFeed, price_stream
from genesis.engine.step import Tape
from genesis.engine.track import Monitor, Track
from genesis.errors import ConfigError
from genesis.evidence.gathering import Evidence
from genesis.execution.faults import VenueFaults
from genesis.execution.perpetual_terms import PerpetualTerms
from genesis.execution.profile import ExecutionProfile, FeeSchedule
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.money import Money
from genesis.model.rules import ExchangeRules
from genesis.paper_trading.several_moneys import SeveralMoneysPortfolio
from genesis.paper_trading.venue import PaperVenue
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio
from genesis.portfolio.positions import CostMethod
from genesis.portfolio.trades import TradeBasis
from genesis.risk.gate import RiskGate, SeveralMoneysGate
from genesis.risk.limits import Limits
from genesis.risk.tiers import DEFAULT_TIERS, Tier, paper_tier
from genesis.rng import KeyedDraws
from genesis.strategies.base import Strategy
from genesis.tape.stream import Stream, StreamKind


class PaperTradingSimulator:
    """Any number of paper tracks on one tape, each alone with its own account, venue and risk.

    Args:
        tape: the shared market data.
        monitor: samples the tracks.
        seed: of the family; equal decisions of equal seeds meet equal luck.
        start_ns: engine time at which the evaluation begins, before the first row.
        rules: the exchange's, by instrument id, where they are known.
        terms: of perpetuals, by instrument id.
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
        rules: Mapping[str, ExchangeRules] | None = None,
        terms: Mapping[str, PerpetualTerms] | None = None,
    ) -> None:
        self._tape, self._monitor, self._start, self._journalled = tape, monitor, start_ns, journalled
        self.profile = profile or ExecutionProfile()
        self._draws, self._fees, self._rules = KeyedDraws(seed), dict(fees or {}), dict(rules or {})
        self._terms = dict(terms or {})
        self._venues: dict[tuple[ExecutionProfile, str, KeyedDraws], PaperVenue] = {}
        self._limits, self._tiers = limits or Limits(), tiers
        self.tracks: list[Track] = []

    def add(
        self,
        name: str,
        strategy: Strategy,
        budget: Money,
        method: CostMethod = CostMethod.AVERAGE,
        basis: TradeBasis = TradeBasis.FLAT_TO_FLAT,
        profile: ExecutionProfile | None = None,
        scope: str | None = None,
        plan: str = "",
        faults: VenueFaults | None = None,
        evidence: Evidence | None = None,
        balances: Sequence[Money] = (),
        rates: Sequence[Instrument] = (),
        start_ns: int | None = None,
        draws: KeyedDraws | None = None,
        tier: Tier | None = None,
    ) -> Track:
        """Build a track for a strategy that has not started; under the simulator's profile where none is given.

        An account starts with the budget, and with ``balances`` of other moneys. Where those or the quotes of the strategy's instruments are not all
        the budget's currency, its instruments and ``rates`` (which it does not trade) convert between them.

        A reference track, the one of its version that stands for it, gathers ``evidence``.

        Tracks of one ``scope`` compete for the same liquidity; without one a track is alone, and no other changes an entry of it.
        ``plan`` is the label of the streams that it reads where there are any, ``faults`` what its venue does to it. A track that
        is opened while others run begins at ``start_ns``. A venue of its own has ``draws`` of its own. ``tier``: by default that of the budget.

        Raises:
            ConfigError: the name is taken, the tape lacks data for an instrument, no rates lead from one money to another, or the tier
                does not allow a perpetual's leverage.
        """
        if any(t.name == name for t in self.tracks):
            raise ConfigError(f"track {name}: expected a name of its own, found it taken")
        start = self._start if start_ns is None else start_ns
        foreign = any(i.quote != budget.currency for i in strategy.instruments)
        portfolio: VirtualPortfolio
        if foreign or balances or rates:
            pairs = [i for i in (*strategy.instruments, *rates) if i.kind is not InstrumentKind.PERPETUAL]
            streams = [price_stream(self._streams(i, plan)) for i in pairs]
            portfolio = SeveralMoneysPortfolio(
                (budget, *balances), strategy.instruments, streams, method, basis, start, evidence
            )
        else:
            portfolio = VirtualPortfolio(budget, strategy.instruments, method, basis, start, evidence)
        agenda = TrackAgenda()
        executor, feeds = self._venue(profile or self.profile, plan, draws or self._draws).open_account(
            name, strategy.instruments, portfolio, agenda, scope, faults
        )
        tier = tier or paper_tier(budget.amount, self._tiers)
        for feed in feeds:
            _check_leverage(feed, tier)
        gate = (RiskGate if portfolio.valuation is None else SeveralMoneysGate)(tier, self._limits)
        track = Track(
            name,
            strategy,
            feeds,
            portfolio,
            agenda,
            executor,
            gate,
            self._monitor,
            partial(self._tape.series, label=plan),
            start,
            self._journalled,
            scope,
        )
        self.tracks.append(track)
        return track

    def _streams(self, instrument: Instrument, plan: str) -> list[Stream]:
        streams = self._tape.of(instrument, plan)
        if not any(s.kind in (StreamKind.QUOTES, StreamKind.TRADES, StreamKind.BARS) for s in streams):
            raise ConfigError(f"{instrument.id}: expected market data on the tape, found none")
        return streams

    def _venue(self, profile: ExecutionProfile, plan: str, draws: KeyedDraws) -> PaperVenue:
        key = (profile, plan, draws)
        if key not in self._venues:
            self._venues[key] = PaperVenue(self._tape, profile, draws, self._fees, self._rules, self._terms, plan)
        return self._venues[key]


def _check_leverage(feed: InstrumentFeed, tier: Tier) -> None:
    """What the tier allows of perpetuals, before anything runs."""
    if feed.leg is None:
        return
    found = feed.leg.contract.leverage
    if tier.leverage is None:
        raise ConfigError(f"{feed.instrument.id}: expected no perpetual in tier {tier.name}, found one at {found}x")
    if found > tier.leverage:
        raise ConfigError(
            f"{feed.instrument.id}: leverage: expected at most {tier.leverage}x in tier {tier.name}, found {found}x"
        )
