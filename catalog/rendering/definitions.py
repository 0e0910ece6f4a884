"""Definitions nothing refers to: GitHub shows nothing of them, the model reads them, so they are shown.

`[//]: # (a text)` is the usual way to hide one. Imports nothing of the catalog.
"""

from collections.abc import Iterator

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from .bounds import Environment


def show_unused(state: StateCore) -> None:
    """Core rule: tokens for the link definitions and footnotes that stay without a reference."""
    _show_unused_links(state)
    _show_unused_footnotes(state)


def _show_unused_links(state: StateCore) -> None:
    definitions = [token for token in state.tokens if token.type == "definition"]
    used = set(_labels(state.tokens)) if definitions else set()
    for token in definitions:
        if token.meta["id"] in used:
            used.remove(token.meta["id"])  # a second definition of the same label is never the one meant
        else:
            token.type = "unused_definition"


def _labels(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if "label" in token.meta and token.type in ("link_open", "image"):
            yield token.meta["label"]
        if token.children:
            yield from _labels(token.children)


def _show_unused_footnotes(state: StateCore) -> None:
    referenced = _referenced(state.env)
    closings: list[Token] = []
    for token in reversed(state.tokens):  # of two with one label the last is the one meant
        if token.type == "footnote_reference_close":
            closings.append(token)
        elif token.type == "footnote_reference_open":
            closing = closings.pop()
            if token.meta["label"] in referenced:
                referenced.remove(token.meta["label"])
            else:
                token.type, closing.type = "unused_footnote_open", "unused_footnote_close"


def _referenced(environment: Environment) -> set[str]:
    references = environment.get("footnotes", {}).get("refs", {})
    return {label.removeprefix(":") for label, number in references.items() if number >= 0}
