"""Double entry: money moves in pairs, so a one-sided mistake cannot hide.

Amounts are integers in ledger units of their currency. A debit is positive, a credit negative; the balances of one currency always sum
to zero. Accounts are told apart by (purpose, currency).
"""

from __future__ import annotations

from genesis.invariants import ensure
from genesis.model.orders import Word

Account = tuple["Purpose", str]


class Purpose(Word):
    """What an account is for. ``CAPITAL`` and ``VENUE`` stand for the outside: who funded us, and who we trade with."""

    CAPITAL = "capital"
    CASH = "cash"
    INVENTORY = "inventory"
    HOLDINGS = "holdings"
    VENUE = "venue"
    REALIZED = "realized_pnl"
    FEES = "fees"


class Ledger:
    """Balances by account; the only way to change one is `transfer`, which changes two."""

    __slots__ = ("_balances",)

    def __init__(self) -> None:
        self._balances: dict[Account, int] = {}

    def transfer(self, currency: str, debit: Purpose, credit: Purpose, amount: int) -> None:
        """Debit one account and credit another by ``amount`` (negative goes the other way)."""
        balances = self._balances
        up, down = (debit, currency), (credit, currency)
        balances[up] = balances.get(up, 0) + amount
        balances[down] = balances.get(down, 0) - amount

    def balance(self, purpose: Purpose, currency: str) -> int:
        """Debits less credits."""
        return self._balances.get((purpose, currency), 0)

    def trial_balance(self) -> dict[str, int]:
        """Sum of all accounts by currency: zero each, or the ledger is broken."""
        totals: dict[str, int] = {}
        for (_, currency), amount in self._balances.items():
            totals[currency] = totals.get(currency, 0) + amount
        return totals

    def check(self) -> None:
        """Raise `IntegrityError` unless every currency balances."""
        for currency, total in self.trial_balance().items():
            ensure(total == 0, f"ledger: expected {currency} to balance, found {total} units over")
