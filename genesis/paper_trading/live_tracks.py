"""The live tracks of an account: what the promotion manager has decided about capital is done here, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from genesis.clock import NS_PER_DAY
from genesis.engine.track import Track
from genesis.evidence.gathering import Evidence
from genesis.evidence.rules import BettingRules, Source
from genesis.execution.profile import ExecutionProfile
from genesis.model.events import Event
from genesis.model.money import Money
from genesis.paper_trading.ladder_version import LadderVersion
from genesis.paper_trading.live_account import LiveAccount
from genesis.paper_trading.live_pair import LIVE, LivePair
from genesis.paper_trading.promotion_facts import Evaluation, Halt
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.paper_trading.stages import Action, HaltKind
from genesis.rng import KeyedDraws
from genesis.strategies.base import Strategy

_STOPPED = "its strategy has stopped, and a word does not bring it back: resume sells what is left"


class LiveVenue:
    """Where live tracks trade: a simulated venue with assumptions of its own, and luck of its own."""

    __slots__ = ("draws", "profile")

    def __init__(self, profile: ExecutionProfile, seed: int) -> None:
        self.profile = profile
        self.draws = KeyedDraws(seed)


class LiveTracks:
    """Opens live tracks and twins, gives them capital and takes it back.

    Args:
        simulator: holds the tracks; those opened here are added to it.
        account: in which all of them trade.
        venue: where live ones trade.
        betting: how their evidence is weighed; ``source`` where it comes from.
        join_days: how long a pair waits for its reference to be flat and idle.
        versions: all of the account, by name; those that come later are put in.
    """

    def __init__(
        self,
        simulator: PaperTradingSimulator,
        account: LiveAccount,
        venue: LiveVenue,
        betting: BettingRules,
        source: Source,
        join_days: int,
        versions: Mapping[str, LadderVersion],
    ) -> None:
        self._simulator, self._account, self._venue = simulator, account, venue
        self._betting, self._source, self._versions = betting, source, versions
        self._waits_ns = join_days * NS_PER_DAY
        self._by_name: dict[str, LadderVersion] = {}

    def version_of(self, track: str) -> LadderVersion | None:
        """The version for which a live track of this name trades; ``None`` where it is no live track."""
        return self._by_name.get(track)

    def do(self, version: LadderVersion, evaluation: Evaluation, now: int) -> None:
        """What was decided about a version's capital."""
        action, share = evaluation.action, Fraction(evaluation.after.fraction)
        why = f"{evaluation.after.stage.value.lower()}: {'; '.join(evaluation.reasons[:1]) or action.value}"
        if action is Action.JOIN:
            self._join(version, share, now)
        pair = version.pair
        if pair is not None and not pair.is_closed:
            _act(pair, action, share, now, why)
        if action in (Action.STEP_UP, Action.REDUCE) and version.watch is not None:
            version.watch.refer(version.candidate.evidence)
        after = evaluation.after
        if not after.stage.holds_capital and after.halt is None:
            version.halt = None
            if pair is not None and not pair.is_ending:
                # Halted while it was flat it is there still, and whatever comes next has a pair of its own.
                pair.demote(now, why)

    def try_to_join(self, version: LadderVersion, now: int) -> None:
        """The reference track has handled ``now``: the pair that waits for it begins, if it can."""
        pair = version.pair
        if pair is None or not pair.waits:
            return
        pair.look(now)
        if pair.failed is not None:
            version.halt = Halt(HaltKind.STRATEGY, pair.failed)
        if pair.live is None or pair.twin is None:
            return
        self._by_name[pair.live.name] = version
        version.live_since_ns = version.candidate.from_ns
        version.watch_pair()

    def close_bar(self, version: LadderVersion, now: int) -> Iterable[Event]:
        """An evidence bar has closed: what a pair says last, where it is over."""
        pair = version.pair
        if pair is None or pair.is_closed:
            return ()
        live, earned, shown = pair.live, version.earned(), version.live_evidence()
        last = pair.close_bar(now)
        if pair.is_closed:
            version.earned_before, version.live_before, version.watch = earned, shown, None
            if live is not None:
                del self._by_name[live.name]
        return last

    def _join(self, version: LadderVersion, share: Fraction, now: int) -> None:
        """Open a pair; one that still holds what it held is let go on."""
        pair = version.pair
        if pair is not None and not pair.is_closed and pair.failed is None:
            stopped = pair.live is not None and pair.live.ended
            version.halt = Halt(HaltKind.STRATEGY, _STOPPED) if stopped else None
            pair.go_on(share, now)
            return
        version.pairs += 1
        closed = self._simulator.tracks.remove
        version.pair = LivePair(
            version.track, version.pairs, share, now, self._waits_ns, self._open, version.facts, closed
        )
        self.try_to_join(version, now)

    def _open(self, name: str, role: str, strategy: Strategy, capital: Money, start_ns: int) -> Track:
        version = self._versions[name.partition("@")[0]]
        live = role == LIVE
        portfolio = version.candidate.portfolio
        track = self._simulator.add(
            name,
            strategy,
            capital,
            portfolio.method,
            portfolio.basis,
            profile=self._venue.profile if live else None,
            evidence=Evidence(self._betting, self._source),
            start_ns=start_ns,
            draws=self._venue.draws if live else None,
            tier=version.track.gate.tier,
        )
        track.account = self._account
        return track


def _act(pair: LivePair, action: Action, share: Fraction, now: int, why: str) -> None:
    if action is Action.STEP_UP:
        pair.raise_to(share, now)
    elif action is Action.REDUCE:
        pair.lower_to(share, now)
    elif action is Action.DEMOTE:
        pair.demote(now, why)
    elif action is Action.FLATTEN:
        pair.flatten(now, why)
    elif action is Action.HOLD:
        pair.hold(why)
