"""What an exchange asks of one account's new order on one symbol: its rate limits, then its filters."""

from __future__ import annotations

from typing import Final

from genesis.execution.filters import OrderFilters, References, is_algo
from genesis.execution.rate_limits import OrderRateLimits
from genesis.execution.working import Working
from genesis.model.orders import RejectReason
from genesis.model.venue_errors import Breach, Violation

# What the matching engine refuses, whether or not a file of rules is known.
_BREACHES: Final = {
    RejectReason.REDUCE_ONLY: Breach.REDUCE_ONLY,
    RejectReason.WOULD_TAKE: Breach.WOULD_TAKE,
    RejectReason.WOULD_TRIGGER_IMMEDIATELY: Breach.WOULD_TRIGGER,
    RejectReason.INSUFFICIENT_BALANCE: Breach.INSUFFICIENT_BALANCE,
}


class ListingRules:
    """The rules of a symbol as they stand for one account.

    Args:
        filters: of the symbol.
        references: average, last and mark price of the symbol, shared by all accounts.
        limits: the account's, shared by all its symbols; ``None`` where the exchange publishes none.
        lot_units: base ledger units in a lot.
    """

    __slots__ = ("_filters", "_limits", "_lot_units", "_references")

    def __init__(
        self, filters: OrderFilters, references: References, limits: OrderRateLimits | None, lot_units: int
    ) -> None:
        self._filters, self._references, self._limits, self._lot_units = filters, references, limits, lot_units

    def refusal(
        self, working: Working, open_orders: list[Working], base_units: int, time_ns: int
    ) -> tuple[RejectReason, str] | None:
        """The first rule that the order breaks, in the exchange's code and words; ``None`` when it passes.

        ``open_orders`` are the account's on this symbol, ``base_units`` what it holds of the base asset, free and locked.
        """
        if self._limits is not None:
            too_many = self._limits.check(time_ns)
            if too_many is not None:
                return RejectReason.RATE_LIMIT, _said(too_many)
        algo = coming = 0
        for order in open_orders:
            algo += is_algo(order.order.intent.type)
            coming += order.leaves if order.sign > 0 else 0
        found = self._filters.check(
            working.order.intent,
            time_ns,
            self._references,
            len(open_orders),
            algo,
            base_units + coming * self._lot_units,
            working.party.self_trade,
        )
        return None if found is None else (RejectReason.FILTER, _said(found))

    def told(self, reason: RejectReason, detail: str) -> str:
        """The matching engine's refusal in the exchange's code and words, with what was found."""
        return f"{_said(self._filters.refusal(_BREACHES[reason]))} ({detail})"

    def placed(self, time_ns: int) -> None:
        """The order was accepted."""
        if self._limits is not None:
            self._limits.on_placed(time_ns)

    def first_filled(self, time_ns: int, is_maker: bool) -> None:
        """An order was filled for the first time."""
        if self._limits is not None:
            self._limits.on_first_fill(time_ns, is_maker)


def _said(violation: Violation) -> str:
    return f"{violation.code} {violation.message}"
