"""What all live tracks of one account may do together: an entry that a track's own gate let through is judged beside everybody else's.

Pure: amounts go in as integers of one unit of the account's currency, `None` or a reason comes out, the first that fails. Shares of equity are compared
as integers, so the answer is exact: a limit that is met exactly is kept. What only reduces a position is not asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from genesis.model.grid import EXACT, plain
from genesis.model.instruments import Instrument
from genesis.model.orders import DenyReason, OrderIntent
from genesis.risk.limits import Limits
from genesis.risk.tiers import Tier

# Amounts are in 10**-SCALE of the account's currency: a ledger unit of at most 28 decimals times a rate of 12 is whole.
SCALE = 40
_CENT = Decimal("0.01")
Correlation: TypeAlias = Callable[[str, str], float | None]


class Exposure(NamedTuple):
    """One track's part in one instrument. ``position`` is signed, all others are sizes.

    ``adds_long``, ``adds_short``: what open orders may add to a position beyond what they close of it. ``buys``, ``sells``: all that open orders that are
    not reduce-only may still buy and sell.
    """

    instrument: Instrument
    position: int = 0
    adds_long: int = 0
    adds_short: int = 0
    buys: int = 0
    sells: int = 0

    def with_entry(self, sign: int, value: int, adds: int) -> Exposure:
        """With one more order of ``value``, of which ``adds`` is not used up by closing."""
        if sign > 0:
            return self._replace(adds_long=self.adds_long + adds, buys=self.buys + value)
        return self._replace(adds_short=self.adds_short + adds, sells=self.sells + value)

    @property
    def gross(self) -> int:
        """The size of the position and of all that may be added to it."""
        return abs(self.position) + self.adds_long + self.adds_short

    def net(self, sign: int) -> int:
        """The position in the direction ``sign`` once all open orders of that direction are filled."""
        return sign * self.position + (self.buys if sign > 0 else self.sells)

    def towards(self, sign: int) -> int:
        """What stands in a direction, and may be added to it; what stands against it takes nothing off."""
        return max(0, sign * self.position) + (self.adds_long if sign > 0 else self.adds_short)


class InBook(NamedTuple):
    """An open order of another strategy on the entry's instrument. ``limit`` in ticks; ``None`` takes any price."""

    track: str
    side: int
    limit: int | None


class Together(NamedTuple):
    """All live tracks of the account at one moment, the entry that is asked about among their exposures.

    ``equity`` and ``day_equity`` (when the UTC day began) are the account's, ``day_lost`` is what live tracks have lost since then; ``open_orders`` and
    ``others`` are without the entry.
    """

    tier: Tier | None
    equity: int
    day_equity: int
    day_lost: int
    exposures: Sequence[Exposure]
    open_orders: int
    others: Sequence[InBook]


class AccountLimits:
    """Judges entries by the account's tier and the limits beside it.

    Args:
        limits: ``net_exposure_max``, ``stacked_max`` and ``stacked_correlation`` of them.
        correlation: of the returns of two instruments, by id; ``None`` where it is not known.
    """

    def __init__(self, limits: Limits, correlation: Correlation) -> None:
        self._limits, self._correlation = limits, correlation

    def check(self, intent: OrderIntent, at: Together) -> tuple[DenyReason, str] | None:
        """The first reason against an entry, with the limit and what was found; ``None`` when it may be sent."""
        if at.tier is None:
            return (
                DenyReason.ACCOUNT_GROSS_EXPOSURE,
                "expected an account of a tier that lets anything live, found tier paper_only",
            )
        return (
            self.loss(at.tier, at.day_lost, at.day_equity)
            or _opposing(intent, at.others)
            or _open_orders(at.tier, at.open_orders)
            or self._gross(at.tier, at)
            or self._net(intent, at)
            or self._stacked(intent, at)
        )

    @staticmethod
    def loss(tier: Tier, lost: int, day_equity: int) -> tuple[DenyReason, str] | None:
        """Why the day is over for all: what was lost has reached the tier's share of what the account was worth when the day began."""
        most = share(tier.daily_loss_max, day_equity)
        if lost < most:
            return None
        words = f"expected all live tracks to lose under {_percent(tier.daily_loss_max)} of the account at the day's start ({money(most)} USD)"
        return DenyReason.ACCOUNT_DAILY_LOSS, f"{words}, found {money(lost)} USD"

    def _gross(self, tier: Tier, at: Together) -> tuple[DenyReason, str] | None:
        found = sum(e.gross for e in at.exposures)
        words = _beyond(found, tier.gross_exposure_max, at.equity, "gross exposure of all live tracks")
        return None if words is None else (DenyReason.ACCOUNT_GROSS_EXPOSURE, words)

    def _net(self, intent: OrderIntent, at: Together) -> tuple[DenyReason, str] | None:
        limit, base, sign = self._limits.net_exposure_max, intent.instrument.base, int(intent.side)
        if limit is None:
            return None
        found = sum(e.net(sign) for e in at.exposures if e.instrument.base == base)
        words = _beyond(found, limit, at.equity, f"net exposure of all live tracks to {base}")
        return None if words is None else (DenyReason.ACCOUNT_NET_EXPOSURE, words)

    # ---- positions that are one bet

    def _stacked(self, intent: OrderIntent, at: Together) -> tuple[DenyReason, str] | None:
        """The entry adds to every stack that its instrument is in, not to its own alone."""
        limit = self._limits.stacked_max
        if limit is None:
            return None
        centres = {e.instrument.id: e.instrument for e in at.exposures}
        for centre in centres.values():
            alike = self.alike(intent.instrument, centre)
            if alike:
                words = self._over_one(centre, alike * int(intent.side), limit, at)
                if words is not None:
                    return DenyReason.STACKED_POSITIONS, words
        return None

    def _over_one(self, centre: Instrument, sign: int, limit: Decimal, at: Together) -> str | None:
        found, names = 0, set()
        for exposure in at.exposures:
            alike = self.alike(exposure.instrument, centre)
            towards = exposure.towards(alike * sign) if alike else 0
            if towards:
                found += towards
                names.add(exposure.instrument.id)
        what = (
            f"positions that move together ({', '.join(sorted(names))}, {'long' if sign > 0 else 'short'} {centre.id})"
        )
        return _beyond(found, limit, at.equity, what)

    def alike(self, one: Instrument, other: Instrument) -> int:
        """1 where two instruments move together, -1 where one rises as the other falls, 0 where neither.

        One base asset is one risk whatever its returns say, and what is not known to move apart counts as moving together.
        """
        if one.base == other.base:
            return 1
        found, least = self._correlation(one.id, other.id), float(self._limits.stacked_correlation)
        if found is None or found >= least:
            return 1
        return -1 if found <= -least else 0


def beyond_closing(intent: OrderIntent, held: int, working: int) -> int:
    """Lots of an order that open or enlarge a position, whatever fills first.

    Args:
        held: signed lots of the track.
        working: lots of its open orders of the same side that are not reduce-only.
    """
    if intent.reduce_only:
        return 0
    closes = max(0, -int(intent.side) * held)
    return max(0, working + intent.lots - closes) - max(0, working - closes)


def share(fraction: Decimal, whole: int) -> Fraction:
    """That part of an amount, exact."""
    return Fraction(fraction) * whole


def money(units: int | Fraction) -> str:
    """An amount in the account's currency as plain text: cents, rounded down; more digits where there are no cents in it."""
    amount = EXACT.scaleb(Decimal(units // 1), -SCALE)
    cents = amount.quantize(_CENT, ROUND_FLOOR)
    return plain(cents if cents == amount or abs(amount) >= _CENT * 100 else amount.normalize())


def _opposing(intent: OrderIntent, others: Iterable[InBook]) -> tuple[DenyReason, str] | None:
    """Two strategies of one account would trade with each other: one of the two orders has to rest, so two at market never do."""
    sign, mine = int(intent.side), intent.limit_ticks
    for other in others:
        if mine is None or other.limit is None:
            meets = mine is not other.limit
        else:
            meets = sign * mine >= sign * other.limit
        if other.side == -sign and meets:
            text = intent.instrument.price_grid.to_text
            price = "at market" if other.limit is None else f"at {text(other.limit)}"
            side = "buy" if other.side > 0 else "sell"
            found = f"found a {side} order of {other.track} {price}"
            return DenyReason.OPPOSING_ORDER, f"expected no order of another live strategy that it could meet, {found}"
    return None


def _open_orders(tier: Tier, found: int) -> tuple[DenyReason, str] | None:
    if found < tier.open_orders_max:
        return None
    words = f"expected fewer than {tier.open_orders_max} open orders of all live tracks, found {found}"
    return DenyReason.ACCOUNT_OPEN_ORDERS, words


def _beyond(found: int, limit: Decimal, equity: int, what: str) -> str | None:
    most = share(limit, max(0, equity))
    if found <= most:
        return None
    return f"expected {what} of at most {_percent(limit)} of equity ({money(most)} USD), found {money(found)} USD"


def _percent(fraction: Decimal) -> str:
    return f"{plain((100 * fraction).normalize())} %"
