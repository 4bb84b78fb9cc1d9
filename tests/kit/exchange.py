"""Small hand-written exchange information files, each filter in the form its documentation shows (binance-spot-api-docs ``filters.md``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from genesis.feeds.files.exchange_info import Listing, read_exchange_info

PRICE = {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "100000.00", "tickSize": "0.01"}
LOT = {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "100.000", "stepSize": "0.001"}
PERCENT = {"filterType": "PERCENT_PRICE", "multiplierUp": "1.3000", "multiplierDown": "0.7000", "avgPriceMins": 5}
PERCENT_BY_SIDE = {
    "filterType": "PERCENT_PRICE_BY_SIDE",
    "bidMultiplierUp": "1.2",
    "bidMultiplierDown": "0.2",
    "askMultiplierUp": "5",
    "askMultiplierDown": "0.8",
    "avgPriceMins": 1,
}
MARKET_LOT = {"filterType": "MARKET_LOT_SIZE", "minQty": "0.005", "maxQty": "10.0", "stepSize": "0.005"}
MIN_NOTIONAL = {"filterType": "MIN_NOTIONAL", "minNotional": "10.00", "applyToMarket": True, "avgPriceMins": 5}
NOTIONAL = {
    "filterType": "NOTIONAL",
    "minNotional": "10.00000000",
    "applyMinToMarket": False,
    "maxNotional": "10000.00000000",
    "applyMaxToMarket": False,
    "avgPriceMins": 5,
}
ICEBERG_PARTS = {"filterType": "ICEBERG_PARTS", "limit": 10}
MAX_NUM_ORDERS = {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 25}
MAX_NUM_ALGO_ORDERS = {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5}
MAX_NUM_ICEBERG_ORDERS = {"filterType": "MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders": 5}
MAX_POSITION = {"filterType": "MAX_POSITION", "maxPosition": "10.00000000"}
TRAILING_DELTA = {
    "filterType": "TRAILING_DELTA",
    "minTrailingAboveDelta": 10,
    "maxTrailingAboveDelta": 2000,
    "minTrailingBelowDelta": 20,
    "maxTrailingBelowDelta": 1000,
}
SPOT_TYPES = [
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
]
USDM_TYPES = [
    "LIMIT",
    "MARKET",
    "STOP",
    "STOP_MARKET",
    "TAKE_PROFIT",
    "TAKE_PROFIT_MARKET",
    "TRAILING_STOP_MARKET",
]


def spot_symbol(*filters: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A spot symbol with price and lot filters and ``filters``; ``None`` among ``values`` takes a field away."""
    entry = {
        "symbol": "BTCUSDT",
        "status": "TRADING",
        "baseAsset": "BTC",
        "baseAssetPrecision": 8,
        "quoteAsset": "USDT",
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": SPOT_TYPES,
        "allowTrailingStop": True,
        "isSpotTradingAllowed": True,
        "filters": [PRICE, LOT, *filters],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"],
    } | values
    return {k: v for k, v in entry.items() if v is not None}


def usdm_symbol(*filters: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A USD-M perpetual in the form of the 2021 file."""
    entry = {
        "symbol": "BTCUSDT",
        "contractType": "PERPETUAL",
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "orderTypes": USDM_TYPES,
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
        "filters": [PRICE, LOT, *filters],
    } | values
    return {k: v for k, v in entry.items() if v is not None}


def write_info(path: Path, *symbols: object, **document: Any) -> Path:
    """An information file of ``symbols``."""
    path.write_text(
        json.dumps({"serverTime": 1_633_998_511_098, "rateLimits": [], "symbols": list(symbols)} | document)
    )
    return path


def listing_of(folder: Path, symbol: dict[str, Any]) -> Listing:
    """What the reader makes of one symbol."""
    return read_exchange_info(write_info(folder / "info.json", symbol), "BINANCE").listing(symbol["symbol"])
