"""What a coding tool installs: the files of a plugin, of an agent or a collection. Imports `exports`, `archive`.

Everything here follows from published files and from the log of what was published, never from settings or from what
may be edited later: the git repository is made of it, and its commits must be the same everywhere and for ever. So a
change of what these functions give is a new repository (`repository.store.FORMAT`).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from catalog.definition import DEVICE, read, title_of
from catalog.exports import Outcome, export_published

from .archive import zipped

MANIFEST = ".claude-plugin/plugin.json"
AGENTS = "agents"
DESCRIPTION_MAX = 500  # characters in a manifest
IN_LIST_MAX = 120  # characters in marketplace.json, which every client reads whole
FLAT_UP_TO = 1_000  # plugins in one folder; more are spread over shelves

# Names that every client takes. Claude Code 2.1 warns of these words wherever they stand between hyphens, and reserves
# that beginning; Copilot CLI 1.0 takes 64 characters, and no plugin at all where one has more; Qwen Code 0.24 takes a
# first digit for a part of the address.
NAME_MAX = 64
_ENDED = re.compile(r"""[.!?。！？…]["'”’»)\]]*$""")  # a sentence, in whatever language
_RESERVED_WORDS = {"claude": "cc", "claudecode": "cc", "anthropic": "ant", "anthropics": "ant"}
_RESERVED_BEGINNING = "cc-plugin-"
_AUTHOR = {"name": "Agent Catalog"}


@dataclass(frozen=True)
class AgentFile:
    """An agent as it stands in a plugin: its file in the form plugins are read in."""

    name: str
    filename: str
    content: bytes
    description: str
    left_out: tuple[str, ...]  # fields of the source that plugins ignore


def agent_file(source: str) -> AgentFile | None:
    """The file of a published source; None where plugins cannot hold it."""
    definition = read(source)
    made = export_published(definition, "claude-plugin")
    if made.content is None or not definition.name:
        return None
    left_out = tuple(line.field for line in made.report if line.outcome is Outcome.DROPPED)
    return AgentFile(made.name, made.filename, made.content, definition.lead or definition.description, left_out)


def plugin_name(name: str) -> str:
    """The name of an agent or a collection as every client lets a plugin be called.

    ASCII, a letter first, at most 64 characters, and no word that a client reserves.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = [_RESERVED_WORDS.get(word, word) for word in plain.split("-") if word]
    if not words:  # of a script that has no letter in ASCII
        return f"agent-{sha256(name.encode()).hexdigest()[:8]}"
    adapted = "-".join(words)
    if adapted.startswith(_RESERVED_BEGINNING) or adapted[0].isdigit() or DEVICE.fullmatch(adapted):
        adapted = f"agent-{adapted}"
    if len(adapted) > NAME_MAX:
        adapted = f"{adapted[: NAME_MAX - 9].rstrip('-')}-{sha256(name.encode()).hexdigest()[:8]}"
    return adapted


def adaptation(name: str, plugin: str) -> str:
    """A sentence for people where a plugin is called otherwise than what it holds, else ""."""
    if name == plugin:
        return ""
    if plugin == plugin_name(name):
        return f"The plugin is called {plugin}, because some tools do not let a plugin be called {name}."
    return f"The plugin is called {plugin}, because another one is called {plugin_name(name)}."


# --- Manifests ----------------------------------------------------------------------------------------------


def agent_manifest(plugin: str, name: str, number: int, digest: str, file: AgentFile, warning: str) -> dict[str, Any]:
    """What plugin.json says of one agent, but for the version. `warning` is said before the description."""
    about: dict[str, Any] = {"agent": name, "number": number, "digest": digest}
    if file.left_out:
        about["leftOut"] = list(file.left_out)
    if note := adaptation(name, plugin):
        about["note"] = note
    return {
        "name": plugin,
        "displayName": title_of(name),
        "description": cut(f"{warning} {file.description}", DESCRIPTION_MAX),
        "author": _AUTHOR,
        "metadata": about,
    }


def collection_manifest(plugin: str, name: str, title: str, members: Mapping[str, int]) -> dict[str, Any]:
    """What plugin.json says of a collection, but for the version: the agents by name, with their numbers."""
    names = ", ".join(members)
    count = "1 agent" if len(members) == 1 else f"{len(members)} agents"
    note = adaptation(name, plugin)
    about = {"collection": name, "agents": dict(members)} | ({"note": note} if note else {})
    return {
        "name": plugin,
        "displayName": title,
        "description": cut(f"{title}: {count} ({names})", DESCRIPTION_MAX),
        "author": _AUTHOR,
        "metadata": about,
    }


def warning_of(deprecation: str | None, successor: str) -> str:
    """What is said before the description of an agent that is not to be used any more; "" for any other."""
    if deprecation is None:
        return ""
    reason = deprecation.strip().rstrip(":;,")
    if reason and not _ENDED.search(reason):
        reason += "."
    instead = f"Use {successor}." if successor else ""
    return " ".join(f"Deprecated: {reason} {instead}".split()) if reason or instead else "Deprecated."


def version_of(major: int, minor: int) -> str:
    """The version of a plugin: it rises with every change of what the plugin gives, also with a withdrawal."""
    return f"{major}.{minor}.0"


def with_version(manifest: Mapping[str, Any], version: str) -> bytes:
    """plugin.json."""
    named = {"name": manifest["name"], "version": version}
    return _json({**named, **manifest}, indent=2)


def basis_of(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> str:
    """Differs where anything of a plugin does but for its version. `files` are digests by name."""
    told = [_json(manifest), *(f"{name} {digest.hex()}".encode() for name, digest in sorted(files.items()))]
    return sha256(b"\n".join(told)).hexdigest()


# --- The list -------------------------------------------------------------------------------------------------


def shelf_of(name: str) -> str:
    """Of a plugin's folder in a large catalog: one of 256 that are equally full, however names begin."""
    return sha256(name.encode()).hexdigest()[:2]


def folder_of(name: str, shelf: str) -> str:
    return f"plugins/{shelf}/{name}" if shelf else f"plugins/{name}"


def list_entry(name: str, shelf: str, version: str, description: str) -> bytes:
    """The line of a plugin in marketplace.json, for who reads it from the repository.

    On shelves it tells no version: clients go by the one in plugin.json, and a list of thousands of plugins that
    is another one with every publication would be most of what a clone has to read.
    """
    told = {"name": name, "source": f"./{folder_of(name, shelf)}"} | ({} if shelf else {"version": version})
    return b"    " + _json(told | {"description": description})


def list_pieces(marketplace: str, entries: Sequence[bytes], renames: Mapping[str, str | None]) -> list[bytes]:
    """marketplace.json, a plugin a line, in lines: two of them differ in the lines of few plugins."""
    head = {
        "name": marketplace,
        "owner": {"name": "Agent Catalog"},
        "description": "The AI coding agents of a team: written, reviewed and published in its Agent Catalog.",
    }
    lines = _json(head, indent=2).removesuffix(b"\n}\n").splitlines()
    lines[-1] += b","
    lines.append(b'  "plugins": [' if entries else b'  "plugins": []')
    lines += [entry + b"," for entry in entries[:-1]]
    lines += entries[-1:]
    if entries:
        lines.append(b"  ]")
    if renames:
        lines[-1] += b","
        lines.append(b'  "renames": {')
        told = [b"    " + _json(old) + b": " + _json(new) for old, new in sorted(renames.items())]
        lines += [line + b"," for line in told[:-1]] + [told[-1], b"  }"]
    lines.append(b"}")
    return [line + b"\n" for line in lines]


# --- In an archive --------------------------------------------------------------------------------------------


def archived(files: Iterable[tuple[str, bytes]]) -> bytes:
    """The .zip of a plugin's files: the same bytes wherever it is made."""
    return b"".join(zipped(files))


def plugin_named(files: Iterable[tuple[str, bytes]]) -> str:
    """The name of the plugin that has these files."""
    return str(json.loads(dict(files)[MANIFEST])["name"])


def archive_digest(files: Iterable[tuple[str, bytes]]) -> str:
    """The SHA-256 of that, in hexadecimal digits."""
    return sha256(archived(files)).hexdigest()


def cut(text: str, most: int) -> str:
    """One line of at most so many characters, cut between words where there are any."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    kept = line[:most]  # with the character behind, which may be the space that ends a word
    whole, space, _ = kept.rpartition(" ")
    return (whole if len(whole) > most // 2 and space else kept[:-1]).rstrip(" ,;:") + "…"


def _json(value: object, indent: int | None = None) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return (text + "\n" if indent else text).encode()
