"""The forms of an English word, made by rule. Imports nothing of the catalog.

What comes out and is no word stands in no text, and so harms nobody.
"""

import re
from collections.abc import Iterator

# Names that people use for one another.
_SYNONYMS = {"js": "javascript", "ts": "typescript", "k8s": "kubernetes", "postgres": "postgresql"}
_SYNONYMS |= {long: short for short, long in _SYNONYMS.items()}

_VERBAL = re.compile(r"(\w*[aeiouy]\w+?)(ing|ed|(?<!e)ers?|ors?|ions?)")
_SHORT_VERB = re.compile(
    r"\w{0,2}[^aeiou][aeiou][^aeiouwxy]"
)  # doubles its last letter: plan, planning; debug, debugging


def other_forms(word: str) -> list[str]:
    """The regular inflections of a word, who does it (reviewer), what is done (automation), and its synonym."""
    forms: dict[str, None] = {}
    if len(word) >= 3 and word.isascii() and word.isalpha():
        bases = [*_singulars(word), *_verbs(word)] or [word]
        forms = dict.fromkeys((_plural(word), *(form for base in bases for form in _forms(base))))
    if word in _SYNONYMS:
        forms[_SYNONYMS[word]] = None
    return [form for form in forms if form != word]


def _verbs(word: str) -> Iterator[str]:
    found = _VERBAL.fullmatch(word)
    if not found or (found[2] not in ("ing", "ed") and len(word) < 7):
        return
    stem = found[1]
    yield from (stem, stem + "e")
    if stem[-1] == stem[-2]:
        yield stem[:-1]
    if stem.endswith("i"):
        yield stem[:-1] + "y"
    if stem.endswith("at") and len(stem) > 6:
        yield from (stem[:-2], stem[:-2] + "e")


def _singulars(word: str) -> Iterator[str]:
    if word.endswith("ies"):
        yield word[:-3] + "y"
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        yield word[:-1]
        if word.endswith(("ses", "xes", "zes", "ches", "shes")):
            yield word[:-2]


def _plural(word: str) -> str:
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    return word + ("es" if re.search(r"(?:s|x|z|ch|sh)$", word) else "s")


def _forms(base: str) -> Iterator[str]:
    yield from (base, _plural(base))
    stem = base.removesuffix("e")
    stems = [stem, base + base[-1]] if _SHORT_VERB.fullmatch(base) else [stem]
    yield from (stem + ending for stem in stems for ending in ("ing", "ed", "er", "ers"))
    if re.search(r"[^aeiou]y$", base):
        yield from (base[:-1] + ending for ending in ("ied", "ier", "iers"))
    if base.endswith("ate"):
        yield from (stem + ending for ending in ("or", "ors", "ion", "ions"))
    elif base.endswith("ize"):
        yield stem + "ation"
