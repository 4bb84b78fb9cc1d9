"""A person who stops or takes away does not wait for the evidence bar: it is done where the run stands between two batches, once, and again in the same place."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from genesis.audit.entry import canonical
from genesis.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, ManualClock
from genesis.engine.engine import Progress
from genesis.paper_trading.promotion_facts import DataState, Order, Pause, digest_of
from genesis.paper_trading.stages import Action, Move, Stage
from genesis.storage.inbox import leave_command
from genesis.storage.reader import StoreReader
from genesis.system.run import run_prepared
from genesis.system.templates.recomputation.report import recompute
from tests.kit.outsider import findings
from tests.kit.swings import (
    BAR_NS,
    START_NS,
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


@pytest.fixture(scope="module")
def halted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halted")
    store = stopped(folder, Order.HALT)
    run_prepared(ready(folder), store)
    return store


def test_a_halt_is_done_in_the_middle_of_a_bar(halted: Path) -> None:
    """At the moment up to which the run had come: the order at rest is cancelled, live and twin sell all they hold, and neither trades again."""
    (made,) = [e for e in decisions(halted) if e.time_ns == TAKEN_NS]
    assert TAKEN_NS % BAR_NS
    assert (made.move, made.after.stage, made.action) == (Move.HALT, Stage.HALTED, Action.FLATTEN)
    assert made.before.fraction == Decimal("0.10")
    assert not made.facts.live_flat
    assert taken(halted) == [(TAKEN_NS, 1, "halt", True)]
    with StoreReader(halted) as reader:
        for track in ("swings@live", "swings@twin"):
            assert sent(halted, track, TAKEN_NS) == [(TAKEN_NS, "SELL")]
            (rested,) = [
                o for o in reader.orders(track) if o.type == "limit" and o.time_submitted > TAKEN_NS - NS_PER_DAY
            ]
            assert rested.status == "CANCELED"
            (sold,) = [f for f in reader.fills(track) if f.time >= TAKEN_NS]
            # The next row: it need not wait for the bar.
            assert sold.time - TAKEN_NS < 2 * NS_PER_MINUTE
        assert {s.track for s in reader.stops() if s.kind == "CLOSED"} == {"swings@live", "swings@twin"}


def test_the_reference_goes_on_after_a_halt(halted: Path, tmp_path: Path) -> None:
    """Its orders and fills are those of a run that nobody stopped."""
    quiet = tmp_path / "quiet.db"
    run_prepared(ready(tmp_path), quiet)
    with StoreReader(halted) as reader, StoreReader(quiet) as other:
        assert [(f.time, f.side, f.last_qty) for f in reader.fills("swings")] == [
            (f.time, f.side, f.last_qty) for f in other.fills("swings")
        ]
        assert len([f for f in reader.fills("swings") if f.time > TAKEN_NS]) > 2
    assert sent(quiet, "swings@live", TAKEN_NS)[0] != (TAKEN_NS, "SELL")


def test_the_record_of_a_halt_in_the_middle_of_a_bar_can_be_made_again(halted: Path) -> None:
    """Every decision, by us and by somebody who has the entries alone."""
    sound(halted)


def test_other_verdicts_in_the_middle_of_a_bar_are_found(halted: Path) -> None:
    """They are those of the last bar: somebody who has the entries alone sees that one was altered, even where the digest was made to fit."""
    stored = entries(halted)
    place = next(i for i, e in enumerate(stored) if b'"PromotionEvaluated"' in e and str(TAKEN_NS).encode() in e)
    document = json.loads(stored[place])
    (verdict,) = document["body"]["record"]["facts"]["verdicts"]
    verdict["value"] += 1.0
    document["body"]["digest"] = digest_of(document["body"]["record"])
    found = recompute([*stored[:place], canonical(document), *stored[place + 1 :]]).findings
    assert found == [
        f"entry {place + 1}: swings: criteria: between evidence bars expected what the last one told, found other verdicts"
    ]


@pytest.mark.parametrize("rows", [1, 7, 1024, None])
def test_however_the_tape_is_cut_it_is_taken_where_it_was(rows: int | None, halted: Path, tmp_path: Path) -> None:
    """Run again from the tape's start, entries and the states of the snapshots are the same."""
    store = tmp_path / "frozen.db"
    shutil.copy(halted, store)
    before = entries(store)
    run_prepared(ready(tmp_path), store, rows=rows, from_start=True)
    assert entries(store) == before


# A bar's end, just before and after it; the hour at which it trades, while its orders are on their way; the first row.
DAY_3_NS = START_NS + 2 * NS_PER_DAY
MOMENTS = (
    DAY_3_NS - 1,
    DAY_3_NS,
    DAY_3_NS + 1,
    DAY_3_NS + NS_PER_HOUR + 1,
    DAY_3_NS + NS_PER_HOUR + 2_000_000,
    START_NS + 60_000_000_001,
)


@pytest.mark.parametrize("until_ns", MOMENTS)
def test_at_whatever_moment_it_comes_it_is_taken_once_and_there_again(until_ns: int, tmp_path: Path) -> None:
    """Everything that holds capital then is halted, at that moment or, where a look was made at it already, at the next one between two batches; run again from the start in single rows, the chain is the same."""
    store = stopped(tmp_path, Order.HALT, Order.PAUSE, target=None, until_ns=until_ns)
    run_prepared(ready(tmp_path), store, rows=3)
    moments = {(at, took) for at, _, order, took in taken(store) if order == "halt"}
    ((at, took),) = moments
    assert took
    assert until_ns - 1 <= at < until_ns + 10 * NS_PER_MINUTE
    assert [e.after.stage for e in decisions(store) if e.time_ns == at] == [Stage.HALTED]
    assert findings(store) == []
    before = entries(store)
    run_prepared(ready(tmp_path), store, rows=1, from_start=True)
    assert entries(store) == before


def die_after(folder: Path, store: Path) -> None:
    """Run on, and be killed as soon as anything beyond the stop is durable."""

    def durable(progress: Progress) -> None:
        if progress.closed_before > STOPS_NS:
            os.kill(os.getpid(), signal.SIGKILL)

    run_prepared(ready(folder), store, rows=1, on_progress=durable)


def test_killed_right_after_it_was_taken_the_run_takes_it_no_second_time(halted: Path, tmp_path: Path) -> None:
    """The restarted run sells once, and comes to the entries of the one that nobody killed."""
    store = stopped(tmp_path, Order.HALT)
    process = multiprocessing.get_context("fork").Process(target=die_after, args=(tmp_path, store))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert taken(store) == [(TAKEN_NS, 1, "halt", True)]
    assert entries(store) == entries(halted)[: len(entries(store))]
    run_prepared(ready(tmp_path), store, rows=5)
    assert entries(store) == entries(halted)


def test_what_takes_away_is_taken_at_once_and_what_gives_waits(tmp_path: Path) -> None:
    """Of a pause, a word that is no order and a promotion the pause alone is taken in the bar; at its end the promotion is refused, for it came first and there is a pause."""
    store = stopped(tmp_path, Order.PROMOTE, Order.PAUSE)
    leave_command(store, "hurry", "swings", "bob", "it is late", ManualClock(1))
    run_prepared(ready(tmp_path), store)
    end_ns = (TAKEN_NS // BAR_NS + 1) * BAR_NS
    assert sorted(taken(store)) == [
        (TAKEN_NS, 2, "pause", True),
        (end_ns, 1, "promote", False),
        (end_ns, 3, "hurry", False),
    ]
    (made,) = [e for e in decisions(store) if e.time_ns == TAKEN_NS]
    assert (made.move, made.action, made.after.pause) == (None, Action.NONE, Pause.UNTIL_RESUMED)
    # It goes on as it was.
    assert [side for _, side in sent(store, "swings@live", TAKEN_NS)] == ["SELL", "BUY", "BUY", "SELL"]
    sound(store)


def test_a_demotion_in_the_middle_of_a_bar_reduces_only(tmp_path: Path) -> None:
    """The order at rest is cancelled then; the position is kept until the strategy sells it, and nothing is bought any more."""
    store = stopped(tmp_path, Order.DEMOTE)
    run_prepared(ready(tmp_path), store)
    (made,) = [e for e in decisions(store) if e.time_ns == TAKEN_NS]
    assert (made.move, made.after.stage, made.action) == (Move.DEMOTE, Stage.DEMOTED, Action.DEMOTE)
    assert {side for _, side in sent(store, "swings@live", TAKEN_NS)} == {"SELL"}
    assert sent(store, "swings@live", TAKEN_NS)[0][0] > TAKEN_NS + NS_PER_HOUR
    with StoreReader(store) as reader:
        (rested,) = [
            o for o in reader.orders("swings@live") if o.type == "limit" and o.time_submitted > TAKEN_NS - NS_PER_DAY
        ]
    assert rested.status == "CANCELED"
    sound(store)


@pytest.mark.parametrize(
    "orders", [(Order.RESUME, Order.HALT), (Order.PROMOTE, Order.DEMOTE), (Order.RESTORE, Order.HALT)]
)
def test_what_was_asked_before_a_stop_does_not_undo_it(orders: Sequence[Order], tmp_path: Path) -> None:
    """The earlier wish is answered at the bar's end, after the stop: it was overtaken, and has to be asked again."""
    store = stopped(tmp_path, *orders)
    run_prepared(ready(tmp_path), store)
    end_ns = (TAKEN_NS // BAR_NS + 1) * BAR_NS
    assert taken(store) == [(TAKEN_NS, 2, orders[1].value, True), (end_ns, 1, orders[0].value, False)]
    with StoreReader(store) as reader:
        words = reader.commands_taken()[-1].words
    assert (
        words
        == f"swings: overtaken by {orders[1].value} of ann, which came after it and did not wait: ask again if it is still wanted"
    )
    (at_bar,) = [e for e in decisions(store) if e.time_ns == end_ns]
    assert at_bar.after.stage is (Stage.HALTED if Order.HALT in orders else Stage.DEMOTED)
    sound(store)


def test_what_is_asked_after_a_stop_is_heard_at_the_bar(tmp_path: Path) -> None:
    """Halted in the bar and resumed at its end: back on paper, a further attempt whose evidence begins at a whole bar."""
    store = stopped(tmp_path, Order.HALT, Order.RESUME)
    run_prepared(ready(tmp_path), store)
    end_ns = (TAKEN_NS // BAR_NS + 1) * BAR_NS
    assert taken(store) == [(TAKEN_NS, 1, "halt", True), (end_ns, 2, "resume", True)]
    (at_bar,) = [e for e in decisions(store) if e.time_ns == end_ns]
    assert (at_bar.after.stage, at_bar.after.attempt, at_bar.after.evidence_from_ns) == (Stage.PAPER, 2, end_ns)
    sound(store)


def test_a_halt_for_all_halts_who_is_on_paper_too(tmp_path: Path) -> None:
    """Before the first evidence bar: the draft never gets further."""
    early_ns = START_NS + NS_PER_HOUR
    store = stopped(tmp_path, Order.HALT, target=None, until_ns=early_ns)
    run_prepared(ready(tmp_path), store)
    assert taken(store) == [(early_ns - 1, 1, "halt", True)]
    assert {e.after.stage for e in decisions(store)} == {Stage.HALTED}
    with StoreReader(store) as reader:
        assert reader.events("TrackOpened") == []


def test_a_halt_while_it_waits_for_its_first_entry_lets_it_never_begin(tmp_path: Path) -> None:
    """Live by the rules and not yet joined, its data stale: held, not flattened, and no track is opened however long the halt lasts."""
    run_prepared(ready(tmp_path), tmp_path / "quiet.db")
    live = next(e.time_ns for e in decisions(tmp_path / "quiet.db") if e.move is Move.GO_LIVE)
    with StoreReader(tmp_path / "quiet.db") as reader:
        opened: list[dict[str, Any]] = reader.events("TrackOpened")
        joined = min(int(d["time"]) for d in opened)
    assert joined - live > NS_PER_HOUR
    store, frozen_ns = tmp_path / "frozen.db", live + 30 * NS_PER_MINUTE
    halts_ns = frozen_ns + 5 * NS_PER_MINUTE
    run_prepared(ready(tmp_path, frozen_ns), store, halts_ns)
    leave_command(store, Order.HALT.value, "swings", "ann", "it looks wrong", ManualClock(1))
    run_prepared(ready(tmp_path, frozen_ns), store)
    (made,) = [e for e in decisions(store) if e.time_ns == halts_ns - 1]
    assert (made.facts.data, made.action, made.after.stage) == (DataState.STALE, Action.HOLD, Stage.HALTED)
    with StoreReader(store) as reader:
        assert reader.events("TrackOpened") == []
    sound(store)
