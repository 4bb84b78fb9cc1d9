"""A live track and its twin open in the middle of a run, trade a share of what the reference trades, and are closed again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from genesis.clock import NS_PER_DAY, NS_PER_HOUR
from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.execution.profile import ExecutionProfile
from genesis.feeds.replay import Replay
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.model.events import Event, OrderCanceled, OrderDenied, OrderFilled, OrderSubmitted
from genesis.model.market import Bar
from genesis.model.money import Money
from genesis.model.orders import OrderIntent, Side
from genesis.model.run_events import RunStarted
from genesis.model.track_events import CapitalMoved, TrackClosed, TrackOpened
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.live_pair import LIVE, LivePair
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.rng import ClippedNormal, KeyedDraws
from genesis.strategies.base import NoParams, Strategy
from genesis.tape.stream import Stream
from tests.kit.overseers import EveryBar
from tests.kit.runs import FX, START, Memory, bars_stream

EXACT = ExecutionProfile(name="exact", latency_ms=ClippedNormal(0, 0, 0, 0), slippage_bp=ClippedNormal(0, 0, 0, 0))
WORSE = ExecutionProfile(name="worse", latency_ms=ClippedNormal(0, 0, 0, 0), slippage_bp=ClippedNormal(5, 0, 5, 5))
BAR = EVIDENCE_BAR_NS
Plan = Mapping[int, Callable[[LivePair, int], object]]


def hourly(days: int, price: Callable[[int], int] = lambda i: 10_000 + 10 * (i % 7)) -> Stream:
    """Hourly bars, each at one price, from START, a midnight."""
    rows = [(price(i), price(i), price(i), price(i), 1_000_000) for i in range(24 * days)]
    return bars_stream(rows, "1h")


class EverySix(Strategy):
    """Holds ``LOTS`` for three hours of every six, and remembers what it has been told."""

    LOTS = 155

    def on_start(self) -> None:
        self._n = 0
        self.told: list[tuple[int, int]] = []
        self.positions: list[int] = []
        self.subscribe_bars("1h")

    def on_bar(self, bar: Bar) -> None:
        self._n += 1
        self.positions.append(self.desk.position_lots(self.instrument))
        if self._n % 6 == 1:
            self.buy(self.instrument.quantity(self.LOTS))
        elif self._n % 6 == 4:
            self.close()

    def on_fill(self, fill: OrderFilled) -> None:
        self.told.append((fill.last_lots, fill.leaves_lots))


class Reverses(EverySix):
    """Never flat: long and short in turns of five hours."""

    def on_bar(self, bar: Bar) -> None:
        self._n += 1
        if self._n % 5 == 1:
            self.target_position(self.instrument.quantity(self.LOTS if self._n % 2 else -self.LOTS))


class Promoter(EveryBar):
    """Does at evidence bars what a test says: ``plan`` maps the bar's number to what is done with the pair."""

    def __init__(
        self,
        simulator: PaperTradingSimulator,
        plan: Plan,
        at: int,
        waits_ns: int = 7 * NS_PER_DAY,
    ) -> None:
        super().__init__(START + BAR)
        self._simulator, self._plan, self._at, self._waits = simulator, plan, at, waits_ns
        self.pair: LivePair | None = None

    def watches(self, track: Track) -> bool:
        return self.pair is not None and self.pair.waits and track is self.pair.reference

    def look(self, track: Track, now: int) -> None:
        assert self.pair is not None
        self.pair.look(now)

    def close_bar(self, time_ns: int) -> list[Event]:
        number = (time_ns - START) // BAR
        if number == self._at:
            reference, remove = self._simulator.tracks[0], self._simulator.tracks.remove
            self.pair = LivePair(reference, 1, Fraction(1, 10), time_ns, self._waits, self._open, {}, remove)
            self.pair.look(time_ns)
        elif self.pair is not None:
            if number in self._plan:
                self._plan[number](self.pair, time_ns)
            return self.pair.close_bar(time_ns)
        return []

    def _open(self, name: str, role: str, strategy: Strategy, capital: Money, start_ns: int) -> Track:
        live = role == LIVE
        profile, draws = (WORSE, DRAWS) if live else (None, None)
        return self._simulator.add(name, strategy, capital, profile=profile, start_ns=start_ns, draws=draws)


DRAWS = KeyedDraws(99)


def play(
    kind: type[Strategy],
    days: int,
    plan: Plan | None = None,
    rows: int | None = None,
    at: int = 4,
    waits_ns: int = 7 * NS_PER_DAY,
    price: Callable[[int], int] = lambda i: 10_000 + 10 * (i % 7),
) -> tuple[Memory, PaperTradingSimulator, Promoter]:
    """A run of one strategy, promoted to a tenth at evidence bar ``at``."""
    streams = [hourly(days, price)]
    tape = Tape(streams)
    simulator = PaperTradingSimulator(tape, StrategyMonitor(), 7, START - 1, EXACT)
    simulator.add("s", kind((FX,), NoParams()), Money("10000", "USD"))
    journal, promoter = Memory(), Promoter(simulator, plan or {}, at, waits_ns)
    engine = TradingEngine(tape, simulator.tracks, journal, RunStarted(START - 1, None, {}), overseer=promoter)
    engine.run(Replay(streams).cut(rows))
    return journal, simulator, promoter


def sent(journal: Memory, track: str) -> list[tuple[float, int]]:
    """(hours after START, signed lots) of a track's orders."""
    return [
        ((e.time - START) / NS_PER_HOUR, int(e.order.intent.side) * e.order.intent.lots)
        for e in journal.events
        if isinstance(e, OrderSubmitted) and e.track == track
    ]


def moved(journal: Memory, track: str) -> list[tuple[float, Decimal, str]]:
    """(hours after START, amount, reason) of a track's cash flows."""
    return [
        ((e.time - START) / NS_PER_HOUR, Decimal(e.amount).scaleb(-e.decimals), e.reason)
        for e in journal.events
        if isinstance(e, CapitalMoved) and e.track == track
    ]


def test_live_and_twin_begin_at_the_references_next_entry_from_flat_and_send_a_tenth_of_it() -> None:
    """At hour 16 the reference is long until hour 16 (its 16th bar closes it); it enters again at hour 19, and so do they: 15 of 155 lots."""
    journal, simulator, _ = play(EverySix, 2)
    reference, live, twin = (sent(journal, n) for n in ("s", "s@live", "s@twin"))
    assert [t.name for t in simulator.tracks] == ["s", "s@live", "s@twin"]
    assert live[:4] == [(19.0, 15), (22.0, -15), (25.0, 15), (28.0, -15)]
    assert twin == live
    assert [h for h, _ in reference if h >= 19] == [h for h, _ in live]
    assert {e.last_lots for e in journal.events if isinstance(e, OrderFilled) and e.track == "s@live"} == {15}


def test_a_strategy_is_told_of_what_it_asked_for() -> None:
    """Position, fills and equity on a tenth are those of the whole budget; on the twin, with the same prices, to the last lot."""
    _, simulator, _ = play(EverySix, 3)
    reference, _, twin = simulator.tracks
    heard, of_twin = reference.strategy, twin.strategy
    assert isinstance(heard, EverySix)
    assert isinstance(of_twin, EverySix)
    assert of_twin.told == heard.told
    assert of_twin.positions == heard.positions
    assert of_twin.positions[-1] in (0, 155)
    assert twin.share is not None
    whole = reference.desk.equity().amount
    assert abs(twin.share.equity().amount - whole) < Decimal("0.001") * whole


def test_opening_is_an_entry_and_the_first_capital_another() -> None:
    """The track's facts name its reference and role; a tenth of 10,000 is moved."""
    journal, _, _ = play(EverySix, 2)
    opened = [e for e in journal.events if isinstance(e, TrackOpened)]
    assert [(e.track, e.facts["of"], e.facts["role"]) for e in opened] == [
        ("s@live", "s", "live"),
        ("s@twin", "s", "twin"),
    ]
    assert moved(journal, "s@live") == [(17.0, Decimal(1_000), "first capital")]
    assert opened[0].facts == {
        "budget": "1000.0000000000 USD",
        "name": "s@live",
        "of": "s",
        "role": "live",
        "tier": "sniper",
    }
    first = next(e for e in journal.events if isinstance(e, CapitalMoved))
    assert (first.equity, first.share) == (0, "1/10")


def test_a_venue_that_is_worse_shows_in_live_minus_twin() -> None:
    """5 bp of slippage on each side of 0.015 units at about 100: 0.0015 a round trip, and a tick of rounding; nothing else differs."""
    journal, simulator, _ = play(EverySix, 3)
    _, live, twin = simulator.tracks
    trips = sum(1 for _, lots in sent(journal, "s@live") if lots < 0)
    gap = twin.portfolio.cash_units - live.portfolio.cash_units
    per_trip = Decimal(gap).scaleb(-live.portfolio.decimals) / trips
    assert Decimal("0.0014") < per_trip < Decimal("0.002")


def test_a_step_up_counts_for_new_entries_and_is_no_return() -> None:
    """From bar 8 (hour 32) a fifth: what was entered with 15 lots at hour 31 is closed with 15, the next entry is 31."""
    journal, simulator, _ = play(EverySix, 3, {8: lambda pair, now: pair.raise_to(Fraction(1, 5), now)})
    live = [(h, lots) for h, lots in sent(journal, "s@live") if h >= 31]
    assert live[:4] == [(31.0, 15), (34.0, -15), (37.0, 31), (40.0, -31)]
    assert moved(journal, "s@live")[1:] == [(32.0, Decimal(1_000), "a step up")]
    track = simulator.tracks[1]
    assert track.portfolio.budget_units == 2_000 * 10**track.portfolio.decimals
    assert abs(track.marks.index() - 1) < 0.001
    assert simulator.tracks[0].strategy.positions[-20:] == track.strategy.positions[-20:]  # type: ignore[attr-defined]


def test_a_step_down_reduces_at_once_and_gives_the_capital_back() -> None:
    """From a fifth to a tenth while 31 lots are held: 16 are sold at once, the strategy notices nothing, 1,000 go back."""
    plan = {
        8: lambda pair, now: pair.raise_to(Fraction(1, 5), now),
        11: lambda pair, now: pair.lower_to(Fraction(1, 10), now),
    }
    journal, simulator, _ = play(EverySix, 4, plan)
    live = [(h, lots) for h, lots in sent(journal, "s@live") if h >= 43]
    assert live[:4] == [(43.0, 31), (44.0, -16), (46.0, -15), (49.0, 15)]
    assert moved(journal, "s@live")[2:] == [(44.0, Decimal(-1_000), "a step down")]
    assert simulator.tracks[0].strategy.positions[-20:] == simulator.tracks[1].strategy.positions[-20:]  # type: ignore[attr-defined]


def test_what_is_demoted_sends_no_entry_and_is_closed_when_flat() -> None:
    """Demoted at hour 44 while it holds: the strategy's own exit at 46 is sent, no entry after, and all capital goes back."""
    plan = {11: lambda pair, now: pair.demote(now, "demoted: a test")}
    journal, simulator, promoter = play(EverySix, 4, plan)
    assert [lots for h, lots in sent(journal, "s@live") if h >= 44] == [-15]
    assert [t.name for t in simulator.tracks] == ["s"]
    assert promoter.pair is not None
    assert promoter.pair.is_closed
    closed = [e for e in journal.events if isinstance(e, TrackClosed)]
    assert [(e.track, (e.time - START) / NS_PER_HOUR) for e in closed] == [("s@live", 48.0), ("s@twin", 48.0)]
    assert {e.reason for e in closed} == {"demoted: a test"}
    reasons = [e.reason.value for e in journal.events if isinstance(e, OrderDenied) and e.track == "s@live"]
    assert reasons == []


class Holds(EverySix):
    """Buys once a day what it holds for good."""

    def on_bar(self, bar: Bar) -> None:
        self._n += 1
        if self._n == 20:
            self.buy(self.instrument.quantity(900))


def test_what_is_still_held_a_day_after_a_demotion_is_closed_in_three_slices() -> None:
    """90 lots: 30 at each of three evidence bars from the 24th hour on."""
    plan = {6: lambda pair, now: pair.demote(now, "demoted: a test")}
    journal, _, _ = play(Holds, 4, plan)
    assert sent(journal, "s@live") == [(20.0, 90), (48.0, -30), (52.0, -30), (56.0, -30)]


def test_flattening_needs_no_strategy() -> None:
    """All of it is sold at the bar itself."""
    journal, _, _ = play(Holds, 3, {6: lambda pair, now: pair.flatten(now, "halted: a test")})
    assert sent(journal, "s@live") == [(20.0, 90), (24.0, -90)]


def test_what_is_held_back_keeps_its_position_and_goes_on_when_it_is_let() -> None:
    """Held at hour 44 with 15 lots: its own exit at 46 is sent, its entries of 49 and 55 are not; let go on at 56 it enters at 61 with the same share."""
    plan: Plan = {
        11: lambda pair, now: pair.hold("halted: bad data"),
        14: lambda pair, now: pair.go_on(Fraction(1, 10), now),
    }
    journal, simulator, promoter = play(EverySix, 4, plan)
    live = [(h, lots) for h, lots in sent(journal, "s@live") if h >= 43]
    assert live[:4] == [(43.0, 15), (46.0, -15), (61.0, 15), (64.0, -15)]
    assert sent(journal, "s@twin") == sent(journal, "s@live")
    assert promoter.pair is not None
    assert not promoter.pair.is_closed
    assert [t.name for t in simulator.tracks] == ["s", "s@live", "s@twin"]
    assert [amount for _, amount, _ in moved(journal, "s@live")] == [Decimal(1_000)]


def test_what_is_held_back_with_a_position_keeps_it_for_as_long_as_it_lasts() -> None:
    """90 lots held at hour 24 are still held four days later: no slice, no close, no capital moved."""
    journal, simulator, _ = play(Holds, 6, {6: lambda pair, now: pair.hold("halted: bad data")})
    assert sent(journal, "s@live") == [(20.0, 90)]
    assert simulator.tracks[1].desk.position_lots(FX) == 90
    assert len(moved(journal, "s@live")) == 1


@pytest.mark.parametrize(
    ("then", "is_held"),
    [
        (lambda pair, now: None, True),
        (lambda pair, now: pair.go_on(Fraction(1, 10), now), False),
        (lambda pair, now: pair.demote(now, "demoted: a test"), False),
        (lambda pair, now: pair.flatten(now, "halted: a test"), False),
    ],
    ids=["nothing", "go_on", "demote", "flatten"],
)
def test_a_position_is_kept_until_somebody_says_what_becomes_of_it(
    then: Callable[[LivePair, int], object], is_held: bool
) -> None:
    """Before the hold nothing is kept, and after it only while nobody has said more."""
    seen: list[bool] = []

    def ask(pair: LivePair, now: int) -> None:
        seen.append(pair.is_held)

    def say(pair: LivePair, now: int) -> None:
        ask(pair, now)
        then(pair, now)
        ask(pair, now)

    play(Holds, 3, {6: ask, 7: lambda pair, now: pair.hold("halted: bad data"), 8: say})
    assert seen == [False, True, is_held]


def test_who_is_flat_keeps_no_position() -> None:
    """Held back while it holds nothing, and once it is closed."""
    seen: list[bool] = []

    def ask(pair: LivePair, now: int) -> None:
        seen.append(pair.is_held)

    def say(pair: LivePair, now: int) -> None:
        pair.hold("halted: bad data")
        ask(pair, now)
        pair.demote(now, "demoted: a test")

    # At hour 36 it has been flat since 35; the pair is closed at that bar.
    _, _, promoter = play(EverySix, 3, {9: say, 10: ask})
    assert promoter.pair is not None
    assert (seen, promoter.pair.is_closed) == ([False, False], True)


def test_protection_outlives_a_hold_and_entries_do_not() -> None:
    """A stop under the position stays where it is, and sells when it is touched; the limit that would add is cancelled at the bar."""
    plan: Plan = {6: lambda pair, now: pair.hold("halted: bad data")}
    journal, simulator, _ = play(Protected, 3, plan, price=lambda i: 10_000 if i < 40 else 9_700)
    gone = [e for e in journal.events if isinstance(e, OrderCanceled) and e.track == "s@live"]
    assert [(e.time - START) / NS_PER_HOUR for e in gone] == [24.0]
    filled = [
        (e.time - START) / NS_PER_HOUR for e in journal.events if isinstance(e, OrderFilled) and e.track == "s@live"
    ]
    assert len(filled) == 2
    assert filled[1] > 40
    assert simulator.tracks[1].desk.position_lots(FX) == 0


def test_what_goes_on_with_less_is_reduced_first() -> None:
    """A fifth is held with 31 lots when it is held back; it goes on with a tenth: 16 are sold at that bar, 1,000 go back, the next entry is a tenth."""

    def held_back(pair: LivePair, now: int) -> None:
        pair.hold("halted: bad data")
        pair.go_on(Fraction(1, 10), now)

    plan: Plan = {8: lambda pair, now: pair.raise_to(Fraction(1, 5), now), 11: held_back}
    journal, _, _ = play(EverySix, 4, plan)
    live = [(h, lots) for h, lots in sent(journal, "s@live") if h >= 43]
    assert live[:4] == [(43.0, 31), (44.0, -16), (46.0, -15), (49.0, 15)]
    assert moved(journal, "s@live")[2:] == [(44.0, Decimal(-1_000), "a step down")]


def test_what_was_demoted_and_goes_on_is_not_closed() -> None:
    """Restored eight hours after the demotion, with its position: the slices of the day after are no longer due."""
    plan: Plan = {
        6: lambda pair, now: pair.demote(now, "demoted: a test"),
        8: lambda pair, now: pair.go_on(Fraction(1, 10), now),
    }
    journal, simulator, promoter = play(Holds, 5, plan)
    assert sent(journal, "s@live") == [(20.0, 90)]
    assert simulator.tracks[1].desk.position_lots(FX) == 90
    assert promoter.pair is not None
    assert not promoter.pair.is_closed


class Protected(EverySix):
    """Buys once, with a stop under it and a limit further down that would add."""

    def on_bar(self, bar: Bar) -> None:
        self._n += 1
        if self._n == 20:
            self.buy(self.instrument.quantity(900))
        elif self._n == 22:
            self.sell(self.instrument.quantity(900), trigger=self.instrument.price(9_800), reduce_only=True)
            self.buy(self.instrument.quantity(100), limit=self.instrument.price(9_600))


def test_who_is_never_flat_joins_at_a_turn_once_the_wait_is_over() -> None:
    """After two days of waiting live begins flat when the reference turns, and holds a tenth of it from its next turn on."""
    journal, _, _ = play(Reverses, 6, waits_ns=2 * NS_PER_DAY)
    reference, live = sent(journal, "s"), sent(journal, "s@live")
    opened = next((e.time - START) / NS_PER_HOUR for e in journal.events if isinstance(e, TrackOpened))
    assert 16 + 48 <= opened <= 16 + 48 + 6
    assert [h for h, _ in live] == [h for h, _ in reference if h > opened]
    assert abs(live[0][1]) == 15
    assert {abs(lots) for _, lots in live[1:]} == {30}


class NeverIdle(EverySix):
    """Long for two hours of every three; while it is flat its next order is on the way."""

    LOTS = 155

    def on_bar(self, bar: Bar) -> None:
        self._n += 1
        if self._n % 3 == 1:
            self.buy(self.instrument.quantity(self.LOTS))
        elif self._n % 3 == 0:
            self.close()


@pytest.mark.parametrize("hours", [16, 17, 18])
def test_to_go_from_flat_into_the_market_is_no_turn(hours: int) -> None:
    """Whenever the wait is over it begins while the reference is flat, in the hour in which it is at the earliest: joined an hour later it would miss the position."""
    journal, _, _ = play(NeverIdle, 4, waits_ns=hours * NS_PER_HOUR)
    opened = next((e.time - START) / NS_PER_HOUR for e in journal.events if isinstance(e, TrackOpened))
    first = min(h for h in range(16 + hours, 16 + hours + 3) if h % 3 == 1)
    assert opened == first


def test_a_turn_of_the_least_position_is_a_turn() -> None:
    """Long a lot and short a lot in turns: no tenth of it can be traded, and live begins at the turn all the same."""

    class OneLot(Reverses):
        LOTS = 1

    journal, _, _ = play(OneLot, 6, waits_ns=2 * NS_PER_DAY)
    whole, _, _ = play(Reverses, 6, waits_ns=2 * NS_PER_DAY)
    opened, expected = ([e.time for e in found.events if isinstance(e, TrackOpened)] for found in (journal, whole))
    assert opened == expected
    assert len(opened) == 2


def test_a_strategy_that_saves_its_state_is_given_it_back() -> None:
    """`on_save` and `on_load` replace the copy: the counter goes on where the reference's stands."""

    class Saves(EverySix):
        loaded: int | None = None

        def on_save(self) -> Mapping[str, Any]:
            return {"n": self._n}

        def on_load(self, state: Mapping[str, Any]) -> None:
            self.loaded = self._n = state["n"]
            self.told, self.positions = [], []

    journal, simulator, _ = play(Saves, 2)
    live = simulator.tracks[1].strategy
    assert isinstance(live, Saves)
    assert live.loaded == 17
    assert sent(journal, "s@live")[0] == (19.0, 15)


def test_a_strategy_that_cannot_be_copied_stays_on_paper_and_says_so() -> None:
    """Its own track goes on."""

    class Keeps(EverySix):
        def on_start(self) -> None:
            super().on_start()
            self._gen = (i for i in range(3))

    journal, simulator, promoter = play(Keeps, 2)
    assert [t.name for t in simulator.tracks] == ["s"]
    assert promoter.pair is not None
    assert "cannot be copied" in (promoter.pair.failed or "")
    assert len(promoter.pair.failed or "") <= 300
    assert sent(journal, "s")[-1][0] > 19


@pytest.mark.parametrize("kind", [EverySix, Reverses, Holds])
def test_how_the_tape_is_cut_changes_no_entry(kind: type[Strategy]) -> None:
    """One row at a time, seven, or all at once."""
    plan = {
        8: lambda pair, now: pair.raise_to(Fraction(1, 5), now),
        11: lambda pair, now: pair.lower_to(Fraction(1, 10), now),
        14: lambda pair, now: pair.demote(now, "demoted: a test"),
    }
    heads = {play(kind, 5, plan, rows, waits_ns=NS_PER_DAY)[0].head for rows in (1, 7, None)}
    assert len(heads) == 1


def test_an_order_too_small_for_its_share_is_refused_and_told_as_asked() -> None:
    """5 lots at a tenth are no lot: denied, with the intent that the strategy asked for."""

    class Small(EverySix):
        LOTS = 5
        refused: list[OrderIntent]

        def on_start(self) -> None:
            super().on_start()
            self.refused = []

        def on_order(self, event: Any) -> None:
            if isinstance(event, OrderDenied):
                self.refused.append(event.intent)

    journal, simulator, _ = play(Small, 2)
    denied = [e for e in journal.events if isinstance(e, OrderDenied) and e.track == "s@live"]
    assert {e.reason.value for e in denied} == {"QTY_BELOW_MIN"}
    assert simulator.tracks[1].strategy.refused[0] == OrderIntent(FX, Side.BUY, 5)  # type: ignore[attr-defined]
    assert msgspec.structs.asdict(denied[0])["detail"].startswith("quantity: expected a lot")
