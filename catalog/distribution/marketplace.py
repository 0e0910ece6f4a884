"""marketplace.json for tools that ask for it by its address. Imports `repository`.

The same plugins as in the git repository, under the same versions. Tools know no paths beside an address of JSON, so
that every plugin says where it is: at a commit of the repository, or in an archive that is pinned by its digest.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from django.conf import settings
from django.urls import reverse

from .plugins import folder_of, version_of
from .repository import Store

MOST = 5 << 20  # bytes: clients read no more (Claude Code 2.1)


class Standing(NamedTuple):
    """A plugin as it is on offer: where it lies, and since which commit."""

    name: str
    shelf: str
    major: int
    minor: int
    description: str
    tree: bytes
    archive: str  # the SHA-256 of its .zip
    commit: bytes


_STANDING = """
    SELECT plugin.name, shelf, major, minor, entry, plugin.tree, archive, made.id
    FROM plugin JOIN made ON made.number = plugin.made WHERE plugin.tree IS NOT NULL ORDER BY plugin.name
"""


def marketplace(store: Store, credentials: str = "") -> bytes:
    """The document. Where the descriptions would make it larger than clients read, it has none.

    `credentials` (`user:secret`, quoted for addresses) are those of its one reader, for what it has to ask next.
    """
    standing = [Standing(*row) for row in store.database.execute(_STANDING)]
    content = _written(store, standing, credentials, with_descriptions=True)
    return content if len(content) <= MOST else _written(store, standing, credentials, with_descriptions=False)


def _written(store: Store, standing: list[Standing], credentials: str, *, with_descriptions: bool) -> bytes:
    address = repository_address(credentials)
    document: dict[str, Any] = {
        "name": settings.CATALOG_MARKETPLACE,
        "owner": {"name": settings.CATALOG_NAME, "url": settings.CATALOG_BASE_URL + "/"},
        "description": f"The agents of {settings.CATALOG_NAME}.",
        "plugins": [_entry(one, address, with_descriptions) for one in standing],
    }
    if renames := store.renames():
        document["renames"] = renames
    return (json.dumps(document, ensure_ascii=False) + "\n").encode()


def _entry(one: Standing, address: str, with_description: bool) -> dict[str, Any]:
    entry = {"name": one.name, "source": _source(one, address), "version": version_of(one.major, one.minor)}
    return entry | ({"description": one.description} if with_description else {})


def _source(one: Standing, repository: str) -> dict[str, str]:
    """An archive where clients take one: over https, not from their own machine, and without credentials."""
    if settings.HTTPS and not settings.LOOPBACK and not settings.CATALOG_PRIVATE:
        address = reverse("catalog:plugin_archive", args=[one.name, one.tree.hex()])
        return {"source": "archive", "url": settings.CATALOG_BASE_URL + address, "sha256": one.archive}
    return {
        "source": "git-subdir",
        "url": repository,
        "path": folder_of(one.name, one.shelf),
        "sha": one.commit.hex(),
    }


def repository_address(credentials: str = "") -> str:
    """Where the git repository is, as it is given to clients: they know it for one by its ending."""
    address = settings.CATALOG_BASE_URL + reverse("catalog:git_home").rstrip("/")
    return address.replace("://", f"://{credentials}@", 1) if credentials else address
