"""A live version is archived while it is halted: what becomes of its position, its orders, its capital and its stage."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from genesis.clock import NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND, ManualClock
from genesis.paper_trading.promotion_facts import DataState, Order
from genesis.paper_trading.stages import Action, Move, Stage
from genesis.storage.inbox import leave_command
from genesis.storage.sqlite import StoreReader
from genesis.system.run import run_prepared
from tests.kit.swings import (
    BAR_NS,
    FROZEN,
    NEVER_NS,
    STOPS_NS,
    TAKEN_NS,
    decisions,
    entries,
    ready,
    sent,
    sound,
    stopped,
    taken,
)

PAIR = ("swings@live", "swings@twin")


def ask(folder: Path, at_ns: int, order: Order, frozen_ns: int = NEVER_NS, until_ns: int | None = None) -> Path:
    """Run on to ``at_ns``, where somebody wants it, and on to ``until_ns``, by default the tape's end."""
    store = folder / "frozen.db"
    run_prepared(ready(folder, frozen_ns), store, at_ns)
    leave_command(store, order.value, "swings", "bob", "we are done with it", ManualClock(2))
    run_prepared(ready(folder, frozen_ns), store, until_ns)
    return store


def archived(folder: Path, at_ns: int) -> Path:
    """Archived at ``at_ns``, and run to the tape's end."""
    return ask(folder, at_ns, Order.ARCHIVE)


def is_over(store: Path, stage: Stage) -> None:
    """Both tracks have given all back, exactly, hold nothing, have no order at work and are closed; where the version stands, and whoever has the entries alone agrees."""
    with StoreReader(store) as reader:
        for track in PAIR:
            flows = reader.capital(track)
            assert [f.reason for f in flows] == ["first capital", "the end"]
            assert Decimal(flows[-1].amount) == -Decimal(flows[-1].equity)
            assert {o.status for o in reader.orders(track)} <= {"FILLED", "CANCELED"}
            bought = sum(Decimal(f.last_qty) * (1 if f.side == "BUY" else -1) for f in reader.fills(track))
            assert bought == 0
        assert {s.track for s in reader.stops() if s.kind == "CLOSED"} == set(PAIR)
        assert reader.stages("swings")[-1].stage_after == stage.value
    assert decisions(store)[-1].after.fraction == 0
    sound(store)


@pytest.mark.parametrize("later_ns", [30 * NS_PER_MINUTE, BAR_NS], ids=["flat", "closed"])
def test_archived_in_a_halt_it_sells_once_and_is_over(later_ns: int, tmp_path: Path) -> None:
    """Whether its pair is flat and not closed yet, or closed: nothing is sent a second time, all capital goes back, and made again it is the same."""
    stopped(tmp_path, Order.HALT)
    at_ns = STOPS_NS + later_ns
    store = archived(tmp_path, at_ns)
    assert taken(store) == [(TAKEN_NS, 1, "halt", True), (at_ns - 1, 2, "archive", True)]
    (made,) = [e for e in decisions(store) if e.time_ns == at_ns - 1]
    assert (made.move, made.before.stage, made.after.stage) == (Move.ARCHIVE, Stage.HALTED, Stage.ARCHIVED)
    assert (made.action, made.after.halt) == (Action.NONE, None)
    for track in PAIR:
        assert sent(store, track, TAKEN_NS) == [(TAKEN_NS, "SELL")]
    is_over(store, Stage.ARCHIVED)
    before = entries(store)
    run_prepared(ready(tmp_path), store, rows=7, from_start=True)
    assert entries(store) == before


@pytest.mark.parametrize("order", [Order.ARCHIVE, Order.RESUME])
def test_what_a_halt_flattens_is_flat_before_anything_less_is_done_with_it(order: Order, tmp_path: Path) -> None:
    """The halt fell into stale prices, and so does what is asked next: it is refused, since its strategy would go on holding what was to be sold. Once prices are fresh it is sold, and the pair is closed."""
    frozen_ns = FROZEN[DataState.STALE]
    halts_ns, store = frozen_ns + 3 * NS_PER_MINUTE, tmp_path / "frozen.db"
    run_prepared(ready(tmp_path, frozen_ns), store, halts_ns)
    leave_command(store, Order.HALT.value, "swings", "ann", "it looks wrong", ManualClock(1))
    ask(tmp_path, halts_ns + 90 * NS_PER_SECOND, order, frozen_ns)
    made = {e.time_ns: e for e in decisions(store)}
    halted = made[halts_ns - 1]
    assert (halted.action, halted.facts.live_flat, halted.after.stage) == (Action.HOLD, False, Stage.HALTED)
    with StoreReader(store) as reader:
        answer = reader.commands_taken()[-1]
    assert not answer.taken
    assert answer.words == f"{order.value}: expected a version that is flat, found one that a halt flattens first"
    for track in PAIR:
        ((at, side),) = sent(store, track, halts_ns - 1)
        assert side == "SELL"
        assert frozen_ns + 10 * NS_PER_MINUTE < at < frozen_ns + 12 * NS_PER_MINUTE
    is_over(store, Stage.HALTED)


def test_an_archiving_while_the_sale_is_under_way_is_refused(tmp_path: Path) -> None:
    """A second after the halt, before the next price: it sells once, and asked again when it is flat it is archived."""
    stopped(tmp_path, Order.HALT)
    ask(tmp_path, STOPS_NS + NS_PER_SECOND, Order.ARCHIVE, until_ns=STOPS_NS + NS_PER_HOUR)
    store = archived(tmp_path, STOPS_NS + NS_PER_HOUR)
    assert [(number, took) for _, number, _, took in taken(store)] == [(1, True), (2, False), (3, True)]
    for track in PAIR:
        assert sent(store, track, TAKEN_NS) == [(TAKEN_NS, "SELL")]
    is_over(store, Stage.ARCHIVED)
