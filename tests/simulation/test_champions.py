"""Who is champion of an A/B test, over real tracks: the place goes to who is proven better, back to the last good one, and never to who is out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from genesis.clock import NS_PER_DAY
from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.evidence.gathering import Evidence
from genesis.evidence.pair_rules import PairRules
from genesis.evidence.rules import BettingRules, Source
from genesis.execution.profile import ExecutionProfile
from genesis.feeds.replay import Replay
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.model.events import Event
from genesis.model.market import Bar
from genesis.model.money import Money
from genesis.model.promotion_events import VariantsCompared
from genesis.model.run_events import RunStarted
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.ab_testing import AbTest, Succession
from genesis.paper_trading.candidate import Candidate
from genesis.paper_trading.promotion_facts import Standing
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.paper_trading.stages import Stage
from genesis.rng import ClippedNormal
from genesis.rng import study as chance_of
from genesis.strategies.base import Strategy
from tests.kit.overseers import EveryBar
from tests.kit.promotions import standing
from tests.kit.runs import FX, START, Memory, bars_stream

EXACT = ExecutionProfile(name="exact", latency_ms=ClippedNormal(0, 0, 0, 0), slippage_bp=ClippedNormal(0, 0, 0, 0))
BETS = BettingRules()
RULES = PairRules(max_variants=4)
DAYS = 40


def prices(hours: int) -> list[int]:
    """Ticks: three hours at a time go the same way, each as far as chance will."""
    chance = chance_of(3)
    signs, sizes = chance.integers(0, 2, hours).tolist(), chance.integers(40, 240, hours).tolist()
    found = [40_000]
    for hour in range(1, hours):
        found.append(found[-1] + (2 * signs[hour // 3] - 1) * sizes[hour])
    return found


PRICES = prices(DAYS * 24)
Standings = Callable[[int], dict[str, Stage]]


class Follows(Strategy):
    """For the last of every three hours (it fills a bar later): with the first, against it, or out of the market; as much as ``weight`` says."""

    class Params(msgspec.Struct, frozen=True):
        weight: Decimal = Decimal(0)

    def on_start(self) -> None:
        self._n = self._last = 0
        self.subscribe_bars("1h")

    def on_bar(self, bar: Bar) -> None:
        price, weight = bar.ticks(bar.close), self.params.weight
        if self._n % 3 == 0 and weight:
            self.target_weight(weight if price > self._last else -weight)
        elif not self.is_flat():
            self.close()
        self._n, self._last = self._n + 1, price


class Referee(EveryBar):
    """Closes the test's bars with standings that the test gives."""

    def __init__(self, test: AbTest, candidates: Sequence[Candidate], stages: Standings) -> None:
        super().__init__(START)
        self.test, self.candidates, self._stages = test, candidates, stages
        self.champions: list[str] = []
        self.told: list[VariantsCompared] = []
        # How many trades of each had closed when it was told last.
        self.closed: dict[str, int] = {}

    def close_bar(self, time_ns: int) -> list[Event]:
        for candidate in self.candidates:
            candidate.close_bar()
        bar = (time_ns - START) // EVIDENCE_BAR_NS
        found = self.test.close_bar(time_ns, {n: at(n, s) for n, s in self._stages(bar).items()})
        self.champions.append(self.test.champion)
        self.told.extend(found)
        if found:
            self.closed = {c.track.name: c.portfolio.trades.n for c in self.candidates}
        return [*found]


def at(name: str, stage: Stage) -> Standing:
    """Whoever is live holds a fifth."""
    held = Decimal("0.20") if stage.holds_capital else Decimal(0)
    return msgspec.structs.replace(standing(stage, str(held)), version=name)


def played(weights: dict[str, str], stages: Standings, swaps: bool = True) -> Referee:
    rows: list[Any] = [(p, p, p, p, 10**7) for p in PRICES]
    streams = [bars_stream(rows, "1h")]
    tape = Tape(streams)
    simulator = PaperTradingSimulator(tape, StrategyMonitor(), 7, START - 1, EXACT)
    candidates = []
    for name, weight in weights.items():
        strategy = Follows((FX,), Follows.Params(Decimal(weight)))
        track = simulator.add(name, strategy, Money("10000", "USD"), evidence=Evidence(BETS, Source.REPLAY))
        candidates.append(Candidate(track, name, START - 1, BETS, Source.REPLAY, False))
    referee = Referee(AbTest("e", candidates, RULES, swaps), candidates, stages)
    started = RunStarted(START - 1, None, {})
    TradingEngine(tape, simulator.tracks, Memory(), started, overseer=referee).run(Replay(streams).cut(None))
    return referee


def all_live(*names: str) -> Standings:
    return lambda _: dict.fromkeys(names, Stage.LIVE)


def test_who_is_proven_better_takes_the_place_and_a_new_test_begins() -> None:
    """b follows, c opposes, a does nothing: b has the place once its E is 20, and keeps it; at that bar both the old answer and the new beginning are told."""
    referee = played({"a": "0", "b": "0.05", "c": "-0.05"}, all_live("a", "b", "c"))
    at_bar = referee.champions.index("b")
    assert set(referee.champions[:at_bar]) == {"a"}
    assert set(referee.champions[at_bar:]) == {"b"}
    old, new = [t for t in referee.told if (t.time - START) // EVIDENCE_BAR_NS == at_bar]
    better = next(r for r in old.results if r["challenger"] == "b")
    assert (better["champion"], better["standing"]) == ("a", "BETTER")
    assert float(better["adjusted"]) >= 20  # type: ignore[arg-type]
    assert [(r["champion"], r["challenger"], r["e_value"], r["bars"]) for r in new.results] == [
        ("b", "a", 1.0, 0),
        ("b", "c", 1.0, 0),
    ]
    (succession,) = referee.test.successions
    assert (succession.before, succession.after, succession.held) == ("a", "b", Decimal("0.20"))


def test_without_leave_to_swap_nobody_loses_a_place() -> None:
    """The answer is told, and persons act on it."""
    referee = played({"a": "0", "b": "0.05"}, all_live("a", "b"), swaps=False)
    assert set(referee.champions) == {"a"}
    assert referee.told[-1].results[0]["standing"] == "BETTER"
    assert not referee.test.successions


def test_a_champion_that_is_out_falls_back_to_the_last_good_one() -> None:
    """b took the place of a and is demoted on day 30: a has it again, and is held back by nobody."""

    def stages(bar: int) -> dict[str, Stage]:
        return {"a": Stage.LIVE, "b": Stage.DEMOTED if bar >= 180 else Stage.LIVE, "c": Stage.LIVE}

    referee = played({"a": "0", "b": "0.05", "c": "-0.05"}, stages)
    assert referee.champions[179] == "b"
    assert set(referee.champions[180:]) == {"a"}
    assert not referee.test.successions


def test_one_that_never_was_champion_follows_where_no_former_one_is_good() -> None:
    """The first that is not out, in the order in which they were named; where all are out the place stays."""

    def stages(bar: int) -> dict[str, Stage]:
        return {
            "a": Stage.ARCHIVED if bar >= 6 else Stage.PAPER,
            "b": Stage.REJECTED,
            "c": Stage.HALTED if bar >= 12 else Stage.PAPER,
        }

    referee = played({"a": "0", "b": "0.05", "c": "-0.05"}, stages)
    assert referee.champions[:13] == ["a"] * 6 + ["c"] * 7
    assert set(referee.champions[13:]) == {"c"}


def test_the_place_goes_back_along_those_that_had_it() -> None:
    """The last one that is good again, whoever was named first; who has it again is not asked a second time."""
    out_from = {6: "a", 12: "b", 18: "ab", 24: "c", 30: "a", 36: "ac"}
    expected = {6: "b", 12: "a", 18: "c", 24: "a", 30: "c", 36: "b"}
    # d is named before b, was never champion, and would follow only where nobody else is good.
    names = ("a", "d", "b", "c")

    def stages(bar: int) -> dict[str, Stage]:
        out = next((out_from[at] for at in sorted(out_from, reverse=True) if bar >= at), "")
        # d comes in once the others have had the place.
        return {n: Stage.DEMOTED if n in out or (n == "d" and bar < 24) else Stage.PAPER for n in names}

    referee = played(dict.fromkeys(names, "0"), stages)
    assert {bar: referee.champions[bar] for bar in expected} == expected


def test_a_test_is_told_of_at_midnight_and_when_its_champion_changes() -> None:
    """b is demoted and comes back in the middle of a day, which moves nobody; a is archived at four: the end of its reign, the beginning of the next and its first bar are told."""

    def stages(bar: int) -> dict[str, Stage]:
        return {
            "a": Stage.ARCHIVED if bar >= 13 else Stage.LIVE,
            "b": Stage.DEMOTED if 7 <= bar < 9 else Stage.LIVE,
        }

    referee = played({"a": "0", "b": "0"}, stages)
    bars = [(t.time - START) // EVIDENCE_BAR_NS for t in referee.told]
    assert bars[:8] == [0, 6, 12, 13, 13, 14, 18, 24]
    assert [t.results[0]["champion"] for t in referee.told[:6]] == ["a", "a", "a", "a", "b", "b"]


def test_where_nobody_is_good_the_place_stays_and_nothing_new_is_told() -> None:
    """All are out: midnights alone are told."""
    referee = played({"a": "0", "b": "0"}, lambda _: {"a": Stage.HALTED, "b": Stage.REJECTED})
    assert set(referee.champions) == {"a"}
    assert {(t.time - START) // EVIDENCE_BAR_NS % 6 for t in referee.told} == {0}
    assert len(referee.told) == DAYS + 1


def test_who_was_beaten_by_one_that_lost_the_place_to_a_third_is_held_back_by_nobody() -> None:
    """b was proven better than a; both are demoted on day 30 and c follows, who was proven better than neither."""

    def stages(bar: int) -> dict[str, Stage]:
        return {"a": Stage.LIVE, "b": Stage.LIVE, "c": Stage.LIVE} | (
            {"a": Stage.DEMOTED, "b": Stage.DEMOTED} if bar >= 180 else {}
        )

    referee = played({"a": "0", "b": "0.05", "c": "-0.05"}, stages)
    assert (referee.champions[179], referee.champions[180]) == ("b", "c")
    assert not referee.test.successions


def test_a_bar_is_compared_where_all_have_it_with_the_trades_that_closed_in_it() -> None:
    """The trades of both over two, as they were counted; a bar that one lacks is none, and at midnight too nothing is told of it."""
    referee = played({"a": "0.01", "b": "0.05"}, all_live("a", "b"), swaps=False)
    (result,) = referee.told[-1].results
    assert result["trades"] == sum(referee.closed.values()) / 2 > 100
    (before,) = referee.test.results()
    midnight = START + (DAYS + 1) * NS_PER_DAY
    for candidate, is_whole in zip(referee.candidates, (True, False), strict=True):
        candidate.portfolio.close_hour(midnight, candidate.portfolio.cash_units, is_whole)
    standings = {n: at(n, Stage.LIVE) for n in "ab"}
    assert referee.test.close_bar(midnight, standings) == []
    assert referee.test.results() == (before,)


def test_a_reign_that_ends_with_a_bar_that_was_not_compared_is_told_by_the_next_alone() -> None:
    """a is demoted when b lacks the bar: nothing new is known of the old reign."""
    referee = played({"a": "0", "b": "0"}, all_live("a", "b"))
    later = START + DAYS * NS_PER_DAY + EVIDENCE_BAR_NS
    for candidate, is_whole in zip(referee.candidates, (True, False), strict=True):
        candidate.portfolio.close_hour(later, candidate.portfolio.cash_units, is_whole)
    (told,) = referee.test.close_bar(later, {"a": at("a", Stage.DEMOTED), "b": at("b", Stage.LIVE)})
    assert [(r["champion"], r["bars"]) for r in told.results] == [("b", 0)]


def test_who_is_out_is_no_successor_however_good() -> None:
    """b is proven better and was demoted: a stays."""
    referee = played({"a": "0", "b": "0.05"}, lambda _: {"a": Stage.LIVE, "b": Stage.DEMOTED})
    assert set(referee.champions) == {"a"}
    assert referee.told[-1].results[0]["standing"] == "BETTER"


def test_a_predecessor_gives_what_its_successor_holds_and_takes_next() -> None:
    """Of 50 %: all while the successor is on paper, 40 once it is validated, 20 while it holds 20 and may take 10 more, nothing when it holds 50."""
    succession, rules = Succession("a", "b", Decimal("0.50"), "b is proven better"), PromotionRules()
    found = [
        succession.limit(msgspec.structs.replace(standing(stage, held), version="b"), rules).fraction
        for stage, held in (
            (Stage.PAPER, "0"),
            (Stage.VALIDATED, "0"),
            (Stage.LIVE, "0.20"),
            (Stage.LIVE, "0.50"),
            (Stage.STABLE, "1.00"),
            (Stage.DEMOTED, "0"),
        )
    ]
    assert found == [Decimal(x) for x in ("0.50", "0.40", "0.20", "0", "0", "0.50")]
    limit = succession.limit(standing(Stage.VALIDATED), rules)
    assert limit.words == "b is proven better; of 50 % it held 40 % are left to it"
