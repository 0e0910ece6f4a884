"""The vocabulary: every field of a definition with its type, allowed values, help and who ignores it.

Source: formats.md 1.2 (the documentation of Claude Code, and what its client was seen to do).
Imports `wording`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from .wording import _


class Kind(StrEnum):
    """The type of a field's value."""

    TEXT = "text"  # one line
    PROSE = "prose"  # text that may have several lines
    CHOICE = "choice"  # one of `choices`
    MODEL = "model"  # one of `choices`, or the full id of a model
    TOOLS = "tools"  # tool names: a comma-separated string or a list
    NAMES = "names"  # other names: a comma-separated string or a list
    COUNT = "count"  # a positive whole number
    FLAG = "flag"  # true or false
    EFFORT = "effort"  # one of `choices`, or a whole number
    SERVERS = "servers"  # a list of names or one-key mappings
    MAP = "map"  # a mapping


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `help` is for people who have never seen the file; `choices` maps a value to what it means."""

    name: str
    label: str
    kind: Kind
    help: str
    choices: Mapping[str, str] = field(default_factory=dict)
    ignored_by: tuple[str, ...] = ()


PLUGINS = "plugins"  # an agent that is installed as part of a plugin

_ALL = (
    Field(
        "name",
        _("Name"),
        Kind.TEXT,
        "The agent's identity and address: small letters and digits, words joined by hyphens, such as "
        "python-backend-engineer. It must be unlike every other agent's name.",
    ),
    Field(
        "description",
        _("Description"),
        Kind.PROSE,
        "When somebody should use this agent. The coding tool reads it to decide whom to give a task, so say for "
        "which tasks it is meant and show two to four examples.",
    ),
    Field(
        "tools",
        _("Tools"),
        Kind.TOOLS,
        "What the agent may use. Leave it out and the agent may use everything its user may.",
    ),
    Field(
        "disallowedTools",
        _("Tools it must not use"),
        Kind.TOOLS,
        "Taken away from the agent, whatever the list of tools says.",
    ),
    Field(
        "model",
        _("Model"),
        Kind.MODEL,
        "Which language model answers. Leave it out to let the reader's own setting decide.",
        MappingProxyType(
            {
                "sonnet": _("Quick and capable: right for most work."),
                "opus": _("Slower and dearer, for hard reasoning."),
                "haiku": _("Fastest and cheapest, for small, well-described tasks."),
                "fable": _("The most capable family, for the longest and hardest work."),
                "inherit": _("The same model as the conversation that calls the agent."),
            }
        ),
    ),
    Field(
        "permissionMode",
        _("Permission mode"),
        Kind.CHOICE,
        "How the agent asks before it acts. Leave it out unless the agent needs another way than its user's own.",
        MappingProxyType(
            {
                "default": _("Asks the first time it uses each tool."),
                "acceptEdits": _("Changes files without asking."),
                "auto": _("Lets the tool judge which actions are safe without asking."),
                "dontAsk": _("Refuses instead of asking."),
                "bypassPermissions": _("Does everything without asking. Dangerous."),
                "plan": _("Reads and plans, changes nothing."),
                "manual": _("The same as default."),
            }
        ),
        ignored_by=(PLUGINS,),
    ),
    Field(
        "maxTurns",
        _("Most turns"),
        Kind.COUNT,
        "After how many steps the agent must stop. A whole number from 1.",
    ),
    Field(
        "skills",
        _("Skills"),
        Kind.NAMES,
        "Skills whose full text the agent has at hand from the start. They cost context every time.",
    ),
    Field(
        "mcpServers",
        _("MCP servers"),
        Kind.SERVERS,
        "Programs or services the agent connects to for more tools. They run on the reader's machine.",
        ignored_by=(PLUGINS,),
    ),
    Field(
        "hooks",
        _("Hooks"),
        Kind.MAP,
        "Commands that run on the reader's machine before or after the agent acts.",
        ignored_by=(PLUGINS,),
    ),
    Field(
        "memory",
        _("Memory"),
        Kind.CHOICE,
        "Where the agent keeps notes from one task to the next. Leave it out and it keeps none.",
        MappingProxyType(
            {
                "user": _("For this person, over all their projects."),
                "project": _("For the project, shared with everybody who works on it."),
                "local": _("For this person in this project only."),
            }
        ),
    ),
    Field(
        "background",
        _("In the background"),
        Kind.FLAG,
        "Whether the agent works while its user goes on with something else.",
    ),
    Field(
        "effort",
        _("Effort"),
        Kind.EFFORT,
        "How long the agent may think before it answers.",
        MappingProxyType(
            {
                "low": _("Answers at once."),
                "medium": _("Thinks a little."),
                "high": _("Thinks thoroughly."),
                "xhigh": _("Thinks very thoroughly."),
                "max": _("Thinks as long as it can."),
            }
        ),
    ),
    Field(
        "isolation",
        _("Isolation"),
        Kind.CHOICE,
        "Whether the agent works on a copy of the project, so that its changes cannot disturb others.",
        MappingProxyType(
            {
                "worktree": _("On a separate working copy."),
                "remote": _("On another machine, where the tool offers it."),
            }
        ),
    ),
    Field(
        "color",
        _("Color"),
        Kind.CHOICE,
        "The color of the agent's name in the coding tool, to tell agents apart.",
        MappingProxyType(
            {
                "red": _("Stands out: for agents that look for dangers or stop mistakes."),
                "blue": _("Calm and neutral: for agents that explain or review."),
                "green": _("Friendly: for agents that build and test."),
                "yellow": _("Bright: for agents that warn or measure."),
                "purple": _("Distinct: for agents that design or write."),
                "orange": _("Warm: for agents that mend and tidy up."),
                "pink": _("Lively: for agents that work with words and people."),
                "cyan": _("Cool: for agents that look things up or handle data."),
            }
        ),
    ),
    Field(
        "initialPrompt",
        _("First message"),
        Kind.PROSE,
        "Sent as the first message when the agent runs as the main conversation. It has no effect otherwise.",
        ignored_by=(PLUGINS,),
    ),
    Field(
        "omitClaudeMd",
        _("Without project notes"),
        Kind.FLAG,
        "Whether the agent works without the project's CLAUDE.md notes.",
    ),
    Field(
        "experimental",
        _("Experimental"),
        Kind.MAP,
        "Settings the coding tool may change or drop at any time, such as how long it caches the prompt.",
    ),
)

FIELDS: Mapping[str, Field] = MappingProxyType({one.name: one for one in _ALL})
ORDER: tuple[str, ...] = tuple(FIELDS)
COLORS: tuple[str, ...] = tuple(FIELDS["color"].choices)
