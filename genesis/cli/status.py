"""``genesis status``: how a run stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from decimal import Decimal
from typing import Any

import msgspec

from genesis.cli.app import Json, StorePath, app
from genesis.cli.output import print_cells, print_json, say
from genesis.clock import iso_utc
from genesis.storage.address import StoreAddress
from genesis.storage.rows import RefusedRow, SampleRow, StopRow, StoreStatus
from genesis.storage.sqlite import StoreReader
from genesis.system import run_standing, track_kinds, versions
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


@app.command()
def status(store: StorePath, as_json: Json = False) -> None:
    """How the run stands, the latest metrics of every track, and what live tracks use of the limits that they share."""
    if as_json:
        with StoreReader(store) as reader:
            found = reader.status()
            roles = track_kinds.roles(reader)
            tracks = {
                n: None if s is None else {"time": s.time, "role": roles.get(n, "paper"), **s.metrics}
                for n, s in run_standing.latest_samples(reader).items()
            }
            stops = msgspec.to_builtins(reader.stops())
            refused = msgspec.to_builtins(reader.refused())
            changed = versions.noted(reader.operations())
            account = run_standing.account(reader)
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


def show_status(store: StoreAddress) -> None:
    """The run in words, and a table of its tracks."""
    with StoreReader(store) as reader:
        found, latest, stops = reader.status(), run_standing.latest_samples(reader), reader.stops()
        beside = track_kinds.besides(reader)
        plans = track_kinds.under_plans(reader)
        roles = track_kinds.roles(reader)
        stages = run_standing.stages(reader)
        synthetic = {t.track for t in reader.tracks() if t.facts.get("synthetic")}
        standings = _standings(reader, latest, found.start or 0)
        changed = versions.noted(reader.operations())
        refused = _mostly_refused(reader)
        account = run_standing.account(reader)
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


def _standings(reader: StoreReader, latest: Mapping[str, SampleRow | None], start_ns: int) -> dict[str, str]:
    """How each sampled track stands against the criteria that the run was started under."""
    if not latest:
        return {}
    criteria, _ = criteria_of(reader)
    decided = decided_last(reader, criteria)
    roles = track_kinds.roles(reader)
    return {
        name: run_standing.standing(sample, start_ns, criteria, reader.warmup_bars(name), decided.get(name, ()))
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
