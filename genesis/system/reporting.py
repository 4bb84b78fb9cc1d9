"""What a store says, for people: the latest metrics of every track, and the report."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from genesis.clock import iso_utc
from genesis.errors import StorageError
from genesis.monitoring.report import RunReport, TrackReport, render
from genesis.storage.sqlite import StoreReader

_UNITS = {
    "equity": "{c}, net",
    "cash": "{c}",
    "total_return": "fraction, net",
    "drawdown": "fraction of peak, now",
    "drawdown_max": "fraction of peak, maximum",
    "sharpe": "annualised, 4 h bars, net; n = {n} bars; none under 42",
    "sharpe_stderr": "standard error of the Sharpe ratio",
    "evidence_bars": "4 h bars",
    "var_95": "fraction of equity, one 4 h bar; n = {n}; none under 100",
    "var_99": "fraction of equity, one 4 h bar; n = {n}; none under 500",
    "es_95": "fraction of equity, one 4 h bar; n = {n}",
    "trades": "closed, flat to flat",
    "win_rate": "fraction of {t} trades, net",
    "profit_factor": "won over lost, {t} trades, net",
    "expectancy": "{c} a trade, {t} trades, net",
    "realized_pnl": "{c}, before fees",
    "fees": "{c} paid",
    "slippage_cost": "{c}, fill against arrival price",
    "latency_cost": "{c}, arrival against decision price",
    "turnover": "{c}, sum of notionals",
    "gross_exposure": "fraction of equity",
}


def track_names(store: StoreReader) -> list[str]:
    """Tracks of the run, in the configuration's order."""
    started = store.events("RunStarted")
    if not started:
        raise StorageError(f"{store.path}: expected a started run, found no entries")
    body: Any = started[0]["body"]
    return [t["name"] for t in body["tracks"]]


def latest(store: StoreReader, track: str) -> tuple[int, dict[str, Any]] | None:
    """(time, metrics) of a track's last sample."""
    rows = store.rows("samples", track)
    if not rows:
        return None
    last: Any = rows[-1]
    return int(last["time"]), json.loads(last["metrics"])


def write_report(store_path: Path, out: Path) -> Path:
    """Write the HTML report of a store.

    Raises:
        StorageError: the store cannot be read, or ``out`` not written.
    """
    store = StoreReader(store_path)
    names = track_names(store)
    body: Any = store.events("RunStarted")[0]["body"]
    length, head = store.head()
    gaps = store.events("GapFound")
    facts = [
        ("run", f"{body['run']['name']}, seed {body['run']['seed']}"),
        ("run chain", f"{length} entries, head {head}"),
        ("execution profile", json.dumps(body["execution"])),
        ("limits", json.dumps(body["risk"])),
        *(("instrument", text) for text in dict.fromkeys(body["instruments"])),
        *(("stream", f"{s['name']}: {s['rows']} rows, sha256 {s['digest'][:16]}") for s in body["streams"]),
        ("gaps", f"{len(gaps)} found and journalled"),
    ]
    tracks = tuple(_track(store, name, body) for name in names)
    try:
        out.write_text(render(RunReport(f"Genesis: {body['run']['name']}", tuple(facts), tracks)), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{out}: expected a writable file, found: {error.strerror}") from error
    return out


def _track(store: StoreReader, name: str, body: Any) -> TrackReport:
    samples: list[Any] = store.rows("samples", name)
    metrics = [json.loads(s["metrics"]) for s in samples]
    points = tuple(
        (int(s["time"]), float(m["equity"]), float(m["drawdown"])) for s, m in zip(samples, metrics, strict=True)
    )
    fact = next(t for t in body["tracks"] if t["name"] == name)
    currency = fact["budget"].split()[1]
    denied: list[Any] = store.rows("denials", name)
    counts = Counter(d["reason"] for d in denied)
    examples = {d["reason"]: d["detail"] for d in reversed(denied)}
    rows: list[tuple[str, str, str]] = [
        ("strategy", fact["strategy"], f"version {fact['version'][:12]}, params {fact['params']}"),
        ("budget", fact["budget"], f"tier {fact['tier']}"),
    ]
    if metrics:
        last = metrics[-1]
        rows.append(("sampled at", iso_utc(int(samples[-1]["time"])), "engine time"))
        places = {"c": currency, "n": last["evidence_bars"], "t": last["trades"]}
        rows += [(k, show(v), _UNITS.get(k, "").format(**places)) for k, v in last.items()]
    return TrackReport(
        name, currency, points, tuple(rows), tuple((r, n, examples[r]) for r, n in sorted(counts.items()))
    )


def show(value: Any) -> str:
    """A metric for a person: undefined is a dash, floats to six significant digits, exact money to four decimals."""
    if value is None:
        return "—"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and "." in value:
        whole, _, part = value.partition(".")
        return f"{whole}.{part[:4]}"
    return str(value)
