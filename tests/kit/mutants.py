"""Mutants of the modules that move stages and capital or count money, and which of them no test notices.

``python -m tests.kit.mutants MODULE... [--part i/n]`` changes one comparison, constant, sign, rounding, connective, condition, call made for what it does or table row at a time and
runs the module's tests in a process of its own; what survives is printed with its line. A module of `genesis.paper_trading` goes by its name, any other by room and name. Nothing on disk is changed. What survives and is named in `EQUIVALENT` no test can notice, and it is counted apart.
The two tests that noticed mutants last are run first, and the first that fails ends the run: neighbours mostly fall to the same test.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import importlib.abc
import importlib.util
import io
import math
import os
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import msgspec  # noqa: F401 - what every child needs is imported once, before them
import numpy  # noqa: F401 - as above
import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests" / "unit"
TESTS = {
    "stages": ("test_stages.py", "test_promotion_decision.py"),
    "promotion_decision": ("test_promotion_decision.py", "test_promotion_manager.py"),
    "promotion_manager": ("test_promotion_manager.py", "test_values.py"),
    "promotion_facts": (
        "test_allocation.py",
        "test_values.py",
        "test_promotion_decision.py",
        "test_promotion_manager.py",
    ),
    "promotion_record": ("test_promotion_manager.py",),
    "promotion_minutes": ("test_promotion_decision.py",),
    "family": ("test_family.py",),
    "account_rates": ("test_account_rates.py",),
    "promotion_look": ("test_promotion_decision.py",),
    "promotion_falls": ("test_promotion_decision.py",),
    "promotion_paths": ("test_promotion_decision.py",),
    "promotion_persons": ("test_promotion_decision.py", "test_promotion_manager.py"),
    "promotion_rises": ("test_promotion_decision.py",),
    "promotion_guards": ("test_promotion_decision.py",),
    "allocation": ("test_allocation.py", "test_promotion_manager.py"),
    "validation_criteria": ("test_validation_criteria.py", "test_own_criteria.py"),
    "judging": ("test_validation_criteria.py", "test_own_criteria.py", "test_values.py"),
    "verdicts": ("test_validation_criteria.py", "test_own_criteria.py", "test_values.py"),
    "own_criteria": ("test_own_criteria.py",),
    "virtual_portfolio": ("test_virtual_portfolio.py", "../../simulation/test_candidate.py"),
    "candidate": ("../../simulation/test_candidate.py",),
    "ab_testing": ("../../simulation/test_champions.py", "test_values.py"),
    "live_pair": (
        "../../simulation/test_live_pair.py",
        "../../simulation/test_live_troubles.py",
        "../../simulation/test_frozen_feed.py",
    ),
    "watch": ("test_watch.py", "../../simulation/test_live_troubles.py"),
    **dict.fromkeys(
        ("ladder", "looks", "ladder_version", "facts_gathering", "account_worth", "live_tracks"),
        (
            "../../simulation/test_live_troubles.py",
            "../../simulation/test_account_in_usd.py",
            "../../simulation/test_frozen_feed.py",
            "../../simulation/test_stopped_at_once.py",
        ),
    ),
    "promotion_rules": ("test_promotion_rules.py", "test_promotion_decision.py", "test_promotion_manager.py"),
    "risk.account_tier": ("test_account_tier.py",),
    "risk.account_limits": ("test_account_limits.py",),
    "risk.correlation": ("test_correlation.py",),
    "risk.gate": ("test_gate.py",),
    "risk.limits": ("test_tiers.py", "test_account_limits.py"),
    "risk.tiers": ("test_tiers.py",),
    "portfolio.ledger": ("test_ledger.py", "test_portfolio.py", "test_moneys.py"),
    "portfolio.positions": ("test_positions.py", "test_accounts_by_hand.py"),
    "portfolio.portfolio": (
        "test_portfolio.py",
        "test_accounts_by_hand.py",
        "test_moneys.py",
        "test_tape_rates.py",
        "test_trades.py",
    ),
    "portfolio.trade_books": ("test_trades.py", "test_accounts_by_hand.py", "test_moneys.py"),
    "portfolio.valuation": ("test_tape_rates.py",),
    "portfolio.conversion": ("test_currencies.py",),
    "portfolio.currencies": ("test_currencies.py",),
    "portfolio.tape_rates": ("test_tape_rates.py",),
    "metrics.amounts": ("test_trades_and_exposure.py",),
    "metrics.drawdown": ("test_drawdown.py",),
    "metrics.exposure": ("test_trades_and_exposure.py",),
    "metrics.ratios": ("test_ratios.py", "../test_ratios.py", "test_against_libraries.py"),
    "metrics.returns": ("test_returns.py", "test_against_libraries.py"),
    "metrics.risk": ("test_risk.py", "test_against_libraries.py"),
    "metrics.trades": ("test_trades_and_exposure.py",),
    "execution.commission": ("test_commission.py",),
    "execution.fees": ("test_fees.py", "test_asset_fees.py"),
    "execution.filters": ("test_filters.py",),
    "execution.liquidity": ("test_liquidity.py",),
    "execution.trailing": ("test_trailing.py",),
    "execution.working": ("test_working.py",),
    "model.grid": ("test_conversions.py", "test_quotient.py", "../test_lots.py"),
    "model.money": ("test_conversions.py", "../test_lots.py"),
    "model.orders": ("test_order_intents.py", "../test_order_life.py"),
    "tape.bars": ("test_bars.py",),
    "tape.conditions": ("test_conditions.py",),
    "tape.decode": ("test_stream.py", "test_bars.py"),
    "tape.references": ("../test_tape_references.py", "../execution/test_filters.py"),
    "tape.stream": ("test_stream.py", "../test_stream_search.py"),
}
_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_REACHED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
}
# A run without an end is noticed: it may take this many times as long as one without a mutant, and some seconds.
_LONGER, _SECONDS, _PATIENCE = 5, 3, 20
_TRIED_FIRST = 2
# Keywords that forbid what nobody does, or only make it faster.
_GUARDS = ("strict", "frozen", "gc", "kw_only")
# What tells a person of a failure better takes longer than most tests.
_PLAIN = (
    "--assert=plain",
    *(f"-pno:{plugin}" for plugin in ("cacheprovider", "unraisableexception", "threadexception")),
)
# (module, what was changed, the line) of mutants that do the same as the original, and why.
EQUIVALENT: dict[tuple[str, str, str], str] = {
    ("candidate", "1 to 2", "ticks = feed.matcher.touch(-1)"): "whatever is under 0 is a seller's side",
    (
        "watch",
        "1.0 to 2.0",
        "coverage = sum(self._whole) / len(self._whole) if self._whole else 1.0",
    ): "before the first bar whatever is no less than is asked is whole",
    (
        "portfolio.positions",
        "GtE to Gt",
        "return cost * units // held if cost >= 0 else -(-cost * units // held)",
    ): "at a cost of 0 both are 0",
    (
        "portfolio.positions",
        "0 to 1",
        "return cost * units // held if cost >= 0 else -(-cost * units // held)",
    ): "at a cost of 0 both are 0",
    (
        "portfolio.positions",
        "Mult to Div",
        "if units * held <= 0 or (held - units) * units < 0:",
    ): "a quotient has the sign of the product, and what is divided by is not 0 there",
    (
        "portfolio.trade_books",
        "Gt to GtE",
        "return _BUY if units > 0 else _SELL",
    ): "a trade of nothing takes its side when it holds a lot",
    ("portfolio.trade_books", "0 to 1", "self._trade = OpenTrade(_BUY, 0)"): "its time is set when it leaves flat",
    ("portfolio.trade_books", "0 to 1", 'self._lots.append(_Lot(_BUY, 0, ""))'): "its time is set when it holds a lot",
    (
        "portfolio.trade_books",
        "1 to 2",
        "(self._lots[-1] if self._lots else self._new(fill, 1)).fees += fee",
    ): "of a lot that holds nothing only the sign is asked",
    (
        "portfolio.trade_books",
        "Lt to LtE",
        "taken = lot.units if abs(lot.units) < abs(units) else units",
    ): "where both are equal it is either",
    ("portfolio.portfolio", "GtE to Gt", "if scale >= 0:"): "times 1 or divided by 1",
    ("portfolio.portfolio", "0 to 1", "if scale >= 0:"): "times 1 or divided by 1",
    (
        "portfolio.portfolio",
        "Gt to GtE",
        "if held == 0 or (held > 0) == (moved > 0):",
    ): "held is not 0 there, and where nothing moved both ways post nothing",
    (
        "portfolio.portfolio",
        "LtE to Lt",
        "closing = moved if abs(moved) <= abs(held) else -held",
    ): "where both are equal it is either",
    (
        "portfolio.portfolio",
        "0 to 1",
        "scales[instrument.quote] = max(scales.get(instrument.quote, 0), quote)",
    ): "a scale is at least 8",
    (
        "portfolio.portfolio",
        "0 to 1",
        "scales[instrument.base] = max(scales.get(instrument.base, 0), instrument.base_decimals)",
    ): "a scale is at least 8",
    ("virtual_portfolio", "0 to 1", "self._settled = 0"): "it is set by what reads it",
    (
        "risk.account_tier",
        "1 to 2",
        "return max(reached, default=-1)",
    ): "any place under the first tier is under it",
    (
        "judging",
        "LtE to Lt",
        "return None if p is None or found.trades <= 0 or not 0 <= p <= 1 else sqrt(p * (1 - p) / found.trades)",
    ): "at 0 and 1, and without a trade, the error is none or 0, and neither is told",
    ("promotion_rules", "64 to 65", "@lru_cache(64)"): "how many digests are kept changes none",
    ("account_rates", "8 to 9", "_SCALE = 8"): "a rate is a ratio of two amounts of one scale, whichever it is",
    ("metrics.drawdown", "32 to 33", "_SHORT = 32"): "both ways do the same",
    ("metrics.drawdown", "LtE to Lt", "if len(values) <= _SHORT:"): "both ways do the same",
    ("metrics.drawdown", "Gt to GtE", "if index > self.high:"): "the high itself is no new low and no fall",
    (
        "metrics.drawdown",
        "Lt to LtE",
        "return 1.0 - index / self.peak if index < self.peak else 0.0",
    ): "at the peak both are 0",
    (
        "metrics.returns",
        "Lt to LtE",
        "return expm1(exponent) if exponent < 709 else None",
    ): "a float holds e to the power of 709",
    (
        "portfolio.currencies",
        "Gt to GtE",
        "ratio = self.ratio(source, target, now, amount > 0)",
    ): "an amount of 0 was answered before",
    ("portfolio.conversion", "to And", "if self.age_ns is None or self.limit_ns is None:"): "both are told or neither",
    ("execution.fees", "12 to 13", "_SCALE = 10**12"): "a fraction in lowest terms has no scale",
    (
        "execution.fees",
        "rounded up",
        "return currency_grid(12).from_decimal(rate.scaleb(-4, EXACT)) * scale // 10**12",
    ): "it divides: a rate that is finer than its scale was refused",
    ("execution.fees", "rounded up", "return units // common, _SCALE // common"): "a common divisor divides",
    ("metrics.ratios", "Lt to LtE", "if x < 0:"): "a square of 0 adds nothing",
    ("metrics.drawdown", "Lt to LtE", "return 1.0 - index / peak if index < peak else 0.0"): "at the peak both are 0",
    ("risk.gate", "rounded up", "return parts // common, _PARTS // common"): "a common divisor divides",
    (
        "risk.gate",
        "Lt to LtE",
        "if notional < instrument.min_notional:",
    ): "it is asked only where something is not met, and then it is under",
    ("risk.gate", "Lt to LtE", "lots < rules.lots_min"): "what is on the bound is looked at exactly, and passes",
    (
        "risk.gate",
        "Gt to GtE",
        "or (rules.lots_max is not None and lots > rules.lots_max)",
    ): "what is on the bound is looked at exactly, and passes",
    (
        "risk.gate",
        "Lt to LtE",
        "or judged * lots < rules.notional_min",
    ): "what is on the bound is looked at exactly, and passes",
    ("risk.gate", "Mult to Div", "or judged * lots < rules.notional_min"): "more is looked at exactly, and passes",
    (
        "risk.gate",
        "Lt to LtE",
        "closes = (held < 0 < sign or sign < 0 < held) and (lots <= abs(held) or intent.reduce_only)",
    ): "a sign is never 0",
    (
        "risk.gate",
        "Lt to LtE",
        "if refusal is None and ((sign < 0 and not rules.short_allowed) or intent.reduce_only):",
    ): "a sign is never 0",
    (
        "risk.gate",
        "0 to 1",
        "if refusal is None and ((sign < 0 and not rules.short_allowed) or intent.reduce_only):",
    ): "a sign is 1 or -1",
    ("risk.gate", "Gt to GtE", "if sign > 0 and not rules.short_allowed:"): "a sign is never 0",
    ("risk.gate", "Gt to GtE", "if sign > 0 or intent.instrument.short_allowed:"): "a sign is never 0",
    (
        "risk.gate",
        "Mult to Div",
        "return (DenyReason.NOTHING_TO_REDUCE, _NOTHING) if held * sign >= 0 else None",
    ): "a sign is 1 or -1",
    ("risk.gate", "Mult to Div", "if intent.reduce_only and held * sign >= 0:"): "a sign is 1 or -1",
    (
        "risk.gate",
        "0 to 1",
        "net = 0 if self._net is None else account.value(instrument, judged, after)",
    ): "without a limit it is not asked",
    ("risk.gate", "0 to 1", "lots > 0"): "what is not plain is looked at in full",
    (
        "portfolio.portfolio",
        "Gt to GtE",
        "return 0 if (has > 0) != (left > 0) else min(has, left) if left > 0 else max(has, left)",
    ): "who has nothing tells of nothing",
    (
        "risk.correlation",
        "Sub to Add",
        "xy = fsum((x - mean_x) * (y - mean_y) for x, y in pairs)",
    ): "the deviations of the other sum to 0",
    (
        "risk.correlation",
        "Sub to Add",
        "found.append((now[0] / before[0] - 1, now[1] / before[1] - 1))",
    ): "a correlation knows no shift",
    (
        "risk.correlation",
        "1 to 2",
        "found.append((now[0] / before[0] - 1, now[1] / before[1] - 1))",
    ): "a correlation knows no shift",
    (
        "execution.liquidity",
        "Gt to GtE",
        "if (ticks > bid) if side > 0 else (ticks < ask or not ask):",
    ): "a side is never 0",
    ("execution.liquidity", "64 to 65", "lots = -(-lots >> min(passed, 64))"): "no level has 2^64 lots",
    (
        "execution.working",
        "Gt to GtE",
        "self.stops_up = (self.sign > 0) is not (kind in _TAKES_PROFIT)",
    ): "a sign is never 0",
    (
        "execution.working",
        "Gt to GtE",
        "above = (self.sign > 0) is not (intent.instrument.kind is InstrumentKind.PERPETUAL)",
    ): "a sign is never 0",
    (
        "execution.working",
        "Mult to Div",
        "return self.limit is None or (self.limit - ticks) * self.sign >= 0",
    ): "a sign is 1 or -1",
    ("execution.working", "Mult to Div", "if (paid - self.worst) * self.sign > 0:"): "a sign is 1 or -1",
    ("execution.working", "Gt to GtE", "if (paid - self.worst) * self.sign > 0:"): "where both are equal it is either",
    ("metrics.trades", "0 to 1", "self._worst: Amount = 0"): "the first loss is under either",
    (
        "execution.trailing",
        "Gt to GtE",
        "if (self.extreme - ticks) * self.sign > 0:",
    ): "the same extreme gives the same trigger",
    ("execution.trailing", "Gt to GtE", "if self.sign > 0:"): "a sign is never 0",
    ("execution.trailing", "Mult to Div", "if (self.extreme - ticks) * self.sign > 0:"): "a sign is 1 or -1",
    (
        "execution.trailing",
        "Mult to Div",
        "if self.trigger is not None and (ticks - self.trigger) * self.sign >= 0:",
    ): "a sign is 1 or -1",
    (
        "tape.bars",
        "8 to 9",
        "_SPARSE = 8  # rows a bar from which on boundaries are searched for",
    ): "both ways find the same bars",
    ("tape.bars", "Gt to GtE", "if stop - first > _SPARSE * (end - open_bucket):"): "both ways find the same bars",
    ("tape.bars", "Gt to LtE", "if stop - first > _SPARSE * (end - open_bucket):"): "both ways find the same bars",
    ("tape.bars", "Sub to Add", "if stop - first > _SPARSE * (end - open_bucket):"): "both ways find the same bars",
    ("tape.bars", "Mult to Div", "if stop - first > _SPARSE * (end - open_bucket):"): "both ways find the same bars",
    ("tape.bars", "LtE to Lt", "if arrived <= first:"): "of no rows no bar is made",
    (
        "tape.bars",
        "Lt to LtE",
        "suspect = np.minimum.reduceat(event[first:stop], starts - first) < open_times",
    ): "what is suspected is counted exactly",
    ("tape.bars", "Gt to GtE", "if need > len(column):"): "room that is made early is room",
    (
        "tape.bars",
        "0 to 1",
        "self.columns: dict[str, Column] = {name: np.empty(0, np.int64) for name in BAR_COLUMNS}",
    ): "nobody looks beyond the rows",
    (
        "tape.bars",
        "256 to 257",
        "grown = np.zeros(max(need, 2 * len(column), 256), np.int64)",
    ): "how much room is made changes no bar",
    (
        "tape.bars",
        "2 to 3",
        "grown = np.zeros(max(need, 2 * len(column), 256), np.int64)",
    ): "how much room is made changes no bar",
    ("tape.decode", "1 to 2", "self._last, self._last_number = new(), -1"): "any number under 0 is no block's",
    (
        "model.orders",
        "to And",
        "and (self.limit_ticks is None or type(self.limit_ticks) is int)",
    ): "what is not quickly right is looked at in full",
    (
        "model.orders",
        "to And",
        "and (self.trigger_ticks is None or type(self.trigger_ticks) is int)",
    ): "what is not quickly right is looked at in full",
    (
        "model.orders",
        "to And",
        "and (self.trailing_bp is None or type(self.trailing_bp) is int)",
    ): "what is not quickly right is looked at in full",
    ("model.orders", "Lt to LtE", "if not (distance and 0 < distance < 10_000):"): "0 was refused before",
    ("tape.conditions", "0 to 1", "self._close = 0"): "it is set before it is read",
    (
        "tape.conditions",
        "0.5 to 1.5",
        "self._fade = 0.5 ** (bars.spec.step / NS_PER_DAY) if bars is not None and bars.by_time else 0.5",
    ): "without time bars no volatility is told",
    ("tape.conditions", "0 to 1", "self._volume: list[int] = [0]"): "only differences of it are told",
    (
        "tape.conditions",
        "0 to 1",
        "stop = 0 if trades is None else trades.first_at(now_ns)",
    ): "without prints it is not asked",
    (
        "tape.conditions",
        "0 to 1",
        "stop = 0 if bars is None else bisect_right(bars.times, now_ns, 0, bars.rows)",
    ): "without bars it is not asked",
    (
        "tape.conditions",
        "Mult to Div",
        "total = int(((ticks[turns + 1] - ticks[turns]) * side[turns + 1]).sum())",
    ): "a side of a turn is 1 or -1",
    ("tape.stream", "3 to 4", "_NEAR = 3"): "how many rows are tried first changes no answer",
    (
        "tape.stream",
        "to And",
        "if start >= stop or times[stop - 1] < time_ns:",
    ): "of no rows the search finds the same end",
    (
        "tape.stream",
        "GtE to Gt",
        "if start >= stop or times[stop - 1] < time_ns:",
    ): "of no rows the search finds the same end",
    ("tape.stream", "Add to Sub", "near = min(start + _NEAR, stop)"): "where none is tried first the search finds it",
    ("tape.stream", "Gt to GtE", 'if need > len(self.columns["ts"]):'): "room that is made early is room",
    (
        "tape.stream",
        "1024 to 1025",
        'room = max(need, 2 * len(self.columns["ts"]), 1024)',
    ): "how much room is made changes no row",
    (
        "tape.stream",
        "2 to 3",
        'room = max(need, 2 * len(self.columns["ts"]), 1024)',
    ): "how much room is made changes no row",
    (
        "tape.stream",
        "Gt to GtE",
        "back = np.flatnonzero(ts[1:] < ts[:-1]) if length > 1 else np.empty(0, np.int64)",
    ): "one row has none before it",
    (
        "tape.bars",
        "1 to 2",
        "boundaries = np.arange(open_bucket, end + 1, dtype=np.int64) * step",
    ): "a bar without rows is none",
    (
        "tape.decode",
        "Lt to LtE",
        "if number < self._newest:",
    ): "who asks for the newest again has asked for another between",
    ("tape.decode", "1 to 2", "self._kept, self._newest = _KEPT_FOR_ONE, -1"): "any number under 0 is no block's",
    (
        "tape.references",
        "row '_known' dropped",
        'made_anew: ClassVar[Mapping[str, object]] = {"_known": None}',
    ): "what is remembered of the last question is the answer to it",
    (
        "tape.references",
        "0 to 1",
        "stop = 0 if stream is None else stream.first_after(time_ns)",
    ): "without a stream it is not asked",
    (
        "tape.references",
        "2 to 3",
        "if known is None or known[:2] != (start, stop):",
    ): "what is not remembered is worked out again",
    ("metrics.drawdown", "0 to 1", "if self.high <= 0:"): "both ways do the same",
}


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """(line, what was changed, source) of every mutant. Words for people, docstrings and `_GUARDS` are left as they are."""
    tree = ast.parse(source)
    nodes = [n for n in ast.walk(tree) if hasattr(n, "lineno")]
    guards = {id(n.value) for n in nodes if isinstance(n, ast.keyword) and n.arg in _GUARDS}
    for place, node in enumerate(nodes):
        if id(node) in guards:
            continue
        for what, change in _changes(node):
            other = copy.deepcopy(tree)
            twin = [n for n in ast.walk(other) if hasattr(n, "lineno")][place]
            change(twin)
            yield node.lineno, what, ast.unparse(other)


def _drop_not(node: Any) -> None:
    node.op, node.operand = ast.UAdd(), _truth(node.operand)


def _round_up(node: Any) -> None:
    floor = ast.BinOp(ast.UnaryOp(ast.USub(), node.left), ast.FloorDiv(), node.right)
    node.op, node.left, node.right = ast.Sub(), ast.Constant(0), floor


def _changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            for kind in _COMPARED.get(type(op), ()):
                yield f"{type(op).__name__} to {kind.__name__}", lambda n, i=i, k=kind: n.ops.__setitem__(i, k())
    elif isinstance(node, ast.BinOp) and type(node.op) in _REACHED and not _is_text(node):
        reached = _REACHED[type(node.op)]
        yield f"{type(node.op).__name__} to {reached.__name__}", lambda n, k=reached: setattr(n, "op", k())
    elif isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"to {other.__name__}", lambda n, k=other: setattr(n, "op", k())
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
        yield "rounded up", _round_up
    elif isinstance(node, ast.AugAssign) and type(node.op) in _REACHED:
        reached = _REACHED[type(node.op)]
        yield f"{type(node.op).__name__} to {reached.__name__}", lambda n, k=reached: setattr(n, "op", k())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "Not dropped", _drop_not
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "minus dropped", lambda n: setattr(n, "op", ast.UAdd())
    elif (
        isinstance(node, (ast.If, ast.IfExp))
        and isinstance(node.test, (ast.Name, ast.Attribute, ast.Call))
        and not _is_for_types(node.test)
    ):
        yield "condition turned", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "call dropped", lambda n: setattr(n, "value", ast.Constant(None))
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        value = node.value
        changed = (not value) if isinstance(value, bool) else value + 1
        if changed != value:
            yield f"{value} to {changed}", lambda n, c=changed: setattr(n, "value", c)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
        called = "max" if node.func.id == "min" else "min"
        if not node.keywords:
            yield f"{node.func.id} to {called}", lambda n, o=called: setattr(n.func, "id", o)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "abs":
        yield "abs dropped", lambda n: setattr(n.func, "id", "int")
    elif isinstance(node, ast.Dict):
        for i, key in enumerate(node.keys):
            if key is not None:
                yield f"row {ast.unparse(key)} dropped", lambda n, i=i: (n.keys.pop(i), n.values.pop(i))


def _is_for_types(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def _is_text(node: ast.BinOp) -> bool:
    return any(isinstance(side, (ast.JoinedStr, ast.Tuple)) for side in (node.left, node.right))


def _truth(node: ast.expr) -> ast.expr:
    return ast.Call(ast.Name("bool", ast.Load()), [node], [])


class _Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives a mutant's source in the place of a module."""

    def __init__(self, name: str, source: str) -> None:
        self._name, self._source = name, source

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> Any:
        return importlib.util.spec_from_loader(name, self) if name == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, self._name, "exec"), module.__dict__)


class _Calm:
    """A plugin of one run: properties draw the same few examples each time, and the test that fails is told to `told`, a file descriptor."""

    def __init__(self, told: int) -> None:
        self._told = told

    def pytest_sessionstart(self) -> None:
        found_is_enough = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile(
            "mutants", max_examples=20, database=None, deadline=None, derandomize=True, phases=found_is_enough
        )
        hypothesis.settings.load_profile("mutants")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os.write(self._told, report.nodeid.encode())


def is_noticed(name: str, source: str, tests: Sequence[str], killers: list[str], seconds: int) -> bool:
    """Whether a test fails, or nothing works for ``seconds`` of the processor (0: any), with this source in the place of the module; that test is put at the head of `killers`."""
    read, told = os.pipe()
    child = os.fork()
    if child:
        os.close(told)
        with os.fdopen(read, encoding="utf-8") as found:
            killer = found.read()
        if killer:
            killers[:] = [killer, *(k for k in killers if k != killer)]
        return os.waitpid(child, 0)[1] != 0
    os.close(read)
    code = 1
    try:
        # Of the processor, as others may want it too; who waits for something that never comes is ended by the clock.
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.alarm(_PATIENCE * seconds)
        sys.meta_path.insert(0, _Instead(name, source))
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            code = _ran([str(ROOT / k) for k in killers[:_TRIED_FIRST]], told) if killers else 0
            code = 1 if code == 1 else _ran(tests, told)
    finally:
        os._exit(code)


def _ran(tests: Sequence[str], told: int) -> int:
    return int(pytest.main(["-x", "-q", "-m", "not slow", *_PLAIN, *tests], plugins=[_Calm(told)]))


def main() -> None:
    """Try the mutants of the modules named, and print those that survive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(TESTS))
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--tests", nargs="*", help="in place of the module's own")
    asked = parser.parse_args()
    part, parts = map(int, asked.part.split("/"))
    for module in asked.modules:
        _try(module, asked.tests, part, parts)


def _try(module: str, given: list[str] | None, part: int, parts: int) -> None:
    room, _, stem = module.rpartition(".")
    room = room or "paper_trading"
    name = f"genesis.{room}.{stem}"
    source = (ROOT / "genesis" / room / f"{stem}.py").read_text(encoding="utf-8")
    tests = given or [str(UNIT / room / t) for t in TESTS[module]]
    _prepare(name, tests)
    killers: list[str] = []
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    if is_noticed(name, source, tests, killers, 0):
        sys.exit(f"{module}: expected tests that pass without a mutant, found others")
    seconds = _SECONDS + math.ceil(_LONGER * (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before))
    tried = survived = same = 0
    for i, (line, what, mutant) in enumerate(mutants(source)):
        if i % parts != part - 1:
            continue
        tried += 1
        if is_noticed(name, mutant, tests, killers, seconds):
            continue
        text = source.splitlines()[line - 1].strip()
        if (module, what, text) in EQUIVALENT:
            same += 1
            continue
        survived += 1
        print(f"{module}:{line}: {what}: {text}", flush=True)
    print(
        f"{module}: {tried} mutants, {tried - survived - same} killed, {same} change nothing, {survived} survived",
        flush=True,
    )


def _prepare(name: str, tests: Sequence[str]) -> None:
    """Import what the module and the tests stand on, once for all children, and leave the module itself and what stands on it to them."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        pytest.main(["--collect-only", *_PLAIN, *tests])  # imports plugins, and libraries that tests compare with
    for known in [k for k in sys.modules if k.partition(".")[0] in ("genesis", "tests") and k != __name__]:
        del sys.modules[known]
    importlib.import_module(name)
    del sys.modules[name]
    package, _, stem = name.rpartition(".")
    delattr(sys.modules[package], stem)


if __name__ == "__main__":
    main()
