"""Finding strategies: built in, from a file, or from an installed package."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from genesis.errors import StrategyError
from genesis.model.instruments import Instrument
from genesis.strategies.base import Strategy
from genesis.strategies.book import DepthImbalanceTaker, PassiveMarketMaker
from genesis.strategies.reversion import MeanReversion
from genesis.strategies.trend import Breakout, MovingAverageCrossover

GROUP = "genesis.strategies"
BUILT_IN: dict[str, type[Strategy]] = {
    "ma_crossover": MovingAverageCrossover,
    "mean_reversion": MeanReversion,
    "breakout": Breakout,
    "market_maker": PassiveMarketMaker,
    "imbalance_taker": DepthImbalanceTaker,
}


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
            known = ", ".join([*BUILT_IN, *(p.name for p in entry_points(group=GROUP))])
            raise StrategyError(f"strategy: expected one of {known} or file.py:ClassName, found {name!r}")
        found = points[0].load()
    if not (inspect.isclass(found) and issubclass(found, Strategy)):
        raise StrategyError(f"{name}: expected a subclass of genesis.strategies.base.Strategy, found {found!r}")
    return found


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - importing runs the user's code
        raise StrategyError(f"strategy: expected a module {name}, found {type(error).__name__}: {error}") from None


def build_strategy(
    cls: type[Strategy], instruments: Sequence[Instrument], params: Mapping[str, Any], where: str
) -> Strategy:
    """A strategy with validated parameters.

    Raises:
        StrategyError: a parameter is unknown or out of range; it names the parameter, what was expected and found.
    """
    known = [field.encode_name for field in msgspec.structs.fields(cls.Params)]
    for name in params:
        if name not in known:
            raise StrategyError(
                f"{where}.params.{name}: expected {_one_of(known)}, found {name!r}{_nearest(name, known)}"
            )
    try:
        typed = msgspec.convert(dict(params), cls.Params, strict=True)
    except msgspec.ValidationError as error:
        raise StrategyError(f"{where}.params{_explained(error, params)}") from None
    return cls(tuple(instruments), typed)


def _one_of(known: Sequence[str]) -> str:
    return f"one of {', '.join(known)}" if known else "no parameters"


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _explained(error: msgspec.ValidationError, params: Mapping[str, Any]) -> str:
    """msgspec's sentence with the parameter first and what was found last."""
    text, _, place = str(error).partition(" - at `$")
    place = place.rstrip("`")
    value = params.get(place.removeprefix("."), params)
    value = dict(value) if isinstance(value, Mapping) else value
    return f"{place}: {text[:1].lower()}{text[1:]}, found {value!r}"


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
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001 - whatever a user's file raises is told in one line
        raise StrategyError(f"{path}: cannot be imported: {type(error).__name__}: {error}") from error
    return module
