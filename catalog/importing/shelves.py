"""Which category the folders of a file name. Imports `models` and `definition`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from catalog.definition import fold_name
from catalog.definition.names import title_of
from catalog.models import NAME_MAX_LENGTH, Category

from .candidates import printable

# Folders that say how a repository is built, not what its agents are about. Folded names.
_GENERIC = {
    *("agent", "agents", "ai-agents", "all-agents", "sub-agents", "subagents", "claude", "claude-code"),
    *("categories", "category", "components", "content", "definitions", "docs", "examples", "lib", "library"),
    *("packages", "plugin", "plugins", "prompts", "src", "templates"),
}
_LEADING_NUMBER = re.compile(r"^\d+[-_. ]+(?=.)")
_BRANCH = re.compile(r"-(?:main|master)$")  # the folder in an archive that GitHub makes of a branch


def category_name(folders: Sequence[str]) -> tuple[str, str] | None:
    """Name and title of the category that the innermost telling folder stands for, None where none tells.

    "01-core-development" gives ("core-development", "Core Development"); folders like "agents", "plugins" or
    ".claude" are passed over.
    """
    for folder in reversed(folders):
        plain = " ".join(re.split(r"[_\s]+", _LEADING_NUMBER.sub("", folder)))
        name = fold_name(plain)
        if not name or folder.startswith(".") or name in _GENERIC or _BRANCH.search(name):
            continue
        if len(name) > NAME_MAX_LENGTH:
            continue
        title = title_of(name) if plain == plain.lower() and plain.isascii() else plain
        return name, printable(title)[:200]
    return None


def category_of(folders: Sequence[str], *, may_make: bool) -> Category | None:
    """The row of the category that `folders` name; where it is missing, made or None."""
    found = category_name(folders)
    if found is None:
        return None
    name, title = found
    if not may_make:
        return Category.objects.filter(name=name).first()
    return Category.objects.get_or_create(name=name, defaults={"title": title})[0]
