"""The MCP servers of a definition, for tools whose files may hold them. Imports `definition`.

Claude Code takes a list of names, of servers set up elsewhere, and of `{name: settings}` (formats.md 1.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .report import Report, named

_KNOWN_SETTINGS = frozenset(("type", "command", "args", "env", "url", "headers"))
_PLACE = "${"


@dataclass(frozen=True, slots=True)
class Server:
    """A server with its settings: a program that is started, or an address."""

    name: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] | None = None
    url: str = ""
    kind: str = "stdio"  # or http, sse, ws
    headers: Mapping[str, str] | None = None
    others: tuple[str, ...] = ()  # settings that only Claude Code knows

    def program(self) -> dict[str, Any]:
        """As all tools write a program."""
        settings: dict[str, Any] = {"command": self.command}
        if self.args:
            settings["args"] = list(self.args)
        if self.env:
            settings["env"] = dict(self.env)
        return settings

    def address(self, key: str = "url", headers: str = "headers") -> dict[str, Any]:
        """As most tools write an address."""
        return {key: self.url} | ({headers: dict(self.headers)} if self.headers else {})

    @property
    def has_places(self) -> bool:
        """Whether something is to be filled in, such as `${TOKEN}`."""
        values = (*(self.env or {}).values(), *(self.headers or {}).values(), *self.args, self.url)
        return any(_PLACE in value for value in values)


Writer = Callable[[Server], dict[str, Any] | None]  # None: the tool cannot reach a server of this kind


def servers_for(
    report: Report,
    write: Writer,
    *,
    fills_places: bool = False,
    is_useless: Callable[[str], bool] = lambda name: False,
) -> dict[str, Any]:
    """The servers' settings by name, in the tool's form; says the line.

    `is_useless` tells of which servers there no tool may be used, though some may be in Claude Code.
    """
    value = report.definition.fields.get("mcpServers")
    if not value:
        return {}
    servers, elsewhere, unreadable = _read(value)
    if not (servers or elsewhere or unreadable):
        report.dropped("mcpServers", "It is no list of servers, so no coding tool heeds it.")
        return {}
    written = {server.name: settings for server in servers if (settings := write(server)) is not None}
    left_out = [*unreadable, *(server.name for server in servers if server.name not in written)]
    tool = report.tool.title
    parts = [f"Set up in the file: {named(written)}."] if written else []
    losses = []
    if elsewhere:
        losses.append(f"The file only names {named(elsewhere)}: set up what is called so in {tool} itself.")
    if useless := [name for name in written if is_useless(name)]:
        losses.append(f"No tool of {named(useless)} may be used there, because some of its tools are taken away.")
    if left_out:
        losses.append(f"{tool} cannot reach {named(left_out)} as set up here.")
    if others := sorted({other for server in servers for other in server.others if server.name in written}):
        losses.append(f"Settings that only Claude Code knows are left out: {named(others)}.")
    if not fills_places and any(server.has_places for server in servers if server.name in written):
        losses.append(f"Check what is to be filled in, such as ${{TOKEN}}: {tool} may take it as it stands.")
    say = report.dropped if not written else report.changed if losses else report.kept
    say("mcpServers", " ".join([*parts, *losses]))
    return written


def _read(value: Any) -> tuple[list[Server], list[str], list[str]]:
    """Servers with settings, names of servers set up elsewhere, and names whose settings nobody understands."""
    servers: list[Server] = []
    elsewhere: list[str] = []
    unreadable: list[str] = []
    for name, settings in _pairs(value):
        if settings is None:
            elsewhere.append(name)
        elif (server := _server(name, settings)) is not None:
            servers.append(server)
        else:
            unreadable.append(name)
    return servers, elsewhere, unreadable


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    items = value if isinstance(value, list) else [value]
    for item in items:
        if isinstance(item, dict):
            yield from item.items()
        elif isinstance(item, str):
            yield from ((name, None) for name in map(str.strip, item.split(",")) if name)


def _server(name: str, settings: Any) -> Server | None:
    if not isinstance(settings, dict):
        return None
    others = tuple(key for key in settings if key not in _KNOWN_SETTINGS)
    command, url, kind = settings.get("command"), settings.get("url"), settings.get("type")
    args, env, headers = _texts(settings.get("args")), _map(settings.get("env")), _map(settings.get("headers"))
    if args is None or env is None or headers is None:
        return None
    if isinstance(command, str) and command and kind in (None, "stdio"):
        return Server(name, command, tuple(args), env, others=others)
    if isinstance(url, str) and url and kind in (None, "http", "sse", "ws"):
        return Server(name, url=url, kind=kind or "http", headers=headers, others=others)
    return None


def _texts(value: Any) -> list[str] | None:
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return [_text(item) for item in value]
    return None


def _map(value: Any) -> dict[str, str] | None:
    if value is None:
        return {}
    if isinstance(value, dict) and all(isinstance(item, str | int | float) for item in value.values()):
        return {key: _text(item) for key, item in value.items()}
    return None


def _text(value: str | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
