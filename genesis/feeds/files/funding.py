"""Funding rates from files: the plain schema, Freqtrade's, Binance's archive, and text with a time and a rate."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from genesis.clock import NS_PER_HOUR, NS_PER_SECOND, iso_utc
from genesis.feeds.files.bars import metadata_interval
from genesis.feeds.files.formats import Format
from genesis.feeds.files.options import ReadOptions
from genesis.feeds.files.policies import Problem
from genesis.feeds.files.reading import GapInfo, Reading
from genesis.feeds.files.rows import Rows
from genesis.feeds.files.tables import Table
from genesis.model.grid import Grid
from genesis.model.instruments import Instrument
from genesis.model.market import BarKind, BarSpec
from genesis.tape.stream import Column, StreamKind

RATE_GRID = Grid(Decimal("1e-8"))
_WHOLE = 10**8  # a rate of 1: the whole position
_FIELDS = {
    Format.FUNDING: ("ts_ns", "rate_e8"),
    Format.FUNDING_RATES: ("time", "rate"),
    Format.FREQTRADE_FUNDING: ("date", "funding_rate"),
    Format.BINANCE_FUNDING: ("calc_time", "last_funding_rate"),
}
_HOURS = "funding_interval_hours"


def read_funding(table: Table, instrument: Instrument, options: ReadOptions) -> tuple[Reading, ...]:
    """One funding stream, a row a settlement.

    Exchanges stamp a settlement some milliseconds late; ``ts`` is the whole second it belongs to, ``time_event`` the stamp. A rate is
    refused where it is the whole position or more, and where it has more than 8 decimals (unless the policy rounds it).
    """
    rows = Rows(table, options.policies)
    time, rate = _FIELDS[table.format]
    if table.format is Format.FREQTRADE_FUNDING and not rows.has(rate):
        rate = "open"
    rows.time("time_event", time, options.time_format if table.format is Format.FUNDING_RATES else None)
    rows.signed("rate_e8", rate, RATE_GRID)
    rows.check(
        Problem.OUT_OF_RANGE,
        np.abs(rows["rate_e8"]) >= _WHOLE,
        rate,
        "above -1 and below 1",
        lambda i: RATE_GRID.to_text(int(rows["rate_e8"][i])),
    )
    hours = _hours(rows)
    rows.columns["ts"] = rows["time_event"] // NS_PER_SECOND * NS_PER_SECOND
    rows.unique(rows["ts"], time, "settlement")
    rows.in_order("ts", time)
    columns = {name: rows[name] for name in ("ts", "time_event", "rate_e8")} | {"seq": np.zeros(len(rows), np.int64)}
    interval = options.interval_ns or metadata_interval(rows, "the time between two settlements")
    gaps = _gaps(rows["ts"], interval, rows["hours"] * NS_PER_HOUR if hours else None)
    return (
        Reading(instrument, StreamKind.FUNDING, None, columns, rows.report("exchange", gaps=gaps, facts=_facts(rows))),
    )


def _hours(rows: Rows) -> bool:
    if not rows.has(_HOURS):
        return False
    rows.integer("hours", _HOURS)
    rows.check(Problem.OUT_OF_RANGE, rows["hours"] < 1, _HOURS, "1 hour or more", lambda i: str(int(rows["hours"][i])))
    return True


def _facts(rows: Rows) -> dict[str, int | str]:
    """The shortest and longest time between settlements: where no interval is stated, all that can be said about gaps."""
    steps = np.diff(rows["ts"])
    if not len(steps):
        return {}
    least, most = (str(BarSpec(BarKind.TIME, int(step))) for step in (steps.min(), steps.max()))
    return {"shortest interval": least, "longest interval": most}


def _gaps(ts: Column, interval: int | None, stated: Column | None) -> tuple[GapInfo, ...]:
    """Settlements missing between two rows: by the longer interval stated with the two, else the file's; none is guessed."""
    if stated is None and interval is None:
        return ()
    # A venue that halves its interval states the new one before or after the last long wait: that wait is no gap.
    whole = stated if stated is not None else np.full(len(ts), interval, np.int64)
    steps = np.maximum(whole[1:], whole[:-1])
    out: list[GapInfo] = []
    for i in np.flatnonzero(np.diff(ts) >= 2 * steps).tolist():
        step, before, after = int(steps[i]), int(ts[i]), int(ts[i + 1])
        missing = (after - before) // step - 1
        detail = f"{missing} settlements of {BarSpec(BarKind.TIME, step)} missing after {iso_utc(before)}"
        out.append(GapInfo(before + step, after, missing, detail))
    return tuple(out)
