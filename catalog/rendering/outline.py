"""The headings of a text: their ids, their place on the page. Imports nothing of the catalog."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from .bounds import Environment
from .characters import visible_plain

TOP_LEVEL = 3  # below the page's title and the page's section
_SLUG_DROPS = re.compile(r"[^\w\- ]")
_SLUG_LENGTH = 80


@dataclass(frozen=True, slots=True)
class Heading:
    level: int  # as on the page; beyond 6 the element is an h6 that states its level
    id: str
    text: str


def outline(state: StateCore) -> None:
    """Core rule: give each heading its id and level, and note them for the contents list and `#fragment` links."""
    opening = [i for i, token in enumerate(state.tokens) if token.type == "heading_open"]
    shift = state.env.get("shift")
    if shift is None:
        shift = TOP_LEVEL - min((int(state.tokens[i].tag[1]) for i in opening), default=1)
    ids = _Ids()
    found: list[Heading] = []
    for i in opening:
        children = state.tokens[i + 1].children or []
        level = max(1, int(state.tokens[i].tag[1]) + shift)
        slug = ids.unique(_slug("".join(_texts(children, raw_html=False))))
        text = " ".join("".join(_texts(children, raw_html=True)).split())
        found.append(Heading(level, f"prompt-{slug}", visible_plain(text)))
        state.tokens[i].meta = state.tokens[i + 2].meta = {"heading": found[-1]}
    state.env["headings"] = found
    state.env["heading_ids"] = {heading.id for heading in found}


def target_of(fragment: str, environment: Environment) -> str:
    """The address of the heading that a `#fragment` link means, "" where there is none."""
    id = f"prompt-{unquote(fragment).lower()}"
    return f"#{id}" if id in environment.get("heading_ids", ()) else ""


def _slug(text: str) -> str:
    """As GitHub makes it: lower case, punctuation dropped, spaces as dashes."""
    return _SLUG_DROPS.sub("", text.strip().lower())[:_SLUG_LENGTH].replace(" ", "-") or "section"


def _texts(tokens: list[Token], *, raw_html: bool) -> Iterator[str]:
    for token in tokens:
        if token.type in ("text", "code_inline") or (raw_html and token.type == "html_inline"):
            yield token.content
        elif token.type == "softbreak":
            yield " "
        elif token.children:
            yield from _texts(token.children, raw_html=raw_html)


class _Ids:
    """Ids told apart by `-1`, `-2` …, as GitHub does."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def unique(self, slug: str) -> str:
        id = slug
        while id in self._next:
            self._next[slug] += 1
            id = f"{slug}-{self._next[slug]}"
        self._next[id] = 0
        return id
