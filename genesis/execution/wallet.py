"""What an account has at its venue: each asset, free or set aside for an order that works."""

from __future__ import annotations

from collections.abc import Mapping

from genesis.errors import IntegrityError
from genesis.model.grid import currency_grid


class Wallet:
    """Free and locked amounts by asset, in ledger units; shared by an account's instruments.

    What perpetuals make or lose is deposited too. Free is below zero where they have lost what spot orders set aside; free and locked together are so only
    where a liquidation left a debt. An order then fills what both together can pay.

    Args:
        decimals: scale of each asset; a movement names its own scale and must fit.
    """

    __slots__ = ("_decimals", "free", "locked")

    def __init__(self, decimals: Mapping[str, int]) -> None:
        self._decimals = dict(decimals)
        self.free: dict[str, int] = dict.fromkeys(decimals, 0)
        self.locked: dict[str, int] = dict.fromkeys(decimals, 0)

    def text(self, asset: str, units: int) -> str:
        """An amount of an asset in plain notation, every digit of it."""
        return currency_grid(self._decimals[asset]).to_text(units)

    def factor(self, asset: str, decimals: int) -> int:
        """Wallet units of one unit at ``decimals``.

        Raises:
            IntegrityError: the asset is not declared, or coarser than the unit.
        """
        scale = self._decimals.get(asset, -1) - decimals
        if scale < 0:
            raise IntegrityError(f"wallet: expected {asset} at {decimals} decimals or more, found {self._decimals}")
        return int(10**scale)

    def deposit(self, asset: str, units: int) -> None:
        """Add to what is free."""
        self.free[asset] += units

    def lock(self, asset: str, units: int) -> bool:
        """Set aside; ``False``, and nothing happens, where less is free."""
        if units > self.free[asset]:
            return False
        self.free[asset] -= units
        self.locked[asset] += units
        return True

    def unlock(self, asset: str, units: int) -> None:
        """Release what was set aside."""
        self.locked[asset] -= units
        self.free[asset] += units
