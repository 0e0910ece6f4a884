"""What an agent may use, in the words of another tool; and the sentences that say how it differs.

No list gets longer in silence: what a tool cannot limit as the file does is left out of its list, and where one of
its words stands for more than the file names, the report says so. Imports `definition`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from catalog.definition.tools import TOOLS, is_mcp

from .permissions import CHANGERS, EVERY_MCP, Permissions, Rules
from .report import Report, called, named

# Who has one of these may do anyway what the tool does.
_AS_GOOD_AS = {"Edit": ("Write",), "NotebookEdit": ("Write", "Edit"), "PowerShell": ("Bash",), "Bash": ("PowerShell",)}
_NAMING = frozenset(("Glob", "LS"))  # tell which files there are
_FINDING = _NAMING | {"Grep"}


def nothing(*_: str) -> None:
    """The tool has no such word."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A tool's words for what Claude Code's tools do."""

    words: Mapping[str, str]  # by Claude Code's name
    mcp: Callable[[str], str | None] = nothing  # the word for `mcp__server__tool`, `mcp__server` and `mcp__*`
    rule: Callable[[str, str], str | None] = nothing  # a tool's rule (`Bash`, `git *`) in the tool's own form
    rule_means: str = ""  # what it means there, where that is not quite the same
    note: str = ""  # what people should know of a list there
    always: frozenset[str] = frozenset()  # what every agent has there without being named
    passes_over_unknown: bool = False  # so that names the catalog does not know may stay
    takes_empty_list: bool = True  # as no tool at all; where not, it might be every tool
    denies_beside: bool = False  # so that single tools of an MCP server may be taken away beside the list

    def word(self, name: str) -> str | None:
        return self.mcp(name) if is_mcp(name) else self.words.get(name)

    def covered_by(self, word: str) -> list[str]:
        """The tools of today that a word stands for."""
        return [name for name, its in self.words.items() if its == word and name in TOOLS]


@dataclass(slots=True)
class Sorting:
    """A list of tools, sorted by what the other tool can do with them."""

    words: dict[str, Rules] = field(default_factory=dict)  # with the rules they are limited to; none: the whole tool
    unknown: list[str] = field(default_factory=list)  # names nobody knows, left as they are
    missing: list[str] = field(default_factory=list)  # it has nothing like them
    limited: dict[str, str] = field(default_factory=dict)  # it cannot limit them as the file does: tools, and its words
    shared: list[str] = field(default_factory=list)  # its word for them stands for a tool that is taken away
    wider: dict[str, list[str]] = field(default_factory=dict)  # words, and what else they stand for
    given: frozenset[str] = frozenset()  # the tools that the file itself allows without limits

    @property
    def names(self) -> list[str]:
        """The list as it is written."""
        return [*self.words, *self.unknown]

    @property
    def is_wider(self) -> bool:
        """Whether the words let an agent do more of any weight: to find by name what it may read is of none."""
        harmless = _FINDING if "Read" in self.given else _NAMING
        return any(name not in harmless for names in self.wider.values() for name in names)

    def add(self, word: str, rules: Rules) -> None:
        before = self.words.get(word)
        self.words[word] = rules if before is None else before + rules if before and rules else ()


def sort(permissions: Permissions, vocabulary: Vocabulary) -> Sorting:
    """The list as the other tool can hold it; where every tool is allowed, those that are left."""
    if permissions.allowed is None:
        return _all_but(permissions, vocabulary)
    result = Sorting(given=frozenset(name for name, rules in permissions.allowed.items() if not rules))
    blocked = blocked_words(permissions, vocabulary)
    for name, rules in permissions.allowed.items():
        if permissions.denies(name) or name in vocabulary.always:
            continue
        is_parted = permissions.denies_part_of(name) and not vocabulary.denies_beside
        if vocabulary.word(name) in blocked or is_parted:
            result.shared.append(name)
        else:
            _put(result, name, rules, vocabulary)
    whole = {word for word, rules in result.words.items() if not rules}
    for word in [word for word in result.words if word in whole]:
        if extra := [name for name in vocabulary.covered_by(word) if not _is_given(name, permissions.allowed)]:
            result.wider[word] = [f"{name} without limits" if name in permissions.allowed else name for name in extra]
    # What a whole word stands for as well is not left out.
    result.limited = {tool: word for tool, word in result.limited.items() if word not in whole}
    # What they would stand for there cannot be known, so that it cannot be told whether it was taken away.
    if vocabulary.passes_over_unknown and not (permissions.denied or permissions.is_plan):
        result.unknown = list(permissions.unknown)
    return result


def _is_given(name: str, allowed: Mapping[str, Rules]) -> bool:
    """Whether an agent may do without limits what this tool does."""
    return any(allowed.get(one) == () for one in (name, *_AS_GOOD_AS.get(name, ())))


def _put(result: Sorting, name: str, rules: Rules, vocabulary: Vocabulary) -> None:
    word = vocabulary.word(name)
    theirs = [vocabulary.rule(name, rule) for rule in rules]
    if word is None:
        result.missing.append(name)
    elif None in theirs:
        result.limited[_with_rules(name, rules)] = word
    else:
        result.add(word, tuple(rule for rule in theirs if rule is not None))


def _all_but(permissions: Permissions, vocabulary: Vocabulary) -> Sorting:
    blocked = blocked_words(permissions, vocabulary)
    result = Sorting(shared=taken_as_well(permissions, vocabulary))
    for word in vocabulary.words.values():
        if word not in blocked:
            result.add(word, ())
    if (every := vocabulary.mcp(EVERY_MCP)) and not permissions.denies_part_of(EVERY_MCP):
        result.add(every, ())
    return result


def blocked_words(permissions: Permissions, vocabulary: Vocabulary) -> list[str]:
    """The words that stand for something taken away."""
    return list(dict.fromkeys(word for name, word in vocabulary.words.items() if permissions.denies(name)))


def taken_as_well(permissions: Permissions, vocabulary: Vocabulary) -> list[str]:
    """Tools that go with one that is taken away, because one word stands for both."""
    words = blocked_words(permissions, vocabulary)
    return [name for word in words for name in vocabulary.covered_by(word) if not permissions.denies(name)]


def tool_list(report: Report, permissions: Permissions, vocabulary: Vocabulary) -> Sorting | None:
    """The list for a tool that names what an agent may use; None: every tool, so no list. Says the fields' lines."""
    if permissions.allowed is None and not _touches(permissions, vocabulary):
        _say_always_there(report, permissions, vocabulary)
        say_every_tool(report, permissions)
        return None
    sorting = sort(permissions, vocabulary)
    if not sorting.names and not vocabulary.takes_empty_list:
        _refuse(report)
    _say_always_there(report, permissions, vocabulary)
    say_list(report, permissions, sorting, vocabulary)
    if permissions.allowed is None:
        say_rest(report, permissions, sorting)
    else:
        say_taken_away(report, permissions, sorting)
    say_plan(report, permissions)
    return sorting


def _touches(permissions: Permissions, vocabulary: Vocabulary) -> bool:
    """Whether anything is taken away that the tool has."""
    return permissions.denies_part_of(EVERY_MCP) or bool(blocked_words(permissions, vocabulary))


def _refuse(report: Report) -> None:
    field = next((f for f in ("tools", "disallowedTools") if f in report.definition.fields), "permissionMode")
    report.refused(
        field,
        f"{report.tool.title} has none of the tools that the agent may use, and an empty list may mean every tool to "
        "it. Name at least one tool that it has.",
    )


# --- The sentences ------------------------------------------------------------------------------------------


def say_every_tool(report: Report, permissions: Permissions) -> None:
    """For an agent that may use everything its user may, there as here."""
    report.kept("tools", "The agent may use every tool, there as here.")
    if permissions.denied and not report.speaks_of("disallowedTools"):
        tool = report.tool.title
        report.kept("disallowedTools", f"{tool} has none of these tools, so there is nothing to take away.")
    say_plan(report, permissions)


def _say_always_there(report: Report, permissions: Permissions, vocabulary: Vocabulary) -> None:
    """The line of `disallowedTools` where a tool is taken away that every agent has."""
    names = [name for name in permissions.denied if name in vocabulary.always]
    if not names or report.speaks_of("disallowedTools"):
        return
    told = f"Every agent has {named(names)} there, whatever its file says."
    if len(names) == len(permissions.denied):
        report.dropped("disallowedTools", told, widens=True)
    else:
        report.changed("disallowedTools", f"{told} The others are left out.", widens=True)


def say_list(report: Report, permissions: Permissions, sorting: Sorting, vocabulary: Vocabulary) -> None:
    """The line of `tools`, for a list that the file has."""
    if report.speaks_of("tools"):
        return
    if permissions.allowed is None:
        report.kept("tools", "The agent may use every tool but those that are taken away.")
        return
    parts = []
    if words := [_with_rules(word, rules) for word, rules in sorting.words.items()]:
        parts.append(called(words))
        parts += [vocabulary.note] if vocabulary.note else []
    if sorting.unknown:
        known = f"Claude Code has no such tools, {report.tool.title} may have them"
        parts.append(f"{known}, so they are left as they stand: {named(sorting.unknown)}.")
    if not sorting.names:
        parts.append("No tool is left.")
    losses = _losses(report, permissions, sorting, vocabulary)
    if losses or sorting.unknown or not sorting.names:
        is_limited = bool(vocabulary.rule_means) and any(sorting.words.values())
        is_wider = sorting.is_wider or is_limited or bool(sorting.unknown)
        report.changed("tools", " ".join([*parts, *losses]), widens=is_wider)
    else:
        report.kept("tools", " ".join(parts))


def _losses(report: Report, permissions: Permissions, sorting: Sorting, vocabulary: Vocabulary) -> list[str]:
    tool = report.tool.title
    parts = [f"There “{word}” also allows {named(names)}." for word, names in sorting.wider.items()]
    if vocabulary.rule_means:
        parts += [vocabulary.rule_means.format(rules=named(rules)) for rules in sorting.words.values() if rules]
    if permissions.is_plan and (gone := [name for name in permissions.allowed or () if name in CHANGERS]):
        parts.append(f"Left out, because the mode “plan” refuses what changes anything: {named(gone)}.")
    if missing := [name for name in sorting.missing if not is_mcp(name)]:
        parts.append(f"{tool} has nothing like {named(missing)}.")
    if missing := [name for name in sorting.missing if is_mcp(name)]:
        parts.append(f"In {tool} a list of tools cannot name {named(missing)}, so that is left out.")
    if sorting.limited:
        parts.append(
            f"{tool} cannot limit {named(sorting.limited)} in this way, so that is left out and the agent may do no "
            f"more than before. Add {named(sorting.limited.values())} there if it may be used without limits."
        )
    if unknown := [name for name in permissions.unknown if name not in sorting.unknown]:
        parts.append(f"Left out, because no such tool is known: {named(unknown)}.")
    return parts


def _with_rules(name: str, rules: Rules) -> str:
    return f"{name} ({named(rules)})" if rules else name


def say_rest(report: Report, permissions: Permissions, sorting: Sorting, cannot: str = "single tools") -> None:
    """The line of `disallowedTools` where every other tool has to be named instead."""
    if not permissions.denied or report.speaks_of("disallowedTools"):
        return
    left = f"lists those that are left: {named(sorting.names)}" if sorting.names else "allows no tool at all"
    told = f"{report.tool.title} cannot take {cannot} away, so the export {left}.{went_as_well(report, sorting.shared)}"
    report.changed("disallowedTools", f"{told} Other tools that it has are not among them.")


def say_taken_away(report: Report, permissions: Permissions, sorting: Sorting) -> None:
    """The line of `disallowedTools` where what is left of the list stands in the list."""
    if not permissions.denied or report.speaks_of("disallowedTools"):
        return
    say = report.changed if sorting.shared else report.kept
    say("disallowedTools", f"Left out of the list of tools.{went_as_well(report, sorting.shared)}")


def went_as_well(report: Report, names: list[str]) -> str:
    """What had to be taken away with the rest, in sentences that go on."""
    told = ""
    if tools := [name for name in names if not is_mcp(name)]:
        told += f" One word stands there for {named(tools)} too, so that is taken away as well."
    if servers := [name for name in names if is_mcp(name)]:
        told += f" {report.tool.title} cannot take away a part of {named(servers)}, so all of it is."
    return told


def say_plan(report: Report, permissions: Permissions) -> None:
    """The line of `permissionMode` where the mode `plan` had to be put into the list of tools."""
    if permissions.is_plan and not report.speaks_of("permissionMode"):
        report.changed(
            "permissionMode",
            f"“plan” reads and plans, and changes nothing. {report.tool.title} has no such mode for an agent, so the "
            "tools that change files or run commands are taken away.",
        )
