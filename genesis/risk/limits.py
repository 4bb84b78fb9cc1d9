"""Pre-trade limits that do not depend on the tier."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits beside the tier. ``stale_after_ns`` is for live feeds; ``net_exposure_max`` is a fraction of equity per asset."""

    fat_finger: Decimal = Decimal("0.05")
    orders_per_minute: int = 60
    stale_after_ns: int | None = None
    net_exposure_max: Decimal | None = None

    def __post_init__(self) -> None:
        if not 0 < self.fat_finger <= 1:
            raise ValueError(f"fat_finger: expected above 0 and at most 1, found {self.fat_finger}")
        if self.orders_per_minute < 1:
            raise ValueError(f"orders_per_minute: expected 1 or more, found {self.orders_per_minute}")
