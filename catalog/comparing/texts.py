"""Texts and values as a page shows them, the same on both sides of every comparison. Imports nothing of the catalog."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

PARTS = ("context", "user", "assistant", "commentary")  # of an example

_LINE_END = re.compile(r"\r\n?|\n")
_UNSHOWABLE = re.compile("[\0\ud800-\udfff]")  # no page can hold these


def as_area(text: str) -> str:
    """A text as a text area gives it back; line ends are LF on both sides of every comparison."""
    return _UNSHOWABLE.sub("\ufffd", _LINE_END.sub("\n", text))


def scalar_text(value: Any) -> str | None:
    """A value as text: numbers and flags as the file has them; None for lists and settings."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, (bool, int, float)) else None


def line_of(item: Any) -> str:
    """An item of a list on one line."""
    return as_area(" ".join((scalar_text(item) or "").split()))


@dataclass(frozen=True)
class CutPrompt:
    """A prompt as it is written between the blank lines above it and the line ends below it."""

    head: str
    body: str
    tail: str


def cut_prompt(prompt: str) -> CutPrompt:
    body = prompt.rstrip("\r\n")
    if not body.strip():
        return CutPrompt(prompt, "", "")
    start = 0
    for line in body.splitlines(keepends=True):
        if line.strip():
            break
        start += len(line)
    return CutPrompt(body[:start], body[start:], prompt[len(body) :])
