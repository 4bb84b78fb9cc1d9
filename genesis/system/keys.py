"""The key that signs checkpoints: a file only its owner can read, made on first use.

The key comes from the operating system's entropy by way of the ``cryptography`` package, which is installed with the extra ``audit``:
no draw of a run has anything to do with it.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from genesis.errors import ConfigError, StorageError
from genesis.system.syncing import sync

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNING, FOLLOWING = "signing.pem", "signing-next.pem"
_OTHERS, _OTHERS_WRITE = 0o077, 0o022
_INSTALL = "pip install 'genesis-trading[audit]'"


class SigningKey:
    """A private key from its file. It shows nothing of itself when printed."""

    __slots__ = ("_private", "key")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.key = private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature (RFC 8032), 64 bytes."""
        return self._private.sign(message)


def check_signature(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is that of the public ``key`` over ``message``.

    Raises:
        ConfigError: the package that can tell is not installed.
    """
    _ensure_installed()
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signing_key(folder: Path) -> SigningKey:
    """The folder's key; folder and key are made where there is none.

    Raises:
        ConfigError: others than the owner can read the key or write the folder, or it is no key. StorageError: it cannot be
        written or read.
    """
    return _loaded_or_made(folder, SIGNING)


def existing_key(folder: Path) -> SigningKey:
    """The folder's key; errors as those of `signing_key`, and `ConfigError` where there is none."""
    path = folder / SIGNING
    if not path.exists():
        raise ConfigError(f"{path}: expected a key, found none")
    return _loaded_or_made(folder, SIGNING)


def following_key(folder: Path) -> SigningKey:
    """The key that will follow, made where there is none: it is on the disk before anything names it."""
    return _loaded_or_made(folder, FOLLOWING)


def follow(folder: Path) -> None:
    """Put the following key in the place of the present one, which is gone then: under every name that a process left which was killed while it made a key."""
    try:
        (folder / FOLLOWING).replace(folder / SIGNING)
        for left in folder.glob(_part("*", "*")):
            left.unlink()
        sync(folder)
    except OSError as error:
        raise _unusable(folder / SIGNING, error) from error


def _loaded_or_made(folder: Path, name: str) -> SigningKey:
    _ensure_installed()
    path = folder / name
    try:
        if not path.exists():
            _make(folder, path)
        return SigningKey(_read(folder, path))
    except OSError as error:
        raise _unusable(path, error) from error


def _make(folder: Path, path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    if not folder.parent.is_dir():
        raise ConfigError(f"{folder}: expected an existing folder around it, found none; create {folder.parent}")
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    data = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    part = folder / _part(path.name, str(os.getpid()))
    # Never readable to others, not even for a moment; whole or not there; and a key that came meanwhile stays.
    number = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink()
    sync(folder)


def _read(folder: Path, path: Path) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    around = folder.stat()
    if around.st_mode & _OTHERS_WRITE:
        raise ConfigError(
            f"{folder}: expected a folder that only its owner can write, found mode {_mode(around)}; chmod 700 {folder}"
        )
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        if found.st_mode & _OTHERS or not stat.S_ISREG(found.st_mode):
            raise ConfigError(
                f"{path}: expected a key that only its owner can read, found mode {_mode(found)}; chmod 600 {path}, "
                "and rotate it if others may have read it"
            )
        if found.st_uid != os.geteuid():
            raise ConfigError(f"{path}: expected a key of this user ({os.geteuid()}), found one of {found.st_uid}")
        data = file.read()
    try:
        key = load_pem_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # What the library says might quote the file.
        raise ConfigError(f"{path}: expected an unencrypted private key in PEM, found something else") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path}: expected an Ed25519 key, found one of another kind")
    return key


def _part(name: str, process: str) -> str:
    return f".{name}.{process}.part"


def _mode(found: os.stat_result) -> str:
    return f"{stat.S_IMODE(found.st_mode):03o}"


def _ensure_installed() -> None:
    try:
        import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: F401
    except ImportError:
        raise ConfigError(f"checkpoints: expected the package cryptography, found none; {_INSTALL}") from None


def _unusable(path: Path, error: OSError) -> StorageError:
    found = (error.strerror or str(error)).lower()
    return StorageError(
        f"{path}: expected a key that can be used, found: {found}; check the folder and its permissions"
    )
