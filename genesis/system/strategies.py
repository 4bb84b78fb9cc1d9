"""Finding strategies, and users' own criteria: built in, from a file, or from an installed package."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, localcontext
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from genesis.config import shape
from genesis.errors import ASKED_TO_END, ConfigError, StrategyError
from genesis.model.grid import plain
from genesis.model.instruments import Instrument
from genesis.paper_trading.own_criteria import Measure
from genesis.strategies.base import Strategy
from genesis.strategies.book import DepthImbalanceTaker, PassiveMarketMaker
from genesis.strategies.reversion import MeanReversion
from genesis.strategies.trend import Breakout, MovingAverageCrossover

GROUP = "genesis.strategies"
CRITERIA_GROUP = "genesis.criteria"
BUILT_IN: dict[str, type[Strategy]] = {
    "ma_crossover": MovingAverageCrossover,
    "mean_reversion": MeanReversion,
    "breakout": Breakout,
    "market_maker": PassiveMarketMaker,
    "imbalance_taker": DepthImbalanceTaker,
}


def installed() -> dict[str, str]:
    """Names of strategies that installed packages offer, and where each of them is; none of them is imported.

    A name of a built-in one stays the built-in one's.
    """
    return {p.name: p.value for p in entry_points(group=GROUP) if p.name not in BUILT_IN}


def find_strategy(name: str, folder: Path) -> type[Strategy]:
    """The class that ``name`` means: a built-in, an entry point, ``package.module:ClassName``, or ``file.py:ClassName`` relative to ``folder``.

    Raises:
        StrategyError: there is none, or its file cannot be imported.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    path, _, class_name = name.rpartition(":")
    if path.endswith(".py"):
        found = getattr(_import(folder / path), class_name, None)
    elif path:
        found = getattr(_module(path), class_name, None)
    else:
        points = [p for p in entry_points(group=GROUP) if p.name == name]
        if not points:
            known = ", ".join([*BUILT_IN, *installed()])
            raise StrategyError(f"strategy: expected one of {known} or file.py:ClassName, found {name!r}")
        found = _run(points[0].load, f"strategy: {name}: cannot be imported")
    if not (inspect.isclass(found) and issubclass(found, Strategy)):
        what = f"no {class_name}" if found is None else repr(found)
        raise StrategyError(f"{name}: expected a subclass of genesis.strategies.base.Strategy, found {what}")
    _check_hooks(found)
    return found


def find_measure(name: str, folder: Path) -> Measure | type:
    """The code of a user's own criterion: ``file.py:name`` relative to ``folder``, ``package.module:name``, or an entry point of `CRITERIA_GROUP`.

    Raises:
        StrategyError: there is none, it cannot be imported or called, or it is a coroutine or a generator.
    """
    path, _, within = name.rpartition(":")
    found: Any = None
    if path.endswith(".py"):
        found = getattr(_import(folder / path), within, None)
    elif path:
        found = getattr(_module(path, "criterion"), within, None)
    else:
        points = [p for p in entry_points(group=CRITERIA_GROUP) if p.name == name]
        found = _run(points[0].load, f"criterion: {name}: cannot be imported") if points else None
    if not callable(found):
        what = "none" if found is None else repr(found)
        raise StrategyError(
            f"criterion: {name}: expected a function of the measurements or a class of one, found {what}"
        )
    code = _call_of(found) if inspect.isclass(found) else found
    if code is None:
        raise StrategyError(f"criterion: {name}: expected a class whose instances can be called, found {found!r}")
    if inspect.iscoroutinefunction(code) or inspect.isgeneratorfunction(code):
        raise StrategyError(f"criterion: {name}: expected a plain function, found one that would never run")
    checked: Measure | type = found
    return checked


def _call_of(cls: type) -> Any:
    return next((vars(c)["__call__"] for c in cls.__mro__ if "__call__" in vars(c)), None)


def _run(code: Callable[[], Any], what: str) -> Any:
    """Run code of the user's; whatever it raises is told in one line that begins with ``what``. Its decimal context is its own."""
    try:
        with localcontext():
            return code()
    except BaseException as error:
        if isinstance(error, ASKED_TO_END):
            raise
        raise StrategyError(f"{what}: {type(error).__name__}: {error}") from error


def _check_hooks(cls: type[Strategy]) -> None:
    """A hook that is a coroutine or a generator would be called and never run; one that is no method cannot be called."""
    for name in sorted(n for n in vars(Strategy) if n.startswith("on_")):
        hook = getattr(cls, name)
        if not callable(hook):
            raise StrategyError(f"{cls.__name__}.{name}: expected a plain method, found {_kind(hook)}")
        if inspect.iscoroutinefunction(hook) or inspect.isgeneratorfunction(hook) or inspect.isasyncgenfunction(hook):
            kind = "a generator" if inspect.isgeneratorfunction(hook) else "a coroutine"
            raise StrategyError(f"{cls.__name__}.{name}: expected a plain method, found {kind}, which would never run")


def _kind(found: object) -> str:
    return "nothing" if found is None else f"a {type(found).__name__}"


def _module(name: str, what: str = "strategy") -> ModuleType:
    module: ModuleType = _run(lambda: importlib.import_module(name), f"{what}: expected a module {name}, found")
    return module


def build_strategy(
    cls: type[Strategy], instruments: Sequence[Instrument], params: Mapping[str, Any], where: str
) -> Strategy:
    """A strategy with validated parameters.

    Raises:
        StrategyError: a parameter is unknown or out of range; it names the parameter, what was expected and found. Or the class cannot
            be built.
    """
    if not (inspect.isclass(cls.Params) and issubclass(cls.Params, msgspec.Struct)):
        raise StrategyError(f"{where}: {cls.__name__}.Params: expected a msgspec.Struct, found {cls.Params!r}")
    known = [field.encode_name for field in msgspec.structs.fields(cls.Params)]
    for name in params:
        if name not in known:
            raise StrategyError(
                f"{where}.params.{name}: expected {_one_of(known)}, found {name!r}{_nearest(name, known)}"
            )
    try:
        shape.check_finite(params, cls.Params)
        typed = msgspec.convert(dict(params), cls.Params, strict=True)
    except ConfigError as error:
        raise StrategyError(f"{where}.params.{error}") from None
    except msgspec.ValidationError as error:
        raise StrategyError(f"{where}.params{_explained(error, params)}") from None
    built: Strategy = _run(lambda: cls(tuple(instruments), typed), f"{where}: cannot be built")
    if getattr(built, "instruments", None) != tuple(instruments):
        expected = "expected super().__init__(instruments, params) in its __init__"
        raise StrategyError(f"{where}: {cls.__name__}: {expected}, found none of the instruments it was given")
    return built


_NAMED = re.compile(r"[A-Za-z_]\w*: ")


def _one_of(known: Sequence[str]) -> str:
    return f"one of {', '.join(known)}" if known else "no parameters"


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _explained(error: msgspec.ValidationError, params: Mapping[str, Any]) -> str:
    """msgspec's sentence with the parameter first and what was found last."""
    text, _, place = str(error).partition(" - at `$")
    place = place.rstrip("`")
    if not place:
        # A check of the class over all of them: it has named the parameter and said what it found.
        return f".{text}" if _NAMED.match(text) else f": {text}"
    value = params.get(place.removeprefix("."), dict(params))
    found = plain(value) if isinstance(value, Decimal) else repr(value)
    return f"{place}: {text[:1].lower()}{text[1:]}, found {found}"


def _import(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"genesis_user_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise StrategyError(f"{path}: expected a Python file, found none")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    # Modules beside the file are its own: it may import them, now or later.
    beside = str(path.parent.resolve())
    if beside not in sys.path:
        sys.path.append(beside)
    loader = spec.loader
    _run(lambda: loader.exec_module(module), f"{path}: cannot be imported")
    return module
