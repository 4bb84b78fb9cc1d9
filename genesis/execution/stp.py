"""Self-trade prevention (Binance, ``faqs/stp_faq.md``): what happens in place of a trade of an account with itself.

The incoming order's mode decides. Prevented quantity leaves an order without being executed, so that while it is open
``original - executed - prevented = open``; an order with nothing left expires (``EXPIRED_IN_MATCH``).
"""

from __future__ import annotations

from genesis.model.rules import StpMode


def prevented_lots(mode: StpMode, taker_leaves: int, maker_leaves: int) -> tuple[int, int]:
    """What is prevented of (the taker, the maker) when they would meet, in lots; (0, 0) lets them trade.

    An order expires exactly when all it had left was prevented. TRANSFER between orders of one account is DECREMENT; between
    accounts of a group it also moves balances, which is not modelled.

    Raises:
        ValueError: an order with nothing left cannot meet another.
    """
    if taker_leaves <= 0 or maker_leaves <= 0:
        raise ValueError(f"leaves: expected more than 0 on both sides, found {taker_leaves} and {maker_leaves}")
    if mode is StpMode.NONE:
        return 0, 0
    if mode is StpMode.EXPIRE_TAKER:
        return taker_leaves, 0
    if mode is StpMode.EXPIRE_MAKER:
        return 0, maker_leaves
    if mode is StpMode.EXPIRE_BOTH:
        return taker_leaves, maker_leaves
    both = min(taker_leaves, maker_leaves)
    return both, both
