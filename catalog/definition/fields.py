"""The vocabulary: every field of a definition with its type, allowed values, help and who ignores it.

Source: formats.md 1.2 (the documentation of Claude Code, and what its client was seen to do).
Imports nothing of the catalog.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


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
        "Name",
        Kind.TEXT,
        "The agent's identity and address: small letters and digits, words joined by hyphens, such as "
        "python-backend-engineer. It must be unlike every other agent's name.",
    ),
    Field(
        "description",
        "Description",
        Kind.PROSE,
        "When somebody should use this agent. The coding tool reads it to decide whom to give a task, so say for "
        "which tasks it is meant and show two to four examples.",
    ),
    Field(
        "tools",
        "Tools",
        Kind.TOOLS,
        "What the agent may use. Leave it out and the agent may use everything its user may.",
    ),
    Field(
        "disallowedTools",
        "Tools it must not use",
        Kind.TOOLS,
        "Taken away from the agent, whatever the list of tools says.",
    ),
    Field(
        "model",
        "Model",
        Kind.MODEL,
        "Which language model answers. Leave it out to let the reader's own setting decide.",
        MappingProxyType(
            {
                "sonnet": "Quick and capable: right for most work.",
                "opus": "Slower and dearer, for hard reasoning.",
                "haiku": "Fastest and cheapest, for small, well-described tasks.",
                "fable": "The most capable family, for the longest and hardest work.",
                "inherit": "The same model as the conversation that calls the agent.",
            }
        ),
    ),
    Field(
        "permissionMode",
        "Permission mode",
        Kind.CHOICE,
        "How the agent asks before it acts. Leave it out unless the agent needs another way than its user's own.",
        MappingProxyType(
            {
                "default": "Asks the first time it uses each tool.",
                "acceptEdits": "Changes files without asking.",
                "auto": "Lets the tool judge which actions are safe without asking.",
                "dontAsk": "Refuses instead of asking.",
                "bypassPermissions": "Does everything without asking. Dangerous.",
                "plan": "Reads and plans, changes nothing.",
                "manual": "The same as default.",
            }
        ),
        ignored_by=(PLUGINS,),
    ),
    Field(
        "maxTurns",
        "Most turns",
        Kind.COUNT,
        "After how many steps the agent must stop. A whole number from 1.",
    ),
    Field(
        "skills",
        "Skills",
        Kind.NAMES,
        "Skills whose full text the agent has at hand from the start. They cost context every time.",
    ),
    Field(
        "mcpServers",
        "MCP servers",
        Kind.SERVERS,
        "Programs or services the agent connects to for more tools. They run on the reader's machine.",
        ignored_by=(PLUGINS,),
    ),
    Field(
        "hooks",
        "Hooks",
        Kind.MAP,
        "Commands that run on the reader's machine before or after the agent acts.",
        ignored_by=(PLUGINS,),
    ),
    Field(
        "memory",
        "Memory",
        Kind.CHOICE,
        "Where the agent keeps notes from one task to the next. Leave it out and it keeps none.",
        MappingProxyType(
            {
                "user": "For this person, over all their projects.",
                "project": "For the project, shared with everybody who works on it.",
                "local": "For this person in this project only.",
            }
        ),
    ),
    Field(
        "background",
        "In the background",
        Kind.FLAG,
        "Whether the agent works while its user goes on with something else.",
    ),
    Field(
        "effort",
        "Effort",
        Kind.EFFORT,
        "How long the agent may think before it answers.",
        MappingProxyType(
            {
                "low": "Answers at once.",
                "medium": "Thinks a little.",
                "high": "Thinks thoroughly.",
                "xhigh": "Thinks very thoroughly.",
                "max": "Thinks as long as it can.",
            }
        ),
    ),
    Field(
        "isolation",
        "Isolation",
        Kind.CHOICE,
        "Whether the agent works on a copy of the project, so that its changes cannot disturb others.",
        MappingProxyType(
            {
                "worktree": "On a separate working copy.",
                "remote": "On another machine, where the tool offers it.",
            }
        ),
    ),
    Field(
        "color",
        "Color",
        Kind.CHOICE,
        "The color of the agent's name in the coding tool, to tell agents apart.",
        MappingProxyType(
            {
                "red": "Stands out: for agents that look for dangers or stop mistakes.",
                "blue": "Calm and neutral: for agents that explain or review.",
                "green": "Friendly: for agents that build and test.",
                "yellow": "Bright: for agents that warn or measure.",
                "purple": "Distinct: for agents that design or write.",
                "orange": "Warm: for agents that mend and tidy up.",
                "pink": "Lively: for agents that work with words and people.",
                "cyan": "Cool: for agents that look things up or handle data.",
            }
        ),
    ),
    Field(
        "initialPrompt",
        "First message",
        Kind.PROSE,
        "Sent as the first message when the agent runs as the main conversation. It has no effect otherwise.",
        ignored_by=(PLUGINS,),
    ),
    Field(
        "omitClaudeMd",
        "Without project notes",
        Kind.FLAG,
        "Whether the agent works without the project's CLAUDE.md notes.",
    ),
    Field(
        "experimental",
        "Experimental",
        Kind.MAP,
        "Settings the coding tool may change or drop at any time, such as how long it caches the prompt.",
    ),
)

FIELDS: Mapping[str, Field] = MappingProxyType({one.name: one for one in _ALL})
ORDER: tuple[str, ...] = tuple(FIELDS)
COLORS: tuple[str, ...] = tuple(FIELDS["color"].choices)
