"""Every strategy that ran under a fault plan, beside itself undisturbed: what was done to it, what it saw, what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from genesis.monitoring.report.tables import badge, dash, table
from genesis.monitoring.report.values import FaultLength, FeedFaultFact, TrackReport, UnderFaults
from genesis.monitoring.report.wording import count, exact, moment, money, percent, safe, span

_WINDOWS_SHOWN = 20
_RECOGNISABLE = ("duplicates", "reorder")


def section(found: Sequence[UnderFaults]) -> str:
    """The section; nothing where no plan was on."""
    if not found:
        return ""
    return (
        "<section><h2 id='faults'>Under faults</h2>"
        "<p>Each strategy below ran once more, on the same data and draws, while a named fault plan disturbed its feed and its venue "
        "(docs/FAULTS.md). Its track stands beside the undisturbed one and nowhere else: not in the comparison, not in the criteria.</p>"
        + "".join(_one(u) for u in found)
        + "</section>"
    )


def _one(u: UnderFaults) -> str:
    about = f" {safe(u.about[:1].upper() + u.about[1:])}." if u.about else ""
    return (
        f"<h3>{safe(u.undisturbed.name)} under <code>{safe(u.plan)}</code> {_verdict(u)}</h3>"
        f"<p>{about} {_happened(u)}</p><p>{_took_it(u)}</p>"
        f"{_compared(u)}{_injected(u)}{_windows(u)}"
    )


# ---- in words


def _verdict(u: UnderFaults) -> str:
    if u.injected is None:
        return badge("not complete", "open")
    if not _anything(u):
        return badge("nothing happened", "open")
    kinds = {s.kind for s in u.track.stops}
    if "STOPPED" in kinds:
        return badge("stopped", "bad")
    if kinds:
        return badge("halted by risk", "bad")
    return badge("went on to the end", "good")


def _anything(u: UnderFaults) -> bool:
    return bool(u.injected or u.lengths or _touched(u))


def _touched(u: UnderFaults) -> int:
    return sum(f.messages for f in u.feed)


def _happened(u: UnderFaults) -> str:
    if u.injected is None:
        return "The tape has not ended: what was done to orders is told when it does."
    if not _anything(u):
        return "Nothing happened: no window of the plan met the tape, and no draw fell on a message, an order or an answer."
    orders, messages = sum(u.injected.values()), _touched(u)
    touched = _counted(messages, "message of the feed was touched", "messages of the feed were touched")
    words = [touched if messages else "No message of the feed was touched"]
    if orders:
        words.append(_counted(orders, "fault", "faults") + " fell on orders, cancels and answers")
    elif u.lengths:
        words.append(
            "windows of the venue met the tape, but no order, cancel or answer was refused, lost or held back in one"
        )
    else:
        words.append("none fell on an order, a cancel or an answer")
    return "; ".join(words) + "."


def _took_it(u: UnderFaults) -> str:
    """What the strategy saw, and how it ended."""
    refused = sum(u.orders.rejected.values())
    reasons = ", ".join(f"{n:,} {safe(reason)}" for reason, n in u.orders.rejected.items())
    seen = [
        f"{refused:,} of {u.orders.sent:,} orders not taken" + (f" ({reasons})" if reasons else ""),
        _counted(u.cancels_refused, "cancel not taken", "cancels not taken"),
        _counted(u.unanswered, "order unanswered in time", "orders unanswered in time"),
        _counted(len(u.gaps), "gap in its data", "gaps in its data"),
    ]
    if u.slowest_fill is not None:
        seen.append(f"a fill heard of at most {_age(u.slowest_fill)} after it happened")
    ends = [f"{s.kind.lower()} at {moment(s.time)} ({s.reason}: {s.detail})" for s in u.track.stops]
    end = f"It was {'; '.join(safe(e) for e in ends)}." if ends else "It was neither stopped nor halted."
    return f"The strategy saw {', '.join(seen)}. {end} {_difference(u)}"


def _difference(u: UnderFaults) -> str:
    mine, other = (t.metrics.money("equity") for t in (u.track, u.undisturbed))
    if mine is None or other is None:
        return "There is no sample yet to compare."
    if mine == other:
        return "Its equity is that of the undisturbed track, to the last digit."
    less = "less" if mine < other else "more"
    note = (
        ""
        if mine < other
        else " A strategy goes on from other fills, so a disturbed run may come out better by chance."
    )
    return f"It ended with {exact(abs(mine - other))} {safe(u.track.currency)} {less} than undisturbed.{note}"


def _counted(n: int, one: str, more: str) -> str:
    return f"{n:,} {one if n == 1 else more}"


def _age(ns: int) -> str:
    return f"{ns / 1e6:,.1f} ms" if ns < 1_000_000_000 else span(ns)


# ---- in tables


def _compared(u: UnderFaults) -> str:
    pair = (u.undisturbed, u.track)
    orders = (u.orders_undisturbed, u.orders)
    rows = [
        _money_row("equity, net", pair, "equity"),
        _fraction_row("total return", pair, "total_return"),
        _fraction_row("max drawdown", pair, "drawdown_max"),
        _count_row("closed trades", [t.metrics.whole("trades") for t in pair]),
        _count_row("fills", [t.fill_count for t in pair]),
        _count_row("orders sent", [o.sent for o in orders]),
        _count_row("orders not taken by the venue", [sum(o.rejected.values()) for o in orders]),
        _count_row("orders refused by risk", [o.denied for o in orders]),
        _count_row("orders open at the end", [o.open for o in orders]),
        _count_row("halts and stops", [len(t.stops) for t in pair]),
        _age_row("oldest price of a position while it was held", (u.oldest_price[1], u.oldest_price[0])),
    ]
    heads = ("", safe(u.undisturbed.name), safe(u.track.name), "difference")
    return table("The same strategy, undisturbed and under the plan.", heads, rows, "", (1, 2, 3))


def _money_row(name: str, pair: tuple[TrackReport, TrackReport], key: str) -> tuple[str, ...]:
    first, second = (t.metrics.money(key) for t in pair)
    change = None if first is None or second is None else second - first
    return name, _or_dash(first), _or_dash(second), _or_dash(change)


def _or_dash(value: Decimal | None) -> str:
    return dash("no sample") if value is None else money(value)


def _fraction_row(name: str, pair: tuple[TrackReport, TrackReport], key: str) -> tuple[str, ...]:
    first, second = (t.metrics.fraction(key) for t in pair)
    change = None if first is None or second is None else second - first
    return (
        name,
        *(dash("no sample") if v is None else percent(v, 3) for v in (first, second)),
        dash("no sample") if change is None else f"{percent(change, 3)} points",
    )


def _count_row(name: str, values: Sequence[int | None]) -> tuple[str, ...]:
    first, second = values
    change = dash("no sample") if first is None or second is None else count(second - first)
    return name, count(first), count(second), change


def _age_row(name: str, ages: tuple[int | None, int | None]) -> tuple[str, ...]:
    first, second = ages
    shown = [dash("nothing was held, or the tape has not ended") if a is None else _age(a) for a in ages]
    if first is None or second is None:
        return name, *shown, dash("not both known")
    longer = "longer" if second > first else "shorter"
    return name, *shown, "none" if first == second else f"{_age(abs(second - first))} {longer}"


def _injected(u: UnderFaults) -> str:
    rows = [
        (safe(f.fault), safe(f.stream), count(f.windows) if f.windows else "", "", count(f.messages), _door(f))
        for f in u.feed
    ]
    rows += [
        (safe(t.fault), safe(t.where) or "connection", count(t.windows), span(t.length), count(_hits(u, t)), "")
        for t in u.lengths
    ]
    rows += [
        (safe(name), "orders and answers", "", "", count(n), "")
        for name, n in (u.injected or {}).items()
        if ":" not in name
    ]
    if not rows:
        return ""
    heads = ("fault", "of what", "windows", "length", "fell on", "recognised<small>and dropped at the door</small>")
    parts = ", ".join(f"{safe(name)} {n:,}" for name, n in (u.injected or {}).items() if ":" in name)
    words = f"<p class='note'>In windows of the venue: {parts}.</p>" if parts else ""
    return "<h4>What was injected</h4>" + table("", heads, rows, "faults", (2, 3, 4, 5)) + words


def _door(fault: FeedFaultFact) -> str:
    return count(fault.recognised) if fault.fault in _RECOGNISABLE else ""


def _hits(u: UnderFaults, of: FaultLength) -> int:
    return sum(w.hits for w in u.hit if (w.fault, w.where) == (of.fault, of.where))


def _windows(u: UnderFaults) -> str:
    spans = [
        (
            w.fault,
            w.where or "connection",
            w.time_from,
            w.time_to,
            _counted(w.hits, "order, cancel or answer", "orders, cancels or answers"),
        )
        for w in u.hit
    ]
    spans += [("gap", g.stream.partition("!")[0], g.time_from, g.time_to, g.detail) for g in u.gaps]
    if not spans:
        return ""
    spans.sort(key=lambda w: (w[2], w[0], w[1]))
    rows = [
        (safe(fault), safe(where), moment(start), moment(stop), span(stop - start), safe(detail))
        for fault, where, start, stop, detail in spans[:_WINDOWS_SHOWN]
    ]
    more = f", the first {_WINDOWS_SHOWN} of {len(spans):,}" if len(spans) > _WINDOWS_SHOWN else ""
    heads = ("fault", "where", "from", "to", "length", "what fell into it")
    return f"<h4>Windows into which something fell{more}</h4>" + table("", heads, rows, "faults")
