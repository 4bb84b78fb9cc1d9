"""The configured files into readings: instruments with their steps, captures on one clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from glob import glob
from importlib.util import find_spec
from pathlib import Path

from genesis.config import Config
from genesis.config.schema import DataConfig, InstrumentConfig
from genesis.errors import ConfigError
from genesis.feeds.files import (
    OF_PERPETUALS,
    Format,
    Reading,
    ReadOptions,
    Steps,
    align_capture,
    detect,
    infer_steps,
    joined,
    parse_policies,
    read,
    touch_of,
)
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.market import BarKind, BarSpec
from genesis.tape.stream import StreamKind

IN_PACKAGE = "package:"
_PATTERN = re.compile(r"[*?\[]")
# What shows an instrument's own price.
_PRICED = (StreamKind.QUOTES, StreamKind.TRADES, StreamKind.BARS)


def read_data(config: Config, folder: Path, listed: Mapping[str, Instrument]) -> list[Reading]:
    """Every configured file, captures on one clock. ``listed`` has, by id, the instruments an information file describes."""
    instruments = {i.id: listed.get(i.id) or _instrument(config, i.id, folder) for i in config.instruments}
    groups: dict[str, list[Reading]] = {}
    for i, data in enumerate(config.data):
        for path in data_paths(folder, data.path):
            readings = read(path, instruments[data.instrument], _options(data, f"data[{i}]"))
            groups.setdefault(f"capture {data.capture}" if data.capture else "", []).extend(readings)
    out: list[Reading] = []
    for name, readings_of in groups.items():
        out.extend(_on_one_clock(name, readings_of) if name else readings_of)
    return _with_prices(_one_a_stream(out))


def _with_prices(readings: list[Reading]) -> list[Reading]:
    """Every instrument has a price of its own: a book that stands without quotes shows its best bid and ask.

    Raises:
        ConfigError: an instrument has none, or a book of which it is not known what is best.
    """
    kinds: dict[str, set[StreamKind]] = {}
    for reading in readings:
        kinds.setdefault(reading.instrument.id, set()).add(reading.kind)
    out: list[Reading] = []
    for reading in readings:
        out.append(reading)
        found = kinds[reading.instrument.id]
        if reading.kind is StreamKind.DEPTH and StreamKind.QUOTES not in found:
            touch = touch_of(reading)
            if touch is not None:
                found.add(StreamKind.QUOTES)
                out.append(touch)
    for instrument, found in kinds.items():
        if found.isdisjoint(_PRICED):
            names = " and ".join(sorted(kind.value for kind in found))
            more = "; a book without a snapshot does not tell its best prices" if StreamKind.DEPTH in found else ""
            raise ConfigError(f"data: {instrument}: expected quotes, trades or bars, found {names} alone{more}")
    return out


def _on_one_clock(name: str, readings: list[Reading]) -> tuple[Reading, ...]:
    try:
        return align_capture(readings)
    except ValueError as error:
        words = str(error).removeprefix("capture: ")
        raise ConfigError(f"data: {name}: {words}") from None


def _one_a_stream(readings: list[Reading]) -> list[Reading]:
    """Files of one stream that follow one another are joined, where the first of them stands; others would be two truths."""
    streams: dict[str, list[Reading]] = {}
    for reading in readings:
        streams.setdefault(reading.name, []).append(reading)
    try:
        return [joined(of_stream) for of_stream in streams.values()]
    except ValueError as error:
        raise ConfigError(f"data: {error}") from None


def data_paths(folder: Path, text: str) -> list[Path]:
    """The file that ``data.path`` names, or all that fit where it is a pattern (``BTCUSDT-1h-*.csv``), by name.

    Raises:
        ConfigError: no file fits, or a package is not installed.
    """
    path = data_path(folder, text)
    if not _PATTERN.search(text) or path.exists():
        return [path]
    found = sorted(Path(name) for name in glob(str(path)))
    if not found:
        raise ConfigError(f"path {text}: expected files of this pattern, found none")
    return found


def data_path(folder: Path, text: str) -> Path:
    """Where ``data.path`` points: relative to ``folder``, or ``package:NAME/path`` inside an installed package.

    The package is found, not imported.

    Raises:
        ConfigError: the package is not installed.
    """
    if not text.startswith(IN_PACKAGE):
        return folder / text
    name, _, rest = text.removeprefix(IN_PACKAGE).partition("/")
    spec = find_spec(name) if name.isidentifier() else None
    places = spec.submodule_search_locations if spec is not None else None
    if not places:
        raise ConfigError(
            f"path {text}: expected the package {name} to be installed, found none; install it, or use a file of yours"
        )
    return Path(places[0]) / rest


def _instrument(config: Config, instrument_id: str, folder: Path) -> Instrument:
    wanted = next(i for i in config.instruments if i.id == instrument_id)
    tick, lot = wanted.tick, wanted.lot
    if tick is None or lot is None:
        steps = _inferred(config, wanted, folder)
        tick = _known("tick", steps.tick, wanted) if tick is None else tick
        lot = _known("lot", steps.lot, wanted) if lot is None else lot
    try:
        return Instrument(
            wanted.symbol,
            wanted.venue,
            wanted.base,
            wanted.quote,
            tick,
            lot,
            wanted.kind,
            wanted.min_qty,
            wanted.max_qty,
            wanted.min_notional,
            wanted.calendar,
        )
    except ValueError as error:
        raise ConfigError(f"instruments.{instrument_id}: {error}") from None


def _inferred(config: Config, wanted: InstrumentConfig, folder: Path) -> Steps:
    """The finest of what the instrument's files tell, each read as it is configured."""
    found: list[Steps] = []
    for i, data in enumerate(config.data):
        if data.instrument == wanted.id and _has_steps(data, wanted, folder):
            found.extend(infer_steps(p, _options(data, f"data[{i}]")) for p in data_paths(folder, data.path))
    ticks = [s.tick for s in found if s.tick is not None]
    lots = [s.lot for s in found if s.lot is not None]
    return Steps(min(ticks, default=None), min(lots, default=None))


def _known(name: str, step: Decimal | None, instrument: InstrumentConfig) -> Decimal:
    if step is None:
        of = {"tick": "price", "lot": "size or volume"}[name]
        raise ConfigError(
            f"instruments.{instrument.id}.{name}: expected it here, or a data file with a {of} to infer it from, found neither"
        )
    return step


def _has_steps(data: DataConfig, instrument: InstrumentConfig, folder: Path) -> bool:
    """Whether prices and sizes lie on the instrument's steps: mark prices are finer, and funding has neither."""
    if instrument.kind is not InstrumentKind.PERPETUAL:
        return True
    return (_options(data, "data").known_format or detect(data_paths(folder, data.path)[0])) not in OF_PERPETUALS


def _options(data: DataConfig, where: str) -> ReadOptions:
    formats = {f.value: f for f in Format}
    if data.format is not None and data.format not in formats:
        raise ConfigError(f"{where}.format: expected one of {', '.join(formats)}, found {data.format!r}")
    try:
        policies = parse_policies(data.policies)
    except ConfigError as error:
        raise ConfigError(f"{where}.policies: {str(error).removeprefix('policies: ')}") from None
    return ReadOptions(
        format=None if data.format is None else formats[data.format],
        policies=policies,
        interval_ns=None if data.interval is None else interval_ns(data.interval, f"{where}.interval"),
        time_format=data.time_format,
        orders=data.orders,
        columns=data.columns,
    )


def interval_ns(text: str, where: str) -> int:
    """Nanoseconds of a length of time such as ``1h``; ``where`` names the key in the error."""
    try:
        spec = BarSpec.parse(text)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None
    if spec.kind is not BarKind.TIME:
        raise ConfigError(f"{where}: expected a time such as 1h, found {text!r}")
    return spec.step
