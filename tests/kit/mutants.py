"""Mutants of the modules that move stages and capital, and which of them no test notices.

``python -m tests.kit.mutants MODULE... [--part i/n]`` changes one comparison, constant, sign, connective, condition or table row at a time and runs the module's tests in a
process of its own; what survives is printed with its line. Nothing on disk is changed. What `EQUIVALENT` names no test can notice, and it is counted apart.
The tests that noticed the mutants before are run first, the latest of them foremost, and the first that fails ends the run: neighbours mostly fall to the same test.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import io
import os
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
UNIT = "tests/unit/paper_trading"
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
    "account_tier": ("../risk/test_account_tier.py",),
    "account_limits": ("../risk/test_account_limits.py",),
    "correlation": ("../risk/test_correlation.py",),
}
_PLACES = {"account_tier": "risk", "account_limits": "risk", "correlation": "risk"}
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
_SECONDS = 120
# (module, what was changed, the line) of mutants that do the same as the original, and why.
EQUIVALENT: dict[tuple[str, str, str], str] = {
    ("candidate", "1 to 2", "ticks = feed.matcher.touch(-1)"): "whatever is under 0 is a seller's side",
    (
        "watch",
        "1.0 to 2.0",
        "coverage = sum(self._whole) / len(self._whole) if self._whole else 1.0",
    ): "before the first bar whatever is no less than is asked is whole",
    ("virtual_portfolio", "0 to 1", "self._settled = 0"): "it is set by what reads it",
    (
        "account_tier",
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
}


def mutants(source: str) -> Iterator[tuple[int, str, str]]:
    """(line, what was changed, source) of every mutant. Words for people and docstrings are left as they are."""
    tree = ast.parse(source)
    nodes = [n for n in ast.walk(tree) if hasattr(n, "lineno")]
    for place, node in enumerate(nodes):
        for what, change in _changes(node):
            other = copy.deepcopy(tree)
            twin = [n for n in ast.walk(other) if hasattr(n, "lineno")][place]
            change(twin)
            yield node.lineno, what, ast.unparse(other)


def _drop_not(node: Any) -> None:
    node.op, node.operand = ast.UAdd(), _truth(node.operand)


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
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "Not dropped", _drop_not
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        value = node.value
        changed = (not value) if isinstance(value, bool) else value + 1
        yield f"{value} to {changed}", lambda n, c=changed: setattr(n, "value", c)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
        called = "max" if node.func.id == "min" else "min"
        if not node.keywords:
            yield f"{node.func.id} to {called}", lambda n, o=called: setattr(n.func, "id", o)
    elif isinstance(node, ast.Dict):
        for i, key in enumerate(node.keys):
            if key is not None:
                yield f"row {ast.unparse(key)} dropped", lambda n, i=i: (n.keys.pop(i), n.values.pop(i))


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


class _KillersFirst:
    """A plugin of one run: the tests of `killers` come first, and the test that fails is told to `told`, a file descriptor."""

    def __init__(self, killers: Sequence[str], told: int) -> None:
        self._rank, self._told = {name: i for i, name in enumerate(killers)}, told

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._rank.get(item.nodeid, len(self._rank)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os.write(self._told, report.nodeid.encode())


def is_noticed(name: str, source: str, tests: Sequence[str], killers: list[str]) -> bool:
    """Whether a test fails, or nothing works, with this source in the place of the module; that test is put at the head of `killers`."""
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
        import signal

        signal.alarm(_SECONDS)
        sys.meta_path.insert(0, _Instead(name, source))
        hypothesis.settings.register_profile("mutants", max_examples=20, database=None, deadline=None)
        hypothesis.settings.load_profile("mutants")
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            code = int(
                pytest.main(
                    ["-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", *tests],
                    plugins=[_KillersFirst(killers, told)],
                )
            )
    finally:
        os._exit(code)


def main() -> None:
    """Try the mutants of the modules named, and print those that survive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(TESTS))
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--tests", nargs="*", help="in place of the module's own")
    asked = parser.parse_args()
    part, parts = map(int, asked.part.split("/"))
    for module in asked.modules:
        place = _PLACES.get(module, "paper_trading")
        source = (ROOT / "genesis" / place / f"{module}.py").read_text(encoding="utf-8")
        tests = asked.tests or [str(ROOT / UNIT / t) for t in TESTS[module]]
        killers: list[str] = []
        if is_noticed(f"genesis.{place}.{module}", source, tests, killers):
            sys.exit(f"{module}: expected tests that pass without a mutant, found others")
        tried = survived = same = 0
        for i, (line, what, mutant) in enumerate(mutants(source)):
            if i % parts != part - 1:
                continue
            text = source.splitlines()[line - 1].strip()
            if (module, what, text) in EQUIVALENT:
                same += 1
                continue
            tried += 1
            if not is_noticed(f"genesis.{place}.{module}", mutant, tests, killers):
                survived += 1
                print(f"{module}:{line}: {what}: {text}", flush=True)
        print(f"{module}: {survived} of {tried} mutants survived, {same} beside them change nothing", flush=True)


if __name__ == "__main__":
    main()
