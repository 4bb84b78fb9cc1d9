"""The shared recorded data, every candle, trade, l1, l2, l3 and quote-bar file of it, read without a refusal."""

import json
import os
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from genesis.clock import NS_PER_SECOND, iso_utc
from genesis.demo.data import BTCUSD, DemoDataMissing, bitcoin_half_hour
from genesis.execution.book import DepthBook
from genesis.execution.fault_plan import Deliveries, FaultPlan, Gap, Span
from genesis.execution.order_queue import OrderQueues
from genesis.feeds.faults import fault_reading
from genesis.feeds.files import Format, Reading, ReadOptions, align_capture, detect, infer_steps, read
from genesis.model.instruments import Instrument
from genesis.model.market import BarSpec
from genesis.tape.bars import BarSeries
from genesis.tape.stream import ABSENT, StreamKind
from tests.kit.market_data import DATA

MANIFEST = DATA / "manifest.json"
SCHEMAS = {"trades/1", "l1/1", "l2/1", "l3/1", "candles/1", "quotebars/1"}
BITSTAMP = "bitstamp_BTCUSD_20260502T0236"

if not MANIFEST.exists():
    if os.environ.get("CI") == "true":
        pytest.fail(f"expected market data in {DATA}, found none", pytrace=False)
    pytest.skip(f"no market data in {DATA}", allow_module_level=True)

FILES = [f for f in json.loads(MANIFEST.read_text())["files"] if f["schema"] in SCHEMAS]


def instrument_of(entry: dict[str, Any]) -> Instrument:
    """An instrument on the steps observed in the file, or on 1e-8 where none are stated."""
    tick = Decimal(entry.get("price_step_observed", "0.00000001"))
    lot = Decimal(entry.get("qty_step_observed", entry.get("volume_step_observed", "0.00000001")))
    return Instrument(entry["symbol"], entry["venue"].upper(), "BASE", "QUOTE", tick, lot)


def entry_of(path: str) -> dict[str, Any]:
    """The manifest's entry of a file."""
    return next(f for f in FILES if f["path"] == path)


def reading_of(path: str) -> tuple[Reading, ...]:
    """The streams of a file."""
    return read(DATA / path, instrument_of(entry_of(path)))


@pytest.mark.parametrize("entry", FILES, ids=lambda e: e["path"])
def test_every_file_is_read_without_a_refusal(entry: dict[str, Any]) -> None:
    """Each file is recognised, keeps all its rows, needs no repair, and its gaps are those the manifest counts."""
    path = DATA / entry["path"]
    readings = read(path, instrument_of(entry))
    for reading in readings:
        report = reading.report
        assert (report.format, report.rows_read, report.repairs) == (entry["schema"], entry["rows"], ())
        assert report.sha256 == entry["sha256"]
        assert reading.stream().recorded == reading.rows
    assert detect(path) is Format(entry["schema"])
    if entry["schema"] not in {"l2/1", "l3/1"}:
        assert readings[0].report.rows_kept == entry["rows"]
    if "gaps" in entry:
        gaps = readings[0].report.gaps
        assert (len(gaps), sum(g.missing or 0 for g in gaps)) == (entry["gaps"], entry["missing_bars"])
    elif entry["schema"] in {"trades/1", "l2/1"}:
        assert readings[0].report.gaps == ()


@pytest.mark.parametrize("entry", [f for f in FILES if "price_step_observed" in f], ids=lambda e: e["path"])
def test_proposed_steps_are_those_observed(entry: dict[str, Any]) -> None:
    """The steps proposed for a file are those its manifest states."""
    steps = infer_steps(DATA / entry["path"])
    assert steps.tick == Decimal(entry["price_step_observed"])
    lot = entry.get("qty_step_observed", entry.get("volume_step_observed"))
    assert steps.lot == (None if lot is None else Decimal(lot))


@pytest.mark.parametrize("entry", [f for f in FILES if f["schema"] == "l2/1"], ids=lambda e: e["path"])
def test_depth_follows_the_sequence_rules(entry: dict[str, Any]) -> None:
    """The diffs applied and left out are those the manifest counts, and the book begins with its snapshot."""
    (reading,) = read(DATA / entry["path"], instrument_of(entry))
    facts = reading.report.facts
    assert facts["diffs applied"] == entry["diffs_applied"]
    assert facts["diffs left out"] == entry["stale_diffs"]
    assert reading.columns["snapshot"][:2000].all()
    assert not reading.columns["snapshot"][2000:].any()


@pytest.mark.parametrize("interval", ["1m", "5m"])
def test_candles_equal_the_bars_built_from_their_trades(interval: str) -> None:
    """Every candle of XRPETH is the bar that its aggregate trades make, volume included."""
    trades = reading_of("trades/binance-spot_XRPETH_20191011-20191013.aggtrades.parquet")[0].stream()
    trades.reveal(trades.recorded)
    series = BarSeries(trades, BarSpec.parse(interval))
    # Beyond the end of the last bar, so that this one closes too.
    series.update(int(trades.columns["ts"][-1]) + series.spec.step)
    (candles,) = reading_of(f"candles/binance-spot/{interval}/XRPETH_20191011-20191013.parquet")
    assert candles.rows == series.rows
    for name in ("ts", "time_open", "open", "high", "low", "close", "lots"):
        assert np.array_equal(series.columns[name][: series.rows], candles.columns[name]), name


@pytest.mark.parametrize("base", ["binance-coinm_BTCUSD_PERP", "binance-spot_BTCUSDT", "binance-usdm_ETHUSDT"])
def test_one_capture_is_one_arrival(base: str) -> None:
    """One offset serves all streams of a capture: no latency is negative, and rows keep the order of the capture's lines."""
    paths = [f"{kind}/{base}_20240808T2354.{kind}.parquet" for kind in ("trades", "l1", "l2")]
    single = [reading_of(p)[0] for p in paths]
    aligned = align_capture(single)
    offset = max(r.report.offset_ns or 0 for r in single)
    assert 1_200_000_000 < offset < 1_300_000_000
    assert {r.report.offset_ns for r in aligned} == {offset}
    for reading in aligned:
        if reading.report.latency is not None:
            assert reading.report.latency.least >= 0
    keys = np.concatenate([np.stack([r.columns["ts"], r.columns["seq"]]) for r in aligned], axis=1)
    seq = keys[1][np.lexsort((keys[1], keys[0]))]
    assert (seq[1:] >= seq[:-1]).all()


def test_spot_quotes_have_no_exchange_time() -> None:
    """A time that the source does not have stays absent."""
    (reading,) = reading_of("l1/binance-spot_BTCUSDT_20240808T2354.l1.parquet")
    assert (reading.columns["time_event"] == ABSENT).all()
    assert reading.report.latency is None


def test_orders_give_the_book_that_is_known_of_them() -> None:
    """The half hour of orders: two stale orders dropped, 13 unknown deletes, 878 best prices, a spread of 1 to 30 USD."""
    book, quotes = reading_of(f"l3/{BITSTAMP}.l3.parquet")
    facts = book.report.facts
    assert (facts["snapshot rows"], facts["trailing rows left out"]) == (6512, 6518)
    assert (facts["deletes of unknown orders"], facts["changes of unknown orders"]) == (13, 0)
    assert facts["stale orders"] == "78333 x 0.24148480, 78374 x 0.03368756"
    assert facts["best bid or ask changes"] == 878
    spread = quotes.columns["ask_ticks"] - quotes.columns["bid_ticks"]
    assert (int(spread.min()), int(spread.max())) == (1, 30)
    assert (np.diff(quotes.columns["ts"]) > 0).all()


def test_the_orders_themselves_are_on_the_tape_where_asked_for() -> None:
    """Every event but those that empty the book at the end, in order, and a delete of each stale order; depth and quotes stay as they are."""
    path = DATA / f"l3/{BITSTAMP}.l3.parquet"
    plain = read(path, BTCUSD)
    *same, orders = read(path, BTCUSD, ReadOptions(orders=True))
    for ours, theirs in zip(same, plain, strict=True):
        assert all(np.array_equal(ours.columns[name], theirs.columns[name]) for name in theirs.columns)
    assert orders.kind is StreamKind.ORDERS
    assert orders.rows == 314_057 - 6518 + 2
    assert orders.stream().recorded == orders.rows
    again = np.flatnonzero(np.diff(orders.columns["seq"]) == 0) + 1
    stale = [(int(orders.columns["ticks"][i]), int(orders.columns["lots"][i])) for i in again]
    assert stale == [(78333, 24_148_480), (78374, 3_368_756)]


def test_order_queues_are_the_depth_they_were_made_into() -> None:
    """After the last event every price shows the size that the depth stream shows there, and no bid reaches an ask."""
    depth, _, orders = read(DATA / f"l3/{BITSTAMP}.l3.parquet", BTCUSD, ReadOptions(orders=True))
    book, queues = DepthBook(), OrderQueues()
    book.apply(dict(depth.columns), depth.rows)
    queues.apply(dict(orders.columns), orders.rows)
    for side in (1, -1):
        levels = book.levels(side)
        assert levels
        assert {t: queues.size(side, t) for t in levels} == levels
    assert book.best(1, 1) < book.best(-1, 1)


def test_the_package_and_the_shared_file_are_the_same_half_hour() -> None:
    """Depth, quotes and trades from the package's text are those from the shared Parquet files."""
    try:
        market = bitcoin_half_hour()
    except DemoDataMissing as missing:
        pytest.skip(str(missing))
    shared = align_capture(
        (
            *read(DATA / f"l3/{BITSTAMP}.l3.parquet", BTCUSD, ReadOptions(orders=True)),
            *read(DATA / f"trades/{BITSTAMP}.trades.parquet", BTCUSD),
        )
    )
    kinds = [StreamKind.DEPTH, StreamKind.QUOTES, StreamKind.ORDERS, StreamKind.TRADES]
    assert [r.kind for r in market.readings] == kinds
    for ours, theirs in zip(market.readings, shared, strict=True):
        for columns, others in ((ours.columns, theirs.columns), (ours.extras, theirs.extras)):
            assert set(columns) == set(others)
            assert all(np.array_equal(columns[name], others[name]) for name in columns)


SPOT_CAPTURE = "binance-spot_BTCUSDT_20240808T2354"


@pytest.mark.parametrize("kind", ["trades", "l1", "l2"])
def test_every_duplicate_of_a_binance_capture_is_recognised(kind: str) -> None:
    """Trades, quotes and depth have ids of the venue's: a tenth delivered twice leaves the recording as it was."""
    path = next(f["path"] for f in FILES if f["path"].endswith(f"{SPOT_CAPTURE}.{kind}.parquet"))
    (recorded,) = reading_of(path)
    faulted = fault_reading(recorded, FaultPlan(duplicates=Deliveries(share=Decimal("0.1"))), 1)
    (fault,) = faulted.done
    assert fault.recognised == fault.messages > 500
    assert all(np.array_equal(faulted.reading.columns[n], c) for n, c in recorded.columns.items())


def test_a_real_book_is_whole_again_after_a_gap() -> None:
    """A minute of depth is missing; until it ends the book stands still, and from its end on it is the recorded one."""
    path = next(f["path"] for f in FILES if f["path"].endswith(f"{SPOT_CAPTURE}.l2.parquet"))
    (recorded,) = reading_of(path)
    start = int(recorded.columns["ts"][0]) // NS_PER_SECOND * NS_PER_SECOND + 120 * NS_PER_SECOND
    stop = start + 60 * NS_PER_SECOND
    plan = FaultPlan(gap=Gap(windows=[Span(iso_utc(start), iso_utc(stop))]))
    faulted = fault_reading(recorded, plan, 1).reading
    books = {}
    for name, reading in (("recorded", recorded), ("faulted", faulted)):
        book = DepthBook()
        for moment in (start, stop, *range(stop + 1, stop + 60 * NS_PER_SECOND, 7 * NS_PER_SECOND)):
            book.apply(dict(reading.columns), int(np.searchsorted(reading.columns["ts"], moment)))
            books[name, moment] = (book.levels(1), book.levels(-1))
    assert books["faulted", start] == books["faulted", stop] == books["recorded", start]
    assert books["recorded", stop] != books["recorded", start]
    later = [m for n, m in books if n == "faulted" and m > stop]
    assert [books["faulted", m] for m in later] == [books["recorded", m] for m in later]
    assert len(later) == 9
