"""The signing key's file: who can read it, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from genesis.errors import ConfigError, StorageError
from genesis.system.keys import FOLLOWING, SIGNING, check_signature, existing_key, follow, following_key, signing_key


def test_a_key_is_made_on_first_use_for_its_owner_alone(tmp_path: Path) -> None:
    """Folder 700, file 600, whatever the umask; nothing else is left in the folder, and the next use finds the same key."""
    before = os.umask(0)
    try:
        key = signing_key(tmp_path / "keys")
    finally:
        os.umask(before)
    assert [(p.name, p.stat().st_mode & 0o777) for p in (tmp_path / "keys").iterdir()] == [(SIGNING, 0o600)]
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert signing_key(tmp_path / "keys").key == key.key == existing_key(tmp_path / "keys").key
    assert check_signature(key.key, b"message", key.sign(b"message"))
    assert not check_signature(key.key, b"massage", key.sign(b"message"))


def test_a_key_shows_nothing_of_itself(tmp_path: Path) -> None:
    """Printed or formatted, no byte of the private key is seen."""
    key = signing_key(tmp_path / "keys")
    secret = (tmp_path / "keys" / SIGNING).read_text().splitlines()[1]
    assert secret not in f"{key!r} {key}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610])
def test_a_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    """The error names file and mode and says what to do."""
    signing_key(tmp_path / "keys")
    path = tmp_path / "keys" / SIGNING
    path.chmod(mode)
    with pytest.raises(
        ConfigError, match=rf"signing\.pem: expected .*only its owner can read, found mode {mode:03o}; chmod 600"
    ):
        signing_key(tmp_path / "keys")


def test_a_folder_that_others_can_write_is_refused(tmp_path: Path) -> None:
    """Who can write the folder can put another key there."""
    signing_key(tmp_path / "keys")
    (tmp_path / "keys").chmod(0o770)
    with pytest.raises(
        ConfigError, match="keys: expected a folder that only its owner can write, found mode 770; chmod 700"
    ):
        signing_key(tmp_path / "keys")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: to give a file away")
def test_a_key_of_another_user_is_refused(tmp_path: Path) -> None:
    """Even where this process may read it."""
    signing_key(tmp_path / "keys")
    os.chown(tmp_path / "keys" / SIGNING, 65534, 65534)
    with pytest.raises(ConfigError, match="expected a key of this user"):
        signing_key(tmp_path / "keys")


def no_key() -> bytes:
    return b"these are notes about a secret"


def half_a_key() -> bytes:
    return b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----\n"


def another_kind() -> bytes:
    return generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def encrypted() -> bytes:
    kind = BestAvailableEncryption(b"word")
    return generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, kind)


@pytest.mark.parametrize("content", [no_key, half_a_key, another_kind, encrypted])
def test_what_is_no_key_is_refused_and_not_quoted(tmp_path: Path, content: Callable[[], bytes]) -> None:
    """The message says what was expected; of the file it shows nothing."""
    (tmp_path / "keys").mkdir(0o700)
    path = tmp_path / "keys" / SIGNING
    path.write_bytes(content())
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=r"signing\.pem: expected an (unencrypted private|Ed25519) key") as told:
        signing_key(tmp_path / "keys")
    assert not any(line and line in str(told.value) for line in content().decode().splitlines())


def test_no_key_is_made_where_one_is_expected(tmp_path: Path) -> None:
    """Rotation needs the key that signed before; a folder around the keys must be there."""
    with pytest.raises(ConfigError, match=r"signing\.pem: expected a key, found none"):
        existing_key(tmp_path / "keys")
    assert not (tmp_path / "keys").exists()
    with pytest.raises(ConfigError, match="expected an existing folder around it"):
        signing_key(tmp_path / "none" / "keys")


def test_a_folder_that_cannot_be_used_is_a_storage_error(tmp_path: Path) -> None:
    """A file in the folder's place is told in one line."""
    (tmp_path / "keys").write_text("")
    with pytest.raises(StorageError, match=r"signing\.pem: expected a key that can be used, found: not a directory"):
        signing_key(tmp_path / "keys")


def test_the_following_key_takes_the_place_of_the_present_one(tmp_path: Path) -> None:
    """It is on the disk before, and the old one is gone after."""
    folder = tmp_path / "keys"
    old, new = signing_key(folder), following_key(folder)
    assert old.key != new.key == following_key(folder).key
    follow(folder)
    assert signing_key(folder).key == new.key
    assert not (folder / FOLLOWING).exists()
