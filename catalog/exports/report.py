"""The report of an export while it is written: one line for every field, the prompt last. Imports `definition`.

A field that a tool's module does not speak of is left out of its file: the sentences for that stand here.
"""

from __future__ import annotations

from collections.abc import Iterable

from catalog.definition import FIELDS, Definition

from .export import Line, Outcome, Tool

PROMPT = "prompt"
AS_IT_IS = "As it is."
_MOST_NAMED = 8
_LONGEST_WORD = 60

# Why a tool's file does not hold a field.
_LOST = {
    "disallowedTools": "In {tool} the file of an agent cannot take single tools away.",
    "model": "{tool} has its own names for models: choose one there.",
    "permissionMode": "In {tool} the file of an agent sets no such mode: it asks as whoever runs it has set it up.",
    "maxTurns": "In {tool} the file of an agent cannot limit its steps.",
    "skills": "In {tool} the file of an agent names no skills. Say in the prompt which ones it needs.",
    "mcpServers": "In {tool} the file of an agent sets up no MCP servers. Set up those it needs in {tool} itself.",
    "hooks": "Hooks are written for Claude Code and do not run in {tool}. What they guard has to be guarded otherwise.",
    "memory": "In {tool} the file of an agent cannot ask for notes that last from one task to the next.",
    "background": "In {tool} the file of an agent cannot say that it works in the background.",
    "effort": "In {tool} the file of an agent cannot say how long it may think.",
    "isolation": "In {tool} the file of an agent cannot ask for a place of its own: the agent works in the project.",
    "color": "In {tool} the file of an agent has no color.",
    "initialPrompt": "In {tool} the file of an agent has no first message. Type it when you start the agent.",
    "omitClaudeMd": "CLAUDE.md belongs to Claude Code. {tool} reads project notes of its own.",
    "experimental": "These settings are for Claude Code alone.",
}
_UNKNOWN = "{tool} does not know this field."
_NO = "It is so anyway, and left out."
_EMPTY = "It says nothing, so it is left out."
_NOTHING: tuple[object, ...] = (None, "", [], {})
# Claude Code's events whose hooks can keep a tool from being used (code.claude.com/docs/en/hooks).
_GUARDS = frozenset(("PreToolUse", "PermissionRequest"))
_LIMITS = (
    ("permissionMode", "plan"),
    ("permissionMode", "dontAsk"),
    ("isolation", "worktree"),
    ("isolation", "remote"),
)


class Report:
    """Takes one line for each field. Lines for fields that the definition does not have are not taken."""

    def __init__(self, tool: Tool, definition: Definition) -> None:
        self.tool = tool
        self.definition = definition
        self._lines: dict[str, Line] = {}
        self._prompt: Line | None = None

    def kept(self, field: str, sentence: str = AS_IT_IS) -> None:
        self._say(field, Outcome.KEPT, sentence)

    def changed(self, field: str, sentence: str, *, widens: bool = False) -> None:
        self._say(field, Outcome.CHANGED, sentence, widens)

    def dropped(self, field: str, sentence: str, *, widens: bool = False) -> None:
        self._say(field, Outcome.DROPPED, sentence, widens)

    def refused(self, field: str, sentence: str) -> None:
        self._say(field, Outcome.REFUSED, sentence)

    def prompt(self, outcome: Outcome, sentence: str) -> None:
        """The line of the text below the frontmatter (a field of the frontmatter may be called "prompt" too)."""
        self._prompt = Line(PROMPT, outcome, sentence)

    def _say(self, field: str, outcome: Outcome, sentence: str, widens: bool = False) -> None:
        if field in self._lines:
            raise RuntimeError(f"{field} has a line already")
        if field in self.definition.fields:
            self._lines[field] = Line(field, outcome, sentence, widens)

    def speaks_of(self, field: str) -> bool:
        return field in self._lines

    @property
    def is_refused(self) -> bool:
        return any(line.outcome is Outcome.REFUSED for line in self.lines)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The report as it stands: fields nobody has spoken of are left out of the file."""
        fields = [self._lines.get(field) or self._lost(field) for field in self.definition.fields]
        return (*fields, self._prompt or Line(PROMPT, Outcome.KEPT, AS_IT_IS))

    def _lost(self, field: str) -> Line:
        value = self.definition.fields[field]
        if value in _NOTHING:
            return Line(field, Outcome.KEPT, _EMPTY)
        if value is False and field in FIELDS:
            return Line(field, Outcome.KEPT, _NO)
        sentence = _LOST.get(field, _UNKNOWN).format(tool=self.tool.title)
        return Line(field, Outcome.DROPPED, sentence, is_limit(field, value))


def is_limit(field: str, value: object) -> bool:
    """Whether an agent may do more where the field is not heeded. Lists of tools are compared elsewhere."""
    if field == "hooks":
        return isinstance(value, dict) and any(value.get(event) for event in _GUARDS)
    return (field, value) in _LIMITS


def brief(value: object) -> str:
    """A word of the file as a sentence may hold it: one line that can be seen, and not too long."""
    text = " ".join("".join(char if char.isprintable() else " " for char in str(value)[:_LONGEST_WORD]).split())
    return text if len(str(value)) <= _LONGEST_WORD else f"{text}…"


def named(items: Iterable[str]) -> str:
    """ "a, b and c", for a sentence; of many the first few and how many more."""
    names = [brief(item) for item in items]
    if len(names) > _MOST_NAMED:
        names = [*names[: _MOST_NAMED - 1], f"{len(names) - _MOST_NAMED + 1} more"]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def called(words: list[str]) -> str:
    """A sentence: by which words the tool knows something."""
    return f"There they are called {named(words)}." if len(words) > 1 else f"There it is called {named(words)}."
