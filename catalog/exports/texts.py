"""Description and prompt as other tools take them: how long, and what they would fill in. Imports `definition`."""

from __future__ import annotations

import re

from .export import Outcome
from .report import Report

WORD_FOR_WORD = "Word for word."
# What JavaScript and Rust trim, beside what Python does.
_BLANK = "".join(map(chr, (*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B)))) + (
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
# What a tool takes for a place to be filled in: Gemini CLI 0.61 (agents/utils.ts) and Qwen Code 0.24 (templateString)
# do not start an agent with a place they have no value for.
GEMINI_PLACE = re.compile(r"\$\{([A-Za-z0-9_]+)\}")
QWEN_PLACE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def trimmed(text: str) -> str:
    """The text without what any tool takes for white space around it."""
    return text.strip(_BLANK)


def length(text: str) -> int:
    """In characters as JavaScript counts them, in which most tools are written: an emoji is two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def description_of(report: Report, *, advised: int | None = None) -> str:
    """The description with real line breaks, examples and all; `advised` is the length a tool finds long."""
    text, size = report.definition.description, length(report.definition.description)
    count = len(report.definition.examples)
    examples = "" if not count else ", with its example" if count == 1 else f", with its {count} examples"
    if not trimmed(text):
        report.refused("description", "It holds nothing that can be seen. Say when somebody should use the agent.")
    elif advised and size > advised:
        report.kept(
            "description",
            f"Word for word{examples}. {report.tool.title} advises at most {advised:,} characters, and these are "
            f"{size:,}: it may warn of that or show the beginning only.",
        )
    else:
        report.kept("description", f"Word for word{examples}.")
    return text


def prompt_of(
    report: Report, *, shortest: int = 0, longest: int | None = None, place: re.Pattern[str] | None = None
) -> str:
    """The prompt. Too short or too long a one is refused; `place` is what the tool would fill in."""
    text, tool = report.definition.prompt, report.tool.title
    size = length(trimmed(text))
    if shortest and not size:
        report.prompt(Outcome.REFUSED, f"The prompt is empty, and {tool} takes no agent without one.")
    elif size < shortest:
        sentence = f"{tool} takes no prompt of fewer than {shortest} characters, and this one has {size}."
        report.prompt(Outcome.REFUSED, sentence)
    elif longest is not None and length(text) > longest:
        sentence = (
            f"{tool} takes prompts of at most {longest:,} characters, and this one has {length(text):,}. Shorten it, "
            "or move parts of it to a file that the agent can look up."
        )
        report.prompt(Outcome.REFUSED, sentence)
    elif place and (first := place.search(text)):
        sentence = (
            f"{tool} would fill in {first.group()} by itself, and not start the agent where it cannot. So such places "
            f"are written with spaces, ${{ {first.group(1)} }}; everything else is word for word."
        )
        report.prompt(Outcome.CHANGED, sentence)
        return place.sub(r"${ \1 }", text)
    else:
        report.prompt(Outcome.KEPT, WORD_FOR_WORD)
    return text
