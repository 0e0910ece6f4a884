"""A prompt as a tree of blocks, each with its HTML, told apart by what is read. Imports nothing of the catalog."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace

from markdown_it.token import Token

from .bounds import Environment
from .highlighting import MAX_DOCUMENT
from .outline import TOP_LEVEL
from .parser import prompt_pieces, prompt_tokens

_NUMBERED = re.compile(r'\s(?:id="[^"]*"|href="#footnote-[^"]*")')  # follows from what stands elsewhere
_TAG = re.compile(r"<[^>]+>")
_ID = re.compile(r'\sid="[^"]*"')
_LINK_WITHIN = re.compile(r'<a [^>]*href="#[^"]*"[^>]*>(.*?)</a>', re.DOTALL)
_KINDS = {"bullet_list": "list", "ordered_list": "list", "th": "cell", "td": "cell"}
_CODE = ("fence", "code_block", "html_block")

Ids = dict[Hashable, int]


@dataclass(eq=False, slots=True)
class Block:
    """One block: its own HTML around that of its children. Blocks of one `id` read the same."""

    kind: str  # only blocks of one kind can be one block that changed
    opening: str  # of a block without children its whole HTML
    closing: str = ""
    children: list[Block] = field(default_factory=list)
    code: str | None = None  # the text of a piece of code
    frame: str = ""  # the opening as it is compared
    id: int = 0

    @property
    def html(self) -> str:
        return "".join(self._pieces())

    @property
    def name(self) -> str:
        return self.kind.partition(" ")[0]

    @property
    def paragraphs(self) -> int:
        """How many paragraphs, items, cells and pieces of code."""
        return sum(child.paragraphs for child in self.children) if self.children else 1

    def _pieces(self) -> Iterator[str]:
        yield self.opening
        for child in self.children:
            yield from child._pieces()
        yield self.closing


def blocks_of(old: str, new: str) -> tuple[list[Block], list[Block]]:
    """The blocks of two prompts, their headings on the same levels; raises `TooIntricate`."""
    ids: Ids = {}
    environments: list[Environment] = [{"shift": 0, "coloured": MAX_DOCUMENT}, {"shift": 0}]
    read = [prompt_tokens(text, environment) for text, environment in zip((old, new), environments, strict=True)]
    opening = [token for tokens in read for token in tokens if token.type == "heading_open"]
    shift = TOP_LEVEL - min((int(token.tag[1]) for token in opening), default=1)
    for token in opening:
        heading = token.meta["heading"]
        token.meta["heading"] = replace(heading, level=heading.level + shift)
    before, after = (
        _tree(tokens, prompt_pieces(tokens, environment), ids)
        for tokens, environment in zip(read, environments, strict=True)
    )
    return before, after


def without_targets(html: str) -> str:
    """For what is no more: nothing on the page leads to it, and it leads nowhere on the page."""
    return _ID.sub("", _LINK_WITHIN.sub(r"\1", html))


def _tree(tokens: list[Token], pieces: list[str], ids: Ids) -> list[Block]:
    root = Block("", "")
    path = [root]
    for token, piece in zip(tokens, pieces, strict=True):
        # The marks of a comparison are `ins` and `del`; what the author struck is told apart from them.
        piece = piece.replace("<del>", "<s>").replace("</del>", "</s>")
        if token.nesting == 1:
            block = _opened(token, piece)
            path[-1].children.append(block)
            path.append(block)
        elif token.nesting == -1:
            block = path.pop()
            block.closing = piece
            block.id = _id(block, ids)
        elif piece:
            path[-1].children.append(_leaf(token, piece, ids))
    return root.children


def _opened(token: Token, piece: str) -> Block:
    kind = token.type.removesuffix("_open")
    words = _TAG.sub("", piece).strip()  # what stands before the first child, such as the title of an alert
    kind = f"{_KINDS.get(kind, kind)} {words} {token.meta.get('checked', '')}".strip()
    frame = "" if kind == "paragraph" else _NUMBERED.sub("", piece).strip()  # a loose list reads as a tight one
    return Block(kind, piece, frame=frame)


def _leaf(token: Token, piece: str, ids: Ids) -> Block:
    block = Block(token.type, piece)
    if token.type in _CODE:
        block.kind = "code"
        block.code = token.content.rstrip() if token.type == "html_block" else token.content
        block.frame = f"{token.type} {token.info}"
    else:
        block.frame = _NUMBERED.sub("", piece).strip()
    block.id = _id(block, ids)
    return block


def _id(block: Block, ids: Ids) -> int:
    key = (block.kind, block.frame, block.code, tuple(child.id for child in block.children))
    return ids.setdefault(key, len(ids))
