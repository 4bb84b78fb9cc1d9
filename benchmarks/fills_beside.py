"""Our fills beside those of two peers' own engines: the same orders at the same moments of the same real tape (``make fills``).

    python -m benchmarks.fills_beside            # run all three, write FILLS.md; about five minutes
    python -m benchmarks.fills_beside --kept     # judge the answers of the last run once more

Ours and hftbacktest run each order alone, NautilusTrader never two at once. No latency, no slippage, no fees; the careful queue.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.assumptions import HFTBACKTEST, MEANING, NAUTILUS, OURS, Assumption
from benchmarks.captures import Capture, Joined, load
from benchmarks.differences import Books, explain
from benchmarks.environments import ENVIRONMENTS, NotRun
from benchmarks.genesis_fills import fills
from benchmarks.harness import say
from benchmarks.order_list import make_orders
from benchmarks.orders import (
    FILL_CAPTURES,
    KINDS,
    LIFE_NS,
    Done,
    Sent,
    answers_file,
    read_answers,
    read_orders,
    write_answers,
    write_orders,
)
from benchmarks.recordings import prepare_captures, streams
from benchmarks.workloads import ROOT, DataMissing
from genesis.tape.stream import StreamKind

PAGE = Path(__file__).resolve().parent / "FILLS.md"
PEERS = {HFTBACKTEST: "hftbacktest", NAUTILUS: "NautilusTrader, newer engine"}
DRIVERS = {HFTBACKTEST: "benchmarks.peers.hftbacktest_fills", NAUTILUS: "benchmarks.peers.nautilus_fills"}


@dataclass(frozen=True)
class Judged:
    """One order beside one peer: equal, or different by the named assumptions (none: residue)."""

    capture: str
    peer: str
    order: Sent
    ours: Done
    theirs: Done
    equal: bool
    named: tuple[Assumption, ...] = ()


def run_all() -> None:
    """Make the orders and let every engine answer them.

    Raises:
        DataMissing, NotRun: a recorded file or a peer is missing, or a driver failed.
    """
    prepare_captures()
    for capture in FILL_CAPTURES:
        orders = make_orders(capture, load(capture))
        write_orders(capture, orders)
        for peer, driver in DRIVERS.items():
            say(f"{capture.name}: {len(orders)} orders, {PEERS[peer]}")
            _drive(peer, driver, capture)
        say(f"{capture.name}: {len(orders)} orders, Genesis")
        write_answers(capture, OURS, fills(capture, orders))


def _drive(peer: str, driver: str, capture: Capture) -> None:
    answers_file(capture, peer).unlink(missing_ok=True)
    python = str(ENVIRONMENTS[peer].interpreter())
    done = subprocess.run([python, "-m", driver, capture.name], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise NotRun(f"{driver}: {lines[-1] if lines else f'ended with code {done.returncode}'}")


def judge_all() -> list[Judged]:
    """Every order of every capture beside both peers.

    Raises:
        DataMissing: the engines have not answered yet.
    """
    judged: list[Judged] = []
    for capture in FILL_CAPTURES:
        orders = read_orders(capture)
        for name in (OURS, *PEERS):
            if not answers_file(capture, name).exists():
                raise DataMissing(f"{capture.name}: expected the answers of {name}, found none; run without --kept")
        tape = load(capture)
        judged += judge(capture, tape, orders, {name: read_answers(capture, name) for name in (OURS, *PEERS)})
    return judged


def judge(capture: Capture, tape: Joined, orders: Sequence[Sent], answers: dict[str, dict[int, Done]]) -> list[Judged]:
    """The orders of one capture beside both peers, in the order in which they were sent."""
    by_kind = {stream.kind: stream for stream in streams(capture)[1]}
    depth, trades = by_kind[StreamKind.DEPTH], by_kind[StreamKind.TRADES]
    books = Books(tape, depth.columns, trades.columns["time_event"])
    judged = []
    for order in sorted(orders, key=lambda order: order.sent):
        books.advance(order.sent)
        ours = answers[OURS][order.number]
        for peer in PEERS:
            theirs = answers[peer][order.number]
            equal = ours.equals(theirs)
            named = () if equal else explain(order, ours, peer, theirs, books)
            judged.append(Judged(capture.name, peer, order, ours, theirs, equal, named))
    return judged


# ---- the page


def page(judged: Sequence[Judged]) -> str:
    """The whole of ``FILLS.md``."""
    found = {name for one in judged for name in one.named}
    orders = len({(one.capture, one.order.number) for one in judged})
    parts = [
        "# Fills beside two peers",
        f"{orders} orders over real order books of 2024-08-08 (Binance: {', '.join(c.name for c in FILL_CAPTURES)}), sent at the same moments"
        f" to our executor and to the peers' own engines, cancelled {LIFE_NS / 1e9:g} s later: no latency, no slippage draw, the careful"
        " queue. Equal means equal quantity, average price, and time of the first and of the last fill. How to run it, and what the one"
        " tape is that all three read: `README.md` beside this page.",
        "\n".join(f"- **{kind}**: {words}" for kind, words in KINDS.items()),
        *(_beside(peer, [one for one in judged if one.peer == peer]) for peer in PEERS),
        "## Assumptions\n\n" + "\n".join(f"- **{one.value}**: {MEANING[one]}." for one in Assumption if one in found),
    ]
    return "\n\n".join(parts) + "\n"


def _beside(peer: str, judged: Sequence[Judged]) -> str:
    lines = [
        f"## {PEERS[peer]} {ENVIRONMENTS[peer].version}",
        "",
        "| order | orders | equal | share |",
        "| --- | ---: | ---: | ---: |",
    ]
    for kind in KINDS:
        lines.append(_share(kind, [one for one in judged if one.order.kind == kind]))
    lines.append(_share("**all**", judged))
    lines += ["", "| what differs, and by which assumption | orders |", "| --- | ---: |"]
    classes = Counter(one.named for one in judged if not one.equal and one.named)
    lines += [f"| {'; '.join(name.value for name in named)} | {count} |" for named, count in classes.most_common()]
    residue = [one for one in judged if not one.equal and not one.named]
    lines.append(f"| **residue: explained by none** | **{len(residue)}** |")
    if residue:
        lines += ["", *(_told(one) for one in residue)]
    return "\n".join(lines)


def _share(kind: str, judged: Sequence[Judged]) -> str:
    equal = sum(one.equal for one in judged)
    share = f"{equal / len(judged):.1%}" if judged else ""
    return f"| {kind} | {len(judged)} | {equal} | {share} |"


def _told(one: Judged) -> str:
    order = one.order
    side = "buy" if order.side > 0 else "sell"
    limit = "at market" if order.limit is None else f"limit {order.limit} ticks"
    return (
        f"- {one.capture} {order.number}, {order.kind}, {side} {order.lots} lots {limit}: ours {_parts(order, one.ours)};"
        f" theirs {_parts(order, one.theirs)}"
    )


def _parts(order: Sent, done: Done) -> str:
    """At most four fills as lots at ticks after ms."""
    told = [f"{lots} at {ticks} after {(time - order.sent) / 1e6:.3f} ms" for time, ticks, lots in done.fills[:4]]
    more = f" and {len(done.fills) - 4} more" if len(done.fills) > 4 else ""
    return f"{', '.join(told)}{more} ({done.ended})" if told else f"nothing ({done.ended})"


def main() -> int:
    """Run and judge; 1 where something is missing or a difference has no name."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--kept", action="store_true", help="judge the answers of the last run")
    try:
        if not options.parse_args().kept:
            run_all()
        judged = judge_all()
    except (DataMissing, NotRun) as error:
        say(str(error))
        return 1
    PAGE.write_text(page(judged))
    print(page(judged))
    say(f"written: benchmarks/{PAGE.name}")
    return 1 if any(not one.equal and not one.named for one in judged) else 0


if __name__ == "__main__":
    sys.exit(main())
