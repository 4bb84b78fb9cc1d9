"""How a file is to be read where the file itself does not say."""

from __future__ import annotations

from enum import Enum

import msgspec

from genesis.feeds.files.formats import Format, OhlcvColumns
from genesis.feeds.files.policies import Policies


class QuoteBarsAs(Enum):
    """What a quote bar becomes: the quote at its close, or a bar of its bid or ask prices (whose volume is then 0)."""

    QUOTES = "quotes"
    BID = "bid"
    ASK = "ask"


class ReadOptions(msgspec.Struct, frozen=True):
    """Everything has a default; ``None`` means that the file tells.

    ``interval_ns`` is the length of a bar. ``time_format`` is ``s``, ``ms``, ``us``, ``ns``, ``iso`` or a strptime
    format, for plain OHLCV. ``snapshot_rows`` and ``trailing_rows`` are the rows of an order file that only put in the
    opening book, and those at the end that only empty it. ``orders`` puts the orders of an order file on the tape too, beside
    the depth and quotes made from them.
    """

    format: Format | None = None
    policies: Policies = {}
    interval_ns: int | None = None
    columns: OhlcvColumns | None = None
    time_format: str | None = None
    quotebars: QuoteBarsAs = QuoteBarsAs.QUOTES
    snapshot_rows: int | None = None
    trailing_rows: int | None = None
    orders: bool = False

    @property
    def known_format(self) -> Format | None:
        """The format that was named; naming columns names plain OHLCV."""
        return Format.OHLCV if self.format is None and self.columns is not None else self.format
