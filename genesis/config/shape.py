"""What the schema says of a path: which keys are known there, and whether a secret lies at it, below it or above it.

The schema is read once as a tree; every section is strict, also those whose types live on other floors.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import cache

import msgspec.inspect as mi

from genesis.config.schema import Config
from genesis.config.secrets import Secret
from genesis.errors import ConfigError

Path = tuple[str | int, ...]


def show(path: Sequence[str | int]) -> str:
    """``strategies[0].budget``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "top level"


def check_keys(document: Mapping[str, object]) -> None:
    """Raise `ConfigError` at the first key that the schema does not know; the nearest known one is suggested."""
    _check(document, _tree(), ())


def check_finite(document: object, kind: type = Config) -> None:
    """Raise `ConfigError` at the first value that stands where a ``kind`` has a decimal and is no finite one: it is below and above no bound."""
    _check_finite(document, _tree(kind), ())


def touches_secret(path: Path) -> bool:
    """Whether the value at ``path`` is a secret, or may hold one."""
    node: mi.Type | None = _tree()
    for part in path:
        node = _step(node, part)
        if node is None:
            return False
    return any(_is_secret(n) for n in _below(node))


def is_secret(path: Path) -> bool:
    """Whether the value at ``path`` is a secret itself."""
    node: mi.Type | None = _tree()
    for part in path:
        node = _step(node, part)
    return any(_is_secret(n) for n in _choices(node))


@cache
def _tree(kind: type = Config) -> mi.Type:
    return mi.type_info(kind)


def _choices(node: mi.Type | None) -> tuple[mi.Type, ...]:
    if node is None:
        return ()
    return node.types if isinstance(node, mi.UnionType) else (node,)


def _is_secret(node: mi.Type) -> bool:
    return isinstance(node, mi.CustomType) and node.cls is Secret


def _step(node: mi.Type | None, part: str | int) -> mi.Type | None:
    for choice in _choices(node):
        if isinstance(choice, mi.StructType):
            for field in choice.fields:
                if field.encode_name == part:
                    return field.type
        elif isinstance(choice, mi.DictType) and isinstance(part, str):
            return choice.value_type
        elif isinstance(choice, mi.ListType) and isinstance(part, int):
            return choice.item_type
    return None


def _below(node: mi.Type | None) -> Iterator[mi.Type]:
    for choice in _choices(node):
        yield choice
        if isinstance(choice, mi.StructType):
            for field in choice.fields:
                yield from _below(field.type)
        elif isinstance(choice, mi.DictType):
            yield from _below(choice.value_type)
        elif isinstance(choice, mi.ListType):
            yield from _below(choice.item_type)


def _check(value: object, node: mi.Type | None, path: Path) -> None:
    for choice in _choices(node):
        if isinstance(choice, mi.StructType) and isinstance(value, Mapping):
            _check_section(value, choice, path)
        elif isinstance(choice, mi.DictType) and isinstance(value, Mapping):
            for key, inner in value.items():
                _check(inner, choice.value_type, (*path, str(key)))
        elif isinstance(choice, mi.ListType) and isinstance(value, list):
            for i, inner in enumerate(value):
                _check(inner, choice.item_type, (*path, i))


def _check_section(value: Mapping[object, object], node: mi.StructType, path: Path) -> None:
    known = {f.encode_name: f.type for f in node.fields}
    for key, inner in value.items():
        if not isinstance(key, str) or key not in known:
            raise ConfigError(f"{show((*path, str(key)))}: expected a known key, found '{key}'{_hint(str(key), known)}")
        _check(inner, known[key], (*path, key))


def _check_finite(value: object, node: mi.Type | None, path: Path) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _check_finite(inner, _step(node, str(key)), (*path, str(key)))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            _check_finite(inner, _step(node, i), (*path, i))
    elif isinstance(value, (str, Decimal)) and any(isinstance(choice, mi.DecimalType) for choice in _choices(node)):
        try:
            finite = Decimal(value).is_finite()
        except InvalidOperation:
            # What is no number at all is refused by its type.
            return
        if not finite:
            raise ConfigError(f"{show(path)}: expected a finite number, found {value}")


def _hint(key: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(key, known, 1)
    if near:
        return f"; did you mean '{near[0]}'?"
    elsewhere = [show(path) for path in all_keys() if path[-1] == key]
    if elsewhere:
        return f"; did you mean '{elsewhere[0]}'?"
    return f"; known here: {', '.join(known)}"


@cache
def all_keys() -> tuple[Path, ...]:
    """Every key of the schema with its path, those of list items without their number."""

    def walk(node: mi.Type | None, path: Path) -> Iterator[Path]:
        for choice in _choices(node):
            if isinstance(choice, mi.StructType):
                for field in choice.fields:
                    yield (*path, field.encode_name)
                    yield from walk(field.type, (*path, field.encode_name))
            elif isinstance(choice, mi.ListType):
                yield from walk(choice.item_type, path)

    return tuple(walk(_tree(), ()))
