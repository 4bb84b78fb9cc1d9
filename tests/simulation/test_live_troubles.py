"""What goes wrong with a live track by the strategy's own fault: it is halted, its position kept, a person called; and how a person gets out of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from genesis.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, ManualClock
from genesis.model.promotion_events import StageChanged
from genesis.model.track_events import TrackHalted
from genesis.paper_trading.inbox import NoInbox
from genesis.paper_trading.promotion_facts import Order
from genesis.paper_trading.stages import Action, HaltKind, Move, Stage
from genesis.storage.inbox import leave_command
from genesis.storage.sqlite import StoreReader
from genesis.system.run import run_prepared
from tests.kit.outsider import findings
from tests.kit.swings import BAR_NS, DAILY, START_NS, SWINGS, evaluations, prepared, sent

NEVER = 0
# Early on the third day, while all tracks hold.
RAISES = SWINGS.replace("quantity(20)", "quantity(300)").replace(
    "self._n += 1\n", "self._n += 1\n        if self._n == 52:\n            raise ValueError('out of range')\n"
)
RAISED_NS = START_NS + 52 * NS_PER_HOUR
# Trades from the second day on.
LATE = SWINGS.replace("self._n += 1\n", "self._n += 1\n        if self._n < 25:\n            return\n")
UNCOPIED = SWINGS.replace("self._n = 0\n", "self._n = 0\n        self.file = open(__file__)\n").partition(
    "    def on_save"
)[0]


def test_a_strategy_that_raises_is_halted_with_its_position(tmp_path: Path) -> None:
    """On all its tracks at the same bar: live is halted at the next look, keeps what it holds to the end, and no capital moves."""
    store = tmp_path / "frozen.db"
    run_prepared(prepared(tmp_path, NEVER, DAILY, RAISES), store)
    made = evaluations(store)
    look = made[-(-RAISED_NS // BAR_NS) * BAR_NS]
    assert (look.move, look.action) == (Move.HALT, Action.HOLD)
    assert look.after.halt is not None
    assert look.after.halt.kind is HaltKind.STRATEGY
    assert look.after.halt.words == "its strategy raised in on_bar: ValueError: out of range"
    assert "halted (strategy)" in look.call
    last = made[max(made)]
    assert (last.after.stage, last.move, last.action) == (Stage.HALTED, None, Action.NONE)
    assert not last.facts.live_flat
    with StoreReader(store) as reader:
        assert len(reader.capital("swings@live")) == 1
        assert {"swings", "swings@live", "swings@twin"} <= {s.track for s in reader.stops() if s.kind == "STOPPED"}


def test_a_person_who_resumes_it_has_what_is_left_sold_in_slices(tmp_path: Path) -> None:
    """The strategy is gone and nobody else would close it: a day after the word three slices, then the pair is closed and all capital back."""
    store = tmp_path / "frozen.db"
    run_prepared(prepared(tmp_path, NEVER, DAILY, RAISES), store, RAISED_NS + 2 * NS_PER_HOUR)
    leave_command(store, Order.RESUME.value, "swings", "ann", "it is over", ManualClock(1))
    run_prepared(prepared(tmp_path, NEVER, DAILY, RAISES), store)
    resumed = next(e for e in evaluations(store).values() if e.move is Move.RESUME)
    assert (resumed.after.stage, resumed.action) == (Stage.PAPER, Action.DEMOTE)
    sold = [at for at, side in sent(store, "swings@live") if at > RAISED_NS and side == "SELL"]
    assert [at - resumed.time_ns for at in sold] == [NS_PER_DAY + n * BAR_NS for n in range(3)]
    with StoreReader(store) as reader:
        returned = [c for c in reader.capital("swings@live") if c.reason == "the end"]
        assert {s.track for s in reader.stops() if s.kind == "CLOSED"} == {"swings@live", "swings@twin"}
    assert len(returned) == 1
    assert Decimal(returned[0].amount) < 0


def test_restoring_it_does_not_bring_it_back(tmp_path: Path) -> None:
    """Nobody would ever sell what it holds: the look after the restoring halts it again and says what a person can do."""
    store = tmp_path / "frozen.db"
    run_prepared(prepared(tmp_path, NEVER, DAILY, RAISES), store, RAISED_NS + 2 * NS_PER_HOUR)
    leave_command(store, Order.RESTORE.value, "swings", "ann", "go on", ManualClock(1))
    run_prepared(prepared(tmp_path, NEVER, DAILY, RAISES), store)
    made = evaluations(store)
    restored = next(e for e in made.values() if e.move is Move.RESTORE)
    again = made[restored.time_ns + BAR_NS]
    assert (again.move, again.action) == (Move.HALT, Action.HOLD)
    assert "resume sells what is left" in again.call


def test_a_strategy_that_cannot_be_copied_is_halted_before_it_holds_anything(tmp_path: Path) -> None:
    """It goes live by rule, its pair cannot begin, and the next look halts it: no live track was ever opened, and its paper track goes on."""
    store = tmp_path / "frozen.db"
    run_prepared(prepared(tmp_path, NEVER, DAILY, UNCOPIED), store)
    made = evaluations(store)
    halted = next(e for e in made.values() if e.move is Move.HALT)
    assert halted.before.stage is Stage.LIVE
    assert halted.after.halt is not None
    assert halted.after.halt.kind is HaltKind.STRATEGY
    assert halted.after.halt.words.startswith("its state cannot be copied: TypeError")
    with StoreReader(store) as reader:
        assert [t.track for t in reader.tracks() if "@live" in t.track] == []
        assert len([o for o in reader.orders("swings") if o.time_submitted > halted.time_ns]) > 1


def test_who_goes_live_by_a_persons_word_before_it_has_shown_anything_is_watched_all_the_same(tmp_path: Path) -> None:
    """Forced in its first hours, when no bar of its reference has moved yet: the monitors begin with the first that do."""
    store = tmp_path / "frozen.db"
    run_prepared(prepared(tmp_path, NEVER, strategy=LATE), store, START_NS + 5 * NS_PER_HOUR)
    leave_command(store, Order.PROMOTE.value, "swings", "ann", "I know it", ManualClock(1))
    run_prepared(prepared(tmp_path, NEVER, strategy=LATE), store)
    made = evaluations(store)
    forced = made[START_NS + 2 * BAR_NS]
    assert (forced.move, forced.after.forced, forced.facts.monitors) == (Move.FORCE, True, ())
    watched = [at for at, e in made.items() if e.facts.monitors]
    assert START_NS + NS_PER_DAY < watched[0] <= START_NS + NS_PER_DAY + 3 * BAR_NS
    assert watched[-1] == max(made)
    assert findings(store) == []


def test_a_version_that_was_halted_while_it_was_flat_gets_a_pair_of_its_next_attempt(tmp_path: Path) -> None:
    """Prices stand still between two trades, and a person resumes it: the old pair is closed and its capital back, and what goes live after that is another one, whose evidence is its own."""
    store, larger = tmp_path / "frozen.db", SWINGS.replace("quantity(20)", "quantity(40)")
    frozen_ns = START_NS + 2 * NS_PER_DAY - 5 * NS_PER_MINUTE
    run_prepared(prepared(tmp_path, frozen_ns, 8, larger, consecutive_error_limit=1), store, frozen_ns + NS_PER_HOUR)
    leave_command(store, Order.RESUME.value, "swings", "ann", "the feed is back", ManualClock(1))
    run_prepared(prepared(tmp_path, frozen_ns, 8, larger, consecutive_error_limit=1), store)
    made = evaluations(store)
    halted, resumed = (next(e for e in made.values() if e.move is m) for m in (Move.HALT, Move.RESUME))
    assert (halted.action, halted.facts.live_flat) == (Action.HOLD, True)
    assert (resumed.facts.live_flat, resumed.after.attempt) == (True, 2)
    again = next(e for e in made.values() if e.move is Move.GO_LIVE and e.time_ns > resumed.time_ns)
    assert again.facts.e_live is None
    with StoreReader(store) as reader:
        opened = [t.track for t in reader.tracks() if "@live" in t.track]
        ends = [c.time for c in reader.capital("swings@live") if c.reason == "the end"]
    assert opened == ["swings@live", "swings@live-2"]
    assert ends == [resumed.time_ns]
    assert findings(store) == []


@pytest.mark.parametrize("limit_first", [True, False])
def test_a_broken_limit_is_not_forgotten_for_what_else_befalls_the_track(limit_first: bool, tmp_path: Path) -> None:
    """Within one bar the drawdown limit breaks and the mark price fails, in either order: it is halted by risk, flattened, and a person cannot restore it."""
    made = prepared(tmp_path, NEVER, DAILY)
    run_prepared(made, tmp_path / "frozen.db", START_NS + 2 * NS_PER_DAY + 9 * NS_PER_HOUR)
    bar_ns = START_NS + 2 * NS_PER_DAY + 12 * NS_PER_HOUR
    stood = [
        TrackHalted(bar_ns - 2, "swings@live", "DRAWDOWN", "20.1 %", "flattened"),
        TrackHalted(bar_ns - 1, "swings@live", "MARK_PRICE", "too old", "the position is kept"),
    ]
    ladder = made.ladder
    assert ladder is not None
    ladder.take_from(NoInbox())
    ladder.hold_back_by(lambda time_ns, equity: "")
    ladder.hear(stood if limit_first else stood[::-1])
    (changed,) = [e for e in ladder.look_at_all(bar_ns) if isinstance(e, StageChanged)]
    assert (changed.move, changed.action, changed.stage_before) == ("halt", "flatten", "LIVE")
    assert changed.reasons == ("DRAWDOWN: 20.1 %",)
