"""Text as HTML text, in which every character can be seen. Imports nothing of the catalog.

Only what a reader needs to see is marked: the joiners inside emoji and in the scripts that are written with
them, and the one variation selector after a sign, stay what they are.
"""

import html
import re
import unicodedata

_SURROGATE = re.compile("[\ud800-\udfff]")

_HIDDEN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufff9-\ufffb"  # controls but tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u3164\ufeff\uffa0"  # no width, fillers
    "\U000e0000-\U000e0fff"  # tags and the selectors beyond sixteen: they can carry a hidden text
    "\ue000-\uf8ff\U000f0000-\U0010ffff"  # private use: seen differently everywhere
)
_JOINED = "\u0600-\u1cff\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"
_RUN = re.compile(
    f"(?:[{_HIDDEN}]|(?<![{_JOINED}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINED}])|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f])+"
)
_MOST_SHOWN = 8  # of one run


def without_surrogates(text: str) -> str:
    """The text with U+FFFD for what is no character and cannot be encoded."""
    return _SURROGATE.sub("\ufffd", text)


def visible(text: str) -> str:
    """The text as HTML, hidden characters as marks: `<span class="invisible-char" …>U+202E</span>`."""
    return _RUN.sub(_mark, html.escape(text))


def visible_plain(text: str) -> str:
    """The text for titles and labels, hidden characters as `[U+202E]`."""
    return _RUN.sub(lambda run: f"[{_numbers(run.group())}]", text)


def _mark(run: re.Match[str]) -> str:
    chars = run.group()
    names = ", ".join(unicodedata.name(char, "unnamed").lower() for char in chars[:_MOST_SHOWN])
    return f'<span class="invisible-char" title="{names}">{_numbers(chars)}</span>'


def _numbers(chars: str) -> str:
    numbers = " ".join(f"U+{ord(char):04X}" for char in chars[:_MOST_SHOWN])
    return numbers if len(chars) <= _MOST_SHOWN else f"{numbers} \u2026 ({len(chars)} hidden characters)"
