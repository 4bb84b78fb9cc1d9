"""Where a store is: a file, or a schema of a PostgreSQL database. An address never holds a password."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import msgspec

from genesis.errors import ConfigError

SCHEMES = ("postgresql", "postgres")
DEFAULT_SCHEMA = "genesis"
# What may follow the question mark: how to reach the server, as libpq names it, and nothing that changes what a statement does.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_PARAMETERS = frozenset(
    {
        "connect_timeout",
        "gssencmode",
        "host",
        "krbsrvname",
        "passfile",
        "port",
        "service",
        "sslcert",
        "sslcrl",
        "sslkey",
    }
    | {"channel_binding", "sslmode", "sslnegotiation", "sslrootcert", "target_session_attrs"}
)
_INSTEAD = (
    "put it into PGPASSWORD or a password file (~/.pgpass, which only you may read), and leave it out of the address"
)
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class PostgresAddress(msgspec.Struct, frozen=True):
    """A schema of a database. The password comes from where libpq looks for it: ``PGPASSWORD``, ``PGPASSFILE``, ``~/.pgpass``.

    Empty ``host``, ``user`` and ``database`` and port 0 are left to libpq too. ``parameters`` are further pairs for it.
    """

    host: str = ""
    port: int = 0
    user: str = ""
    database: str = ""
    schema: str = DEFAULT_SCHEMA
    parameters: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """The address as one would write it into a configuration."""
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        query = [*self.parameters, *([("schema", self.schema)] if self.schema != DEFAULT_SCHEMA else [])]
        rest = f"?{urlencode(query, safe='/')}" if query else ""
        return f"postgresql://{user}{host}{port}/{self.database}{rest}"

    def keywords(self) -> dict[str, str]:
        """What libpq is given."""
        own = {"host": self.host, "port": str(self.port or ""), "user": self.user, "dbname": self.database}
        return {k: v for k, v in own.items() if v} | dict(self.parameters)


StoreAddress = Path | PostgresAddress


def is_postgres(text: str) -> bool:
    """Whether ``text`` is meant as the address of a PostgreSQL store."""
    return text.partition(":")[0].lower() in SCHEMES


def store_address(text: str, folder: Path = Path()) -> StoreAddress:
    """A ``postgresql://`` address, or else a file, relative to ``folder``.

    Raises:
        ConfigError: an address that cannot be used, or that holds a password; it is not repeated.
    """
    return _postgres(text) if is_postgres(text) else folder / text


def _postgres(text: str) -> PostgresAddress:
    try:
        parts = urlsplit(text)
        port, host, password = parts.port or 0, unquote(parts.hostname or ""), parts.password
        pairs = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise ConfigError(
            "store: expected an address such as postgresql://user@host:5432/database, found one that cannot be read"
        ) from None
    if password is not None or {"password", "sslpassword"} & pairs.keys():
        raise ConfigError(f"store: expected an address without a password, found one; {_INSTEAD}")
    if not text.lower().startswith(tuple(f"{s}://" for s in SCHEMES)) or parts.fragment:
        raise ConfigError("store: expected an address such as postgresql://user@host:5432/database, found another form")
    schema = pairs.pop("schema", DEFAULT_SCHEMA)
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
        raise ConfigError(
            f"store: schema: expected small letters, digits and underscores such as {DEFAULT_SCHEMA}, found '{schema}'"
        )
    unknown = sorted(pairs.keys() - _PARAMETERS)
    if unknown:
        known = ", ".join(sorted(_PARAMETERS | {"schema"}))
        raise ConfigError(f"store: expected parameters among {known}, found {', '.join(unknown)}")
    user, database = unquote(parts.username or ""), unquote(parts.path.strip("/"))
    return PostgresAddress(host, port, user, database, schema, tuple(sorted(pairs.items())))
