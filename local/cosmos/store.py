"""The SQLite file under the stand-in: its tables, one connection, transactions.

Everything runs on one thread and one connection, so that requests are serial and need no locks. Write-ahead logging
with synchronous=NORMAL: what was answered survives a killed process (not a power cut).
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS databases (
    rid INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, ts INTEGER NOT NULL, etag TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS containers (
    rid INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, ts INTEGER NOT NULL, etag TEXT NOT NULL,
    database INTEGER NOT NULL REFERENCES databases ON DELETE CASCADE, settings TEXT NOT NULL, UNIQUE (database, id));
CREATE TABLE IF NOT EXISTS documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, container INTEGER NOT NULL REFERENCES containers ON DELETE CASCADE,
    pk TEXT NOT NULL, epk TEXT NOT NULL, id TEXT NOT NULL, etag TEXT NOT NULL, ts INTEGER NOT NULL, ttl INTEGER,
    body TEXT NOT NULL, UNIQUE (container, pk, id));
CREATE INDEX IF NOT EXISTS documents_in_order ON documents (container);
CREATE INDEX IF NOT EXISTS documents_by_range ON documents (container, epk);
CREATE TABLE IF NOT EXISTS unique_values (
    container INTEGER NOT NULL, pk TEXT NOT NULL, slot INTEGER NOT NULL, value TEXT NOT NULL,
    seq INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE, PRIMARY KEY (container, pk, slot, value));
CREATE INDEX IF NOT EXISTS unique_values_of ON unique_values (seq);
"""


class Store:
    """One open SQLite file; `clock` gives seconds since 1970 and is there for tests of what expires."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.clock = clock
        self.sql = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "cache_size=-65536"):
            self.sql.execute(f"PRAGMA {pragma}")
        self.sql.executescript(_SCHEMA)

    def now(self) -> int:
        """Whole seconds since 1970, as `_ts` has them."""
        return int(self.clock())

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: rolled back when the block raises."""
        self.sql.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.sql.execute("ROLLBACK")
            raise
        self.sql.execute("COMMIT")

    def close(self) -> None:
        """Close the file; the write-ahead log is folded back into it."""
        self.sql.close()
