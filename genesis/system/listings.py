"""Configured instruments described by an exchange's information file: one truth for tick, lot and minima, and the exchange's rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import msgspec

from genesis.config import Config
from genesis.config.schema import InstrumentConfig
from genesis.errors import ConfigError, DataError
from genesis.feeds.files.exchange_info import ExchangeInfo, Listing, read_exchange_info
from genesis.model.grid import plain
from genesis.model.instruments import Instrument
from genesis.model.rules import ExchangeRules
from genesis.system.data import data_path


def read_listings(config: Config, folder: Path) -> dict[str, Listing]:
    """What information files say of the configured instruments, by id; each file is read once.

    Raises:
        ConfigError: the file lacks or refuses the symbol, or says other than the configuration (both are named).
        DataError: a file cannot be read.
    """
    files: dict[tuple[Path, str], ExchangeInfo] = {}
    out: dict[str, Listing] = {}
    for wanted in config.instruments:
        if wanted.exchange_info is None:
            continue
        key = data_path(folder, wanted.exchange_info), wanted.venue
        if key not in files:
            files[key] = read_exchange_info(*key)
        out[wanted.id] = _listing(wanted, files[key])
    return out


def rules_digest(rules: ExchangeRules) -> str:
    """SHA-256 of one symbol's rules: a run under other rules is another run."""
    return hashlib.sha256(msgspec.json.encode(rules)).hexdigest()


def _listing(wanted: InstrumentConfig, info: ExchangeInfo) -> Listing:
    where = f"instruments.{wanted.id}"
    try:
        listing = info.listing(wanted.symbol)
    except DataError as error:
        raise ConfigError(f"{where}.exchange_info: {error}") from None
    for name, said, found in _differences(wanted, listing.instrument):
        raise ConfigError(f"{where}.{name}: expected {found} as in {wanted.exchange_info}, found {said}")
    return msgspec.structs.replace(listing, instrument=replace(listing.instrument, calendar=wanted.calendar))


def _differences(wanted: InstrumentConfig, listed: Instrument) -> Iterator[tuple[str, str, str]]:
    """(key, what the configuration says, what the file says) wherever the configuration says something else."""
    for name in ("base", "quote", "kind"):
        said, found = getattr(wanted, name), getattr(listed, name)
        if said != found:
            yield name, getattr(said, "value", said), getattr(found, "value", found)
    for name, absent in (("tick", None), ("lot", None), ("min_qty", 0), ("max_qty", None), ("min_notional", 0)):
        amount: Decimal | None = getattr(wanted, name)
        listed_amount: Decimal | None = getattr(listed, name)
        if amount != absent and amount is not None and amount != listed_amount:
            yield name, plain(amount), "none" if listed_amount is None else plain(listed_amount)
