"""What an account's moneys are worth in USD: by the tape, else by an assumption, else not at all."""

from __future__ import annotations

from decimal import Decimal

from genesis.clock import NS_PER_MINUTE, NS_PER_SECOND
from genesis.model.instruments import Instrument
from genesis.paper_trading.account_rates import AccountRates
from genesis.portfolio.conversion import NoRate, RateProblem
from genesis.tape.stream import Stream
from tests.kit.runs import START, quotes_stream, trades_stream

USDT = Instrument("USDTUSD", "X", "USDT", "USD", Decimal("0.0001"), Decimal("0.1"))
INVERSE = Instrument("USDEUR", "X", "USD", "EUR", Decimal("0.0001"), Decimal("0.1"))
PAR = {"USDT": Decimal(1)}


def quoted(instrument: Instrument, *quotes: tuple[int, int, int]) -> Stream:
    """(seconds, bid, ask) in ticks."""
    return arrived(quotes_stream([(s * NS_PER_SECOND, bid, 10, ask, 10) for s, bid, ask in quotes], instrument))


def arrived(stream: Stream) -> Stream:
    """All of its rows."""
    stream.reveal(stream.recorded)
    return stream


def rate_at(rates: AccountRates, currency: str, seconds: int) -> Decimal | NoRate:
    now = START + seconds * NS_PER_SECOND
    rates.look(now)
    return rates.rate(currency, now)


def test_usd_needs_no_rate() -> None:
    """One is one, and nothing is told of it."""
    rates = AccountRates([], ["USD"], PAR)
    assert (rate_at(rates, "USD", 0), rates.facts()) == (1, {})


def test_the_tape_decides_and_not_the_assumption() -> None:
    """What is owned is sold at the bid, at the rows of the moment itself."""
    rates = AccountRates([quoted(USDT, (0, 9_990, 9_992), (5, 9_900, 9_910))], ["USDT"], PAR)
    assert rate_at(rates, "USDT", 4) == Decimal("0.9990")
    assert rate_at(rates, "USDT", 5) == Decimal("0.9900")
    assert rates.facts() == {"USDT": {"instruments": ["USDTUSD.X"]}}


def test_before_the_rows_of_a_moment_the_one_before_counts() -> None:
    """Who is asked in the middle of a moment has not seen its rows."""
    rates, now = (
        AccountRates([quoted(USDT, (0, 9_990, 9_992), (5, 9_900, 9_910))], ["USDT"], PAR),
        START + 5 * NS_PER_SECOND,
    )
    rates.look(now, included=False)
    assert rates.rate("USDT", now) == Decimal("0.9990")
    rates.look(now, included=True)
    assert rates.rate("USDT", now) == Decimal("0.9900")


def test_a_price_over_a_minute_old_is_an_error_and_not_the_assumption() -> None:
    """60 s are good, a nanosecond more is not; nor is a tape that has not begun."""
    rates = AccountRates([quoted(USDT, (0, 9_990, 9_992))], ["USDT"], PAR)
    early, late = rate_at(rates, "USDT", -1), START + NS_PER_MINUTE
    assert isinstance(early, NoRate)
    assert early.problem is RateProblem.NO_PRICE
    rates.look(late)
    assert rates.rate("USDT", late) == Decimal("0.9990")
    stale = rates.rate("USDT", late + 1)
    assert isinstance(stale, NoRate)
    assert stale.problem is RateProblem.STALE


def test_without_an_instrument_the_assumption_decides_and_is_told() -> None:
    """Whatever the age; of the currencies that are held, and of no others."""
    rates = AccountRates([], ["USDT", "USD"], {"USDT": Decimal("0.99"), "USDC": Decimal(1)})
    assert rate_at(rates, "USDT", 10**6) == Decimal("0.99")
    assert rates.facts() == {"USDT": {"assumed": "0.99"}}


def test_with_neither_nothing_is_worth_anything() -> None:
    """The other way round would be worse: a number that nobody gave."""
    rates = AccountRates([quoted(USDT, (0, 9_990, 9_992))], ["EUR"], PAR)
    found = rate_at(rates, "EUR", 1)
    assert str(found) == "EUR to USD: expected instruments on the tape that lead there, found none"
    assert rates.facts() == {"EUR": {"instruments": []}}


def test_a_way_against_the_quote_is_rounded_down() -> None:
    """EUR by USD/EUR is bought at the ask: 1 / 0.9 to the twelfth decimal."""
    rates = AccountRates([quoted(INVERSE, (0, 8_000, 9_000))], ["EUR"], {})
    assert rate_at(rates, "EUR", 1) == Decimal("1.111111111111")


def test_a_way_of_two_instruments_pays_both_spreads() -> None:
    """USDT buys BTC at the ask, and BTC is sold for USD at the bid."""
    btcusdt = Instrument("BTCUSDT", "X", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"))
    btcusd = Instrument("BTCUSD", "X", "BTC", "USD", Decimal("0.01"), Decimal("0.001"))
    streams = [quoted(btcusdt, (0, 19_990, 20_000)), arrived(trades_stream([(0, 10_000, 1, 1)], btcusd))]
    rates = AccountRates(streams, ["USDT"], PAR)
    assert rate_at(rates, "USDT", 1) == Decimal("0.5")
    assert rates.facts() == {"USDT": {"instruments": ["BTCUSDT.X", "BTCUSD.X"]}}
