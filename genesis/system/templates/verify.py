"""Verify an export or a proof of Genesis' audit chain with nothing but Python's standard library: python3 -S -E verify.py -h

Without --key the export's word is taken for its keys; without --head, --length or --checkpoint a chain that was cut looks whole.
Every finding is a line. Exit code 0: sound, 1: findings, 2: wrong arguments."""

import argparse
import base64
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

RUN, OPERATIONS = b"genesis.run-chain.1\0", b"genesis.operations-chain.1\0"
NAMES = ["README.txt", "checkpoints.txt", "keys.txt"]
NAMES += [f"{name}.{kind}" for name in ("entries", "operations") for kind in ("hashes", "jsonl")]
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
findings: list[str] = []


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def unbase(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError(f"expected base64, found {text!r}")
    return data


def point(data: bytes) -> tuple[int, int, int, int]:
    """A point of Ed25519 in extended coordinates (RFC 8032, 5.1.3; a signature is judged as 5.1.7 says)."""
    y, sign = int.from_bytes(data, "little") & (1 << 255) - 1, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise ValueError("no point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def add(p: tuple[int, int, int, int], q: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n: int, p: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    even = times(n >> 1, add(p, p)) if n else (0, 1, 1, 0)
    return add(even, p) if n & 1 else even


def signed_by(key: bytes, message: bytes, signature: bytes) -> bool:
    s, (x, y, z, t) = int.from_bytes(signature[32:], "little"), point(key)
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    x, y, z, _ = add(times(s, point(b"\x58" + b"\x66" * 31)), times(k, (P - x, y, z, P - t)))
    x, y = x * pow(z, -1, P) % P, y * pow(z, -1, P) % P
    return len(signature) == 64 and s < L and (y | (x & 1) << 255).to_bytes(32, "little") == signature[:32]


def parse_key(text: str) -> tuple[str, bytes, bytes]:
    name, ident, encoded = text.strip().split("+", 2)
    data = unbase(encoded)
    if len(data) != 33 or data[0] != 1 or sha(name.encode() + b"\n" + data)[:4].hex() != ident:
        raise ValueError(f"no key: {text!r}")
    return name, bytes.fromhex(ident), data[1:]


def opened(note: str, keys: list[Any]) -> tuple[str, str]:
    text, _, lines = note.rpartition("\n\n")
    for dash, name, data in (line.split(" ") for line in lines.rstrip("\n").split("\n")):
        for key in (k for k in keys if (dash, name, unbase(data)[:4]) == ("\u2014", *k[:2])):
            if not signed_by(key[2], (text + "\n").encode(), unbase(data)[4:]):
                raise ValueError("the signature is wrong")
            return text + "\n", name
    raise ValueError("no signature of a known key")


def checkpoint(note: str, keys: list[Any]) -> tuple[int, bytes, list[Any]]:
    text, name = opened(note, keys)
    origin, size, root, *more = text.split("\n")
    places = [line.split(" ")[1:] for line in more if line.startswith(OPERATIONS[:-1].decode() + " ")]
    if (origin, str(int(size))) == (name, size):
        return int(size), unbase(root), [[int(n), unbase(h)] for n, h in places]
    raise ValueError(f"no checkpoint of {name}: {text!r}")


def attempt(what: object, work: Any, *args: Any) -> Any:
    try:
        return work(*args)
    except Exception as error:  # noqa: BLE001 - whatever altered bytes lead to is a finding
        findings.append(f"{what}: {type(error).__name__}: {error}")


def chain(what: str, entries: bytes, hashes: bytes, domain: bytes, sizes: set[int]) -> Any:
    """Check a chain; its hash at every length, and the Merkle root (RFC 6962) at those in sizes."""
    heads, roots, peaks = [bytes(32)], dict[int, bytes](), list[bytes]()
    lines, told = entries.split(b"\n"), hashes.split(b"\n")
    if lines[-1] or told[-1] or len(lines) != len(told):
        findings.append(f"{what}: {len(lines) - 1} entries, {len(told) - 1} hashes; each must be ended by a newline")
    for seq, (entry, stored) in enumerate(zip(lines[:-1], told[:-1], strict=False), 1):
        found = sha(domain + heads[-1] + len(entry).to_bytes(8, "big") + entry)
        if found.hex().encode() != stored:
            findings.append(f"{what}: entry {seq}: it and the entry before make another hash than the listed one")
        heads.append(attempt(f"{what}: hash {seq}", bytes.fromhex, stored.decode("latin-1")) or found)
        leaf, rest = sha(b"\0" + entry), seq - 1
        while rest & 1:
            leaf, rest = sha(b"\1" + peaks.pop() + leaf), rest >> 1
        peaks.append(leaf)
        for peak in reversed(peaks) if seq in sizes else []:
            roots[seq] = sha(b"\1" + peak + roots[seq]) if seq in roots else peak
    return heads, roots


def operation(line: bytes) -> tuple[str, dict[str, str], int, bytes]:
    read = json.loads(line)
    return read["type"], read["body"]["facts"], int(read["body"]["run_length"]), bytes.fromhex(read["body"]["run_head"])


def believed(operations: list[Any], listed: str, pinned: list[Any]) -> tuple[list[Any], list[str]]:
    """Keys, and notes to check by them: with a kept key those from it on, as a key before it may be anybody's."""
    keys, notes, since = list[Any](), list[str](), 0
    for kind, facts, _, _ in operations:
        if kind == "key":
            if keys and opened(facts["endorsement"], keys[-1:])[0] != f"genesis.key-rotation.1\n{facts['key']}\n":
                raise ValueError(f"{facts['key']} was not named by the key before it")
            keys.append(parse_key(facts["key"]))
            since, notes = (len(keys) - 1, []) if keys[-1:] == pinned else (since, notes)
        elif kind == "checkpoint":
            notes.append(facts["note"])
    if [parse_key(line) for line in listed.splitlines()] != keys or (pinned and (pinned[0] not in keys or not notes)):
        raise ValueError("expected keys.txt as in the operations chain, and a checkpoint under the kept key")
    return keys[since:], notes


def verify(files: dict[str, bytes], pinned: list[Any], head: str | None, length: int | None, kept: list[str]) -> None:
    listed = {*files.pop("SHA256SUMS", b"").decode("latin-1").split("\n")}
    files = dict.fromkeys(NAMES, b"") | files
    sums = {f"{sha(data).hex()}  {name}" for name, data in files.items()} | {""}
    findings.extend(f"SHA256SUMS: not the file that is listed: {line[66:]}" for line in sorted(sums ^ listed))
    findings.extend(f"{n}: expected no such file" for n in sorted({*files} - {*NAMES}) if not n.endswith(".py"))
    past, _ = chain("operations", files["operations.jsonl"], files["operations.hashes"], OPERATIONS, set())
    lines = enumerate(files["operations.jsonl"].splitlines(), 1)
    operations = [o for i, line in lines if (o := attempt(f"operation {i}", operation, line))]
    keys, told = attempt("keys", believed, operations, files["keys.txt"].decode("latin-1"), pinned) or (pinned, [])
    notes = [str(facts.get("note")) for kind, facts, _, _ in operations if kind == "checkpoint"]
    if "".join(n + "\n" for n in notes).encode() != files["checkpoints.txt"]:
        findings.append("checkpoints.txt: others than in the operations chain")
    named = [*((f"checkpoint {i}", n) for i, n in enumerate(told, 1)), *(("kept checkpoint", n) for n in kept)]
    signed = [(what, c) for what, note in named if (c := attempt(what, checkpoint, note, keys))]
    heads, roots = chain("entries", files["entries.jsonl"], files["entries.hashes"], RUN, {c[0] for _, c in signed})
    findings.extend(f"{what}: not the signed root over {c[0]} entries" for what, c in signed if roots.get(c[0]) != c[1])
    inside = [(what, n, h) for what, c in signed if "kept" not in what for n, h in c[2]]
    findings.extend(f"{what}: not the {n} operations signed" for what, n, h in inside if past[n : n + 1] != [h])
    findings.extend(f"operations: not the {n} entries witnessed" for *_, n, s in operations if heads[n : n + 1] != [s])
    if length not in (None, len(heads) - 1) or head not in (None, heads[-1].hex()):
        findings.append(f"kept: the chain has {len(heads) - 1} entries and the head {heads[-1].hex()}")
    print(f"{len(heads) - 1} entries, head {heads[-1].hex()}, {len(notes)} checkpoints, {len(operations)} operations")


def check_proof(text: str, key: Any) -> None:
    (first, extra, index, *path), note = text.split("\n\n")[0].split("\n"), text.split("\n\n", 1)[1]
    place, entry, (size, root, _) = int(index[6:]), unbase(extra[6:]), checkpoint(note, [key])
    found, i, last = sha(b"\0" + entry), place, size - 1
    for sibling in map(unbase, path):
        found = sha(b"\1" + sibling + found) if (right := i & 1 or i == last) else sha(b"\1" + found + sibling)
        up = (i & -i).bit_length() if right and i else 1
        i, last = i >> up, last >> up
    form = [first, extra[:6], index[:6]] == ["c2sp.org/tlog-proof@v1", "extra ", "index "]
    if not form or last or found != root or not 0 <= place < size:
        raise ValueError("the path does not lead to the signed root")
    print(f"entry {place + 1} of {size} under {key[0]}: {entry.decode()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="an export, packed or unpacked, or a proof (.tlog-proof)")
    parser.add_argument("--key", type=parse_key, help="the key you keep, NAME+ID+BASE64; needed for a proof")
    parser.add_argument("--head", help="the head you keep")
    parser.add_argument("--length", type=int, help="the length you keep")
    parser.add_argument("--checkpoint", type=Path, help="a file of the checkpoints you keep")
    given = parser.parse_args()
    if given.file.suffix == ".tlog-proof":
        attempt("proof", check_proof, given.file.read_text(encoding="utf-8"), given.key)
    else:
        packed = None if given.file.is_dir() else attempt(given.file, zipfile.ZipFile, given.file)
        paths: dict[str, Any] = {n: zipfile.Path(packed, n) for n in packed.namelist()} if packed else {}
        paths |= {path.relative_to(given.file).as_posix(): path for path in given.file.rglob("*")}
        contents = {n: attempt(path, path.read_bytes) or b"" for n, path in paths.items() if not path.is_dir()}
        outside = given.checkpoint.read_text(encoding="utf-8").split("\n\n") if given.checkpoint else []
        kept_notes = [f"{a}\n\n{b}\n" for a, b in zip(outside[::2], [*outside[1::2], ""], strict=False) if a]
        attempt("export", verify, contents, [given.key] if given.key else [], given.head, given.length, kept_notes)
    print("\n".join([*findings, f"{len(findings)} findings" if findings else "sound"]))
    sys.exit(1 if findings else 0)
