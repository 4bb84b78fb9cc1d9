"""A venue to test by hand: one instrument, accounts with an ear each, a market told row by row."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from genesis.execution.fault_windows import FaultWindows
from genesis.execution.fees import FeeCalculator
from genesis.execution.impact import SquareRootImpact
from genesis.execution.liquidity import TakenLiquidity
from genesis.execution.matching import Matcher
from genesis.execution.models import VenueModels
from genesis.execution.party import Fee, Party, Spot
from genesis.execution.pricing import FillCost
from genesis.execution.profile import FeeSchedule
from genesis.execution.shown import Conditions, Shown
from genesis.execution.tier import Tier
from genesis.execution.wallet import Wallet
from genesis.execution.working import Working
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.orders import (
    Liquidity,
    Order,
    OrderIntent,
    OrderType,
    RejectReason,
    Side,
)
from genesis.model.rules import StpMode

MS = 1_000_000
SPOT = Instrument("BTCUSDT", "TEST", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"))
MARGIN = Instrument("BTCUSD", "TEST", "BTC", "USD", Decimal("0.01"), Decimal("0.001"), InstrumentKind.FX)
BOOK = frozenset({Tier.TRADES, Tier.QUOTES, Tier.DEPTH})
TOUCH = frozenset({Tier.TRADES, Tier.QUOTES})
PRINTS = frozenset({Tier.TRADES})
BARS = frozenset({Tier.BARS})


class NoConditions:
    """Where nothing is known of a market: no impact, no spread, no usual print."""

    def daily(self, now_ns: int) -> tuple[float, float]:
        """Zeros."""
        return 0.0, 0.0

    def half_spread(self, now_ns: int) -> int:
        """Zero."""
        return 0

    def typical_print(self, now_ns: int) -> int | None:
        """None."""
        return None


class Heard(NamedTuple):
    """One thing the venue said of an order."""

    kind: str
    order: str
    time_ns: int
    ticks: int = 0
    lots: int = 0
    liquidity: Liquidity | None = None
    fee: Fee | None = None
    cost: FillCost | None = None
    reason: RejectReason | None = None


class Ear:
    """Keeps what the venue says to one account; ``details`` are its words for refusing an order."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.details: dict[str, str] = {}

    def accepted(self, working: Working, time_ns: int) -> None:
        self.heard.append(Heard("accepted", working.order.client_order_id, time_ns))

    def rejected(self, order: Order, time_ns: int, reason: RejectReason, detail: str) -> None:
        self.heard.append(Heard("rejected", order.client_order_id, time_ns, reason=reason))
        self.details[order.client_order_id] = detail

    def triggered(self, working: Working, time_ns: int, trigger_ticks: int) -> None:
        self.heard.append(Heard("triggered", working.order.client_order_id, time_ns, trigger_ticks))

    def filled(
        self, working: Working, time_ns: int, ticks: int, lots: int, liquidity: Liquidity, fee: Fee, cost: FillCost
    ) -> None:
        name = working.order.client_order_id
        self.heard.append(Heard("filled", name, time_ns, ticks, lots, liquidity, fee, cost))

    def prevented(self, working: Working, time_ns: int, lots: int) -> None:
        self.heard.append(Heard("prevented", working.order.client_order_id, time_ns, lots=lots))

    def canceled(self, working: Working, time_ns: int) -> None:
        self.heard.append(Heard("canceled", working.order.client_order_id, time_ns, lots=working.leaves))

    def expired(self, working: Working, time_ns: int, reason: RejectReason) -> None:
        name = working.order.client_order_id
        self.heard.append(Heard("expired", name, time_ns, lots=working.leaves, reason=reason))

    def of(self, kind: str, order: str | None = None) -> list[Heard]:
        """What was said of a kind, of one order or of all."""
        return [h for h in self.heard if h.kind == kind and order in (None, h.order)]

    def fills(self, order: str | None = None) -> list[tuple[int, int]]:
        """(ticks, lots) of the fills."""
        return [(h.ticks, h.lots) for h in self.of("filled", order)]


class Venue:
    """One matcher and its accounts; ``now`` goes on by a millisecond with every row and command."""

    def __init__(
        self,
        sources: frozenset[Tier],
        instrument: Instrument = MARGIN,
        queue: str = "risk_averse",
        queue_n: int = 3,
        only_through: bool = False,
        prints_share: tuple[int, int] = (1, 1),
        bar_share: tuple[int, int] | None = None,
        impact_y: float = 0.0,
        half_life_ns: int = 0,
        fresh_ns: int = 60_000 * MS,
        conditions: Conditions | None = None,
        estimate_spread: bool = False,
        halts: FaultWindows | None = None,
    ) -> None:
        self.instrument = instrument
        shown = Shown(sources, TakenLiquidity(half_life_ns), fresh_ns)
        models = VenueModels(
            conditions or NoConditions(),
            prints_share,
            bar_share,
            queue,
            queue_n,
            20,
            only_through,
            estimate_spread,
            SquareRootImpact(impact_y) if impact_y else None,
        )
        self.matcher = Matcher(shown, models, instrument.price_grid.to_text, halts)
        self.now = 0
        self.ears: dict[str, Ear] = {}
        self.parties: dict[str, Party] = {}
        self.wallets: dict[str, Wallet] = {}
        self.orders: dict[str, Working] = {}

    def account(
        self,
        name: str = "a",
        cash: str = "1000000",
        coins: str = "0",
        mode: StpMode = StpMode.EXPIRE_MAKER,
        fees: FeeSchedule | None = None,
    ) -> Ear:
        """Open an account; on spot it holds ``cash`` quote and ``coins`` base."""
        i = self.instrument
        decimals = i.quote_decimals
        spot = None
        if not i.short_allowed:
            wallet = self.wallets[name] = Wallet({i.quote: decimals, i.base: i.base_decimals})
            wallet.deposit(i.quote, int(Decimal(cash).scaleb(decimals)))
            wallet.deposit(i.base, int(Decimal(coins).scaleb(i.base_decimals)))
            spot = Spot(wallet, i, decimals)
        ear = self.ears[name] = Ear()
        schedule = fees or FeeSchedule()
        calculator = FeeCalculator(schedule, i, decimals)
        self.parties[name] = Party(
            name, ear, calculator, i.lot_units, i.notional_unit(decimals), spot, 60_000 * MS, mode
        )
        return ear

    def order(
        self,
        name: str,
        side: Side,
        lots: int,
        limit: int | None = None,
        account: str = "a",
        slippage: int = 0,
        half_spread: int = 0,
        decided_ns: int | None = None,
        late_by: int = 0,
        **how: Any,
    ) -> Working:
        """Let an order arrive now: a limit order where ``limit`` is given, else at market, else as ``how`` says."""
        kind = how.pop("type", OrderType.LIMIT if limit is not None else OrderType.MARKET)
        intent = OrderIntent(self.instrument, side, lots, kind, limit, **how)
        self.now += MS
        decided = self.now if decided_ns is None else decided_ns
        return self.send(Order(name, account, intent, decided, 1), account, slippage, half_spread, late=late_by > 0)

    def send(
        self, order: Order, account: str = "a", slippage: int = 0, half_spread: int = 0, late: bool = False
    ) -> Working:
        """Let an order arrive now, or only be expected."""
        decision = self.matcher.touch(int(order.intent.side))
        working = Working(order, self.parties[account], decision, slippage, half_spread)
        self.orders[order.client_order_id] = working
        if late:
            self.matcher.expect(working)
        else:
            self.matcher.arrive(working, self.now)
        return working

    def arrive_late(self, name: str) -> None:
        """An order that was expected arrives."""
        self.now += MS
        self.matcher.arrive(self.orders[name], self.now)

    def cancel(self, name: str) -> bool:
        """Let a cancel arrive."""
        self.now += MS
        return self.matcher.cancel(name, self.now)

    def quote(self, bid: int, bid_lots: int, ask: int, ask_lots: int) -> None:
        """The best bid and ask."""
        self.now += MS
        self.matcher.on_quote(self.now, bid, bid_lots, ask, ask_lots)

    def depth(self, side: int, ticks: int, lots: int) -> None:
        """A level's size."""
        self.now += MS
        book = self.matcher.shown.book
        assert book is not None
        book.set(side, ticks, lots)
        self.matcher.on_depth(side, ticks, lots, self.now)

    def trade(self, ticks: int, lots: int, aggressor: int = -1, late_by_ns: int = 0) -> None:
        """A public trade; the aggressor sells by default."""
        self.now += MS
        self.matcher.on_trade(self.now, ticks, lots, aggressor, self.now - late_by_ns)

    def bar(self, opened: int, high: int, low: int, close: int, lots: int, length_ns: int = 10 * MS) -> None:
        """A bar that closes in 10 ms and opened ``length_ns`` before."""
        self.now += 10 * MS
        self.matcher.on_bar(self.now, self.now - length_ns, opened, high, low, close, lots)
