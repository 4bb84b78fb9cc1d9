"""The capital ladder: looks at every version when an evidence bar has closed, lets the promotion manager decide, and has done what was decided.

A person who stops or takes away does not wait for the bar: such a command is acted upon as soon as every track stands still between two batches.

It decides nothing itself and moves nothing itself: what goes into a decision comes from `FactsGathering` and `AccountWorth`, the decision is
`StrategyPromotionManager`'s, and it is written down before `LiveTracks` does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from genesis.clock import NS_PER_DAY
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.evidence.pair_rules import PairRules
from genesis.evidence.rules import BettingRules, Source
from genesis.model.events import Event, OrderSubmitted
from genesis.model.track_events import Liquidated, TrackHalted, TrackStopped, TradeClosed
from genesis.paper_trading.ab_testing import AbTest
from genesis.paper_trading.account_rates import AccountRates
from genesis.paper_trading.account_worth import AccountWorth, HoldBack
from genesis.paper_trading.candidate import Candidate
from genesis.paper_trading.facts_gathering import STALE_NS, FactsGathering
from genesis.paper_trading.family import Family
from genesis.paper_trading.inbox import Inbox
from genesis.paper_trading.ladder_version import LadderVersion
from genesis.paper_trading.live_account import LiveAccount
from genesis.paper_trading.live_pair import LivePair
from genesis.paper_trading.live_tracks import LiveTracks, LiveVenue
from genesis.paper_trading.looks import Looks
from genesis.paper_trading.own_criteria import OwnJudge
from genesis.paper_trading.promotion_facts import TAKES, Asked, Command, DataState, Limit
from genesis.paper_trading.promotion_manager import StrategyPromotionManager
from genesis.paper_trading.promotion_record import commands_of, entries_of, too_late
from genesis.paper_trading.promotion_rules import Gate, PromotionRules
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.paper_trading.stages import HaltKind, Stage
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Status, overall
from genesis.paper_trading.watch import WatchRules
from genesis.risk.limits import Limits
from genesis.risk.tiers import DEFAULT_TIERS, Tier


class CapitalLadder:
    """Overseer of a run's tracks (`genesis.engine.step.Overseer`).

    Args:
        simulator: holds the tracks; those that go live are added to it.
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
        self._criteria, self._rules, self._betting, self._source = criteria, rules, betting, source
        self._start_ns = start_ns
        self.manager = StrategyPromotionManager(rules)
        self._versions: dict[str, LadderVersion] = {}
        self._family = Family(elsewhere)
        self._tests: list[AbTest] = []
        self._watch_rules = WatchRules()
        self._looks = Looks(start_ns)
        self._gathering = FactsGathering(tape, criteria, source)
        self._worth = AccountWorth(rates, tiers, rules.account_equity, self._versions)
        self._live_account = LiveAccount(limits or Limits(), rates, tape, self._versions)
        self._live_tracks = LiveTracks(
            simulator, self._live_account, venue, betting, source, rules.join_days, self._versions
        )
        # By version the last command that was acted upon since the evidence bar: what was asked for before it is overtaken.
        self._stopped: dict[str, Command] = {}

    def add(self, track: Track, identity: str, facts: Mapping[str, Any]) -> None:
        """Take a reference track into the account's family; ``facts`` are what the first entry says of it."""
        synthetic = bool(facts.get("synthetic", False))
        window_bars = self._criteria.window_bars
        candidate = Candidate(track, identity, self._start_ns, self._betting, self._source, synthetic, window_bars)
        told = {k: v for k, v in facts.items() if k not in ("beside", "budget", "name", "tier")}
        self._versions[track.name] = LadderVersion(candidate, told, self._watch_rules)
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
        self._looks.inbox = inbox

    def judge_also_by(self, own: Sequence[OwnJudge]) -> None:
        """Judge every version by the user's own criteria as well."""
        self._gathering.own = tuple(own)

    def hold_back_by(self, reason: HoldBack) -> None:
        """Ask ``reason`` at every look, by time and equity in USD, why nobody may rise."""
        self._worth.hold_back = reason

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
        return self._worth.equity if any(v.live is not None for v in self._versions.values()) else None

    # ---- what the step asks and tells

    def next_before(self, closed_before: int) -> int | None:
        """Engine time of the next look; ``None`` where there is none before ``closed_before``."""
        return self._looks.next_before(closed_before)

    def is_called(self, time_ns: int) -> bool:
        """Whether a person wants something that cannot wait, or did when the run was made; a moment that was looked at is over."""
        return self._looks.is_called(time_ns)

    def watches(self, track: Track) -> bool:
        """Whether a live pair waits for this track to be flat."""
        version = self._versions.get(track.name)
        return version is not None and version.pair is not None and version.pair.waits

    def look(self, track: Track, now: int) -> None:
        """The track has handled a moment: its pair may begin."""
        self._live_tracks.try_to_join(self._versions[track.name], now)

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
                version, live = self._versions.get(name), self._live_tracks.version_of(name)
                if version is not None and isinstance(event, TradeClosed):
                    version.candidate.traded(event)
                if live is not None:
                    live.hear_of_live(event)

    def look_at_all(self, time_ns: int) -> list[Event]:
        """Gather, decide, write, do; between evidence bars only what persons take away, and what waits for fresh prices."""
        if self._looks.begin(time_ns):
            return self._look_at_bar(time_ns)
        return self._look_between(time_ns, self._looks.inbox.at_once(time_ns))

    def look_at_end(self, time_ns: int) -> list[Event]:
        """Answer what waits as the tape ends, unless this moment was looked at: what takes away is done, what waits for an evidence bar is refused."""
        asked = self._looks.begin_at_end(time_ns)
        return self._look_between(time_ns, asked) if asked else []

    # ---- at an evidence bar

    def _look_at_bar(self, now: int) -> list[Event]:
        for version in self._versions.values():
            version.close_bar()
            self._gathering.judge(version, now)
        events: list[Event] = []
        for test in self._tests:
            events.extend(test.close_bar(now, self.manager.standings))
        commands, refused = commands_of(self._looks.inbox.at_bar(now), now)
        events.extend(refused)
        events.extend(self._decide(now, self._due(now, commands), commands))
        self._stopped.clear()
        for version in self._versions.values():
            events.extend(self._live_tracks.close_bar(version, now))
        events.extend(self._live_account.close_bar(now))
        self._ask_again(now)
        return events

    def _due(self, time_ns: int, commands: Sequence[Command]) -> list[LadderVersion]:
        """Who is looked at: at midnight everybody, else those for whom something may change."""
        everybody = time_ns % NS_PER_DAY == 0 or any(c.target is None for c in commands)
        named = {c.target for c in commands}
        return [v for v in self._versions.values() if everybody or v.name in named or self._may_move(v)]

    def _may_move(self, version: LadderVersion) -> bool:
        standing = self.manager.standing(version.name)
        if standing.stage.holds_capital or standing.stage in (Stage.VALIDATED, Stage.HALTED, Stage.DRAFT):
            return True
        if version.halt is not None or (version.pair is not None and not version.pair.is_closed):
            return True
        return standing.stage is Stage.PAPER and overall(version.verdicts) is Status.PASSED

    # ---- between evidence bars

    def _look_between(self, now: int, asked: Sequence[Asked]) -> list[Event]:
        """Do what persons take away, and flatten those halted by risk while prices were stale, once these are fresh; what waits for a bar is refused."""
        wanted, refused = commands_of(asked, now)
        commands = [c for c in wanted if c.order in TAKES]
        events: list[Event] = [*refused, *too_late([c for c in wanted if c.order not in TAKES], now)]
        named = [v for v in self._versions.values() if any(c.target in (None, v.name) for c in commands)]
        for version in named:
            version.stand_at(now)
        late = [v for v in self._unflattened() if v not in named and self._has_prices(v, now)]
        events.extend(self._decide(now, [v for v in self._versions.values() if v in named or v in late], commands))
        for version in named:
            self._stopped[version.name] = [c for c in commands if c.target in (None, version.name)][-1]
        self._ask_again(now)
        return events

    def _has_prices(self, version: LadderVersion, now: int) -> bool:
        return self._gathering.data(version, now) is not DataState.STALE

    def _unflattened(self) -> list[LadderVersion]:
        """Halted by risk, and neither flat nor being flattened."""
        found = []
        for version in self._versions.values():
            halt, pair = self.manager.standing(version.name).halt, version.pair
            if halt is not None and halt.kind is HaltKind.RISK and pair is not None and pair.is_held:
                found.append(version)
        return found

    def _ask_again(self, now: int) -> None:
        """Look again as soon as the prices for which a flattening waits may be fresh."""
        waiting = [v.pair for v in self._unflattened() if v.pair is not None]
        self._looks.again_at(now + STALE_NS if waiting else None)
        for pair in waiting:
            pair.be_there(now + STALE_NS)

    # ---- deciding, and having it done

    def _decide(self, now: int, due: Sequence[LadderVersion], commands: Sequence[Command]) -> list[Event]:
        if not due and not commands:
            return []
        adjusted = self._family.adjusted([v.name for v in due])
        facts = [self._gathering.facts(v, now, *adjusted[v.name]) for v in due]
        account = self._worth.look(now, self._limits())
        self._live_account.take(self._worth.initial, self._worth.tier)
        found = self.manager.evaluate(facts, account, commands, self._stopped)
        events = entries_of(found, now)
        self._family.hold([n for n, s in self.manager.standings.items() if s.fraction or s.halted_fraction])
        for evaluation in found.evaluations:
            version, from_ns = self._versions[evaluation.version], evaluation.after.evidence_from_ns
            self._live_tracks.do(version, evaluation, now)
            if from_ns != version.candidate.from_ns:
                self._begin_attempt(version, from_ns)
        return events

    def _limits(self) -> dict[str, Limit]:
        """What former champions may hold beside those that were proven better."""
        standings, rules = self.manager.standings, self._rules
        found = [s for test in self._tests for s in test.successions]
        return {s.before: s.limit(standings[s.after], rules) for s in found}

    def _begin_attempt(self, version: LadderVersion, from_ns: int) -> None:
        version.begin_attempt(from_ns)
        self._family.begin(version.name, version.candidate.evidence, version.candidate.hedged)
