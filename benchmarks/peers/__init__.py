"""The peers: what each is, where it runs, and which of its runs are cut short.

A driver beside this file has its peer's name and is run in that peer's own environment; nothing here imports one.
"""

from __future__ import annotations

from benchmarks.engines import Engine

TENTH_OF_A_YEAR = 52_560

PEERS = (
    Engine(
        "nautilus",
        "NautilusTrader, newer engine",
        "benchmarks.peers.nautilus",
        "default",
        "nautilus",
        book_module="benchmarks.peers.nautilus_maker",
        # It has one rule of its own: the size ahead is bounded by what the level shows.
        queues=("risk_averse",),
    ),
    Engine(
        "nautilus-documented",
        "NautilusTrader, documented engine",
        "benchmarks.peers.nautilus_documented",
        "default",
        "nautilus",
        # More than linear in the number of strategies: a year takes hours.
        limits={"w3": TENTH_OF_A_YEAR},
        no_book="is measured over order books by its newer engine alone",
    ),
    Engine("backtesting", "backtesting.py", "benchmarks.peers.backtesting", "default", "backtesting"),
    Engine(
        "backtrader",
        "backtrader",
        "benchmarks.peers.backtrader",
        "default",
        "backtrader",
        limits={"w3": TENTH_OF_A_YEAR},
    ),
    Engine("vectorbt", "vectorbt, numba engine", "benchmarks.peers.vectorbt", "numba", "vectorbt"),
    Engine("vectorbt-rust", "vectorbt, Rust engine", "benchmarks.peers.vectorbt", "rust", "vectorbt"),
    Engine(
        "hftbacktest",
        "hftbacktest",
        "benchmarks.peers.hftbacktest",
        "default",
        "hftbacktest",
        book_module="benchmarks.peers.hftbacktest_maker",
        queues=("risk_averse", "power3"),
    ),
)

# Run only when named: an engine with a strategy that subscribes and does nothing, to show what the engine alone costs.
IDLE = (
    Engine(
        "nautilus-idle", "NautilusTrader, newer engine, idle strategy", "benchmarks.peers.nautilus", "idle", "nautilus"
    ),
)
