"""The dialogues in a description: where they stand, and what is said in them. `examples` writes them back.

Real files use two forms (formats.md section 6): `<example>` blocks, also as list items, and list items that begin
with `User:`. Both are read from the decoded description. Imports nothing of the catalog.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Example:
    """One dialogue that shows when to use the agent: plain texts, each may be empty."""

    context: str = ""
    user: str = ""
    assistant: str = ""
    commentary: str = ""

    def __bool__(self) -> bool:
        return bool(self.context or self.user or self.assistant or self.commentary)


KINDS = ("context", "user", "assistant", "commentary")

_WORDS = {
    "context": "context|scenario|situation|コンテキスト|状況|背景|上下文|contexto|contexte|kontext",
    "user": "user|ユーザー|用户|使用者|사용자|usuario|usuário|utilisateur|benutzer|nutzer|пользователь",
    "assistant": "assistant|アシスタント|助手|어시스턴트|asistente|assistente|assistent|ассистент",
    "commentary": "commentary|解説|コメント|comentario|commentaire|kommentar",
}
_TAGS = {
    "context": "context|scenario|situation",
    "user": "user_request|user_query|user",
    "assistant": "assistant_response|assistant",
    "commentary": "commentary",
}
_ANY = "|".join(f"(?P<{kind}>{words})" for kind, words in _WORDS.items())
# A label begins a line, or in a text of one line follows a space and precedes a quotation mark.
_BOLD = r"(?:\*\*|__)?"
_BULLET = r"(?:[-*•]|\d{1,2}[.)])[ \t]+"
_LABEL = re.compile(rf"(?:^|(?<=\n))[ \t]*(?:{_BULLET})?{_BOLD}(?:{_ANY}){_BOLD}[ \t]*[::]{_BOLD}[ \t]*", re.IGNORECASE)
_INLINE_LABEL = re.compile(rf"(?:^|(?<=[\s>]))(?:[-*•][ \t]+)?(?:{_ANY})[ \t]*[::][ \t]*", re.IGNORECASE)
_TAG = re.compile(
    "<(?:" + "|".join(f"(?P<{kind}>{words})" for kind, words in _TAGS.items()) + r")>[ \t]*\n?", re.IGNORECASE
)
_CLOSING_TAG = re.compile(r"</(?:" + "|".join(_TAGS.values()) + r")>", re.IGNORECASE)

_BLOCK_OPEN = re.compile(r"<example>", re.IGNORECASE)
_BLOCK_CLOSE = re.compile(r"</example>", re.IGNORECASE)
_ITEM = re.compile(
    rf"(?:^|(?<=\n))[ \t]*{_BULLET}{_BOLD}(?:{_WORDS['user']}|{_WORDS['context']}){_BOLD}[ \t]*[::]"
    rf"|(?:^|(?<=\s))[-*•][ \t]+(?:{_WORDS['user']})[ \t]*[::][ \t]*(?=[\"'“「])",
    re.IGNORECASE,
)
_BARE_ITEM = re.compile(rf"(?:^|(?<=\n))[ \t]*(?:{_WORDS['user']})[ \t]*[::]", re.IGNORECASE)
_HEADER = re.compile(
    r"(?:^|(?<=\s))(?:\*\*|#{1,4} )?(?:examples?(?: of use| usage)?|usage examples?|specifically|for example|"
    r"for instance|here are (?:some|a few) examples|例|使用例|示例|ejemplos|exemples|beispiele)"
    r"(?:\*\*)?\s*[::]?(?:\*\*)?\s*$",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "「": "」", "«": "»"}


@dataclass(frozen=True, slots=True)
class Part:
    """One labelled text of a block: what stands before it, the text as written, and what closes it."""

    kind: str
    opening: str  # white space, label, opening quote
    text: str
    closing: str  # closing quote, closing tag


@dataclass(frozen=True, slots=True)
class Block:
    """One example as it stands in a description."""

    raw: str
    example: Example
    prefix: str
    parts: tuple[Part, ...]
    suffix: str


@dataclass(frozen=True, slots=True)
class Dialogues:
    """A description cut into what stands before the examples, the examples, and what follows them."""

    head: str
    blocks: tuple[Block, ...]
    gaps: tuple[str, ...]  # between the blocks: one fewer than blocks
    tail: str

    @property
    def examples(self) -> tuple[Example, ...]:
        return tuple(block.example for block in self.blocks)

    @property
    def lead(self) -> str:
        """The description without its examples and without the line that announces them."""
        return "\n\n".join(part for part in (without_header(self.head), self.tail.strip()) if part)


def read_dialogues(description: str) -> Dialogues:
    """Cut a decoded description; linear, never raises. Without examples all of it is `head`."""
    for spans, read_block in (
        (_tagged_spans(description), _read_tagged),
        (_listed_spans(description), _read_listed),
    ):
        found = [(start, end, read_block(description[start:end])) for start, end in spans]
        found = [item for item in found if item[2].example]
        if found:
            blocks = tuple(block for _, _, block in found)
            gaps = tuple(description[a[1] : b[0]] for a, b in pairwise(found))
            return Dialogues(description[: found[0][0]], blocks, gaps, description[found[-1][1] :])
    return Dialogues(description, (), (), "")


# --- Reading -----------------------------------------------------------------------------------------


def _tagged_spans(text: str) -> list[tuple[int, int]]:
    opens = [match.span() for match in _BLOCK_OPEN.finditer(text)]
    closes = [match.end() for match in _BLOCK_CLOSE.finditer(text)]
    spans, at = [], 0
    for number, (start, inside) in enumerate(opens):
        limit = opens[number + 1][0] if number + 1 < len(opens) else len(text)
        while at < len(closes) and closes[at] <= inside:
            at += 1
        if at < len(closes) and closes[at] <= limit:
            spans.append((start, closes[at]))
        else:  # never closed: up to the next block
            spans.append((start, start + len(text[start:limit].rstrip().removesuffix("-").rstrip())))
    return spans


def _listed_spans(text: str) -> list[tuple[int, int]]:
    starts = _item_starts(text)
    spans = []
    for number, start in enumerate(starts):
        limit = starts[number + 1] if number + 1 < len(starts) else _end_of_list(text, start)
        spans.append((start, start + len(text[start:limit].rstrip())))
    return spans


def _item_starts(text: str) -> list[int]:
    """Where dialogues begin: at a list item with a user or a context, or at a bare `user:` line with an answer."""
    items = list(_ITEM.finditer(text))
    if not items:
        if re.search(rf"(?:^|\n)[ \t]*(?:{_WORDS['assistant']})[ \t]*[::]", text, re.IGNORECASE):
            return [match.start() for match in _BARE_ITEM.finditer(text)]
        return []
    starts: list[int] = []
    begun = -1  # where an item began with its context and no user has spoken yet
    for match in items:
        is_user = re.search(_WORDS["user"], match.group(), re.IGNORECASE) is not None
        if is_user and begun >= 0 and not _BARE_ITEM.search(text, begun, match.start()):
            begun = -1  # the user's line of the item that its context began
            continue
        starts.append(match.start())
        begun = -1 if is_user else match.end()
    return starts


def _end_of_list(text: str, start: int) -> int:
    """The last item ends at a blank line that is followed by text that is neither indented nor labelled."""
    for match in re.finditer(r"\n[ \t]*\n(?=[^\s<\-*•])", text[start:]):
        if not _LABEL.match(text, start + match.end()):
            return start + match.start()
    return len(text)


def _read_tagged(raw: str) -> Block:
    opening = _BLOCK_OPEN.match(raw)
    start = opening.end() if opening else 0
    closing = list(_BLOCK_CLOSE.finditer(raw))
    end = closing[-1].start() if closing else len(raw)
    return _read_parts(raw, start, end)


def _read_listed(raw: str) -> Block:
    return _read_parts(raw, 0, len(raw))


def _read_parts(raw: str, start: int, end: int) -> Block:
    inner = raw[start:end]
    marks = _marks(inner)
    if not marks:
        text = inner.strip()
        at = inner.find(text)
        part = Part("context", inner[:at], text, "")
        return Block(raw, Example(context=text), raw[:start], (part,), inner[at + len(text) :] + raw[end:])
    parts = []
    texts: dict[str, str] = {}
    if stray := inner[: marks[0][1]].strip():
        texts["context"] = stray
    previous = 0
    for number, (kind, _, text_start) in enumerate(marks):
        limit = marks[number + 1][1] if number + 1 < len(marks) else len(inner)
        text_start, text_end, text_close = _text_span(inner, text_start, limit)
        text = dedented(inner[text_start:text_end])
        parts.append(Part(kind, inner[previous:text_start], text, inner[text_end:text_close]))
        texts[kind] = f"{texts[kind]}\n{text}" if texts.get(kind) else text
        previous = text_close
    return Block(raw, Example(**texts), raw[:start], tuple(parts), inner[previous:] + raw[end:])


def _marks(inner: str) -> list[tuple[str, int, int]]:
    """Where the parts begin: (kind, start of the label, start of the text), in order.

    Once the assistant speaks, later turns of either side belong to its text; only commentary ends it.
    """
    found = [(m.kind, m.start, m.end) for m in _all_labels(inner)]
    marks: list[tuple[str, int, int]] = []
    seen: set[str] = set()
    for kind, start, end in sorted(found, key=lambda mark: mark[1]):
        if marks and start < marks[-1][2]:
            continue
        if ("assistant" in seen and kind != "commentary") or ("commentary" in seen):
            continue
        if kind in seen or (kind == "context" and "user" in seen):
            continue
        marks.append((kind, start, end))
        seen.add(kind)
    return marks


@dataclass(frozen=True, slots=True)
class _Mark:
    kind: str
    start: int
    end: int


def _all_labels(inner: str) -> Iterable[_Mark]:
    tags = [_mark(match) for match in _TAG.finditer(inner)]
    labels = [_mark(match) for match in _LABEL.finditer(inner)]
    if not {mark.kind for mark in (*labels, *tags)} & {"user", "assistant"} or "\n" not in inner.strip():
        labels = [_mark(match) for match in _INLINE_LABEL.finditer(inner)]
    return [*tags, *labels]


def _mark(match: re.Match[str]) -> _Mark:
    kind = next(kind for kind in KINDS if match.group(kind))
    return _Mark(kind, match.start(), match.end())


def _text_span(inner: str, start: int, limit: int) -> tuple[int, int, int]:
    """The text between two marks without white space, closing tag and quotes: its start, its end, the closing's end."""
    ended = inner[start:limit].rstrip(" \t\n-*•")
    tag = ended.rfind("</") if ended.endswith(">") else -1
    if tag >= 0 and _CLOSING_TAG.fullmatch(ended, tag):
        end, close = start + tag, start + len(ended)
    else:
        end = close = start + len(inner[start:limit].rstrip())
    while start < end and inner[start].isspace():
        start += 1
    end = start + len(inner[start:end].rstrip())
    close = max(close, end)
    if end - start > 1 and _is_quoted(inner[start:end]):
        return start + 1, end - 1, close
    return start, end, close


def _is_quoted(text: str) -> bool:
    """Whether one pair of quotes stands around the whole: `"a" and "b"` is not quoted, `"say "hi" now"` is."""
    opening, closing = text[0], text[-1]
    if _QUOTES.get(opening) != closing:
        return False
    inside = text[1:-1].replace("\\" + closing, "")
    at = inside.find(opening)
    if opening == "'":  # mostly apostrophes inside
        return True
    return at < 0 or ((at == 0 or inside[at - 1] in " \t\n([{") and not inside[at + 1 : at + 2].isspace())


def dedented(text: str) -> str:
    """Continuation lines without the indentation they share."""
    first, *rest = text.split("\n")
    depths = [len(line) - len(line.lstrip()) for line in rest if line.strip()]
    depth = min(depths, default=0)
    return "\n".join([first, *(line[depth:] if line.strip() else "" for line in rest)])


def without_header(head: str) -> str:
    text = head.rstrip().rstrip("-*•").rstrip()
    if match := _HEADER.search(text[-80:]):
        text = text[: len(text) - 80 + match.start() if len(text) > 80 else match.start()]
    return text.strip()
