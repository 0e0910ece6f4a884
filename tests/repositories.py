"""The git repository of a test's catalog, read without git."""

import json
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User

from catalog import collecting
from catalog.distribution.repository.making import bring_up_to_date
from catalog.distribution.repository.objects import FOLDER, entries_of
from catalog.distribution.repository.store import Made, Store
from catalog.models import Agent, Collection

MARKETPLACE = ".claude-plugin/marketplace.json"


class Repository:
    """The repository in one file, brought up to date when it is asked for anything."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path)

    def commits(self) -> list[Made]:
        """The oldest first."""
        bring_up_to_date(self.store, "agent-catalog")
        newest = self.store.newest()
        assert newest
        return [self.store.made_at(number) for number in range(1, newest.number + 1)]

    def ids(self) -> list[str]:
        return [made.id.hex() for made in self.commits()]

    def messages(self) -> list[str]:
        """The first lines of the commits after the beginning."""
        texts = [self.store.content(made.id).decode().partition("\n\n")[2] for made in self.commits()]
        return [text.splitlines()[0] for text in texts[1:]]

    def files(self, made: Made | None = None) -> dict[str, bytes]:
        return dict(self._below((made or self.commits()[-1]).tree, ""))

    def _below(self, tree: bytes, folder: str) -> list[tuple[str, bytes]]:
        found: list[tuple[str, bytes]] = []
        for mode, name, id in entries_of(self.store.content(tree)):
            path = folder + name.decode()
            found += self._below(id, f"{path}/") if mode == FOLDER else [(path, self.store.content(id))]
        return found

    def marketplace(self, made: Made | None = None) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.files(made)[MARKETPLACE])
        return document

    def plugins(self) -> dict[str, str]:
        """Names and versions of what is on offer."""
        return {entry["name"]: entry["version"] for entry in self.marketplace()["plugins"]}

    def manifest(self, plugin: str) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads(self.files()[f"plugins/{plugin}/.claude-plugin/plugin.json"])
        return manifest

    def tags(self) -> dict[str, str]:
        self.commits()
        return {name: id.hex() for name, id in self.store.tags()}


def collection_of(title: str, *agents: Agent, by: User) -> Collection:
    collection = collecting.create(title, by=by)
    collecting.set_members(collection, [(agent, "") for agent in agents], by=by)
    collecting.publish(collection, by=by)
    return collection
