"""One version on the capital ladder: what it has shown on paper, its live pair, and what has befallen that."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from genesis.engine.agenda import Rank
from genesis.engine.track import Track
from genesis.evidence.gathering import Evidence
from genesis.model.events import Event
from genesis.model.track_events import Liquidated, TrackHalted, TrackStopped, TradeClosed
from genesis.paper_trading.candidate import Candidate
from genesis.paper_trading.live_pair import LivePair
from genesis.paper_trading.promotion_facts import Halt
from genesis.paper_trading.stages import HaltKind
from genesis.paper_trading.verdicts import Measurements, Verdict
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio
from genesis.paper_trading.watch import Watch, WatchRules

_ONE: Final = Decimal(1)
# A halt of these kinds ends by itself, with the day or with the evidence bar: no stage changes for it.
_PASSING = frozenset({"ACCOUNT_DAILY_LOSS", "DAILY_LOSS", "LOSS_BOUND"})
_HALT_KINDS = {"MARK_PRICE": HaltKind.DATA, "NOT_FLAT": HaltKind.INTEGRITY}


class LadderVersion:
    """A version by its reference track, with the pair that trades for it while it holds capital.

    Args:
        candidate: what it shows on paper.
        facts: what an entry is to say of its live track and twin, but for name, budget and role.
        watch_rules: how closely its live track is watched.
    """

    __slots__ = (
        "budget",
        "candidate",
        "earned_before",
        "facts",
        "halt",
        "live_before",
        "live_since_ns",
        "live_trades",
        "measured",
        "pair",
        "pairs",
        "rate",
        "track",
        "verdicts",
        "watch",
        "watch_rules",
    )

    def __init__(self, candidate: Candidate, facts: Mapping[str, Any], watch_rules: WatchRules) -> None:
        self.candidate, self.track, self.watch_rules = candidate, candidate.track, watch_rules
        self.budget = self.track.portfolio.to_money(self.track.portfolio.budget_units).amount
        self.facts = dict(facts)
        self.pair: LivePair | None = None
        # How many it has had.
        self.pairs = 0
        # USD for one unit of the currency of its budget, the newest there was.
        self.rate = _ONE
        self.watch: Watch | None = None
        self.halt: Halt | None = None
        self.live_trades = 0
        # E of the live tracks of this attempt that are closed, multiplied; and the attempt in which the present one was opened.
        self.live_before: float | None = None
        self.live_since_ns = candidate.from_ns
        self.earned_before = Decimal(0)
        # What the criteria went by at the last evidence bar, and what they said.
        self.measured: Measurements | None = None
        self.verdicts: tuple[Verdict, ...] = ()

    @property
    def name(self) -> str:
        """That of its reference track."""
        return self.track.name

    @property
    def live(self) -> Track | None:
        """The live track; ``None`` before the pair has joined and once it is closed."""
        return None if self.pair is None or self.pair.is_closed else self.pair.live

    @property
    def twin(self) -> Track | None:
        """The twin of the live track; ``None`` where there is none."""
        return None if self.pair is None or self.pair.is_closed else self.pair.twin

    @property
    def currency(self) -> str:
        """In which its budget and profit are told."""
        return self.track.portfolio.currency

    def live_equity(self) -> Decimal | None:
        """Of the live track, in the version's currency; ``None`` where there is none."""
        live = self.live
        return None if live is None else live.desk.equity().amount

    def live_evidence(self) -> float | None:
        """E of what live tracks have shown in this attempt, one after the other: a new pair forgets nothing. ``None`` before the first bet."""
        live, before = self.live, self.live_before
        evidence = None if live is None or self.live_since_ns != self.candidate.from_ns else _evidence_of(live)
        if evidence is None or evidence.loss_bound is None:
            return before
        return evidence.e_value if before is None else before * evidence.e_value

    def earned(self) -> Decimal:
        """All that live tracks of the version have earned, net, in its currency."""
        live = self.live
        if live is None:
            return self.earned_before
        portfolio = live.portfolio
        units = live.desk.equity_units() - portfolio.budget_units
        return self.earned_before + portfolio.to_money(units).amount

    def watch_pair(self) -> None:
        """Watch the pair from now on, as soon as the reference has bars that vary to hold it against."""
        pair, proven = self.pair, self.candidate.evidence
        if (
            self.watch is None
            and proven.deviation
            and pair is not None
            and pair.live is not None
            and pair.twin is not None
        ):
            self.watch = Watch(self.watch_rules, pair.live, pair.twin, self.candidate.risk, proven)

    def close_bar(self) -> None:
        """An evidence bar has closed: take it into what paper has shown, and into what is watched of live."""
        self.candidate.close_bar()
        if self.live is not None:
            if self.watch is not None:
                self.watch.close_bar()
            self.watch_pair()

    def begin_attempt(self, from_ns: int) -> None:
        """A later attempt begins: nothing that was shown before counts for it, on paper or live."""
        self.candidate.begin(from_ns)
        self.live_before = None

    def stand_at(self, now: int) -> None:
        """Let all that trades for it stand at a moment at which nothing else may have happened: what is valued and sent there is so at that moment."""
        for feed in self.track.feeds:
            feed.settle(now, Rank.HOUR)
        if self.pair is not None and not self.pair.is_closed:
            self.pair.stand_at(now)

    def hear_of_live(self, event: Event) -> None:
        """Take what the live track has journalled: a trade that ended, or why it stands still."""
        if isinstance(event, TradeClosed):
            self.live_trades += 1
        found = _halt_of(event)
        # A broken limit is what counts, whatever else befalls the track after it.
        if found is not None and (self.halt is None or self.halt.kind is not HaltKind.RISK):
            self.halt = found


def _halt_of(event: Event) -> Halt | None:
    """Why a live track stands still from now on; ``None`` where it does not."""
    if isinstance(event, TrackStopped):
        return Halt(HaltKind.STRATEGY, f"its strategy raised in {event.hook}: {event.error}")
    if isinstance(event, Liquidated):
        return Halt(HaltKind.RISK, f"liquidated: {event.detail()}")
    if isinstance(event, TrackHalted) and event.reason not in _PASSING:
        return Halt(_HALT_KINDS.get(event.reason, HaltKind.RISK), f"{event.reason}: {event.detail}")
    return None


def _evidence_of(track: Track) -> Evidence | None:
    portfolio = track.portfolio
    return portfolio.evidence if isinstance(portfolio, VirtualPortfolio) else None
