"""Commands that take a configuration or market data: run, demo, check-config, show-config."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, redirect_stdout
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from genesis.cli.app import ConfigPath, Form, Json, Level, app, instant, set_up_logging
from genesis.cli.exits import code_of_signal
from genesis.cli.output import print_json, print_plain, print_table, progress_bar, say
from genesis.cli.status import show_status
from genesis.clock import iso_utc
from genesis.config import (
    Config,
    built_in_plans,
    built_in_plans_yaml,
    config_yaml,
    inactive_keys,
    load_config,
    plain_config,
    secrets_of,
)
from genesis.demo.own import OwnData
from genesis.demo.show import Shown, own_parts, recorded_parts, run_demo
from genesis.demo.tale import Told, refused, tale
from genesis.engine.engine import Progress
from genesis.errors import ConfigError, StrategyError
from genesis.model.grid import parse_decimal
from genesis.storage.address import store_address
from genesis.system.account_trials import ledger_of, tried_elsewhere
from genesis.system.log import conceal
from genesis.system.prepared import Prepared
from genesis.system.run import WaitingOrder, prepare, run_config

_WAITING_SHOWN = 20


@app.command()
def run(
    config: ConfigPath,
    until: Annotated[str | None, typer.Option(help="stop before this UTC time; a later run goes on")] = None,
    faults: Annotated[
        str | None, typer.Option(help="a fault plan under which every strategy without one of its own runs once more")
    ] = None,
    from_start: Annotated[
        bool,
        typer.Option(
            "--from-start",
            help="load no snapshot: run again from the tape's start, and compare every entry and the state of every snapshot",
        ),
    ] = False,
    as_json: Json = False,
    log_level: Level = None,
    log_format: Form = None,
) -> None:
    """Run the strategies of a configuration over its recorded data."""
    set_up_logging(as_json, log_level, log_format)
    loaded = _load(config, {} if faults is None else {"run.faults": faults})
    until_ns = instant("--until", until)
    with progress_bar(as_json) as bar, _strategies_on_stderr():
        task = bar.add_task("reading the data", total=None)

        def progress(p: Progress) -> None:
            bar.update(task, description=f"{iso_utc(p.closed_before)[:16]}  {p.rows:,} rows  {p.entries:,} entries")

        summary = run_config(loaded, config.parent, until_ns, progress, from_start)
    if as_json:
        print_json(msgspec.to_builtins(summary))
    else:
        show_status(store_address(loaded.run.store, config.parent))
        _show_waiting(summary.waiting)
    raise typer.Exit(code_of_signal(summary.stopped_by))


def _show_waiting(orders: Sequence[WaitingOrder]) -> None:
    if orders:
        say("open orders, and why they wait:")
        print_table(msgspec.to_builtins(orders[:_WAITING_SHOWN]))
    if len(orders) > _WAITING_SHOWN:
        say(f"and {len(orders) - _WAITING_SHOWN} more; --json tells all of them")


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="where stores and reports go")] = Path("demo-output"),
    data: Annotated[Path | None, typer.Option(help="your own candles or trades, in any format of docs/DATA.md")] = None,
    symbol: Annotated[str | None, typer.Option(help="with --data: BASE/QUOTE, such as BTC/USDT")] = None,
    tick: Annotated[str | None, typer.Option(help="with --data: price step; inferred where left out")] = None,
    lot: Annotated[str | None, typer.Option(help="with --data: size step; inferred where left out")] = None,
    data_format: Annotated[
        str | None, typer.Option("--format", help="with --data: the format, where it cannot be told")
    ] = None,
    as_json: Json = False,
    log_level: Level = None,
    log_format: Form = None,
) -> None:
    """Run the built-in strategies on recorded market data, and show the life of a planted edge on the ladder: no key, no account, no network."""
    set_up_logging(as_json, log_level, log_format)
    if data is None:
        for name, value in (("--symbol", symbol), ("--tick", tick), ("--lot", lot), ("--format", data_format)):
            if value is not None:
                raise ConfigError(f"{name}: expected --data with it, found none")
        parts = recorded_parts()
    else:
        parts = own_parts(OwnData(data, symbol, _step("--tick", tick), _step("--lot", lot), data_format))
    with progress_bar(as_json) as bar:
        tasks: dict[str, Any] = {}

        def progress(name: str, p: Progress) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=None)
            bar.update(tasks[name], description=f"{name}: {p.rows:,} rows, {p.entries:,} entries")

        shown = run_demo(parts, out, progress)
    stopped_by = next((s.summary.stopped_by for s in shown if s.summary.stopped_by), None)
    if as_json:
        print_json([{**msgspec.to_builtins(s.summary), **_place(s)} for s in shown])
    else:
        for part in shown:
            _show(part)
        _tell([line for part in shown for line in _told(part)])
    raise typer.Exit(code_of_signal(stopped_by))


def _show(part: Shown) -> None:
    say(f"\n{part.name}: {part.statement}")
    if part.planted is None or part.summary.stopped_by is not None:
        show_status(part.store)
        none = refused(part.store)
        if none:
            say("without capital, and why, as found on the day:")
            print_table(msgspec.to_builtins(none))
    if part.summary.stopped_by is None:
        say(f"report: {part.report}")


def _told(part: Shown) -> list[Told]:
    return [] if part.planted is None or part.summary.stopped_by else tale(part.planted, part.store)


def _tell(lines: Sequence[Told]) -> None:
    """The life of the planted edge, under one profile after the other."""
    if not lines:
        return
    say(
        "\nthe life of a strategy on the capital ladder; every version here is synthetic and proves nothing but how the ladder works:"
    )
    print_table(msgspec.to_builtins(lines))


def _place(part: Shown) -> dict[str, object]:
    report = None if part.summary.stopped_by else str(part.report)
    place: dict[str, object] = {
        "name": part.name,
        "statement": part.statement,
        "store": str(part.store),
        "report": report,
    }
    return place if part.planted is None else {**place, "life": msgspec.to_builtins(_told(part))}


@app.command()
def check_config(config: ConfigPath, as_json: Json = False, log_level: Level = None, log_format: Form = None) -> None:
    """Load the configuration, read its data, build its tracks and start each strategy, without running."""
    set_up_logging(as_json, log_level, log_format)
    loaded = _load(config)
    with _strategies_on_stderr():
        prepared = prepare(loaded, config.parent)
        failed = prepared.started_badly()
    streams, tracks = _streams(prepared), _tracks(prepared, failed)
    trials = ledger_of(loaded, config.parent)
    elsewhere = tried_elsewhere(prepared, store_address(loaded.run.store, config.parent), trials)
    if as_json:
        facts = {"config": prepared.digest, "no_effect": inactive_keys(), "tried_elsewhere": len(elsewhere.tried)}
        print_json({**facts, "streams": streams, "tracks": tracks})
    else:
        print_table(streams)
        print_table([{**t, "faults": t["faults"] or "none", "on_start": t["on_start"] or "ok"} for t in tracks])
        say(f"no effect yet: {', '.join(inactive_keys())}")
        if elsewhere.tried:
            say(f"tried before: {elsewhere.words} ({trials.path}); evidence is adjusted for them too")
    if failed:
        raise StrategyError("; ".join(f"strategies.{name}: on_start: {error}" for name, error in failed.items()))


def _streams(prepared: Prepared) -> list[dict[str, object]]:
    return [
        {
            "stream": s.name,
            "rows": s.recorded,
            "format": r.report.format,
            "gaps": len(r.report.gaps),
            "repaired": sum(x.count for x in r.report.repairs),
            "tick": str(s.instrument.tick),
            "lot": str(s.instrument.lot),
        }
        for r, s in zip(prepared.readings, prepared.streams, strict=True)
    ]


def _tracks(prepared: Prepared, failed: Mapping[str, str]) -> list[dict[str, object]]:
    plans = prepared.plans
    return [
        {
            "track": t.name,
            "tier": t.gate.tier.name,
            "order_max": str(t.gate.tier.order_max),
            "gross_exposure_max": str(t.gate.tier.gross_exposure_max),
            "faults": plans.get(t.name),
            "on_start": failed.get(t.name),
        }
        for t in prepared.tracks
    ]


@app.command()
def show_config(config: ConfigPath, as_json: Json = False) -> None:
    """The configuration as resolved: defaults, file and environment; secrets are masked."""
    loaded = _load(config)
    if as_json:
        plans = built_in_plans()
        print_json({"built_in_fault_plans": plans, "config": plain_config(loaded), "no_effect": inactive_keys()})
        return
    print_plain(config_yaml(loaded).rstrip())
    print_plain("# built-in fault plans:")
    print_plain("\n".join(f"#   {line}" for line in built_in_plans_yaml().splitlines()))
    print_plain(f"# no effect yet: {', '.join(inactive_keys())}")


def _strategies_on_stderr() -> AbstractContextManager[object]:
    """What a strategy prints is no part of what the command answers."""
    return redirect_stdout(sys.stderr)


def _load(path: Path, overrides: Mapping[str, object] | None = None) -> Config:
    loaded = load_config(path, os.environ, overrides)
    conceal(secrets_of(loaded))
    return loaded


def _step(name: str, text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        step = parse_decimal(text)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None
    if not step > 0:
        raise ConfigError(f"{name}: expected above 0, found {text}")
    return step
