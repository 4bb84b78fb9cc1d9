"""Amounts of one currency in another, by the prices of instruments on the tape.

USDT is not USD: nothing is converted without a price, and a price older than the limit is none (definitions.md, "Tiers": 60 s).

What is owned is worth what it sells for: the bid where the currency is an instrument's base, the ask where it is its quote. What is
owed costs what it takes to buy: the other side. The whole way is one fraction of integers, rounded down once at its end, so that a
valuation never flatters, neither an asset nor a debt.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from genesis.clock import NS_PER_MINUTE
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.portfolio.conversion import NoRate, RateProblem

RATE_AGE_LIMIT_NS = NS_PER_MINUTE


class Pair:
    """The last price of one instrument: ``bid`` and ``ask`` in ticks, equal where the tape shows only one price.

    ``limit_ns`` is the oldest it may be.
    """

    __slots__ = ("ask", "base", "bid", "denominator", "id", "limit_ns", "mantissa", "quote", "time")

    def __init__(self, instrument: Instrument, limit_ns: int) -> None:
        self.limit_ns = limit_ns
        self.id, self.base, self.quote = instrument.id, instrument.base, instrument.quote
        self.mantissa, self.denominator = instrument.price_grid.mantissa, instrument.price_grid.denominator
        self.bid = self.ask = self.time = 0


class Rates:
    """Prices between currencies, the shortest way from one to another (of equal ways the one named first).

    A perpetual exchanges no currencies and is no rate. Between two venues of one pair the first counts.

    Args:
        instruments: the rates there are, and the order in which they are preferred.
        decimals: ledger scale of each currency that is converted.
        limit_ns: the oldest a price may be.
    """

    def __init__(
        self, instruments: Sequence[Instrument], decimals: Mapping[str, int], limit_ns: int = RATE_AGE_LIMIT_NS
    ) -> None:
        self._decimals = dict(decimals)
        self._pairs = {i.id: Pair(i, limit_ns) for i in instruments if i.kind is not InstrumentKind.PERPETUAL}
        self._ways: dict[tuple[str, str], tuple[tuple[Pair, bool], ...] | None] = {}

    def show(self, instrument_id: str, time_ns: int, bid: int, ask: int) -> None:
        """Take a price: ticks of ``bid`` and ``ask``, both the same where there is one; an instrument that is no rate is passed over."""
        pair = self._pairs.get(instrument_id)
        if pair is not None and bid > 0 and ask > 0:
            pair.bid, pair.ask, pair.time = bid, ask, time_ns

    def convert(self, amount: int, source: str, target: str, now: int) -> int | NoRate:
        """Ledger units of ``target`` that ``amount`` ledger units of ``source`` are worth at engine time ``now``, rounded down.

        Nothing is worth nothing whatever the rate, and a currency is itself.
        """
        if source == target or not amount:
            return amount
        ratio = self.ratio(source, target, now, amount > 0)
        if isinstance(ratio, NoRate):
            return ratio
        return amount * ratio[0] // ratio[1]

    def decimals_of(self, currency: str) -> int:
        """Ledger scale of a currency that is converted."""
        return self._decimals[currency]

    def ratio(self, source: str, target: str, now: int, owned: bool) -> tuple[int, int] | NoRate:
        """Ledger units of ``target`` for one of ``source`` as (numerator, denominator); ``owned`` or owed."""
        way = self.way(source, target)
        if way is None:
            return NoRate(RateProblem.NO_PATH, source, target)
        top = int(10 ** self._decimals[target])
        bottom = int(10 ** self._decimals[source])
        for pair, sells_base in way:
            if not pair.bid:
                return NoRate(RateProblem.NO_PRICE, source, target, pair.id)
            if now - pair.time > pair.limit_ns:
                return NoRate(RateProblem.STALE, source, target, pair.id, now - pair.time, pair.limit_ns)
            price = (pair.bid if sells_base == owned else pair.ask) * pair.mantissa
            if sells_base:
                top, bottom = top * price, bottom * pair.denominator
            else:
                top, bottom = top * pair.denominator, bottom * price
        return top, bottom

    def way(self, source: str, target: str) -> tuple[tuple[Pair, bool], ...] | None:
        """Steps from ``source`` to ``target``: a pair and whether its base is given for its quote; ``None`` where none lead there."""
        key = (source, target)
        if key not in self._ways:
            self._ways[key] = self._search(source, target)
        return self._ways[key]

    def _search(self, source: str, target: str) -> tuple[tuple[Pair, bool], ...] | None:
        seen = {source}
        waiting: deque[tuple[str, tuple[tuple[Pair, bool], ...]]] = deque([(source, ())])
        while waiting:
            currency, way = waiting.popleft()
            if currency == target:
                return way
            for pair in self._pairs.values():
                if currency not in (pair.base, pair.quote):
                    continue
                sells_base = currency == pair.base
                reached = pair.quote if sells_base else pair.base
                if reached not in seen:
                    seen.add(reached)
                    waiting.append((reached, (*way, (pair, sells_base))))
        return None
