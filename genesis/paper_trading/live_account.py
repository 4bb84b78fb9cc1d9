"""The account in which all live tracks trade: asked after a track's own gate about every entry, and watching what all of them lose in a day.

It knows every version's live track and its twin. A twin is asked as if it stood in the place of its live track among everybody else's: what the account
refuses to one it refuses to the other, so that a gap between them is the venue's doing. Positions are valued by the tape at the moment of the asking, longs at the
bid and shorts at the ask, whatever the track that holds them saw last.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from genesis.clock import NS_PER_DAY, NS_PER_MINUTE
from genesis.engine.agenda import Rank
from genesis.engine.feed import InstrumentFeed
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.model.orders import DenyReason, OrderIntent
from genesis.model.promotion_events import AccountSample
from genesis.paper_trading.account_rates import AccountRates
from genesis.paper_trading.ladder_version import LadderVersion
from genesis.paper_trading.live_pair import LivePair
from genesis.paper_trading.track_value import Moment, adding, equity_of, exposures_of, in_book, ticks_of
from genesis.portfolio.conversion import NoRate
from genesis.risk.account_limits import (
    SCALE,
    AccountLimits,
    Exposure,
    Together,
    beyond_closing,
    money,
    share,
)
from genesis.risk.correlation import Correlations
from genesis.risk.limits import Limits
from genesis.risk.tiers import Tier

_RATE_DIGITS = 12


class _Day(NamedTuple):
    """A UTC day: what the account was worth when it began, and what each version's live track and twin had earned by then."""

    equity: int
    earned: dict[str, int]
    earned_as_twin: dict[str, int]


class LiveAccount:
    """Guards the live tracks of an account (`genesis.engine.track.AccountGuard`), and halts them for a day (`genesis.engine.step.SharedAccount`).

    Args:
        limits: those of the configuration.
        rates: what the versions' moneys are worth in USD.
        tape: whose gaps say when prices cannot be trusted.
        versions: all of the account, by name; those that come later are put in.
    """

    def __init__(self, limits: Limits, rates: AccountRates, tape: Tape, versions: Mapping[str, LadderVersion]) -> None:
        self._rates, self._tape, self._versions = rates, tape, versions
        self._correlations = Correlations(limits.stacked_bars)
        self._settings, self._limits = limits, AccountLimits(limits, self._correlations.of)
        self._initial = 0
        self._tier: Tier | None = None
        self._day: _Day | None = None
        self._looked_ns = 0
        # Until when nobody enters any more, and who is still to be flattened once its prices are fresh.
        self._halted_until_ns = 0
        self._halted_words = ""
        self._unflattened: list[str] = []

    # ---- what the ladder tells

    def take(self, initial: Decimal, tier: Tier | None) -> None:
        """What the account began with in USD, and its tier from now on; ``None`` is ``paper_only``."""
        self._initial, self._tier = _whole(initial, SCALE), tier

    def close_bar(self, now: int) -> list[AccountSample]:
        """An evidence bar has closed and all tracks stand at it: take its prices, tell what live tracks do together, and at midnight begin a day."""
        at = Moment(now, Rank.HOUR)
        told = self._sample(at)
        feeds = {f.instrument.id: f for v in self._versions.values() for f in v.track.feeds}
        self._correlations.close_bar({name: ticks_of(feed, -1, at) for name, feed in feeds.items()})
        if self._initial and (self._day is None or now % NS_PER_DAY == 0):
            self._begin_day(at)
        return told

    def _sample(self, at: Moment) -> list[AccountSample]:
        tier, day, live = self._tier, self._day, self._live()
        if len(live) < 2 or tier is None or day is None:
            return []
        tracks = {v.name: v.live for v in self._versions.values()}
        equity, exposures = self._equity(tracks, at), self._exposures(live, at)
        net: dict[str, int] = {}
        for exposure in exposures:
            base = exposure.instrument.base
            net[base] = net.get(base, 0) + exposure.position
        net_max = self._settings.net_exposure_max
        found = AccountSample(
            time=at.now,
            track=None,
            tier=tier.name,
            equity=money(equity),
            lost=money(self._lost(tracks, at)),
            lost_max=money(share(tier.daily_loss_max, day.equity)),
            gross=money(sum(e.gross for e in exposures)),
            gross_max=money(share(tier.gross_exposure_max, equity)),
            open_orders=sum(len(t.orders.by_id) for t in live.values()),
            open_orders_max=tier.open_orders_max,
            net={base: money(net[base]) for base in sorted(net)},
            net_max=None if net_max is None else money(share(net_max, equity)),
        )
        return [found]

    def _begin_day(self, at: Moment) -> None:
        versions = self._versions.values()
        live = {v.name: self._earned(v, v.live, at) for v in versions}
        twins = {v.name: self._earned(v, v.twin, at) for v in versions}
        self._day = _Day(self._equity({v.name: v.live for v in versions}, at), live, twins)
        self._unflattened.clear()

    @property
    def goes_together(self) -> bool:
        """Whether two versions or more are live, so that none may go on ahead of another."""
        return len(self._live()) > 1

    # ---- asked before an entry

    def refusal(self, track: Track, intent: OrderIntent) -> tuple[DenyReason, str] | None:
        """Why the account cannot bear an order of a live track or a twin; what only reduces is never refused."""
        sign, desk = int(intent.side), track.desk
        working = sum(s.leaves for s in adding(track, track.feed_of(intent.instrument.id), sign))
        adds = beyond_closing(intent, desk.position_lots(intent.instrument), working)
        if not adds:
            return None
        at = Moment(track.agenda.now, track.agenda.rank)
        if at.now < self._halted_until_ns:
            return DenyReason.ACCOUNT_DAILY_LOSS, self._halted_words
        return self._limits.check(intent, self._together(track, intent, adds, at))

    def _together(self, asking: Track, intent: OrderIntent, adds: int, at: Moment) -> Together:
        own = asking.name.partition("@")[0]
        tracks = {v.name: asking if v.name == own else v.live for v in self._versions.values()}
        exposures = self._exposures({n: t for n, t in tracks.items() if t is not None}, at)
        judged = (
            intent.limit_ticks or intent.trigger_ticks or asking.desk.price_to_judge(intent.instrument, intent.side)
        )
        unit = asking.feed_of(intent.instrument.id).unit * (judged or 0) * self._to_usd(self._versions[own], at)
        entry = Exposure(intent.instrument).with_entry(int(intent.side), intent.lots * unit, adds * unit)
        others = [t for n, t in tracks.items() if t is not None and n != own]
        day = self._day
        return Together(
            tier=self._tier,
            equity=self._equity(tracks, at),
            day_equity=self._initial if day is None else day.equity,
            day_lost=self._lost(tracks, at),
            exposures=[*exposures, entry],
            open_orders=sum(len(t.orders.by_id) for t in (asking, *others)),
            others=[b for t in others for b in in_book(t, intent)],
        )

    # ---- watching the day

    def due(self, closed_before: int) -> int:
        """The next whole minute by whose end a row has shown the price of something that is held, while two are live and the day is not lost; else ``closed_before``."""
        live = self._live()
        if len(live) < 2:
            return closed_before
        from_ns = sorted(t.start_ns for t in live.values())[1]
        due = closed_before
        for name, track in live.items():
            if track.agenda.now < self._halted_until_ns and name not in self._unflattened:
                continue
            for feed in track.feeds:
                if feed.holding.position.units:
                    due = min(due, self._next_minute(feed, max(from_ns, track.agenda.now), closed_before))
        return due

    def _next_minute(self, feed: InstrumentFeed, from_ns: int, closed_before: int) -> int:
        """Rounded up, of the first row that was not looked at and of ``from_ns``."""
        streams = [feed.price.stream] if feed.leg is None else [w.stream for w in feed.leg.watched]
        rows = [s.times[r] for s in streams if (r := s.first_after(self._looked_ns)) < s.rows]
        if not rows:
            return closed_before
        return -(-max(min(rows), from_ns) // NS_PER_MINUTE) * NS_PER_MINUTE

    def look(self, now: int) -> None:
        """All live tracks have handled every moment up to ``now``: where the day's loss is reached, all of them are halted and flattened."""
        self._looked_ns = now
        if now < self._halted_until_ns:
            self._flatten_late(now)
            return
        if self._tier is None or self._day is None:
            return
        at = Moment(now, Rank.HOUR)
        lost = self._lost({v.name: v.live for v in self._versions.values()}, at)
        broken = self._limits.loss(self._tier, lost, self._day.equity)
        if broken is not None:
            self._halt(now, broken[0].value, broken[1])

    def _halt(self, now: int, reason: str, words: str) -> None:
        self._halted_until_ns, self._halted_words = (now // NS_PER_DAY + 1) * NS_PER_DAY, words
        for version in self._versions.values():
            pair = version.pair
            if pair is None or pair.is_closed or not pair.tracks:
                continue
            fresh = self._is_fresh(pair, now)
            pair.stand_at(now)
            for track in pair.tracks:
                track.stops.halt_for_account(now, reason, words, self._halted_until_ns, fresh)
            if not fresh:
                self._unflattened.append(version.name)

    def _flatten_late(self, now: int) -> None:
        for name in list(self._unflattened):
            pair = self._versions[name].pair
            if pair is None or pair.is_closed:
                self._unflattened.remove(name)
            elif self._is_fresh(pair, now):
                self._unflattened.remove(name)
                pair.stand_at(now)
                for track in pair.tracks:
                    track.stops.close_all()

    def _is_fresh(self, pair: LivePair, now: int) -> bool:
        """Whether the last minute has shown the prices of all that the pair holds."""
        held = {f.price.stream.name for t in pair.tracks for f in t.feeds if f.holding.position.units}
        return not any(self._tape.is_missing(name, now - NS_PER_MINUTE, now) for name in held)

    # ---- what the account is worth

    def _live(self) -> dict[str, Track]:
        return {v.name: live for v in self._versions.values() if (live := v.live) is not None}

    def _to_usd(self, version: LadderVersion, at: Moment) -> int:
        """What a ledger unit of its money is worth in the account's unit: at the rate of now, else at the last there was."""
        self._rates.look(at.now, at.after_rows)
        found = self._rates.rate(version.currency, at.now)
        rate = version.rate if isinstance(found, NoRate) else found
        return _whole(rate, _RATE_DIGITS) * int(10 ** (SCALE - _RATE_DIGITS - version.track.portfolio.decimals))

    def _exposures(self, tracks: Mapping[str, Track], at: Moment) -> list[Exposure]:
        versions = self._versions
        return [e for n, t in tracks.items() for e in exposures_of(t, self._to_usd(versions[n], at), at)]

    def _earned(self, version: LadderVersion, track: Track | None, at: Moment) -> int:
        """By ``track`` in the place of its live one and by all that are closed, net, in ledger units of its money."""
        before = _whole(version.earned_before, version.track.portfolio.decimals)
        return before if track is None else before + equity_of(track, at) - track.portfolio.budget_units

    def _equity(self, tracks: Mapping[str, Track | None], at: Moment) -> int:
        versions = self._versions
        return self._initial + sum(
            self._earned(versions[n], t, at) * self._to_usd(versions[n], at) for n, t in tracks.items()
        )

    def _lost(self, tracks: Mapping[str, Track | None], at: Moment) -> int:
        """Since the day began, by these tracks and by those that were closed meanwhile; below 0 it is a gain."""
        day, lost = self._day, 0
        if day is None:
            return 0
        for name, track in tracks.items():
            version = self._versions[name]
            began = day.earned if track is version.live else day.earned_as_twin
            change = self._earned(version, track, at) - began.get(name, 0)
            if change:
                lost -= change * self._to_usd(version, at)
        return lost


def _whole(amount: Decimal, decimals: int) -> int:
    """In units of 10**-decimals, rounded down."""
    return int(Fraction(amount) * 10**decimals // 1)
