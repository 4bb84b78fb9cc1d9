"""The state of a run as bytes: a graph of objects written down node by node, and made again from them.

Written for the objects of the core: plain values, frozen structs, and instances whose attributes are such. An object that the configuration and
the tape make again (a stream, an instrument, a strategy) stands *outside*: it is named, not written. Equal states have equal bytes: what has no
identity is written by value, nodes are numbered in the order in which attributes, by name, lead to them, and a set is in the order of its bytes.

Nothing here runs what the bytes name. Classes and functions are looked up by name among the modules of the core that are loaded already; an
instance is made without its constructor and its attributes are set. There is no way to name anything else (SECURITY.md, "Snapshots").

The bytes are MessagePack: ``[classes, nodes, root]``. A value is itself where MessagePack has it, else a list that begins with a letter.
"""

from __future__ import annotations

import sys
from array import array
from builtins import list as List  # noqa: N812 - `list` is a type that is told apart below
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import partial
from types import BuiltinFunctionType, BuiltinMethodType, FunctionType, MethodType
from typing import Any, TypeAlias

import msgspec
import numpy as np

from genesis.errors import IntegrityError

Plain: TypeAlias = Any
# What is itself in MessagePack. Integers are looked at, because they may be longer than a word.
_ITSELF = frozenset({type(None), bool, float, str, bytes})
_LOW, _HIGH = -(2**63), 2**63 - 1
_CONTAINERS = (list, dict, set, deque, bytearray, array, np.ndarray)
_MISSING = object()
# A compiled class makes an object without its constructor when it is asked in these words (compile_core.py).
_BARE: Mapping[str, Any] = {"bare__": True}


class NotKept(Exception):
    """Something in the state cannot be written; the text says what and where."""


class Outside:
    """What stands outside, by the key under which the state names it.

    Args:
        objects: by key; each is known by its identity.
        named: gives the key of one more object, or ``None`` where it is inside. Asked once an object.
    """

    def __init__(self, objects: Mapping[str, object], named: Callable[[object], str | None] = lambda _: None) -> None:
        self.objects = dict(objects)
        self._keys = {id(o): k for k, o in self.objects.items()}
        self._named = named

    def key(self, found: object) -> str | None:
        """The key of an object; ``None`` for one that is inside."""
        key = self._keys.get(id(found))
        if key is None:
            key = self._named(found)
            if key is not None:
                self._keys[id(found)], self.objects[key] = key, found
        return key


def encode_state(root: object, outside: Outside, allowed: Callable[[str], bool]) -> bytes:
    """The graph that ``root`` leads to.

    A class may say what of it is no state, and what is written instead (``made_anew``, by name of the attribute); do something before it is written
    (``before_kept``, a method that changes no answer); or say of what an equal instance is made (``made_of``, a method). One of the latter that
    says what it equals has no identity.

    Args:
        root: any value.
        outside: what is named and not written.
        allowed: whether classes and functions of a module may be named.

    Raises:
        NotKept: it leads to something that cannot be written.
    """
    return _Writer(outside, allowed).write(root)


def decode_state(data: bytes, outside: Mapping[str, object], allowed: Callable[[str], bool]) -> Any:
    """The root of a graph that `encode_state` wrote.

    Args:
        outside: what stands outside, by key.
        allowed: whether classes and functions of a module may be named.

    Raises:
        IntegrityError: the bytes are not those of a state, or name what is not allowed or not there.
    """
    try:
        return _Reader(outside, allowed).read(data)
    except IntegrityError:
        raise
    except Exception as error:
        # Whatever a damaged state makes fail is the same fault.
        raise IntegrityError(f"state: expected one that can be made again, found: {error}") from error


def attributes(cls: type) -> tuple[str, ...]:
    """Names of the attributes that instances of a class have by its definition; more may be in their ``__dict__``."""
    compiled = getattr(cls, "__mypyc_attrs__", None)
    names: set[str] = set(compiled or ())
    for base in cls.__mro__:
        slots = base.__dict__.get("__slots__", ())
        names.update(_mangled(base, s) for s in ((slots,) if isinstance(slots, str) else slots))
    return tuple(sorted(names - {"__dict__", "__weakref__"}))


def _mangled(cls: type, name: str) -> str:
    private = name.startswith("__") and not name.endswith("__")
    return f"_{cls.__name__.lstrip('_')}{name}" if private else name


def _name_of(cls: type) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


_Put: TypeAlias = Callable[[Any], Plain]


class _Writer:
    """Values are written where they stand; objects with an identity become nodes, in the order in which they are met."""

    def __init__(self, outside: Outside, allowed: Callable[[str], bool]) -> None:
        self._outside, self._allowed = outside, allowed
        self._classes: dict[type, int] = {}
        self._places: dict[int, int] = {}
        self._met: List[object] = []
        # Where each of them was met, and where we are: an object and one of its attributes.
        self._led_from: List[tuple[object, str]] = []
        self._here: tuple[object, str] = (None, "")
        self._putters: dict[type, _Put] = {
            int: _put_int,
            tuple: lambda v: ["t", *map(self._put, v)],
            Decimal: lambda v: ["d", str(v)],
            Fraction: lambda v: ["q", str(v.numerator), str(v.denominator)],
            frozenset: lambda v: ["z", self._sorted(v)],
            partial: lambda v: [
                "p",
                self._put(v.func),
                list(v.keywords),
                *map(self._put, (*v.args, *v.keywords.values())),
            ],
            MethodType: lambda v: ["m", self._put(v.__self__), v.__name__],
            BuiltinFunctionType: self._put_builtin,
            BuiltinMethodType: self._put_builtin,
            FunctionType: self._put_function,
            type: lambda v: ["c", self._class(v)],
        }
        self._bodies: dict[type, _Put] = {
            list: lambda v: ["l", self._items(v)],
            dict: lambda v: ["h", self._items(list(v)), self._items(list(v.values()))],
            set: lambda v: ["s", self._sorted(v)],
            deque: lambda v: ["k", v.maxlen, self._items(list(v))],
            defaultdict: lambda v: [
                "f",
                self._put(v.default_factory),
                self._items(list(v)),
                self._items(list(v.values())),
            ],
            bytearray: lambda v: ["b", bytes(v)],
            array: lambda v: ["j", v.typecode, v.tobytes()],
            np.ndarray: _array_body,
        }
        # (class, names of its attributes, whether instances have a dictionary too)
        self._shapes: dict[type, tuple[int, tuple[str, ...], bool]] = {}

    def write(self, root: object) -> bytes:
        top, nodes = self._put(root), []
        for number, met in enumerate(self._met):
            self._here = self._led_from[number]
            try:
                nodes.append(self._body(met))
            except NotKept as problem:
                owner, name = self._here
                raise NotKept(f"{type(owner).__name__}.{name}: {problem}" if name else str(problem)) from None
        return msgspec.msgpack.encode([[_name_of(c) for c in self._classes], nodes, top])

    # ---- values

    def _put(self, value: Any) -> Plain:
        kind = type(value)
        if kind in _ITSELF:
            return value
        put = self._putters.get(kind)
        if put is not None:
            return put(value)
        place = self._places.get(id(value))
        return self._meet(value, kind) if place is None else ["r", place]

    def _meet(self, value: Any, kind: type) -> Plain:
        """A value of a class, or an object met for the first time."""
        key = self._outside.key(value)
        if key is not None:
            return ["x", key]
        if issubclass(kind, Enum):
            return ["e", self._class(kind), value.name]
        if issubclass(kind, type):
            return ["c", self._class(value)]
        if issubclass(kind, msgspec.Struct) and kind.__struct_config__.frozen:
            put = self._putters[kind] = self._struct_putter(kind)
            return put(value)
        if hasattr(kind, "made_of") and kind.__eq__ is not object.__eq__:
            return self._made_of(value, kind)
        if issubclass(kind, tuple):
            return ["n", self._class(kind), *map(self._put, value)]
        place = self._places[id(value)] = len(self._met)
        self._met.append(value)
        self._led_from.append(self._here)
        return ["r", place]

    def _struct_putter(self, kind: type[msgspec.Struct]) -> _Put:
        fields, place, put, outside = kind.__struct_fields__, self._class(kind), self._put, self._outside

        def put_struct(value: Any) -> Plain:
            key = outside.key(value)
            return ["x", key] if key is not None else ["v", place, *[put(getattr(value, f)) for f in fields]]

        return put_struct

    def _made_of(self, value: Any, kind: type) -> Plain:
        return ["a", self._class(kind), *map(self._put, value.made_of())]

    def _put_builtin(self, value: Any) -> Plain:
        """A method of a compiled object, or of a container of ours."""
        if value.__self__ is None or type(value.__self__) is type(sys):
            return self._put_function(value)
        return ["m", self._put(value.__self__), value.__name__]

    def _put_function(self, value: Any) -> Plain:
        key = self._outside.key(value)
        if key is not None:
            return ["x", key]
        if "." in value.__qualname__ or not self._allowed(value.__module__ or ""):
            raise NotKept(f"expected a function of a module, found {value.__qualname__}")
        return ["g", value.__module__, value.__qualname__]

    def _class(self, cls: type) -> int:
        place = self._classes.get(cls)
        if place is None:
            if not self._allowed(cls.__module__) and _name_of(cls) not in _OF_PYTHON:
                raise NotKept(f"expected a class of the core, found {_name_of(cls)}")
            place = self._classes[cls] = len(self._classes)
        return place

    # ---- objects with an identity

    def _body(self, met: Any) -> Plain:
        kind = type(met)
        body = self._bodies.get(kind)
        if body is not None:
            return body(met)
        before_kept = getattr(kind, "before_kept", None)
        if before_kept is not None:
            before_kept(met)
        if hasattr(kind, "made_of"):
            return self._made_of(met, kind)
        if isinstance(met, _CONTAINERS):
            raise NotKept(f"expected an object or a container, found a kind of both: {_name_of(kind)}")
        place, names, open_ended = self._shapes.get(kind) or self._shape(kind)
        if open_ended:
            names = tuple(sorted({*names, *met.__dict__}))
        kept: List[Plain] = []
        anew: Mapping[str, object] = getattr(kind, "made_anew", {})
        for name in names:
            value = anew[name] if name in anew else getattr(met, name, _MISSING)
            if value is not _MISSING:
                self._here = met, name
                kept += (name, self._put(value))
        return ["o", place, kept]

    def _shape(self, kind: type) -> tuple[int, tuple[str, ...], bool]:
        names = kind.__struct_fields__ if issubclass(kind, msgspec.Struct) else attributes(kind)
        shape = self._shapes[kind] = (
            self._class(kind),
            names,
            hasattr(kind, "__dictoffset__") and kind.__dictoffset__ != 0,
        )
        return shape

    def _items(self, items: List[Any]) -> List[Plain]:
        """A list's values; one of plain values alone, which may be long, is taken as it is."""
        kinds = set(map(type, items))
        if kinds <= _ITSELF or (
            kinds <= {int, float} and (int not in kinds or _LOW <= min(items) <= max(items) <= _HIGH)
        ):
            return items
        return [self._put(v) for v in items]

    def _sorted(self, values: Collection[Any]) -> List[Plain]:
        put = [self._put(v) for v in values]
        if any(type(p) is list and p[0] == "r" for p in put):
            raise NotKept("expected a set of values, found one of objects, which has no order")
        return sorted(put, key=msgspec.msgpack.encode)


def _put_int(value: int) -> Plain:
    return value if _LOW <= value <= _HIGH else ["i", str(value)]


def _array_body(array: Any) -> Plain:
    if array.dtype.hasobject:
        raise NotKept("expected an array of numbers, found one of objects")
    return ["y", array.dtype.str, list(array.shape), np.ascontiguousarray(array).tobytes()]


class _Reader:
    """Nodes are made first, empty; then they are filled, those that hash what they hold last."""

    def __init__(self, outside: Mapping[str, object], allowed: Callable[[str], bool]) -> None:
        self._outside, self._allowed = outside, allowed
        self._classes: List[type] = []
        self._nodes: List[Any] = []
        self._getters: dict[str, Callable[[Sequence[Any]], Any]] = {
            "r": lambda p: self._nodes[p[1]],
            "x": lambda p: self._outside[p[1]],
            "t": lambda p: tuple([self._get(v) for v in p[1:]]),
            "v": self._struct,
            "e": lambda p: self._kind(p[1], Enum)[p[2]],
            "i": lambda p: int(p[1]),
            "d": lambda p: Decimal(p[1]),
            "q": lambda p: Fraction(int(p[1]), int(p[2])),
            "z": lambda p: frozenset(self._get(v) for v in p[1]),
            "n": lambda p: self._kind(p[1], tuple)(*[self._get(v) for v in p[2:]]),
            "a": self._remade,
            "c": lambda p: self._classes[p[1]],
            "p": self._partial,
            "m": lambda p: self._method(self._get(p[1]), p[2]),
            "g": lambda p: self._function(p[1], p[2]),
        }

    def read(self, data: bytes) -> Any:
        classes, bodies, top = msgspec.msgpack.decode(data)
        self._classes = [self._class(name) for name in classes]
        self._nodes = [self._made(body) for body in bodies]
        last: List[Callable[[], None]] = []
        for node, body in zip(self._nodes, bodies, strict=True):
            self._fill(node, body, last)
        for fill in last:
            fill()
        return self._get(top)

    def _get(self, plain: Plain) -> Any:
        return self._getters[plain[0]](plain) if type(plain) is list else plain

    def _made(self, body: Sequence[Any]) -> Any:
        letter = body[0]
        if letter == "o":
            cls = self._classes[body[1]]
            try:
                return cls.__new__(cls, **_BARE) if hasattr(cls, "__mypyc_attrs__") else cls.__new__(cls)
            except TypeError as error:
                raise NotKept(
                    f"expected {cls.__qualname__} to be made without its constructor, found: {error}"
                ) from None
        if letter == "l":
            return []
        if letter in "hf":
            return {} if letter == "h" else defaultdict()
        if letter == "s":
            return set()
        if letter == "k":
            return deque(maxlen=body[1])
        if letter == "b":
            return bytearray(body[1])
        if letter == "j":
            return array(body[1], body[2])
        if letter == "a":
            return self._remade(body)
        if letter == "y":
            return np.frombuffer(body[3], np.dtype(body[1])).reshape(body[2]).copy()
        raise IntegrityError(f"state: expected an object, found {letter!r}")

    def _fill(self, node: Any, body: Sequence[Any], last: List[Callable[[], None]]) -> None:
        letter = body[0]
        if letter == "o":
            kept = iter(body[2])
            for name, value in zip(kept, kept, strict=True):
                setattr(node, name, self._get(value))
        elif letter in "lk":
            node.extend(map(self._get, body[-1]))
        elif letter == "f":
            node.default_factory = self._get(body[1])
        if letter in "hf":
            last.append(lambda: node.update(zip(map(self._get, body[-2]), map(self._get, body[-1]), strict=True)))
        elif letter == "s":
            last.append(lambda: node.update(map(self._get, body[1])))

    def _struct(self, plain: Sequence[Any]) -> Any:
        cls = self._kind(plain[1], msgspec.Struct)
        return cls(**dict(zip(cls.__struct_fields__, map(self._get, plain[2:]), strict=True)))

    def _partial(self, plain: Sequence[Any]) -> Any:
        function, names, values = self._get(plain[1]), plain[2], [self._get(v) for v in plain[3:]]
        positional = len(values) - len(names)
        return partial(function, *values[:positional], **dict(zip(names, values[positional:], strict=True)))

    def _remade(self, body: Sequence[Any]) -> Any:
        cls = self._classes[body[1]]
        if not hasattr(cls, "made_of"):
            raise IntegrityError(f"state: expected a class that says what it is made of, found {_name_of(cls)}")
        return cls(*map(self._get, body[2:]))

    # ---- what is named

    def _kind(self, place: int, kind: type) -> Any:
        cls = self._classes[place]
        if not issubclass(cls, kind):
            raise IntegrityError(f"state: expected a kind of {kind.__name__}, found {_name_of(cls)}")
        return cls

    def _class(self, name: str) -> type:
        module, _, qualified = name.partition(":")
        if name in _OF_PYTHON:
            return _OF_PYTHON[name]
        found: Any = self._module(module)
        for part in qualified.split("."):
            found = getattr(found, part, None)
        if not isinstance(found, type) or _name_of(found) != name:
            raise IntegrityError(f"state: expected a class of the core, found {name}")
        return found

    def _function(self, module: str, name: str) -> Any:
        found = getattr(self._module(module), name, None)
        if not isinstance(found, (FunctionType, BuiltinFunctionType)) or found.__module__ != module:
            raise IntegrityError(f"state: expected a function of the core, found {module}:{name}")
        return found

    def _module(self, name: str) -> Any:
        if not self._allowed(name) or name not in sys.modules:
            raise IntegrityError(f"state: expected a module of the core, found {name}")
        return sys.modules[name]

    def _method(self, owner: Any, name: str) -> Any:
        found = getattr(owner, name, None)
        if (
            name.startswith("__")
            or not isinstance(found, (MethodType, BuiltinMethodType))
            or found.__self__ is not owner
        ):
            raise IntegrityError(f"state: expected a method of {type(owner).__name__}, found {name}")
        return found


# What a state may name beside the core: factories of dictionaries with a default.
_OF_PYTHON = {_name_of(c): c for c in (int, float, list, dict, set, str, deque)}
