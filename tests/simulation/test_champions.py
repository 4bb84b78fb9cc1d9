"""Who is champion of an A/B test, over real tracks: the place goes to who is proven better, back to the last good one, and never to who is out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

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
        self.test, self._candidates, self._stages = test, candidates, stages
        self.champions: list[str] = []
        self.told: list[VariantsCompared] = []

    def close_bar(self, time_ns: int) -> list[Event]:
        for candidate in self._candidates:
            candidate.close_bar()
        bar = (time_ns - START) // EVIDENCE_BAR_NS
        found = self.test.close_bar(time_ns, {n: at(n, s) for n, s in self._stages(bar).items()})
        self.champions.append(self.test.champion)
        self.told.extend(found)
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
