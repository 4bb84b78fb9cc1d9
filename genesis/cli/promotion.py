"""What persons tell the promotion manager, by way of the store's inbox, and what it answers for: its last decision, and everything ever tried."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec
import typer

from genesis.cli.app import Json, StorePath, app
from genesis.cli.output import print_json, print_table, say
from genesis.clock import SystemClock, iso_utc
from genesis.errors import ConfigError
from genesis.paper_trading.promotion_facts import TAKES, Evaluation, Order
from genesis.paper_trading.promotion_guards import Case
from genesis.paper_trading.promotion_rules import percent, written
from genesis.paper_trading.verdicts import Verdict
from genesis.storage.address import StoreAddress
from genesis.storage.sqlite import StoreReader
from genesis.system.promotions import Experiment, Told, all_experiments, last_decision, leave_order, made_again

_Version = Annotated[str, typer.Argument(metavar="STRATEGY", help="the name of its reference track")]
_Versions = Annotated[str | None, typer.Argument(metavar="[STRATEGY]", help="the name of its reference track")]
_All = Annotated[bool, typer.Option("--all", help="all strategies instead of one")]
_Author = Annotated[str, typer.Option(help="who wants it; it is recorded")]
_Reason = Annotated[str, typer.Option(help="why; it is recorded")]
_SHOWN = ("version", "strategy", "identity", "epoch", "attempt", "E", "adjusted E", "stage", "capital", "last decided")


@app.command()
def promote(store: StorePath, strategy: _Version, author: _Author, reason: _Reason, as_json: Json = False) -> None:
    """One step of capital by your word: against the evidence if need be, and marked so; never against a limit."""
    _leave(store, Order.PROMOTE, strategy, author, reason, as_json)


@app.command()
def demote(
    store: StorePath,
    author: _Author,
    reason: _Reason,
    strategy: _Versions = None,
    everybody: _All = False,
    as_json: Json = False,
) -> None:
    """Take all capital away: entries cancelled, reduce-only, flattened in slices after 24 hours."""
    _leave(store, Order.DEMOTE, _whom(strategy, everybody), author, reason, as_json)


@app.command()
def pause(
    store: StorePath,
    author: _Author,
    reason: _Reason,
    strategy: _Versions = None,
    everybody: _All = False,
    as_json: Json = False,
) -> None:
    """Let it go on as it is, and nothing rise until `resume`."""
    _leave(store, Order.PAUSE, _whom(strategy, everybody), author, reason, as_json)


@app.command()
def resume(
    store: StorePath,
    author: _Author,
    reason: _Reason,
    strategy: _Versions = None,
    everybody: _All = False,
    restore: Annotated[
        bool,
        typer.Option("--restore", help="a halted one: to what it held, not to paper; after a risk halt it is refused"),
    ] = False,
    as_json: Json = False,
) -> None:
    """End a pause, or lead what is halted back to paper with fresh evidence."""
    if restore and everybody:
        raise ConfigError("--restore: expected one strategy, found --all: capital is given back one by one")
    order = Order.RESTORE if restore else Order.RESUME
    _leave(store, order, _whom(strategy, everybody), author, reason, as_json)


@app.command()
def halt(
    store: StorePath,
    author: _Author,
    reason: _Reason,
    strategy: _Versions = None,
    everybody: _All = False,
    as_json: Json = False,
) -> None:
    """The kill switch: entries cancelled, flattened now, nothing more until `resume`."""
    _leave(store, Order.HALT, _whom(strategy, everybody), author, reason, as_json)


@app.command()
def approve(store: StorePath, strategy: _Version, author: _Author, reason: _Reason, as_json: Json = False) -> None:
    """Open the gate for the step that awaits it."""
    _leave(store, Order.APPROVE, strategy, author, reason, as_json)


@app.command()
def refuse(store: StorePath, strategy: _Version, author: _Author, reason: _Reason, as_json: Json = False) -> None:
    """Keep the gate shut: nobody is asked again until the cool-down is over."""
    _leave(store, Order.REFUSE, strategy, author, reason, as_json)


@app.command()
def archive(store: StorePath, strategy: _Version, author: _Author, reason: _Reason, as_json: Json = False) -> None:
    """End it for this identity; what it holds is sold reduce-only."""
    _leave(store, Order.ARCHIVE, strategy, author, reason, as_json)


@app.command()
def why(
    store: StorePath,
    strategy: _Version,
    everything: Annotated[
        bool, typer.Option("--all", help="make all decisions about it again, not the last alone")
    ] = False,
    as_json: Json = False,
) -> None:
    """The last decision about a strategy, made again from its record, and what it was made of."""
    with StoreReader(store) as reader:
        told = last_decision(reader, strategy)
        again = made_again(reader, strategy) if everything else 1
    if as_json:
        print_json({"made_again": again, **_document(told)})
        return
    e = told.evaluation
    say(_standing(e))
    for reason in e.reasons:
        say(f"  {reason}")
    if e.call:
        say(f"  a person is called: {e.call}")
    say(f"\ndecided at {iso_utc(e.time_ns)}, entry {told.seq}; made again from the record: the same, {e.digest[:16]}")
    if everything:
        say(f"all {again:,} decisions about it were made again, each from its record alone: the same")
    print_table([_criterion(v) for v in e.facts.verdicts], nothing="no criterion was judged")
    print_table([{"measured": name, "found": found} for name, found in _found(e)])
    for answer in e.answers:
        done = "taken" if answer.taken else "refused"
        say(
            f"{answer.command.order.value} of {answer.command.author} ({answer.command.reason}): {done}: {answer.words}"
        )
    print_table(
        [
            {
                "time": m.time,
                "move": m.move,
                "stage": m.stage_after,
                "capital": m.fraction_after,
                "why": "; ".join(m.reasons),
            }
            for m in told.moves
        ],
        nothing="it has never moved",
    )
    for sentence in e.rules.words():
        say(sentence)


@app.command()
def experiments(store: StorePath, as_json: Json = False) -> None:
    """Everything ever tried: versions, identities and attempts, their evidence and where they stand."""
    with StoreReader(store) as reader:
        tried = all_experiments(reader)
    if as_json:
        print_json(msgspec.to_builtins(tried))
        return
    print_table([_row(x) for x in tried], _SHOWN, "nothing was tried")
    if tried:
        versions = f"{tried[0].family} version{'' if tried[0].family == 1 else 's'}"
        say(
            f"E is adjusted for the {versions} tried in the account by now; trying more, again under another name, or in another store, escapes nothing"
        )


def _whom(strategy: str | None, everybody: bool) -> str | None:
    if (strategy is None) is not everybody:
        raise ConfigError(f"strategy: expected a name or --all, found {'neither' if strategy is None else 'both'}")
    return strategy


def _leave(store: StoreAddress, order: Order, version: str | None, author: str, reason: str, as_json: bool) -> None:
    number = leave_order(store, order, version, author, reason, SystemClock())
    whom = "all strategies" if version is None else version
    when = "before its next rows" if order in TAKES else "at its next evidence bar"
    words = f"command {number}, {order.value} {whom}, waits in the inbox: an engine at work takes it {when}, else the next start does"
    if as_json:
        print_json({"number": number, "command": order.value, "target": version, "words": words})
    else:
        say(words)


def _standing(e: Evaluation) -> str:
    after = e.after
    marks = [f"attempt {after.attempt}", f"epoch {after.epoch}"]
    marks += ["forced: not backed by evidence"] if after.forced else []
    marks += [f"paused: {after.pause_words}"] if after.pause_words else []
    marks += ["synthetic: told the future"] if e.facts.synthetic else []
    moved = "stays" if e.move is None else f"{e.move.value}: now"
    return f"{e.version} {moved} {after.stage.value} at {percent(after.fraction)} of {e.facts.budget.normalize():f} ({', '.join(marks)}), action {e.action.value}"


def _criterion(v: Verdict) -> dict[str, Any]:
    return {
        "criterion": f"{v.criterion.name} ({v.criterion.mode.value})",
        "measured": "undefined" if v.value is None else f"{v.value:.4g}",
        "threshold": f"{'at most' if v.criterion.at_most else 'at least'} {v.criterion.threshold:g}",
        "verdict": v.status.value,
        "in words": v.words,
    }


def _found(e: Evaluation) -> list[tuple[str, str]]:
    facts, case = e.facts, Case(e.rules, e.before, e.facts, e.room)
    decides = case.step_evidence if e.before.fraction else case.evidence
    numbers: list[tuple[str, float | None]] = [
        ("E", facts.e_value),
        ("E adjusted for the family", facts.adjusted),
        ("the same, hedged by the benchmark", facts.residual),
        ("E of the live track", facts.e_live),
        ("E at higher costs", facts.e_stress),
        ("the E that decides", decides),
    ]
    room = f"{percent(e.room.fraction)} of its budget" + (f": {e.room.words}" if e.room.words else "")
    return [
        *((name, "not measured" if value is None else f"{value:.4g}") for name, value in numbers),
        *((f"{m.name} monitor", f"{m.level.value} {m.words}".strip()) for m in facts.monitors),
        ("market data", facts.data.value),
        ("source of the evidence", facts.source.value),
        ("live trades, profit", f"{facts.live_trades}, {facts.live_pnl}"),
        ("room in the account", room),
    ]


def _row(x: Experiment) -> dict[str, Any]:
    return {
        "version": x.version + (" (synthetic)" if x.synthetic else ""),
        "strategy": x.strategy,
        "identity": x.identity[:12],
        "epoch": x.epoch,
        "attempt": x.attempt,
        "E": None if x.e_value is None else f"{x.e_value:.3g}",
        "adjusted E": None if x.adjusted is None else f"{x.adjusted:.3g}",
        "stage": "another run" if x.elsewhere else (x.stage or "not decided") + (", forced" if x.forced else ""),
        "capital": None if x.fraction is None else percent(Decimal(x.fraction)),
        "last decided": None if x.time_last is None else iso_utc(x.time_last),
    }


def _document(told: Told) -> dict[str, Any]:
    e = told.evaluation
    return {
        "entry": told.seq,
        "digest": e.digest,
        "decision": written(e),
        "moves": msgspec.to_builtins(told.moves),
        "commands": msgspec.to_builtins(told.commands),
        "profile": list(e.rules.words()),
    }
