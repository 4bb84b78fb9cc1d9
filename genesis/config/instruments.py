"""The configuration of what is traded, and of the files in which it is recorded."""

from __future__ import annotations

from decimal import Decimal

from genesis.config.section import Section, check_word
from genesis.execution.perpetual_terms import PerpetualTerms
from genesis.execution.profile import FeeSchedule
from genesis.feeds.files.formats import OhlcvColumns
from genesis.model.instruments import Calendar, InstrumentKind


class InstrumentConfig(Section, frozen=True):
    """One instrument. ``tick`` and ``lot`` may be left out: they are then inferred from the data, and reported.

    ``exchange_info`` is an exchange's information file (docs/DATA.md): tick, lot, minima and the exchange's rules come from it.
    ``perpetual`` are the terms of a perpetual, and of nothing else.
    """

    symbol: str
    venue: str
    base: str
    quote: str
    tick: Decimal | None = None
    lot: Decimal | None = None
    kind: InstrumentKind = InstrumentKind.SPOT
    min_qty: Decimal = Decimal(0)
    max_qty: Decimal | None = None
    min_notional: Decimal = Decimal(0)
    calendar: Calendar = Calendar.ALWAYS
    fees: FeeSchedule = FeeSchedule()
    exchange_info: str | None = None
    perpetual: PerpetualTerms | None = None

    def __post_init__(self) -> None:
        for field in ("symbol", "venue", "base", "quote"):
            check_word(field, getattr(self, field))

    @property
    def id(self) -> str:
        """``BTCUSDT.BINANCE``."""
        return f"{self.symbol}.{self.venue}"


class DataConfig(Section, frozen=True):
    """One file, or ``package:NAME/path`` inside an installed package.

    Files of one ``capture`` share a clock; ``policies`` says what is done about bad rows (default: refuse). ``orders`` keeps the
    orders of order-by-order data on the tape, beside the depth and quotes made from them. ``columns`` names the columns of plain OHLCV
    that have none of the usual names.
    """

    instrument: str
    path: str
    format: str | None = None
    interval: str | None = None
    time_format: str | None = None
    capture: str | None = None
    policies: dict[str, str] = {}
    orders: bool = False
    columns: OhlcvColumns | None = None

    @property
    def says_how_to_read(self) -> bool:
        """Whether the file alone does not tell what is read from it."""
        said = (self.format, self.interval, self.time_format, self.capture, self.columns)
        return bool(self.policies) or any(option is not None for option in said)
