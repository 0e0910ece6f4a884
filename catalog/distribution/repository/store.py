"""Where the objects of the git repository are kept: one SQLite file beside the data, which can be made anew any time.

It holds what git stores (objects, commits, tags) and what the next commit needs to know of the last one (`log`).
Everything of a commit is written in one transaction, so that a reader sees all of it or none. Imports `objects`.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from .objects import Kind, deflated, delta_between, entries_of, id_of, packed, patched

FORMAT = 3  # of this file and of what is in the repository; another one is another repository
PATIENCE = 10  # seconds to wait for who makes commits
MOST_DEPTH = 50  # deltas between an object and a whole one
AT_ONCE = 500  # ids of one question

Item = TypeVar("Item")

_TABLES = """
CREATE TABLE object (
    number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, kind INTEGER NOT NULL, size INTEGER NOT NULL,
    base BLOB, depth INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE TABLE made (  -- commits, in order; `last` is the number of the last object that came with it
    number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, tree BLOB NOT NULL, at INTEGER NOT NULL, last INTEGER NOT NULL
);
CREATE TABLE tag (name TEXT PRIMARY KEY, made BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE noted (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE agent (
    key INTEGER PRIMARY KEY, name TEXT NOT NULL, deprecation TEXT, successor INTEGER
) WITHOUT ROWID;
CREATE TABLE version (
    agent INTEGER NOT NULL, number INTEGER NOT NULL, key INTEGER NOT NULL, name TEXT NOT NULL,
    yanked INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (agent, number)
) WITHOUT ROWID;
CREATE TABLE agent_name (name TEXT PRIMARY KEY, agent INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE collection (
    key INTEGER PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL, offered INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE member (
    collection INTEGER NOT NULL, agent INTEGER NOT NULL, PRIMARY KEY (collection, agent)
) WITHOUT ROWID;
CREATE INDEX member_agent ON member (agent);
CREATE TABLE plugin (
    owner TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, major INTEGER NOT NULL, minor INTEGER NOT NULL,
    basis TEXT NOT NULL, shelf TEXT NOT NULL,
    tree BLOB, archive TEXT NOT NULL, entry TEXT NOT NULL, made INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX plugin_shelf ON plugin (shelf, name) WHERE tree IS NOT NULL;
CREATE TABLE plugin_name (name TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID;
"""


class Made(NamedTuple):
    """One commit. `number` counts them from 1; `at` is in seconds since 1970."""

    number: int
    id: bytes
    tree: bytes
    at: int
    last: int


_MADE = "SELECT number, id, tree, at, last FROM made"


class Store:
    """One connection to the file. Not to be shared between threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.database = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            self.database.execute("PRAGMA journal_mode=WAL")
            self.database.execute("PRAGMA synchronous=NORMAL")  # what a power cut takes is made again
            self._prepare()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self.database.close()

    def _prepare(self) -> None:
        if self._is_prepared():
            return
        with self.writing():
            if not self._is_prepared():
                self.forget()

    def _is_prepared(self) -> bool:
        return bool(self.database.execute("PRAGMA user_version").fetchone()[0] == FORMAT)

    def forget(self) -> None:
        """Begin anew, inside of a transaction."""
        tables = self.database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in tables:
            self.database.execute(f'DROP TABLE "{name}"')
        for statement in _TABLES.split(";\n"):
            self.database.execute(statement)
        self.database.execute(f"PRAGMA user_version = {FORMAT}")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction; nobody else writes meanwhile."""
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self.database.in_transaction:  # else SQLite has ended it by itself: the disk is full
                self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")

    def stay_at_this_moment(self) -> None:
        """All that is read from here on is of one moment, whatever others write."""
        self.database.execute("BEGIN")

    # --- Notes ---

    def noted(self, key: str) -> str:
        row = self.database.execute("SELECT value FROM noted WHERE key = ?", [key]).fetchone()
        return row[0] if row else ""

    def note(self, key: str, value: str) -> None:
        self.database.execute("INSERT OR REPLACE INTO noted VALUES (?, ?)", [key, value])

    # --- Objects ---

    def has(self, id: bytes) -> bool:
        return self.database.execute("SELECT 1 FROM object WHERE id = ?", [id]).fetchone() is not None

    def add(self, kind: Kind, content: bytes) -> bytes:
        """The id of an object, which is stored if it is not there yet."""
        id = id_of(kind, content)
        if not self.has(id):
            self._insert(id, kind, len(content), None, 0, deflated(content))
        return id

    def add_after(self, kind: Kind, pieces: Sequence[bytes], base: bytes | None, before: Sequence[bytes]) -> bytes:
        """The same for a large object in pieces, of which few are not those of `base`: only the others are stored.

        `before` are the pieces of the object `base`.
        """
        content = b"".join(pieces)
        id = id_of(kind, content)
        if self.has(id):
            return id
        depth = self._depth(base) + 1 if base else MOST_DEPTH + 1
        delta = delta_between(before, pieces) if depth <= MOST_DEPTH else content
        if len(delta) * 2 > len(content):
            return self.add(kind, content)
        self._insert(id, kind, len(delta), base, depth, deflated(delta))
        return id

    def _depth(self, id: bytes) -> int:
        row = self.database.execute("SELECT depth FROM object WHERE id = ?", [id]).fetchone()
        return int(row[0])

    def _insert(self, id: bytes, kind: Kind, size: int, base: bytes | None, depth: int, data: bytes) -> None:
        self.database.execute(
            "INSERT INTO object (id, kind, size, base, depth, data) VALUES (?, ?, ?, ?, ?, ?)",
            [id, int(kind), size, base, depth, data],
        )

    def number_of(self, id: bytes) -> int:
        return int(self.database.execute("SELECT number FROM object WHERE id = ?", [id]).fetchone()[0])

    def last_object(self) -> int:
        return int(self.database.execute("SELECT coalesce(max(number), 0) FROM object").fetchone()[0])

    def content(self, id: bytes) -> bytes:
        """The content of an object. Raises KeyError."""
        deltas: list[bytes] = []
        while True:
            row = self.database.execute("SELECT base, data FROM object WHERE id = ?", [id]).fetchone()
            if row is None:
                raise KeyError(id.hex())
            base, data = row
            content = zlib.decompress(data)
            if base is None:
                break
            deltas.append(content)
            id = base
        for delta in reversed(deltas):
            content = patched(content, delta)
        return content

    def contents(self, ids: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Ids with their contents, many at a time."""
        for some in _in_batches(list(ids)):
            marks = ",".join("?" * len(some))
            rows = self.database.execute(f"SELECT id, base, data FROM object WHERE id IN ({marks})", some)  # noqa: S608
            for id, base, data in rows.fetchall():
                yield id, zlib.decompress(data) if base is None else self.content(id)

    # --- Objects as they stand in a pack ---

    def packed_between(self, after: int, last: int) -> Iterator[tuple[bytes, bytes | None, bytes]]:
        """Id, base and entry of every object with a number above `after`, up to `last`."""
        question = "SELECT id, kind, size, base, data FROM object WHERE number > ? AND number <= ? ORDER BY number"
        for id, kind, size, base, data in self.database.execute(question, [after, last]):
            yield id, base, packed(kind, size, data, base)

    def packed_of(self, ids: Iterable[bytes], at_hand: Container[bytes]) -> Iterator[bytes]:
        """The entries of these objects in their order; one whose base is not `at_hand` is written whole.

        A base has a lower number than what is made of it: there are clients that take them in no other order.
        """
        for some in _in_batches(sorted(self._numbers_of(ids))):
            marks = ",".join("?" * len(some))
            question = f"SELECT id, kind, size, base, data FROM object WHERE number IN ({marks}) ORDER BY number"  # noqa: S608
            for id, kind, size, base, data in self.database.execute(question, some).fetchall():
                if base is None or base in at_hand:
                    yield packed(kind, size, data, base)
                else:
                    yield self.packed_whole(id)

    def _numbers_of(self, ids: Iterable[bytes]) -> Iterator[int]:
        for some in _in_batches(list(ids)):
            marks = ",".join("?" * len(some))
            rows = self.database.execute(f"SELECT number FROM object WHERE id IN ({marks})", some)  # noqa: S608
            yield from (number for (number,) in rows)

    def packed_whole(self, id: bytes) -> bytes:
        (kind,) = self.database.execute("SELECT kind FROM object WHERE id = ?", [id]).fetchone()
        content = self.content(id)
        return packed(kind, len(content), deflated(content))

    # --- Commits and tags ---

    def made(self, id: bytes) -> Made | None:
        row = self.database.execute(f"{_MADE} WHERE id = ?", [id]).fetchone()
        return Made(*row) if row else None

    def made_at(self, number: int) -> Made:
        """The commit of this number, from 1."""
        return Made(*self.database.execute(f"{_MADE} WHERE number = ?", [number]).fetchone())

    def newest(self) -> Made | None:
        row = self.database.execute(f"{_MADE} ORDER BY number DESC LIMIT 1").fetchone()
        return Made(*row) if row else None

    def first_since(self, at: int) -> Made | None:
        """The oldest commit that is not older than `at`."""
        row = self.database.execute(f"{_MADE} WHERE at >= ? ORDER BY number LIMIT 1", [at]).fetchone()
        return Made(*row) if row else None

    def add_made(self, id: bytes, tree: bytes, at: int) -> None:
        self.database.execute(
            "INSERT INTO made (id, tree, at, last) VALUES (?, ?, ?, ?)", [id, tree, at, self.last_object()]
        )

    def tags(self, beginning: str = "") -> Iterator[tuple[str, bytes]]:
        """Names of tags, and the commit of each, by name."""
        after_them = beginning + "\U0010ffff"
        question = "SELECT name, made FROM tag WHERE name >= ? AND name < ? ORDER BY name"
        yield from self.database.execute(question, [beginning, after_them])

    def tagged(self, name: str) -> bytes | None:
        row = self.database.execute("SELECT made FROM tag WHERE name = ?", [name]).fetchone()
        return row[0] if row else None

    def add_tag(self, name: str, made: bytes) -> None:
        self.database.execute("INSERT OR IGNORE INTO tag VALUES (?, ?)", [name, made])

    # --- Plugins ---

    def renames(self) -> dict[str, str | None]:
        """What plugins were called before, with their names now; None where they are offered no more."""
        rows = self.database.execute(
            "SELECT plugin_name.name, CASE WHEN tree IS NULL THEN NULL ELSE plugin.name END "
            "FROM plugin_name JOIN plugin USING (owner) WHERE tree IS NULL OR plugin.name != plugin_name.name"
        )
        return dict(rows.fetchall())

    def plugins_on_offer(self) -> int:
        return int(self.database.execute("SELECT count(*) FROM plugin WHERE tree IS NOT NULL").fetchone()[0])

    def plugin_files(self, tree: bytes) -> list[tuple[str, bytes]] | None:
        """The files of the plugin whose tree this is, by their paths; None where there is no such plugin."""
        try:
            parts = {name: (mode, id) for mode, name, id in entries_of(self.content(tree))}
        except (KeyError, ValueError):  # no object, or none that is a tree
            return None
        if parts.keys() != {b".claude-plugin", b"agents"}:
            return None
        files = []
        for folder in sorted(parts):
            for _, name, id in entries_of(self.content(parts[folder][1])):
                files.append((f"{folder.decode()}/{name.decode()}", self.content(id)))
        return files


def _in_batches(items: list[Item]) -> Iterator[list[Item]]:
    return (items[first : first + AT_ONCE] for first in range(0, len(items), AT_ONCE))
