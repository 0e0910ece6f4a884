"""Code in colour: the language a fence names, never a guess; a few classes of our own instead of Pygments' many.

Imports nothing of the catalog. The classes (`static/catalog/prompt.css` gives them their colours):
hl-comment  hl-keyword  hl-string  hl-number  hl-name (what is defined)  hl-builtin  hl-tag (tags, attributes,
decorators)  hl-heading  hl-added  hl-removed

Lexers are lists of regular expressions, and for most languages there is a text that takes them quadratic or cubic
time (16 KB of empty lines as C: 17 s). So a lexer gets a few kilobytes at a time, and a document a quarter second.
"""

import re
import time
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_by_name
from pygments.token import Comment, Generic, Keyword, Name, Number, Operator, String, _TokenType

from .bounds import Environment
from .characters import visible

# Named in the fences of real agents, or likely there. A name is a class of the `code` element as well.
LANGUAGES = (
    *("bash", "c", "clojure", "cmake", "cpp", "csharp", "css", "dart", "diff", "dockerfile", "elixir", "erlang"),
    *("fsharp", "gdscript", "glsl", "go", "graphql", "groovy", "haskell", "hcl", "hlsl", "html", "ini", "java"),
    *("javascript", "json", "jsx", "julia", "kotlin", "lua", "make", "markdown", "matlab", "nginx", "nix"),
    *("objective-c", "ocaml", "perl", "php", "powershell", "properties", "protobuf", "python", "r", "ruby", "rust"),
    *("scala", "scss", "solidity", "sql", "swift", "terraform", "toml", "tsx", "twig", "typescript", "vue"),
    *("xml", "yaml", "zig"),
)
_ALIASES = {
    alias: language
    for language, aliases in {
        "bash": "sh shell zsh",
        "cpp": "c++",
        "csharp": "c# cs",
        "dockerfile": "docker",
        "go": "golang",
        "javascript": "js mjs",
        "json": "json5 jsonc jsonl",
        "kotlin": "kt",
        "make": "makefile",
        "markdown": "md",
        "objective-c": "objc",
        "powershell": "ps1",
        "properties": "env",
        "protobuf": "proto",
        "python": "py python3",
        "ruby": "rb",
        "rust": "rs",
        "terraform": "tf",
        "typescript": "ts",
        "yaml": "yml",
    }.items()
    for alias in aliases.split()
}
_LANGUAGE_NAME = re.compile(r"[\w#+-]{1,20}")

MAX_DOCUMENT = 64 * 1024  # characters of code that are coloured
MAX_SECONDS = 0.25  # of processor time, after which the rest of a document's code stays plain
MAX_PIECE = 4096
MAX_PIECE_OF = dict.fromkeys(
    ("c", "cpp", "csharp", "hcl", "java", "make", "nix", "objective-c", "terraform"), 1024
)  # whose lexers take cubic time
_PIECE_END = re.compile(r"\n\n(?=\S)")  # an empty line, and no indentation below it

# The most specific token type wins; a type that is not named takes the class of its parent.
_CLASS_OF = {
    Comment: "hl-comment",
    Comment.Preproc: "hl-tag",
    Keyword: "hl-keyword",
    Keyword.Constant: "hl-number",
    Keyword.Type: "hl-builtin",
    Operator.Word: "hl-keyword",
    String: "hl-string",
    Number: "hl-number",
    Name.Attribute: "hl-tag",
    Name.Builtin: "hl-builtin",
    Name.Class: "hl-name",
    Name.Decorator: "hl-tag",
    Name.Exception: "hl-builtin",
    Name.Function: "hl-name",
    Name.Namespace: "hl-name",
    Name.Tag: "hl-tag",
    Generic.Heading: "hl-heading",
    Generic.Subheading: "hl-heading",
    Generic.Inserted: "hl-added",
    Generic.Deleted: "hl-removed",
}
CLASSES = frozenset(_CLASS_OF.values())


def language_of(info: str) -> str:
    """The language a fence's info string names, "" where it is none of ours."""
    match = _LANGUAGE_NAME.match(info.strip().lower())
    name = match.group() if match else ""
    name = _ALIASES.get(name, name)
    return name if name in LANGUAGES else ""


def highlighted(code: str, language: str, environment: Environment) -> str:
    """The code as HTML, in colour where the language is known and the bounds allow it."""
    if not language:
        return visible(code)
    longest = MAX_PIECE_OF.get(language, MAX_PIECE)
    html = []
    for piece in _pieces(code, longest):
        if len(piece) > longest or _is_spent(environment, len(piece)):
            html.append(visible(piece))
            continue
        start = time.thread_time()
        html.append(_coloured(piece, language))
        environment["seconds"] = environment.get("seconds", 0.0) + time.thread_time() - start
    return "".join(html)


def _pieces(code: str, length: int) -> Iterator[str]:
    """The code in pieces of at most this length that begin at the margin, or longer ones that have no such place."""
    start = end = 0
    for cut in (*(match.end() for match in _PIECE_END.finditer(code)), len(code)):
        if cut - start > length and end > start:
            yield code[start:end]
            start = end
        end = cut
    yield code[start:]


def _is_spent(environment: Environment, characters: int) -> bool:
    coloured: int = environment.get("coloured", 0) + characters
    seconds: float = environment.get("seconds", 0.0)
    environment["coloured"] = coloured
    return coloured > MAX_DOCUMENT or seconds > MAX_SECONDS


def _coloured(code: str, language: str) -> str:
    # Markdown's lexer would otherwise call any lexer there is, and PHP's see no code without an opening tag.
    lexer = _lexer_class(language)(handlecodeblocks=False, startinline="<?" not in code)
    parts = [(_class_of(kind), value) for _, kind, value in lexer.get_tokens_unprocessed(code)]
    if "".join(value for _, value in parts) != code:  # a lexer that loses text is not to be trusted with it
        return visible(code)
    return "".join(
        _span(name, "".join(value for _, value in run)) for name, run in groupby(parts, key=lambda part: part[0])
    )


def _span(name: str, value: str) -> str:
    return f'<span class="{name}">{visible(value)}</span>' if name and value.strip() else visible(value)


@lru_cache
def _lexer_class(language: str) -> type[Lexer]:
    return find_lexer_class_by_name(language)


@lru_cache(maxsize=512)
def _class_of(kind: _TokenType) -> str:
    at: _TokenType | None = kind
    while at is not None and at not in _CLASS_OF:
        at = at.parent
    return _CLASS_OF[at] if at is not None else ""
