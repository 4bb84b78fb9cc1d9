"""Payoffs of simulated strategies: the shapes that decide how many trades win, whatever the edge."""

from __future__ import annotations

from enum import Enum


class Payoff(Enum):
    """``symmetric``: fat tails, gains and losses alike. ``small_wins``: 65 % of trades win, losses are larger. ``trend``: 38 % win, gains are larger."""

    SYMMETRIC = "symmetric"
    SMALL_WINS = "small_wins"
    TREND = "trend"
