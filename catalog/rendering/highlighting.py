"""Code in colour: the language a fence names, never a guess; a few classes of our own instead of Pygments' many.

Imports nothing of the catalog. The classes (`static/catalog/code.css` gives them their colours):
hl-comment  hl-keyword  hl-string  hl-number  hl-name (what is defined)  hl-builtin  hl-tag (tags, attributes,
decorators)  hl-heading  hl-added  hl-removed
"""

import re
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

MAX_BLOCK = 16 * 1024
MAX_DOCUMENT = 64 * 1024

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
    """The code as HTML, in colour where the language is known and the text not too long."""
    spent = environment.get("highlighted", 0) + len(code)
    if not language or len(code) > MAX_BLOCK or spent > MAX_DOCUMENT:
        return visible(code)
    environment["highlighted"] = spent
    lexer = _lexer_class(language)()
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
