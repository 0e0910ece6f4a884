"""The language of the public pages: a setting of the catalog, and every word of them goes through gettext."""

import ast
import gettext
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.template import Template
from django.template.base import Lexer, TokenType
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.test import Client
from django.utils import timezone
from django.utils.translation import override
from pytest_django import Settings

from catalog import publishing, system_checks
from catalog.models import Category, Version
from catalog.templatetags import words
from tests.sources import agent_source

Publish = Callable[..., Version]

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = ROOT / "templates"
GERMAN = ROOT / "catalog" / "locale" / "de" / "LC_MESSAGES"
REFRESH = "bring catalog/locale up to date: see Contributing in README.md"
# Documentation for editors and programmers is written in English, and says so to screen readers.
DOCUMENTATION = re.compile(r"(_?api_|_?guide).*\.html")
PUBLIC = [
    *(path for path in sorted((TEMPLATES / "catalog").glob("*.html")) if not DOCUMENTATION.fullmatch(path.name)),
    *(TEMPLATES / name for name in ("400.html", "403.html")),
]
MODULES = sorted((ROOT / "catalog").rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- Every word can be translated -----------------------------------------------------------------------


class Literals(HTMLParser):
    """The texts that people read in a piece of HTML."""

    READ_ALOUD = {"aria-label", "aria-description", "placeholder", "title", "alt", "label"}
    NOT_PROSE = {"code", "kbd", "pre", "script", "style"}

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.NOT_PROSE:
            self.inside.append(tag)
        self.found += [value for name, value in attrs if name in self.READ_ALOUD and value]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            self.inside.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.found.append(data)


def markup_of(source: str) -> str:
    """A template without its tags, and without what they translate."""
    pieces, translated = [], False
    for token in Lexer(source).tokenize():
        word = token.split_contents()[0] if token.token_type == TokenType.BLOCK else ""
        if word in ("blocktranslate", "endblocktranslate"):
            translated = word == "blocktranslate"
        if token.token_type == TokenType.TEXT and not translated:
            pieces.append(token.contents)
    return "".join(pieces)


@pytest.mark.parametrize("path", PUBLIC, ids=name_of)
def test_no_public_template_has_words_of_its_own(path: Path) -> None:
    texts = Literals(markup_of(path.read_text(encoding="utf-8"))).found
    assert [text.strip() for text in texts if re.search(r"[^\W\d_]{2}", text)] == []


def test_a_word_outside_a_translation_is_noticed() -> None:
    source = '{% load i18n %}<p aria-label="Loose">{% translate "Held" %} loose {{ name }}<code>code</code></p>'
    assert [text.strip() for text in Literals(markup_of(source)).found if text.strip()] == ["Loose", "loose"]


# --- German, as the proof ---------------------------------------------------------------------------------


def messages_of_template(path: Path) -> Iterator[str]:
    nodes = Template(path.read_text(encoding="utf-8")).nodelist
    for translated in nodes.get_nodes_by_type(TranslateNode):
        said = translated.filter_expression.var
        if isinstance(literal := getattr(said, "literal", said), str):  # else the word of a variable
            yield literal
    for block in nodes.get_nodes_by_type(BlockTranslateNode):
        yield block.render_token_list(block.singular)[0]


def messages_of_module(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        called = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if re.fullmatch(r"n?gettext(_lazy|_noop)?|_", called) and isinstance(node.args[0], ast.Constant):
            yield str(node.args[0].value)


def german() -> dict[str, str]:
    """Every message of the compiled catalog; a plural under its singular."""
    with (GERMAN / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    return {key if isinstance(key, str) else key[0]: text for key, text in compiled.items()}


def written_in_german() -> dict[str, str]:
    """The same, from the text that translators edit."""
    found: dict[str, dict[str, str]] = {}
    entry: dict[str, str] = {}
    key = ""
    for line in (GERMAN / "django.po").read_text(encoding="utf-8").splitlines():
        if match := re.match(r'(msgid_plural|msgid|msgstr(?:\[\d\])?) (".*")$', line):
            key = match[1]
            entry = {} if key == "msgid" else entry
            entry[key] = ast.literal_eval(match[2])
        elif line.startswith('"'):
            entry[key] += ast.literal_eval(line)
        if "msgid" in entry:
            found[entry["msgid"]] = entry
    return {
        msgid: text
        for msgid, entry in found.items()
        for name, text in entry.items()
        if name in ("msgstr", "msgstr[1]") and text
    }


@pytest.mark.parametrize("path", PUBLIC, ids=name_of)
def test_every_template_is_translated_into_german(path: Path) -> None:
    assert [message for message in messages_of_template(path) if message not in german()] == [], REFRESH


def test_every_sentence_of_the_code_is_translated_into_german() -> None:
    known = german()
    missing = {name_of(path): text for path in MODULES for text in messages_of_module(path) if text not in known}
    assert missing == {}, REFRESH


def test_what_is_served_is_what_translators_wrote() -> None:
    written = written_in_german()
    assert len(written) > 100
    compiled = german()
    assert {msgid for msgid, text in written.items() if compiled.get(msgid) != text} == set(), REFRESH
    assert "#, fuzzy" not in (GERMAN / "django.po").read_text(encoding="utf-8")


# --- Pages --------------------------------------------------------------------------------------------------


@pytest.fixture
def catalog(publish_source: Publish, publisher: User) -> None:
    shelf = Category.objects.create(name="craft", title="Craft")
    publish_source(agent_source(tools="Read, Bash"), category=shelf)
    publish_source(agent_source(prompt="Better.\n", tools="Read, Bash"))
    publishing.yank(publish_source(agent_source(name="gone")), by=publisher, reason="It lies.")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/", "Den richtigen Agenten finden."),
        ("/agents/", "Sortieren nach"),
        ("/agents/?q=zeppelin", "Kein Agent"),
        ("/agents/code-reviewer/", "Befehl"),
        ("/agents/code-reviewer/1/", "Version 1"),
        ("/agents/gone/", "zurückgezogen"),
        ("/collections/", "Sammlungen"),
        ("/categories/", "Kategorien"),
        ("/nothing", "Unter dieser Adresse gibt es nichts."),
    ],
)
def test_a_german_catalog_speaks_german(
    client: Client, catalog: None, settings: Settings, address: str, said: str
) -> None:
    settings.LANGUAGE_CODE = "de"
    page = client.get(address, headers={"accept-language": "en"}).content.decode()
    assert '<html lang="de">' in page
    assert "Zum Inhalt springen" in page
    assert said in page
    for english in ("Search agents", "Skip to", "Browse", "All agents", "See all", "ago<", "today", ">Versions<"):
        assert english not in page


def test_a_fault_is_told_in_german(client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError

    settings.LANGUAGE_CODE = "de"
    client.raise_request_exception = False
    monkeypatch.setattr("catalog.views.machines._pages", broken)
    page = client.get("/sitemap-1.xml").content.decode()
    assert 'lang="de"' in page
    assert "Hier ist etwas schiefgegangen." in page


def test_the_documentation_says_that_it_is_english(client: Client, db: None, settings: Settings) -> None:
    settings.LANGUAGE_CODE = "de"
    for address, part in (("/help/", 'class="guide" lang="en"'), ("/api/v1/docs", 'class="api-docs" lang="en"')):
        page = client.get(address).content.decode()
        assert '<html lang="de">' in page
        assert part in page


def test_the_admin_speaks_english(client: Client, admin: User, settings: Settings) -> None:
    settings.LANGUAGE_CODE = "de"
    client.force_login(admin)
    for address in ("/admin/", "/admin/catalog/agent/"):
        page = client.get(address).content.decode()
        assert '<html lang="en' in page
        assert "Abmelden" not in page
    assert '<html lang="de">' in client.get("/nothing").content.decode()


@pytest.mark.parametrize(("language", "is_wrong"), [("de", False), ("de-at", False), ("fr", True), ("nonsense", True)])
def test_a_language_that_the_catalog_does_not_speak_is_an_error(
    settings: Settings, language: str, is_wrong: bool
) -> None:
    settings.CATALOG_LANGUAGE = language
    assert [message.id for message in system_checks.language(None)] == ["catalog.E004"] * is_wrong


# --- Words ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "english", "german"),
    [
        (0, "today", "heute"),
        (1, "yesterday", "gestern"),
        (5, "5 days ago", "vor 5 Tagen"),
        (7, "1 week ago", "vor 1 Woche"),
        (45, "1 month ago", "vor 1 Monat"),
        (800, "2 years ago", "vor 2 Jahren"),
    ],
)
def test_a_day_is_told_by_the_calendar(days: int, english: str, german: str) -> None:
    moment = timezone.now().replace(hour=0, minute=0, second=1) - timedelta(days=days)
    for language, said in (("en", english), ("de", german)):
        with override(language):
            assert words.day(moment) == said


def test_what_is_still_to_come_by_another_clock_is_today() -> None:
    assert words.day(timezone.now() + timedelta(hours=30)) == "today"


@pytest.mark.parametrize(
    ("language", "number", "size", "tools"),
    [("en", "12,345", "1.5 kB", "reads, runs commands"), ("de", "12.345", "1,5 kB", "liest, führt Befehle aus")],
)
def test_figures_and_lists_are_written_as_the_language_does(language: str, number: str, size: str, tools: str) -> None:
    with override(language):
        assert words.counted(12_345) == number
        assert words.in_kilobytes(1_500) == size
        assert words.in_short(["Read", "Bash"]) == tools
