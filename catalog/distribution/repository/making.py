"""The commits: each is what the publication log says up to a change, and the same wherever it is made.

Imports `log`, `shelves`, `store`, `objects`, and of the catalog `models` and `distribution.plugins`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from catalog.distribution import plugins
from catalog.models import Version

from .log import PUBLISHING, Ledger, Step, last_done, mark_of, number_in, steps
from .objects import FILE, FOLDER, Entry, Kind, commit, tree_lines
from .shelves import Plugin, Shelves
from .store import Store

AUTHOR = "Agent Catalog <agent-catalog@localhost>"
BEGINNING = 1_767_225_600  # 2026-01-01, the date of the first commit, which holds nothing yet
AT_ONCE = 50  # sources in memory
A_WHILE = 2.0  # seconds of one transaction, after which others see what is done so far


def bring_up_to_date(store: Store, marketplace: str) -> None:
    """Make the commits of everything that was published since the last one."""
    while not _is_up_to_date(store):
        with store.writing():
            _make_some(store, marketplace)


def make_anew(store: Store, marketplace: str) -> None:
    """Make all commits once more. Until they are done, whoever reads has those that were there."""
    with store.writing():
        store.forget()
        _make_some(store, marketplace, stops=False)


def _is_up_to_date(store: Store) -> bool:
    mark = store.noted("mark")
    return bool(mark) and mark_of(number_in(mark)) == mark and last_done() == number_in(mark)


def _make_some(store: Store, marketplace: str, *, stops: bool = True) -> None:
    """As many commits as are made in a while. Somebody else may have made some since this one looked.

    Where there were others before, all are made: nobody sees the repository go back.
    """
    mark = store.noted("mark")
    if mark and mark_of(number_in(mark)) != mark:
        store.forget()  # the database was put back, or is another one
        mark, stops = "", False
    if store.newest() is None:
        _begin(store, marketplace)
    maker = _Maker(store, marketplace)
    done = number_in(mark)
    until = time.monotonic() + A_WHILE
    for deed in steps(done, last_done()):
        maker.make(deed)
        done = deed[-1].number
        if stops and time.monotonic() > until:
            break
    store.note("mark", mark_of(done))


def _begin(store: Store, marketplace: str) -> None:
    tree = Shelves(store, marketplace).root()
    _add_commit(store, tree, BEGINNING, "Begin the catalog")


def _add_commit(store: Store, tree: bytes, at: int, message: str) -> bytes:
    newest = store.newest()
    at = max(at, newest.at if newest else 0)
    id = store.add(Kind.COMMIT, commit(tree, newest.id if newest else None, AUTHOR, at, message))
    store.add_made(id, tree, at)
    return id


class _Plugin(NamedTuple):
    """An agent's plugin on its way to the shelves."""

    agent: int
    name: str
    number: int
    version: int  # its key
    warning: str


class _Maker:
    """Makes one commit after the other."""

    def __init__(self, store: Store, marketplace: str) -> None:
        self.store, self.ledger = store, Ledger(store)
        self.shelves = Shelves(store, marketplace)

    def make(self, deed: list[Step]) -> None:
        """The commit of one deed, and its tags; none where the repository stays as it was."""
        owners: set[str] = set()
        for step in deed:
            owners |= self.ledger.take(step)
        if not owners:
            return
        agents = sorted(int(owner[1:]) for owner in owners if owner[0] == "a")
        for agent in agents:
            owners |= self.ledger.collections_of(agent)
        self._offer_agents(agents)
        for key in sorted(int(owner[1:]) for owner in owners if owner[0] == "c"):
            self._offer_collection(key)
        tree, newest = self.shelves.root(), self.store.newest()
        if newest is None or tree != newest.tree:
            made = _add_commit(self.store, tree, int(deed[-1].at.timestamp()), message_of(deed, self.ledger))
            self._tag(deed, made)

    # --- Agents ---

    def _offer_agents(self, agents: Iterable[int]) -> None:
        wanted = self._wanted(agents)
        while some := list(islice(wanted, AT_ONCE)):
            rows = Version.objects.filter(pk__in=[one.version for one in some]).values_list("pk", "source", "digest")
            sources = {pk: (source, digest) for pk, source, digest in rows}
            for one in some:
                self._offer_agent(one, *sources[one.version])

    def _wanted(self, agents: Iterable[int]) -> Iterator[_Plugin]:
        for key in agents:
            name, deprecation, successor = self.ledger.agent(key)
            offered = self.ledger.offered(key)
            if offered is None:
                self.shelves.withdraw(f"a{key}")
            else:
                yield _Plugin(key, name, *offered, plugins.warning_of(deprecation, successor))

    def _offer_agent(self, one: _Plugin, source: str, digest: str) -> None:
        owner = f"a{one.agent}"
        file = plugins.agent_file(source)
        if file is None:
            self.store.note(f"file {owner}", "")
            self.shelves.withdraw(owner)
            return
        name = self.shelves.name_for(owner, plugins.plugin_name(one.name))
        manifest = plugins.agent_manifest(name, one.name, one.number, digest, file, one.warning)
        blob = self.store.add(Kind.BLOB, file.content)
        self.store.note(f"file {owner}", f"{blob.hex()} {file.filename}")
        self._offer(owner, name, manifest, {file.filename: blob}, self.ledger.newest(one.agent))

    # --- Collections ---

    def _offer_collection(self, key: int) -> None:
        owner = f"c{key}"
        name, title, is_public = self.ledger.collection(key)
        files, members = self._members(key) if is_public else ({}, {})
        if not files:
            self.shelves.withdraw(owner)
            return
        plugin = self.shelves.name_for(owner, plugins.plugin_name(name))
        self._offer(owner, plugin, plugins.collection_manifest(plugin, name, title, members), files, 1)

    def _members(self, key: int) -> tuple[dict[str, bytes], dict[str, int]]:
        """The files of a collection's agents on offer, and their numbers by name."""
        files: dict[str, bytes] = {}
        numbers: dict[str, int] = {}
        for agent in self.ledger.members(key):
            offered, noted = self.ledger.offered(agent), self.store.noted(f"file a{agent}")
            if offered and noted:
                blob, _, filename = noted.partition(" ")
                files[filename] = bytes.fromhex(blob)
                numbers[self.ledger.agent(agent)[0]] = offered[0]
        return files, dict(sorted(numbers.items()))

    # --- Both ---

    def _offer(self, owner: str, name: str, manifest: dict[str, object], files: dict[str, bytes], major: int) -> None:
        """Put a plugin on its shelf, under the next version if anything of it is otherwise than before."""
        basis = plugins.basis_of(manifest, files)
        row = self.store.database.execute("SELECT major, minor, basis FROM plugin WHERE owner = ?", [owner]).fetchone()
        if row and row[2] == basis:
            return
        minor = row[1] + 1 if row and row[0] == major else 0
        described = plugins.with_version(manifest, plugins.version_of(major, minor))
        about = self._tree(Entry(FILE, "plugin.json", self.store.add(Kind.BLOB, described)))
        agents = self._tree(*(Entry(FILE, filename, blob) for filename, blob in files.items()))
        tree = self._tree(Entry(FOLDER, ".claude-plugin", about), Entry(FOLDER, plugins.AGENTS, agents))
        in_list = plugins.cut(str(manifest["description"]), plugins.IN_LIST_MAX)
        archive = plugins.archive_digest([(plugins.MANIFEST, described), *self._contents(files)])
        self.shelves.offer(owner, name, Plugin(major, minor, basis, in_list, tree, archive))

    def _contents(self, files: dict[str, bytes]) -> list[tuple[str, bytes]]:
        contents = dict(self.store.contents(set(files.values())))
        return [(f"{plugins.AGENTS}/{filename}", contents[files[filename]]) for filename in sorted(files)]

    def _tree(self, *entries: Entry) -> bytes:
        return self.store.add(Kind.TREE, b"".join(tree_lines(entries)))

    def _tag(self, deed: list[Step], made: bytes) -> None:
        """The versions that came with a deed and are what the commit gives."""
        for step in deed:
            if step.version is not None and step.verb in PUBLISHING and step.agent is not None:
                offered = self.ledger.offered(step.agent)
                if offered == (step.data["number"], step.version):
                    self.store.add_tag(f"{self.ledger.agent(step.agent)[0]}--v{offered[0]}", made)


# --- Messages ---------------------------------------------------------------------------------------------

_TOLD = {
    "published": "Publish",
    "restored": "Restore",
    "yanked": "Withdraw",
    "unyanked": "Offer again",
    "deprecated": "Deprecate",
    "undeprecated": "Recommend again",
}
_TOLD_OF_COLLECTIONS = {
    "collection-published": "Publish the collection",
    "collection-unpublished": "Take back the collection",
    "collection-deleted": "Delete the collection",
    "collection-filled": "Fill the collection",
    "collection-changed": "Change the collection",
}


def message_of(deed: list[Step], ledger: Ledger) -> str:
    """What a commit says: of one change which it was, of several how many, and the numbers of them in the log."""
    told = [step for step in deed if step.verb in _TOLD or step.verb == "renamed" or step.verb in _TOLD_OF_COLLECTIONS]
    first, last = deed[0].number, deed[-1].number
    changes = f"Change: {last}" if first == last else f"Changes: {first}-{last}"
    if len(told) == 1:
        note = f"\n\n{told[0].note.strip()}" if told[0].note else ""
        return f"{_subject(told[0], ledger)}{note}\n\n{changes}"
    return f"{_subject_of_many(told)}\n\n{changes}"


def _subject(step: Step, ledger: Ledger) -> str:
    if step.verb in _TOLD_OF_COLLECTIONS:
        return f"{_TOLD_OF_COLLECTIONS[step.verb]} {step.data['name']}"
    if step.verb == "renamed":
        return f"Rename {step.data['old']} to {step.data['new']}"
    name = ledger.agent(step.agent or 0)[0]
    number = f" {step.data['number']}" if "number" in step.data else ""
    return f"{_TOLD[step.verb]} {name}{number}"


def _subject_of_many(told: list[Step]) -> str:
    agents = {step.agent for step in told if step.agent is not None}
    if agents and all(step.verb == "published" for step in told):
        return f"Publish {len(agents)} agents"
    return f"Change {len(agents)} agents" if len(agents) > 1 else f"Make {len(told)} changes"
