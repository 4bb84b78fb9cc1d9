"""The demonstration on the user's own candles or trades: the same three strategies, two variants of each."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import msgspec

from genesis.clock import NS_PER_HOUR
from genesis.demo.data import DemoMarket
from genesis.errors import ConfigError
from genesis.feeds.files import Format, Reading, ReadOptions, infer_steps, read
from genesis.model.instruments import Instrument
from genesis.model.market import BarKind
from genesis.tape.stream import StreamKind

VENUE = "OWN"
_SYMBOL = re.compile(r"([A-Z0-9]{1,15})/([A-Z0-9]{1,15})")


class OwnData(msgspec.Struct, frozen=True):
    """A file and what it is of; tick and lot are inferred from it where they are not given."""

    path: Path
    symbol: str | None
    tick: Decimal | None = None
    lot: Decimal | None = None
    format: str | None = None


class OwnMarket(msgspec.Struct, frozen=True, eq=False):
    """The market of a file, and the bars that the strategies get: an hour, or the file's own where an hour is none of them."""

    market: DemoMarket
    bars: str

    def highest_price(self) -> Decimal:
        """The highest price there is, in quote for one base unit."""
        reading = self.market.readings[0]
        name = "high" if reading.kind is StreamKind.BARS else "ticks"
        return self.market.instrument.price(int(reading.columns[name].max())).value


def own_market(own: OwnData) -> OwnMarket:
    """Read the user's file.

    Raises:
        ConfigError: the symbol is missing or none, a step does not fit, or bars cannot be made of the data.
        DataError: the file cannot be read; it names file, line, field, expected and found.
    """
    base, quote = _pair(own.symbol)
    options = ReadOptions(format=_format(own.format))
    tick, lot, inferred = _steps(own, options)
    try:
        instrument = Instrument(f"{base}{quote}", VENUE, base, quote, tick, lot)
    except ValueError as error:
        raise ConfigError(f"--tick, --lot: {error}") from None
    readings = read(own.path, instrument, options)
    usable = tuple(r for r in readings if r.kind in (StreamKind.BARS, StreamKind.TRADES))
    if not usable:
        found = ", ".join(r.kind.value for r in readings)
        raise ConfigError(f"--data: {own.path}: expected candles or trades, found {found}")
    statement = (
        f"yours: {own.path.name}, {usable[0].report.format}, {sum(r.rows for r in usable):,} rows; {base}/{quote} as spot, "
        f"tick {tick}, lot {lot}{inferred}; assumed: fees of 10 bp, the profile's slippage (2 to 5 bp), no spread besides"
    )
    if not usable[0].stream().has_volume:
        statement += "; no volume is recorded, so it limits no fill"
    return OwnMarket(DemoMarket(instrument, usable, statement), _bars(usable[0]))


def _pair(symbol: str | None) -> tuple[str, str]:
    match = None if symbol is None else _SYMBOL.fullmatch(symbol.upper())
    if match is None:
        found = "none" if symbol is None else repr(symbol)
        raise ConfigError(f"--symbol: expected BASE/QUOTE such as BTC/USDT, found {found}")
    return match.group(1), match.group(2)


def _format(name: str | None) -> Format | None:
    if name is None:
        return None
    formats = {f.value: f for f in Format}
    if name not in formats:
        raise ConfigError(f"--format: expected one of {', '.join(formats)}, found {name!r}")
    return formats[name]


def _steps(own: OwnData, options: ReadOptions) -> tuple[Decimal, Decimal, str]:
    if own.tick is not None and own.lot is not None:
        return own.tick, own.lot, ""
    steps = infer_steps(own.path, options)
    return _step("tick", own.tick or steps.tick, own.path), _step("lot", own.lot or steps.lot, own.path), " (inferred)"


def _step(name: str, step: Decimal | None, path: Path) -> Decimal:
    if step is None:
        raise ConfigError(f"--{name}: expected a step, because {path} has nothing to infer it from, found none")
    return step


def _bars(reading: Reading) -> str:
    spec = reading.spec
    if spec is None or (spec.kind is BarKind.TIME and not NS_PER_HOUR % spec.step):
        return "1h"
    return str(spec)
