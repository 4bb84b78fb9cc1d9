"""Layers: built-in defaults, the YAML file, the environment (``GENESIS__RUN__SEED=7``), then overrides."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import yaml

from genesis.config.schema import Config
from genesis.errors import ConfigError
from genesis.model.grid import parse_decimal, plain

_PREFIX = "GENESIS__"
_MISSING_QUOTE = re.compile(r"unknown field `(\w+)`")


class _ExactLoader(yaml.SafeLoader):
    """A safe loader that reads numbers with a point as exact decimals and refuses a key written twice."""


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    return parse_decimal(str(loader.construct_scalar(node)))


def _mapping(loader: _ExactLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    out: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in out:
            raise ConfigError(f"line {key_node.start_mark.line + 1}: expected each key once, found {key!r} again")
        out[key] = loader.construct_object(value_node, deep=True)
    return out


_ExactLoader.add_constructor("tag:yaml.org,2002:float", _decimal)
_ExactLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


def load_config(
    path: Path | None, env: Mapping[str, str] | None = None, overrides: Mapping[str, object] | None = None
) -> Config:
    """The configuration of a file under the environment and ``overrides`` (dotted paths).

    Raises:
        ConfigError: the file cannot be read, a key is unknown, or a value does not fit; it names file, path, expected and found.
    """
    document = _read(path) if path is not None else {}
    for name, text in sorted((env or {}).items()):
        if name.startswith(_PREFIX):
            _put(document, name[len(_PREFIX) :].lower().split("__"), yaml.load(text, _ExactLoader))  # noqa: S506
    for dotted, value in (overrides or {}).items():
        _put(document, dotted.split("."), value)
    where = str(path) if path is not None else "configuration"
    try:
        config = msgspec.convert(document, Config, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {_explain(str(error), document)}") from None
    try:
        config.check()
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    return config


def plain_config(config: Config) -> dict[str, Any]:
    """Everything resolved, as plain values; decimals are exact text."""
    built: dict[str, Any] = msgspec.to_builtins(config, builtin_types=(Decimal,), str_keys=True)
    texts: dict[str, Any] = _texts(built)
    return texts


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _texts(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_texts(v) for v in value]
    return plain(value) if isinstance(value, Decimal) else value


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _ExactLoader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ConfigError(f"{path}: expected a readable file, found: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: expected YAML, found: {' '.join(str(error).split())}") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: expected a mapping of keys, found {type(document).__name__}")
    return document


def _put(document: dict[str, Any], keys: list[str], value: object) -> None:
    for key in keys[:-1]:
        document = document.setdefault(key, {})
        if not isinstance(document, dict):
            raise ConfigError(f"{'.'.join(keys)}: expected a section at {key}, found a value")
    document[keys[-1]] = value


def _explain(message: str, document: object) -> str:
    """msgspec's sentence with the dotted path first, what was found, and the key that was probably meant."""
    text, _, place = message.partition(" - at `$")
    path = place.rstrip("`").lstrip(".")
    match = _MISSING_QUOTE.search(text)
    if match is not None:
        key = match.group(1)
        close = difflib.get_close_matches(key, _KNOWN, 1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        return f"{'.'.join(p for p in (path, key) if p)}: expected a known key, found '{key}'{hint}"
    found = _at(document, path)
    return f"{path or 'top level'}: {text[:1].lower()}{text[1:]}, found {found!r}"


def _at(document: object, path: str) -> object:
    for part in re.findall(r"\w+", path):
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
    return document


def _keys(kind: Any, seen: set[str]) -> set[str]:
    for field in msgspec.structs.fields(kind):
        seen.add(field.name)
        default = field.default
        if isinstance(default, msgspec.Struct):
            _keys(type(default), seen)
    return seen


_KNOWN = sorted(_keys(Config, set()))
