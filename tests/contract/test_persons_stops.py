"""What persons stop or take away between two batches is done at the same moment and leaves the same bytes, whatever database the store is in."""

from __future__ import annotations

from pathlib import Path

import pytest

from genesis.clock import ManualClock
from genesis.paper_trading.promotion_facts import Order, Pause
from genesis.paper_trading.stages import Stage
from genesis.storage.address import StoreAddress
from genesis.storage.inbox import leave_command
from genesis.storage.reader import StoreReader
from genesis.system.run import run_prepared
from tests.kit.swings import STOPS_NS, TAKEN_NS, decisions, entries, ready, sent, sound, taken

STANDS = {Order.HALT: Stage.HALTED, Order.DEMOTE: Stage.DEMOTED, Order.ARCHIVE: Stage.ARCHIVED, Order.PAUSE: Stage.LIVE}
# A halt sells at once. The others leave it to the strategy, which sells at the end of the day and after a pause goes on as it was.
SELLS_THEN = {Order.HALT}


def played(folder: Path, store: StoreAddress, order: Order) -> None:
    """Run up to the moment, leave the command, and run on."""
    run_prepared(ready(folder), store, STOPS_NS)
    leave_command(store, order.value, "swings", "ann", "it looks wrong", ManualClock(1))
    run_prepared(ready(folder), store)


@pytest.mark.parametrize("order", STANDS)
def test_a_stop_between_two_batches_is_the_same_in_every_store(
    order: Order, address: StoreAddress, tmp_path: Path
) -> None:
    """Taken once, at the moment up to which the run had come; position and stage follow; the entries are those of a file, and made again from the tape's start they stay so."""
    played(tmp_path / "here", address, order)
    assert taken(address) == [(TAKEN_NS, 1, order.value, True)]
    (made,) = [e for e in decisions(address) if e.time_ns == TAKEN_NS]
    assert made.after.stage is STANDS[order]
    assert (made.after.pause is Pause.UNTIL_RESUMED) == (order is Order.PAUSE)
    sales = [at for at, side in sent(address, "swings@live", TAKEN_NS) if side == "SELL"]
    assert (sales[0] == TAKEN_NS) == (order in SELLS_THEN)
    with StoreReader(address) as reader:
        (row,) = reader.commands()
        (entry,) = reader.entries(row.taken_at_seq or 0, row.taken_at_seq)
    assert b'"CommandTaken"' in entry.entry
    sound(address)
    before = entries(address)
    beside = tmp_path / "beside"
    played(beside, beside / "run.db", order)
    assert entries(beside / "run.db") == before
    run_prepared(ready(tmp_path / "here"), address, rows=7, from_start=True)
    assert entries(address) == before
