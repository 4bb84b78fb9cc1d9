"""The configuration of strategies and their variants."""

from __future__ import annotations

from decimal import Decimal

from genesis.config.section import Section, check_name
from genesis.portfolio.positions import CostMethod
from genesis.portfolio.trades import TradeBasis

# Beyond it no market is traded, and the amounts of statements would leave the decimals' 28 digits.
MONEY_MAX = Decimal(10) ** 15


class Variant(Section, frozen=True):
    """A named set of parameters over the strategy's own."""

    name: str
    params: dict[str, object] = {}

    def __post_init__(self) -> None:
        check_name("name", self.name)


class StrategyConfig(Section, frozen=True):
    """A strategy: a built-in or entry-point name, or ``path/to/file.py:ClassName``; each variant is a track of its own.

    ``budget`` is in ``budget_currency``, the quote of the first instrument where that is not said. ``balances`` are what the account has beside it of
    other moneys (of a fee's asset, of another quote), and ``rates`` instruments that it does not trade and whose prices convert between its moneys.
    ``faults`` names the plan under which it runs once more, beside the undisturbed track; ``None`` is the run's, ``none`` no plan.
    Strategies of one ``liquidity_scope`` compete for the same displayed size and prints; without one each track is alone.
    """

    name: str
    strategy: str
    instruments: list[str]
    budget: Decimal
    budget_currency: str | None = None
    balances: dict[str, Decimal] = {}
    rates: list[str] = []
    params: dict[str, object] = {}
    variants: list[Variant] = []
    liquidity_scope: str | None = None
    lots: CostMethod = CostMethod.AVERAGE
    trade_basis: TradeBasis = TradeBasis.FLAT_TO_FLAT
    faults: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.budget <= MONEY_MAX:
            raise ValueError(f"budget: expected above 0, at most {MONEY_MAX:.0e}, found {self.budget}")
        if not self.instruments:
            raise ValueError("instruments: expected one or more, found none")
        out = next((c for c, amount in self.balances.items() if not 0 <= amount <= MONEY_MAX), None)
        if out is not None:
            raise ValueError(f"balances.{out}: expected 0 to {MONEY_MAX:.0e}, found {self.balances[out]}")
        check_name("name", self.name)
