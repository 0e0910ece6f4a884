"""The name under which a tool knows an agent: the catalog's own, or the nearest one that the tool takes.

Source of the rules: formats.md 4.1. Imports `definition`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum

from catalog.definition import digest_of

from .report import Report
from .texts import length

_MARK = len("sha256:")  # where the digits of a digest begin
_MARK_LENGTH = 8
_OTHER_LATIN = str.maketrans({"æ": "ae", "ø": "o", "đ": "d", "ł": "l", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"})
_BETWEEN = re.compile(r"[^a-z0-9]+")


class Letters(Enum):
    """Which letters a name may have, beside digits and hyphens."""

    ANY = "letters of every script, with their marks"
    UNMARKED = "letters of every script, without marks that stand for themselves"
    ASCII = "the small letters a to z"


@dataclass(frozen=True, slots=True)
class NameRule:
    """Which names a tool takes."""

    letters: Letters = Letters.ANY
    shortest: int = 1
    longest: int = 1000
    reserved: frozenset[str] = frozenset()  # names the tool needs for itself
    whose: str = "the agent"  # what there goes by the name


def name_for(report: Report, rule: NameRule) -> str:
    """The agent's name there. Different names stay different, but for accents (é, ü)."""
    name = report.definition.name
    adapted, reason = _adapted(name, rule)
    written = report.definition.fields.get("name")
    tool = report.tool.title
    if adapted != name:
        report.changed("name", f"{reason.format(tool=tool)} There {rule.whose} is called {adapted}.")
    elif written != name:
        report.changed("name", f"The agent is called {name}, as in the addresses of this catalog.")
    else:
        report.kept("name")
    return adapted


def _adapted(name: str, rule: NameRule) -> tuple[str, str]:
    adapted, reason = _in_letters(name, rule.letters), ""
    if adapted != name:
        only = "the letters a to z" if rule.letters is Letters.ASCII else "letters without separate marks"
        reason = f"{{tool}} takes only {only}, digits and hyphens in a name."
    if adapted in rule.reserved:
        adapted, reason = f"{adapted}-agent", f"{{tool}} uses the name {adapted} itself."
    if length(adapted) < rule.shortest:
        adapted, reason = f"{adapted}-agent", f"{{tool}} takes no name of fewer than {rule.shortest} characters."
    if length(adapted) > rule.longest:
        adapted = _shortened(adapted, name, rule.longest)
        reason = f"{{tool}} takes names of at most {rule.longest} characters."
    return adapted, reason


def _in_letters(name: str, letters: Letters) -> str:
    if name.isascii() or letters is Letters.ANY:
        return name
    if letters is Letters.UNMARKED:
        kept = "".join(char for char in name if char == "-" or unicodedata.category(char)[0] in "LN").strip("-")
        return name if kept == name else f"{kept}-{_mark(name)}" if kept else f"agent-{_mark(name)}"
    decomposed = unicodedata.normalize("NFKD", name.translate(_OTHER_LATIN))
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    kept = _BETWEEN.sub("-", plain).strip("-")
    return kept if plain.isascii() and kept else f"{kept or 'agent'}-{_mark(name)}"


def _shortened(adapted: str, name: str, longest: int) -> str:
    """Its beginning, and a mark that keeps it apart from others that begin so."""
    beginning = adapted
    while length(beginning) > longest - _MARK_LENGTH - 1:
        beginning = beginning[:-1]
    return f"{beginning.rstrip('-')}-{_mark(name)}"


def _mark(name: str) -> str:
    return digest_of(name.encode())[_MARK : _MARK + _MARK_LENGTH]
