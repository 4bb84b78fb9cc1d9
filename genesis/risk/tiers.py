"""The tiers of an account, by its equity in USD (definitions.md, 'Tiers'). Configuration may change every number."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec


class Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of one tier; fractions are of account equity, ``None`` is no limit of that kind.

    ``leverage`` is the largest for perpetuals; ``strategies`` the largest number of live ones (and of their positions).
    """

    name: str
    from_usd: Decimal
    strategies: int
    budget_max: Decimal
    order_max: Decimal
    gross_exposure_max: Decimal
    leverage: Decimal | None
    open_orders_max: int
    daily_loss_max: Decimal
    drawdown_halt: Decimal

    def __post_init__(self) -> None:
        for field in ("budget_max", "order_max", "gross_exposure_max", "daily_loss_max", "drawdown_halt"):
            if not 0 <= getattr(self, field) <= 10:
                raise ValueError(f"tier {self.name}: {field}: expected 0 to 10, found {getattr(self, field)}")


def _tier(name: str, start: int, n: int, *numbers: str, leverage: str | None, orders: int) -> Tier:
    budget, order, gross, daily, drawdown = map(Decimal, numbers)
    return Tier(
        name=name,
        from_usd=Decimal(start),
        strategies=n,
        budget_max=budget,
        order_max=order,
        gross_exposure_max=gross,
        leverage=None if leverage is None else Decimal(leverage),
        open_orders_max=orders,
        daily_loss_max=daily,
        drawdown_halt=drawdown,
    )


SNIPER = _tier("sniper", 500, 1, "0.50", "0.25", "0.50", "0.05", "0.15", leverage=None, orders=10)
DEFAULT_TIERS: tuple[Tier, ...] = (
    SNIPER,
    _tier("hunter", 2_000, 3, "0.30", "0.15", "0.90", "0.05", "0.20", leverage="1", orders=20),
    _tier("strategist", 10_000, 5, "0.20", "0.10", "1.00", "0.05", "0.20", leverage="2", orders=50),
    _tier("architect", 50_000, 10, "0.10", "0.05", "1.50", "0.02", "0.20", leverage="3", orders=100),
)


def paper_tier(equity_usd: Decimal, tiers: Sequence[Tier] = DEFAULT_TIERS) -> Tier:
    """The tier of an equity. Below the first bound is ``paper_only``: no live, and paper with the first tier's limits."""
    return next((tier for tier in reversed(tiers) if equity_usd >= tier.from_usd), tiers[0])
