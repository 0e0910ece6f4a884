"""Which tools a definition lets an agent use, in Claude Code's words: the basis of every other tool's list.

Source of the rules: formats.md 1.2 and 1.3. Imports `definition`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from catalog.definition import Definition
from catalog.definition.tools import OLD_NAMES, base_name, is_known, is_mcp, names_in

EVERY_MCP = "mcp__*"
_EVERYTHING = "*"
# What an agent that only reads has none of. Claude Code's mode `plan` refuses them.
CHANGERS = ("Write", "Edit", "NotebookEdit", "Bash", "PowerShell", "Monitor")
_CHANGERS_EVERYWHERE = frozenset(("Write", "Edit", "NotebookEdit", "Bash"))
_MOST_PATTERNS = 50  # for tools of one server that are looked at; with more of them the whole server is taken away
_WHOLE = ("", "*", ":*")  # brackets that leave the whole tool

Rules = tuple[str, ...]


@dataclass(frozen=True)
class Permissions:
    """What may be used. Names are those Claude Code has now; only `LS`, which other tools still have, stays."""

    # By name, in the file's order: the rules it is limited to, such as `git *`; without rules the whole tool.
    # None: every tool.
    allowed: Mapping[str, Rules] | None
    unknown: tuple[str, ...]  # names in the list that are no tool's
    denied: tuple[str, ...]  # taken away, whatever the list says
    is_plan: bool  # the mode that reads and plans, and changes nothing

    @cached_property
    def _denied(self) -> frozenset[str]:
        return frozenset(self.denied)

    @cached_property
    def _denied_patterns(self) -> Mapping[str, list[str]]:
        """By server what is taken away beside single tools: `*` of `mcp__a`, `get_*` of `mcp__a__get_*`."""
        found: dict[str, list[str]] = {}
        for server, tool in _mcp_names(self.denied):
            if "*" in tool:
                found.setdefault(server, []).append(tool.replace("[", "[[]").replace("?", "[?]"))
        return found

    @cached_property
    def _touched_servers(self) -> frozenset[str]:
        """Those of which anything is."""
        return frozenset(server for server, _ in _mcp_names(self.denied))

    @cached_property
    def _tools_of_servers(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for server, tool in _mcp_names(self.allowed or ()):
            found.setdefault(server, []).append(tool)
        return found

    @property
    def _denies_every_mcp(self) -> bool:
        return EVERY_MCP in self._denied or _EVERYTHING in self._denied

    def denies(self, name: str) -> bool:
        """Whether a tool, or a whole MCP server, is taken away."""
        if name in self._denied or _EVERYTHING in self._denied or (self.is_plan and name in CHANGERS):
            return True
        if not is_mcp(name):
            return False
        server, tool = server_of(name)
        patterns = self._denied_patterns.get(server, [])
        is_denied = len(patterns) > _MOST_PATTERNS or any(fnmatchcase(tool, pattern) for pattern in patterns)
        return is_denied or self._denies_every_mcp

    def denies_part_of(self, name: str) -> bool:
        """Whether some of what `mcp__server`, `mcp__server__*` or `mcp__*` stands for is taken away."""
        server, tool = server_of(name)
        if not is_mcp(name) or "*" not in tool:
            return False
        return self._denies_every_mcp or (
            bool(self._touched_servers) if server == "*" else server in self._touched_servers
        )

    def mcp_tools_of(self, server: str) -> tuple[str, ...] | None:
        """Which tools of an MCP server may be used; None: every one."""
        if self.allowed is None:
            return () if self.denies_part_of(f"mcp__{server}") else None
        tools = [*self._tools_of_servers.get(server, ()), *self._tools_of_servers.get("*", ())]
        if "*" in tools and not self.denies_part_of(f"mcp__{server}"):
            return None
        return tuple(tool for tool in tools if "*" not in tool and not self.denies(f"mcp__{server}__{tool}"))

    @property
    def is_read_only(self) -> bool:
        """Whether it is left nothing that changes files or runs commands (formats.md 4.3)."""
        if self.allowed is None:
            return all(self.denies(name) for name in _CHANGERS_EVERYWHERE)
        return all(self.denies(name) for name in CHANGERS if name in self.allowed)


def permissions_of(definition: Definition) -> Permissions:
    listed = definition.tools or None  # an empty list is every tool to Claude Code
    return Permissions(
        allowed=None if listed is None else _by_name(tool for tool in listed if is_known(base_name(tool))),
        unknown=tuple(tool for tool in listed or () if not is_known(base_name(tool))),
        denied=_whole_tools(definition.fields.get("disallowedTools")),
        is_plan=definition.fields.get("permissionMode") == "plan",
    )


def server_of(name: str) -> tuple[str, str]:
    """The server and the tool of an MCP tool's name; `*` for every one."""
    server, _, tool = name.removeprefix("mcp__").partition("__")
    return server, tool or "*"


def _mcp_names(names: Iterable[str]) -> Iterable[tuple[str, str]]:
    return (server_of(name) for name in names if is_mcp(name))


def _by_name(tools: Iterable[str]) -> Mapping[str, Rules]:
    rules: dict[str, list[str]] = {}
    for tool in tools:
        name = _now(base_name(tool))
        rules.setdefault(name, []).extend(_rules(name, tool))
    return {name: () if any(rule in _WHOLE for rule in them) else tuple(them) for name, them in rules.items()}


def _rules(name: str, tool: str) -> list[str]:
    """`git *` of `Bash(git *)`; `git:*`, as older files write it, means the same. `Agent(a, b)` has two."""
    brackets = tool.partition("(")[2].strip().removesuffix(")").strip()
    if name == "Agent":
        return [rule.strip() for rule in brackets.split(",")]
    return [brackets[:-2] + " *" if brackets.endswith(":*") and brackets not in _WHOLE else brackets]


def _whole_tools(value: Any) -> tuple[str, ...]:
    """The names without brackets: those do not keep a part of a tool (formats.md 1.2)."""
    return tuple(dict.fromkeys(_now(base_name(tool)) for tool in names_in(value) or ()))


def _now(name: str) -> str:
    return name if name == "LS" else OLD_NAMES.get(name, name)
