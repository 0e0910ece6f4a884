"""What the checks found, told to people who think of installing the agent. Imports `models`, `definition`.

The findings of `definition` tell an author what to write. A reader cannot mend the file: to them it is said what the
finding means for those who use it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from catalog.definition import FIELDS
from catalog.models import Version

LINES_NAMED = 5

# What stands under "What it may do" anyway, and what no tool and no reader is hindered by.
_SAID_ELSEWHERE = frozenset(("all-tools", "runs-commands", "changes-files", "field-repeated"))

_MEANINGS: dict[str, Promise] = {
    "bypasses-permissions": gettext_lazy(
        "It acts without asking you first. Read its prompt before you use it, and use it only where nothing can be "
        "lost."
    ),
    "runs-hooks": gettext_lazy(
        "It runs commands of its own on your machine, before or after it acts. Read them in the source before you "
        "install it."
    ),
    "starts-servers": gettext_lazy(
        "It starts or connects to MCP servers from your machine. Make sure that you trust each of them."
    ),
    "likely-secret": gettext_lazy(
        "The file holds what looks like a password or key. Do not use it, and tell the people who keep this catalog."
    ),
    "tools-not-a-list": gettext_lazy("Its list of tools cannot be read, so coding tools let it use every tool."),
    "tools-empty": gettext_lazy("Its list of tools is empty, so coding tools let it use every tool."),
    "tool-unknown": gettext_lazy("It names tools that Claude Code does not have, and starts without them."),
    "tool-old-name": gettext_lazy("It names tools by former names, which may stop working."),
    "tool-not-for-agents": gettext_lazy("It names tools that no agent is ever given."),
    "model-unknown": gettext_lazy("The model it asks for is not known here: it may not start."),
    "color-unknown": gettext_lazy("Coding tools do not know its color, and show none."),
    "prompt-empty": gettext_lazy("It has no prompt: its description is all that guides it."),
    "html-comment": gettext_lazy(
        "Its prompt holds a comment that most pages hide and the model reads. This page shows it."
    ),
    "description-costly": gettext_lazy(
        "Its description takes up about %(tokens)s tokens of every conversation, whether it is used or not. Most "
        "agents take fewer than 400."
    ),
    "lead-missing": gettext_lazy("Its description has examples only, and no sentence that says when to use it."),
    "description-cut": gettext_lazy("Coding tools read only the first part of its description."),
    "description-spilled": gettext_lazy("Coding tools read only the first part of its description."),
    "description-ends-with-colon": gettext_lazy(
        "Coding tools may refuse the file, because of how its description is written."
    ),
    "description-backslash-n": gettext_lazy("A path in its description is read with a line break in it."),
    "description-literal-newlines": gettext_lazy(
        "Where it is installed as part of a plugin, its description shows \\n in place of line breaks."
    ),
    "reading-quoted": gettext_lazy(
        "Programs that are strict about the file format may refuse it. Claude Code reads it."
    ),
    "reading-recovered": gettext_lazy(
        "Coding tools may refuse the file, or read only a part of it. This page shows all of it."
    ),
    "value-cut-at-front": gettext_lazy("Coding tools leave out the first word of “%(field)s”."),
    "value-of-wrong-type": gettext_lazy("What it says about “%(field)s” has no effect in coding tools."),
    "field-misspelt": gettext_lazy(
        "What it says about “%(field)s” has no effect: coding tools do not know this field."
    ),
    "field-unknown": gettext_lazy("It has further fields, which coding tools pass over."),
    "name-not-kebab-case": gettext_lazy("Some coding tools do not take a name that is written like this one."),
    "name-unusual-length": gettext_lazy("Some coding tools do not take a name of this length."),
    "name-of-device": gettext_lazy("On Windows no file can be called so: there it needs another name."),
    "control-character": gettext_lazy("The text holds control characters. This page shows each of them by its number."),
    "private-character": gettext_lazy("The text holds characters that look different from one machine to the next."),
    "invisible-character": gettext_lazy(
        "The text holds characters that cannot be seen, and that the model reads. This page shows each by its number."
    ),
}
_ORDER = list(_MEANINGS)
# An author is warned of them, a reader need not be.
_SLIGHT = frozenset(("color-unknown", "lead-missing", "name-unusual-length"))
_UNKNOWN_VALUE = gettext_lazy("What it says about “%(field)s” is not known to coding tools, and has no effect.")
_FAULT = gettext_lazy("The file breaks a rule of the format, and coding tools may refuse it.")
_ANYTHING = gettext_lazy("Something about the file is unusual.")


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence, how much it matters, and the lines of the source it is about."""

    severity: str
    sentence: str
    lines: tuple[int, ...]


def noticed(version: Version) -> dict[str, list[Notice]]:
    """What is to be known before the agent is installed, and (`notes`) what few need to know."""
    lines: dict[tuple[str, str], list[int]] = {}
    for found in sorted(version.findings, key=lambda one: (one["severity"] != "error", _rank(one["code"]))):
        if found["code"] in _SAID_ELSEWHERE:
            continue
        severity = "note" if found["code"] in _SLIGHT else found["severity"]
        known = lines.setdefault((severity, _sentence(found, version)), [])
        if found["line"] and found["line"] not in known:
            known.append(found["line"])
    notices = [Notice(*said, tuple(places[:LINES_NAMED])) for said, places in lines.items()]
    return {"weighty": list(_of(notices, is_note=False)), "notes": list(_of(notices, is_note=True))}


def _rank(code: str) -> int:
    """What may do harm comes first: the order of the sentences above."""
    return _ORDER.index(code) if code in _ORDER else len(_ORDER)


def _of(notices: Iterable[Notice], *, is_note: bool) -> Iterable[Notice]:
    return (notice for notice in notices if (notice.severity == "note") is is_note)


def _sentence(found: dict[str, str | None], version: Version) -> str:
    code, field = found["code"] or "", found["field"] or ""
    about = FIELDS.get(field)
    words = {
        "field": gettext(about.label) if about else field,
        "tokens": f"{version.description_tokens:,}",
    }
    sentence = _MEANINGS.get(code) or (_UNKNOWN_VALUE if code.endswith("-unknown") else _ANYTHING)
    if found["severity"] == "error" and code not in _MEANINGS:
        sentence = _FAULT
    return str(sentence) % words
