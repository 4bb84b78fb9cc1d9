"""Events for tests: one of each kind with plain defaults, and whole lives of orders."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from genesis.model.events import (
    Event,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderCancelRequested,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderPrevented,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUnanswered,
    TapePosition,
)
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.orders import DenyReason, Liquidity, Order, OrderIntent, OrderType, RejectReason, Side
from genesis.model.promotion_events import (
    AccountSample,
    CommandTaken,
    EvidenceSample,
    FamilyEvidence,
    PromotionEvaluated,
    StageChanged,
    VariantsCompared,
)
from genesis.model.run_events import FaultsInjected, FaultTime, FaultWindow, GapFound, RowsLate, RunStarted, TapeEnded
from genesis.model.track_events import (
    CapitalMoved,
    FundingPaid,
    Liquidated,
    MetricSample,
    StrategyNote,
    TrackClosed,
    TrackHalted,
    TrackOpened,
    TrackStopped,
    TradeClosed,
)

BTC = Instrument("BTCUSDT", "BINANCE", "BTC", "USDT", Decimal("0.01"), Decimal("0.00001"))
PERP = Instrument("BTCUSDT", "USDM", "BTC", "USDT", Decimal("0.1"), Decimal("0.001"), InstrumentKind.PERPETUAL)
T0 = 1_735_689_600_000_000_000
SECOND = 1_000_000_000
POSITION = TapePosition("BTCUSDT.BINANCE/trades", 123_456, "ab" * 32)
TRACKS = ("ema.fast", "ema.slow")


Changed = TypeVar("Changed", bound=msgspec.Struct)


def change(event: Changed, **values: Any) -> Changed:
    """The same event with other values."""
    return msgspec.structs.replace(event, **values)


def order(number: int = 1, track: str = "ema.fast", lots: int = 100, **intent: Any) -> Order:
    """A market order of ``lots`` lots of BTC, bought unless said otherwise."""
    wanted = OrderIntent(intent.pop("instrument", BTC), intent.pop("side", Side.BUY), lots, **intent)
    return Order(f"{track}-{number}", track, wanted, T0 + number * SECOND, 0)


def submitted(of: Order, **values: Any) -> OrderSubmitted:
    """Sent at the moment of the decision."""
    return change(OrderSubmitted(of.decided_ns, of.track, of, of.decided_ns, POSITION), **values)


def accepted(of: Order, **values: Any) -> OrderAccepted:
    """Accepted 15 ms later."""
    at = of.decided_ns + 15_000_000
    return change(OrderAccepted(at, of.track, of, at - 5_000_000), **values)


def filled(
    of: Order, lots: int | None = None, before: int = 0, number: int = 1, ticks: int = 4_300_112, **values: Any
) -> OrderFilled:
    """A taker fill of ``lots`` (all by default) after ``before`` lots were filled already."""
    last = of.intent.lots - before if lots is None else lots
    at = of.decided_ns + 20_000_000 + number
    total = before + last
    event = OrderFilled(
        at,
        of.track,
        of,
        at - 5_000_000,
        number,
        ticks,
        last,
        total,
        of.intent.lots - total,
        Liquidity.TAKER,
        4_300_112 * last,
        "USDT",
        10,
        "trades",
        "low",
        ticks - 7,
        ticks - 3,
        4,
        1,
        0,
        2,
        -1,
        POSITION,
    )
    return change(event, **values)


def canceled(of: Order, leaves: int | None = None, **values: Any) -> OrderCanceled:
    """The venue confirmed the cancel with ``leaves`` lots (all by default) still working."""
    at = of.decided_ns + SECOND
    return change(
        OrderCanceled(at, of.track, of, at - 5_000_000, of.intent.lots if leaves is None else leaves), **values
    )


def denied(track: str = "ema.fast", **values: Any) -> OrderDenied:
    """Risk refused a limit order."""
    intent = OrderIntent(BTC, Side.SELL, 5, OrderType.LIMIT, 4_300_000, tag="exit")
    event = OrderDenied(T0, track, intent, DenyReason.SHORT_NOT_ALLOWED, "expected 0.00005 held, found 0", POSITION)
    return change(event, **values)


def trade(track: str = "ema.fast", **values: Any) -> TradeClosed:
    """A round trip of an hour that lost its fees."""
    event = TradeClosed(
        T0 + 3_600 * SECOND,
        track,
        BTC,
        Side.BUY,
        T0,
        T0 + 3_600 * SECOND,
        100_000,
        430_011_200_000,
        430_011_200_000,
        860_022_400,
        -860_022_400,
        "USDT",
        10,
        2,
        False,
    )
    return change(event, **values)


def funding(track: str = "ema.fast", **values: Any) -> FundingPaid:
    """A long of one BTC paid 0.01 % of 43,001.12 USDT, 5 ms after the settlement."""
    seen = TapePosition("BTCUSDT.USDM/funding", 3, "")
    paid = -43_001_120_000_000_000
    event = FundingPaid(T0 + 5_000_000, track, PERP, T0, 10**8, 4_300_112_000_000, 10_000, paid, "USDT", 16, seen)
    return change(event, **values)


def liquidated(track: str = "ema.slow", **values: Any) -> Liquidated:
    """A long of one BTC whose account has 100 USDT left and needs 172."""
    seen = TapePosition("BTCUSDT.USDM/mark", 9, "")
    unit = 10**16
    event = Liquidated(
        T0, track, PERP, 10**8, 4_300_112_000_000, 4_100 * unit, -4_000 * unit, 172 * unit, "USDT", 16, seen
    )
    return change(event, **values)


def sample(track: str = "ema.fast", time: int = T0, **metrics: Any) -> MetricSample:
    """A sample with text, floats, an integer and something undefined."""
    values: dict[str, Any] = {
        "equity": "10000.0000000000",
        "drawdown": 0.0125,
        "sharpe": None,
        "trades": 3,
        "win_rate": 1 / 3,
    }
    return MetricSample(time, track, "USDT", {**values, **metrics})


def evidence(track: str = "ema.fast", time: int = T0, **values: Any) -> EvidenceSample:
    """The evidence after 50 bars of which 12 were warm-up."""
    event = EvidenceSample(time, track, 0.0025, 50, 12, 1.25, 0.05, False, 0.004, 2.5, 6.5, -20.25, 25.25, "replay")
    return change(event, **values)


def family(time: int = T0) -> FamilyEvidence:
    """Both tracks' e-values, adjusted."""
    return FamilyEvidence(time, None, {"ema.fast": 1.125, "ema.slow": 1.0}, "replay")


def commanded(time: int = T0, track: str | None = "ema.fast", **values: Any) -> CommandTaken:
    """A person asked for capital and got it."""
    event = CommandTaken(time, track, 3, "promote", "ema.fast", "Zoë", "I know it", True, "10 % by Zoë (I know it)")
    return change(event, **values)


def promoted(time: int = T0, track: str = "ema.fast", **after: Any) -> PromotionEvaluated:
    """The part of a decision that tables are made of."""
    standing = {"attempt": 1, "epoch": 1, "forced": True, "fraction": "0.10", "pause": "NONE", "stage": "LIVE", **after}
    facts = {"adjusted": 1.5, "e_live": None, "e_value": 1.75, "residual": 0.25}
    record: dict[str, object] = {
        "action": "join",
        "after": standing,
        "call": "",
        "facts": facts,
        "move": "force",
        "reasons": ["it is so"],
    }
    return PromotionEvaluated(time, track, "cd" * 32, record)


def staged(time: int = T0, track: str = "ema.fast", **values: Any) -> StageChanged:
    """The move of that decision."""
    event = StageChanged(
        time, track, "ab" * 32, "force", "join", "PAPER", "LIVE", "0", "0.10", 1, 1, True, ("it is so",), "cd" * 32
    )
    return change(event, **values)


def started(seed: int = 7, **facts: Any) -> RunStarted:
    """The first entry of a run of two tracks."""
    tracks = [{"budget": "10000 USDT", "name": n, "params": {"fast": "20"}} for n in TRACKS]
    run = {"name": "test", "seed": seed}
    return RunStarted(T0 - 1, None, {"evidence": {"rules": {"kappa": "8.0"}}, "run": run, "tracks": tracks, **facts})


def note(text: str = "crossed", time: int = T0, track: str = "ema.fast") -> StrategyNote:
    """A strategy's remark."""
    return StrategyNote(time, track, text)


def life(number: int, track: str = "ema.fast") -> list[Event]:
    """An order's life, one of five by its number: filled at once, in parts, cancelled with a late fill, rejected, triggered."""
    if number % 5 == 1:
        of = order(number, track, side=Side.SELL, type=OrderType.LIMIT, limit_ticks=4_300_000)
        return [submitted(of), accepted(of), filled(of, 40), filled(of, 60, 40, 2, ticks=4_300_105)]
    if number % 5 == 2:
        of = order(number, track, type=OrderType.LIMIT, limit_ticks=4_300_000, post_only=True, tag="rest")
        asked = OrderCancelRequested(of.decided_ns + SECOND // 2, track, of, of.decided_ns)
        return [submitted(of), accepted(of), asked, canceled(of), filled(of, 30, number=1)]
    if number % 5 == 3:
        of = order(number, track)
        at = of.decided_ns + 15_000_000
        return [submitted(of), OrderRejected(at, track, of, at, RejectReason.NO_LIQUIDITY, "expected a book")]
    if number % 5 == 4:
        of = order(number, track, type=OrderType.STOP, trigger_ticks=4_300_100)
        at = of.decided_ns + SECOND
        expired = OrderExpired(at + 1, track, of, at, RejectReason.IOC_REST, 60)
        return [submitted(of), accepted(of), OrderTriggered(at, track, of, at, 4_300_100), filled(of, 40), expired]
    of = order(number, track)
    return [submitted(of), accepted(of), filled(of)]


def shared(time: int, lost: str = "12.50") -> AccountSample:
    """An account of two live tracks."""
    return AccountSample(
        time=time,
        track=None,
        tier="hunter",
        equity="2500.00",
        lost=lost,
        lost_max="125.00",
        gross="900.00",
        gross_max="2250.00",
        open_orders=2,
        open_orders_max=20,
        net={"BTC": "600.00", "ETH": "-300.00"},
        net_max=None,
    )


def small_run(orders: int = 12) -> list[Event]:
    """A run with at least one event of every kind, from `RunStarted` to `TapeEnded`."""
    events: list[Event] = [started()]
    for number in range(orders):
        events.extend(life(number, TRACKS[number % 2]))
    of = order(orders + 1, limit_ticks=4_300_000, type=OrderType.LIMIT)
    events.extend((submitted(of), accepted(of), OrderPrevented(of.decided_ns, of.track, of, of.decided_ns, 30, 70)))
    events.append(
        OrderCancelRejected(of.decided_ns, of.track, of, of.decided_ns, -1003, "Too much request weight used.")
    )
    events.append(OrderUnanswered(of.decided_ns, of.track, of, of.decided_ns, -1007, "Timeout waiting."))
    events.append(denied())
    events.append(trade())
    events.append(trade(instrument=PERP, funding=-12))
    events.append(funding())
    events.append(liquidated())
    for track in TRACKS:
        events.extend(sample(track, T0 + hour * 3_600 * SECOND) for hour in range(3))
    end = T0 + 7_200 * SECOND
    events.extend(evidence(track, end, bound_broken=track == "ema.slow") for track in TRACKS)
    events.append(family(end))
    events.append(TrackOpened(end, "ema.fast@live", {"budget": "1000 USDT", "name": "ema.fast@live", "of": "ema.fast"}))
    unit = 10**8
    events.append(CapitalMoved(end, "ema.fast@live", 1_000 * unit, 0, "USDT", 8, "1/10", "first capital"))
    events.append(TrackClosed(end, "ema.fast@live", "demoted"))
    events.extend((commanded(end), promoted(end), staged(end), commanded(end, None, target=None, taken=False)))
    compared = {"challenger": "ema.slow", "champion": "ema.fast", "e_value": 1.5, "low_bp": None, "standing": "OPEN"}
    events.append(VariantsCompared(end, None, "ema", (compared,)))
    events.append(shared(end))
    events.append(note("Grüße, „Ω“ \u0001\n"))
    events.append(TrackHalted(end, "ema.fast", "DRAWDOWN", "expected under 10%, found 12%", "flattened"))
    events.append(TrackStopped(end, "ema.slow", "on_bar", "ValueError: no"))
    events.append(GapFound(end, None, "BTCUSDT.BINANCE/trades", T0, end, 17, "ids missing"))
    events.append(RowsLate(end, None, "BTCUSDT.BINANCE/trades", end - 1, 2))
    halts, halt = FaultTime("halt", BTC.id, 2, 5 * SECOND), FaultWindow("halt", BTC.id, T0, T0 + SECOND, 1)
    injected = {"timeout": 2, "halt: order refused": 1}
    events.append(FaultsInjected(end, "ema.fast", injected, (halts,), (halt,), 3 * SECOND, None))
    events.append(TapeEnded(end, None, 123_456))
    return events
