"""What a track's fills have cost, part by part, as the report shows it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal, localcontext

from genesis.monitoring.report.values import Cost, FeeRate, Metrics, MoneyHeld
from genesis.monitoring.report.wording import exact
from genesis.storage.rows import FillRow

_DIGITS = 60
_TICK_DATA = frozenset({"trades", "quotes", "depth", "orders"})


def costs_of(metrics: Metrics, currency: str, data: Sequence[str]) -> tuple[Cost, ...]:
    turnover = metrics.money("turnover")
    kinds = (
        ("fees", "fees", "charged by the venue; those in the base asset at the price of their fill"),
        (
            "spread",
            "spread_cost",
            "touch against the mid, or the spread assumed where none is shown; resting orders earn it",
        ),
        ("depth walked", "walk_cost", "levels behind the touch that larger orders took"),
        ("slippage", "slippage_cost", "what the draw added to that, takers only"),
        ("impact", "impact_cost", "what the impact of own orders added; none in the profile spec"),
    )
    found = [_cost(name, metrics.money(key), turnover, note) for name, key, note in kinds]
    funding = metrics.money("funding")
    settled = (
        ()
        if funding is None
        else (
            _cost(
                "funding",
                -funding,
                turnover,
                "settlements of perpetuals, paid less received; part of the result, not of a fill",
            ),
        )
    )
    latency, note = (
        metrics.money("latency_cost"),
        "what the market moved between decision and fill; chance, of either sign, but for what being late cost",
    )
    if data and not _TICK_DATA.intersection(data):
        moved = f" (between the bars of decision and fill it came to {exact(latency)} {currency})" if latency else ""
        return (
            *found,
            *settled,
            Cost("latency", None, None, f"not measured: bars alone hold no price between decision and arrival{moved}"),
        )
    return (*found, *settled, _cost("latency", latency, turnover, note))


def _cost(name: str, money: Decimal | None, turnover: Decimal | None, note: str) -> Cost:
    if money is None:
        return Cost(name, None, None, f"not recorded in this run's samples; {note}")
    if not turnover:
        return Cost(name, money, None, note)
    with localcontext() as context:
        context.prec = _DIGITS
        return Cost(name, money, money / turnover * 10_000, note)


def fee_rates(fills: Sequence[tuple[FillRow, str]]) -> tuple[FeeRate, ...]:
    """Fees over notional by liquidity. A fee in the base asset counts at its fill's price; in a third one it is left undefined."""
    paid: dict[str, Decimal] = defaultdict(Decimal)
    worth: dict[str, Decimal] = defaultdict(Decimal)
    counts: Counter[str] = Counter()
    unknown = set()
    with localcontext() as context:
        context.prec = _DIGITS
        several = len({currency for _, currency in fills}) > 1
        for fill, currency in fills:
            price, fee = Decimal(fill.last_px), Decimal(fill.fee)
            # Notionals of two quotes do not add up.
            name = f"{fill.liquidity}, {currency}" if several else fill.liquidity
            counts[name] += 1
            worth[name] += price * Decimal(fill.last_qty)
            if fill.fee_currency == currency:
                paid[name] += fee
            elif fill.instrument.startswith(fill.fee_currency):
                paid[name] += fee * price
            else:
                unknown.add(name)
        return tuple(
            FeeRate(name, n, None if name in unknown or not worth[name] else paid[name] / worth[name] * 10_000)
            for name, n in sorted(counts.items())
        )


def quote_of(fill: FillRow, currency: str, moneys: Sequence[MoneyHeld]) -> str:
    """The money a fill is quoted in: of several the longest that its symbol ends with."""
    symbol = fill.instrument.split(".")[0]
    ends = [m.currency for m in moneys if symbol.endswith(m.currency)]
    return max(ends, key=len, default=currency)
