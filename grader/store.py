"""What is known of a class, in one SQLite file: which submission stands where, and from what it was judged.

Rows are written one by one as results arrive, each in a transaction of its own, so that a machine that dies loses
nothing that was finished. The evidence lies beside the file, in folders by key (`grader/observation.py`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from grader import standings
from grader.errors import MachineError, UsageError
from grader.standings import Standing

FILE = "class.sqlite"

MIGRATIONS = (
    """
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE submissions (
        id TEXT PRIMARY KEY,
        key TEXT NOT NULL,
        judged TEXT NOT NULL,
        entry TEXT NOT NULL,
        standing TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
)
"""One script for each version of the file; `PRAGMA user_version` counts those that were applied."""

BUSY_S = 2.0
"""Seconds to wait for another process that writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One submission: under which key its evidence lies, by which rules it was judged, and where it stands.

    `key` is empty where there is no evidence; `judged` is a digest of everything that the verdict depends on beside it;
    `entry` is what the download says of who handed it in, as JSON.
    """

    key: str
    judged: str
    entry: str
    standing: Standing


class Store:
    """The file of one class. Use as a context manager; one process at a time grades into a folder.

    Raises:
        UsageError: `store-newer`, a later version of this program wrote the file.
        MachineError: `store`, the file cannot be opened or is none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise MachineError(f"{self._path}: {error}", slug="store") from error
        try:
            self._migrate()
        except sqlite3.Error as error:
            self._connection.close()
            if "locked" in str(error):
                raise UsageError(f"another command is at work in {folder}; wait for it", slug="class-busy") from error
            raise MachineError(f"{self._path}: {error}", slug="store") from error
        except UsageError:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._connection.close()

    def facts(self) -> dict[str, str]:
        """Return what was noted about the class as a whole."""
        return dict(self._connection.execute("SELECT name, value FROM facts"))

    def note(self, facts: Mapping[str, str]) -> None:
        """Note facts about the class as a whole."""
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", list(facts.items()))
        self._connection.execute("COMMIT")

    def get(self, id_: str) -> Row | None:
        """Return what is known of a submission."""
        found = self._connection.execute("SELECT key, judged, entry, standing FROM submissions WHERE id = ?", (id_,))
        return next((_row(*fields) for fields in found), None)

    def put(self, row: Row) -> None:
        """Write what is known of a submission; it is on the disk when this returns."""
        fields = (row.standing.id, row.key, row.judged, row.entry, standings.render(row.standing))
        self._connection.execute("INSERT OR REPLACE INTO submissions VALUES (?, ?, ?, ?, ?)", fields)

    def rows(self) -> Iterator[Row]:
        """Yield all submissions in the order of their ids."""
        for fields in self._connection.execute("SELECT key, judged, entry, standing FROM submissions ORDER BY id"):
            yield _row(*fields)

    def _migrate(self) -> None:
        connection = self._connection
        # Held until the file is closed: two commands must not grade into one folder.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        with closing(connection.execute("PRAGMA user_version")) as cursor:
            version = int(cursor.fetchone()[0])
        if version > len(MIGRATIONS):
            raise UsageError(
                f"{self._path} was written by a later version of this program (format {version}; "
                f"this one reads up to {len(MIGRATIONS)})",
                slug="store-newer",
            )
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT")


def _row(key: str, judged: str, entry: str, standing: str) -> Row:
    try:
        return Row(key=key, judged=judged, entry=entry, standing=standings.read(standing))
    except (KeyError, TypeError, ValueError) as error:
        raise MachineError(f"{FILE} has a row that cannot be read: {error}", slug="store") from error
