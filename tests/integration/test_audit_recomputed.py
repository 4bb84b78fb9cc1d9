"""What somebody who has nothing but an export can make again: a promotion, a demotion, an A/B verdict; and what altered entries lead to."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from genesis.audit.chain import GENESIS_HASH, link
from genesis.audit.entry import canonical
from genesis.clock import NS_PER_DAY
from genesis.config import Config
from genesis.paper_trading.promotion_facts import digest_of
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.system.archive import archive
from genesis.system.run import prepare, run_prepared
from tests.kit.planted import FIRST_NS, HOURLY, configuration, hourly, on_a_perpetual, planted, variants

FADES = planted("fades", 0.8, dies_ns=FIRST_NS + 40 * NS_PER_DAY, seed=2)
BARE = [sys.executable, "-I", "-S", "-E"]
# Recomputes several exports' entries in one process that knows nothing but the script; a JSON list of their findings.
SEVERAL = """
import json, runpy, sys
from pathlib import Path

its = runpy.run_path(sys.argv[1])
found = []
for name in sys.argv[2:]:
    entries = Path(name).read_bytes().splitlines()
    hashes = Path(name).with_suffix(".hashes").read_bytes().splitlines()
    found.append([*its["broken_links"](entries, hashes), *its["recompute"](entries).findings])
print(json.dumps(found))
"""


class Export(NamedTuple):
    """An export, unpacked into a folder of its own, and its entries."""

    folder: Path
    packed: Path
    entries: list[bytes]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory, market_data) -> Export:  # type: ignore[no-untyped-def]
    """A run over recorded candles in which a version rises, loses its edge and falls, and an A/B test finds the better variant."""
    folder = tmp_path_factory.mktemp("told")
    data = hourly(market_data(HOURLY), folder, 110)
    return exported(
        configuration(data, [FADES, variants("pair", (0.5, 0.9), seed=3)], PromotionRules(), "told"), folder
    )


@pytest.fixture(scope="module")
def on_margin(tmp_path_factory: pytest.TempPathFactory, market_data) -> Export:  # type: ignore[no-untyped-def]
    """The same rise and fall on a perpetual that settles in USDT and pays funding every eight hours."""
    folder = tmp_path_factory.mktemp("margin")
    data = hourly(market_data(HOURLY), folder, 110)
    return exported(on_a_perpetual(configuration(data, [FADES], PromotionRules(), "told"), data, folder), folder)


def exported(config: Config, folder: Path) -> Export:
    config = msgspec.structs.replace(config, run=msgspec.structs.replace(config.run, realistic=False))
    run_prepared(prepare(config, folder), folder / "told.db")
    archive(folder / "told.db", folder / "audit.zip")
    with zipfile.ZipFile(folder / "audit.zip") as packed:
        packed.extractall(folder / "audit")
    return Export(
        folder / "audit", folder / "audit.zip", (folder / "audit" / "entries.jsonl").read_bytes().splitlines()
    )


def bare(*args: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A Python without this project, without packages and without an environment."""
    return subprocess.run([*BARE, *map(str, args)], capture_output=True, text=True, cwd=cwd, env={}, timeout=600)


def test_a_promotion_a_demotion_and_a_verdict_are_made_again_from_the_entries_alone(
    export: Export, tmp_path: Path
) -> None:
    """In an empty directory, by a script of the archive and a bare Python: every decision comes out as it is recorded."""
    done = bare(export.folder / "recompute.py", export.packed, cwd=tmp_path)
    assert (done.returncode, done.stderr, done.stdout.splitlines()[-1]) == (0, "", "all of it follows")
    lines = done.stdout.splitlines()
    assert any("fades: go_live to LIVE at 10.0%: criteria alone allow 10 %" in line for line in lines)
    assert any("fades: demote to DEMOTED at 0.0%: ALARM of the edge monitor" in line for line in lines)
    assert any("pair.09 beside pair.05: BETTER" in line for line in lines)
    assert any(line.endswith("pair: pair.09 takes the place of pair.05") for line in lines)
    moves = sum(b'"type":"StageChanged"' in e for e in export.entries)
    decisions = sum(b'"type":"PromotionEvaluated"' in e for e in export.entries)
    verdicts = sum(b'"type":"VariantsCompared"' in e for e in export.entries)
    assert moves > 5
    assert f"{decisions} decisions, {moves} moves, {verdicts} A/B verdicts recomputed" in lines
    assert bare("-c", "import genesis", cwd=tmp_path).returncode == 1
    # Nothing was left behind by it: what is unpacked is still the export that was signed.
    assert bare(export.folder / "verify.py", export.folder, cwd=tmp_path).stdout.splitlines()[-1] == "sound"


# ---- what was altered by somebody who could make every hash and digest fit again


def kind_of(document: dict[str, Any]) -> str:
    return str(document["type"])


def moved(document: dict[str, Any], move: str) -> bool:
    of_it = kind_of(document) == "PromotionEvaluated" and document["track"] == "fades"
    return of_it and document["body"]["record"]["move"] == move


def sample_before_the_rise(document: dict[str, Any]) -> bool:
    """A bar of the version in which it gained, after the warm-up and before it went live."""
    body = document["body"]
    return (
        kind_of(document) == "EvidenceSample"
        and document["track"] == "fades"
        and body["bars"] > 60
        and (body["bar_return"] or 0) > 0
    )


def _share(body: dict[str, Any]) -> None:
    body["record"]["after"]["fraction"] = "0.50"


def _spared(body: dict[str, Any]) -> None:
    body["record"]["move"], body["record"]["action"] = None, "none"


def _better(body: dict[str, Any]) -> None:
    body["results"][0]["standing"] = "BETTER"


def _won(body: dict[str, Any]) -> None:
    body["record"]["facts"]["verdicts"][4]["value"] = 0.99


def _proven(body: dict[str, Any]) -> None:
    body["record"]["facts"]["e_value"] = 100.0


def _calm(body: dict[str, Any]) -> None:
    for monitor in body["record"]["facts"]["monitors"]:
        monitor["level"] = "CALM"


def _gain(body: dict[str, Any]) -> None:
    body["bar_return"] *= 1.001


def _lost(body: dict[str, Any]) -> None:
    body["pnl"] = "-1.0000000000"


def _easier(body: dict[str, Any]) -> None:
    body["criteria"]["min_trades"] = 10


def _step(body: dict[str, Any]) -> None:
    body["fraction_after"] = "0.20"


def fact(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Puts another value in the place of what was known."""

    def alter(body: dict[str, Any]) -> None:
        body["record"]["facts"][name] = value

    return alter


def _more_room(body: dict[str, Any]) -> None:
    body["record"]["room"]["fraction"] = "0.9"


def _drawdown(body: dict[str, Any]) -> None:
    (monitor,) = [m for m in body["record"]["facts"]["monitors"] if m["name"] == "drawdown"]
    monitor["level"] = "ALARM"


def _cheaper(body: dict[str, Any]) -> None:
    body["last_px"] = f"{float(body['last_px']) * 0.99:.2f}"


def _dearer(body: dict[str, Any]) -> None:
    body["fee"] = f"{float(body['fee']) + 50:.10f}"


def _richer(body: dict[str, Any]) -> None:
    body["metrics"]["equity"] = f"{float(body['metrics']['equity']) + 1:.10f}"


def _given(body: dict[str, Any]) -> None:
    body["amount"] = "2000.0000000000"


def _raised(body: dict[str, Any]) -> None:
    body["record"]["facts"]["halt"] = {"kind": "strategy", "words": "its strategy raised"}


def of(kind: str, track: str) -> Wanted:
    return lambda d: kind_of(d) == kind and d["track"] == track


def with_live(document: dict[str, Any]) -> bool:
    """A look at the version at the end of a day in which it has a live track."""
    looked = kind_of(document) == "PromotionEvaluated" and document["track"] == "fades"
    daily = int(document["time"]) % NS_PER_DAY == 0
    return looked and daily and bool(document["body"]["record"]["facts"]["monitors"])


Wanted = Callable[[dict[str, Any]], bool]
ALTERED: list[tuple[str, Wanted, Callable[[dict[str, Any]], None], str]] = [
    ("the share of a rise", lambda d: moved(d, "go_live"), _share, "fraction: by the rules 0.1, in the record 0.50"),
    ("a demotion left out", lambda d: moved(d, "demote"), _spared, "move: by the rules demote, in the record None"),
    ("a share that was given", lambda d: kind_of(d) == "StageChanged" and d["body"]["move"] == "go_live", _step,
     "fraction_after: from the entries before 0.1, in the record 0.20"),
    ("an A/B verdict", lambda d: kind_of(d) == "VariantsCompared" and d["body"]["results"][0]["standing"] == "OPEN",
     _better, "pair.09: standing: from the entries before OPEN, in the record BETTER"),
    ("a win rate", lambda d: moved(d, "validate"), _won, "fades: min_win_rate: from the entries before"),
    ("an e-value", lambda d: moved(d, "validate"), _proven, "fades: e_value: from the entries before"),
    ("an alarm", lambda d: moved(d, "demote"), _calm, "edge monitor: from the entries before ALARM, in the record CALM"),
    ("a bar's return", sample_before_the_rise, _gain, "fades: e_value: from the entries before"),
    ("a trade's result", lambda d: kind_of(d) == "TradeClosed" and d["track"] == "fades" and float(d["body"]["pnl"]) > 0,
     _lost, "fades: min_win_rate: from the entries before"),
    ("a criterion", lambda d: kind_of(d) == "RunStarted", _easier, "min_trades: threshold: from the entries before 10.0"),
    ("the room in the account", lambda d: moved(d, "go_live"), _more_room, "fades: room: from the entries before 0.3"),
    ("E at higher costs", lambda d: moved(d, "go_live"), fact("e_stress", 3.0), "fades: e_stress: from the entries before"),
    ("live profit", with_live, fact("live_pnl", "77"), "fades: live_pnl: from the entries before"),
    ("live equity", with_live, fact("live_equity", "2000.0000000000"), "fades: live_equity: from the entries before"),
    ("a position that is said to be gone", lambda d: with_live(d) and not d["body"]["record"]["facts"]["live_flat"],
     fact("live_flat", True), "fades: live_flat: from the entries before False, in the record True"),
    ("a halt that nothing tells of", with_live, _raised, "fades: halt: from the entries before None, in the record strategy"),
    ("data that are said to be bad", with_live, fact("data", "DEGRADED"), "fades: data: from the entries before FRESH"),
    ("the least share", lambda d: moved(d, "go_live"), fact("least_fraction", "0"), "fades: least_fraction: its orders ask for"),
    ("the drawdown monitor", with_live, _drawdown, "drawdown monitor: from the entries before CALM, in the record ALARM"),
    ("a fill's price", of("OrderFilled", "fades"), _cheaper, "fades: equity by the fills: from the entries before"),
    ("a fill's fee", of("OrderFilled", "fades"), _dearer, "fades: e_stress: from the entries before"),
    ("equity at the end of a day", of("MetricSample", "fades"), _richer, "fades: equity by the bars' returns: from the entries before"),
    ("capital that was given", of("CapitalMoved", "fades@live"), _given, "fades: live_equity: from the entries before"),
]  # fmt: skip


def rewritten(entries: list[bytes], wanted: Wanted, alter: Callable[[dict[str, Any]], None]) -> tuple[int, list[bytes]]:
    """The entries with the first that is wanted altered, its digest made anew, and the entry's number."""
    for place, entry in enumerate(entries):
        document = json.loads(entry)
        if wanted(document):
            alter(document["body"])
            if "record" in document["body"]:
                document["body"]["digest"] = digest_of(document["body"]["record"])
            return place + 1, [*entries[:place], canonical(document), *entries[place + 1 :]]
    raise AssertionError("expected an entry to alter, found none")


def first_of_its_moment(entries: list[bytes], place: int) -> int:
    time = json.loads(entries[place - 1])["time"]
    while place > 1 and json.loads(entries[place - 2])["time"] == time:
        place -= 1
    return place


def hashed(entries: list[bytes]) -> bytes:
    """The hashes of a chain that fits in itself."""
    head, lines = GENESIS_HASH, []
    for entry in entries:
        head = link(head, entry)
        lines.append(head.hex())
    return "\n".join(lines).encode() + b"\n"


def test_decisions_and_inputs_that_were_altered_with_every_hash_made_to_fit_are_named(
    export: Export, tmp_path: Path
) -> None:
    """Share, move, verdict, value, evidence, monitor, return, trade, threshold, room, money, fills, halt, data: the entry or the first that contradicts it, and in what."""
    places = []
    for number, (_, wanted, alter, _) in enumerate(ALTERED):
        place, entries = rewritten(export.entries, wanted, alter)
        # The room of those that were decided before it in the same moment is made of the same facts.
        places.append(first_of_its_moment(entries, place))
        # What follows within some days is enough to contradict it.
        entries = entries[: place + 1_000]
        (tmp_path / f"{number}.jsonl").write_bytes(b"\n".join(entries) + b"\n")
        (tmp_path / f"{number}.hashes").write_bytes(hashed(entries))
    names = [tmp_path / f"{n}.jsonl" for n in range(len(ALTERED))]
    done = bare("-c", SEVERAL, export.folder / "recompute.py", *names, cwd=tmp_path)
    assert done.stderr == ""
    for (what, _, _, words), place, findings in zip(ALTERED, places, json.loads(done.stdout), strict=True):
        assert any(words in f for f in findings), (what, findings[:5])
        assert all(int(f.split(":")[0].removeprefix("entry ")) >= place for f in findings), (what, findings[:5])


def test_a_live_perpetual_is_made_again_with_its_funding(on_margin: Export, tmp_path: Path) -> None:
    """In a bare Python: rise and fall follow from fills, fees and funding of the reference and of its live track."""
    done = bare(on_margin.folder / "recompute.py", on_margin.packed, cwd=tmp_path)
    assert (done.returncode, done.stderr, done.stdout.splitlines()[-1]) == (0, "", "all of it follows")
    lines = done.stdout.splitlines()
    assert any("fades: go_live to LIVE at 10.0%" in line for line in lines)
    assert any("fades: demote to DEMOTED at 0.0%" in line for line in lines)
    settled = [d for e in on_margin.entries if kind_of(d := json.loads(e)) == "FundingPaid"]
    assert {d["track"] for d in settled} == {"fades", "fades@live", "fades@twin"}


def _unpaid(body: dict[str, Any]) -> None:
    body["amount"] = "0.0000000000000000"


def _longer(body: dict[str, Any]) -> None:
    body["qty"] = f"{float(body['qty']) * 2:.8f}"


def _at_another_rate(body: dict[str, Any]) -> None:
    """Rate and amount that fit each other."""
    body["rate"], body["amount"] = f"{float(body['rate']) * 1000:.8f}", f"{Decimal(body['amount']) * 1000:.16f}"


ON_MARGIN: list[tuple[str, str, Callable[[dict[str, Any]], None], str]] = [
    ("FundingPaid", "fades@live", _unpaid, "fades@live: funding: from the entries before "),
    ("FundingPaid", "fades@live", _longer, "fades@live: funding: position: from the entries before "),
    ("FundingPaid", "fades", _at_another_rate, "fades: equity by the fills: from the entries before "),
    ("FundingPaid", "fades@live", _at_another_rate, "fades@live: equity by the fills: from the entries before "),
    ("CapitalMoved", "fades@live", _given, "fades: live_equity: from the entries before"),
    ("OrderFilled", "fades@live", _cheaper, "fades@live: equity by the fills: from the entries before"),
]


def test_what_was_altered_of_a_live_perpetual_is_named(on_margin: Export, tmp_path: Path) -> None:
    """Funding, the position that settled it, its rate with the amount made to fit, capital and fills of the live track: each is contradicted."""
    for number, (kind, track, alter, _) in enumerate(ON_MARGIN):
        place, entries = rewritten(on_margin.entries, of(kind, track), alter)
        entries = entries[: place + 1_000]
        (tmp_path / f"{number}.jsonl").write_bytes(b"\n".join(entries) + b"\n")
        (tmp_path / f"{number}.hashes").write_bytes(hashed(entries))
    names = [tmp_path / f"{n}.jsonl" for n in range(len(ON_MARGIN))]
    done = bare("-c", SEVERAL, on_margin.folder / "recompute.py", *names, cwd=tmp_path)
    assert done.stderr == ""
    for (kind, _, _, words), findings in zip(ON_MARGIN, json.loads(done.stdout), strict=True):
        assert any(words in f for f in findings), (kind, words, findings[:5])


def test_a_byte_altered_anywhere_is_named_by_its_entry(export: Export, tmp_path: Path) -> None:
    """In bodies, times, tracks and types: the entry's hash is no longer the listed one, and nothing else is blamed for it."""
    hashes = (export.folder / "entries.hashes").read_bytes()
    changed = []
    for number in range(12):
        seq = 1 + number * (len(export.entries) - 1) // 11
        entry = export.entries[seq - 1]
        at = (number * 977 + 11) % len(entry)
        flipped = entry[:at] + bytes([entry[at] ^ 1 << number % 8]) + entry[at + 1 :]
        text = b"\n".join([*export.entries[: seq - 1], flipped, *export.entries[seq:]]) + b"\n"
        (tmp_path / f"{number}.jsonl").write_bytes(text)
        (tmp_path / f"{number}.hashes").write_bytes(hashes)
        changed.append(seq)
    links = SEVERAL.replace(', *its["recompute"](entries).findings', "")
    names = [tmp_path / f"{n}.jsonl" for n in range(12)]
    done = bare("-c", links, export.folder / "recompute.py", *names, cwd=tmp_path)
    assert done.stderr == ""
    for seq, findings in zip(changed, json.loads(done.stdout), strict=True):
        assert findings[0] == f"entry {seq}: it and the entry before make another hash than the listed one"
