"""What a run assumes of its venue and what limits it sets, in words and numbers, from the run's first entry."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from genesis.monitoring.report.values import Fact, FeeRate
from genesis.monitoring.report.wording import money
from genesis.risk.tiers import DEFAULT_TIERS, Tier

# docs/PAPER_FILLS.md, a line each: how an order fills on each kind of data, and what that leaves out.
_DATA = {
    "orders": "a taker walks the displayed book; a resting order stands behind the real orders that were there before it",
    "depth": "a taker walks the displayed book; a resting order queues behind the size displayed at its arrival",
    "quotes": "a taker takes the displayed size and waits for the rest; behind the touch the queue is unknown until the touch comes",
    "trades": "a taker takes its share of each later print; a resting order fills on prints through its price, or at it behind a queue guessed from the prints",
    "bars": "a taker fills at the next bar's open within its share of the volume; a resting order only when the bar trades through its price",
}
_LEFT_OUT = "the market's reaction to own orders, hidden size, trades between accounts; in the configured profile also what realism adds"


def execution_facts(profile: Mapping[str, Any], data: Iterable[str]) -> tuple[Fact, ...]:
    """The execution profile; ``data`` are the kinds of data that fills came from. A key that is absent says so."""
    factor = profile.get("response_factor")
    return (
        Fact(
            "profile",
            str(profile.get("name", "not recorded")),
            "the named set of assumptions; part of a strategy's identity",
        ),
        Fact(
            "latency, one way",
            _normal(profile.get("latency_ms"), "ms"),
            "decision to arrival at the venue; one draw an order, a cancel like an order",
        ),
        Fact(
            "latency of the answer",
            f"an independent draw × {factor}" if factor is not None else "not recorded",
            "from the venue back to the strategy",
        ),
        Fact(
            "slippage",
            _normal(profile.get("slippage_bp"), "bp"),
            "takers only; one draw an order, against it to the tick, bounded by its limit",
        ),
        Fact(
            "assumed spread",
            f"{profile['half_spread_bp']} bp each way" if "half_spread_bp" in profile else "not recorded",
            "takers only, beside slippage, where the data show no bid and ask",
        ),
        Fact(
            "participation, prints",
            _share(profile.get("prints_share"), "of a print"),
            "the largest part of one trade print that one order may take",
        ),
        Fact(
            "participation, bars",
            _share(profile.get("bar_share"), "of a bar's volume"),
            "the largest part of one bar's volume that one order may take",
        ),
        Fact("queue", _queue(profile), "of a resting order, behind what was displayed when it arrived"),
        Fact(
            "own taken liquidity",
            f"halves every {profile['taken_half_life_s']} s" if "taken_half_life_s" in profile else "not recorded",
            "what own orders took of a displayed size is gone until the size is shown anew",
        ),
        Fact("self-trade prevention", str(profile.get("self_trade", "not recorded")), "when an account meets itself"),
        *(Fact("how orders fill", f"on {kind}", _DATA[kind]) for kind in data if kind in _DATA),
        Fact("left out", "not simulated", _LEFT_OUT),
    )


def realism_facts(realism: Mapping[str, Any]) -> tuple[Fact, ...]:
    """What the profile beside the configured one adds to it."""
    if not realism:
        return ()
    tail = f"{_percent(realism['tail_probability'])} of journeys take {realism['tail_factor']} times as long"
    return (
        Fact(
            "realistic: latency tail", tail, "an order that is late pays the worst price that it would have met since"
        ),
        Fact(
            "realistic: impact",
            f"square-root law, Y = {realism['impact_y']}",
            "of own taker orders, with a fading footprint",
        ),
        Fact(
            "realistic: queue", str(realism["queue"]), "and no fill at an order's own price where no queue is displayed"
        ),
        Fact(
            "realistic: spread",
            "estimated" if realism["estimate_spread"] else "as assumed",
            "where no bid and ask are shown",
        ),
    )


def live_facts(venue: Mapping[str, Any]) -> tuple[Fact, ...]:
    """What the simulated live venue does otherwise than the paper venue."""
    if not venue:
        return ()
    tail = f"{_percent(venue['tail_probability'])} of journeys take {venue['tail_factor']} times as long"
    share = venue.get("bar_share")
    shares = f"{_percent(venue['prints_share'])} of a print, {'any part' if share is None else _percent(share)} of a bar's volume"
    return (
        Fact("latency, one way", _normal(venue.get("latency_ms"), "ms"), tail),
        Fact("slippage", _normal(venue.get("slippage_bp"), "bp"), "takers only"),
        Fact("impact", f"square-root law, Y = {venue['impact_y']}", "of own taker orders, with a fading footprint"),
        Fact("queue", str(venue["queue"]), "and no fill at an order's own price" if venue["only_through"] else ""),
        Fact("participation", shares, "the largest part that one order may take"),
        Fact("luck", f"seed {venue['seed']}", "drawn apart from the paper venue's"),
    )


def fee_facts(schedules: Mapping[str, Any] | None, rates: Iterable[FeeRate]) -> tuple[Fact, ...]:
    """Fees: as configured where the run recorded that, and as its fills were charged."""
    found = [
        Fact(
            f"fees, {name}",
            ", ".join(f"{k} {v}" for k, v in schedule.items()) if isinstance(schedule, Mapping) else str(schedule),
            "as configured",
        )
        for name, schedule in (schedules or {}).items()
    ]
    for rate in rates:
        shown = "undefined" if rate.basis_points is None else f"{money(rate.basis_points)} bp of notional"
        found.append(
            Fact(
                f"fees, {rate.liquidity.lower()}",
                shown,
                f"as charged on {rate.fills:,} fills of this run, mean weighted by notional",
            )
        )
    return tuple(found) or (
        Fact("fees", "not recorded", "nothing was filled, and the run's first entry holds no fee schedule"),
    )


def perpetual_facts(terms: Mapping[str, Any] | None) -> tuple[Fact, ...]:
    """What was assumed of each perpetual's venue."""
    return tuple(
        Fact(
            f"perpetual, {name}",
            f"leverage {of['leverage']}x, valued by {str(of['marked_by']).replace('_', ' ')}, {len(of['margin_tiers'])} margin brackets, "
            f"liquidation fee {of['liquidation_fee']} of notional, mark prices at most {of['mark_age_max_s']} s old",
            "as configured; a liquidation closes the position whole, and nobody insures the account",
        )
        for name, of in (terms or {}).items()
    )


def limit_facts(risk: Mapping[str, Any], recorded: Iterable[Any] | None, used: Collection[str]) -> tuple[Fact, ...]:
    """Limits beside the tier, then the numbers of each tier in use: ``recorded`` with the run, else the defaults, and it says so."""
    tiers = DEFAULT_TIERS if recorded is None else [msgspec.convert(t, Tier, strict=False) for t in recorded]
    age = risk.get("stale_after_ns")
    net = risk.get("net_exposure_max")
    band = risk.get("fat_finger")
    facts = [
        Fact(
            "fat finger",
            "not recorded" if band is None else _percent(band),
            "a limit may lie this far from the market, or from the trigger it waits for",
        ),
        Fact("orders a minute", str(risk.get("orders_per_minute", "not recorded")), "more are refused"),
        Fact(
            "stale price", "no limit" if age is None else f"{int(age) / 1e9:g} s", "for live feeds; a replay has none"
        ),
        Fact("net exposure per asset", "no limit" if net is None else _percent(net), "of equity"),
    ]
    note = (
        "of the track's equity"
        if recorded is not None
        else "of the track's equity; the tier's default numbers, as the run records only its name"
    )
    facts += [Fact(f"tier {tier.name}", _tier(tier), note) for tier in tiers if tier.name in used]
    return tuple(facts)


def _tier(tier: Tier) -> str:
    leverage = "no perpetuals" if tier.leverage is None else f"perpetual leverage {tier.leverage}"
    return (
        f"order at most {_percent(tier.order_max)}, gross exposure {_percent(tier.gross_exposure_max)}, daily loss {_percent(tier.daily_loss_max)}, "
        f"halt at drawdown {_percent(tier.drawdown_halt)}, {tier.open_orders_max} open orders, {leverage}"
    )


def _queue(profile: Mapping[str, Any]) -> str:
    model = str(profile.get("queue", "not recorded"))
    return f"{model}, n = {profile.get('queue_n')}" if model == "power3" else model


def _normal(law: Any, unit: str) -> str:
    if not isinstance(law, Mapping):
        return "not recorded"
    mean, sd, low, high = (law.get(k, "?") for k in ("mean", "sd", "low", "high"))
    return f"normal, mean {mean} {unit}, sd {sd} {unit}, kept within {low} to {high} {unit}"


def _share(value: Any, of: str) -> str:
    return "does not bind" if value is None else f"{_percent(value)} {of}"


def _percent(value: Any) -> str:
    return f"{(100 * Decimal(str(value))).normalize():f} %"
