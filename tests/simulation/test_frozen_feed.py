"""The feed stands still for ten minutes while live holds a position: nothing is sold, nothing is judged, the bar is no evidence, a person is called."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from genesis.clock import NS_PER_HOUR, NS_PER_MINUTE, ManualClock
from genesis.paper_trading.promotion_facts import DataState, Order
from genesis.paper_trading.stages import Action, HaltKind, Move, Stage
from genesis.storage.inbox import leave_command
from genesis.storage.sqlite import StoreReader
from genesis.system.run import run_prepared
from tests.kit.outsider import findings
from tests.kit.swings import BAR_NS, DAILY, FROZEN, evaluations, prepared, sent


def played(folder: Path, frozen_ns: int) -> Path:
    run_prepared(prepared(folder, frozen_ns), folder / "frozen.db")
    return folder / "frozen.db"


@pytest.mark.parametrize("state", FROZEN)
def test_a_frozen_feed_moves_nothing_and_calls_a_person(state: DataState, tmp_path: Path) -> None:
    """In the middle of a bar or over its end: at the look after it the stage stays, rises wait, the position is kept, and its bar has no return."""
    frozen_ns = FROZEN[state]
    store = played(tmp_path, frozen_ns)
    end_ns = -(-frozen_ns // BAR_NS) * BAR_NS
    made = evaluations(store)
    with StoreReader(store) as reader:
        sold = [f.time for f in reader.fills("swings@live") if f.side == "SELL"]
        bars = {e.time: e.bar_return for e in reader.evidence("swings")}
    found = made[end_ns]
    assert found.before.stage is Stage.LIVE
    assert not found.facts.live_flat
    assert found.facts.data is state
    assert (found.move, found.action) == (None, Action.NONE)
    assert found.after.fraction == found.before.fraction
    assert "a position is open: it is kept" in found.call
    assert [t for t in sold if frozen_ns <= t < frozen_ns + 10 * NS_PER_MINUTE] == []
    assert bars[end_ns] is None
    assert bars[end_ns - BAR_NS] is not None
    later = made[end_ns + 2 * BAR_NS]
    assert later.facts.data is DataState.FRESH
    assert later.call == ""


def test_a_halt_that_falls_into_stale_prices_flattens_when_they_are_fresh(tmp_path: Path) -> None:
    """A person halts while the feed stands still, a minute before a bar's end: position and stage are decided at once, nothing is sold while it does; once a minute it is asked, also over the bar's end, and when the feed goes on live and twin sell."""
    frozen_ns, store = FROZEN[DataState.STALE], tmp_path / "frozen.db"
    end_ns = -(-frozen_ns // BAR_NS) * BAR_NS
    until_ns = end_ns - NS_PER_MINUTE
    run_prepared(prepared(tmp_path, frozen_ns, DAILY), store, until_ns)
    leave_command(store, Order.HALT.value, "swings", "ann", "it looks wrong", ManualClock(1))
    run_prepared(prepared(tmp_path, frozen_ns, DAILY), store)
    made = evaluations(store)
    # It is asked a minute after the last time; the last time of all is at the bar's end.
    halted_ns, fresh_ns = until_ns - 1, frozen_ns + 11 * NS_PER_MINUTE
    stale, at_bar, fresh = made[halted_ns], made[end_ns], made[fresh_ns]
    assert (stale.move, stale.after.stage, stale.action) == (Move.HALT, Stage.HALTED, Action.HOLD)
    assert stale.facts.data is DataState.STALE
    assert not stale.facts.live_flat
    assert (at_bar.move, at_bar.action) == (None, Action.HOLD)
    assert (fresh.move, fresh.action) == (None, Action.FLATTEN)
    for track in ("swings@live", "swings@twin"):
        after = [order for order in sent(store, track) if order[0] >= halted_ns]
        assert after == [(fresh_ns, "SELL")]
    assert [t for t in made if end_ns - BAR_NS < t < end_ns + BAR_NS] == [halted_ns, end_ns, fresh_ns]
    assert findings(store) == []
    with StoreReader(store) as reader:
        assert {s.track for s in reader.stops() if s.kind == "CLOSED"} == {"swings@live", "swings@twin"}


def test_a_halt_for_data_is_restored_by_a_person_with_the_position_that_was_kept(tmp_path: Path) -> None:
    """One look at stale prices is enough here to halt: the position is kept. The bar after it is incomplete, and no time to restore anything; at the next one it goes on with its position, at the same fraction though the account has lost a little."""
    frozen_ns, store = FROZEN[DataState.STALE], tmp_path / "frozen.db"
    end_ns = -(-frozen_ns // BAR_NS) * BAR_NS
    for until_ns in (end_ns + NS_PER_HOUR, end_ns + BAR_NS + NS_PER_HOUR, None):
        run_prepared(prepared(tmp_path, frozen_ns, DAILY, consecutive_error_limit=1), store, until_ns)
        if until_ns is not None:
            leave_command(store, Order.RESTORE.value, "swings", "ann", "the feed is back", ManualClock(1))
    made = evaluations(store)
    halted, refused, restored = (made[end_ns + n * BAR_NS] for n in range(3))
    assert (halted.move, halted.action, halted.after.halted_fraction) == (Move.HALT, Action.HOLD, Decimal("0.10"))
    assert halted.after.halt is not None
    assert halted.after.halt.kind is HaltKind.DATA
    assert "halted (data)" in halted.call
    assert (refused.move, refused.answers[0].taken) == (None, False)
    assert refused.answers[0].words.endswith("market data are degraded")
    assert (restored.move, restored.action) == (Move.RESTORE, Action.JOIN)
    assert (restored.after.stage, restored.after.fraction) == (Stage.LIVE, Decimal("0.10"))
    sides = [side for at, side in sent(store, "swings@live") if at >= end_ns]
    # Its own exit at the end of the day, then its next entry; the hold itself has sold nothing.
    assert sides[:2] == ["SELL", "BUY"]
    assert not restored.facts.live_flat
    with StoreReader(store) as reader:
        assert reader.stops() == []
        assert len([c for c in reader.capital("swings@live") if c.reason == "first capital"]) == 1
