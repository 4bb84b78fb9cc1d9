"""Layers: built-in defaults, the YAML file over those that it extends, the environment (``GENESIS__RUN__SEED=7``), then overrides.

No message of this module shows the value of a secret key, nor a value that might hold one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import yaml

from genesis.config import shape
from genesis.config.agreement import check_agreement
from genesis.config.layers import layered
from genesis.config.schema import Config
from genesis.config.secrets import MASK, Secret, dereferenced
from genesis.errors import ConfigError
from genesis.execution.fault_plan import BUILT_IN
from genesis.model.grid import parse_decimal, plain

# What makes values of types that are no JSON: of a type and the plain value.
_Custom = Callable[[type, object], object]

_PREFIX = "GENESIS__"
_PART = re.compile(r"\[(\d+)\]|\[\.\.\.\]|([^.\[\]]+)")
# What a YAML error quotes of the text may be a secret; its own words for tokens stand in <> or are one character.
_QUOTED = re.compile(r"'(?!<)[^']{2,}'")


_MERGE = "tag:yaml.org,2002:merge"


class _ExactLoader(yaml.SafeLoader):
    """A safe loader that reads numbers with a point as exact decimals and refuses a key written twice."""


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Decimal:
    text = str(loader.construct_scalar(node)).replace("_", "")
    try:
        return parse_decimal(text)
    except ValueError:
        line = node.start_mark.line + 1
        # Not shown is what might be a secret.
        found = text if text.lower().lstrip("+-") in (".nan", ".inf") else "neither"
        raise ConfigError(f"line {line}: expected a finite decimal number or quoted text, found {found}") from None


def _mapping(loader: _ExactLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    """A section; what is written in it goes before what it takes in from elsewhere (``<<: *anchor``)."""
    own = [pair for pair in node.value if pair[0].tag != _MERGE]
    merged = yaml.MappingNode(node.tag, [pair for pair in node.value if pair[0].tag == _MERGE])
    loader.flatten_mapping(merged)
    out: dict[Any, Any] = {_key(loader, k): loader.construct_object(v, deep=True) for k, v in merged.value}
    written: set[Any] = set()
    for key_node, value_node in own:
        key = _key(loader, key_node)
        if key in written:
            raise ConfigError(f"line {key_node.start_mark.line + 1}: expected each key once, found {key!r} again")
        written.add(key)
        out[key] = loader.construct_object(value_node, deep=True)
    return out


def _key(loader: _ExactLoader, node: yaml.Node) -> str | int | Decimal:
    key = loader.construct_object(node, deep=True)
    if not isinstance(key, (str, int, Decimal)):
        raise ConfigError(f"line {node.start_mark.line + 1}: expected a plain key, found {type(key).__name__}")
    return key


# ``off`` and ``on`` are words here, as in YAML 1.2: `off` is a mode of a criterion, and no False.
_ExactLoader.yaml_implicit_resolvers = {
    first: [r for r in found if first not in "oO" or r[0] != "tag:yaml.org,2002:bool"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_ExactLoader.add_constructor("tag:yaml.org,2002:float", _decimal)
_ExactLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


class _ExactDumper(yaml.SafeDumper):
    """A safe dumper that writes decimals as numbers, digit by digit, and every value where it is used."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _number(dumper: _ExactDumper, value: Decimal) -> yaml.ScalarNode:
    text = plain(value)
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in text else 'int'}", text)


_ExactDumper.add_representer(Decimal, _number)


def load_config(
    path: Path | None, env: Mapping[str, str] | None = None, overrides: Mapping[str, object] | None = None
) -> Config:
    """The configuration of a file, over what it ``extends``, under the environment and ``overrides`` (dotted paths).

    What it extends is found beside it; every other path in any of them is relative to the folder of ``path``.

    Raises:
        ConfigError: the file cannot be read, a key is unknown, or a value does not fit; it names file, path, expected and found.
    """
    document, files = ({}, ()) if path is None else layered(path, _read)
    names: dict[shape.Path, str] = {}
    for name, text in sorted((env or {}).items()):
        if name.startswith(_PREFIX):
            place = _place(document, name[len(_PREFIX) :].split("__"), name)
            _put(document, place, text if shape.is_secret(place) else _value(name, text), name)
            names[place] = name
    for dotted, value in (overrides or {}).items():
        _put(document, _place(document, dotted.split("."), dotted), value, dotted)
    where = " over ".join(str(file) for file in files) or "configuration"
    custom = _custom(Path() if path is None else path.parent, env or {})
    try:
        shape.check_keys(document)
        shape.check_finite(document)
        config = msgspec.convert(document, Config, strict=True, dec_hook=custom)
        check_agreement(config)
    except msgspec.ValidationError as error:
        place, words = _explain(str(error), document, custom)
        raise ConfigError(f"{names.get(place, where)}: {words}") from None
    except ConfigError as error:
        named = next((n for p, n in names.items() if str(error).startswith(f"{shape.show(p)}: ")), where)
        raise ConfigError(f"{named}: {error}") from None
    return config


def plain_config(config: Config) -> dict[str, Any]:
    """Everything resolved, as plain values; decimals are exact text, secrets are masked."""
    texts: dict[str, Any] = _texts(_built(config))
    return texts


def config_yaml(config: Config) -> str:
    """Everything resolved, as YAML that loads again as the same configuration, but for the secrets, which are masked."""
    return yaml.dump(_built(config), Dumper=_ExactDumper, sort_keys=False, allow_unicode=True)


def built_in_plans() -> dict[str, Any]:
    """The built-in fault plans as plain values, exact text for decimals, without what does not happen in them."""
    plans: dict[str, Any] = _texts(_what_happens(msgspec.to_builtins(BUILT_IN, builtin_types=(Decimal,))))
    return plans


def built_in_plans_yaml() -> str:
    """The built-in fault plans as YAML, as one would write them under ``fault_plans``."""
    plans = _what_happens(msgspec.to_builtins(BUILT_IN, builtin_types=(Decimal,)))
    return yaml.dump(
        plans, Dumper=_ExactDumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=150
    )


def _what_happens(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _what_happens(v) for k, v in value.items() if v is not None and v != []}
    return value


def _built(config: Config) -> Any:
    return msgspec.to_builtins(config, builtin_types=(Decimal,), str_keys=True, enc_hook=_masked)


def secrets_of(config: Config) -> Iterator[Secret]:
    """Every secret that is set."""
    publish = config.audit.publishing
    for section in (*config.venues.values(), publish.web_hook, publish.mail):
        for field in () if section is None else msgspec.structs.fields(section):
            value = getattr(section, field.name)
            if isinstance(value, Secret):
                yield value


def _custom(folder: Path, env: Mapping[str, str]) -> _Custom:
    """How values of types that are no JSON are made; a secret may stand elsewhere, and is fetched from there."""

    def made(kind: type, value: object) -> object:
        if kind is not Secret:
            # A parameter of a strategy: its own class says what it must be.
            return value
        if not isinstance(value, str):
            raise ValueError(f"expected text in quotes, got {type(value).__name__}")
        return Secret(dereferenced(value, folder, env))

    return made


def _masked(value: object) -> str:
    if isinstance(value, Secret):
        return MASK
    raise TypeError(f"expected a plain value, found {type(value).__name__}")


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _texts(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_texts(v) for v in value]
    return plain(value) if isinstance(value, Decimal) else value


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _ExactLoader)  # noqa: S506 # nosec B506 # a SafeLoader
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise ConfigError(f"{path}: expected a readable file, found: {found}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: expected UTF-8 text, found another byte at {error.start}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: {_syntax(error)}") from None
    except (RecursionError, ValueError):
        # An alias inside its own anchor; a date that is none.
        raise ConfigError(f"{path}: expected plain YAML, found a value that cannot be built") from None
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: expected a mapping of keys, found {type(document).__name__}")
    return document


def _syntax(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is not None and mark.buffer is not None and mark.buffer[mark.pointer : mark.pointer + 1] == "\t":
        return (
            f"line {mark.line + 1}, column {mark.column + 1}: expected YAML, which is indented by spaces, found a tab"
        )
    problem = _QUOTED.sub("'…'", getattr(error, "problem", None) or "something else")
    at = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
    return f"{at}expected YAML, found: {problem}"


def _value(name: str, text: str) -> Any:
    """The value of an environment variable, read as YAML; never shown, because the name may be a misspelt secret's."""
    try:
        return yaml.load(text, _ExactLoader)  # noqa: S506 # nosec B506 # a SafeLoader
    except (yaml.YAMLError, ConfigError, ValueError, RecursionError):
        raise ConfigError(f"{name}: expected a YAML value, found text that is none; quote it") from None


def _place(document: object, parts: list[str], name: str) -> shape.Path:
    """The path of ``RUN``, ``SEED``: keys that the file has are found in any case, numbers are places in a list."""
    out: list[str | int] = []
    for part in parts:
        if isinstance(document, list) and part.isdigit():
            if int(part) >= len(document):
                raise ConfigError(f"{name}: expected a place below {len(document)} in {shape.show(out)}, found {part}")
            key: str | int = int(part)
            document = document[int(part)]
        elif isinstance(document, list):
            raise ConfigError(f"{name}: expected a number for a place in {shape.show(out)}, found {part.lower()}")
        else:
            known = document if isinstance(document, dict) else {}
            key = next((k for k in known if isinstance(k, str) and k.lower() == part.lower()), part.lower())
            document = known.get(key)
        out.append(key)
    return tuple(out)


def _put(document: Any, place: shape.Path, value: object, name: str) -> None:
    for i, key in enumerate(place[:-1]):
        if isinstance(document, dict) and document.get(key) is None:
            document[key] = {}
        document = document[key]
        if not isinstance(document, (dict, list)):
            raise ConfigError(f"{name}: expected a section at {shape.show(place[: i + 1])}, found a value")
    document[place[-1]] = value


_FIELD = re.compile(r"([a-z_0-9]+(?:\.\w+)*): (expected .*)", re.DOTALL)


def _explain(message: str, document: object, custom: _Custom) -> tuple[shape.Path, str]:
    """The path, and msgspec's sentence with the path first and what was found."""
    text, _, marked = message.partition(" - at `$")
    place = _resolve(marked.rstrip("`"), document, message, custom)
    # A check over a whole section names its field itself.
    field = _FIELD.match(text)
    if field is not None:
        place, text = (*place, *field.group(1).split(".")), field.group(2)
    words = f"{shape.show(place)}: {text[:1].lower()}{text[1:]}"
    # Our own checks have said what they found.
    if shape.touches_secret(place) or ", found " in words:
        return place, words
    value = _at(document, place)
    found = plain(value) if isinstance(value, Decimal) else repr(value)
    return place, f"{words}, found {found if len(found) <= 200 else found[:200] + '…'}"


def _resolve(marked: str, document: object, message: str, custom: _Custom) -> shape.Path:
    """msgspec's path; it writes ``[...]`` for some value of a mapping: which one is found by trying them one by one."""
    out: list[str | int] = []
    for part in _PART.finditer(marked):
        if part.group(1) is not None:
            out.append(int(part.group(1)))
        elif part.group(2) is not None:
            out.append(part.group(2))
        else:
            inner = _at(document, tuple(out))
            keys = list(inner) if isinstance(inner, dict) else []
            out.append(next((str(k) for k in keys if _says(_only(document, tuple(out), k), message, custom)), "*"))
    return tuple(out)


def _only(document: Any, path: shape.Path, key: object) -> Any:
    """``document`` with no other key than ``key`` in the mapping at ``path``."""
    if not path:
        return {key: document[key]}
    changed: Any = list(document) if isinstance(document, list) else dict(document)
    changed[path[0]] = _only(document[path[0]], path[1:], key)
    return changed


def _says(document: object, message: str, custom: _Custom) -> bool:
    try:
        msgspec.convert(document, Config, strict=True, dec_hook=custom)
    except msgspec.ValidationError as error:
        return str(error) == message
    return False


def _at(document: object, path: shape.Path) -> object:
    for part in path:
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and isinstance(part, int) and part < len(document):
            document = document[part]
        else:
            return None
    return document
