"""For tools that have no list of tools, only a mark for agents that change nothing: Cursor and Codex.

Source of the rule: formats.md 4.3. Imports only this package.
"""

from __future__ import annotations

from .permissions import CHANGERS, Permissions, permissions_of
from .report import Report, named


def is_read_only(report: Report, mark: str, caveat: str = "") -> bool:
    """Whether the agent has to be marked so; says the lines of its tools. `mark` is how the tool writes it.

    `caveat` is a sentence for a tool in which the mark does not hold whatever happens.
    """
    permissions = permissions_of(report.definition)
    if permissions.is_read_only:
        _say_marked(report, permissions, mark, caveat)
    else:
        _say_unlimited(report, permissions)
    return permissions.is_read_only


def _say_marked(report: Report, permissions: Permissions, mark: str, caveat: str) -> None:
    tool = report.tool.title
    limit = f"{tool} has no list of tools. The agent is left none that changes files or runs commands, so it is marked"
    rest = f"{mark}: it may use every tool there that changes nothing. {caveat}".strip()
    if permissions.allowed is None:
        report.kept("tools", "It names none, so it limits nothing.")
    else:
        report.changed("tools", f"{limit} {rest}", widens=True)
    if permissions.denied:
        others = [name for name in permissions.denied if name not in CHANGERS]
        them = f" Among them are those it may not use here: {named(others)}." if others else ""
        report.changed("disallowedTools", f"{limit} {rest}{them}", widens=bool(others or caveat))
    if permissions.is_plan:
        report.changed("permissionMode", f"“plan” changes nothing, so the agent is marked {rest}", widens=bool(caveat))


def _say_unlimited(report: Report, permissions: Permissions) -> None:
    tool = report.tool.title
    if permissions.allowed is None:
        report.kept("tools", "The agent may use every tool, there as here.")
    else:
        names = [name + (f" ({named(rules)})" if rules else "") for name, rules in permissions.allowed.items()]
        only = f"not only {named([*names, *permissions.unknown])}" if names or permissions.unknown else "not none"
        report.dropped(
            "tools", f"{tool} has no list of tools: the agent may use every tool there, {only}.", widens=True
        )
    if permissions.denied:
        report.dropped(
            "disallowedTools",
            f"{tool} cannot take single tools away: the agent may use {named(permissions.denied)} there.",
            widens=True,
        )
