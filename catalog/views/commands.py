"""The commands that bring something of the catalog into a coding tool, from the catalog's own address.

Each was tried with the tool itself. Imports `distribution`.
"""

from __future__ import annotations

import re
import shlex

from django.conf import settings
from django.urls import reverse

from catalog.distribution.exported import SOURCE
from catalog.distribution.marketplace import repository_address

Command = tuple[str, ...]  # in the parts between which a line may best be broken

# The tools that install plugins of the catalog, by their keys, and their programs.
CLIENTS = {SOURCE: "claude", "copilot": "copilot", "qwen": "qwen"}
HOLDER = "$CATALOG_TOKEN"  # of the token, for whoever reads a private catalog

_NEEDS_NO_QUOTES = re.compile(r"[\w@%+:,./~-]+")
_READ_IN_QUOTES = re.compile(r'["$`\\!]')


def quoted(text: str) -> str:
    """In double quotes, where it needs any: all shells know these, Windows' own too."""
    if _NEEDS_NO_QUOTES.fullmatch(text):
        return text
    if text.startswith("~/"):  # which is somebody's home outside of quotes alone
        return f"~/{quoted(text[2:])}"
    return shlex.quote(text) if _READ_IN_QUOTES.search(text) else f'"{text}"'


def absolute(path: str) -> str:
    return settings.CATALOG_BASE_URL + path


# --- Files ----------------------------------------------------------------------------------------------------


def fetched(path: str, address: str, how: str = "curl --create-dirs -fsSLo") -> Command:
    """A file of the catalog, with the folders it belongs into; no file where there is none to be had."""
    token = [f'-H "Authorization: Bearer {HOLDER}"'] if settings.CATALOG_PRIVATE else []
    return (how, quoted(path), *token, quoted(address))


def unpacked(filename: str, address: str, folder: str = "") -> Command:
    """The files of an archive, into `folder` or to where the archive has them. `unzip` asks before it replaces one."""
    file = quoted(filename)
    saved = fetched(filename, address, "curl -fsSLo")
    if folder:  # `unzip` makes one folder, not two
        return (f"mkdir -p {folder} &&", *saved, f"&& unzip {file}", f"'*.md' -d {folder}", f"&& rm {file}")
    return (*saved, f"&& unzip {file}", "-x manifest.json", f"&& rm {file}")


def scripted(agent: str) -> tuple[Command, ...]:
    """With the script that remembers which version it installed. `agent` may say which: `code-reviewer@3`."""
    return (
        fetched("install.py", absolute(reverse("catalog:installer"))),
        ("python3 install.py", quoted(agent)),
    )


# --- Plugins and packages ---------------------------------------------------------------------------------------


def repository(beside: str = "") -> str:
    """The address of the repository as it stands in a command, with what a tool reads behind it."""
    if settings.CATALOG_PRIVATE:
        return f'"{repository_address(f"x:{HOLDER}")}{beside}"'
    return quoted(repository_address() + beside)


def by_itself(key: str, plugin: str, tag: str = "") -> tuple[Command, ...]:
    """What one of CLIENTS is told to install a plugin of the catalog, be it as it was at a tag."""
    if CLIENTS[key] == "qwen":
        pinned = (f"--ref {quoted(tag)}",) if tag else ()
        return (("qwen extensions install", repository(f":{plugin}"), *pinned, "--consent"),)
    # To add it again does no harm: Claude Code is content with that, Copilot CLI says that it is there.
    return (
        (f"{CLIENTS[key]} plugin marketplace add", repository(f"#{tag}" if tag else "")),
        (f"{CLIENTS[key]} plugin install", f"{plugin}@{settings.CATALOG_MARKETPLACE}"),
    )


def updated(key: str, plugin: str) -> tuple[Command, ...]:
    """What one of CLIENTS is told to bring a plugin up to date."""
    if CLIENTS[key] == "qwen":
        return (("qwen extensions update", plugin),)
    return (
        (f"{CLIENTS[key]} plugin marketplace update", settings.CATALOG_MARKETPLACE),
        (f"{CLIENTS[key]} plugin update", f"{plugin}@{settings.CATALOG_MARKETPLACE}"),
    )


def lets_apm_read() -> bool:
    """Whether the Agent Package Manager gets in: it sends its token over https alone."""
    return not settings.CATALOG_PRIVATE or settings.CATALOG_BASE_URL.startswith("https://")


def known_to_apm() -> tuple[Command, ...]:
    """What makes the catalog a registry of the Agent Package Manager, once on a machine."""
    token = ((f'export APM_REGISTRY_TOKEN_CATALOG="{HOLDER}"',),) if settings.CATALOG_PRIVATE else ()
    return (
        *token,
        ("apm experimental enable registries",),
        ("apm config set registry.catalog.url", quoted(absolute("/apm"))),
        ("apm config set registry.catalog.default true",),
    )


def packaged(name: str, versions: str) -> tuple[Command, ...]:
    """An agent as a package; `versions` is `3.0.0`, or `>=3.0.0`."""
    return (("apm install", f'"agents/{name}#{versions}"', "--target claude"),)


def cloned(tag: str = "") -> tuple[Command, ...]:
    """The repository, be it as it was at a tag."""
    return (("git clone", *((f"--branch {quoted(tag)}",) if tag else ()), repository()),)
