"""Secrets that stand elsewhere: what they refer to is fetched where only its owner could have put it, and nothing of it is ever told."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from genesis.config import load_config
from genesis.config.secrets import dereferenced
from genesis.errors import ConfigError


def written(folder: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path = folder / "api.key"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def test_what_refers_to_nothing_is_the_secret_itself(tmp_path: Path) -> None:
    """Also text that only looks a little like a reference, and an empty one."""
    for text in ("", "plain", "${env:A} and more", "$env:A", "{env:A}", "${env}"):
        assert dereferenced(text, tmp_path, {"A": "b"}) == text


def test_a_variable_a_file_and_a_path_that_stands_anywhere(tmp_path: Path) -> None:
    """Relative to the configuration, or absolute; a closing line break is none of the secret, all else is."""
    path = written(tmp_path, " pass phrase \r\n")
    assert dereferenced("${env:DESK}", tmp_path, {"DESK": "of the desk"}) == "of the desk"
    assert dereferenced("${file:api.key}", tmp_path, {}) == " pass phrase "
    assert dereferenced(f"${{file:{path}}}", Path("/"), {}) == " pass phrase "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o602, 0o644, 0o700 | 0o001])
def test_a_file_that_others_can_read_write_or_run_is_refused(tmp_path: Path, mode: int) -> None:
    """Whatever others may do with it; the error says what to do about it, and nothing of what is in it."""
    path = written(tmp_path, "hush", mode)
    with pytest.raises(
        ValueError, match=rf"readable to its owner alone, found mode {mode:03o}; chmod 600 {path}"
    ) as told:
        dereferenced("${file:api.key}", tmp_path, {})
    assert "hush" not in str(told.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    """Who owns the file could put another secret there."""
    os.chown(written(tmp_path, "hush"), 12_345, -1)
    with pytest.raises(ValueError, match=r"to belong to the user 0 who runs this, found 12345"):
        dereferenced("${file:api.key}", tmp_path, {})


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "found none"), (b"\n", "found none"), (b"\xff", "expected UTF-8"), (b"x" * 70_000, "found more")],
)
def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    """Nothing, no text, or more than a secret can be."""
    written(tmp_path, content)
    with pytest.raises(ValueError, match=words):
        dereferenced("${file:api.key}", tmp_path, {})


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    """A folder, a pipe that would be waited for, and what is not there."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    for name, words in (("pipe", "a plain file"), ("folder", "a plain file|is a directory"), ("none", "no such file")):
        with pytest.raises(ValueError, match=words):
            dereferenced(f"${{file:{name}}}", tmp_path, {})


@pytest.mark.parametrize("env", [{}, {"DESK": ""}])
def test_a_variable_that_is_not_there_is_named(tmp_path: Path, env: dict[str, str]) -> None:
    """Not set, or empty: a key that is none is no key."""
    with pytest.raises(ValueError, match="expected the environment variable DESK"):
        dereferenced("${env:DESK}", tmp_path, env)


def test_another_source_is_refused_by_the_key_it_stands_under(tmp_path: Path) -> None:
    """A misspelt source is told with the key and the forms there are, and what stands there is not repeated."""
    config = tmp_path / "config.yaml"
    config.write_text('venues: {one: {api_key: plain}, two: {api_key: "${vault:hush/desk}"}}\n')
    with pytest.raises(ConfigError, match=r"venues\.two\.api_key: expected \$\{env:NAME\}, \$\{file:PATH\} or") as told:
        load_config(config, {})
    assert "hush" not in str(told.value)


# ---- the keyring


def keyring(folder: Path, patch: pytest.MonkeyPatch, body: str) -> None:
    """A package of that name in the place of the system's keyring."""
    (folder / "keyring").mkdir()
    (folder / "keyring" / "errors.py").write_text(
        "class KeyringError(Exception): ...\nclass NoKeyringError(KeyringError): ...\n"
    )
    (folder / "keyring" / "__init__.py").write_text(
        f"from keyring.errors import *\n\n\ndef get_password(service, user):\n    {body}\n"
    )
    patch.syspath_prepend(str(folder))
    for name in ("keyring", "keyring.errors"):
        patch.delitem(sys.modules, name, raising=False)


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test puts in the place of the keyring is gone after it."""
    for name in ("keyring", "keyring.errors"):
        monkeypatch.setitem(sys.modules, name, None)


def test_the_keyring_is_asked_for_service_and_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands after the last slash is the user."""
    keyring(tmp_path, monkeypatch, 'return f"{service}|{user}"')
    assert dereferenced("${keyring:genesis/desk/ann}", tmp_path, {}) == "genesis/desk|ann"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return None", "expected the secret of genesis/ann in the keyring, found none"),
        ('raise NoKeyringError("hush")', "found: NoKeyringError"),
    ],
)
def test_a_keyring_that_gives_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, words: str
) -> None:
    """No such entry, no keyring at all, one that is locked; another program's words are not repeated."""
    keyring(tmp_path, monkeypatch, body)
    with pytest.raises(ValueError, match=words) as told:
        dereferenced("${keyring:genesis/ann}", tmp_path, {})
    assert "hush" not in str(told.value)


def test_without_the_package_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    """The extra by its name, and what else there is."""
    with pytest.raises(
        ValueError, match=r"pip install 'genesis-trading\[keyring\]', or use an environment variable or a file"
    ):
        dereferenced("${keyring:genesis/ann}", tmp_path, {})


@pytest.mark.parametrize("name", ["ann", "/ann", "genesis/", ""])
def test_a_keyring_needs_both_names(tmp_path: Path, name: str) -> None:
    """A service and a user, before any keyring is asked."""
    with pytest.raises(ValueError, match=r"expected \$\{keyring:SERVICE/USER\}"):
        dereferenced(f"${{keyring:{name}}}", tmp_path, {})
