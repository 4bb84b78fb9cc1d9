"""The simulated venue of paper tracks: for each account a wallet, a place on every instrument it trades, and the models of one profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from genesis.clock import NS_PER_SECOND
from genesis.engine.agenda import TrackAgenda
from genesis.engine.executor.simulated import SimulatedExecutor
from genesis.engine.feed import InstrumentFeed, price_stream
from genesis.engine.margin import Leg
from genesis.engine.step import Tape
from genesis.errors import ConfigError
from genesis.execution.asset_fees import AssetFee
from genesis.execution.fault_windows import FaultWindows
from genesis.execution.faults import VenueFaults
from genesis.execution.fees import commission_rates, fee_calculator
from genesis.execution.filters import OrderFilters
from genesis.execution.impact import SquareRootImpact
from genesis.execution.liquidity import TakenLiquidity
from genesis.execution.listing_rules import ListingRules
from genesis.execution.luck import Luck
from genesis.execution.matching import Matcher
from genesis.execution.models import VenueModels
from genesis.execution.party import Party, Spot
from genesis.execution.perpetual import Contract
from genesis.execution.perpetual_terms import MarkedBy, PerpetualTerms
from genesis.execution.profile import ExecutionProfile, FeeSchedule
from genesis.execution.rate_limits import OrderRateLimits
from genesis.execution.shown import Shown
from genesis.execution.tier import Tier
from genesis.execution.wallet import Wallet
from genesis.model.instruments import Instrument
from genesis.model.margin import margin_schedule
from genesis.model.market import BarSpec
from genesis.model.rules import ExchangeRules
from genesis.portfolio.portfolio import Holding, Portfolio
from genesis.rng import KeyedDraws
from genesis.tape.bars import BarSeries
from genesis.tape.conditions import MarketConditions
from genesis.tape.references import TapeReferences
from genesis.tape.stream import Stream, StreamKind

_TIERS = {
    StreamKind.TRADES: Tier.TRADES,
    StreamKind.ORDERS: Tier.ORDERS,
    StreamKind.QUOTES: Tier.QUOTES,
    StreamKind.DEPTH: Tier.DEPTH,
    StreamKind.BARS: Tier.BARS,
}


class PaperVenue:
    """Every instrument of a tape under one profile.

    Args:
        draws: of the run's family; equal decisions meet equal luck under every profile.
        fees: by instrument id; the default schedule for the others.
        rules: the exchange's, by instrument id, where they are known.
        terms: of perpetuals, by instrument id.
        plan: the label of the streams that it shows, of those that are on the tape twice.
    """

    def __init__(
        self,
        tape: Tape,
        profile: ExecutionProfile,
        draws: KeyedDraws,
        fees: Mapping[str, FeeSchedule],
        rules: Mapping[str, ExchangeRules],
        terms: Mapping[str, PerpetualTerms],
        plan: str = "",
    ) -> None:
        self._plan = plan
        self._tape, self.profile, self._draws, self._fees, self._rules = tape, profile, draws, fees, rules
        self._terms = terms
        self._conditions: dict[str, MarketConditions] = {}
        self._shared: dict[tuple[str, str], InstrumentFeed] = {}

    def open_account(
        self,
        name: str,
        instruments: Sequence[Instrument],
        portfolio: Portfolio,
        agenda: TrackAgenda,
        scope: str | None = None,
        faults: VenueFaults | None = None,
    ) -> tuple[SimulatedExecutor, list[InstrumentFeed]]:
        """An account that holds the portfolio's budget, its connection, and each instrument as it is read by the account's track.

        Accounts of one ``scope`` compete for the same displayed size and prints; ``None`` is a scope of its own.

        Raises:
            ConfigError: the tape lacks data for an instrument.
        """
        executor = SimulatedExecutor(agenda, Luck(self.profile, self._draws), faults)
        wallet = executor.wallet = _wallet(portfolio, instruments)
        limits: dict[str, OrderRateLimits] = {}
        feeds = []
        for order, instrument in enumerate(instruments):
            streams = self._tape.of(instrument, self._plan)
            if not any(s.kind in _TIERS for s in streams):
                raise ConfigError(f"{instrument.id}: expected market data on the tape, found none")
            halts = None if faults is None else faults.halts_of(instrument.id)
            leader = None if scope is None else self._shared.get((scope, instrument.id))
            matcher = self._matcher(instrument, streams, halts) if leader is None else leader.matcher
            holding = portfolio.holding(instrument)
            decimals = holding.purse.decimals
            schedule = self._fees.get(instrument.id, FeeSchedule())
            fees = fee_calculator(schedule, instrument, decimals)
            answers = executor.answers(instrument.id)
            spot = None if wallet is None or instrument.short_allowed else Spot(wallet, instrument, decimals)
            unit = instrument.notional_unit(decimals)
            half_life = _ns(self.profile.impact_half_life_s)
            rules = self._listing_rules(instrument, streams, limits)
            party = Party(
                name, answers, fees, instrument.lot_units, unit, spot, half_life, self.profile.self_trade, rules
            )
            party.asset_fee = _asset_fee(schedule, instrument, portfolio, wallet)
            executor.connect(instrument.id, matcher, party)
            feeds.append(
                InstrumentFeed(
                    instrument,
                    streams,
                    matcher,
                    fees,
                    decimals,
                    order,
                    holding,
                    leader,
                    self._leg(instrument, streams, holding) if holding.perpetual else None,
                )
            )
            if scope is not None and leader is None:
                self._shared[scope, instrument.id] = feeds[-1]
        return executor, feeds

    def _leg(self, instrument: Instrument, streams: Sequence[Stream], holding: Holding) -> Leg:
        """A perpetual's part in the account's margin.

        Raises:
            ConfigError: no terms are known, they do not fit, or the tape lacks mark prices or funding.
        """
        terms = self._terms.get(instrument.id)
        if terms is None:
            raise ConfigError(
                f"{instrument.id}: expected the terms of a perpetual (margin_tiers, leverage), found none"
            )
        marks, funding = (_companion(instrument, streams, kind) for kind in (StreamKind.MARK, StreamKind.FUNDING))
        purse = holding.purse
        try:
            schedule = margin_schedule(
                terms.margin_tiers, purse.currency, purse.decimals, instrument.id, "configuration"
            )
            contract = Contract(instrument, schedule, terms.leverage, terms.liquidation_fee)
        except ValueError as error:
            raise ConfigError(f"{instrument.id}: perpetual: {error}") from None
        by_mark = terms.marked_by is MarkedBy.MARK_PRICE
        return Leg(instrument, contract, holding, marks, funding, price_stream(streams), by_mark, terms.mark_age_max_s)

    def _listing_rules(
        self, instrument: Instrument, streams: Sequence[Stream], limits: dict[str, OrderRateLimits]
    ) -> ListingRules | None:
        """What the exchange asks of an account's orders; ``limits`` are the account's counts by venue, made when first needed."""
        rules = self._rules.get(instrument.id)
        if rules is None:
            return None
        if rules.order_limits and instrument.venue not in limits:
            limits[instrument.venue] = OrderRateLimits(rules.order_limits, rules.market)
        known = limits.get(instrument.venue)
        return ListingRules(OrderFilters(rules), TapeReferences(streams), known, instrument.lot_units)

    def _matcher(self, instrument: Instrument, streams: Sequence[Stream], halts: FaultWindows | None) -> Matcher:
        profile = self.profile
        sources = frozenset(_TIERS[s.kind] for s in streams if s.kind in _TIERS)
        shown = Shown(sources, TakenLiquidity(_ns(profile.taken_half_life_s)), _ns(profile.book_fresh_s))
        bar_share = profile.bar_share if all(s.has_volume for s in streams) else None
        models = VenueModels(
            self._conditions_of(instrument, streams),
            _ratio(profile.prints_share),
            None if bar_share is None else _ratio(bar_share),
            profile.queue,
            profile.queue_n,
            profile.prints_ahead,
            profile.only_through,
            profile.estimate_spread,
            SquareRootImpact(profile.impact_y) if profile.impact_y else None,
        )
        return Matcher(shown, models, instrument.price_grid.to_text, halts)

    def _conditions_of(self, instrument: Instrument, streams: Sequence[Stream]) -> MarketConditions:
        """What the market is like, for the models that ask; one for all accounts."""
        found = self._conditions.get(instrument.id)
        if found is None:
            profile = self.profile
            trades = next((s for s in streams if s.kind is StreamKind.TRADES), None)
            bars = _bars_to_watch(streams) if profile.impact_y or profile.estimate_spread else None
            found = MarketConditions(None if bars is None else self._tape.watch(bars), trades, profile.sigma_prior)
            self._conditions[instrument.id] = found
        return found


def _companion(instrument: Instrument, streams: Sequence[Stream], kind: StreamKind) -> Stream:
    for stream in streams:
        if stream.kind is kind:
            return stream
    found = ", ".join(s.kind.value for s in streams)
    raise ConfigError(f"{instrument.id}: expected mark prices and funding rates on the tape, found {found}")


def _wallet(portfolio: Portfolio, instruments: Sequence[Instrument]) -> Wallet | None:
    """The account's assets at a spot venue: the budget, and nothing else. ``None`` where nothing is traded on spot."""
    spot = [i for i in instruments if not i.short_allowed]
    if not spot:
        return None
    decimals = {money: portfolio.scales[money] for money in portfolio.moneys}
    for instrument in spot:
        decimals[instrument.base] = max(decimals.get(instrument.base, 0), instrument.base_decimals)
    wallet = Wallet(decimals)
    for money in portfolio.moneys:
        wallet.deposit(money, portfolio.budget_of(money))
    return wallet


def _asset_fee(
    schedule: FeeSchedule, instrument: Instrument, portfolio: Portfolio, wallet: Wallet | None
) -> AssetFee | None:
    """The asset in which an account may pay less, where it is money of the account: without any of it nothing changes."""
    discount, valuation = schedule.discount, portfolio.valuation
    if discount is None or valuation is None or wallet is None or instrument.short_allowed:
        return None
    if discount.asset not in portfolio.moneys:
        return None
    decimals = portfolio.scales[discount.asset]
    return AssetFee(discount.asset, commission_rates(schedule), decimals, schedule.decimals, valuation.rates, wallet)


def _bars_to_watch(streams: Sequence[Stream]) -> BarSeries | None:
    """One-minute bars where prints or shorter bars allow it, else the recorded bars as they are."""
    minute = BarSpec.parse("1m")
    for stream in streams:
        if stream.kind is StreamKind.TRADES:
            return BarSeries(stream, minute)
    for stream in streams:
        if stream.spec is not None:
            divides = stream.spec.kind is minute.kind and minute.step % stream.spec.step == 0
            return BarSeries(stream, minute if divides else stream.spec)
    return None


def _ratio(share: Decimal) -> tuple[int, int]:
    return share.as_integer_ratio()


def _ns(seconds: float) -> int:
    return round(seconds * NS_PER_SECOND)
