"""Bare addresses become links as in GitHub's autolink extension: www., http(s):// and mail addresses, no bare domains.

Imports nothing of the catalog. linkify-it finds `README.md` and `node.js` where GitHub finds nothing, and the
autolink plugin of mdit-py-plugins takes quadratic time on colons; this is one pass.
Source: https://github.github.com/gfm/#autolinks-extension- and cmark-gfm `extensions/autolink.c`.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

_WEB = r"(?<![A-Za-z])[hH][tT][tT][pP][sS]?://|(?<![^\s*_~(])www\."
# Possessive, and never starting inside a run of the same characters: linear in the text.
_MAIL = (
    r"(?<![A-Za-z0-9.+_/-])(?:mailto:)?[A-Za-z0-9.+_-]++"
    r"@[A-Za-z0-9_-]++(?:\.[A-Za-z0-9][A-Za-z0-9_-]*+)++(?<=[A-Za-z])(?!@)"
)
_START = re.compile(f"(?P<web>(?:{_WEB})(?=(?P<host>[\\w.-]+))[^\\s<]+)|(?P<mail>{_MAIL})")
_TRAILING = "?!.,:*_~'\""
_ENTITY = re.compile(r"&[A-Za-z0-9]+;\Z")


def autolinks(md: MarkdownIt) -> None:
    """Teach a parser to link bare addresses."""
    single = md.inline.terminator_re.pattern
    md.inline.terminator_re = re.compile(f"{single}|{_WEB}|{_MAIL}")
    md.inline.ruler.after("text", "autolinks", _rule)


def _rule(state: StateInline, silent: bool) -> bool:
    # Silent runs look for the end of a link's label, where a bare address is plain text.
    if silent or state.linkLevel > 0:
        return False
    match = _START.match(state.src, state.pos, state.posMax)
    text = _address(match) if match else ""
    if not match or not text:
        return False
    scheme = "mailto:" if match["mail"] and not text.startswith("mailto:") else ""
    scheme = "http://" if text.startswith("www.") else scheme
    token = state.push("link_open", "a", 1)
    token.attrs = {"href": state.md.normalizeLink(scheme + text)}
    token.markup, token.info = "linkify", "auto"
    state.push("text", "", 0).content = text
    state.push("link_close", "a", -1)
    state.pos += len(text)
    return True


def _address(match: re.Match[str]) -> str:
    """The address at the start of the match, without what belongs to the sentence around it; "" if it is none."""
    if match["mail"]:
        return match["mail"]
    labels = match["host"].split(".")
    if any("_" in label for label in labels[-2:]) or not labels[0]:
        return ""
    text = _without_trailing(match["web"])
    return text if len(text) > len("www.") else ""


def _without_trailing(text: str) -> str:
    end = len(text)
    unopened = text.count(")") - text.count("(")
    while end:
        last = text[end - 1]
        if last in _TRAILING:
            end -= 1
        elif last == ")" and unopened > 0:
            end -= 1
            unopened -= 1
        elif last == ";":
            entity = _ENTITY.search(text, max(0, end - 40), end)
            end = entity.start() if entity else end - 1
        else:
            break
    return text[:end]
