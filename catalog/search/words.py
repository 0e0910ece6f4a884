"""Texts as the words both engines index. Imports nothing of the catalog.

Neither engine's own tokenizer is used, so that both find the same: case, width and accents are folded here,
and scripts written without spaces become pairs of characters, as no tokenizer knows where their words end.
A word holds letters, digits and combining marks only, so nothing in a text can be read as syntax.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

Words = tuple[str, ...]

WORD_MAX = 64  # characters: longer ones (keys, hashes) are cut, in texts and questions alike

GAP = "·"  # stands between two passages: no phrase goes over it

# Say nothing where other words stand beside them.
_FILLERS = (
    "a an and are as at be by can do does for from how i in into is it me my of on or our should that the their "
    "this to we what when which who will with you your"
)
FILLERS = frozenset(_FILLERS.split())
# In a question more words say nothing; some of them only within a sentence: "agent" alone may be meant.
_ASKING = "am any could have need needs please some there these those us want wants would"
ASKING = FILLERS.union(_ASKING.split())
_IN_SENTENCES = (
    "agent agents find finds give gives help helps helping like look looking show somebody someone something"
)
IN_SENTENCES = frozenset(_IN_SENTENCES.split())
SHORTENED = frozenset(("d", "ll", "m", "re", "s", "t", "ve"))  # what an apostrophe leaves: I'd, what's

HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
HIRAGANA = "\u3041-\u3096\u309d-\u309f"
KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
# Bopomofo, Thai, Lao, Burmese, Khmer, and Korean, whose particles stick to its words
OTHER_UNSPACED = "\u3105-\u312f\u0e01-\u0e3a\u0e40-\u0e4e\u0e80-\u0ecf\u1000-\u103f\u1780-\u17d3\uac00-\ud7a3"
UNSPACED = HAN + HIRAGANA + KATAKANA + OTHER_UNSPACED
# Combining marks stand inside the words of many scripts, but are no "\w".
_MARKS = (
    "\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0951-\u0957"
    "\u0962\u0963\u0981-\u0983\u09bc-\u09cd\u0a01-\u0a03\u0a3c-\u0a4d\u0a81-\u0a83\u0abc-\u0acd\u0b01-\u0b03"
    "\u0b3c-\u0b4d\u0b82\u0bbe-\u0bcd\u0c00-\u0c04\u0c3e-\u0c4d\u0c81-\u0c83\u0cbc-\u0ccd\u0d00-\u0d03\u0d3b-\u0d4d"
    "\u0d81-\u0d83\u0dca-\u0ddf"
)
_LETTER = rf"[^\W_{UNSPACED}]"
SPACED_RUN = rf"{_LETTER}++(?:[{_MARKS}]++{_LETTER}*+)*+"

_RUNS = re.compile(rf"[{UNSPACED}]++|{SPACED_RUN}")
_IS_UNSPACED = re.compile(rf"[{UNSPACED}]")
_COMPOUNDS = re.compile(rf"(?<!{_LETTER}){_LETTER}++(?:[-_.'’]{_LETTER}++){{1,2}}")
JOINTS = re.compile(r"[-_.'’]")

# What would lose its meaning with its punctuation.
_SPELLED = (
    (re.compile(r"(?<![^\W_])c\+\+"), "cpp"),
    (re.compile(r"(?<![^\W_])([cf])#"), r"\1sharp"),
    (re.compile(r"(?<![^\W_])\.net(?![^\W_])"), " dotnet"),
)


def _bare_letters() -> dict[int, str | None]:
    """Latin and Greek letters without their accents; in other scripts a mark makes another letter."""
    bare: dict[int, str | None] = dict.fromkeys(range(0x300, 0x370))
    for first, last in ((0xC0, 0x24F), (0x370, 0x3FF), (0x1E00, 0x1FFF)):
        for code in range(first, last + 1):
            letter = unicodedata.normalize("NFD", chr(code))[0]
            if letter != chr(code):
                bare[code] = letter
    return bare | str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


_BARE = _bare_letters()


def fold(text: str) -> str:
    """The text without the differences nobody searches by: case, width, ligatures, accents."""
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).translate(_BARE)
    for pattern, spelling in _SPELLED:
        folded = pattern.sub(spelling, folded)
    return folded


def _alike() -> dict[int, int]:
    """Characters that `fold` makes one other character: accented, of another width."""
    wide = (*range(0xFF01, 0xFF5F), *range(0xFF66, 0xFF9E))
    widths = {code: unicodedata.normalize("NFKC", chr(code)) for code in wide}
    bare = {code: letter for code, letter in _BARE.items() if letter and len(letter) == 1}
    return {code: ord(letter.lower()) for code, letter in (bare | widths).items() if len(letter) == 1}


_ALIKE = _alike()
# Of the wide ones letters and digits: Japanese punctuation is wide too, and matches nothing.
_HAS_ALIKE = re.compile("[\u00c0-\u024f\u0370-\u03ff\u1e00-\u1fff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uff9d]")


def has_alike(text: str) -> bool:
    """Whether a text has characters that are found by others."""
    return not text.isascii() and _HAS_ALIKE.search(text) is not None


def lowered(text: str) -> str:
    """The text folded as far as each character keeps its place."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(one if len(one := letter.lower()) == 1 else letter for letter in text)
    return lower.translate(_ALIKE) if has_alike(lower) else lower


def words_of(text: str) -> list[str]:
    """The words of a text in order and, behind a gap, its compounds as one word ("full-stack": fullstack)."""
    folded = fold(text)
    return joined((split(folded), compounds(folded)))


def joined(passages: Iterable[Iterable[str]]) -> list[str]:
    """Several passages as one, with gaps between them."""
    words: list[str] = []
    for passage in passages:
        if words and words[-1] != GAP:
            words.append(GAP)
        words += passage
    if words and words[-1] == GAP:
        words.pop()
    return words


def compounds(folded: str) -> list[str]:
    """What a folded text ties by punctuation, as one word."""
    found = dict.fromkeys(JOINTS.sub("", compound) for compound in _COMPOUNDS.findall(folded))
    return [compound for compound in found if len(compound) <= WORD_MAX]


def split(folded: str) -> Iterator[str]:
    """The words of a folded text: of a spaced script as they stand, of an unspaced one every pair of characters.

    The last character of an unspaced run comes once more, alone, so that each character begins a word.
    """
    for run in _RUNS.findall(folded):
        if is_unspaced(run):
            yield from (run[place : place + 2] for place in range(len(run)))
        else:
            yield run[:WORD_MAX]


def is_unspaced(word: str) -> bool:
    return _IS_UNSPACED.match(word) is not None


def numbers(text: str | None) -> list[int]:
    """Numbers with commas between them."""
    return list(map(int, text.split(","))) if text else []
