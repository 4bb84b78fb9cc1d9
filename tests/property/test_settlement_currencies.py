"""Two settlement currencies on random tapes: each money is conserved by itself, and what is owned is the fold of what was heard."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec
from hypothesis import event
from hypothesis import strategies as st

from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.execution.perpetual_terms import MarkedBy, PerpetualTerms
from genesis.execution.profile import ExecutionProfile, FeeCurrency, FeeSchedule
from genesis.feeds.replay import Replay
from genesis.model.events import OrderDenied, OrderFilled
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.margin import MarginTier
from genesis.model.market import Trade
from genesis.model.money import Money
from genesis.model.orders import DenyReason, Side
from genesis.model.run_events import RunStarted
from genesis.model.track_events import FundingPaid, Liquidated, MetricSample
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.portfolio.portfolio import Portfolio
from genesis.risk.limits import Limits
from genesis.strategies.base import Strategy
from genesis.tape.stream import Stream
from tests.kit.runs import START, UNBOUNDED, Memory, funding_stream, marks_stream, trades_stream
from tests.kit.thorough import holds_for

SECOND = 1_000_000_000
USDC = Instrument("USDCUSDT", "X", "USDC", "USDT", Decimal("0.0001"), Decimal("0.1"))
ETH = Instrument("ETHUSDC", "F", "ETH", "USDC", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)
BTC = Instrument("BTCUSDT", "F", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)
TERMS = PerpetualTerms(
    margin_tiers=(MarginTier(floor=Decimal(0), cap=Decimal(10**6), maintenance_rate=Decimal("0.02"), max_leverage=20),),
    leverage=10,
)
FEES = {
    USDC.id: FeeSchedule(),
    ETH.id: FeeSchedule(Decimal(2), Decimal(5), FeeCurrency.QUOTE),
    BTC.id: FeeSchedule(Decimal(2), Decimal(5), FeeCurrency.QUOTE),
}
FREE = msgspec.structs.replace(UNBOUNDED, open_orders_max=20)


class Wild(Strategy):
    """At each print the next action of its script on the print's instrument, for up to what the whole account could carry; it never asks."""

    class Params(msgspec.Struct, frozen=True):
        script: tuple[int, ...]

    def on_start(self) -> None:
        self._n = 0
        for instrument in self.instruments:
            self.subscribe_trades(instrument)

    def on_trade(self, trade: Trade) -> None:
        if trade.lots == 1:
            return
        self._n += 1
        action, i = self.params.script[self._n % len(self.params.script)], trade.instrument
        side = Side.BUY if action % 2 else Side.SELL
        lots = 1 + int(self.equity.amount * (1 + action % 9) / (trade.ticks * i.tick * i.lot * (9 if i is USDC else 1)))
        if action // 18 == 0:
            self.order(side, i.quantity(lots), instrument=i, reduce_only=action % 5 == 0)
        elif action // 18 == 1:
            self.order(side, i.quantity(lots), limit=i.price(trade.ticks - int(side)), instrument=i)
        elif action // 18 == 2:
            self.cancel_all(i)
        else:
            self.close(i)


class World(NamedTuple):
    """A tape, and what is done on it."""

    rows: tuple[tuple[int, int, int, int, int], ...]
    settlements: tuple[tuple[int, int], ...]
    script: tuple[int, ...]
    balance: str
    by_mark: bool

    def run(self, cut: int | None = None) -> tuple[Memory, Track]:
        at, streams = 0, []
        usdc, eth, btc = 10_000, 10_000, 10_000
        walks: dict[str, list[tuple[int, int, int, int]]] = {i.id: [] for i in (USDC, ETH, BTC)}
        for gap, moved, other, rate, side in self.rows:
            at += gap * SECOND // 4
            usdc = max(9_000, min(11_000, usdc + rate))
            eth, btc = max(2_000, eth + moved), max(2_000, btc + other)
            for k, (name, ticks) in enumerate(((USDC.id, usdc), (ETH.id, eth), (BTC.id, btc))):
                walks[name].append((at + k, ticks, 10**6, side))
        # Nobody acts on the last print, and the last mark comes when what it filled has been told.
        for walk in walks.values():
            walk.append((at + 60 * SECOND, walk[-1][1], 1, 1))
        for i in (USDC, ETH, BTC):
            streams.append(trades_stream(walks[i.id], i))
            if i is not USDC:
                marks = [(t + 7, p * 10**6, (p - 30) * 10**6, (p + 30) * 10**6) for t, p, _, _ in walks[i.id]]
                marks.append((at + 61 * SECOND, *marks[-1][1:]))
                settled = [(t * SECOND, rate) for t, rate in self.settlements]
                streams += [marks_stream(marks, i), funding_stream(settled, i)]
        return self._over(streams, cut)

    def _over(self, streams: Sequence[Stream], cut: int | None) -> tuple[Memory, Track]:
        tape = Tape(streams)
        marked = MarkedBy.MARK_PRICE if self.by_mark else MarkedBy.LAST_PRICE
        terms = msgspec.structs.replace(TERMS, marked_by=marked)
        limits = Limits(orders_per_minute=10_000, fat_finger=Decimal(1))
        profile = ExecutionProfile(prints_share=Decimal(1))
        simulator = PaperTradingSimulator(
            tape,
            StrategyMonitor(60 * SECOND),
            7,
            START - 1,
            profile,
            limits,
            (FREE,),
            FEES,
            terms={ETH.id: terms, BTC.id: terms},
        )
        strategy = Wild((USDC, ETH, BTC), Wild.Params(self.script))
        track = simulator.add("t", strategy, Money(200, "USDT"), balances=[Money(self.balance, "USDC")])
        journal = Memory()
        engine = TradingEngine(tape, simulator.tracks, journal, RunStarted(START - 1, None, {}))
        engine.run(Replay(streams).cut(cut))
        return journal, track


@st.composite
def worlds(draw: st.DrawFn) -> World:
    moves = st.sampled_from([-900, -60, -3, 0, 2, 60, 900])
    row = st.tuples(st.integers(0, 6), moves, moves, st.integers(-30, 30), st.sampled_from([-1, 0, 1]))
    settled = draw(st.dictionaries(st.integers(0, 30), st.sampled_from([-75_000, 10_000, 300_000]), max_size=4))
    return World(
        tuple(draw(st.lists(row, min_size=20, max_size=60))),
        tuple(sorted(settled.items())),
        tuple(draw(st.lists(st.integers(0, 71), min_size=1, max_size=12))),
        draw(st.sampled_from(["0", "20", "200"])),
        draw(st.booleans()),
    )


class Fold:
    """Cash of each money and units of each instrument, from the entries alone."""

    def __init__(self, portfolio: Portfolio) -> None:
        self._portfolio = portfolio
        self.cash = {money: portfolio.budget_of(money) for money in portfolio.moneys}
        self.units = dict.fromkeys((USDC.id, ETH.id, BTC.id), 0)

    def take(self, heard: object) -> None:
        if isinstance(heard, FundingPaid):
            self.cash[heard.currency] += heard.change
        elif isinstance(heard, OrderFilled):
            instrument, sign = heard.order.intent.instrument, int(heard.order.intent.side)
            units = sign * heard.last_lots * instrument.lot_units
            scale = self._portfolio.scales[instrument.quote]
            self.units[instrument.id] += units
            self.cash[instrument.quote] -= units * heard.last_ticks * instrument.notional_unit(scale)
            if heard.fee_currency == instrument.quote:
                self.cash[instrument.quote] -= heard.fee * int(10 ** (scale - heard.fee_decimals))
            else:
                assert heard.fee_currency == instrument.base
                self.units[instrument.id] -= heard.fee * int(10 ** (instrument.base_decimals - heard.fee_decimals))


@holds_for(worlds(), examples=40)
def test_each_money_is_conserved_and_is_the_fold_of_what_was_heard(world: World) -> None:
    """(1, 16) By currency: cash and positions are the entries', the parts add up, and the venue's wallet owns what the ledger owns."""
    journal, track = world.run()
    portfolio, wallet = track.portfolio, track.executor.wallet
    assert wallet is not None
    portfolio.ledger.check()
    fold = Fold(portfolio)
    for heard in journal.events:
        fold.take(heard)
    for money in portfolio.moneys:
        assert portfolio.cash_of(money) == fold.cash[money]
        kept = portfolio.realized_of(money) - portfolio.fees_of(money) + portfolio.funding_of(money)
        costs = sum(h.position.cost for h in portfolio.holdings() if h.purse.currency == money)
        assert portfolio.cash_of(money) + costs == portfolio.budget_of(money) + kept
        assert wallet.free[money] + wallet.locked[money] == portfolio.owned_of(money)
    assert {name: portfolio.position_units(name) for name in fold.units} == fold.units
    gone = {e.currency for e in journal.events if isinstance(e, Liquidated)}
    event(f"liquidated: {', '.join(sorted(gone)) or 'none'}")
    if any(isinstance(e, OrderDenied) and e.reason is DenyReason.MARGIN for e in journal.events):
        event("refused for margin")
    for money in portfolio.moneys:
        # Nothing but a liquidation empties a wallet that positions stand on.
        assert portfolio.owned_of(money) >= 0 or money in gone


@holds_for(worlds(), examples=20)
def test_what_is_told_in_one_money_adds_up(world: World) -> None:
    """Equity is budget, realised, unrealised, fees, funding and what the rates did; what is liquidated had no margin left in its own wallet."""
    journal, _ = world.run()
    for heard in journal.events:
        if isinstance(heard, Liquidated):
            assert heard.wallet + heard.unrealized <= heard.maintenance
            assert heard.currency == heard.instrument.quote
        elif isinstance(heard, MetricSample):
            told = heard.told()
            if told["equity"] is not None:
                of = {
                    k: Decimal(str(told[k]))
                    for k in ("budget_worth", "realized_pnl", "unrealized_pnl", "fees", "funding", "conversion_pnl")
                }
                made = of["realized_pnl"] + of["unrealized_pnl"] - of["fees"] + of["funding"] + of["conversion_pnl"]
                assert Decimal(str(told["equity"])) == of["budget_worth"] + made


@holds_for(worlds(), examples=15)
def test_how_the_tape_is_cut_never_shows(world: World) -> None:
    """(18) One row at a time, five, or all at once: the same chain."""
    assert len({world.run(cut)[0].head for cut in (1, 5, None)}) == 1
