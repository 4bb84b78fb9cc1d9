"""Strategies that tests run: busy, deterministic, and using every kind of order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from genesis.model.market import Bar, Quote, Trade
from genesis.model.orders import OrderIntent, OrderType, Side, TimeInForce
from genesis.strategies.base import Strategy


class Saved(Strategy):
    """Saves and loads every attribute that it has set itself."""

    def on_save(self) -> Mapping[str, Any]:
        return {k: v for k, v in vars(self).items() if k not in vars(Strategy((), None))}

    def on_load(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)


class Restless(Saved):
    """Every few trades another kind of order, chosen by the trade itself; cancels some; watches bars and a timer."""

    def on_start(self) -> None:
        self._n = 0
        self.subscribe_trades()
        self.subscribe_bars("1s")
        self.set_timer("tick", self.now + 3_000_000_000, 5_000_000_000)

    def on_trade(self, trade: Trade) -> None:
        self._n += 1
        if self._n % 5:
            return
        i, price = self.instrument, trade.ticks
        side = Side.BUY if trade.lots % 2 else Side.SELL
        near, far = i.price(price - 2 * side), i.price(price + 3 * side)
        choice = (trade.ticks + trade.lots) % 7
        qty = i.quantity(2)
        if choice == 0:
            self.order(side, qty)
        elif choice == 1:
            self.order(side, qty, limit=near, post_only=True)
        elif choice == 2:
            self.order(side, qty, limit=far, tif=TimeInForce.IOC)
        elif choice == 3:
            self.order(side, qty, trigger=far)
        elif choice == 4:
            self.order(side, qty, trailing_bp=5)
        elif choice == 5:
            self.order(side, qty, limit=i.price(price + 4 * side), trigger=far)
        else:
            self.order(side, qty, type=OrderType.TAKE_PROFIT, trigger=i.price(price - 3 * side))

    def on_bar(self, bar: Bar) -> None:
        orders = self.open_orders()
        if len(orders) > 3:
            self.cancel(orders[0].order.client_order_id)

    def on_timer(self, name: str) -> None:
        self.close()


class Sleeper(Saved):
    """Trades on bars only, with limits and stops that rest while it sleeps."""

    def on_start(self) -> None:
        self._n = 0
        self.subscribe_bars("2s")

    def on_bar(self, bar: Bar) -> None:
        self._n += 1
        i, ticks = self.instrument, bar.ticks(bar.close)
        side = Side.BUY if self._n % 2 else Side.SELL
        if self._n % 3 == 0:
            self.cancel_all()
        self.order(side, i.quantity(3), limit=i.price(ticks - side))
        self.order(side, i.quantity(1), trigger=i.price(ticks + 2 * side))


class QuoteFollower(Saved):
    """Rests at the touch and crosses now and then."""

    def on_start(self) -> None:
        self._n = 0
        self.subscribe_quotes()

    def on_quote(self, quote: Quote) -> None:
        self._n += 1
        if self._n % 4 == 0:
            self.cancel_all()
            self.order(Side.BUY, self.instrument.quantity(2), limit=self.instrument.price(quote.bid_ticks))
        elif self._n % 7 == 0:
            self.order(Side.SELL, self.instrument.quantity(2))


class Raises(Strategy):
    """Raises at its third trade."""

    def on_start(self) -> None:
        self._n = 0
        self.subscribe_trades()

    def on_trade(self, trade: Trade) -> None:
        self._n += 1
        if self._n == 2:
            self.buy(self.instrument.quantity(1))
        if self._n == 30:
            raise RuntimeError("no more")


class Once(Strategy):
    """Sends one order at the first trade, as its parameters say."""

    class Params(msgspec.Struct, frozen=True):
        side: Side
        lots: int
        how: dict[str, object] = {}

    def on_start(self) -> None:
        self._done = False
        self.answers: list[object] = []
        self.subscribe_trades()

    def on_trade(self, trade: Trade) -> None:
        if not self._done:
            self._done = True
            self.answers.append(
                self.order(self.params.side, self.instrument.quantity(self.params.lots), **self.params.how)
            )


class Hostile(Strategy):
    """Does one forbidden thing on its third trade."""

    class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        deed: str

    def on_start(self) -> None:
        self._n = 0
        self.subscribe_trades()

    def on_trade(self, trade: Trade) -> None:
        self._n += 1
        if self._n == 3:
            _DEEDS[self.params.deed](self)


class Unwritable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")


def _exit(strategy: Strategy) -> None:
    raise SystemExit(3)


class Rude(BaseException):
    """Not an Exception."""


def _no_exception(strategy: Strategy) -> None:
    raise Rude("out of order")


def _generator_exit(strategy: Strategy) -> None:
    raise GeneratorExit


def _unwritable(strategy: Strategy) -> None:
    raise Unwritable


def _surrogate_error(strategy: Strategy) -> None:
    raise ValueError("half a pair \ud800")


def _float_lots(strategy: Strategy) -> None:
    strategy.submit(OrderIntent(strategy.instrument, Side.BUY, 1.5))  # type: ignore[arg-type]


_DEEDS: dict[str, Callable[[Strategy], object]] = {
    "notes half a surrogate pair": lambda s: s.note("bad \udcff"),
    "notes what is no text": lambda s: s.note(3),  # type: ignore[arg-type]
    "notes a megabyte": lambda s: s.note("x" * 1_000_000),
    "tags with a megabyte": lambda s: s.buy(s.instrument.quantity(1), tag="x" * 1_000_000),
    "sets a timer of a nanosecond": lambda s: s.set_timer("often", s.now, 1),
    "sets a timer of half a nanosecond": lambda s: s.set_timer("often", s.now, 0.5),  # type: ignore[arg-type]
    "sets a timer at a float": lambda s: s.set_timer("when", float(s.now)),  # type: ignore[arg-type]
    "tags with half a surrogate pair": lambda s: s.buy(s.instrument.quantity(1), tag="\ud800"),
    "orders a float of lots": _float_lots,
    "orders until a word": lambda s: s.buy(s.instrument.quantity(1), tif="GTC"),
    "orders of a kind that is a word": lambda s: s.buy(s.instrument.quantity(1), type="MARKET"),
    "orders reduce-only by a word": lambda s: s.buy(s.instrument.quantity(1), reduce_only="no"),
    "weighs what is no number": lambda s: s.target_weight("half"),
    "leaves the process": _exit,
    "raises what no except clause expects": _no_exception,
    "ends as a generator would": _generator_exit,
    "raises what cannot be written": _unwritable,
    "raises half a surrogate pair": _surrogate_error,
}
DEEDS = tuple(_DEEDS)
