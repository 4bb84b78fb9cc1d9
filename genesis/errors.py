"""The exceptions, branched by who must act.

::

    GenesisError
    ├── ConfigError          the operator: a file, a key, an argument is wrong
    ├── StrategyError        the quant developer: a strategy cannot be loaded or built
    ├── DataError            the feed or the file: the track holds
    ├── StorageError         the disk or the database: stop acting
    └── IntegrityError       history does not match: halt

Beside them `Terminated`, which is no error: somebody asked this process to end.

Expected refusals (a risk limit, an order filter) are values, never exceptions.
Messages are lower case and say what was expected and what was found.
"""

from __future__ import annotations


class Terminated(BaseException):
    """SIGTERM came while no run was at work; as `KeyboardInterrupt` is for SIGINT."""


ASKED_TO_END = (KeyboardInterrupt, Terminated)
"""What a person or the system did to this process: never the fault of the user's code that it interrupts."""


class GenesisError(Exception):
    """Root of everything Genesis raises on purpose."""


class ConfigError(GenesisError):
    """Configuration or arguments are wrong: the operator must act."""


class StrategyError(GenesisError):
    """A strategy cannot be loaded or built: its author must act."""


class DataError(GenesisError):
    """Market data is missing, malformed or out of order.

    ``source`` and ``line`` locate the row where the reader knows them; ``advice`` says what may be done about it.
    """

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        line: int | None = None,
        field: str | None = None,
        expected: str | None = None,
        found: str | None = None,
        advice: str | None = None,
    ) -> None:
        self.source, self.line, self.field = source, line, field
        self.expected, self.found = expected, found
        where = ":".join(str(x) for x in (source, line) if x is not None)
        parts = [message]
        if field is not None:
            parts.append(f"field '{field}'")
        if expected is not None or found is not None:
            parts.append(f"expected {expected}, found {found}")
        said = (f"{where}: " if where else "") + ": ".join(parts)
        super().__init__(said if advice is None else f"{said}; {advice}")


class StorageError(GenesisError):
    """The store cannot keep what it was given: stop acting."""


class IntegrityError(GenesisError):
    """History does not match what it must be: halt."""
