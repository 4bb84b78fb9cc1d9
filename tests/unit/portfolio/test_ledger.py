"""Double entry: what does not balance is not posted."""

from __future__ import annotations

from itertools import combinations

import pytest

from genesis.errors import IntegrityError
from genesis.model.money import Money
from genesis.portfolio.ledger import Account, Ledger, Purpose


@pytest.fixture
def ledger() -> Ledger:
    return Ledger({"USDT": 10, "BTC": 8})


def test_a_balanced_posting_moves_every_account(ledger: Ledger) -> None:
    """Debits add, credits take away, and the trial balance of each currency stays zero."""
    cash, inventory = ledger.open(Purpose.CASH, "USDT"), ledger.open(Purpose.INVENTORY, "USDT", "BTCUSDT.TEST")
    held, venue = ledger.open(Purpose.HOLDINGS, "BTC"), ledger.open(Purpose.VENUE, "BTC")
    ledger.post([(cash, -5), (inventory, 5), (held, 3), (venue, -3)])
    assert [ledger.balance(a) for a in (cash, inventory, held, venue)] == [-5, 5, 3, -3]
    assert ledger.trial_balance() == {"USDT": 0, "BTC": 0}
    ledger.check()


def test_an_unbalanced_posting_changes_nothing(ledger: Ledger) -> None:
    """One unit too many is refused, with its currency, and no account has moved."""
    cash, fees = ledger.open(Purpose.CASH, "USDT"), ledger.open(Purpose.FEES, "USDT")
    with pytest.raises(IntegrityError, match=r"expected debits to equal credits, found USDT \+1 units over"):
        ledger.post([(cash, -4), (fees, 5)])
    assert ledger.balance(cash) == ledger.balance(fees) == 0


def test_every_currency_must_balance_by_itself(ledger: Ledger) -> None:
    """Five units of one currency do not balance five of another."""
    cash, held = ledger.open(Purpose.CASH, "USDT"), ledger.open(Purpose.HOLDINGS, "BTC")
    with pytest.raises(IntegrityError, match=r"USDT -5 units over, BTC \+5 units over"):
        ledger.post([(cash, -5), (held, 5)])


def test_an_account_is_opened_once(ledger: Ledger) -> None:
    """The same purpose, currency and owner is the same account; another owner is another account."""
    first = ledger.open(Purpose.INVENTORY, "USDT", "A")
    assert ledger.open(Purpose.INVENTORY, "USDT", "A") == first
    assert ledger.open(Purpose.INVENTORY, "USDT", "B") != first
    assert list(ledger.accounts()) == [
        Account(Purpose.INVENTORY, "USDT", "A"),
        Account(Purpose.INVENTORY, "USDT", "B"),
    ]


def test_a_currency_needs_a_scale(ledger: Ledger) -> None:
    """No account is opened in a currency whose ledger unit nobody has declared."""
    with pytest.raises(IntegrityError, match="expected a currency with a declared scale, found EUR"):
        ledger.open(Purpose.CASH, "EUR")


def test_balances_read_as_money_at_their_scale(ledger: Ledger) -> None:
    """A unit of USDT is 10**-10 here and a unit of BTC 10**-8."""
    cash, capital = ledger.open(Purpose.CASH, "USDT"), ledger.open(Purpose.CAPITAL, "USDT")
    held, venue = ledger.open(Purpose.HOLDINGS, "BTC"), ledger.open(Purpose.VENUE, "BTC")
    ledger.post([(cash, 15), (capital, -15), (held, 15), (venue, -15)])
    assert ledger.money(cash) == Money("0.0000000015", "USDT")
    assert ledger.money(venue) == Money("-0.00000015", "BTC")


def test_the_trial_balance_finds_a_balance_that_changed_alone(ledger: Ledger) -> None:
    """A balance written past `post` is found and named."""
    ledger.open(Purpose.CASH, "USDT")
    ledger._balances[0] += 7
    with pytest.raises(IntegrityError, match=r"expected a trial balance of zero, found USDT \+7 units over"):
        ledger.check()


def test_the_postings_of_a_fill_are_checked_like_any_other(ledger: Ledger) -> None:
    """Four amounts that balance move their accounts and a move debits one and credits the other; what does not balance moves nothing."""
    quote = [ledger.open(p, "USDT") for p in (Purpose.CASH, Purpose.INVENTORY, Purpose.REALIZED, Purpose.FEES)]
    held, venue = ledger.open(Purpose.HOLDINGS, "BTC"), ledger.open(Purpose.VENUE, "BTC")
    cash, inventory, realized, fees = quote
    ledger.post_four(cash, -7, inventory, 5, realized, -1, fees, 3)
    ledger.move(held, venue, 4)
    assert [ledger.balance(a) for a in (*quote, held, venue)] == [-7, 5, -1, 3, 4, -4]
    with pytest.raises(IntegrityError, match=r"USDT \+1 units over"):
        ledger.post_four(cash, -7, inventory, 5, realized, -1, fees, 4)
    with pytest.raises(IntegrityError, match=r"USDT -4 units over, BTC \+4 units over"):
        ledger.post_four(cash, -7, inventory, 5, realized, -2, held, 4)
    with pytest.raises(IntegrityError, match=r"USDT \+4 units over, BTC -4 units over"):
        ledger.move(fees, venue, 4)
    assert [ledger.balance(a) for a in (*quote, held, venue)] == [-7, 5, -1, 3, 4, -4]


@pytest.mark.parametrize("pair", list(combinations(range(4), 2)))
def test_two_debits_without_a_credit_are_refused_wherever_they_stand(ledger: Ledger, pair: tuple[int, int]) -> None:
    """Amounts that would cancel were one of them a credit; no account moves."""
    cash, inventory, realized, fees = (
        ledger.open(p, "USDT") for p in (Purpose.CASH, Purpose.INVENTORY, Purpose.REALIZED, Purpose.FEES)
    )
    x, y, z, w = (int(place in pair) for place in range(4))
    with pytest.raises(IntegrityError, match=r"USDT \+2 units over"):
        ledger.post_four(cash, x, inventory, y, realized, z, fees, w)
    assert set(ledger.accounts().values()) == {0}


@pytest.mark.parametrize("place", range(4))
def test_one_account_of_another_currency_is_refused_wherever_it_stands(ledger: Ledger, place: int) -> None:
    """The numbers sum to zero, the currencies do not; no account moves."""
    accounts = [ledger.open(p, "USDT") for p in (Purpose.CASH, Purpose.INVENTORY, Purpose.REALIZED, Purpose.FEES)]
    accounts[place] = ledger.open(Purpose.HOLDINGS, "BTC")
    a, b, c, d = accounts
    with pytest.raises(IntegrityError, match="expected debits to equal credits"):
        ledger.post_four(a, 5, b, -2, c, -4, d, 1)
    assert set(ledger.accounts().values()) == {0}
