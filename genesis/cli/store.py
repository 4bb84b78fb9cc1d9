"""Commands that ask a store; it may be at work meanwhile, and is never changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from genesis.cli.app import Force, Json, StorePath, TrackName, app
from genesis.cli.output import print_json, print_table, say
from genesis.clock import SystemClock
from genesis.errors import ConfigError
from genesis.storage.address import StoreAddress
from genesis.storage.rows import SampleRow
from genesis.storage.sqlite import StoreReader
from genesis.system import backup as copies
from genesis.system import reporting, run_standing, track_kinds
from genesis.system.export import TABLES, ExportFormat, write_whole
from genesis.system.export import export as export_table

_ORDER_COLUMNS = (
    "time_submitted",
    "track",
    "client_order_id",
    "instrument",
    "side",
    "type",
    "qty",
    "limit_px",
    "trigger_px",
    "status",
    "filled_qty",
    "avg_fill_px",
    "reason",
)


@app.command()
def orders(
    store: StorePath,
    track: TrackName = None,
    open_only: Annotated[bool, typer.Option("--open", help="only those that may still fill")] = False,
    denied: Annotated[bool, typer.Option("--denied", help="those that risk refused, which were never sent")] = False,
    as_json: Json = False,
) -> None:
    """Every order and how it stands."""
    if open_only and denied:
        raise ConfigError("--open, --denied: expected one of them, found both: a refused order is never open")
    with StoreReader(store) as reader:
        _known(reader, track)
        rows: Sequence[Any] = reader.denials(track) if denied else reader.orders(track, open_only)
        refused = 0 if denied else len(reader.denials(track))
    if as_json:
        print_json(msgspec.to_builtins(rows))
        return
    print_table(msgspec.to_builtins(rows), () if denied else _ORDER_COLUMNS, "none")
    if refused:
        say(f"besides, risk refused {refused}; --denied shows them")


@app.command()
def fills(store: StorePath, track: TrackName = None, as_json: Json = False) -> None:
    """Every fill."""
    _print_rows(store, StoreReader.fills, track, as_json)


@app.command()
def trades(store: StorePath, track: TrackName = None, as_json: Json = False) -> None:
    """Every closed trade."""
    _print_rows(store, StoreReader.trades, track, as_json)


@app.command()
def funding(store: StorePath, track: TrackName = None, as_json: Json = False) -> None:
    """Every settlement of a perpetual; a negative amount was paid."""
    _print_rows(store, StoreReader.funding, track, as_json)


@app.command()
def positions(store: StorePath, track: TrackName = None, as_json: Json = False) -> None:
    """What the fills of every track and instrument come to; held_qty is after the fees that were taken from what was bought."""
    with StoreReader(store) as reader:
        _known(reader, track)
        latest, roles = run_standing.latest_samples(reader), track_kinds.roles(reader)
        rows = [
            {
                "track": p.track,
                "role": roles.get(p.track, "paper"),
                **msgspec.to_builtins(p),
                **_marked(latest.get(p.track)),
            }
            for p in reader.positions(track)
        ]
    if as_json:
        print_json(rows)
        return
    print_table(rows, nothing="no position: nothing was filled")


@app.command()
def report(
    store: StorePath,
    out: Annotated[Path, typer.Option(help="the HTML file")] = Path("report.html"),
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write the HTML report of a run."""
    write_whole(out, force, lambda part: reporting.write_report(store, part))
    if as_json:
        print_json({"file": str(out)})
    else:
        say(str(out))


@app.command()
def export(
    store: StorePath,
    table: Annotated[str, typer.Argument(help=", ".join(TABLES))],
    out: Annotated[Path, typer.Option(help="the file to write")],
    form: Annotated[ExportFormat, typer.Option("--format", help="what the file is")] = ExportFormat.CSV,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Write one table as CSV, JSON or Parquet; ``entries`` is what a third party verifies."""
    written = export_table(store, table, form, out, force)
    if as_json:
        print_json(msgspec.to_builtins(written))
    else:
        say(f"{written.rows} rows in {written.file}")


@app.command()
def backup(
    store: StorePath,
    out: Annotated[Path, typer.Option(help="the file to write; never one that is there")],
    as_json: Json = False,
) -> None:
    """Copy a store, also while a run writes it; the copy is verified."""
    _say_copied(copies.back_up(store, out, SystemClock()), as_json)


@app.command()
def restore(
    backup: Annotated[Path, typer.Argument(help="a file that genesis backup wrote")],
    store: Annotated[Path, typer.Argument(help="the store to make of it; never one that is there")],
    as_json: Json = False,
) -> None:
    """Make a store of a backup, verified; a run goes on from it."""
    _say_copied(copies.restore(backup, store, SystemClock()), as_json)


def _say_copied(copied: copies.Copied, as_json: bool) -> None:
    if as_json:
        print_json(msgspec.to_builtins(copied))
    else:
        say(f"{copied.file}: both chains verified, {copied.entries} entries, head {copied.head}")


def _known(reader: StoreReader, track: str | None) -> None:
    names = [t.track for t in reader.tracks()]
    if track is not None and track not in names:
        raise ConfigError(f"--track: expected one of {', '.join(names) or 'none, the store is empty'}, found {track}")


def _marked(sample: SampleRow | None) -> dict[str, object]:
    if sample is None:
        return {"track_equity": None, "track_gross_exposure": None, "time_sampled": None}
    return {
        "track_equity": sample.metrics.get("equity"),
        "track_gross_exposure": sample.metrics.get("gross_exposure"),
        "time_sampled": sample.time,
    }


def _print_rows(
    store: StoreAddress,
    asked: Callable[[StoreReader, str | None], Sequence[msgspec.Struct]],
    track: str | None,
    as_json: bool,
) -> None:
    with StoreReader(store) as reader:
        _known(reader, track)
        plain = msgspec.to_builtins(asked(reader, track))
    if as_json:
        print_json(plain)
    else:
        print_table(plain)
