"""The ways of an agent or a collection into each coding tool, as pages offer them.

What a tool installs with a command of its own comes first; files do everywhere else. Imports `commands`, and of the
catalog `distribution`, `exports`, `models` and the definition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext

from catalog.definition import Definition, stem_of
from catalog.distribution.exported import SOURCE, export_of, path_of
from catalog.distribution.losses import ORDER, Among, Losses, losses_among, losses_of
from catalog.distribution.plugins import plugin_name
from catalog.distribution.repository import plugin_called
from catalog.exports import TOOLS, Export, Tool
from catalog.models import Agent, Collection, Version

from . import commands
from .commands import CLIENTS, Command, absolute, fetched

OTHERS = ORDER[1:]  # a plugin is one of the ways into Claude Code
_TAKEN_BY_APM = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to install something: what it does, and the commands that do it."""

    label: str
    commands: tuple[Command, ...]
    note: str = ""
    losses: Losses | None = None  # of the file that comes this way; None where it is the source itself
    among: Among | None = None  # the same of several agents

    @property
    def widens(self) -> bool:
        """Whether an agent that comes this way may do more than its file allows."""
        return bool((self.losses and self.losses.widened) or (self.among and self.among.widened))

    @property
    def text(self) -> str:
        """What is copied: a line for each command."""
        return "\n".join(" ".join(command) for command in self.commands)


@dataclass(frozen=True, slots=True)
class ForTool:
    """A tool, and the ways into it; the first is the one to take."""

    key: str
    title: str
    ways: tuple[Way, ...]
    refusals: tuple[str, ...] = ()  # why the tool cannot take it: then there is no way
    filename: str = ""  # of its file, if it reads one
    path: str = ""  # where that is
    pinned_path: str = ""  # where it is what this page shows
    steps: int = 1  # how many of the ways are steps of the first one
    has_update: bool = False  # whether one of the others is how to update what was installed

    @property
    def first(self) -> tuple[Way, ...]:
        return self.ways[: self.steps]

    @property
    def others(self) -> tuple[Way, ...]:
        return self.ways[self.steps :]


# --- An agent -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Offer:
    """A version as its page offers it: as the latest, whichever that will be, or for good under its number."""

    name: str
    number: int
    definition: Definition
    is_pinned: bool
    is_yanked: bool
    present_plugin: str  # what the agent's plugin is called now

    @property
    def which(self) -> str | int:
        return self.number if self.is_pinned else "latest"

    @property
    def source(self) -> str:
        return self.pinned_source if self.is_pinned else reverse("catalog:agent_source", args=[self.name])

    @property
    def pinned_source(self) -> str:
        return reverse("catalog:version_source", args=[self.name, self.number])

    @property
    def own_name(self) -> str:
        """The one it was published under: its agent may be called otherwise by now."""
        return self.definition.name if self.is_pinned else self.name

    @property
    def is_plugin(self) -> bool:
        """What was withdrawn is none any more, and some files cannot be one."""
        return not (self.is_yanked or self.export("claude-plugin").is_refused)

    @property
    def plugin(self) -> str:
        """What it was or is called."""
        return self.present_plugin if self.own_name == self.name else plugin_name(self.own_name)

    @property
    def tag(self) -> str:
        """Of the commit with which it was published."""
        return f"{self.own_name}--v{self.number}" if self.is_pinned else ""

    def export(self, key: str) -> Export:
        return export_of(self.definition.digest, lambda: self.definition, key)


def ways_of_agent(agent: Agent, version: Version, *, is_pinned: bool) -> list[ForTool]:
    """Those of a version, under its number or as the latest."""
    plugin = plugin_called(agent)
    offer = _Offer(agent.name, version.number, version.definition, is_pinned, version.is_yanked, plugin)
    return [_into_claude(offer), *(_into(TOOLS[key], offer) for key in OTHERS), *_into_several(offer)]


def _into_claude(offer: _Offer) -> ForTool:
    tool, filename = TOOLS[SOURCE], f"{stem_of(offer.name)}.md"
    file = Way(_in_project(), (fetched(f"{tool.folder}/{filename}", absolute(offer.source)),))
    plugins = _as_plugin(SOURCE, offer)
    script = commands.scripted(f"{offer.name}@{offer.number}" if offer.is_pinned else offer.name)
    scripted = Way(gettext("With a script that notes the version, and updates it"), script)
    everywhere = fetched(f"{tool.user_folder}/{filename}", absolute(offer.source))
    person = Way(_everywhere(), (everywhere,))
    ways = [*_best_first(plugins, file, is_pinned=offer.is_pinned), person, scripted]
    has_update = bool(plugins) and not offer.is_pinned
    addresses = (offer.source, offer.pinned_source)
    return ForTool(SOURCE, tool.title, tuple(ways), (), filename, *addresses, has_update=has_update)


def _into(tool: Tool, offer: _Offer) -> ForTool:
    made = offer.export(tool.key)
    if made.is_refused:
        return ForTool(tool.key, _title(tool), (), losses_of(made).refusals)
    path, pinned_path = (path_of(offer.name, which, tool.key) for which in (offer.which, offer.number))
    plugins = _as_plugin(tool.key, offer) if tool.key in CLIENTS else []
    # Tried with Codex CLI 0.171: the roles of a project count once its folder is trusted.
    note = gettext("Codex reads it once you have told it to trust the project.") if tool.key == "codex" else ""
    project = Way(_in_project(), (fetched(made.path, absolute(path)),), note, losses_of(made))
    person = Way(_everywhere(), (fetched(made.user_path, absolute(path)),))
    ways = [*_best_first(plugins, project, is_pinned=offer.is_pinned), person]
    has_update = bool(plugins) and not offer.is_pinned
    return ForTool(tool.key, _title(tool), tuple(ways), (), made.filename, path, pinned_path, has_update=has_update)


def _as_plugin(key: str, offer: _Offer) -> list[Way]:
    """None for what is no plugin; one for a version that stays as it is; else a second one that updates it."""
    if not offer.is_plugin:
        return []
    installed = _installed_as_plugin(key, offer)
    return [installed] if offer.is_pinned else [installed, _updated(key, offer.plugin)]


def _best_first(plugins: list[Way], file: Way, *, is_pinned: bool = False) -> list[Way]:
    """What a tool does by itself, unless the file is pinned more surely, or holds a limit that the plugin cannot."""
    is_wider = bool(plugins) and plugins[0].widens and not file.widens
    return [file, *plugins] if is_pinned or is_wider else [*plugins, file]


def _updated(key: str, plugin: str) -> Way:
    return Way(gettext("To update it later"), commands.updated(key, plugin))


def _installed_as_plugin(key: str, offer: _Offer) -> Way:
    """The same plugin in every tool, so that it loses the same: that of its own format is lost with its file."""
    told, losses = commands.by_itself(key, offer.plugin, offer.tag), losses_of(offer.export("claude-plugin"))
    called = _adapted(offer.own_name, offer.plugin)
    if len(told) == 1:
        return Way(gettext("With its own command"), told, called, losses)
    if not offer.is_pinned:
        return Way(gettext("With its own commands: adds this catalog, then the agent"), told, called, losses)
    # A tool knows a catalog in one state (tried: it refuses to add it in another one).
    note = gettext("Only where this catalog is not added yet: it is added as it was then.")
    return Way(gettext("With its own commands"), told, f"{note} {called}".strip(), losses)


def _adapted(name: str, plugin: str) -> str:
    """What is said where a plugin is called otherwise than what it holds."""
    if name == plugin:
        return ""
    text = gettext("The plugin is called %(plugin)s: some tools do not take %(name)s, or another plugin is called so.")
    return text % {"plugin": plugin, "name": name}


def _into_several(offer: _Offer) -> Iterator[ForTool]:
    """What brings agents to several tools."""
    if offer.is_yanked:
        return
    if _TAKEN_BY_APM.fullmatch(offer.own_name) and commands.lets_apm_read():
        versions = f"{offer.number}.0.0" if offer.is_pinned else f">={offer.number}.0.0"
        once = Way(gettext("With the Agent Package Manager: once on your machine"), commands.known_to_apm())
        then = Way(gettext("Then in your project’s folder"), commands.packaged(offer.own_name, versions))
        yield ForTool("apm", "apm", (once, then), steps=2)
    yield _cloned(offer.tag)


def _cloned(tag: str = "") -> ForTool:
    if tag:
        label = gettext("All agents as they were when this version was published")
    else:
        label = gettext("All agents of the catalog, with their history")
    return ForTool("git", "git", (Way(label, commands.cloned(tag)),))


def _in_project() -> str:
    return gettext("In your project’s folder")


def _everywhere() -> str:
    return gettext("For all your projects")


def _title(tool: Tool) -> str:
    """Without the name of its maker, to find it in a row of names."""
    return tool.title.removeprefix("GitHub ").removeprefix("OpenAI ").removeprefix("Factory ")


# --- A collection ---------------------------------------------------------------------------------------------


def ways_of_collection(collection: Collection, agents: Sequence[Agent]) -> list[ForTool]:
    """Those of a published collection of these agents: as one plugin, or as an archive of files."""
    name, plugin = collection.name, plugin_called(collection)
    as_plugin = losses_among(agents, "claude-plugin")
    into = (_collection_into(TOOLS[key], name, plugin, agents, as_plugin) for key in (SOURCE, *OTHERS))
    return [*into, _cloned()]


def _collection_into(tool: Tool, name: str, plugin: str, agents: Sequence[Agent], as_plugin: Among) -> ForTool:
    plugins = []
    if tool.key in CLIENTS:
        installed = replace(_collection_as_plugin(tool.key, plugin, _adapted(name, plugin)), among=as_plugin)
        plugins = [installed, _updated(tool.key, plugin)]
    if tool.key == SOURCE:
        path, filename, folder = reverse("catalog:collection_archive", args=[name]), f"{name}.zip", tool.folder
    else:
        asked = urlencode({"collection": name, "format": tool.key})
        path, filename, folder = f"{reverse('api:get_bundle')}?{asked}", f"{name}-{tool.key}.zip", ""
    among = None if tool.key == SOURCE else losses_among(agents, tool.key)
    files = Way(_in_project(), (commands.unpacked(filename, absolute(path), folder),), among=among)
    ways = tuple(_best_first(plugins, files))
    return ForTool(tool.key, _title(tool), ways, (), filename, path, has_update=bool(plugins))


def _collection_as_plugin(key: str, plugin: str, called: str) -> Way:
    told = commands.by_itself(key, plugin)
    if len(told) == 1:
        return Way(gettext("With its own command"), told, called)
    return Way(gettext("With its own commands: adds this catalog, then the collection"), told, called)
