"""Markdown as GitHub reads it, with counted work. Imports nothing of the catalog.

markdown-it-py with HTML recognised, because that is what decides where lists, headings and code begin and end as
on GitHub; the renderer then writes it out as text. Addresses are percent-encoded and judged by the renderer.
"""

import re
from functools import lru_cache
from typing import cast
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.common.html_re import HTML_OPEN_CLOSE_TAG_STR
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_block import StateBlock, html_block
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.footnote.index import footnote_def, footnote_ref, footnote_tail

from .autolinks import autolinks
from .bounds import MAX_NESTING, MAX_TOKENS, Environment, TooIntricate, check_size, spend
from .definitions import show_unused
from .outline import Heading, outline
from .renderer import SafeRenderer

_OPTIONS = {
    "html": True,
    "maxNesting": MAX_NESTING,
    "xhtmlOut": False,
    "tasklists": True,
    "alerts": True,
    "strikethrough_single_tilde": True,
    "inline_definitions": True,
    "store_labels": True,
}
_LONE_TAG = re.compile(HTML_OPEN_CLOSE_TAG_STR + r"\s*$")
_FOOTNOTE_REFERENCE = re.compile(r"\[\^[^\s\[\]]{1,100}\]")
_ADDRESS_LENGTH = 2_000


def prompt_html(text: str, shift: int | None) -> tuple[str, list[Heading]]:
    """Markdown to HTML that is not yet cleaned, and its headings; raises `TooIntricate`."""
    environment: Environment = {"shift": shift}
    return html_of(text, environment), environment["headings"]


def short_html(text: str) -> tuple[str, list[Heading]]:
    """The few words of Markdown a lead or an example may use, to HTML that is not yet cleaned."""
    return html_of(text, {}, short=True), []


def html_of(text: str, environment: Environment, *, short: bool = False) -> str:
    """The HTML; the environment takes up what is known of the text (`headings`, `steps` …)."""
    check_size(text)
    md = _short_parser() if short else _prompt_parser()
    text = text if text.endswith("\n") else f"{text}\n"  # code that nothing closes ends with its line, too
    html: str = md.render(text, environment)
    return html


def prompt_tokens(text: str, environment: Environment) -> list[Token]:
    """The tokens of a prompt, in the order `prompt_pieces` writes them; raises `TooIntricate`."""
    check_size(text)
    return _prompt_parser().parse(text if text.endswith("\n") else f"{text}\n", environment)


def prompt_pieces(tokens: list[Token], environment: Environment) -> list[str]:
    """The HTML of each token, not yet cleaned; raises `TooIntricate`."""
    md = _prompt_parser()
    renderer = cast(SafeRenderer, md.renderer)
    return renderer.render_pieces(tokens, md.options, environment)


@lru_cache
def _prompt_parser() -> MarkdownIt:
    md = _parser({}).enable(["table", "strikethrough"])
    containers = ["paragraph", "reference", "blockquote", "list"]
    md.block.ruler.before("table", "work", _count_blocks, {"alt": containers})
    md.block.ruler.at("html_block", _html_block, {"alt": ["paragraph", "reference", "blockquote"]})
    md.block.ruler.before("reference", "footnote_def", footnote_def, {"alt": ["paragraph", "reference"]})
    md.inline.ruler.after("image", "footnote_ref", _footnote_reference)
    md.core.ruler.before("inline", "work", _check_blocks)
    md.core.ruler.push("unused", show_unused)
    md.core.ruler.push("footnote_tail", footnote_tail)
    md.core.ruler.push("outline", outline)
    return md


@lru_cache
def _short_parser() -> MarkdownIt:
    md = _parser({"breaks": True}).enable("strikethrough")
    md.block.ruler.enableOnly(["fence", "paragraph"])
    return md


def _parser(options: dict[str, object]) -> MarkdownIt:
    md = MarkdownIt("commonmark", renderer_cls=SafeRenderer)
    md.inline = _CountingInline()
    md.configure("commonmark", options_update=_OPTIONS | options)
    md.inline.ruler.before("text", "work", _count_inlines)
    autolinks(md)
    md.validateLink = lambda url: True  # type: ignore[method-assign]  # the renderer decides
    md.normalizeLink = _encoded  # type: ignore[assignment,method-assign]
    return md


def _encoded(address: str) -> str:
    return quote(address, safe="%!#$&'()*+,/:;=?@~") if len(address) <= _ADDRESS_LENGTH else ""


class _CountingInline(ParserInline):
    """Counts the steps taken to find the end of a link's label, which are many in a text of many brackets."""

    def skipToken(self, state: StateInline) -> None:
        spend(state.env)
        super().skipToken(state)


def _count_inlines(state: StateInline, silent: bool) -> bool:
    spend(state.env, 2 if state.src[state.pos] in "*_~" else 1)
    return False


def _count_blocks(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    spend(state.env, 1 + state.level // 5)
    return False


def _html_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if silent and state.parentType == "table" and not state.is_code_block(start):
        # A line that is one tag cannot end a paragraph, but it ends a table.
        line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
        if _LONE_TAG.match(line):
            return True
    return html_block(state, start, end, silent)


def _check_blocks(state: StateCore) -> None:
    """Before the text inside the blocks is read: are they too many, or so deep that the parser dropped some?"""
    if len(state.tokens) > MAX_TOKENS or any(token.level >= MAX_NESTING - 1 for token in state.tokens):
        raise TooIntricate


def _footnote_reference(state: StateInline, silent: bool) -> bool:
    # The plugin's own rule looks for the closing bracket to the end of the text, at every `[^`.
    return bool(_FOOTNOTE_REFERENCE.match(state.src, state.pos)) and footnote_ref(state, silent)
