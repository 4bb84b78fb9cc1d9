"""``genesis criteria``: how every track stands at the gate, and what its evidence says."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from genesis.cli.app import Json, StorePath, TrackName, app
from genesis.cli.output import print_json, print_table, say
from genesis.errors import ConfigError
from genesis.evidence.superiority import Superiority, Unavailable
from genesis.paper_trading.verdicts import Mode, Unit, Verdict
from genesis.storage.sqlite import StoreReader
from genesis.system.gatekeeper import Gate, Gatekeeping, gatekeeping, superiority_of

_Tested = Annotated[
    bool, typer.Option("--superiority", help="also test whether any version beats cash, after all that were tried")
]


@app.command()
def criteria(store: StorePath, track: TrackName = None, tested: _Tested = False, as_json: Json = False) -> None:
    """Each criterion's verdict, and what the evidence says: what is missing, and how long it takes at this pace."""
    with StoreReader(store) as reader:
        found = gatekeeping(reader)
        superior = superiority_of(reader) if tested else None
    names = [g.track for g in found.gates]
    if track is not None and track not in names:
        raise ConfigError(f"--track: expected one of {', '.join(names)}, found {track}")
    gates = [g for g in found.gates if track in (None, g.track)]
    if as_json:
        print_json({**_document(found, gates), **({} if superior is None else {"superiority": _superior(superior)})})
        return
    say(_whose(found))
    for gate in gates:
        _show(gate, found.recorded)
    for sentence in found.words:
        say(f"\n{sentence}")
    if superior is not None:
        say("\nall versions beside cash:")
        for sentence in superior.sentences:
            say(f"  {sentence}")


def _superior(found: Superiority | Unavailable) -> dict[str, Any]:
    return {**msgspec.to_builtins(found), "words": list(found.sentences)}


def _whose(found: Gatekeeping) -> str:
    if not found.recorded:
        return "the run recorded no criteria: judged by the defaults"
    return "judged by the criteria that the run was started under"


def _show(gate: Gate, recorded: bool) -> None:
    mark = ", synthetic: told the future, evidence of nothing" if gate.synthetic else ""
    if not gate.verdicts:
        say(f"\n{gate.track}{mark}: no sample yet")
    else:
        standing = "no criterion is enforced" if gate.status is None else gate.status.value
        say(f"\n{gate.track}{mark}: {standing}")
        print_table([_row(v) for v in gate.verdicts])
    none = "No evidence bar has closed yet." if recorded else "No evidence was recorded."
    for sentence in (none,) if gate.evidence is None else gate.evidence.sentences():
        say(f"  {sentence}")


def _row(v: Verdict) -> dict[str, Any]:
    criterion = v.criterion
    return {
        "criterion": criterion.name,
        "measured": "undefined" if v.value is None else _valued(v.value, criterion.unit),
        "threshold": f"{'at most' if criterion.at_most else 'at least'} {_valued(criterion.threshold, criterion.unit)}",
        "sample": f"{v.sample.n} {v.sample.of}",
        "verdict": v.status.value if criterion.mode is Mode.ENFORCE else f"{v.status.value} ({criterion.mode.value})",
        "in words": v.words,
    }


def _valued(value: float, unit: Unit) -> str:
    if unit is Unit.FRACTION:
        return f"{value:.2%}"
    if unit is Unit.OWN:
        return f"{value:.4g}"
    return f"{value:.2f}" if unit is Unit.A_YEAR else f"{value:.4g} {unit.value}"


def _document(found: Gatekeeping, gates: list[Gate]) -> dict[str, Any]:
    return {
        "discovered": list(found.discovered),
        "overfitting": found.overfitting,
        "criteria": msgspec.to_builtins(found.criteria),
        "recorded": found.recorded,
        "source": found.source,
        "tracks": {g.track: _plain(g) for g in gates},
    }


def _plain(gate: Gate) -> dict[str, Any]:
    evidence = gate.evidence
    plain: dict[str, Any] = msgspec.to_builtins(gate)
    for verdict, row in zip(gate.verdicts, plain["verdicts"], strict=True):
        row["words"] = verdict.words
    if evidence is not None:
        plain["evidence"] |= {
            "chance_without_edge": evidence.chance,
            "bound_deviations": evidence.bound_deviations,
            "planned_days": evidence.planned_days,
            "second_step_ns": evidence.second_step_ns,
            "words": list(evidence.sentences()),
        }
    return plain
