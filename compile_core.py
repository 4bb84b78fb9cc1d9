"""Compile the hot part of the core with mypyc into a copy of the package: ``python compile_core.py FOLDER``.

The copy behaves as the original does, byte for byte, and is several times faster on the way of an order. It needs Python's headers and a C
compiler, the system's or the one in the package ``ziglang``; nothing else in the project does, and nothing depends on it. Use it with
``PYTHONPATH=FOLDER``.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent
# Code that runs for every order, row or mark. Values (msgspec structs) and enumerations live in modules of their own: a compiled
# module would take away their options, so `refuse_values` does not let one in.
MODULES = (
    "audit/chain.py",
    "audit/entry.py",
    "audit/hot.py",
    "engine/account.py",
    "engine/agenda.py",
    "engine/along.py",
    "engine/clearing.py",
    "engine/desk.py",
    "engine/executor/base.py",
    "engine/executor/simulated.py",
    "engine/feed.py",
    "engine/lane.py",
    "engine/margin.py",
    "engine/marking.py",
    "engine/marks.py",
    "engine/rows.py",
    "engine/several_desk.py",
    "engine/several_marks.py",
    "engine/step.py",
    "engine/stops.py",
    "engine/subscription.py",
    "engine/track.py",
    "evidence/betting.py",
    "evidence/confidence.py",
    "evidence/dependence.py",
    "evidence/families.py",
    "evidence/gathering.py",
    "execution/asset_fees.py",
    "execution/book.py",
    "execution/commission.py",
    "execution/fault_windows.py",
    "execution/faults.py",
    "execution/fees.py",
    "execution/filters.py",
    "execution/impact.py",
    "execution/late.py",
    "execution/liquidity.py",
    "execution/listing_rules.py",
    "execution/luck.py",
    "execution/matching.py",
    "execution/models.py",
    "execution/order_queue.py",
    "execution/party.py",
    "execution/perpetual.py",
    "execution/pricing.py",
    "execution/queueing.py",
    "execution/rate_limits.py",
    "execution/shown.py",
    "execution/stp.py",
    "execution/trailing.py",
    "execution/wallet.py",
    "execution/working.py",
    "ids.py",
    "metrics/amounts.py",
    "metrics/drawdown.py",
    "metrics/exposure.py",
    "metrics/trades.py",
    "model/grid.py",
    "model/texts.py",
    "monitoring/strategy_monitor.py",
    "paper_trading/measures.py",
    "paper_trading/several_moneys.py",
    "paper_trading/virtual_portfolio.py",
    "portfolio/currencies.py",
    "portfolio/ledger.py",
    "portfolio/portfolio.py",
    "portfolio/positions.py",
    "portfolio/tape_rates.py",
    "portfolio/trade_books.py",
    "portfolio/valuation.py",
    "risk/gate.py",
    "storage/bulk.py",
    "storage/projections.py",
    "storage/run_journal.py",
    "tape/bars.py",
    "tape/conditions.py",
    "tape/decode.py",
    "tape/references.py",
    "tape/stream.py",
)
# A product and a sum rounded once in place of twice is another number than Python's: where the processor can, compilers do it unasked.
# And nothing outside calls the core's functions by name: told so, a compiler may put one into another.
_FLAGS = "-ffp-contract=off -fvisibility=hidden -fno-semantic-interposition"
_CONFIG = """[mypy]
strict = True
[mypy-pyarrow.*]
ignore_missing_imports = True
[mypy-arch.*]
ignore_missing_imports = True
follow_imports = skip
"""
# What mypyc ends the constructor of a class with: ``__new__`` calls ``__init__``, so nothing could make an object whose attributes are to be set one by one.
_CALLS_INIT = re.compile(r"^ +PyObject \*ret = CPyPy_\w+_____init__\(self, args, kwds\);\n", re.MULTILINE)
_UNLESS_BARE = """    if (kwds != NULL && PyDict_GET_SIZE(kwds) == 1 && PyDict_GetItemString(kwds, "bare__") != NULL)
        return self;
"""
# mypyc multiplies by way of Python's integers wherever a factor is negative or over 2**30, as sums of money are: twenty times slower than it
# need be where the product fits. A tagged integer is twice its value, so the product of one with the other's value is tagged again.
_INCLUDES = re.compile(r'^#include "__native_internal\w*\.h"\n', re.MULTILINE)
_MULTIPLY = """#if defined(__GNUC__)
static inline CPyTagged multiply_tagged(CPyTagged left, CPyTagged right) {
    if (CPyTagged_CheckShort(left) && CPyTagged_CheckShort(right)) {
        Py_ssize_t product;
        if (!__builtin_mul_overflow((Py_ssize_t)left, CPyTagged_ShortAsSsize_t(right), &product))
            return (CPyTagged)product;
    }
    return CPyTagged_Multiply_(left, right);
}
#define CPyTagged_Multiply multiply_tagged
#endif
"""
# As ``python -m mypyc`` does it, but for what is done to the C before it is compiled.
_SETUP = """import sys
sys.path.insert(0, {root!r})
from compile_core import let_bare, let_multiply
from mypyc.build import mypycify
from setuptools import setup
modules = mypycify({modules!r}, opt_level="3", debug_level="1")
sources = [source for module in modules for source in module.sources]
let_bare(sources)
let_multiply(sources)
setup(name="genesis_core", ext_modules=modules)
"""


class NotCompiled(Exception):
    """Why there is no compiled copy."""


def compile_core(folder: Path) -> Path:
    """Make ``folder/genesis``, a copy of the package with its hot modules compiled; an earlier copy is replaced.

    Raises:
        NotCompiled: no compiler or headers, or it failed; nothing is left in ``folder``.
    """
    refuse_values()
    environment = os.environ | compiler() | {"CFLAGS": f"{os.environ.get('CFLAGS', '')} {_FLAGS}".strip()}
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "genesis", folder / "genesis", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    (folder / "mypy.ini").write_text(_CONFIG)
    (folder / "build").mkdir()
    setup = folder / "build" / "setup.py"
    setup.write_text(_SETUP.format(root=str(ROOT), modules=[f"genesis/{m}" for m in MODULES]))
    command = [sys.executable, str(setup), "build_ext", "--inplace"]
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    except OSError as error:
        raise NotCompiled(str(error)) from error
    if done.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        lines = [line for line in (done.stdout + done.stderr).splitlines() if "error" in line.lower()]
        raise NotCompiled(lines[-1] if lines else f"mypyc ended with code {done.returncode}")
    shutil.rmtree(folder / "build", ignore_errors=True)
    return folder


def compiler() -> dict[str, str]:
    """What tells setuptools of a C compiler: nothing where the one that Python was built with is there, else the one in the package ``ziglang``.

    Raises:
        NotCompiled: neither is there, or Python's headers are not.
    """
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    if not headers.is_file():
        raise NotCompiled(f"expected Python's headers, found no {headers}; on Debian they are in python3-dev")
    named = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    if shutil.which(shlex.split(named)[0]):
        return {}
    if find_spec("ziglang") is None:
        raise NotCompiled(f"expected a C compiler, found no {named}; pip install 'genesis-trading[fast]' brings one")
    zig = f"{shlex.quote(sys.executable)} -m ziglang cc"
    return {"CC": zig, "LDSHARED": f"{zig} -shared"}


def let_bare(sources: Iterable[str]) -> None:
    """Let ``cls.__new__(cls, bare__=True)`` make an object of every class without its constructor, for a snapshot's state (`genesis.storage.state`).

    Raises:
        NotCompiled: mypyc writes constructors in other words than those known here.
    """
    if not _changed(sources, _CALLS_INIT, lambda call: _UNLESS_BARE + call[0]):
        raise NotCompiled("expected constructors as this version of mypyc is known to write them, found none")


def let_multiply(sources: Iterable[str]) -> None:
    """Let integers be multiplied by the machine wherever their product fits, where the compiler can say whether it does.

    Raises:
        NotCompiled: mypyc includes its headers in another way than the one known here.
    """
    if not _changed(sources, _INCLUDES, lambda included: included[0] + _MULTIPLY):
        raise NotCompiled("expected an internal header as this version of mypyc is known to include it, found none")


def _changed(sources: Iterable[str], known: re.Pattern[str], put: Callable[[re.Match[str]], str]) -> int:
    """Put something else in place of what is known in the C files; how often."""
    changed = 0
    for path in map(Path, sources):
        written, here = known.subn(put, path.read_text(encoding="utf-8"))
        path.write_text(written, encoding="utf-8")
        changed += here
    return changed


def refuse_values() -> None:
    """Raise `NotCompiled` if a listed module defines a struct."""
    for module in MODULES:
        for node in ast.walk(ast.parse((ROOT / "genesis" / module).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any("Struct" in ast.unparse(b) for b in node.bases):
                raise NotCompiled(f"genesis/{module}: {node.name}: expected no struct in a module that is compiled")


def main() -> int:
    """Compile; 0 when there is a copy, 1 when not."""
    if len(sys.argv) != 2:
        print("usage: python compile_core.py FOLDER", file=sys.stderr)
        return 1
    try:
        print(compile_core(Path(sys.argv[1]).resolve()))
    except NotCompiled as reason:
        print(f"not compiled: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
