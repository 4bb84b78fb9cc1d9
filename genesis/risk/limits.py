"""Pre-trade limits that do not depend on the tier."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from genesis.risk.correlation import LEAST_BARS

# A year of evidence bars; each is held in memory.
_BARS_MAX = 2190


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits beside the tier. ``stale_after_ns`` is for live feeds; ``net_exposure_max`` is a fraction of equity per asset.

    ``stacked_max``: what all live tracks together may hold in one direction of instruments that move together, as a fraction of the account's equity;
    ``None`` is no limit. They do from a correlation of ``stacked_correlation`` on over the latest ``stacked_bars`` evidence bars. By default a half, which is what a
    tier gives a single version at most, so none meets it alone; and a fall of a tenth in all of it costs the 5 % that most tiers allow a day.
    """

    fat_finger: Decimal = Decimal("0.05")
    orders_per_minute: int = 60
    stale_after_ns: int | None = None
    net_exposure_max: Decimal | None = None
    stacked_max: Decimal | None = Decimal("0.5")
    stacked_correlation: Decimal = Decimal("0.7")
    stacked_bars: int = 180

    def __post_init__(self) -> None:
        if not 0 < self.fat_finger <= 1:
            raise ValueError(f"fat_finger: expected above 0 and at most 1, found {self.fat_finger}")
        if self.orders_per_minute < 1:
            raise ValueError(f"orders_per_minute: expected 1 or more, found {self.orders_per_minute}")
        if self.stale_after_ns is not None and self.stale_after_ns <= 0:
            raise ValueError(f"stale_after_ns: expected above 0, or null, found {self.stale_after_ns}")
        if self.net_exposure_max is not None and self.net_exposure_max < 0:
            raise ValueError(f"net_exposure_max: expected 0 or more, or null, found {self.net_exposure_max}")
        if self.stacked_max is not None and not 0 < self.stacked_max <= 10:
            raise ValueError(f"stacked_max: expected above 0 and at most 10, or null, found {self.stacked_max}")
        if not 0 < self.stacked_correlation <= 1:
            raise ValueError(f"stacked_correlation: expected above 0 and at most 1, found {self.stacked_correlation}")
        if not LEAST_BARS <= self.stacked_bars <= _BARS_MAX:
            raise ValueError(f"stacked_bars: expected {LEAST_BARS} to {_BARS_MAX}, found {self.stacked_bars}")
