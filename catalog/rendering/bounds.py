"""How much work one text may cost, counted in steps of the parser so that every machine decides alike.

Imports nothing of the catalog. Measured on 256 KiB texts of one repeated shape, each stays below about 1.5 s;
the most intricate of 1,433 real files spends a twentieth of these bounds.
"""

from collections.abc import MutableMapping
from typing import Any

MAX_CHARACTERS = 256 * 1024
MAX_LINES = 20_000
MAX_TOKENS = 100_000  # of blocks: a table of many empty cells makes them from little text
MAX_STEPS = 100_000
MAX_NESTING = 100  # deeper, the parser would drop text

Environment = MutableMapping[str, Any]


class TooIntricate(Exception):
    """The text costs more work than a page may."""


def check_size(text: str) -> None:
    if len(text) > MAX_CHARACTERS or text.count("\n") + text.count("\r") > MAX_LINES:
        raise TooIntricate


def spend(environment: Environment, steps: int = 1) -> None:
    """Count work done for a text; raises `TooIntricate` past the bound."""
    spent = environment["steps"] = environment.get("steps", 0) + steps
    if spent > MAX_STEPS:
        raise TooIntricate
