"""Being asked to stop: a signal is heard at once and obeyed between two batches; what was written is durable before the run is over."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType

from genesis.engine.engine import Batch
from genesis.errors import Terminated

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Whether somebody asked this process to stop, and by which signal."""

    def __init__(self) -> None:
        self.by: signal.Signals | None = None

    def ask(self, by: signal.Signals) -> None:
        """Ask for a stop at the next closed moment."""
        self.by = self.by or by

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM for a request while inside; only the main thread can.

        A second SIGINT does not wait: it raises `KeyboardInterrupt`, and what was not committed is not kept.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._heard) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _heard(self, number: int, _: FrameType | None) -> None:
        if self.by is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.ask(signal.Signals(number))

    def heed(self, feed: Iterable[Batch]) -> Iterator[Batch]:
        """The batches of ``feed`` until a stop is asked for."""
        for batch in feed:
            # Asked before the batch is handed over, not after: the one before it has been taken whole.
            if self.by is not None:
                return
            yield batch


def raise_on_sigterm() -> None:
    """Let SIGTERM unwind the process like SIGINT does, so that files and locks are given back."""

    def heard(_: int, __: FrameType | None) -> None:
        raise Terminated

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, heard)
