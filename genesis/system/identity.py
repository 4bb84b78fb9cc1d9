"""The identity of a strategy version: the digest of all that makes it what it is (docs/ARCHITECTURE.md).

Its own source file and the local modules that it imports, at whatever depth; canonical parameters; instruments; the digests of its data; the *name* of its execution
profile. Genesis itself, the standard library and installed packages are recorded with the run and are not identity: when they change, the stored tape
is run again and a difference is reported.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import rfc8785

import genesis
from genesis.strategies.base import Strategy

_OURS = Path(genesis.__file__).parent
_SOURCES_KEPT = 256  # of which the imports are known: every track of a strategy asks again


def version_of(
    cls: type[Strategy], params: Mapping[str, Any], instruments: Sequence[str], data: Sequence[str], profile: str
) -> str:
    """SHA-256 (hex) of a version."""
    source = inspect.getsourcefile(cls)
    identity: dict[str, Any] = {
        "class": cls.__name__,
        "code": {} if source is None else code_digests(Path(source)),
        "data": sorted(data),
        "instruments": list(instruments),
        "params": {k: str(v) for k, v in sorted(params.items())},
        "profile": profile,
    }
    return hashlib.sha256(rfc8785.dumps(identity)).hexdigest()


def code_of(found: object, name: str) -> str:
    """SHA-256 (hex) of code that is no strategy: its name, its source file, and the local modules that it imports."""
    source = inspect.getsourcefile(found) if inspect.isclass(found) or inspect.isfunction(found) else None
    code = {} if source is None else code_digests(Path(source))
    return hashlib.sha256(rfc8785.dumps({"code": code, "name": name})).hexdigest()


def code_digests(source: Path) -> dict[str, str]:
    """SHA-256 by file of a module and of the local modules that it imports, named relative to its folder; no path of this machine is in it."""
    root = _root(source)
    found: dict[Path, bytes] = {}
    waiting = [source]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = path.read_bytes()
            waiting.extend(_local_imports(path, found[path], root))
    return {p.relative_to(root).as_posix(): hashlib.sha256(code).hexdigest() for p, code in sorted(found.items())}


def _root(source: Path) -> Path:
    """The folder in which local modules lie: that of the file, or of the outermost package around it. Of ours, the file's own."""
    folder = source.parent
    if _OURS in source.parents:
        return folder
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    return folder


def _local_imports(path: Path, code: bytes, root: Path) -> Iterator[Path]:
    """Files under ``root`` that a module imports: by its folder's names, or relative to its own package."""
    for level, module in _imports(code):
        yield from _files(path.parents[min(level, len(path.parents)) - 1] if level else root, module)


@lru_cache(_SOURCES_KEPT)
def _imports(code: bytes) -> tuple[tuple[int, str], ...]:
    """Whatever the source imports or may import: how many dots before it, and its name."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found.extend((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            found.append((node.level, module))
            found.extend((node.level, f"{module}.{alias.name}" if module else alias.name) for alias in node.names)
    return tuple(dict.fromkeys(found))


def _files(base: Path, module: str) -> Iterator[Path]:
    """The file of a module below ``base`` and those of the packages it lies in, where they exist."""
    at = base
    for name in module.split("."):
        if not name:
            return
        package, file = at / name / "__init__.py", (at / name).with_suffix(".py")
        if package.is_file():
            yield package
        if file.is_file():
            yield file
        at = at / name
