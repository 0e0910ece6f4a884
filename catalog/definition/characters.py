"""Characters that a reader does not see: which are refused, which are shown. Imports only findings.

Source: reliability.md section 2 ("Hidden text"); of 1,323 real files none has one that is refused here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from .findings import Finding, Severity

# Refused: they turn the direction of text round, or carry text nobody sees.
_BIDI = "\u202a-\u202e\u2066-\u2069"
_TAG = "\U000e0000-\U000e007f"
# Shown: zero-width characters, fillers, soft hyphens, private use, controls other than tab and line ends.
_ZERO_WIDTH = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0"
)
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U0010ffff"
_CONTROL = "\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029"

_REFUSED = re.compile(f"[\x00\ud800-\udfff{_BIDI}{_TAG}]")
_SUSPECT = re.compile(f"[\x00\ud800-\udfff{_BIDI}{_TAG}{_ZERO_WIDTH}{_PRIVATE}{_CONTROL}]")
_CLASSES = (
    ("nul-character", Severity.ERROR, re.compile("\x00"), "a NUL character, which no text file holds"),
    ("half-character", Severity.ERROR, re.compile("[\ud800-\udfff]"), "half a character (a lone surrogate)"),
    (
        "direction-character",
        Severity.ERROR,
        re.compile(f"[{_BIDI}]"),
        "a hidden character that reverses the direction of text, so that people read another text than the model",
    ),
    (
        "tag-character",
        Severity.ERROR,
        re.compile(f"[{_TAG}]"),
        "a hidden character that can carry invisible text",
    ),
    ("control-character", Severity.WARNING, re.compile(f"[{_CONTROL}]"), "a control character"),
    (
        "private-character",
        Severity.WARNING,
        re.compile(f"[{_PRIVATE}]"),
        "a private-use character, seen differently everywhere",
    ),
    (
        "invisible-character",
        Severity.WARNING,
        re.compile(f"[{_ZERO_WIDTH}]"),
        "a character that cannot be seen",
    ),
)
MOST_NAMED = 5  # findings of one kind; the rest are counted in one more


def holds_refused(text: str) -> bool:
    """Whether a text holds a character that no definition may have. Quick: this runs on every file."""
    return "\x00" in text if text.isascii() else _REFUSED.search(text) is not None


def hidden_characters(source: str) -> Iterator[Finding]:
    """A finding for each hidden character of a source (the first five of a kind, then one with their number)."""
    suspects = list(_SUSPECT.finditer(source))
    if not suspects:
        return
    seen: dict[str, int] = {}
    lines: dict[str, int] = {}  # of the last finding of each kind
    line = 1
    at = 0
    for match in suspects:
        start = match.start()
        line += source.count("\n", at, start)
        at = start
        char = match.group()
        if _is_expected(source, start, char):
            continue
        code, severity, _, what = next(row for row in _CLASSES if row[2].match(char))
        seen[code] = seen.get(code, 0) + 1
        if seen[code] <= MOST_NAMED:
            column = start - source.rfind("\n", 0, start)
            message = f"Line {line}, column {column} holds {what} ({_name(char)}). Delete it."
            lines[code] = line
            yield Finding(code, severity, message, line=line)
    for code, count in seen.items():
        if count > MOST_NAMED:
            severity = next(row[1] for row in _CLASSES if row[0] == code)
            message = f"{count - MOST_NAMED} more characters of the same kind follow."
            yield Finding(code, severity, message, line=lines[code])


def _is_expected(source: str, at: int, char: str) -> bool:
    """A byte-order mark at the start, and the joiners that emoji and some scripts are written with."""
    if char == "\ufeff":
        return at == 0
    before = source[at - 1 : at]
    if char in "\u200c\u200d":
        after = source[at + 1 : at + 2]
        return bool(before and after) and (before == "\ufe0f" or _joins(before)) and _joins(after)
    return False


def _joins(char: str) -> bool:
    return unicodedata.category(char) in ("So", "Sk", "Mn", "Mc") or (
        unicodedata.category(char) == "Lo" and "\u0600" <= char <= "\u0dff"
    )


def _name(char: str) -> str:
    name = unicodedata.name(char, "").lower() if not 0xD800 <= ord(char) <= 0xDFFF else ""
    return f"U+{ord(char):04X}" + (f", {name}" if name else "")
