"""What the hftbacktest drivers over captures share: the joined tape in the engine's own records, and the venue.

Every row of the tape becomes one record, with equal exchange and local times: no feed latency. Orders have none either.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hftbacktest import BUY_EVENT, DEPTH_EVENT, EXCH_EVENT, LOCAL_EVENT, SELL_EVENT, TRADE_EVENT, BacktestAsset
from hftbacktest.types import event_dtype

from benchmarks.captures import TRADE, Capture, Joined

BOTH = EXCH_EVENT | LOCAL_EVENT


def records(capture: Capture, tape: Joined) -> Any:
    """The rows of a tape as the engine's records."""
    made = np.zeros(len(tape), event_dtype)
    trades, buys = tape.kind == TRADE, tape.side > 0
    made["ev"] = np.where(trades, TRADE_EVENT, DEPTH_EVENT) | np.where(buys, BUY_EVENT, SELL_EVENT) | BOTH
    made["exch_ts"] = made["local_ts"] = tape.ts
    made["px"] = tape.ticks / 10.0**capture.market.price_decimals
    made["qty"] = tape.lots / 10.0**capture.market.size_decimals
    return made


def venue(
    capture: Capture, feed: Any, queue: str, maker: float = 0.0, taker: float = 0.0, partial: bool = True
) -> BacktestAsset:
    """No latency; fees as shares of the notional. ``queue`` is ``risk_averse`` or ``power3``."""
    market = capture.market
    made = BacktestAsset().data(feed).linear_asset(1.0).constant_order_latency(0, 0)
    made = made.risk_adverse_queue_model() if queue == "risk_averse" else made.power_prob_queue_model3(3.0)
    made = made.partial_fill_exchange() if partial else made.no_partial_fill_exchange()
    made = made.trading_value_fee_model(maker, taker)
    return made.tick_size(float(market.tick)).lot_size(10.0**-market.size_decimals).last_trades_capacity(0)
