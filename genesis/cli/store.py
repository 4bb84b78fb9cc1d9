"""Commands that ask a store; it may be at work meanwhile, and is never changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from genesis.cli.app import Force, Json, StorePath, TrackName, app
from genesis.cli.output import print_cells, print_json, print_table, say
from genesis.clock import SystemClock, iso_utc
from genesis.errors import ConfigError
from genesis.storage.address import StoreAddress
from genesis.storage.rows import RefusedRow, SampleRow, StopRow, StoreStatus
from genesis.storage.sqlite import StoreReader
from genesis.system import backup as copies
from genesis.system import reporting, versions
from genesis.system.export import TABLES, ExportFormat, write_whole
from genesis.system.export import export as export_table
from genesis.system.gatekeeper import criteria_of, decided_last

_HEADINGS = (
    "track",
    "equity",
    "return",
    "max dd",
    "Sharpe (se)",
    "bars",
    "trades",
    "won",
    "fees",
    "criteria",
    "realistic",
    "stage",
)
_LIVE_HEADINGS = ("track", "equity", "return", "max dd", "Sharpe (se)", "bars", "trades", "won", "fees", "role")
_ACCOUNT_HEADINGS = ("what", "now", "at most")
_FAULT_HEADINGS = ("track", "fault plan", "equity", "undisturbed", "max dd", "undisturbed", "trades", "undisturbed")
_NONE = "—"
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
def status(store: StorePath, as_json: Json = False) -> None:
    """How the run stands, the latest metrics of every track, and what live tracks use of the limits that they share."""
    if as_json:
        with StoreReader(store) as reader:
            found = reader.status()
            roles = reporting.roles(reader)
            tracks = {
                n: None if s is None else {"time": s.time, "role": roles.get(n, "paper"), **s.metrics}
                for n, s in _latest(reader).items()
            }
            stops = msgspec.to_builtins(reader.stops())
            refused = msgspec.to_builtins(reader.refused())
            changed = versions.noted(reader.operations())
            account = reporting.account(reader)
        state, words = in_words(found)
        print_json(
            {
                "entries": found.entries,
                "head": found.head,
                "state": state,
                "words": words,
                "time": found.time,
                "waiting_commands": found.waiting_commands,
                "tracks": tracks,
                "account": account,
                "stops": stops,
                "refused": refused,
                "versions_changed": changed,
            }
        )
        return
    show_status(store)


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
    with StoreReader(store) as reader:
        _known(reader, track)
        _print_rows(reader.fills(track), as_json)


@app.command()
def trades(store: StorePath, track: TrackName = None, as_json: Json = False) -> None:
    """Every closed trade."""
    with StoreReader(store) as reader:
        _known(reader, track)
        _print_rows(reader.trades(track), as_json)


@app.command()
def funding(store: StorePath, track: TrackName = None, as_json: Json = False) -> None:
    """Every settlement of a perpetual; a negative amount was paid."""
    with StoreReader(store) as reader:
        _known(reader, track)
        _print_rows(reader.funding(track), as_json)


@app.command()
def positions(store: StorePath, track: TrackName = None, as_json: Json = False) -> None:
    """What the fills of every track and instrument come to; held_qty is after the fees that were taken from what was bought."""
    with StoreReader(store) as reader:
        _known(reader, track)
        latest, roles = _latest(reader), reporting.roles(reader)
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


def show_status(store: StoreAddress) -> None:
    """The run in words, and a table of its tracks."""
    with StoreReader(store) as reader:
        found, latest, stops = reader.status(), _latest(reader), reader.stops()
        beside = reporting.besides(reader)
        plans = reporting.under_plans(reader)
        roles = reporting.roles(reader)
        stages = reporting.stages(reader)
        synthetic = {t.track for t in reader.tracks() if t.facts.get("synthetic")}
        standings = _standings(reader, latest, found.start or 0)
        changed = versions.noted(reader.operations())
        refused = _mostly_refused(reader)
        account = reporting.account(reader)
    if latest:
        rows: list[list[str]] = []
        for name, sample in latest.items():
            if name in beside.values() or name in plans or name in roles:
                continue
            other = latest.get(beside.get(name, ""))
            realistic = _percent(other.metrics.get("total_return"), 2) if other is not None else _NONE
            told = (
                ["no sample yet"]
                if sample is None
                else [*_summary(sample), standings[name], realistic, stages.get(name, _NONE)]
            )
            rows.append([_marked_synthetic(name, synthetic), *told])
        print_cells(_HEADINGS, rows, "paper, net of fees")
    if roles:
        print_cells(_LIVE_HEADINGS, _live(latest, roles, synthetic), "live (simulated venue) and twins, net of fees")
    if account is not None:
        print_cells(_ACCOUNT_HEADINGS, _account(account), "all live tracks, USD")
        say(f"the account of all live tracks as it stood at {iso_utc(account['time'])}, in tier {account['tier']}")
    for name, sample in latest.items():
        if sample is not None:
            for line in _moneys(name, sample):
                say(line)
    if plans:
        print_cells(_FAULT_HEADINGS, _disturbed(latest, plans), "under faults")
    for line in _stops_in_words(stops):
        say(line)
    for line in refused:
        say(line)
    say(in_words(found)[1])
    if changed:
        say(f"the last start found other versions ({'; '.join(changed)}): a person should look")


def _mostly_refused(reader: StoreReader) -> list[str]:
    """Of each track that risk refused more orders than it sent: it looks like one that does not trade."""
    sent, by_track = reader.sent(), defaultdict[str, list[RefusedRow]](list)
    for row in reader.refused():
        if "@" not in row.track:
            by_track[row.track].append(row)
    lines = []
    for track, rows in by_track.items():
        total, most = sum(r.count for r in rows), rows[0]
        if total > sent.get(track, 0):
            lines.append(
                f"{track}: risk refused {total:,} of its {total + sent.get(track, 0):,} orders, {most.count:,} by {most.reason}: "
                f"{most.first}; all of them: genesis orders --denied --track {track}"
            )
    return lines


def _live(latest: Mapping[str, SampleRow | None], roles: Mapping[str, str], synthetic: Set[str]) -> list[list[str]]:
    """Live tracks and their twins, in a table of their own: neither is ever added to paper. `genesis compare` sets them side by side."""
    rows: list[list[str]] = []
    for name, role in roles.items():
        sample = latest.get(name)
        told = ["no sample yet", *[""] * 7] if sample is None else _summary(sample)
        rows.append([_marked_synthetic(name, synthetic), *told, role])
    return rows


def _account(found: Mapping[str, Any]) -> list[list[str]]:
    """What of each limit that live tracks share is used."""
    orders = str(found["open_orders"]), str(found["open_orders_max"])
    most = _NONE if found["net_max"] is None else _money(found["net_max"])
    return [
        ["equity", _money(found["equity"]), _NONE],
        ["lost today", _money(found["lost"]), _money(found["lost_max"])],
        ["gross exposure", _money(found["gross"]), _money(found["gross_max"])],
        ["open orders", *orders],
        *([f"net {asset}", _money(value), most] for asset, value in found["net"].items()),
    ]


def _marked_synthetic(name: str, synthetic: Set[str]) -> str:
    return f"{name} (synthetic)" if name in synthetic else name


def _moneys(name: str, sample: SampleRow) -> list[str]:
    """Of an account of several moneys: what it is told in, the cash of each, and why it has no valuation where it has none."""
    cash = [(n.removeprefix("cash."), str(text)) for n, text in sample.metrics.items() if n.startswith("cash.")]
    if not cash:
        return []
    wallets = [(n, sample.metrics.get(f"wallet_balance.{n}")) for n, _ in cash]
    margined = ", ".join(f"{_money(str(text))} {money}" for money, text in wallets if text is not None)
    found = [f"{name}: told in {sample.currency}; cash {', '.join(f'{_money(text)} {money}' for money, text in cash)}"]
    if margined:
        found[0] += f"; margin wallets {margined}"
    error = sample.metrics.get("valuation_error")
    return found if error is None else [*found, f"{name}: no valuation at {iso_utc(sample.time)}: {error}"]


def _disturbed(latest: Mapping[str, SampleRow | None], plans: Mapping[str, tuple[str, str]]) -> list[list[str]]:
    """Every track under a fault plan beside the same strategy undisturbed."""
    rows: list[list[str]] = []
    for name, (undisturbed, plan) in plans.items():
        cells = [undisturbed, plan]
        pair = [None if s is None else s.metrics for s in (latest.get(name), latest.get(undisturbed))]
        for key in ("equity", "drawdown_max", "trades"):
            cells += [_NONE if metrics is None else _fault_cell(key, metrics) for metrics in pair]
        rows.append(cells)
    return rows


def _fault_cell(key: str, metrics: Mapping[str, Any]) -> str:
    if key == "equity":
        return _money(metrics.get(key))
    return _percent(metrics.get(key), 2) if key == "drawdown_max" else str(metrics.get(key, _NONE))


def _stops_in_words(stops: Sequence[StopRow]) -> list[str]:
    """A stopped track must not look like one that only did not trade; what stopped it again and again is one line, of the last time."""
    alike = defaultdict[tuple[str, str, str], list[StopRow]](list)
    for stop in stops:
        alike[stop.track, stop.kind, stop.reason].append(stop)
    lines = []
    for (track, kind, reason), rows in alike.items():
        last, since = rows[-1], "" if len(rows) == 1 else f"{len(rows)} times since {iso_utc(rows[0].time)}, the last "
        lines.append(f"{track}: {kind} {since}at {iso_utc(last.time)}, {reason}: {last.detail}")
    return lines


def in_words(found: StoreStatus) -> tuple[str, str]:
    """The state as a word for programs and a sentence for people."""
    last = found.last_operation
    chain = f"{found.entries} entries, head {found.head[:16]}"
    if found.time is None:
        return "empty", "no entries: nothing has run in this store yet"
    at = iso_utc(found.time)
    if found.complete:
        return "complete", f"complete: the tape ended; {chain}, the last at {at}"
    if last is None or last.kind in ("start", "recovery"):
        return "unfinished", f"unfinished: at work now, or killed; {chain}, the last at {at}; genesis run goes on"
    if last.kind == "failed":
        why = f"failed with {last.facts.get('error')}"
        return "failed", f"unfinished: {why}; {chain}, the last at {at}; genesis run goes on once the cause is gone"
    why = last.facts.get("reason", "on request")
    return "stopped", f"unfinished: stopped ({why}); {chain}, the last at {at}; genesis run goes on"


def _latest(reader: StoreReader) -> dict[str, SampleRow | None]:
    """Every track with its last sample, in the configuration's order."""
    return {t.track: reader.latest_sample(t.track) for t in reader.tracks()}


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


def _standings(reader: StoreReader, latest: Mapping[str, SampleRow | None], start_ns: int) -> dict[str, str]:
    """How each sampled track stands against the criteria that the run was started under."""
    if not latest:
        return {}
    criteria, _ = criteria_of(reader)
    decided = decided_last(reader, criteria)
    roles = reporting.roles(reader)
    return {
        name: reporting.standing(sample, start_ns, criteria, reader.warmup_bars(name), decided.get(name, ()))
        for name, sample in latest.items()
        if sample is not None and name not in roles
    }


def _summary(sample: SampleRow) -> list[str]:
    """One row: undefined is a dash; the Sharpe ratio is never shown without its standard error and sample."""
    metrics: Mapping[str, Any] = sample.metrics
    sharpe, error = metrics.get("sharpe"), metrics.get("sharpe_stderr")
    return [
        _money(metrics.get("equity")),
        _percent(metrics.get("total_return"), 2),
        _percent(metrics.get("drawdown_max"), 2),
        _NONE if sharpe is None or error is None else f"{sharpe:.2f} ({error:.2f})",
        str(metrics.get("evidence_bars", _NONE)),
        str(metrics.get("trades", _NONE)),
        _percent(metrics.get("win_rate"), 0),
        _money(metrics.get("fees")),
    ]


def _money(text: str | None) -> str:
    """Two decimals, rounded as the report rounds them."""
    return _NONE if text is None else f"{Decimal(text):.2f}"


def _percent(value: float | None, digits: int) -> str:
    return _NONE if value is None else f"{value:.{digits}%}"


def _print_rows(rows: Sequence[msgspec.Struct], as_json: bool) -> None:
    plain = msgspec.to_builtins(rows)
    if as_json:
        print_json(plain)
    else:
        print_table(plain)
