"""A track's perpetuals as its venue sees them: which settlements are due, and the first row at which an account is liquidated.

Contracts that settle in one currency share its margin, and no other's (single-asset mode of Binance USD-M): a `MarginAccount` each.

"Liquidated" has one definition, `CrossMargin.first_to_close` at the worst that the rows of one moment show, and two evaluators: with several
contracts every moment is judged; with one, its liquidation price is worked out once and searched for in the columns. A property test holds
them equal. A position is judged from the first moment after the one at which the track heard of its fill.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from genesis.clock import NS_PER_SECOND
from genesis.engine.agenda import FAR, Rank, TrackAgenda
from genesis.engine.feed import passed
from genesis.execution.perpetual import Contract, CrossMargin, Held, MarginStatement, adverse_mark
from genesis.model.events import OrderFilled
from genesis.model.instruments import Instrument
from genesis.model.mark_prices import marks_per_tick
from genesis.model.orders import DenyReason
from genesis.portfolio.portfolio import Holding, Portfolio
from genesis.tape.stream import Stream, StreamKind, before

_LARGEST: Final = 2**63 - 1
# Rows that are looked at together before any is judged alone.
_BLOCK: Final = 512
_POINTS: Final = {
    StreamKind.BARS: ("close", "close"),
    StreamKind.QUOTES: ("bid_ticks", "ask_ticks"),
    StreamKind.TRADES: ("ticks", "ticks"),
    StreamKind.MARK: ("mark", "mark"),
}


class Settlement:
    """Funding that is due at ``time_ns``. What the venue settles is fixed then; it is posted when the fills before it have been heard."""

    __slots__ = ("leg", "mark", "rate_e8", "row", "time_ns", "units")

    def __init__(self, leg: Leg, row: int, time_ns: int, rate_e8: int) -> None:
        self.leg, self.row, self.time_ns, self.rate_e8 = leg, row, time_ns, rate_e8
        self.units = self.mark = 0


class Watched:
    """A stream whose rows can show a price that liquidates: a search for the first of them.

    Args:
        low, high: the columns that are worst for a long and for a short.
        scale: mark units in one unit of the columns.
    """

    __slots__ = ("_bound", "_cursor", "_found", "_long", "high", "low", "point", "scale", "stream")

    def __init__(self, stream: Stream, low: str, high: str, scale: int) -> None:
        self.stream, self.low, self.high, self.scale = stream, low, high, scale
        self.point = _POINTS[stream.kind]
        self._long, self._bound = True, 0
        self._cursor, self._found = 0, -1

    def search_for(self, mark: int, is_long: bool, now: int) -> None:
        """From the rows after ``now`` on, look for ``mark`` or worse."""
        self._long = is_long
        self._bound = min(mark // self.scale if is_long else -(-mark // self.scale), _LARGEST)
        self._cursor, self._found = self.stream.first_after(now), -1

    def next_time(self, until: int, included: bool) -> int:
        """Time of the first such row before ``until`` (or at it where ``included``); far away when there is none."""
        stream = self.stream
        if self._found < 0:
            start = self._cursor
            stop = before(stream.times, start, stream.rows, until, included)
            if stop <= start:
                return FAR
            column = stream.columns[self.low if self._long else self.high][start:stop]
            hits = np.flatnonzero(column <= self._bound if self._long else column >= self._bound)
            self._cursor = stop
            if not len(hits):
                return FAR
            self._found = start + int(hits[0])
        time = stream.times[self._found]
        return time if time < until or (included and time == until) else FAR

    def worst_between(self, after: int, until: int, is_long: bool) -> int | None:
        """The worst mark that its rows after ``after`` and before ``until`` show; ``None`` without a row."""
        stream = self.stream
        start, stop = stream.first_after(after), stream.first_at(until)
        if start >= stop:
            return None
        lows, highs = stream.columns[self.low][start:stop], stream.columns[self.high][start:stop]
        return adverse_mark(1 if is_long else -1, int(lows.min()), int(highs.max())) * self.scale

    def times_between(self, after: int, until: int, included: bool) -> list[int]:
        """Times of its rows after ``after`` and before ``until`` (or at it where ``included``)."""
        stream = self.stream
        start = stream.first_after(after)
        return stream.times[start : before(stream.times, start, stream.rows, until, included)].tolist()


class Leg:
    """One perpetual of a track.

    Args:
        price: the stream that shows the instrument's own price.
        by_mark: whether mark prices value the position; else the own price stands in between them, and extremes are its own.
        age_max_s: the oldest a mark price may be.
    """

    __slots__ = (
        "age_max_ns",
        "by_mark",
        "closing",
        "contract",
        "funding",
        "holding",
        "instrument",
        "marks",
        "scheduled",
        "watched",
    )

    def __init__(
        self,
        instrument: Instrument,
        contract: Contract,
        holding: Holding,
        marks: Stream,
        funding: Stream,
        price: Stream,
        by_mark: bool,
        age_max_s: int,
    ) -> None:
        self.instrument, self.contract, self.holding = instrument, contract, holding
        self.marks, self.funding, self.by_mark = marks, funding, by_mark
        self.age_max_ns = age_max_s * NS_PER_SECOND
        self.scheduled = 0
        # An order of the venue that closes the position is on its way.
        self.closing = False
        if by_mark:
            self.watched: tuple[Watched, ...] = (Watched(marks, "low", "high", 1),)
        else:
            low, high = ("low", "high") if price.kind is StreamKind.BARS else _POINTS[price.kind]
            self.watched = (Watched(marks, "mark", "mark", 1), Watched(price, low, high, marks_per_tick(instrument)))

    def latest(self, now: int, rank: int) -> int | None:
        """The mark at this moment: of the newest row, mark prices first; ``None`` before there is one."""
        is_long = self.holding.position.units >= 0
        best, newest = None, -1
        for watched in self.watched:
            stream = watched.stream
            row = passed(stream, 0, now, rank) - 1
            if row >= 0 and stream.times[row] > newest:
                newest = stream.times[row]
                best = int(stream.columns[watched.point[0 if is_long else 1]][row]) * watched.scale
        return best

    def mark_price(self, time_ns: int) -> tuple[int, int] | None:
        """The last mark price at or before a time, and its age; ``None`` before there is one."""
        row = self.marks.first_after(time_ns) - 1
        if row < 0:
            return None
        return int(self.marks.columns["mark"][row]), time_ns - self.marks.times[row]

    def mark_problem(self, time_ns: int) -> str | None:
        """Why there is no mark price to be used at this time, in words."""
        found = self.mark_price(time_ns)
        if found is not None and found[1] <= self.age_max_ns:
            return None
        limit = f"{self.instrument.id}: expected a mark price of at most {self.age_max_ns // NS_PER_SECOND} s"
        return f"{limit}, found none" if found is None else f"{limit}, found one of {found[1] // NS_PER_SECOND} s"

    def held_at(self, time_ns: int) -> Held:
        """The position at the worst mark of one moment, else at the newest before it; without any it stands at its cost."""
        units, cost = self.holding.position.units, self.holding.position.cost
        if not units:
            return Held(0, 0, 0)
        mark = self._worst(time_ns - 1, time_ns + 1, units)
        if mark is None:
            mark = self.latest(time_ns, Rank.BAR)
        return Held(units, cost, self._at_cost() if mark is None else mark)

    def held_between(self, after: int, until: int) -> Held:
        """The position at the worst mark of all rows after ``after`` and before ``until``, and of what stands before them."""
        units, cost = self.holding.position.units, self.holding.position.cost
        if not units:
            return Held(0, 0, 0)
        before_them, shown = self.latest(after, Rank.BAR), self._worst(after, until, units)
        known = [m for m in (self._at_cost() if before_them is None else before_them, shown) if m is not None]
        return Held(units, cost, adverse_mark(units, min(known), max(known)))

    def charged(self, fill: OrderFilled) -> int:
        """The fee of a fill that liquidates: the venue's own and the liquidation fee, in the fill's units."""
        notional = fill.last_lots * self.holding.lot_units * fill.last_ticks * self.holding.unit
        return fill.fee + self.contract.liquidation_fee(notional)

    def _worst(self, after: int, until: int, units: int) -> int | None:
        shown = [m for m in (w.worst_between(after, until, units > 0) for w in self.watched) if m is not None]
        return adverse_mark(units, min(shown), max(shown)) if shown else None

    def _at_cost(self) -> int:
        """The mark at which the position stands at its cost."""
        return self.holding.position.cost // (self.holding.position.units * self.contract.unit)


class MarginAccount:
    """The perpetuals of a track that settle in one currency, in cross margin. Their wallet is what the track owns of that currency."""

    def __init__(self, legs: Sequence[Leg], portfolio: Portfolio) -> None:
        self.legs = tuple(legs)
        self.currency = legs[0].instrument.quote
        self.cross = CrossMargin([leg.contract for leg in legs])
        self._portfolio = portfolio
        self._only = legs[0] if len(legs) == 1 else None
        self._watches = False
        self._judged = 0
        self._hit = FAR
        # Every row before it has arrived.
        self._closed = FAR

    @property
    def holds(self) -> bool:
        """Whether a position is held."""
        return any(leg.holding.position.units for leg in self.legs)

    @property
    def closes(self) -> bool:
        """Whether an order of the venue that closes a position by force is on its way."""
        return any(leg.closing for leg in self.legs)

    def leg(self, instrument: Instrument) -> Leg | None:
        """The leg of an instrument; ``None`` of one that is none of its contracts."""
        for leg in self.legs:
            if leg.instrument.id == instrument.id:
                return leg
        return None

    def wallet(self) -> int:
        """Wallet balance, in ledger units."""
        return self._portfolio.owned_of(self.currency)

    # ---- liquidation

    def changed(self, now: int) -> None:
        """The positions or the wallet are others: search anew, from the rows after ``now`` on."""
        self._watches = self.holds
        self._judged, self._hit = now, FAR
        only = self._only
        if only is None or not self._watches:
            return
        units = only.holding.position.units
        mark = only.contract.liquidation_mark(units, only.holding.position.cost, self.wallet())
        if mark is None:
            self._watches = False
            return
        for watched in only.watched:
            watched.search_for(mark, units > 0, now)

    def next_hit(self, until: int, included: bool) -> int:
        """The first moment before ``until`` (or at it where ``included``) at which the account is liquidated; far away without one."""
        if not self._watches or self.closes:
            return FAR
        if self._only is None:
            return self.first_judged(until, included)
        return min(watched.next_time(until, included) for watched in self._only.watched)

    def first_judged(self, until: int, included: bool) -> int:
        """As `next_hit`, by judging every moment on the way that might."""
        last = until if included else until - 1
        while self._hit == FAR and self._judged < last:
            calm = self._calm_up_to()
            if calm > self._judged:
                self._judged = calm
                continue
            rows = [w.times_between(self._judged, until, included) for leg in self.legs for w in leg.watched]
            for time in sorted({t for times in rows for t in times}):
                if self.judge(time) is not None:
                    self._hit = time
                    break
            self._judged = last
        return self._hit if self._hit < until or (included and self._hit == until) else FAR

    def _calm_up_to(self) -> int:
        """The end of the next rows that cannot liquidate: the account would not be even if the worst of all of them came at once.

        Balance less maintenance margin falls with every mark that moves against its position, whatever the others do.
        """
        after, end = self._judged, self._closed
        for leg in self.legs:
            for watched in leg.watched:
                row = watched.stream.first_after(after) + _BLOCK
                if row < watched.stream.rows:
                    end = min(end, watched.stream.times[row])
        held = [leg.held_between(after, end) for leg in self.legs]
        return end - 1 if self.cross.first_to_close(self.wallet(), held) is None else after

    def judge(self, time_ns: int) -> int | None:
        """The place of the leg that is closed by force at a moment; ``None`` while the margin suffices."""
        return self.cross.first_to_close(self.wallet(), [leg.held_at(time_ns) for leg in self.legs])

    def statement(self, time_ns: int) -> MarginStatement:
        """The account at the worst marks of a moment."""
        return self.cross.statement(self.wallet(), [leg.held_at(time_ns) for leg in self.legs])

    # ---- entries

    def spendable(self, now: int, rank: int) -> int:
        """What may be spent on spot: wallet balance less initial margins and what is lost on the positions at the newest marks."""
        held = []
        for leg in self.legs:
            position, mark = leg.holding.position, leg.latest(now, rank)
            held.append(Held(position.units, position.cost, mark or 0) if position.units else Held(0, 0, 0))
        return self.cross.statement(self.wallet(), held).spendable

    def problem(
        self, leg: Leg, units: int, ticks: int, fee: int, working: int, coming: int, now: int, rank: int
    ) -> tuple[DenyReason, str] | None:
        """Why an order of signed ``units`` at ``ticks`` may not be sent, with the limit and what was found.

        ``working`` is the margin of all open orders, ``coming`` what those of the order's own side on this contract may bring, in signed units.
        """
        if leg.by_mark:
            stale = leg.mark_problem(now)
            if stale is not None:
                return DenyReason.STALE_PRICE, stale
        held = []
        for other in self.legs:
            mark = other.latest(now, rank)
            position = other.holding.position
            if mark is None and (position.units or other is leg):
                return DenyReason.NO_PRICE, f"{other.instrument.id}: expected a mark price, found none yet"
            held.append(Held(position.units, position.cost, mark or 0))
        price = ticks * marks_per_tick(leg.instrument)
        place = self.legs.index(leg)
        return self.cross.opening_problem(self.wallet(), held, place, units, price, fee, working, coming)

    # ---- funding

    def schedule(self, agenda: TrackAgenda, closed_before: int) -> None:
        """Put the settlements before ``closed_before`` on the agenda; every row before it has arrived."""
        self._closed = closed_before
        for leg in self.legs:
            stream = leg.funding
            while leg.scheduled < stream.rows and stream.times[leg.scheduled] < closed_before:
                row = leg.scheduled
                leg.scheduled += 1
                time, rate = stream.times[row], int(stream.columns["rate_e8"][row])
                if time >= agenda.now:
                    agenda.add(time, Rank.FUNDING, Settlement(leg, row, time, rate))


class MarginAccounts:
    """The margin accounts of a track, one a settlement currency, in the order of its instruments. None stands in for another."""

    def __init__(self, legs: Sequence[Leg], portfolio: Portfolio) -> None:
        currencies = dict.fromkeys(leg.instrument.quote for leg in legs)
        self.all = tuple(MarginAccount([x for x in legs if x.instrument.quote == c], portfolio) for c in currencies)
        self._legs = {leg.instrument.id: leg for leg in legs}
        self._by_currency = {account.currency: account for account in self.all}

    def leg(self, instrument: Instrument) -> Leg | None:
        """The leg of an instrument; ``None`` of one that is no perpetual."""
        return self._legs.get(instrument.id)

    def of(self, currency: str) -> MarginAccount | None:
        """The account whose contracts settle in a currency; ``None`` where none do."""
        return self._by_currency.get(currency)

    def changed(self, now: int) -> None:
        """Positions or wallets are others: every account is searched anew, from the rows after ``now`` on."""
        for account in self.all:
            account.changed(now)

    def schedule(self, agenda: TrackAgenda, closed_before: int) -> None:
        """Put all settlements before ``closed_before`` on the agenda; every row before it has arrived."""
        for account in self.all:
            account.schedule(agenda, closed_before)

    def next_hit(self, until: int, included: bool) -> int:
        """The first moment before ``until`` (or at it where ``included``) at which one of them is liquidated; far away without one."""
        return min([account.next_hit(until, included) for account in self.all])

    def liquidated(self, time_ns: int) -> MarginAccount | None:
        """The first account whose margin does not suffice at a moment, of those that no order of the venue closes already."""
        for account in self.all:
            if not account.closes and account.judge(time_ns) is not None:
                return account
        return None
