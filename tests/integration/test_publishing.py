"""Checkpoints that leave the machine: by a web hook and by mail, over TLS, to servers of this machine."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from genesis.audit.checkpoint import notes_in
from genesis.storage.rows import OperationRow
from genesis.storage.sqlite import StoreReader
from tests.kit.servers import certificate, mail_server, web_hook
from tests.unit.cli.calling import Answer, genesis, project

TOKEN, PASSWORD, PATH = "hush-token-91", "hush-password-44", "/hook/hush-path-17?key=hush-query-5"
ENV = {"HOOK_TOKEN": TOKEN, "MAIL_PASSWORD": PASSWORD}
HIDDEN = (TOKEN, PASSWORD, "hush-path-17", "hush-query-5")


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))


def publishing(folder: Path, pem: Path, hook: str | None = None, mail: str | None = None, more: str = "") -> Path:
    """A project whose checkpoints are published there."""
    config = project(folder)
    limits = f"timeout_s: 1, attempts: 2, ca_file: {pem}"
    lines = [] if hook is None else [f'    web_hook: {{url: "{hook}", token: "${{env:HOOK_TOKEN}}", {limits}}}']
    if mail is not None:
        sent = "host: 127.0.0.1, sender: desk@example.com, to: [audit@example.com, ann@example.com], user: desk"
        lines.append(f'    mail: {{{sent}, password: "${{env:MAIL_PASSWORD}}", {mail}, {limits}}}')
    config.write_text(
        config.read_text() + f"audit:\n  checkpoint_every: 60\n  publish:\n{more}" + "\n".join(lines) + "\n"
    )
    return config


def run(config: Path, *args: object) -> Answer:
    answer = genesis("run", config, *args, env=ENV)
    assert answer.code == 0, answer.err
    return answer


def kept(folder: Path) -> list[str]:
    with StoreReader(folder / "genesis.db") as reader:
        return [c.note for c in reader.checkpoints()]


def told(folder: Path, kind: str) -> list[OperationRow]:
    with StoreReader(folder / "genesis.db") as reader:
        assert reader.verify() == []
        return [o for o in reader.operations() if o.kind == kind]


def test_a_web_hook_is_posted_every_checkpoint_once(tmp_path: Path, pem: Path) -> None:
    """Over TLS, with the token, in order; the operations chain tells how far it is, and a file beside it has the same."""
    with web_hook(pem) as hook:
        config = publishing(tmp_path, pem, hook.address + PATH, more="    file: published.txt\n")
        run(config, "--until", "2022-12-01T12:00:00Z")
        run(config)
    notes = kept(tmp_path)
    assert len(notes) >= 2
    assert notes_in(hook.notes) == notes_in((tmp_path / "published.txt").read_text()) == notes
    for path, headers, _ in hook.requests:
        assert (path, headers["Authorization"], headers["Content-Type"]) == (
            PATH,
            f"Bearer {TOKEN}",
            "text/plain; charset=utf-8",
        )
    last = told(tmp_path, "published")[-1]
    assert last.facts == {"checkpoints": len(notes), "to": "web hook 127.0.0.1"}
    assert told(tmp_path, "unpublished") == []


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_checkpoints_are_mailed_over_tls(tmp_path: Path, pem: Path, security: str) -> None:
    """From the first byte or after the greeting: both receivers, the password by the encrypted way alone, every note whole."""
    with mail_server(pem, security == "starttls") as post:
        post.password = PASSWORD
        run(publishing(tmp_path, pem, mail=f"port: {post.port}, security: {security}"))
    notes = kept(tmp_path)
    origin, size = notes[-1].splitlines()[:2]
    assert notes_in("".join(text for _, _, text in post.mails)) == notes
    assert {tuple(to) for to, _, _ in post.mails} == {("audit@example.com", "ann@example.com")}
    assert post.mails[-1][1] == f"checkpoint of {origin}: {size} entries"
    assert set(post.logins) == {("desk", PASSWORD)}


def nothing_hidden_in(folder: Path, *answers: Answer) -> None:
    """Neither what was said nor what was written holds a secret; the configuration is not looked at."""
    for answer in answers:
        assert not [h for h in HIDDEN if h in answer.out + answer.err]
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".yaml":
            assert not [h for h in HIDDEN if h.encode() in path.read_bytes()], path


@pytest.mark.parametrize(
    ("status", "words"), [(500, "found 500"), (403, "found 403"), (302, "expected status 200 to 299, found 302")]
)
def test_a_hook_that_refuses_does_not_stop_the_run_and_is_sent_all_of_it_later(
    tmp_path: Path, pem: Path, status: int, words: str
) -> None:
    """The failure is told and noted once; a redirection is a refusal; doctor warns until the next run has sent what was missing."""
    with web_hook(pem) as hook:
        config = publishing(tmp_path, pem, hook.address + PATH)
        hook.status = status
        answer = run(config, "--until", "2022-12-02T00:00:00Z")
        assert "checkpoint not published" in answer.err
        assert words in answer.err
        (failed,) = told(tmp_path, "unpublished")
        assert failed.facts["to"] == "web hook 127.0.0.1"
        assert words in str(failed.facts["error"])
        warned = genesis("doctor", config, "--json", env=ENV)
        (check,) = [c for c in warned.json if c["name"] == "publishing"]
        assert check["health"] == "warning"
        assert f"{len(kept(tmp_path))} of {len(kept(tmp_path))} checkpoints were not taken" in check["found"]
        hook.status = 204
        done = run(config)
        assert notes_in(hook.notes) == kept(tmp_path)
        (check,) = [c for c in genesis("doctor", config, "--json", env=ENV).json if c["name"] == "publishing"]
        assert check["health"] == "ok"
    nothing_hidden_in(tmp_path, answer, warned, done)


def test_a_hook_that_does_not_answer_holds_the_run_up_by_its_limits_at_most(tmp_path: Path, pem: Path) -> None:
    """Two tries of a second each, once while the run goes on and once at its end; the run's entries are those of a run without it."""
    with web_hook(pem) as hook:
        hook.delay_s = 30
        config = publishing(tmp_path, pem, hook.address + PATH)
        began = time.monotonic()
        answer = run(config, "--log-format", "json")
        assert time.monotonic() - began < 15
    lines = [json.loads(line) for line in answer.err.splitlines()]
    failed = [line for line in lines if line["event"] == "checkpoint not published"]
    assert failed
    assert {line["error"] for line in failed} == {"web hook 127.0.0.1: expected an answer, found: no answer in time"}
    (tmp_path / "alone").mkdir()
    assert genesis("run", project(tmp_path / "alone")).code == 0
    with StoreReader(tmp_path / "genesis.db") as one, StoreReader(tmp_path / "alone" / "genesis.db") as other:
        assert one.head() == other.head()
    nothing_hidden_in(tmp_path, answer)


def test_a_server_whose_certificate_nobody_trusts_is_sent_nothing(tmp_path: Path, pem: Path) -> None:
    """Neither note, token nor password: the error says which certificate, and the run goes on."""
    with web_hook(pem) as hook, mail_server(pem, starttls=False) as post:
        config = publishing(tmp_path, pem, hook.address + PATH, mail=f"port: {post.port}")
        config.write_text(config.read_text().replace(f", ca_file: {pem}", ""))
        answer = run(config)
    assert (hook.requests, post.logins, post.mails) == ([], [], [])
    assert len({str(o.facts["to"]) for o in told(tmp_path, "unpublished")}) == 2
    assert "a certificate that is not trusted: self" in answer.err
    nothing_hidden_in(tmp_path, answer)


def test_a_wrong_password_is_told_by_its_status_alone(tmp_path: Path, pem: Path) -> None:
    """The server's answer repeats the password: it is in no line, no entry and no file."""
    with mail_server(pem, starttls=True) as post:
        answer = run(publishing(tmp_path, pem, mail=f"port: {post.port}, security: starttls"))
    assert post.logins
    assert "expected 127.0.0.1 to take the mail, found status 535" in answer.err
    nothing_hidden_in(tmp_path, answer)
