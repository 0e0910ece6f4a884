"""The editors' guide: every page answers, every link leads somewhere, and what it says is what the software does."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from catalog.definition import FIELDS
from catalog.definition.characters import _CLASSES
from catalog.definition.checks import LONG_DESCRIPTION, VERY_LONG_DESCRIPTION
from catalog.definition.field_checks import LONGEST_USUAL_NAME, SHORTEST_NAME
from catalog.definition.fields import Kind
from catalog.definition.limits import MAX_FRONTMATTER_BYTES, MAX_NAME_LENGTH, MAX_SOURCE_BYTES
from catalog.definition.tools import LABELS, NEVER_FOR_SUBAGENTS, OLD_NAMES, TOOLS
from catalog.rendering.guide import guide_page
from catalog.views import guide
from catalog.views.freshness import PAGE_CACHE

ROOT = Path(__file__).resolve().parents[1]
INDEX = "/help/"
ADDRESSES = {name: f"/help/{name}/" for name in guide.ORDER}

# Where what a finding says is explained: a page and a part of it. A new finding stands here.
EXPLAINED = {
    **dict.fromkeys(("name-missing", "name-not-text", "name-not-usable", "name-too-long"), "name-and-title#allowed"),
    **dict.fromkeys(("name-not-kebab-case", "name-unusual-length", "name-of-device"), "name-and-title#allowed"),
    "name-taken": "name-and-title#unique",
    "name-of-another-agent": "name-and-title#rename",
    **dict.fromkeys(("description-missing", "description-not-text"), "lead#checks"),
    "description-costly": "lead#length",
    "lead-missing": "lead#checks",
    **dict.fromkeys(("description-cut", "description-ends-with-colon", "description-spilled"), "importing#faults"),
    **dict.fromkeys(("description-literal-newlines", "description-backslash-n"), "importing#line-breaks"),
    **dict.fromkeys(("reading-quoted", "reading-recovered"), "importing#readings"),
    **dict.fromkeys(("value-cut-at-front", "file-empty", "file-too-large", "not-utf-8"), "importing#faults"),
    **dict.fromkeys(("no-frontmatter", "frontmatter-not-closed", "frontmatter-not-first"), "importing#faults"),
    **dict.fromkeys(("frontmatter-one-line", "frontmatter-too-deep", "frontmatter-too-large"), "importing#faults"),
    **dict.fromkeys(("name-falls-together", "name-renamed"), "importing#faults"),
    **dict.fromkeys(("name-taken-in-import", "draft-open", "version-withdrawn"), "importing#report"),
    **dict.fromkeys(("changed-meanwhile", "not-publishable"), "importing#report"),
    **dict.fromkeys(("field-unknown", "field-misspelt", "field-repeated"), "advanced#unknown"),
    "value-of-wrong-type": "advanced#values",
    **dict.fromkeys(("tools-not-a-list", "tool-unknown", "tool-old-name", "tool-not-for-agents"), "tools#names"),
    **dict.fromkeys(("tools-empty", "all-tools"), "tools#tools"),
    "runs-commands": "tools#commands",
    "changes-files": "tools#kinds",
    "bypasses-permissions": "advanced#permissionmode",
    "runs-hooks": "advanced#hooks",
    "starts-servers": "advanced#mcpservers",
    **dict.fromkeys(("prompt-empty", "likely-secret"), "prompt#secrets"),
    "html-comment": "prompt#hidden",
    **dict.fromkeys((row[0] for row in _CLASSES), "prompt#hidden"),
}


class _Links(HTMLParser):
    """The addresses a page leads to, and the ids it has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.ids: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a":
            self.targets.append(found["href"] or "")
        if found.get("id"):
            self.ids.append(found["id"] or "")


def text_of(page: str) -> str:
    """All of a page's words, as its search sees them, with the code in them."""
    one = guide.pages()[page]
    return " ".join([one.title, one.lead, *(f"{section.title} {section.text}" for section in one.sections)])


def part(page: str, id: str) -> str:
    [section] = [section for section in guide.pages()[page].sections if section.id == id]
    return f"{section.title} {section.text}"


def get(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


# --- Pages ---------------------------------------------------------------------------------------------


def test_the_guide_is_all_the_files_of_its_folder() -> None:
    assert {path.stem for path in guide.FOLDER.iterdir()} == set(guide.ORDER)
    assert len(guide.ORDER) == len(set(guide.ORDER))


def test_the_first_page_names_every_page_with_what_it_is_for(client: Client) -> None:
    html = get(client, INDEX)
    for page in guide.pages().values():
        assert ADDRESSES[page.name] in html
        assert page.lead.split("'")[0] in html


@pytest.mark.parametrize("name", guide.ORDER)
def test_a_page_is_the_same_for_everybody_and_may_be_kept(client: Client, name: str) -> None:
    response = client.get(ADDRESSES[name])  # without a database: this test may not use one
    assert response["Cache-Control"] == PAGE_CACHE
    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies
    again = client.get(ADDRESSES[name], headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


def test_a_page_knows_its_own_address_and_the_pages_beside_it(client: Client, settings: object) -> None:
    settings.CATALOG_BASE_URL = "https://agents.example"
    html = get(client, ADDRESSES["lead"])
    assert '<link rel="canonical" href="https://agents.example/help/lead/">' in html
    assert re.search(r'href="/help/name-and-title/"\s+rel="prev"', html)
    assert re.search(r'href="/help/examples/"\s+rel="next"', html)
    assert "<title>Writing the lead · The editors’ guide</title>" in html


@pytest.mark.parametrize("address", ["/help/nothing/", "/help/README/", "/help/../urls/", "/help/lead.md"])
def test_what_the_guide_does_not_have_is_not_found(client: Client, address: str, db: None) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("name", guide.ORDER)
def test_nothing_of_the_markdown_is_left_over_and_nothing_breaks_the_policy(name: str) -> None:
    page = guide.pages()[name]
    outside_code = re.sub(r"<(pre|code)>.*?</\1>", "", page.html, flags=re.DOTALL)
    assert re.findall(r"```|!!!|\*\*|\]\(|markdown=|\{#|\{:|^\s*\|", outside_code, re.MULTILINE) == []
    assert re.findall(r"\sstyle=|<script|\son\w+=|javascript:|<img|<h1", page.html) == []
    assert re.findall(r"[*`<\[{]", page.lead) == [], "the lead is plain text"


@pytest.mark.parametrize("name", guide.ORDER)
def test_a_page_has_the_length_of_something_that_is_read(name: str) -> None:
    assert 300 <= len(text_of(name).split()) <= 1300


def test_a_page_without_a_title_and_a_paragraph_is_refused() -> None:
    with pytest.raises(ValueError, match="does not begin with a title"):
        guide_page("odd", "Just a text.\n")


# --- Links -----------------------------------------------------------------------------------------------


def test_every_link_and_anchor_of_the_guide_leads_somewhere(client: Client, db: None) -> None:
    pages = {address: _Links(get(client, address)) for address in (INDEX, *ADDRESSES.values())}
    dead, asked = set(), set()
    for address, links in pages.items():
        assert sorted(links.ids) == sorted(set(links.ids)), f"an id stands twice on {address}"
        for target in links.targets:
            path, fragment = urlsplit(urljoin(address, target)).path, urlsplit(target).fragment
            if path in pages:
                if fragment and fragment not in pages[path].ids:
                    dead.add((address, target))
            elif path not in asked and client.get(path).status_code not in (200, 302):
                dead.add((address, target))
            asked.add(path)
    assert dead == set()


def test_every_page_that_a_template_or_a_view_names_is_there() -> None:
    address, help_text = r"""help_page["'][, ]+(?:page=|args=\[|\[)?""", r"""_help\.html" with [^%]*?page="""
    named = re.compile(rf"""(?:{address}|{help_text})["']([a-z-]+)["']""")
    files = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "catalog").rglob("*.py")]
    names = {name for path in files for name in named.findall(path.read_text(encoding="utf-8"))}
    assert names <= set(guide.ORDER)
    assert {"lead", "advanced", "first-agent"} <= names


def test_every_page_of_the_catalog_leads_to_the_guide() -> None:
    assert reverse("catalog:help") in render_to_string("catalog/base.html")


# --- What it says ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", FIELDS)
def test_every_field_is_explained_in_a_part_of_its_own(key: str) -> None:
    pages = [page.name for page in guide.pages().values() if any(one.id == key.lower() for one in page.sections)]
    assert len(pages) == 1, f"{key} is explained on {pages}"
    text = part(pages[0], key.lower())
    assert len(text.split()) > 25
    assert all(value in text for value in FIELDS[key].choices)
    label = FIELDS[key].label.lower()
    assert label in text_of(pages[0]).lower()


def test_every_field_that_plugins_ignore_is_named() -> None:
    ignored = [field.label.lower() for field in FIELDS.values() if field.ignored_by]
    text = part("advanced", "plugins").lower()
    assert [label for label in ignored if label not in text] == []
    assert "four fields" in text
    assert len(ignored) == 4


@pytest.mark.parametrize("label", LABELS.values())
def test_every_kind_of_tool_is_explained_in_the_words_of_the_catalog(label: str) -> None:
    assert label in part("tools", "kinds")


def test_every_tool_and_every_old_name_is_named() -> None:
    words = set(re.findall(r"\w+", text_of("tools")))
    assert set(TOOLS) <= words
    assert words >= NEVER_FOR_SUBAGENTS
    told = part("tools", "names")
    renamed = {old: new for old, new in OLD_NAMES.items() if old in told}
    assert len(renamed) >= 7
    assert all(f"{old} is {new}" in told for old, new in renamed.items())


def test_the_figures_are_those_of_the_checks() -> None:
    length = part("lead", "length")
    assert f"up to {LONG_DESCRIPTION}" in length
    assert f"{LONG_DESCRIPTION + 1} to {VERY_LONG_DESCRIPTION:,}" in length
    assert f"more than {VERY_LONG_DESCRIPTION:,}" in length
    allowed = part("name-and-title", "allowed")
    assert f"From {SHORTEST_NAME} to {LONGEST_USUAL_NAME} characters" in allowed
    assert f"more than {MAX_NAME_LENGTH} cannot be published" in allowed
    faults = part("importing", "faults")
    assert f"{MAX_FRONTMATTER_BYTES // 1024} KiB" in faults
    assert f"{MAX_SOURCE_BYTES // 1024} KiB" in faults


def _codes(path: Path) -> set[str]:
    """The codes of the findings that a module makes."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MAKERS:
            texts = [arg.value for arg in node.args[:2] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            found.update(texts[:1])
    return found


_MAKERS = ("Finding", "Fault", "not_taken")


def test_every_finding_is_explained_somewhere() -> None:
    codes = set().union(*(_codes(path) for path in (ROOT / "catalog").rglob("*.py")))
    assert codes - EXPLAINED.keys() == set()
    for where in set(EXPLAINED.values()):
        page, _, id = where.partition("#")
        assert part(page, id)


def test_every_field_with_known_values_says_what_becomes_of_others() -> None:
    assert {f.name for f in FIELDS.values() if f.kind is Kind.MODEL} == {"model"}
    assert "not known" in part("model-and-color", "unknown")
    assert "dropped" in part("advanced", "values")


# --- Search ----------------------------------------------------------------------------------------------------


def test_a_search_finds_the_parts_that_hold_every_word(client: Client) -> None:
    html = get(client, INDEX + "?q=empty+list")
    assert "/help/tools/?q=empty%20list#tools" in html
    assert "<mark>empty</mark> <mark>list</mark>" in html
    hits = guide.find("empty list")
    assert all("empty" in hit.section.text.lower() and "list" in hit.section.text.lower() for hit in hits)


def test_a_word_in_a_title_counts_most() -> None:
    assert guide.find("hooks")[0].section.id == "hooks"
    assert guide.find("proactively")[0].page.name == "lead"
    assert guide.find("withdraw")[0].page.name == "versions"


def test_case_and_plural_do_not_matter() -> None:
    found = [{(hit.page.name, hit.section.id) for hit in guide.find(query)} for query in ("TOKENS", "token")]
    assert found[0] == found[1] != set()


@pytest.mark.parametrize("query", ["zeppelin", "…", "<script>alert(1)</script>", "((((", "\0", "x" * 5000, "a " * 3000])
def test_whatever_is_looked_for_there_is_an_answer(client: Client, query: str) -> None:
    response = client.get(INDEX, {"q": query})
    assert response.status_code == 200
    assert b"<script>alert" not in response.content


def test_a_search_that_finds_nothing_says_what_to_try(client: Client) -> None:
    html = get(client, INDEX + "?q=zeppelin")
    assert "Nothing in the guide with “zeppelin”" in html
    assert "Try one word" in html


def test_an_empty_search_is_the_first_page(client: Client) -> None:
    assert get(client, INDEX + "?q=+") == get(client, INDEX)


# --- In the browser ----------------------------------------------------------------------------------------------

browser = pytest.mark.browser
rows = pytest.mark.django_db(transaction=True)


SOME = (INDEX, INDEX + "?q=tools", *(ADDRESSES[name] for name in ("lead", "tools", "importing", "keyboard")))


@browser
@rows
@pytest.mark.parametrize(
    ("scheme", "width", "addresses"),
    [("light", 1280, (*SOME, *ADDRESSES.values())), ("light", 390, SOME), ("dark", 1280, SOME), ("dark", 390, SOME)],
)
def test_the_guide_is_accessible(page: Page, scheme: str, width: int, addresses: tuple[str, ...]) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    for address in dict.fromkeys(addresses):
        page.goto(address)
        report = Axe().run(page)
        assert report.violations_count == 0, f"{address}: {report.generate_report()}"


@browser
@rows
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_no_page_is_wider_than_the_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for address in (*SOME, *ADDRESSES.values()):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


@browser
@rows
def test_typing_shows_what_is_found_and_clearing_brings_the_page_back(page: Page) -> None:
    page.goto(ADDRESSES["lead"])
    field = page.get_by_role("searchbox", name="Search the guide")
    field.fill("worktree")
    hit = page.get_by_role("link", name="Isolation")
    expect(hit).to_be_visible()
    expect(page.get_by_role("heading", name="Writing the lead")).to_be_hidden()
    expect(page.locator("#page-status")).to_contain_text("of the guide")
    field.fill("")
    expect(page.get_by_role("heading", name="Writing the lead")).to_be_visible()
    expect(hit).to_have_count(0)
    field.fill("worktree")
    hit.click()
    page.wait_for_url("**/help/advanced/?q=worktree#isolation")
    assert page.evaluate("CSS.highlights.get('guide-found').size") > 0
    expect(page.get_by_role("heading", name="Isolation")).to_be_in_viewport()


@browser
@rows
def test_on_the_first_page_a_search_stands_in_the_address(page: Page) -> None:
    page.goto(INDEX)
    page.get_by_role("searchbox", name="Search the guide").fill("zeppelin")
    expect(page.get_by_role("heading", name="Nothing in the guide")).to_be_visible()
    assert page.url.endswith("/help/?q=zeppelin")
    page.get_by_role("searchbox", name="Search the guide").fill("")
    expect(page.get_by_role("heading", name="The editors’ guide")).to_be_visible()


@browser
@rows
def test_on_a_phone_the_pages_are_a_sheet(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(ADDRESSES["prompt"])
    link = page.get_by_role("navigation", name="The guide").get_by_role("link", name="Choosing tools")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Pages of the guide").click()
    link.click()
    page.wait_for_url("**/help/tools/")
