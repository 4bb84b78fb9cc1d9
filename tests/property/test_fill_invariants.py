"""Accounts at the simulated venue: whatever the market and the orders, every wallet, position, fee and sum is what arithmetic says.

Numbers in brackets are the invariants of the execution design: 1 and 2 wallets, 3 sums, 4 fees, 16 what is heard, 17 refusals.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.execution.tier import Phase
from genesis.model.orders import Liquidity, Side
from tests.kit.sessions import Send, Session, Step, sessions
from tests.kit.thorough import holds_for
from tests.kit.venue import SPOT, Heard, Venue


def in_units(amount: Fraction, decimals: int) -> int:
    """An amount that must be whole in units of 10**-decimals."""
    units = amount * 10**decimals
    assert units.denominator == 1
    return int(units)


def amounts(fill: Heard, venue: Venue) -> tuple[Fraction, Fraction, Fraction]:
    """(base, quote, fee in its currency) of a fill, as fractions kept apart from the venue's integers."""
    instrument, side = venue.instrument, venue.orders[fill.order].sign
    assert fill.fee is not None
    base = side * fill.lots * Fraction(instrument.lot)
    quote = -side * fill.lots * Fraction(instrument.lot) * fill.ticks * Fraction(instrument.tick)
    return base, quote, Fraction(fill.fee[0], 10 ** fill.fee[2])


def expected_wallet(session: Session, venue: Venue, account: dict[str, Any]) -> dict[str, int]:
    """Deposits and trades less fees, in wallet units."""
    base, quote = session.instrument.base, session.instrument.quote
    held = {base: Fraction(account["coins"]), quote: Fraction(account["cash"])}
    for fill in venue.ears[account["name"]].of("filled"):
        got, paid, fee = amounts(fill, venue)
        held[base] += got
        held[quote] += paid
        assert fill.fee is not None
        held[fill.fee[1]] -= fee
    decimals = {base: session.instrument.base_decimals, quote: session.instrument.quote_decimals}
    return {asset: in_units(amount, decimals[asset]) for asset, amount in held.items()}


@holds_for(sessions((SPOT,)), examples=120)
def test_a_wallet_is_deposits_and_trades_less_fees(session: Session) -> None:
    """(1) After every event and in every asset, free and locked are what came and went, and neither is below zero."""
    venue = session.open()

    def check(step: Step) -> None:
        for account in session.accounts:
            wallet = venue.wallets[account["name"]]
            total = {asset: wallet.free[asset] + wallet.locked[asset] for asset in wallet.free}
            assert total == expected_wallet(session, venue, account)
            assert min(*wallet.free.values(), *wallet.locked.values()) >= 0

    session.play(venue, check)


@holds_for(sessions((SPOT,)), examples=120)
def test_locked_is_what_open_orders_still_need(session: Session) -> None:
    """(2) In every asset it is the sum over open orders: exactly the limit's worth of what is left where there is a limit.

    An order without one may have paid more than was set aside for it, and then less is left; never more than it needs.
    """
    venue = session.open()

    def check(step: Step) -> None:
        for name, wallet in venue.wallets.items():
            needed = dict.fromkeys(wallet.locked, 0)
            party = venue.parties[name]
            assert party.spot is not None
            for working in venue.matcher.working:
                if working.party is party:
                    needed[party.spot.gives(working.sign)] += working.locked
                    need = party.needs(working.sign, working.lock_ticks, working.leaves)
                    assert working.locked == need if working.limit is not None else 0 <= working.locked <= need
            assert wallet.locked == needed

    session.play(venue, check)


@holds_for(sessions(), examples=120)
def test_the_sums_of_an_order(session: Session) -> None:
    """(3) Filled, prevented and what is left are the order; an open order has something left, a filled one nothing."""
    venue = session.open()

    def check(step: Step) -> None:
        for name, working in venue.orders.items():
            ear = venue.ears[working.party.account]
            filled = sum(lots for _, lots in ear.fills(name))
            prevented = sum(h.lots for h in ear.of("prevented", name))
            assert all(lots > 0 for _, lots in ear.fills(name))
            assert (working.filled, working.prevented, working.fills) == (filled, prevented, len(ear.fills(name)))
            assert filled + prevented + working.leaves == working.order.intent.lots
            assert working.leaves > 0 if working in venue.matcher.working else True

    session.play(venue, check)


def public_fee(schedule: FeeSchedule, fill: Heard, venue: Venue) -> tuple[int, str]:
    """What a spot exchange's schedule charges: the rate on what was received (or always on the quote), truncated to its decimals."""
    instrument, side = venue.instrument, venue.orders[fill.order].order.intent.side
    base, quote, _ = amounts(fill, venue)
    rate = Fraction(schedule.maker_bp if fill.liquidity is Liquidity.MAKER else schedule.taker_bp) / 10_000
    in_base = schedule.currency is FeeCurrency.RECEIVED and not instrument.short_allowed and side is Side.BUY
    decimals = instrument.base_decimals if in_base else instrument.quote_decimals
    amount = Fraction(floor(abs(base if in_base else quote) * rate * 10**schedule.decimals), 10**schedule.decimals)
    return in_units(amount, decimals), instrument.base if in_base else instrument.quote


@holds_for(sessions(), examples=120)
def test_the_fee_is_that_of_the_public_formula(session: Session) -> None:
    """(4) In the asset the account received, truncated at eight decimals; in quote where the schedule says so."""
    venue = session.play(session.open())
    for account in session.accounts:
        for fill in venue.ears[account["name"]].of("filled"):
            assert fill.fee is not None
            assert fill.fee[:2] == public_fee(account["fees"], fill, venue)


@holds_for(sessions(), examples=120)
def test_what_an_account_hears_is_its_position(session: Session) -> None:
    """(16) After every event the fills it heard add up to the position its reduce-only orders are held to, which they never turn round."""
    venue = session.open()
    before = {str(a["name"]): 0 for a in session.accounts}

    def check(step: Step) -> None:
        for name, ear in venue.ears.items():
            position = 0
            for fill in ear.of("filled"):
                working = venue.orders[fill.order]
                after = position + working.sign * fill.lots
                if working.order.intent.reduce_only:
                    assert abs(after) < abs(position)
                    assert after * position >= 0
                position = after
            assert position == venue.parties[name].position
            before[name] = position

    session.play(venue, check)


def state(venue: Venue) -> object:
    """Everything a venue and its accounts hold, but for what was said."""
    shown, matcher = venue.matcher.shown, venue.matcher
    wallets = {n: (dict(w.free), dict(w.locked)) for n, w in venue.wallets.items()}
    orders = [
        (w.order.client_order_id, w.phase, w.leaves, w.locked, w.trigger, w.ahead, w.prevented) for w in matcher.working
    ]
    parties = {n: (p.position, p.buys._lots, p.sells._lots) for n, p in venue.parties.items()}
    market = (shown.bid, shown.bid_lots, shown.ask, shown.ask_lots, shown.last, dict(shown.taken._levels))
    return wallets, orders, parties, market, matcher.bounds()


@holds_for(sessions(), examples=120)
def test_a_refused_order_changes_nothing(session: Session) -> None:
    """(17) Whatever the reason, all that is left of it is the refusal."""
    venue = session.open()
    before = [state(venue)]

    def check(step: Step) -> None:
        if isinstance(step, Send):
            name = str(len(venue.orders) - 1)
            working = venue.orders[name]
            heard = [h.kind for h in venue.ears[working.party.account].heard if h.order == name]
            if heard == ["rejected"]:
                assert state(venue) == before[0]
                assert working.phase is not Phase.ENDED
        before[0] = state(venue)

    session.play(venue, check)
