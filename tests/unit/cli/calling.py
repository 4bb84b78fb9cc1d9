"""Calling ``genesis`` as its users do, in this process or in one of its own, and small projects to call it on."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import structlog

from genesis.cli.main import main

PROGRAM = [sys.executable, "-c", "from genesis.cli.main import main; main()"]
ROOT = Path(__file__).parents[3]

STRATEGY = """
import os
import time

from genesis.strategies.base import Strategy


class Own(Strategy):
    def on_start(self):
        self.subscribe_bars("1h")

    def on_bar(self, bar):
        time.sleep(float(os.environ.get("SLOW_S", "0")))
        self.target_weight("0.05" if bar.close > bar.open else 0)

    def on_save(self):
        return {}
"""

CONFIG = """
run: {name: small}
instruments:
  - {symbol: BTCUSDT, venue: BINANCE, base: BTC, quote: USDT, tick: 0.01, lot: 0.1}
data:
  - {instrument: BTCUSDT.BINANCE, path: candles.csv}
strategies:
  - {name: own, strategy: "own.py:Own", instruments: [BTCUSDT.BINANCE], budget: 1000000}
"""


class Answer(NamedTuple):
    """What a call came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one document."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The last line of standard error, which must be an error as people see it."""
        last = self.err.splitlines()[-1]
        assert last.startswith("genesis: "), self.err
        assert "Traceback" not in self.err
        return last


def genesis(*args: object, env: Mapping[str, str] | None = None) -> Answer:
    """Through the entry point, in this process; what it changed for the process is put back."""
    out, err = io.StringIO(), io.StringIO()
    before = signal.getsignal(signal.SIGTERM)
    code = 0
    with (
        patch.object(sys, "argv", ["genesis", *map(str, args)]),
        patch.dict(os.environ, env or {}),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as error:
            code = int(error.code or 0)
        finally:
            signal.signal(signal.SIGTERM, before)
            structlog.reset_defaults()
    return Answer(code, out.getvalue(), err.getvalue())


def start(*args: object, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """A process of its own, with pipes."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
        cwd=ROOT,
    )


def in_process_of_its_own(*args: object, env: Mapping[str, str] | None = None) -> Answer:
    """As `genesis`, and wait for its end."""
    process = start(*args, env=env)
    out, err = process.communicate(timeout=120)
    return Answer(process.returncode, out, err)


def candles(path: Path, rows: int = 400, minutes: int = 5) -> None:
    """Candles that rise and fall."""
    with path.open("w") as file:
        file.write("timestamp,open,high,low,close,volume\n")
        for i in range(rows):
            low = 20_000 + 10 * (i % 37)
            at = 1_669_852_800_000 + i * minutes * 60_000
            file.write(f"{at},{low},{low + 9}.5,{low - 5}.25,{low + (4 if i // 60 % 3 else -4)},{500 + i % 3}.5\n")


def project(folder: Path, rows: int = 400, minutes: int = 5) -> Path:
    """A configuration with data and a strategy of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    candles(folder / "candles.csv", rows, minutes)
    (folder / "own.py").write_text(STRATEGY)
    (folder / "config.yaml").write_text(CONFIG)
    return folder / "config.yaml"
