"""What a store says of the tracks that ran under a fault plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from genesis.model.orders import OrderStatus
from genesis.monitoring.report.values import (
    FaultLength,
    FaultSpan,
    FeedFaultFact,
    Gap,
    Orders,
    TrackReport,
    UnderFaults,
)
from genesis.storage.rows import GapRow
from genesis.storage.sqlite import StoreReader


def under_faults(
    store: StoreReader,
    entries: int,
    body: Mapping[str, Any],
    facts: Mapping[str, Mapping[str, Any]],
    tracks: Sequence[TrackReport],
    gaps: Sequence[GapRow],
) -> tuple[UnderFaults, ...]:
    """Every track under a plan beside itself undisturbed, as the first ``entries`` entries tell it; ``body`` is the first one's."""
    by_name = {t.name: t for t in tracks}
    return tuple(
        _one(store, entries, body, facts[t.name], t, by_name[str(facts[t.name]["faults"]["of"])], gaps)
        for t in tracks
        if "faults" in facts[t.name]
    )


def _one(
    store: StoreReader,
    entries: int,
    body: Mapping[str, Any],
    facts: Mapping[str, Any],
    track: TrackReport,
    undisturbed: TrackReport,
    gaps: Sequence[GapRow],
) -> UnderFaults:
    plan = facts["faults"]
    streams = [s for s in body.get("faulted_streams", ()) if _is_read(s, str(plan["plan"]), facts["instruments"])]
    names = {str(s["name"]) for s in streams}
    told: Mapping[str, Any] | None = next((f.facts for f in store.faults(track.name) if f.seq <= entries), None)
    incidents = Counter(i.kind for i in store.incidents(track.name) if i.seq <= entries)
    waits = [f.time - f.time_event for f in store.fills(track.name) if f.seq <= entries]
    return UnderFaults(
        plan=str(plan["plan"]),
        about=str(plan["values"].get("about", "")),
        track=track,
        undisturbed=undisturbed,
        feed=tuple(_feed_fault(str(s["of"]), f) for s in streams for f in s["faults"]),
        injected=None if told is None else {str(name): int(n) for name, n in told["injected"].items()},
        lengths=() if told is None else tuple(_length(t) for t in told["times"]),
        hit=() if told is None else tuple(_window(w) for w in told["hit"]),
        gaps=tuple(Gap(g.stream, g.time_from, g.time_to, g.detail) for g in gaps if g.stream in names),
        orders=_orders(store, track.name, entries),
        orders_undisturbed=_orders(store, undisturbed.name, entries),
        cancels_refused=incidents["CANCEL_REJECTED"],
        unanswered=incidents["UNANSWERED"],
        slowest_fill=max(waits, default=None),
        oldest_price=(_ns(told, "oldest_price_ns"), _ns(told, "oldest_price_undisturbed_ns")),
    )


def _is_read(stream: Mapping[str, Any], plan: str, instruments: Sequence[str]) -> bool:
    """Whether a faulted stream is one of a track's."""
    recorded = str(stream["of"])
    return stream["name"] == f"{recorded}!{plan}" and any(recorded.startswith(f"{i}/") for i in instruments)


def _feed_fault(stream: str, fault: Mapping[str, Any]) -> FeedFaultFact:
    return FeedFaultFact(
        stream, str(fault["fault"]), int(fault["windows"]), int(fault["messages"]), int(fault["recognised"])
    )


def _window(window: Mapping[str, Any]) -> FaultSpan:
    return FaultSpan(
        str(window["fault"]),
        str(window["instrument"]),
        int(window["time_from"]),
        int(window["time_to"]),
        int(window["hits"]),
    )


def _length(time: Mapping[str, Any]) -> FaultLength:
    return FaultLength(str(time["fault"]), str(time["instrument"]), int(time["windows"]), int(time["length_ns"]))


def _orders(store: StoreReader, track: str, entries: int) -> Orders:
    orders = [o for o in store.orders(track) if o.seq <= entries]
    rejected = Counter(o.reason or "not recorded" for o in orders if o.status == OrderStatus.REJECTED.value)
    denied = sum(d.seq <= entries for d in store.denials(track))
    return Orders(
        len(orders), dict(sorted(rejected.items())), denied, sum(OrderStatus(o.status).is_open for o in orders)
    )


def _ns(told: Mapping[str, Any] | None, name: str) -> int | None:
    """A length of time; beyond 2**53 ns it is kept as text."""
    found = None if told is None else told[name]
    return None if found is None else int(found)
