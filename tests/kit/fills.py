"""Fills for tests of money: from exact text, or from one line a fill."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from genesis.model.events import OrderFilled
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.orders import Liquidity, Order, OrderIntent, Side

SPOT = Instrument("BTCUSDT", "TEST", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"))
FX = Instrument("EURUSD", "TEST", "EUR", "USD", Decimal("0.01"), Decimal("0.1"), InstrumentKind.FX)
SECOND = 1_000_000_000


def fee_decimals(instrument: Instrument, currency: str) -> int:
    """The ledger's scale of a fee in this currency; 8 for a third asset."""
    scales = {instrument.base: instrument.base_decimals, instrument.quote: instrument.quote_decimals}
    return scales.get(currency, 8)


def fill_of(
    instrument: Instrument,
    side: Side,
    lots: int,
    ticks: int,
    fee: int = 0,
    currency: str | None = None,
    at: int = 1,
    order: str | None = None,
    decimals: int | None = None,
) -> OrderFilled:
    """A whole taker fill of an order of its own at second ``at``; ``fee`` in ledger units of ``currency`` (quote by default)."""
    time, currency = at * SECOND, currency or instrument.quote
    approved = Order(order or f"t-{at}", "t", OrderIntent(instrument, side, lots), time, 0)
    scale = fee_decimals(instrument, currency) if decimals is None else decimals
    return OrderFilled(
        time,
        "t",
        approved,
        time,
        1,
        ticks,
        lots,
        lots,
        0,
        Liquidity.TAKER,
        fee,
        currency,
        scale,
        "trades",
        "low",
        None,
        None,
    )


def fills_of(instrument: Instrument, text: str) -> Iterator[tuple[OrderFilled, bool]]:
    """Fills and whether risk forced them, a second apart from second 1, of lines such as ``sell 3 @ 110.5 fee 0.001 BTC order a forced``.

    The fee is in quote unless a currency follows it; lines that share an ``order`` are parts of one.
    """
    for at, line in enumerate((row for row in text.splitlines() if row.strip()), 1):
        side, qty, _, price, *words = line.split()
        said = dict(zip(words, words[1:], strict=False))
        fee = said.get("fee", "0")
        currency = said.get(fee, instrument.quote)
        if currency in ("order", "forced"):
            currency = instrument.quote
        yield (
            fill_of(
                instrument,
                Side[side.upper()],
                instrument.lots(qty),
                instrument.ticks(price),
                currency_grid(fee_decimals(instrument, currency)).from_text(fee),
                currency,
                at,
                said.get("order"),
            ),
            "forced" in words,
        )
