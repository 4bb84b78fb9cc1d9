"""Commands for the first steps: init, doctor, strategies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from genesis.cli.app import Json, app
from genesis.cli.exits import Unhealthy
from genesis.cli.output import print_json, print_table, say
from genesis.demo.data import INSTALL_COMMAND, missing_packages
from genesis.system.doctor import Check, Health, examine
from genesis.system.project import init_project
from genesis.system.strategies import BUILT_IN, installed


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="where the files go")] = Path(), as_json: Json = False) -> None:
    """Write a commented configuration and a sample strategy."""
    files = [str(path) for path in init_project(folder)]
    if as_json:
        print_json({"files": files})
        return
    for name in files:
        say(name)


@app.command()
def doctor(
    config: Annotated[Path | None, typer.Argument(help="a YAML configuration to look at as well")] = None,
    as_json: Json = False,
) -> None:
    """Check this machine, and a configuration with its data and store; every finding says what to do."""
    checks = [*examine(config, Path(), os.environ), _demo_data()]
    if as_json:
        print_json(msgspec.to_builtins(checks))
    else:
        rows = [{"": c.health.value, "check": c.name, "found": c.found, "what to do": c.advice} for c in checks]
        print_table(rows)
    errors = [c.name for c in checks if c.health is Health.ERROR]
    if errors:
        raise Unhealthy(f"doctor: expected no errors, found {len(errors)}: {', '.join(errors)}")


def _demo_data() -> Check:
    missing = missing_packages()
    if missing:
        return Check("demo data", Health.WARNING, f"not installed: {', '.join(missing)}", INSTALL_COMMAND)
    return Check("demo data", Health.OK, "installed")


@app.command()
def strategies(as_json: Json = False) -> None:
    """The built-in strategies and their parameters, and those that installed packages offer."""
    rows = [
        {
            "name": name,
            "what": (cls.__doc__ or "").split("\n")[0],
            "params": ", ".join(f"{f.name}={f.default}" for f in msgspec.structs.fields(cls.Params)),
        }
        for name, cls in BUILT_IN.items()
    ]
    rows += [{"name": name, "what": f"installed: {place}", "params": ""} for name, place in installed().items()]
    if as_json:
        print_json(rows)
    else:
        print_table(rows)
