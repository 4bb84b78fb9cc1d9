"""``genesis``: tables for people, ``--json`` for programs, stable exit codes (docs/CLI.md)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress as Bar
from rich.table import Table

from genesis.clock import iso_utc, parse_utc
from genesis.config import inactive_keys, load_config, plain_config
from genesis.demo.data import DemoDataMissing
from genesis.demo.show import run_demo
from genesis.errors import ConfigError, DataError, GenesisError, IntegrityError, StorageError, StrategyError
from genesis.storage.sqlite import StoreReader
from genesis.system import project, reporting
from genesis.system.run import prepare, run_config
from genesis.system.strategies import BUILT_IN

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
Json = Annotated[bool, typer.Option("--json", help="print JSON for a program")]
ConfigPath = Annotated[Path, typer.Argument(help="a YAML configuration")]
StorePath = Annotated[Path, typer.Argument(help="a run's store")]
TrackName = Annotated[str | None, typer.Option("--track", help="one track only")]


class ExitCode(IntEnum):
    """What the process ends with."""

    OK = 0
    UNEXPECTED = 1
    CONFIG = 2
    DATA = 3
    STORAGE = 4
    INTEGRITY = 5
    DEMO_DATA_MISSING = 6
    INTERRUPTED = 130


_CODES: tuple[tuple[type[GenesisError], ExitCode], ...] = (
    (DemoDataMissing, ExitCode.DEMO_DATA_MISSING),
    (ConfigError, ExitCode.CONFIG),
    (StrategyError, ExitCode.CONFIG),
    (DataError, ExitCode.DATA),
    (StorageError, ExitCode.STORAGE),
    (IntegrityError, ExitCode.INTEGRITY),
)


@app.command()
def run(
    config: ConfigPath,
    until: Annotated[str | None, typer.Option(help="stop before this UTC time; a later run goes on")] = None,
    as_json: Json = False,
) -> None:
    """Run the strategies of a configuration over its recorded data."""
    loaded = load_config(config, os.environ)
    if not as_json:
        Console(stderr=True).print(f"no effect yet: {', '.join(inactive_keys())}")
    try:
        until_ns = None if until is None else parse_utc(until)
    except ValueError as error:
        raise ConfigError(f"--until: {error}") from None
    with Bar(console=Console(stderr=True), disable=as_json) as bar:
        task = bar.add_task("running", total=None)
        summary = run_config(
            loaded,
            config.parent,
            until_ns,
            lambda p: bar.update(
                task, description=f"{iso_utc(p.closed_before)[:16]}  {p.rows:,} rows  {p.entries:,} entries"
            ),
        )
    _print(msgspec.to_builtins(summary), as_json)
    if not as_json:
        _status(config.parent / loaded.run.store, False)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="where stores and reports go")] = Path("demo-output"), as_json: Json = False
) -> None:
    """Run the built-in strategies on recorded market data: no key, no account, no network."""
    console = Console(stderr=True)
    with Bar(console=console, disable=as_json) as bar:
        tasks: dict[str, Any] = {}

        def progress(name: str, p: Any) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=None)
            bar.update(tasks[name], description=f"{name}: {p.rows:,} rows, {p.entries:,} entries")

        results = run_demo(out, progress)
    if as_json:
        _print(
            [
                {"name": n, "statement": s, "store": str(d), "report": str(r), **msgspec.to_builtins(x)}
                for n, s, d, r, x in results
            ],
            True,
        )
        return
    for name, statement, store, report, _ in results:
        Console().print(f"\n[bold]{name}[/]: {statement}")
        _status(store, False)
        Console().print(f"report: {report}")


@app.command()
def status(store: StorePath, as_json: Json = False) -> None:
    """The latest metrics of every track, and the chain's head."""
    _status(store, as_json)


@app.command()
def orders(store: StorePath, track: TrackName = None, as_json: Json = False) -> None:
    """Every order and how it stands."""
    _rows(StoreReader(store).rows("orders", track), as_json)


@app.command()
def fills(store: StorePath, track: TrackName = None, as_json: Json = False) -> None:
    """Every fill."""
    _rows(StoreReader(store).rows("fills", track), as_json)


@app.command()
def trades(store: StorePath, track: TrackName = None, as_json: Json = False) -> None:
    """Every closed trade."""
    _rows(StoreReader(store).rows("trades", track), as_json)


@app.command()
def report(store: StorePath, out: Annotated[Path, typer.Option(help="the HTML file")] = Path("report.html")) -> None:
    """Write the HTML report of a run."""
    typer.echo(str(reporting.write_report(store, out)))


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="where the files go")] = Path()) -> None:
    """Write a commented configuration and a sample strategy."""
    for path in project.init_project(folder):
        typer.echo(str(path))


@app.command()
def export(
    store: StorePath,
    table: Annotated[str, typer.Argument(help="orders, fills, trades, samples or denials")],
    out: Annotated[Path, typer.Option(help="the file to write")],
    form: Annotated[str, typer.Option("--format", help="csv or json")] = "csv",
) -> None:
    """Write one table as CSV or JSON."""
    typer.echo(f"{project.export(store, table, form, out)} rows")


@app.command()
def verify(store: StorePath, as_json: Json = False) -> None:
    """Check both chains; every finding is named."""
    reader = StoreReader(store)
    findings = reader.verify()
    length, head = reader.head()
    _print({"entries": length, "head": head, "findings": msgspec.to_builtins(findings)}, as_json)
    if findings:
        raise IntegrityError(f"{store}: {len(findings)} findings")


@app.command()
def strategies(as_json: Json = False) -> None:
    """The built-in strategies and their parameters."""
    rows = [
        {
            "name": name,
            "what": (cls.__doc__ or "").split("\n")[0],
            "params": ", ".join(f"{f.name}={f.default}" for f in msgspec.structs.fields(cls.Params)),
        }
        for name, cls in BUILT_IN.items()
    ]
    _rows(rows, as_json)


@app.command()
def show_config(config: ConfigPath, as_json: Json = False) -> None:
    """The configuration as resolved."""
    loaded = load_config(config, os.environ)
    typer.echo(
        json.dumps({"config": plain_config(loaded), "no_effect_yet": inactive_keys()}, indent=None if as_json else 2)
    )


@app.command()
def check_config(config: ConfigPath, as_json: Json = False) -> None:
    """Load the configuration, read its data and build its tracks, without running."""
    prepared = prepare(load_config(config, os.environ), config.parent)
    rows = [
        {
            "stream": s.name,
            "rows": s.recorded,
            "format": r.report.format,
            "gaps": len(r.report.gaps),
            "repaired": sum(x.count for x in r.report.repairs),
        }
        for r, s in zip(prepared.readings, prepared.streams, strict=True)
    ]
    _rows([*rows, *({"track": t.name, "tier": t.gate.tier.name} for t in prepared.tracks)], as_json)


def _status(store: Path, as_json: bool) -> None:
    reader = StoreReader(store)
    length, head = reader.head()
    found = [(name, reporting.latest(reader, name)) for name in reporting.track_names(reader)]
    if as_json:
        tracks = {n: None if s is None else {"time": s[0], **s[1]} for n, s in found}
        _print({"entries": length, "head": head, "tracks": tracks}, True)
        return
    table = Table(
        *_HEADINGS,
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        title=f"paper, net of fees; {length} entries, head {head[:16]}",
    )
    for name, sample in found:
        table.add_row(name, *(["no sample yet"] if sample is None else _summary(sample[1])))
    Console().print(table)


_HEADINGS = ("track", "equity", "return", "max dd", "Sharpe (se)", "bars", "trades", "won", "fees")


def _summary(metrics: Mapping[str, Any]) -> list[str]:
    """One row: undefined is a dash; the Sharpe ratio is never shown without its standard error and sample."""
    sharpe = "—" if metrics["sharpe"] is None else f"{metrics['sharpe']:.2f} ({metrics['sharpe_stderr']:.2f})"
    won = "—" if metrics["win_rate"] is None else f"{metrics['win_rate']:.0%}"
    fraction = [f"{metrics[k]:.2%}" for k in ("total_return", "drawdown_max")]
    money = [f"{metrics[k].partition('.')[0]}.{metrics[k].partition('.')[2][:2]}" for k in ("equity", "fees")]
    return [money[0], *fraction, sharpe, str(metrics["evidence_bars"]), str(metrics["trades"]), won, money[1]]


def _rows(rows: Iterable[Mapping[str, Any]], as_json: bool) -> None:
    listed = list(rows)
    if as_json:
        _print(listed, True)
        return
    names = list(dict.fromkeys(k for row in listed for k in row))
    table = Table(*names)
    for row in listed:
        table.add_row(*("" if row.get(n) is None else _cell(n, row[n]) for n in names))
    Console().print(table if listed else "nothing yet")


def _cell(name: str, value: Any) -> str:
    return iso_utc(value) if name.startswith("time") and isinstance(value, int) else str(value)


def _print(value: Any, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(value))
    else:
        Console().print(value)


def main() -> None:
    """Entry point: an error is one line on stderr and an exit code, never a traceback for what is expected."""
    as_json = "--json" in sys.argv
    try:
        app(standalone_mode=True)
    except GenesisError as error:
        code = next((c for kind, c in _CODES if isinstance(error, kind)), ExitCode.UNEXPECTED)
        text = json.dumps({"error": str(error), "exit_code": int(code)}) if as_json else f"genesis: {error}"
        print(text, file=sys.stderr)
        sys.exit(code)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
