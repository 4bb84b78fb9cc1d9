"""The live track of a strategy version and its twin: opened flat from the reference track's state, given capital, and taken back together.

The twin is the control group: the same strategy, share, tier and start on the paper venue. What live earns less than it, it loses to the venue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Protocol

from genesis.clock import NS_PER_DAY
from genesis.engine.takeover import copy_of
from genesis.engine.track import Track
from genesis.errors import ASKED_TO_END
from genesis.model.events import Event
from genesis.model.money import Money
from genesis.model.track_events import CapitalMoved, TrackClosed, TrackOpened
from genesis.strategies.base import Strategy

LIVE, TWIN = "live", "twin"
# A position that outlives its demotion by a day is closed in this many slices, one an evidence bar.
_SLICES = 3
_ERROR_LENGTH = 300


class Opens(Protocol):
    """Opens a track of a copied strategy in mid-run, with its first capital, at the venue of its role."""

    def __call__(self, name: str, role: str, strategy: Strategy, capital: Money, start_ns: int) -> Track: ...


class LivePair:
    """One version's live track and twin, from the promotion until both are flat again.

    Args:
        reference: the version's paper track, which goes on by itself.
        attempt: 1 for the first time that the version goes live.
        share: of its budget.
        wanted_ns: engine time of the promotion.
        waits_ns: how long to wait for the reference to be flat and idle; then its next flip will do.
        opens: opens a track.
        facts: what an entry is to say of both, but for name, budget and role.
        closed: takes a track out of the run.
    """

    def __init__(
        self,
        reference: Track,
        attempt: int,
        share: Fraction,
        wanted_ns: int,
        waits_ns: int,
        opens: Opens,
        facts: Mapping[str, Any],
        closed: Callable[[Track], None],
    ) -> None:
        self.reference, self.share = reference, share
        self._attempt, self._opens, self._facts, self._on_closed = attempt, opens, dict(facts), closed
        self._flip_from_ns = wanted_ns + waits_ns
        self._signs: tuple[int, ...] = ()
        self.tracks: tuple[Track, ...] = ()
        self.failed: str | None = None
        self._owed: dict[str, int] = {}
        self._demoted_ns: int | None = None
        self._kept = False
        self._slices = _SLICES
        self.is_closed = False

    # ---- joining

    @property
    def waits(self) -> bool:
        """It has been promoted and has not begun to trade, and nobody has stopped it since."""
        return not (self.tracks or self._kept or self.is_ending) and self.failed is None

    @property
    def is_ending(self) -> bool:
        """What it holds is being sold, or it is closed."""
        return self._demoted_ns is not None or self.is_closed

    @property
    def live(self) -> Track | None:
        """The live track; ``None`` before it has joined."""
        return self.tracks[0] if self.tracks else None

    @property
    def twin(self) -> Track | None:
        """Its twin; ``None`` before it has joined."""
        return self.tracks[1] if self.tracks else None

    @property
    def is_held(self) -> bool:
        """A position is kept because prices could not be trusted, and nobody has said since what becomes of it."""
        return self._kept and not self.is_closed and not all(t.is_idle for t in self.tracks)

    def look(self, now: int) -> None:
        """The reference has handled the moment ``now``: begin where the strategy's next entry will be from flat.

        After the time to wait, where it is flat but for orders that work, or has just turned from long to short or back.
        """
        if not self.waits:
            return
        flipped = self._flipped()
        late = now >= self._flip_from_ns
        if self.reference.is_idle or (late and (flipped or self.reference.is_flat)):
            self._join(now)

    def _flipped(self) -> bool:
        held = [self.reference.desk.position_lots(f.instrument) for f in self.reference.feeds]
        before, self._signs = self._signs, tuple((x > 0) - (x < 0) for x in held)
        return any(a * b < 0 for a, b in zip(before, self._signs, strict=False))

    def _join(self, now: int) -> None:
        units = self._units(self.share)
        capital, tracks = self.reference.portfolio.to_money(units), []
        try:
            copies = [copy_of(self.reference.strategy) for _ in (LIVE, TWIN)]
        except BaseException as error:  # saving and copying run the strategy's own code
            if isinstance(error, ASKED_TO_END):
                raise
            self.failed = f"its state cannot be copied: {type(error).__name__}: {error}"[:_ERROR_LENGTH]
            return
        for role, (strategy, state) in zip((LIVE, TWIN), copies, strict=True):
            track = self._opens(self._name(role), role, strategy, capital, now)
            track.entries.append(TrackOpened(now, track.name, self._told(track, role, capital)))
            track.entries.append(self._moved(track, now, units, 0, "first capital"))
            track.take_over(self.reference, self.share, state)
            tracks.append(track)
        self.tracks = tuple(tracks)

    def _name(self, role: str) -> str:
        again = "" if self._attempt == 1 else f"-{self._attempt}"
        return f"{self.reference.name}@{role}{again}"

    def _told(self, track: Track, role: str, capital: Money) -> dict[str, Any]:
        told = {
            "budget": str(capital),
            "name": track.name,
            "of": self.reference.name,
            "role": role,
            "tier": track.gate.tier.name,
        }
        return self._facts | told

    # ---- capital

    def raise_to(self, share: Fraction, now: int) -> None:
        """Give capital for a larger share of the budget; it counts for what is entered from now on."""
        units, self.share = self._units(share) - self._units(self.share), share
        for track in self.tracks:
            equity = track.desk.equity_units()
            track.raise_share(share, units)
            track.entries.append(self._moved(track, now, units, equity, "a step up"))

    def lower_to(self, share: Fraction, now: int) -> None:
        """Reduce what is held to a smaller share, at once; the capital goes back as it becomes free."""
        units, self.share = self._units(self.share) - self._units(share), share
        for track in self.tracks:
            track.lower_share(share)
            self._owed[track.name] = self._owed.get(track.name, 0) + units
        self._return_capital(now)

    def go_on(self, share: Fraction, now: int) -> None:
        """Entries are taken again, with ``share`` of the budget, which is at most what it holds."""
        self._demoted_ns, self._slices, self._kept = None, _SLICES, False
        if share < self.share:
            self.lower_to(share, now)
        for track in self.tracks:
            track.stops.allow_entries()

    def demote(self, now: int, why: str) -> None:
        """Entries are cancelled; only what reduces the position is sent, and what protects it stays. After a day it is closed in slices."""
        self._demoted_ns, self._kept = now, False
        for track in self.tracks:
            track.stops.forbid_entries(why)

    def hold(self, why: str) -> None:
        """Entries are cancelled and no more are sent; the position is kept, because prices cannot be trusted."""
        self._kept = True
        for track in self.tracks:
            track.stops.forbid_entries(why)

    def flatten(self, now: int, why: str) -> None:
        """Everything is cancelled and closed now."""
        self._demoted_ns, self._kept = now, False
        for track in self.tracks:
            track.stops.flatten(why)

    def be_there(self, time_ns: int) -> None:
        """Both tracks stand at that moment, for what may be decided then."""
        for track in self.tracks:
            track.stops.be_there(time_ns)

    def stand_at(self, now: int) -> None:
        """Both tracks, which have handled every moment up to ``now``, stand at it."""
        for track in self.tracks:
            track.stops.be_there(now)
            track.advance(now + 1)

    def close_bar(self, now: int) -> list[Event]:
        """An evidence bar has closed: return capital that is owed, close slices; once they are done, close both, with what they say last."""
        self._return_capital(now)
        if self._demoted_ns is None or self.is_closed:
            return []
        if now - self._demoted_ns >= NS_PER_DAY and self._slices:
            for track in self.tracks:
                self._close_slice(track)
            self._slices = max(1, self._slices - 1)
        return self._close(now) if all(t.is_idle for t in self.tracks) else []

    def _close_slice(self, track: Track) -> None:
        for feed in track.feeds:
            held = abs(track.desk.position_lots(feed.instrument))
            track.stops.reduce(feed, -(-held // self._slices))

    def _close(self, now: int) -> list[Event]:
        self.is_closed = True
        last: list[Event] = []
        for track in self.tracks:
            cash = track.portfolio.cash_units
            track.entries.append(self._moved(track, now, -cash, track.desk.equity_units(), "the end"))
            track.entries.append(TrackClosed(now, track.name, track.stops.forbidden or "closed"))
            last.extend(track.entries)
            track.entries.clear()
            self._on_closed(track)
        return last

    def _return_capital(self, now: int) -> None:
        if self.is_closed:
            return
        for track in self.tracks:
            owed = self._owed.get(track.name, 0)
            equity = track.desk.equity_units()
            units = min(owed, max(0, track.desk.free_cash()), equity - 1)
            if units > 0:
                track.add_capital(-units)
                track.entries.append(self._moved(track, now, -units, equity, "a step down"))
                self._owed[track.name] = owed - units

    def _units(self, share: Fraction) -> int:
        """That share of the reference track's budget, rounded down to the ledger's unit."""
        return self.reference.portfolio.budget_units * share.numerator // share.denominator

    def _moved(self, track: Track, now: int, units: int, equity: int, reason: str) -> CapitalMoved:
        portfolio = track.portfolio
        share = f"{self.share.numerator}/{self.share.denominator}"
        return CapitalMoved(now, track.name, units, equity, portfolio.currency, portfolio.decimals, share, reason)
