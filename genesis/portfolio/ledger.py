"""Double entry: money moves in balanced postings, so a one-sided mistake cannot hide.

Amounts are integers in ledger units of their currency. A debit is positive, a credit negative; the balances of one currency always sum
to zero. `Purpose.CAPITAL` and `Purpose.VENUE` stand for the outside: who funded us, and who we trade with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from genesis.errors import IntegrityError
from genesis.invariants import ensure
from genesis.model.grid import currency_grid
from genesis.model.money import Money
from genesis.model.orders import Word

Entry = tuple[int, int]  # (account number, amount)


class Purpose(Word):
    """What an account is for. ``INVENTORY`` is positions at cost; ``HOLDINGS`` counts the assets themselves."""

    CAPITAL = "capital"
    CASH = "cash"
    INVENTORY = "inventory"
    HOLDINGS = "holdings"
    VENUE = "venue"
    REALIZED = "realized_pnl"
    FEES = "fees"
    FUNDING = "funding"


class Account(NamedTuple):
    """One account. ``owner`` tells apart accounts of one purpose: inventory has one for each instrument id, else it is empty."""

    purpose: Purpose
    currency: str
    owner: str = ""


class Ledger:
    """Balances by account; the only way to change one is a posting that balances.

    Args:
        decimals: the scale of every currency that may be posted: its ledger unit is 10**-decimals.
    """

    __slots__ = ("_balances", "_currencies", "_decimals", "_numbers", "_places")

    def __init__(self, decimals: Mapping[str, int]) -> None:
        self._decimals = dict(decimals)
        self._numbers: dict[Account, int] = {}
        self._currencies: list[str] = []
        self._places: list[int] = []  # of each account's currency among those declared
        self._balances: list[int] = []

    def open(self, purpose: Purpose, currency: str, owner: str = "") -> int:
        """The number of the account, opened if it is new.

        Raises:
            IntegrityError: the currency has no declared scale.
        """
        ensure(currency in self._decimals, f"ledger: expected a currency with a declared scale, found {currency}")
        account = Account(purpose, currency, owner)
        number = self._numbers.setdefault(account, len(self._balances))
        if number == len(self._balances):
            self._balances.append(0)
            self._currencies.append(currency)
            self._places.append(list(self._decimals).index(currency))
        return number

    def post(self, entries: Sequence[Entry]) -> None:
        """Add each amount to its account (debits positive, credits negative): all of them or, with an error, none.

        Raises:
            IntegrityError: the entries of a currency do not sum to zero.
        """
        balances, places = self._balances, self._places
        totals = [0] * len(self._decimals)
        for account, amount in entries:
            totals[places[account]] += amount
        if any(totals):
            over = _over(dict(zip(self._decimals, totals, strict=True)))
            raise IntegrityError(f"posting: expected debits to equal credits, found {over}")
        for account, amount in entries:
            balances[account] += amount

    def post_four(self, a: int, x: int, b: int, y: int, c: int, z: int, d: int, w: int) -> None:
        """As `post`, for four amounts of one currency: accounts ``a`` to ``d`` take ``x`` to ``w``. A fill makes no list of them.

        Raises:
            IntegrityError: the amounts do not sum to zero.
        """
        balances, places = self._balances, self._places
        place = places[a]
        if x + y + z + w or places[b] != place or places[c] != place or places[d] != place:
            self.post(((a, x), (b, y), (c, z), (d, w)))
            return
        balances[a] += x
        balances[b] += y
        balances[c] += z
        balances[d] += w

    def move(self, account: int, other: int, amount: int) -> None:
        """As `post`, for two: debit ``account`` and credit ``other`` with ``amount``.

        Raises:
            IntegrityError: they are of two currencies.
        """
        if self._places[account] != self._places[other]:
            self.post(((account, amount), (other, -amount)))
            return
        self._balances[account] += amount
        self._balances[other] -= amount

    def balance(self, account: int) -> int:
        """Debits less credits, in ledger units."""
        return self._balances[account]

    def money(self, account: int) -> Money:
        """Debits less credits, as money."""
        currency = self._currencies[account]
        return Money(currency_grid(self._decimals[currency]).to_decimal(self._balances[account]), currency)

    def accounts(self) -> dict[Account, int]:
        """Every account and its balance in ledger units, in the order of opening."""
        return dict(zip(self._numbers, self._balances, strict=True))

    def trial_balance(self) -> dict[str, int]:
        """Sum of all accounts by currency: zero each, or the ledger is broken."""
        totals: dict[str, int] = {}
        for currency, amount in zip(self._currencies, self._balances, strict=True):
            totals[currency] = totals.get(currency, 0) + amount
        return totals

    def check(self) -> None:
        """Raise `IntegrityError` unless every currency balances."""
        totals = self.trial_balance()
        ensure(not any(totals.values()), f"ledger: expected a trial balance of zero, found {_over(totals)}")


def _over(totals: Mapping[str, int]) -> str:
    return ", ".join(f"{currency} {amount:+d} units over" for currency, amount in totals.items() if amount)
