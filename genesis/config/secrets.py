"""Text that nobody may see, and where it may stand instead of in the configuration: an environment variable, a file that only its owner reads, the system's keyring.

``${env:NAME}``, ``${file:PATH}`` and ``${keyring:SERVICE/USER}`` are read once, when the configuration is. No message of this module shows what it read.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

MASK = "***"
_REFERENCE = re.compile(r"\$\{(\w*):(.*)\}", re.DOTALL)
_OTHERS = 0o077
# A key, a certificate at most: more than this is another file.
_BYTES_MAX = 64 * 1024
_FORMS = "${env:NAME}, ${file:PATH} or ${keyring:SERVICE/USER}"


class Secret:
    """Text that nobody may see: it shows as ``***`` wherever it is printed. Keys of this type are the secret ones."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text, for the one who signs with it."""
        return self._text

    def spellings(self) -> frozenset[str]:
        """The text, and what Python and JSON make of it in quotes: whoever masks it masks these. Empty for an empty one."""
        quoted = (repr(self._text), json.dumps(self._text), json.dumps(self._text, ensure_ascii=False))
        return frozenset({self._text, *(q[1:-1] for q in quoted)} - {""})

    def __repr__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def dereferenced(text: str, folder: Path, env: Mapping[str, str]) -> str:
    """What ``text`` refers to, or the text itself where it refers to nothing; relative paths are relative to ``folder``.

    Raises:
        ValueError: it cannot be had, or others could have it: expected and found, never what was read.
    """
    reference = _REFERENCE.fullmatch(text)
    if reference is None:
        return text
    source, name = reference.groups()
    if source == "env":
        return _of_environment(name, env)
    if source == "file":
        return _of_file(folder / Path(name).expanduser())
    if source == "keyring":
        return _of_keyring(name)
    raise ValueError(f"expected {_FORMS}, found another source")


def _of_environment(name: str, env: Mapping[str, str]) -> str:
    if not env.get(name):
        raise ValueError(f"expected the environment variable {name}, found {'none' if name not in env else 'it empty'}")
    return env[name]


def _of_file(path: Path) -> str:
    try:
        # What is judged is what is read: the file may be another one by the time it is opened again.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(number, "rb") as file:
            _check_owner(path, os.fstat(number))
            data = file.read(_BYTES_MAX + 1)
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise ValueError(f"expected a secret in the file {path}, found: {found}") from None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ValueError(f"expected UTF-8 text in {path}, found something else") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text or len(data) > _BYTES_MAX:
        raise ValueError(f"expected 1 to {_BYTES_MAX} bytes in {path}, found {'more' if text else 'none'}")
    return text


def _check_owner(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"expected a plain file at {path}, found another kind")
    if found.st_uid != os.geteuid():
        raise ValueError(f"expected {path} to belong to the user {os.geteuid()} who runs this, found {found.st_uid}")
    if found.st_mode & _OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        raise ValueError(f"expected {path} to be readable to its owner alone, found mode {mode:03o}; chmod 600 {path}")


def _of_keyring(name: str) -> str:
    service, slash, user = name.rpartition("/")
    if not slash or not service or not user:
        raise ValueError("expected ${keyring:SERVICE/USER}, found no service or no user")
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise ValueError(
            "expected the package keyring, found none; pip install 'genesis-trading[keyring]', or use an environment variable or a file"
        ) from None
    try:
        found = keyring.get_password(service, user)
    except KeyringError as error:
        # Its class says what is wrong (no backend, locked); its text is another program's and may say more.
        raise ValueError(
            f"expected the keyring to give the secret of {service}/{user}, found: {type(error).__name__}"
        ) from None
    if not found:
        raise ValueError(f"expected the secret of {service}/{user} in the keyring, found none")
    return str(found)
