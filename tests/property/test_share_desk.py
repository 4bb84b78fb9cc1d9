"""A strategy on a tenth of its budget cannot tell, whatever it does: random orders, partial fills, flips, steps and forced closes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from hypothesis import example, given, settings
from hypothesis import strategies as st

from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.feeds.replay import Replay
from genesis.model.events import Event, OrderFilled, OrderSubmitted
from genesis.model.instruments import Instrument
from genesis.model.market import Bar
from genesis.model.money import Money
from genesis.model.run_events import RunStarted
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.live_pair import LivePair
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.strategies.base import NoParams, Strategy
from tests.kit.runs import FX, SPOT, START, Memory, bars_stream
from tests.simulation.test_live_pair import BAR, EXACT, Promoter

# What a strategy does at an hour: its name, and lots.
Act = tuple[str, int]
Acts = Sequence[Act]
LOTS = st.integers(1, 900)
TENS = st.integers(1, 90).map(lambda n: 10 * n)
NAMES = st.sampled_from(["buy", "sell", "bid", "ask", "target", "target short", "close", "cancel", "wait"])
JOINED = 4


def acts(lots: st.SearchStrategy[int]) -> st.SearchStrategy[list[Act]]:
    """Nothing but one round trip until the pair has joined, then anything, then a close."""
    return st.lists(st.tuples(NAMES, lots), min_size=5, max_size=40)


class Scripted(Strategy):
    """Follows a script hour by hour, and remembers what it is told."""

    script: Acts = ()

    def on_start(self) -> None:
        self.hour = 0
        self.told: list[tuple[int, int]] = []
        self.positions: list[int] = []
        self.open: list[tuple[int, int]] = []
        self.subscribe_bars("1h")

    def on_bar(self, bar: Bar) -> None:
        self.hour += 1
        self.positions.append(self.desk.position_lots(self.instrument))
        self.open.append((len(self.open_orders()), self.desk.working_lots(self.instrument)))
        place = self.hour - 4 * JOINED - 1
        if 0 <= place < len(self.script):
            self._do(*self.script[place])
        elif place >= len(self.script):
            self.cancel_all()
            self.close()

    def _do(self, name: str, lots: int) -> None:
        quantity, ticks = self.instrument.quantity(lots), self.desk.last_ticks(self.instrument) or 0
        if name == "buy":
            self.buy(quantity)
        elif name == "sell":
            self.sell(quantity)
        elif name == "bid":
            self.buy(quantity, limit=self.instrument.price(ticks - 5))
        elif name == "ask":
            self.sell(quantity, limit=self.instrument.price(ticks + 5))
        elif name == "target":
            self.target_position(quantity)
        elif name == "target short":
            self.target_position(-lots * self.instrument.lot)
        elif name == "close":
            self.close()
        elif name == "cancel":
            self.cancel_all()

    def on_fill(self, fill: OrderFilled) -> None:
        self.told.append((fill.last_lots, fill.leaves_lots))


class Run:
    """A run of the script on paper, and from the fourth evidence bar on on a tenth of it twice."""

    def __init__(
        self,
        script: Acts,
        volume: int = 1_000_000,
        steps: Sequence[tuple[int, int]] = (),
        instrument: Instrument = FX,
        fees: Mapping[str, FeeSchedule] | None = None,
        flatten_at: int | None = None,
    ) -> None:
        hours = 4 * JOINED + len(script) + 30
        rows = [(10_000 + 10 * (i * i % 7),) * 4 + (volume,) for i in range(hours)]
        stream = bars_stream(rows, "1h", instrument)
        tape = Tape([stream])
        self.simulator = PaperTradingSimulator(tape, StrategyMonitor(), 7, START - 1, EXACT, fees=fees)
        kind = type("Follows", (Scripted,), {"script": tuple(script)})
        self.simulator.add("s", kind((instrument,), NoParams()), Money("10000", instrument.quote))
        plan = {JOINED + n: _to(Fraction(share, 10)) for n, share in steps}
        if flatten_at is not None:
            plan[JOINED + flatten_at] = lambda pair, now: pair.flatten(now, "halted: a test")
        self.journal, promoter = Memory(), Promoter(self.simulator, plan, JOINED)
        engine = TradingEngine(
            tape, self.simulator.tracks, self.journal, RunStarted(START - 1, None, {}), overseer=promoter
        )
        engine.run(Replay([stream]).cut(None))
        assert promoter.pair is not None
        self.pair = promoter.pair
        self.reference = self.simulator.tracks[0]
        assert self.pair.twin is not None
        self.twin = self.pair.twin

    def told(self, track: str) -> Scripted:
        found = self.reference if track == "s" else self.twin
        assert isinstance(found.strategy, Scripted)
        return found.strategy

    def of(self, kind: type[Event], track: str) -> list[Event]:
        return [e for e in self.journal.events if isinstance(e, kind) and e.track == track]


def _to(share: Fraction):  # type: ignore[no-untyped-def]
    def step(pair: LivePair, now: int) -> None:
        if share > pair.share:
            pair.raise_to(share, now)
        elif share < pair.share:
            pair.lower_to(share, now)

    return step


@given(acts(TENS))
@example([("buy", 10), ("buy", 10), ("sell", 10), ("close", 10), ("buy", 20)])
@settings(max_examples=10, deadline=None)
def test_where_lots_allow_a_tenth_is_told_what_the_whole_is_told(script: list[Act]) -> None:
    """Orders of tens of lots at a tenth: positions, open orders and fills are told as the reference track is told them, and each order is exactly a tenth."""
    run = Run(script)
    whole, tenth = run.told("s"), run.told("s@twin")
    assert tenth.positions == whole.positions
    assert tenth.open == whole.open
    assert tenth.told == whole.told
    # A reduction may be asked for more than is held; no more than that is sent.
    asked, sent = (
        [e.order.intent.lots for e in run.of(OrderSubmitted, n) if not e.order.intent.reduce_only]  # type: ignore[attr-defined]
        for n in ("s", "s@twin")
    )
    assert [10 * n for n in sent] == asked


STEPS = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 10)), max_size=4)


@given(acts(LOTS), st.sampled_from([30, 200, 1_000_000]), STEPS)
@settings(max_examples=12, deadline=None)
def test_a_full_close_leaves_nothing_whatever_happened_before(
    script: list[Act], volume: int, steps: list[tuple[int, int]]
) -> None:
    """Any lots, bars that hold little, steps up and down: what is told never has another sign than what is held, and after the strategy's close both are nothing."""
    run = Run(script, volume, steps)
    if volume == 1_000_000:
        assert run.twin.is_flat
        assert run.told("s@twin").positions[-1] == 0
    held = run.twin.desk.position_lots(FX)
    told = run.told("s@twin").desk.position_lots(FX)
    assert held * told >= 0
    assert (held == 0) == (told == 0)


@given(st.lists(st.tuples(st.sampled_from(["buy", "bid", "wait"]), LOTS), min_size=5, max_size=20))
@settings(max_examples=10, deadline=None)
def test_no_entry_is_rounded_up(script: list[Act]) -> None:
    """Each is sent for a tenth of its lots, rounded down, and not at all where that is nothing; it is told whole once it is filled."""
    run = Run(script)
    orders = [e for e in run.of(OrderSubmitted, "s@twin") if isinstance(e, OrderSubmitted)]
    asked = [lots for name, lots in script if name in ("buy", "bid") and lots >= 10]
    assert [e.order.intent.lots for e in orders[: len(asked)]] == [lots // 10 for lots in asked]
    bought = [lots for name, lots in script if name == "buy" and lots >= 10]
    assert [f for f in run.told("s@twin").told if f[0] in bought or f[1]] != [] or not bought


@given(acts(TENS), st.integers(1, 8))
@settings(max_examples=8, deadline=None)
def test_a_forced_close_is_told_as_a_close(script: list[Act], bar: int) -> None:
    """Once it was flattened the strategy holds nothing, as it is told; no order of its own opens anything again."""
    run = Run(script, flatten_at=bar)
    assert run.pair.is_closed
    assert run.twin.desk.position_lots(FX) == 0
    held, most = 0, None
    for event in run.of(OrderFilled, "s@twin"):
        assert isinstance(event, OrderFilled)
        held += int(event.order.intent.side) * event.last_lots
        if event.time > START + (JOINED + bar) * BAR:
            assert most is None or abs(held) <= most
            most = abs(held)
    assert held == 0


IN_BASE = FeeSchedule(maker_bp=Decimal(10), taker_bp=Decimal(10), currency=FeeCurrency.RECEIVED)


@given(st.lists(st.tuples(st.sampled_from(["buy", "close", "wait"]), LOTS), min_size=5, max_size=30))
@settings(max_examples=8, deadline=None)
def test_spot_fees_in_base_leave_no_lot_behind(script: list[Act]) -> None:
    """A fee of bought base takes a part of a lot away; after the strategy's close less than a lot is held, and it is told that it holds nothing."""
    run = Run(script, instrument=SPOT, fees={SPOT.id: IN_BASE})
    for track in (run.reference, run.twin):
        assert abs(track.feeds[0].holding.position.units) < SPOT.lot_units
    assert run.told("s@twin").positions[-1] == 0
    assert run.twin.is_flat
