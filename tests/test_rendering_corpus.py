"""Every prompt of the corpus, as our parser reads it and as GitHub's own renderer (cmark-gfm) does.

Compared is our HTML before it is sanitised. Raw HTML is left out on both sides and nowhere else: the reference, in
its safe mode, leaves a comment in its place, and ours stands in an element of class `raw-html`. So no document is
excused for its HTML: the lists, tables, code and headings around it and between two pieces of it must be equal too.
Where our HTML names a character that cannot be seen, it is read back as that character.
"""

import functools
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import pytest
from cmarkgfm.cmark import Options, markdown_to_html_with_extensions

from catalog.definition import read
from catalog.rendering import Heading, bounds, parser
from catalog.rendering.allowed import cleaned
from tests.corpus import CorpusFile, corpus_files
from tests.hostile import faults

pytestmark = [pytest.mark.corpus, pytest.mark.plain]

EXTENSIONS = ["table", "strikethrough", "autolink", "tasklist"]
# The reference loses a code span that follows an unmatched run of backticks and a longer code span: a fault of
# cmark-gfm (its note of the last run is overwritten by an earlier one). CommonMark's rule gives the code span.
EXCUSED = {"davepoon__buildwithclaude/plugins/gsd/agents/gsd-code-fixer.md": {"items"}}

OURS_ALONE = {"raw-html", "unused-definition", "markdown-alert-title"}
VOID = {"br", "hr", "input", "img"}


@dataclass
class Element:
    tag: str
    attrs: dict[str, str]
    text: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)

    @property
    def classes(self) -> set[str]:
        return set(self.attrs.get("class", "").split())


class Structure(HTMLParser):
    """The list items, table rows, code blocks, headings and links of an HTML text, with their text."""

    KINDS = ("items", "rows", "code", "headings", "links")

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[Element] = []
        self.found: dict[str, list[object]] = {kind: [] for kind in self.KINDS}
        self.feed(html)
        self.close()
        assert self.open == [], "tags that do not close"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "img":
            self.handle_data(named["alt"])
        if tag not in VOID:
            self.open.append(Element(tag, named))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        element = self.open.pop()
        assert element.tag == tag
        if not element.classes & OURS_ALONE:
            self._note(element, "".join(element.text))

    def handle_data(self, data: str) -> None:
        if any(element.classes & OURS_ALONE for element in self.open):
            return
        if self.open and "invisible-char" in self.open[-1].classes:
            data = "".join(chr(int(number.removeprefix("U+"), 16)) for number in data.split())
        for element in self.open:
            element.text.append(data)

    def _note(self, element: Element, text: str) -> None:
        words = " ".join(text.split())
        address = element.attrs.get("href", "")
        if element.tag == "li":
            self.found["items"].append(words)
        elif element.tag in ("td", "th"):
            next(row for row in reversed(self.open) if row.tag == "tr").cells.append(words)
        elif element.tag == "tr":
            self.found["rows"].append(element.cells)
        elif element.tag == "pre":
            self.found["code"].append(text)
        elif element.tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.found["headings"].append((element.tag, words))
        elif address.startswith(("http", "mailto:")) and "image-link" not in element.classes:
            self.found["links"].append((address, words))


@dataclass
class Rendered:
    file: CorpusFile
    prompt: str
    html: str  # before cleaning, headings as they are in the text
    headings: list[Heading]
    steps: int

    @functools.cached_property
    def structure(self) -> dict[str, list[object]]:
        return Structure(self.html).found


@functools.cache
def corpus() -> list[Rendered]:
    rendered = []
    for file in corpus_files("agent"):
        try:
            prompt = read(file.data.decode()).prompt
        except UnicodeDecodeError:  # one file, which no catalog accepts
            continue
        environment: dict[str, Any] = {"shift": 0}
        html = parser.html_of(prompt, environment)
        rendered.append(Rendered(file, prompt, html, environment["headings"], environment["steps"]))
    return rendered


def test_every_prompt_has_the_structure_that_github_gives_it():
    counted: Counter[str] = Counter()
    differing = {}
    for each in corpus():
        reference = markdown_to_html_with_extensions(each.prompt, Options.CMARK_OPT_FOOTNOTES, EXTENSIONS)
        expected, found = Structure(reference).found, each.structure
        counted.update({kind: len(values) for kind, values in expected.items()})
        if differences := {kind for kind in Structure.KINDS if found[kind] != expected[kind]}:
            differing[str(each.file)] = differences
    assert differing == EXCUSED
    assert counted["items"] > 100_000
    assert counted["headings"] > 15_000
    assert counted["code"] > 3_000
    assert counted["rows"] > 1_800
    assert counted["links"] > 180


def test_nothing_but_the_allow_list_comes_out_of_any_prompt_and_cleaning_takes_nothing_away():
    for each in corpus():
        shown = cleaned(each.html)
        assert faults(shown) == [], str(each.file)
        assert Structure(shown).found == each.structure, str(each.file)
        assert all(f'id="{heading.id}"' in shown for heading in each.headings), str(each.file)


def test_no_real_prompt_comes_near_the_bound_of_work():
    assert max(each.steps for each in corpus()) < bounds.MAX_STEPS / 10
