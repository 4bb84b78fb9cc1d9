"""The capital ladder: looks at every version when an evidence bar has closed, lets the promotion manager decide, and does what was decided.

A person who stops or takes away does not wait for the bar: such a command is acted upon as soon as every track stands still between two batches.

It is the only one that opens live tracks, gives them capital and takes it back. It decides nothing itself: what goes into a decision is gathered
here, the decision is `StrategyPromotionManager`'s, and it is written down before it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Final, Protocol

from genesis.clock import NS_PER_DAY, NS_PER_MINUTE
from genesis.engine.agenda import Rank
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.evidence.gathering import Evidence
from genesis.evidence.pair_rules import PairRules
from genesis.evidence.rules import BettingRules, Source
from genesis.execution.profile import ExecutionProfile
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.model.events import Event, OrderSubmitted
from genesis.model.money import Money
from genesis.model.track_events import Liquidated, TrackHalted, TrackStopped, TradeClosed
from genesis.paper_trading.ab_testing import AbTest
from genesis.paper_trading.account_rates import AccountRates
from genesis.paper_trading.candidate import Candidate
from genesis.paper_trading.family import Family
from genesis.paper_trading.live_account import LiveAccount
from genesis.paper_trading.live_pair import LIVE, LivePair
from genesis.paper_trading.own_criteria import OwnJudge
from genesis.paper_trading.promotion_facts import (
    TAKES,
    AccountFacts,
    Asked,
    Command,
    DataState,
    Evaluation,
    Facts,
    Halt,
    Level,
    Limit,
    OwnInputs,
    Reading,
)
from genesis.paper_trading.promotion_manager import StrategyPromotionManager
from genesis.paper_trading.promotion_record import commands_of, entries_of, too_late
from genesis.paper_trading.promotion_rules import Gate, PromotionRules
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.paper_trading.stages import Action, HaltKind, Stage
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Measurements, Status, Verdict, overall
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio
from genesis.paper_trading.watch import Watch, WatchRules
from genesis.portfolio.conversion import NoRate
from genesis.risk.account_tier import AccountTier
from genesis.risk.limits import Limits
from genesis.risk.tiers import DEFAULT_TIERS, Tier
from genesis.rng import KeyedDraws
from genesis.strategies.base import Strategy

HoldBack = Callable[[int, Decimal], str]
_NONE: Final = Decimal(0)
_ONE: Final = Decimal(1)
# A halt of these kinds ends by itself, with the day or with the evidence bar: no stage changes for it.
_PASSING = frozenset({"ACCOUNT_DAILY_LOSS", "DAILY_LOSS", "LOSS_BOUND"})
_HALT_KINDS = {"MARK_PRICE": HaltKind.DATA, "NOT_FLAT": HaltKind.INTEGRITY}
_STALE_NS = NS_PER_MINUTE
_STOPPED = "its strategy has stopped, and a word does not bring it back: resume sells what is left"


def _nothing_holds(time_ns: int, equity: Decimal) -> str:
    return ""


class Inbox(Protocol):
    """What persons want: at an evidence bar and at the tape's end all that waits, between bars what stops or takes away."""

    def at_bar(self, time_ns: int) -> Sequence[Asked]: ...

    def at_once(self, time_ns: int) -> Sequence[Asked]: ...

    def at_end(self, time_ns: int) -> Sequence[Asked]: ...

    def is_urgent(self, time_ns: int) -> bool:
        """Whether anything that was not answered before waits for `at_once`."""
        ...

    def recorded_after(self, time_ns: int) -> int | None:
        """When something was answered next, where a run is made again; ``None`` beyond the record."""
        ...


class NoInbox:
    """Nobody wants anything."""

    def at_bar(self, time_ns: int) -> Sequence[Asked]:
        """Nothing."""
        return ()

    def at_once(self, time_ns: int) -> Sequence[Asked]:
        """Nothing."""
        return ()

    def at_end(self, time_ns: int) -> Sequence[Asked]:
        """Nothing."""
        return ()

    def is_urgent(self, time_ns: int) -> bool:
        """It is not."""
        return False

    def recorded_after(self, time_ns: int) -> int | None:
        """Never."""
        return None


class LiveVenue:
    """Where live tracks trade: a simulated venue with assumptions of its own, and luck of its own."""

    __slots__ = ("draws", "profile")

    def __init__(self, profile: ExecutionProfile, seed: int) -> None:
        self.profile = profile
        self.draws = KeyedDraws(seed)


class _Version:
    """One version: what it has shown on paper, and its live side."""

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
    )

    def __init__(self, candidate: Candidate, facts: Mapping[str, Any]) -> None:
        self.candidate, self.track = candidate, candidate.track
        self.budget = self.track.portfolio.to_money(self.track.portfolio.budget_units).amount
        self.facts = dict(facts)
        self.pair: LivePair | None = None
        self.pairs = 0
        # USD for one unit of the currency of its budget, the newest there was.
        self.rate = _ONE
        self.watch: Watch | None = None
        self.halt: Halt | None = None
        self.live_trades = 0
        # E of the live tracks of this attempt that are closed, multiplied; and the attempt in which the present one was opened.
        self.live_before: float | None = None
        self.live_since_ns = candidate.from_ns
        self.earned_before = _NONE
        # What the criteria went by at the last evidence bar, and what they said.
        self.measured: Measurements | None = None
        self.verdicts: tuple[Verdict, ...] = ()

    @property
    def name(self) -> str:
        return self.track.name

    @property
    def live(self) -> Track | None:
        return None if self.pair is None or self.pair.is_closed else self.pair.live

    @property
    def currency(self) -> str:
        return self.track.portfolio.currency

    def live_equity(self) -> Decimal | None:
        live = self.live
        return None if live is None else live.desk.equity().amount

    def live_evidence(self) -> float | None:
        """E of what live tracks have shown in this attempt, one after the other: a new pair forgets nothing. ``None`` before the first bet."""
        live, before = self.live, self.live_before
        evidence = None if live is None or self.live_since_ns != self.candidate.from_ns else _evidence_of(live)
        if evidence is None or evidence.loss_bound is None:
            return before
        return evidence.e_value if before is None else before * evidence.e_value

    def watch_by(self, rules: WatchRules) -> None:
        """Watch the pair, as soon as the reference has bars that vary to hold it against."""
        pair, proven = self.pair, self.candidate.evidence
        if (
            self.watch is None
            and proven.deviation
            and pair is not None
            and pair.live is not None
            and pair.twin is not None
        ):
            self.watch = Watch(rules, pair.live, pair.twin, self.candidate.risk, proven)

    def earned(self) -> Decimal:
        """All that live tracks of the version have earned, net."""
        live = self.live
        if live is None:
            return self.earned_before
        portfolio = live.portfolio
        units = live.desk.equity_units() - portfolio.budget_units
        return self.earned_before + portfolio.to_money(units).amount


class CapitalLadder:
    """Overseer of a run's tracks (`genesis.engine.step.Overseer`).

    Args:
        simulator: holds the tracks; those opened here are added to it.
        tape: whose gaps say when data cannot be judged.
        criteria: of validation.
        rules: of promotion.
        betting: how evidence is weighed; ``source`` where it comes from.
        venue: where live tracks trade.
        rates: what the versions' moneys are worth in USD.
        start_ns: engine time at which the evaluation begins.
        tiers: of the account.
        elsewhere: E, raw and hedged, of the versions that were tried in other runs of the account.
        limits: of the account, beside its tier.
    """

    # Whom it asks is told anew by every process.
    made_anew: ClassVar[Mapping[str, object]] = {"_inbox": NoInbox(), "_hold_back": _nothing_holds, "_own": ()}

    def __init__(
        self,
        simulator: PaperTradingSimulator,
        tape: Tape,
        criteria: ValidationCriteria,
        rules: PromotionRules,
        betting: BettingRules,
        source: Source,
        venue: LiveVenue,
        rates: AccountRates,
        start_ns: int,
        tiers: Sequence[Tier] = DEFAULT_TIERS,
        elsewhere: Sequence[tuple[float, float]] = (),
        limits: Limits | None = None,
    ) -> None:
        self._simulator, self._tape, self._criteria, self._rules = simulator, tape, criteria, rules
        self._betting, self._source, self._venue, self._tiers = betting, source, venue, tiers
        self._rates = rates
        self._inbox: Inbox = NoInbox()
        self._hold_back: HoldBack = _nothing_holds
        self._own: tuple[OwnJudge, ...] = ()
        self._equity: Decimal | None = None
        self._watch_rules = WatchRules()
        self.manager = StrategyPromotionManager(rules)
        self._start_ns = start_ns
        self._versions: dict[str, _Version] = {}
        self._live_account = LiveAccount(limits or Limits(), rates, tape, self._versions)
        self._by_live: dict[str, _Version] = {}
        self._family = Family(elsewhere)
        self._tests: list[AbTest] = []
        self._tier: AccountTier | None = None
        # The account as the last evidence bar found it.
        self._account_then: AccountFacts | None = None
        self._bar_ns = (start_ns // EVIDENCE_BAR_NS + 1) * EVIDENCE_BAR_NS
        # When to ask again whether prices are fresh, while a flattening waits for them.
        self._again_ns: int | None = None
        self._looked_ns = start_ns
        # By version the last command that was acted upon since the evidence bar: what was asked for before it is overtaken.
        self._stopped: dict[str, Command] = {}

    def add(self, track: Track, identity: str, facts: Mapping[str, Any]) -> None:
        """Take a reference track into the account's family; ``facts`` are what the first entry says of it."""
        synthetic = bool(facts.get("synthetic", False))
        window_bars = self._criteria.window_bars
        candidate = Candidate(track, identity, self._start_ns, self._betting, self._source, synthetic, window_bars)
        told = {k: v for k, v in facts.items() if k not in ("beside", "budget", "name", "tier")}
        self._versions[track.name] = _Version(candidate, told)
        self._family.begin(track.name, candidate.evidence, candidate.hedged)
        self.manager.register(track.name, identity)

    def knows(self, name: str) -> bool:
        """Whether a reference track of this name is on the ladder."""
        return name in self._versions

    def compare(self, name: str, tracks: Sequence[str], rules: PairRules) -> None:
        """Compare reference tracks with each other, the first being the champion."""
        swaps = self._rules.auto_promote and self._rules.gates.champion_swap is Gate.AUTO
        self._tests.append(AbTest(name, [self._versions[t].candidate for t in tracks], rules, swaps))

    def take_from(self, inbox: Inbox) -> None:
        """Ask ``inbox`` at every evidence bar what persons want, and between two batches what cannot wait."""
        self._inbox = inbox

    def judge_also_by(self, own: Sequence[OwnJudge]) -> None:
        """Judge every version by the user's own criteria as well."""
        self._own = tuple(own)

    def hold_back_by(self, reason: HoldBack) -> None:
        """Ask ``reason`` at every look, by time and equity in USD, why nobody may rise."""
        self._hold_back = reason

    def shown(self) -> dict[str, tuple[float, float]]:
        """By version E of its present attempt, raw and hedged."""
        found = self._versions.values()
        return {v.name: (v.candidate.evidence.e_value, v.candidate.hedged.e_value) for v in found}

    @property
    def pairs(self) -> list[LivePair]:
        """The last pair of every version that ever had one."""
        return [v.pair for v in self._versions.values() if v.pair is not None]

    @property
    def live_equity(self) -> Decimal | None:
        """The account's equity in USD at the last look that could value it; ``None`` while nothing is live."""
        return self._equity if any(v.live is not None for v in self._versions.values()) else None

    # ---- what the step asks and tells

    def next_before(self, closed_before: int) -> int | None:
        """Engine time of the next look; ``None`` where there is none before ``closed_before``."""
        due = self._bar_ns if self._again_ns is None else min(self._bar_ns, self._again_ns)
        told = self._inbox.recorded_after(self._looked_ns)
        # What was answered at the very end of a stretch was heard when the next one began.
        if told is not None and told < closed_before - 1:
            due = min(due, told)
        return due if due < closed_before else None

    def is_called(self, time_ns: int) -> bool:
        """Whether a person wants something that cannot wait, or did when the run was made; a moment that was looked at is over."""
        if time_ns <= self._looked_ns:
            return False
        return self._inbox.recorded_after(self._looked_ns) == time_ns or self._inbox.is_urgent(time_ns)

    def watches(self, track: Track) -> bool:
        """Whether a live pair waits for this track to be flat."""
        version = self._versions.get(track.name)
        return version is not None and version.pair is not None and version.pair.waits

    def look(self, track: Track, now: int) -> None:
        """The track has handled a moment: its pair may begin."""
        self._try_to_join(self._versions[track.name], now)

    def account(self) -> LiveAccount | None:
        """The account, where two versions are live that it has to see together."""
        return self._live_account if self._live_account.goes_together else None

    def hear(self, entries: Sequence[Event]) -> None:
        """Orders and trades of reference tracks, and what stops or trades on live ones."""
        for event in entries:
            name = event.track or ""
            if isinstance(event, OrderSubmitted):
                version = self._versions.get(name)
                if version is not None:
                    version.candidate.sent(event)
            elif isinstance(event, (TrackHalted, TrackStopped, Liquidated, TradeClosed)):
                known = self._versions.get(name)
                if known is not None and isinstance(event, TradeClosed):
                    known.candidate.traded(event)
                live = self._by_live.get(name)
                if live is not None:
                    _heard_of_live(live, event)

    def look_at_all(self, time_ns: int) -> list[Event]:
        """Gather, decide, write, do; between evidence bars only what persons take away, and what waits for fresh prices."""
        self._looked_ns = time_ns
        if time_ns < self._bar_ns:
            return self._look_between(time_ns, self._inbox.at_once(time_ns))
        self._bar_ns = time_ns + EVIDENCE_BAR_NS
        for version in self._versions.values():
            version.candidate.close_bar()
            if version.live is not None:
                if version.watch is not None:
                    version.watch.close_bar()
                version.watch_by(self._watch_rules)
            version.verdicts = self._judged(version, time_ns)
        events: list[Event] = []
        for test in self._tests:
            events.extend(test.close_bar(time_ns, self.manager.standings))
        commands, refused = commands_of(self._inbox.at_bar(time_ns), time_ns)
        events.extend(refused)
        due = self._due(time_ns, commands)
        if due or commands:
            events.extend(self._decide(time_ns, due, commands))
        self._stopped.clear()
        for version in self._versions.values():
            events.extend(self._close_pair(version, time_ns))
        events.extend(self._live_account.close_bar(time_ns))
        self._ask_again(time_ns)
        return events

    def look_at_end(self, time_ns: int) -> list[Event]:
        """Answer what waits as the tape ends, unless this moment was looked at: what takes away is done, what waits for an evidence bar is refused."""
        asked = self._inbox.at_end(time_ns) if time_ns > self._looked_ns else ()
        if not asked:
            return []
        self._looked_ns = time_ns
        return self._look_between(time_ns, asked)

    def _judged(self, version: _Version, now: int) -> tuple[Verdict, ...]:
        gap = None if version.live is None or version.watch is None else version.watch.gap()
        found, criteria = version.candidate.measurements(now, gap), self._criteria
        version.measured = found
        return criteria.judge(found) + tuple(own.judge(criteria, found) for own in self._own)

    # ---- between evidence bars

    def _look_between(self, now: int, asked: Sequence[Asked]) -> list[Event]:
        """Do what persons take away, and flatten those halted by risk while prices were stale, once these are fresh; what waits for a bar is refused."""
        wanted, refused = commands_of(asked, now)
        commands = [c for c in wanted if c.order in TAKES]
        events: list[Event] = [*refused, *too_late([c for c in wanted if c.order not in TAKES], now)]
        named = [v for v in self._versions.values() if any(c.target in (None, v.name) for c in commands)]
        for version in named:
            _stand_at(version, now)
        late = [v for v in self._unflattened() if v not in named and self._data_of(v, now) is not DataState.STALE]
        due = [v for v in self._versions.values() if v in named or v in late]
        if due or commands:
            events.extend(self._decide(now, due, commands))
        for version in named:
            self._stopped[version.name] = [c for c in commands if c.target in (None, version.name)][-1]
        self._ask_again(now)
        return events

    def _unflattened(self) -> list[_Version]:
        """Halted by risk, and neither flat nor being flattened."""
        found = []
        for version in self._versions.values():
            halt, pair = self.manager.standing(version.name).halt, version.pair
            if halt is not None and halt.kind is HaltKind.RISK and pair is not None and pair.is_held:
                found.append(version)
        return found

    def _ask_again(self, now: int) -> None:
        waiting = [v.pair for v in self._unflattened() if v.pair is not None]
        self._again_ns = now + _STALE_NS if waiting else None
        for pair in waiting:
            pair.be_there(now + _STALE_NS)

    # ---- deciding

    def _due(self, time_ns: int, commands: Sequence[Command]) -> list[_Version]:
        """Who is looked at: at midnight everybody, else those for whom something may change."""
        everybody = time_ns % NS_PER_DAY == 0 or any(c.target is None for c in commands)
        named = {c.target for c in commands}
        return [v for v in self._versions.values() if everybody or v.name in named or self._may_move(v)]

    def _may_move(self, version: _Version) -> bool:
        standing = self.manager.standing(version.name)
        if standing.stage.holds_capital or standing.stage in (Stage.VALIDATED, Stage.HALTED, Stage.DRAFT):
            return True
        if version.halt is not None or (version.pair is not None and not version.pair.is_closed):
            return True
        return standing.stage is Stage.PAPER and overall(version.verdicts) is Status.PASSED

    def _decide(self, time_ns: int, due: Sequence[_Version], commands: Sequence[Command]) -> list[Event]:
        adjusted = self._family.adjusted([v.name for v in due])
        facts = [self._facts_of(v, time_ns, *adjusted[v.name]) for v in due]
        found = self.manager.evaluate(facts, self._account_at(time_ns), commands, self._stopped)
        events = entries_of(found, time_ns)
        self._family.hold([n for n, s in self.manager.standings.items() if s.fraction or s.halted_fraction])
        for evaluation in found.evaluations:
            self._do(self._versions[evaluation.version], evaluation, time_ns)
        return events

    def _facts_of(self, version: _Version, now: int, adjusted: float, residual: float) -> Facts:
        candidate, live = version.candidate, version.live
        evidence, futility = candidate.evidence, candidate.futility
        return Facts(
            time_ns=now,
            version=version.name,
            identity=candidate.identity,
            evidence_from_ns=candidate.from_ns,
            budget=version.budget,
            verdicts=version.verdicts,
            e_value=evidence.e_value,
            adjusted=adjusted,
            residual=residual,
            e_live=version.live_evidence(),
            e_stress=candidate.stressed_value(),
            futility=None if futility is None else futility.value,
            bound_broken=evidence.bound_broken,
            monitors=self._readings(version),
            live_trades=version.live_trades,
            live_equity=version.live_equity(),
            live_pnl=version.earned(),
            live_flat=live is None or live.is_idle,
            halt=version.halt,
            data=self._data_of(version, now),
            source=self._source,
            synthetic=candidate.synthetic,
            venue_simulated=True,
            least_fraction=candidate.least_fraction(),
            own=self._own_inputs(version),
        )

    def _own_inputs(self, version: _Version) -> OwnInputs | None:
        if not self._own or version.measured is None:
            return None
        return OwnInputs({own.asked.name: own.code for own in self._own}, version.measured)

    @staticmethod
    def _readings(version: _Version) -> tuple[Reading, ...]:
        if version.watch is None or version.live is None:
            return ()
        finding = version.watch.finding()
        found = [Reading(r.monitor, Level[r.level.name], r.words) for r in version.watch.readings()]
        # What all of them together point to; it repeats their level and adds none.
        return (*found, Reading("cause", Level.CALM, finding.words))

    def _data_of(self, version: _Version, now: int) -> DataState:
        """Whether the bar that ended at ``now`` can be judged."""
        names = [feed.price.stream.name for feed in version.track.feeds]
        if any(self._tape.is_missing(n, now - _STALE_NS, now) for n in names):
            return DataState.STALE
        return DataState.FRESH if version.candidate.portfolio.bar_return is not None else DataState.DEGRADED

    def _account_at(self, now: int) -> AccountFacts:
        """Between evidence bars it is what it was: what waits for fresh prices rises by nothing, and moves no tier."""
        if now % EVIDENCE_BAR_NS == 0 or self._account_then is None:
            self._account_then = self._account(now)
        return self._account_then

    def _account(self, now: int) -> AccountFacts:
        """The account in USD. A moment at which it cannot be valued moves no tier and lets nothing rise; limits go by the last rates there were."""
        problems = self._look_at_rates(now)
        versions = self._versions.values()
        initial = self._rules.account_equity
        if initial is None:
            initial = sum((v.budget * v.rate for v in versions), _NONE)
        equity = initial + sum((v.earned() * v.rate for v in versions), _NONE)
        if problems:
            words = f"the account cannot be valued: {'; '.join(problems)}"
        else:
            words = self._hold_back(now, equity)
            self._look_at_tier(now, initial, equity)
        tier = None if self._tier is None else self._tier.tier
        self._live_account.take(initial, tier)
        return AccountFacts.of(tier, equity, words, {v.name: v.rate for v in versions}, self._limits())

    def _limits(self) -> dict[str, Limit]:
        """What former champions may hold beside those that were proven better."""
        standings, rules = self.manager.standings, self._rules
        found = [s for test in self._tests for s in test.successions]
        return {s.before: s.limit(standings[s.after], rules) for s in found}

    def _look_at_rates(self, now: int) -> list[str]:
        """Take what every version's money is worth now; why one has no value, in words."""
        self._rates.look(now)
        problems = {}
        for version in self._versions.values():
            found = self._rates.rate(version.currency, now)
            if isinstance(found, NoRate):
                problems[version.currency] = str(found)
            else:
                version.rate = found
        return list(problems.values())

    def _look_at_tier(self, now: int, initial: Decimal, equity: Decimal) -> None:
        if self._tier is None:
            self._tier = AccountTier(self._tiers, initial)
        self._tier.look(equity)
        if now % NS_PER_DAY == 0:
            self._tier.close_day(equity)
        self._equity = equity

    # ---- doing

    def _do(self, version: _Version, evaluation: Evaluation, now: int) -> None:
        action, share = evaluation.action, Fraction(evaluation.after.fraction)
        why = f"{evaluation.after.stage.value.lower()}: {'; '.join(evaluation.reasons[:1]) or action.value}"
        if action is Action.JOIN:
            self._join(version, share, now)
        pair = version.pair
        if pair is not None and not pair.is_closed:
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
        if action in (Action.STEP_UP, Action.REDUCE) and version.watch is not None:
            version.watch.refer(version.candidate.evidence)
        after, candidate = evaluation.after, version.candidate
        if after.evidence_from_ns != candidate.from_ns:
            candidate.begin(after.evidence_from_ns)
            version.live_before = None
            self._family.begin(version.name, candidate.evidence, candidate.hedged)
        if not after.stage.holds_capital and after.halt is None:
            version.halt = None
            if pair is not None and not pair.is_ending:
                # Halted while it was flat it is there still, and whatever comes next has a pair of its own.
                pair.demote(now, why)

    def _join(self, version: _Version, share: Fraction, now: int) -> None:
        """Open a pair; one that still holds what it held is let go on."""
        pair = version.pair
        if pair is not None and not pair.is_closed and pair.failed is None:
            stopped = pair.live is not None and pair.live.ended
            version.halt = Halt(HaltKind.STRATEGY, _STOPPED) if stopped else None
            pair.go_on(share, now)
            return
        version.pairs += 1
        waits = self._rules.join_days * NS_PER_DAY
        version.pair = LivePair(
            version.track, version.pairs, share, now, waits, self._open, version.facts, self._simulator.tracks.remove
        )
        self._try_to_join(version, now)

    def _try_to_join(self, version: _Version, now: int) -> None:
        pair = version.pair
        if pair is None or not pair.waits:
            return
        pair.look(now)
        if pair.failed is not None:
            version.halt = Halt(HaltKind.STRATEGY, pair.failed)
        if pair.live is None or pair.twin is None:
            return
        self._by_live[pair.live.name] = version
        version.live_since_ns = version.candidate.from_ns
        version.watch_by(self._watch_rules)

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
        track.account = self._live_account
        return track

    def _close_pair(self, version: _Version, now: int) -> Iterable[Event]:
        pair = version.pair
        if pair is None or pair.is_closed:
            return ()
        live, earned, shown = pair.live, version.earned(), version.live_evidence()
        last = pair.close_bar(now)
        if pair.is_closed:
            version.earned_before, version.live_before, version.watch = earned, shown, None
            if live is not None:
                del self._by_live[live.name]
        return last


def _stand_at(version: _Version, now: int) -> None:
    """All that trades for a version stands at a moment at which nothing else may have happened: what is valued and sent there is so at that moment."""
    for feed in version.track.feeds:
        feed.settle(now, Rank.HOUR)
    if version.pair is not None and not version.pair.is_closed:
        version.pair.stand_at(now)


def _heard_of_live(version: _Version, event: Event) -> None:
    if isinstance(event, TradeClosed):
        version.live_trades += 1
    found = _halt_of(event)
    # A broken limit is what counts, whatever else befalls the track after it.
    if found is not None and (version.halt is None or version.halt.kind is not HaltKind.RISK):
        version.halt = found


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
