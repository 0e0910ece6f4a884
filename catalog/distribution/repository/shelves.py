"""The plugins of the repository as they stand: their rows, trees and the list of them. Imports `plugins`, `store`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from typing import NamedTuple

from catalog.distribution.plugins import FLAT_UP_TO, list_entry, list_pieces, shelf_of, version_of

from .objects import FILE, FOLDER, Entry, Kind, entries_of, tree_lines
from .store import Store

README = b"""# Agent Catalog

AI coding agents, each one a plugin under `plugins/`. This repository is made by an Agent Catalog from what was
published there: install from it with your coding tool, or read the pages of the catalog it came from.
Every commit is one publication; a tag such as `code-reviewer--v3` is one version of one agent.
"""


def name_beside(wanted: str, owner: str) -> str:
    """What a plugin is called where another one had the name it wants; numbers come behind that."""
    return f"{wanted}-agent" if owner.startswith("a") else f"{wanted}-collection"


class Plugin(NamedTuple):
    """What a plugin gives: the numbers of its version, what tells it from the last one, and where it is kept."""

    major: int
    minor: int
    basis: str
    entry: str  # the description in the list
    tree: bytes
    archive: str  # the SHA-256 of its .zip


class Shelves:
    """The plugins on offer, for as long as one process makes commits.

    What was written last is kept in pieces, because the next one differs from it in a few of them.
    """

    def __init__(self, store: Store, marketplace: str) -> None:
        self.store, self.marketplace = store, marketplace
        self.is_large = bool(store.noted("large"))
        self.entries: dict[str, bytes] = {}
        rows = store.database.execute("SELECT name, shelf, major, minor, entry FROM plugin WHERE tree IS NOT NULL")
        for name, shelf, major, minor, description in rows:
            self._enter(name, shelf, version_of(major, minor), description)
        self.changed: set[str] = set()  # shelves
        self._pieces: dict[bytes, list[bytes]] = {}  # of trees and lists written last, by id

    # --- Names ---

    def name_for(self, owner: str, wanted: str) -> str:
        """The name that a plugin has or gets: `wanted`, unless another one ever had that."""
        beside = name_beside(wanted, owner)
        for name in chain([wanted, beside], (f"{beside}-{number}" for number in count(2))):
            row = self.store.database.execute("SELECT owner FROM plugin_name WHERE name = ?", [name]).fetchone()
            if row is None or row[0] == owner:
                return name
        raise AssertionError("there is always another number")

    # --- One plugin ---

    def offer(self, owner: str, name: str, plugin: Plugin) -> None:
        """Put a plugin on its shelf, in the place of what its owner gave before."""
        before = self._row(owner)
        if before and before[0] != name:
            self._take_away(before[0], before[1])
        shelf = shelf_of(name) if self.is_large else ""
        self.store.database.execute(
            "INSERT OR REPLACE INTO plugin (owner, name, shelf, major, minor, basis, entry, tree, archive, made) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT max(number) + 1 FROM made))",
            [owner, name, shelf, *plugin],
        )
        self.store.database.execute("INSERT OR IGNORE INTO plugin_name VALUES (?, ?)", [name, owner])
        self._enter(name, shelf, version_of(plugin.major, plugin.minor), plugin.entry)
        self.changed.add(shelf)

    def withdraw(self, owner: str) -> None:
        """Offer a plugin no more. Twice is once."""
        if row := self._row(owner):
            self._take_away(*row)
            self.store.database.execute("UPDATE plugin SET tree = NULL, basis = '' WHERE owner = ?", [owner])

    def _row(self, owner: str) -> tuple[str, str] | None:
        question = "SELECT name, shelf FROM plugin WHERE owner = ? AND tree IS NOT NULL"
        row: tuple[str, str] | None = self.store.database.execute(question, [owner]).fetchone()
        return row

    def _enter(self, name: str, shelf: str, version: str, description: str) -> None:
        self.entries[name] = list_entry(name, shelf, version, description)

    def _take_away(self, name: str, shelf: str) -> None:
        self.entries.pop(name, None)
        self.changed.add(shelf)

    # --- All of them ---

    def root(self) -> bytes:
        """The id of the tree of everything, as it is now."""
        self._spread()
        store = self.store
        listed = self._written(Kind.BLOB, "list", list_pieces(self.marketplace, self._in_order(), store.renames()))
        about = store.add(Kind.TREE, b"".join(tree_lines([Entry(FILE, "marketplace.json", listed)])))
        entries = [Entry(FOLDER, ".claude-plugin", about), Entry(FILE, "README.md", store.add(Kind.BLOB, README))]
        if self.entries or self.is_large:
            plugins = self._plugins()
        if self.entries:
            entries.append(Entry(FOLDER, "plugins", plugins))
        return store.add(Kind.TREE, b"".join(tree_lines(entries)))

    def _in_order(self) -> list[bytes]:
        return [self.entries[name] for name in sorted(self.entries)]

    def _spread(self) -> None:
        """Once there are many plugins they stand on shelves, for good: with each change a tree is written anew."""
        if self.is_large or len(self.entries) <= FLAT_UP_TO:
            return
        self.is_large = True
        self.store.note("large", "yes")
        database = self.store.database
        rows = database.execute("SELECT owner, name, major, minor, entry FROM plugin WHERE tree IS NOT NULL").fetchall()
        for owner, name, major, minor, description in rows:
            shelf = shelf_of(name)
            placing = "UPDATE plugin SET shelf = ?, made = (SELECT max(number) + 1 FROM made) WHERE owner = ?"
            database.execute(placing, [shelf, owner])
            self._enter(name, shelf, version_of(major, minor), description)
            self.changed.add(shelf)

    def _plugins(self) -> bytes:
        if not self.is_large:
            return self._written(Kind.TREE, "plugins", tree_lines(self._standing_on("")))
        self.changed.discard("")
        for shelf in sorted(self.changed):
            lines = tree_lines(self._standing_on(shelf))
            self.store.note(f"shelf {shelf}", self._written(Kind.TREE, f"shelf {shelf}", lines).hex() if lines else "")
        self.changed.clear()
        rows = self.store.database.execute("SELECT key, value FROM noted WHERE key LIKE 'shelf __' AND value != ''")
        return self._written(
            Kind.TREE, "plugins", tree_lines(Entry(FOLDER, key[-2:], bytes.fromhex(value)) for key, value in rows)
        )

    def _standing_on(self, shelf: str) -> Iterator[Entry]:
        question = "SELECT name, tree FROM plugin WHERE shelf = ? AND tree IS NOT NULL"
        for name, tree in self.store.database.execute(question, [shelf]):
            yield Entry(FOLDER, name, tree)

    def _written(self, kind: Kind, called: str, pieces: Sequence[bytes]) -> bytes:
        """The id of something that is written again and again, stored as what differs from the last time."""
        key = f"last {called}"
        base = bytes.fromhex(self.store.noted(key)) or None
        before = self._before(kind, base) if base else []
        id = self.store.add_after(kind, pieces, base, before)
        if id != base:
            self.store.note(key, id.hex())
            if base:
                self._pieces.pop(base, None)
            self._pieces[id] = list(pieces)
        return id

    def _before(self, kind: Kind, id: bytes) -> list[bytes]:
        if id not in self._pieces:
            content = self.store.content(id)
            self._pieces[id] = list(_lines_of(content)) if kind is Kind.TREE else content.splitlines(keepends=True)
        return self._pieces[id]


def _lines_of(tree: bytes) -> Iterable[bytes]:
    return (b"%s %s\0%s" % line for line in entries_of(tree))
