"""Where a recording has a book and no quotes, the best bid and ask are made of the book."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest

from genesis.config import load_config
from genesis.errors import ConfigError
from genesis.feeds.files import ReadOptions, align_capture, read, touch_of
from genesis.feeds.files.books import INCOMPLETE
from genesis.feeds.files.reading import Reading
from genesis.model.instruments import Instrument
from genesis.system.run import prepare
from genesis.tape.stream import StreamKind
from tests.kit.recordings import reading, rows_of

MESSAGES = (
    # ts, seq, snapshot, side, ticks, lots
    (10, 1, 1, 1, 9_999, 5),
    (10, 1, 1, 1, 9_998, 7),
    (10, 1, 1, -1, 10_001, 4),
    (20, 2, 0, 1, 9_990, 9),  # behind the touch
    (30, 3, 0, -1, 10_001, 0),  # nobody asks any more
    (40, 4, 0, -1, 10_003, 2),
    (40, 4, 0, 1, 10_000, 1),
    (40, 5, 0, 1, 10_000, 3),  # the next message of the moment
    (50, 6, 0, 1, 10_004, 1),  # crossed
    (60, 7, 1, 1, 9_000, 1),  # a snapshot replaces all
    (60, 7, 1, -1, 9_100, 2),
)
NAMES = ("ts", "seq", "snapshot", "side", "ticks", "lots")


def depth(messages: tuple[tuple[int, ...], ...] = MESSAGES) -> Reading:
    """A book's reading."""
    return reading(StreamKind.DEPTH, messages, NAMES)


def test_a_quote_follows_each_message_that_moved_the_touch() -> None:
    """With price and size of both sides, at the moment of the message and next to its rows; none while a side is empty or the book crossed."""
    touch = touch_of(depth())
    assert touch is not None
    assert rows_of(touch, "ts", "seq", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots") == [
        (10, 2, 9_999, 5, 10_001, 4),
        (40, 5, 10_000, 1, 10_003, 2),
        (40, 6, 10_000, 3, 10_003, 2),
        (60, 8, 9_000, 1, 9_100, 2),
    ]
    assert (touch.kind, touch.instrument, touch.report.rows_kept) == (StreamKind.QUOTES, depth().instrument, 4)


def test_a_book_that_is_not_whole_has_no_touch() -> None:
    """Without a snapshot only levels that changed are known; and one that never has two sides shows no price."""
    whole = depth()
    report = msgspec.structs.replace(whole.report, facts={INCOMPLETE: "incomplete"})
    assert touch_of(msgspec.structs.replace(whole, report=report)) is None
    assert touch_of(depth(MESSAGES[:2])) is None


@pytest.mark.parametrize("market", ["spot", "usdm"])
def test_the_touch_of_a_recorded_book_is_the_recorded_touch(market: str, market_data) -> None:  # type: ignore[no-untyped-def]
    """At 99 of 100 messages bid and ask are those that the exchange itself quoted last by then; the two streams of it are not of one moment."""
    name = f"binance-{market}_BTCUSDT_20240808T2354"
    tick, lot = {"spot": ("0.01", "0.00000001"), "usdm": ("0.1", "0.001")}[market]
    instrument = Instrument("BTCUSDT", "BINANCE", "BTC", "USDT", Decimal(tick), Decimal(lot))
    files = [market_data(f"{kind}/{name}.{kind}.parquet") for kind in ("l2", "l1")]
    book, quoted = align_capture([r for f in files for r in read(f, instrument, ReadOptions())])
    touch = touch_of(book)
    assert touch is not None
    then = np.searchsorted(quoted.columns["ts"], touch.columns["ts"], "right") - 1
    for side in ("bid_ticks", "ask_ticks"):
        same = quoted.columns[side][then] == touch.columns[side]
        assert same[then >= 0].mean() > 0.99


CONFIG = """
run: {{name: book}}
instruments: [{{symbol: BTCUSDT, venue: BINANCE, base: BTC, quote: USDT, tick: 0.01, lot: 0.00000001}}]
data: [{{instrument: BTCUSDT.BINANCE, path: "{path}"}}]
strategies: [{{name: taker, strategy: imbalance_taker, instruments: [BTCUSDT.BINANCE], budget: 10000}}]
"""


def configured(folder: Path, path: Path) -> Path:
    """A configuration of one strategy on one file."""
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(path=path))
    return config


def test_a_book_alone_is_enough_to_trade_on(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """A run of a depth file and nothing else has its quotes on the tape beside it."""
    path = configured(tmp_path, market_data("l2/binance-spot_BTCUSDT_20240808T2354.l2.parquet"))
    streams = prepare(load_config(path), tmp_path).streams
    assert [s.name for s in streams] == ["BTCUSDT.BINANCE/depth", "BTCUSDT.BINANCE/quotes"]


def test_a_book_without_a_snapshot_alone_is_refused(tmp_path: Path) -> None:
    """Nothing says what is best in it: the refusal names instrument, what was expected and what was found."""
    rows = ["ts_ns,is_snapshot,first_id,final_id,side,price_e8,qty_e8"]
    rows += [f"{10**18 + n},false,{n},{n},{'bid' if n % 2 else 'ask'},{10**11 + n * 10**6},100" for n in range(4)]
    file = tmp_path / "diffs.csv"
    file.write_text("\n".join(rows))
    path = configured(tmp_path, file)
    with pytest.raises(ConfigError) as error:
        prepare(load_config(path), tmp_path)
    assert str(error.value) == (
        "data: BTCUSDT.BINANCE: expected quotes, trades or bars, found depth alone; a book without a snapshot does not tell its best prices"
    )
