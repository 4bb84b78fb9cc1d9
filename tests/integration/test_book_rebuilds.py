"""The book of four real captures of 2024-08-08, rebuilt message by message beside the best quotes recorded with it."""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from genesis.execution.book import DepthBook
from genesis.feeds.files import read
from genesis.model.instruments import Instrument
from tests.kit.market_data import DATA

MANIFEST = DATA / "manifest.json"
# Messages applied; those of them whose update id a best quote has too; those after which the book is not the last quote before them. These
# are a snapshot on spot and one on USD-M that show other sizes at the touch, and two diffs on spot that show a best bid that no quote has.
CAPTURES = {
    "binance-coinm_BTCUSD_PERP": (44_771, 1_885, 0),
    "binance-spot_BTCUSDT": (6_493, 1_072, 3),
    "binance-usdm_BTCUSDT": (6_546, 629, 1),
    "binance-usdm_ETHUSDT": (6_580, 551, 0),
}

if not MANIFEST.exists():
    if os.environ.get("CI") == "true":
        pytest.fail(f"expected market data in {DATA}, found none", pytrace=False)
    pytest.skip(f"no market data in {DATA}", allow_module_level=True)

FILES = {f["path"]: f for f in json.loads(MANIFEST.read_text())["files"]}


def path_of(base: str, kind: str) -> str:
    """A file's path within the data."""
    return f"{kind}/{base}_20240808T2354.{kind}.parquet"


def messages(base: str) -> list[tuple[int, bool, int | None, int, int | None]]:
    """(line, snapshot, first, final and previous final id) of every depth message as it was recorded."""
    names = ["line", "is_snapshot", "first_id", "final_id", "prev_final_id"]
    table = pq.read_table(DATA / path_of(base, "l2"), columns=names)
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    return list({row[0]: row for row in rows}.values())


def books(base: str) -> Iterator[tuple[int, tuple[int, int, int, int]]]:
    """The line of each message as it is applied, and (bid, its lots, ask, its lots) of the book after it."""
    facts: dict[str, Any] = FILES[path_of(base, "l2")]
    steps = Decimal(facts["price_step_observed"]), Decimal(facts["qty_step_observed"])
    (depth,) = read(DATA / path_of(base, "l2"), Instrument("X", "BINANCE", "BASE", "QUOTE", *steps))
    seq, book = depth.columns["seq"], DepthBook()
    for stop in np.append(np.flatnonzero(np.diff(seq)) + 1, depth.rows).tolist():
        book.apply(dict(depth.columns), stop)
        ((bid, bid_lots),), ((ask, ask_lots),) = book.best(1, 1), book.best(-1, 1)
        yield int(seq[stop - 1]), (bid, bid_lots, ask, ask_lots)


def quotes(base: str) -> tuple[list[int], list[tuple[int, int, int, int]]]:
    """Update ids of the best quotes in order, and the quotes in ticks and lots."""
    facts: dict[str, Any] = FILES[path_of(base, "l2")]
    tick, lot = (int(Decimal(facts[name]).scaleb(8)) for name in ("price_step_observed", "qty_step_observed"))
    names = {"bid_px_e8": tick, "bid_qty_e8": lot, "ask_px_e8": tick, "ask_qty_e8": lot}
    table = pq.read_table(DATA / path_of(base, "l1"), columns=["update_id", *names])
    columns = [(table[name].to_numpy() // step).tolist() for name, step in names.items()]
    return table["update_id"].to_pylist(), list(zip(*columns, strict=True))


@pytest.mark.parametrize("base", CAPTURES)
def test_the_sequence_holds_without_a_break(base: str) -> None:
    """One snapshot; the first diff that it does not hold reaches it; every later one follows the one before it."""
    recorded = messages(base)
    (held,) = [final for _, snapshot, _, final, _ in recorded if snapshot]
    diffs = [m for m in recorded if not m[1]]
    spot = diffs[0][4] is None
    new = [m for m in diffs if m[3] > held or (m[3] == held and not spot)]
    first, final = new[0][2], new[0][3]
    assert first is not None
    assert (first <= held + 1 <= final) if spot else (first <= held <= final)
    follows = [(a[3] + 1 == b[2]) if spot else (a[3] == b[4]) for a, b in zip(new, new[1:], strict=False)]
    assert len(follows) > 6_000
    assert all(follows)


@pytest.mark.parametrize("base", CAPTURES)
def test_the_book_rebuilds_to_the_recorded_quotes(base: str) -> None:
    """After every message the book is not crossed; where a quote has the message's update id, its prices and sizes are the book's best.

    Between them too: the last quote with an id not above the message's is what the book shows, but for the few that are named above.
    """
    final = {line: last for line, _, _, last, _ in messages(base)}
    ids, recorded = quotes(base)
    assert ids == sorted(ids)
    applied = same_id = other = 0
    for line, best in books(base):
        applied += 1
        assert best[0] < best[2]
        place = bisect_right(ids, final[line]) - 1
        if place < 0:
            continue
        if ids[place] == final[line]:
            same_id += 1
            assert recorded[place] == best
        elif place + 1 < len(ids):
            other += recorded[place] != best
    assert (applied, same_id, other) == CAPTURES[base]
