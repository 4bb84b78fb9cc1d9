"""A live track beside its twin: what each did with the same decisions, and where the gap between them comes from, in money that adds up.

Both decide at the same moments, so an order of one and an order of the other are the same decision when they were asked for at the same moment in the
same place of that moment's order. Exact arithmetic: quantities, prices and money are fractions made of exact text, and are rounded once, at the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import msgspec

from genesis.evidence.dependence import LaggedSums
from genesis.evidence.detection import mean_with_sequence
from genesis.evidence.monitor_rules import MeanGap
from genesis.metrics.drawdown import DrawdownTracker
from genesis.metrics.ratios import Moments, sharpe

_DIGITS = 60
# What each part of the gap is, in words, in the order in which they are told.
PARTS = {
    "missed": "fills that only one of them had, or had more of",
    "price": "the same fills at other costs: spread, levels walked, slippage, impact",
    "fees": "fees of the venue",
    "funding": "settlements of perpetuals",
    "timing": "the same fills at another price faced: the market moved between the two",
    "valuation": "what is held, and fees in kind, valued otherwise than at the last price",
}


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What a track asked for at a moment (UTC ns), the ``ordinal``-th of that moment, and what came of it.

    ``side`` is 1 to buy, -1 to sell. ``asked`` and ``filled`` are quantities, ``notional`` the sum of price times quantity of the fills, ``cost`` what these
    lay beyond the price faced when they arrived (half the spread, levels walked, slippage, impact), in quote. ``refused``: risk did not send it.
    """

    time_ns: int
    ordinal: int
    instrument: str
    side: int
    asked: Fraction
    filled: Fraction = Fraction(0)
    notional: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    refused: bool = False

    def gained(self, marks: Mapping[str, Fraction], share: Fraction = Fraction(1)) -> Fraction:
        """What ``share`` of its fills earned up to its instrument's price in ``marks``, before fees."""
        return (
            self.side * share * (self.filled * marks[self.instrument] - self.notional) if self.filled else Fraction(0)
        )


class Matched(msgspec.Struct, frozen=True):
    """Decisions that ``both`` took (live first), and those of one alone."""

    both: tuple[tuple[Intent, Intent], ...]
    live_only: tuple[Intent, ...]
    twin_only: tuple[Intent, ...]


def match(live: Sequence[Intent], twin: Sequence[Intent]) -> Matched:
    """Pair by moment and ordinal; two that are of different instruments or sides are not the same decision."""
    others = {(i.time_ns, i.ordinal): i for i in twin}
    both, live_only = [], []
    for intent in live:
        other = others.get((intent.time_ns, intent.ordinal))
        if other is None or (other.instrument, other.side) != (intent.instrument, intent.side):
            live_only.append(intent)
            continue
        del others[intent.time_ns, intent.ordinal]
        both.append((intent, other))
    return Matched(tuple(both), tuple(live_only), tuple(others.values()))


class Result(msgspec.Struct, frozen=True):
    """What a track has earned in money, net: ``pnl`` is equity less all capital that came; ``fees`` are paid, ``funding`` is received less paid."""

    pnl: Fraction
    fees: Fraction
    funding: Fraction = Fraction(0)


class Attribution(msgspec.Struct, frozen=True, kw_only=True):
    """Live minus twin in money; ``gap`` is the exact sum of all others.

    ``missed``: fills that only one had or had more of, up to the last price. ``price``: what both filled, at other costs beyond the price faced.
    ``timing``: what both filled, at another price faced, because one filled later. ``fees``, ``funding``. ``valuation``: what is held at the end being valued otherwise
    than at the last price, and fees that were charged in kind.
    """

    gap: Decimal
    missed: Decimal
    price: Decimal
    fees: Decimal
    funding: Decimal
    timing: Decimal
    valuation: Decimal

    def parts(self) -> tuple[tuple[str, Decimal], ...]:
        """What adds up to the gap, by name."""
        return tuple((n, getattr(self, n)) for n in PARTS)


def attribute(
    matched: Matched, live: Result, twin: Result, marks: Mapping[str, Fraction], decimals: int
) -> Attribution:
    """Where live minus twin comes from.

    Args:
        matched: all decisions of both.
        marks: by instrument the last price, the same for both.
        decimals: of the money; what rounding leaves over goes to ``timing``.
    """
    missed = price = timing = Fraction(0)
    for own, other in matched.both:
        common = min(own.filled, other.filled)
        shares = [common / i.filled if i.filled else Fraction(0) for i in (own, other)]
        dearer = own.side * (shares[1] * other.notional - shares[0] * own.notional)
        costs = shares[1] * other.cost - shares[0] * own.cost
        price, timing = price + costs, timing + dearer - costs
        missed += own.gained(marks, 1 - shares[0]) - other.gained(marks, 1 - shares[1])
    missed += sum((i.gained(marks) for i in matched.live_only), Fraction(0))
    missed -= sum((i.gained(marks) for i in matched.twin_only), Fraction(0))
    gap, fees, funding = live.pnl - twin.pnl, twin.fees - live.fees, live.funding - twin.funding
    valuation = gap - (missed + price + timing + fees + funding)
    whole, *known = (_rounded(x, decimals) for x in (gap, missed, price, fees, funding, valuation))
    return Attribution(
        gap=whole,
        missed=known[0],
        price=known[1],
        fees=known[2],
        funding=known[3],
        timing=whole - sum(known, Decimal(0)),
        valuation=known[4],
    )


def _rounded(value: Fraction, decimals: int) -> Decimal:
    with localcontext() as context:
        context.prec, context.rounding = _DIGITS, ROUND_HALF_EVEN
        return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal(1).scaleb(-decimals))


# ---- bars


class OfBars(msgspec.Struct, frozen=True):
    """What evidence bars come to: return and drawdown of their index, annual Sharpe ratio with its standard error (``None`` under 42 bars)."""

    bars: int
    total_return: float
    drawdown: float
    sharpe: float | None
    stderr: float | None


def of_bars(returns: Sequence[float]) -> OfBars:
    """Figures of the bars alone; what happened within a bar is not seen."""
    moments, fall, index = Moments(), DrawdownTracker(), 1.0
    fall.start(0)
    for place, change in enumerate(returns, 1):
        moments.add(change)
        index *= 1 + change
        fall.update(index, place)
    estimate = sharpe(moments)
    ratio = (None, None) if estimate is None else (estimate.value, estimate.stderr)
    return OfBars(len(returns), index - 1, fall.maximum, *ratio)


def mean_gap(live: Sequence[float], twin: Sequence[float]) -> MeanGap:
    """Live minus twin a bar with its confidence sequence, over the bars in which either held something."""
    moments, lagged = Moments(), LaggedSums()
    for a, b in zip(live, twin, strict=True):
        if a or b:
            moments.add(a - b)
            lagged.add(a - b)
    return mean_with_sequence(moments, lagged)


# ---- both sides together


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One track of a pair. ``metrics`` are those of its last sample; money is of the pair's currency.

    ``filled``: orders with a fill. ``fill_rate``: filled over asked, by quantity and in the mean over orders. ``slippage_bp`` and ``cost_bp`` are of the notional of
    a side: what the draw added, and all that fills cost beyond the price faced. ``delay_ns``: median from decision to fill.
    """

    track: str
    capital: Decimal
    pnl: Decimal
    of_bars: OfBars
    trades: int
    wins: int
    orders: int
    refused: int
    filled: int
    fill_rate: float | None
    slippage_bp: float | None
    cost_bp: float | None
    fees: Decimal
    fee_bp: float | None
    delay_ns: int | None
    metrics: Mapping[str, str | int | float | None]

    @property
    def win_rate(self) -> float | None:
        """Of closed trades, net."""
        return self.wins / self.trades if self.trades else None


class Indices(msgspec.Struct, frozen=True):
    """Indices of both over the same evidence bars, which end at ``times`` (UTC ns); 1 at the start."""

    times: tuple[int, ...]
    live: tuple[float, ...]
    twin: tuple[float, ...]


class SideBySide(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy's ``attempt``-th live track beside its twin, on the bars that both have from ``start_ns`` to ``end_ns``; ``paper`` is the reference track over them.

    ``closed``: the capital has gone back. ``both``, ``live_only`` and ``twin_only`` count decisions.
    """

    strategy: str
    attempt: int
    synthetic: bool
    currency: str
    start_ns: int
    end_ns: int
    closed: bool
    share: str
    live: Side
    twin: Side
    paper: OfBars
    gap: MeanGap
    both: int
    live_only: int
    twin_only: int
    attribution: Attribution
    indices: Indices


def indices(times: Sequence[int], live: Sequence[float], twin: Sequence[float]) -> Indices:
    """From returns of the same bars."""
    return Indices(tuple(times), _index(live), _index(twin))


def _index(returns: Sequence[float]) -> tuple[float, ...]:
    found, index = [], 1.0
    for change in returns:
        index *= 1 + change
        found.append(index)
    return tuple(found)
