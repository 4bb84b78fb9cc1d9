"""From long to short and back: the old position goes in any case, the new one comes where risk allows it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from genesis.execution.profile import ExecutionProfile, FeeSchedule
from genesis.model.events import OrderDenied, OrderFilled, OrderSubmitted
from genesis.model.market import Bar
from genesis.model.orders import DenyReason, Refused
from genesis.risk.limits import Limits
from genesis.rng import ClippedNormal
from genesis.strategies.base import NoParams, Strategy
from genesis.strategies.reversion import MeanReversion, ReversionParams
from genesis.strategies.trend import Breakout, BreakoutParams, CrossoverParams, MovingAverageCrossover
from tests.kit.runs import FX, Memory, bars_stream, run

# A budget of 10,000 is the strategist tier: an order is at most 10 % of equity, so one order from 8 % to -8 % is refused.
WEIGHT = Decimal("0.08")
NO_DRAW = ClippedNormal(0, 0, 0, 0)
FREE = ExecutionProfile(name="free", latency_ms=NO_DRAW, slippage_bp=NO_DRAW)
NO_FEES = {FX.id: FeeSchedule(maker_bp=Decimal(0), taker_bp=Decimal(0))}
UP_AND_DOWN = [10_000 + 5 * i for i in range(20)] + [10_095 - 9 * i for i in range(1, 100)]


def bars(closes: list[int]) -> list[tuple[int, int, int, int, int]]:
    """Bars of a second, each from the last close to the next."""
    opens = [closes[0], *closes]
    return [(o, max(o, c), min(o, c), c, 1_000_000) for o, c in zip(opens, closes, strict=False)]


def positions(journal: Memory) -> list[int]:
    """Signed lots after every fill."""
    held, found = 0, []
    for fill in (e for e in journal.events if isinstance(e, OrderFilled)):
        held += fill.last_lots * int(fill.order.intent.side)
        found.append(held)
    return found


def denials(journal: Memory) -> list[DenyReason]:
    return [e.reason for e in journal.events if isinstance(e, OrderDenied)]


class Turns(Strategy):
    """Asks for one weight after another, at every third bar."""

    weights: tuple[str, ...] = ()

    def on_start(self) -> None:
        self._n = 0
        self.answers: list[object] = []
        self.subscribe_bars("1s")

    def on_bar(self, bar: Bar) -> None:
        if self._n % 3 == 0 and self._n // 3 < len(self.weights):
            self.answers.append(self.turn_to_weight(self.weights[self._n // 3]))
        self._n += 1


def turns(*weights: str) -> tuple[Memory, list[object]]:
    strategy = Turns((FX,), NoParams())
    strategy.weights = weights
    journal, _ = run([bars_stream(bars([10_000] * 12))], [("a", strategy)], profile=FREE, fees=NO_FEES)
    return journal, strategy.answers


def test_a_turn_is_two_orders_that_come_to_the_new_weight() -> None:
    """8 % of 10,000 at 100.00 is 8,000 lots of 0.001: held long, then short, though one order of 16,000 is over the limit."""
    journal, _ = turns("0.08", "-0.08")
    sent = [(int(e.order.intent.side), e.order.intent.lots) for e in journal.events if isinstance(e, OrderSubmitted)]
    assert sent == [(1, 8_000), (-1, 8_000), (-1, 8_000)]
    assert positions(journal)[-1] == -8_000
    assert denials(journal) == []


def test_where_the_new_position_is_refused_the_old_one_is_closed_all_the_same() -> None:
    """20 % short is over the order limit: the refusal is the answer, and the account is flat."""
    journal, answers = turns("0.08", "-0.20")
    assert positions(journal)[-1] == 0
    assert denials(journal) == [DenyReason.ORDER_SIZE]
    assert isinstance(answers[-1], Refused)


def test_a_turn_to_the_side_that_is_held_is_one_order() -> None:
    """Nothing is closed where the sign stays; and a weight of nothing closes by one order."""
    journal, _ = turns("0.04", "0.08", "0")
    sent = [(int(e.order.intent.side), e.order.intent.lots) for e in journal.events if isinstance(e, OrderSubmitted)]
    assert sent == [(1, 4_000), (1, 4_000), (-1, 8_000)]


@pytest.mark.parametrize(
    ("strategy", "closes"),
    [
        (
            MovingAverageCrossover((FX,), CrossoverParams(bars="1s", fast=2, slow=5, weight=WEIGHT, short=True)),
            UP_AND_DOWN,
        ),
        (Breakout((FX,), BreakoutParams(bars="1s", entry=5, leave=5, weight=WEIGHT, short=True)), UP_AND_DOWN),
        (
            MeanReversion((FX,), ReversionParams(bars="1s", window=5, entry=1.2, leave=0, weight=WEIGHT, short=True)),
            [10_000, 10_001, 9_999, 10_000, 9_900, 9_900, 10_100] + [10_100] * 20,
        ),
    ],
    ids=["crossover", "breakout", "reversion"],
)
def test_the_built_in_strategies_turn_though_twice_their_weight_is_over_the_limit(
    strategy: Strategy, closes: list[int]
) -> None:
    """They end on the side of their last signal, and risk refused nothing."""
    journal, _ = run([bars_stream(bars(closes))], [("a", strategy)], profile=FREE, fees=NO_FEES)
    held = positions(journal)
    assert max(held) > 0
    assert min(held) < 0
    assert denials(journal) == []


def test_a_close_that_was_refused_is_asked_for_again_and_an_entry_is_not() -> None:
    """One order a minute: the turn's close goes out a minute after the entry, then the new side is refused once and not chased."""
    strategy = Breakout((FX,), BreakoutParams(bars="1s", entry=5, leave=5, weight=WEIGHT, short=True))
    journal, _ = run(
        [bars_stream(bars(UP_AND_DOWN))],
        [("a", strategy)],
        profile=FREE,
        fees=NO_FEES,
        limits=Limits(orders_per_minute=1),
    )
    sent = [e for e in journal.events if isinstance(e, OrderSubmitted)]
    assert [int(e.order.intent.side) for e in sent] == [1, -1]
    assert positions(journal)[-1] == 0
    assert sent[1].time - sent[0].time >= 60 * 10**9
    after = [e for e in journal.events if isinstance(e, OrderDenied) and e.time >= sent[1].time]
    assert [e.reason for e in after] == [DenyReason.ORDERS_PER_MINUTE]
