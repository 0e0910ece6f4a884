"""The shipped guide: trusted Markdown files -> pages of HTML, with their sections as plain text to search in.

Imports nothing of the catalog. Unlike a prompt, this text is the project's own: Python-Markdown reads it, and what it
gives is safe because of who wrote it. A page begins with its title (`# …`) and one paragraph that says what it is for.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as etree
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

from django.utils.safestring import SafeString, mark_safe
from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor

_EXTENSIONS = ("admonition", "attr_list", "fenced_code", "md_in_html", "sane_lists", "tables", "toc")
_BEGINNING = re.compile(r"# (?P<title>[^\n]+)\n\n(?P<lead>.+?)\n\n(?P<rest>.+)", re.DOTALL)
_PAGE_LINK = re.compile(r"(?P<page>[a-z-]+)\.md(?P<anchor>#.*)?")
_BEHIND = dict.fromkeys(("p", "li", "pre", "h2", "h3", "tr"), " ") | dict.fromkeys(("th", "td"), " · ")


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading; the text above the first one has neither id nor title."""

    id: str
    title: str
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class GuidePage:
    name: str
    title: str
    lead: str
    html: SafeString
    sections: tuple[Section, ...]


def guide_page(name: str, text: str) -> GuidePage:
    """The page `name` of a guide. Links to `other.md#part` lead to the page beside it."""
    cut = _BEGINNING.fullmatch(text)
    if cut is None:
        raise ValueError(f"the guide's page {name} does not begin with a title and a paragraph")
    html = Markdown(extensions=[*_EXTENSIONS, _OnTheSite()]).convert(cut["rest"])
    lead = " ".join(cut["lead"].split())
    return GuidePage(name, cut["title"], lead, mark_safe(html), tuple(_sections(lead, html)))  # noqa: S308 - shipped


class _OnTheSite(Extension):
    def extendMarkdown(self, md: Markdown) -> None:
        md.treeprocessors.register(_Links(md), "on-the-site", 1)  # behind all others: headings have their ids


class _Links(Treeprocessor):
    """Links between the files become links between the pages, and each heading offers its own address."""

    def run(self, root: etree.Element) -> None:
        for link in root.iter("a"):
            if target := _PAGE_LINK.fullmatch(link.get("href", "")):
                link.set("href", f"../{target['page']}/{target['anchor'] or ''}")
        for heading in [*root.iter("h2"), *root.iter("h3")]:
            # For the mouse: the contents list offers the same targets to everyone.
            anchor = {"class": "heading-anchor", "href": f"#{heading.get('id')}", "aria-hidden": "true"}
            etree.SubElement(heading, "a", {**anchor, "tabindex": "-1"})


def _sections(lead: str, html: str) -> Iterator[Section]:
    reader = _SectionReader()
    reader.feed(html)
    for level, id, title, text in reader.found:
        words = " ".join("".join(text).split())
        yield Section(id, " ".join("".join(title).split()), level, words if id else f"{lead} {words}".strip())


class _SectionReader(HTMLParser):
    """Cuts a page at its headings, and keeps the text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str, list[str], list[str]]] = [(1, "", [], [])]
        self._in_heading = False
        self._in_label = False  # the title of an admonition, which ends without a full stop

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_label = dict(attrs).get("class") == "admonition-title"
        if tag in ("h2", "h3"):
            self.found.append((int(tag[1]), dict(attrs).get("id") or "", [], []))
            self._in_heading = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h2", "h3"):
            self._in_heading = False
        self.handle_data(": " if self._in_label else _BEHIND.get(tag, ""))
        self._in_label = False

    def handle_data(self, data: str) -> None:
        _, _, title, text = self.found[-1]
        (title if self._in_heading else text).append(data)
