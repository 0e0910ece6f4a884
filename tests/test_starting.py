"""A new agent: from an outline, a starter, another agent, a pasted text; and the name while it is being typed."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from playwright.sync_api import Page, expect

from catalog import drafting, publishing
from catalog.admin import starting
from catalog.admin.names import suggested
from catalog.definition import InvalidDefinition, parse, read
from catalog.models import Agent, Category, Draft, Version
from tests.accessibility import assert_everybody_can_read
from tests.forms import fields_of, log_in, send
from tests.sources import agent_source

Publish = Callable[..., Version]
ADD = "/admin/catalog/agent/add/"
NAME = "/admin/agent-name/"


def begin(client: Client, user: User, **fields: str) -> HttpResponse:
    return send(log_in(client, user), ADD, fields)


def begun(answer: HttpResponse) -> Draft:
    """The draft that was made; the answer leads to its page."""
    assert answer.status_code == 302, problem_in(answer)
    draft = Draft.objects.select_related("agent").latest("pk")
    assert answer["Location"] == f"/admin/catalog/agent/{draft.agent_id}/draft/"
    return draft


def problem_in(answer: HttpResponse) -> str:
    assert answer.status_code == 200
    page = re.sub(r"\s+", " ", answer.content.decode())
    return " ".join(re.findall(r'role="alert">(.*?)</p>|class="errorlist[^>]*>(.*?)</ul>', page)[0])


def value_of(answer: HttpResponse, name: str) -> str:
    found = re.search(rf'<input[^>]*name="{name}"[^>]*?value="([^"]*)"', answer.content.decode())
    return found[1] if found else ""


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def discarded(name: str, by: User) -> Agent:
    agent, _ = publishing.register(read(agent_source(name)), by=by)
    drafting.discard(drafting.open_draft(agent, by=by), by=by, revision=1)
    return agent


# --- From an outline or a starter -----------------------------------------------------------------------


def test_a_blank_outline_has_the_title_and_name_that_were_typed(client: Client, editor: User) -> None:
    writing = Category.objects.create(name="writing", title="Writing")
    fields = {"title": " Release  Notes Editor ", "name": "", "category": str(writing.pk), "begin": ""}
    draft = begun(begin(client, editor, way="starter", **fields))
    assert (draft.agent.title, draft.agent.name) == ("Release Notes Editor", "release-notes-editor")
    assert draft.agent.category == writing
    assert draft.source == starting.OUTLINE.replace("new-agent", "release-notes-editor")
    assert draft.edited_by == editor
    assert not Version.objects.exists()


def test_an_outline_cannot_be_published_before_it_says_when_to_use_it(client: Client, editor: User) -> None:
    draft = begun(begin(client, editor, title="A Poet", begin=""))
    with pytest.raises(InvalidDefinition, match="has no description"):
        parse(draft.source)


@pytest.mark.parametrize("key", [starter.key for purpose in starting.purposes() for starter in purpose.starters])
def test_a_starter_is_taken_over_but_for_what_it_is_called(client: Client, editor: User, key: str) -> None:
    draft = begun(begin(client, editor, way="starter", title="Our Own", begin=key))
    starter = starting.starting_text(key)
    assert draft.agent.title == "Our Own"
    assert read(draft.source).name == "our-own"
    assert (
        draft.source.replace("name: our-own", f"name: {key}", 1).replace("our-own agent", f"{key} agent")
        == starter.source
    )


def test_the_starters_stand_by_purpose_with_a_sentence_each(client: Client, editor: User) -> None:
    page = text_of(log_in(client, editor), ADD)
    assert page.index("A blank outline") < page.index("Writing</h2>") < page.index("Technical Writer")
    assert page.count('name="begin"') == 16
    for purpose in starting.purposes():
        for starter in purpose.starters:
            assert re.fullmatch(r"[A-Z].{10,180}\.", starter.sentence), starter
            assert "Use this agent" not in starter.sentence


def test_a_starter_that_is_not_there_is_said_and_the_rest_stays(client: Client, editor: User) -> None:
    answer = begin(client, editor, way="starter", title="Mine", name="my-own", begin="../settings")
    assert "This starter is not there any more." in problem_in(answer)
    assert (value_of(answer, "title"), value_of(answer, "name")) == ("Mine", "my-own")


# --- Titles and names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "name", "expected"),
    [
        ("日本語のレビュー", "", "日本語のレビュー"),
        ("Straße & Weg", "", "strasse-weg"),
        ("Émile 🚀 Reviewer", "", "émile-reviewer"),
        ("ﬁle Ⅷ", "", "file-viii"),
        ("🚀", "rocket", "rocket"),
        ("A Title", "Another_Name!", "another-name"),
        ("123", "", "123"),
        ("null", "", "null"),
        ("<b>&amp;</b>", "", "b-amp-b"),
        ("word " * 40, "", ("word-" * 20).rstrip("-")),
        ("x" * 200, "", "x" * 100),
    ],
)
def test_the_name_follows_the_title_in_any_script(
    client: Client, editor: User, title: str, name: str, expected: str
) -> None:
    draft = begun(begin(client, editor, title=title, name=name))
    assert (draft.agent.title, draft.agent.name) == (" ".join(title.split()), expected)
    assert read(draft.source).name == expected


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": ""}, "Write a title"),
        ({"title": "   "}, "Write a title"),
        ({"title": "🚀🚀"}, "neither a letter nor a digit"),
        ({"title": "Fine", "name": "!!"}, "A name needs a letter or a digit."),
        ({"title": "x" * 201}, "A title has 1 to 200 characters."),
        ({"title": "Fine", "name": "y" * 101}, "at most 100 are kept"),
        ({"title": "Fine", "name": "Code Reviewer"}, "There is an agent named code-reviewer already."),
        ({"title": "Code Reviewer"}, "There is an agent named code-reviewer already."),
        ({"title": "Fine", "name": "judge"}, "judge was once the name of Code Reviewer"),
        ({"title": "Fine", "category": "999"}, "Select a valid choice"),
        ({"title": "nul\0"}, "Null characters"),
    ],
)
def test_what_cannot_begin_is_said_and_everything_typed_stays(
    client: Client, editor: User, publisher: User, publish_source: Publish, fields: dict[str, str], sentence: str
) -> None:
    judge = publish_source(agent_source("judge"), by=publisher).agent
    publishing.rename(judge, "code-reviewer", by=publisher)
    publishing.retitle(judge, "Code Reviewer", by=publisher)
    answer = begin(client, editor, way="starter", **{"begin": "debugger", "name": "", **fields})
    assert sentence in problem_in(answer)
    for name, typed in fields.items():
        if name != "category" and typed.strip() and "\0" not in typed:
            assert value_of(answer, name) == typed
    assert re.search(r'value="debugger"\s+checked', answer.content.decode())
    assert Agent.objects.count() == 1
    assert not Draft.objects.exists()


def test_a_taken_name_leads_to_the_agent_that_has_it(client: Client, editor: User, publish_source: Publish) -> None:
    agent = publish_source(agent_source()).agent
    answer = begin(client, editor, title="Code Reviewer")
    assert f'<a href="/admin/catalog/agent/{agent.pk}/change/">Open Code Reviewer</a>' in problem_in(answer)


def test_the_name_of_a_discarded_draft_is_free_again(client: Client, editor: User) -> None:
    left = discarded("poet", editor)
    writing = Category.objects.create(name="writing", title="Writing")
    draft = begun(begin(client, editor, title="The Poet", name="poet", category=str(writing.pk)))
    assert (draft.agent_id, draft.agent.title, draft.agent.category) == (left.pk, "The Poet", writing)
    assert read(draft.source).name == "poet"


def test_two_who_want_one_name_get_one_agent(editor: User, publisher: User) -> None:
    starting.begin(read(starting.OUTLINE), "poet", by=editor, title="First")
    with pytest.raises(starting.NameHeld, match="There is an agent named poet already"):
        starting.begin(read(starting.OUTLINE), "poet", by=publisher, title="Second")
    assert Draft.objects.get().agent.title == "First"


# --- From another agent ------------------------------------------------------------------------------------


def test_a_copy_changes_nothing_but_the_name(client: Client, editor: User, publish_source: Publish) -> None:
    source = agent_source('"code-reviewer" # ours', model="opus").replace("\n", "\r\n") + "no line end"
    publish_source(source)
    page = text_of(log_in(client, editor), f"{ADD}?from=code-reviewer")
    assert "A copy of Code Reviewer" in page
    assert "version 1" in page
    draft = begun(begin(client, editor, way="copy", title="Style Critic", **{"from": "code-reviewer"}))
    assert draft.source == source.replace('"code-reviewer"', '"style-critic"')
    assert (draft.agent.title, draft.base_version) == ("Style Critic", None)


def test_what_is_published_is_copied_before_what_is_being_written(
    client: Client, editor: User, publish_source: Publish
) -> None:
    agent = publish_source(agent_source(model="opus")).agent
    drafting.open_draft(agent, by=editor, source=agent_source(model="haiku"))
    draft = begun(begin(client, editor, way="copy", title="Other", **{"from": "code-reviewer"}))
    assert read(draft.source).model == "opus"


def test_a_draft_is_copied_by_those_who_see_drafts(client: Client, editor: User) -> None:
    agent, _ = publishing.register(read(agent_source("secret")), by=editor)
    drafting.open_draft(agent, by=editor, source=agent_source("secret", model="opus"))
    assert "its draft" in text_of(log_in(client, editor), f"{ADD}?from=secret")
    draft = begun(begin(client, editor, way="copy", title="Other", **{"from": "secret"}))
    assert read(draft.source).model == "opus"

    beginner = User.objects.create_user("bea", is_staff=True)
    may = ("add_agent", "view_agent", "add_draft")
    beginner.user_permissions.add(*Permission.objects.filter(codename__in=may, content_type__app_label="catalog"))
    answer = begin(client, beginner, way="copy", title="Mine", **{"from": "secret"})
    assert "There is no agent named secret to copy." in problem_in(answer)
    assert "secret</span>" not in text_of(client, f"{ADD}?find=secret")


def test_a_copy_of_an_agent_by_a_name_it_had(client: Client, publisher: User, publish_source: Publish) -> None:
    publishing.rename(publish_source(agent_source("judge")).agent, "critic", by=publisher)
    assert "A copy of Critic" in text_of(log_in(client, publisher), f"{ADD}?from=judge")


def test_a_half_written_draft_can_be_copied(client: Client, editor: User) -> None:
    agent, _ = publishing.register(read(agent_source("half")), by=editor)
    drafting.open_draft(agent, by=editor, source="no block at all")
    draft = begun(begin(client, editor, way="copy", title="Other", **{"from": "half"}))
    assert draft.source == "---\nname: other\n---\nno block at all"


def test_an_agent_to_copy_is_found_without_scripts(client: Client, editor: User, publish_source: Publish) -> None:
    publish_source(agent_source("code-reviewer"))
    publish_source(agent_source("poet", description="Writes verse about reviews and reviewers.", prompt="Rhyme."))
    agent, _ = publishing.register(read(agent_source("reviewer-of-drafts")), by=editor)
    drafting.open_draft(agent, by=editor)
    page = text_of(log_in(client, editor), f"{ADD}?find=reviewer&title=Mine")
    found = re.findall(r'href="\?from=([\w-]+)"', page)
    assert found == ["reviewer-of-drafts", "code-reviewer", "poet"]
    assert 'name="title" value="Mine"' in page
    assert re.findall(r'href="\?from=([\w-]+)"', text_of(client, f"{ADD}?find=poet")) == ["poet"]
    assert "No agent is found for “xyzzy”." in text_of(client, f"{ADD}?find=xyzzy")
    assert "No agent is found for “%_”." in text_of(client, f"{ADD}?find=%25_")
    assert client.get(f"{ADD}?find=a%00b").status_code == 200


def test_finding_asks_as_much_of_a_large_catalog_as_of_a_small_one(
    client: Client, editor: User, publish_source: Publish
) -> None:
    log_in(client, editor)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            page = text_of(client, f"{ADD}?find=reviewer")
        assert page.count("?from=") <= starting.MATCHES
        return len(queries)

    publish_source(agent_source("reviewer-first"))
    before = count()
    for number in range(starting.MATCHES + 3):
        publish_source(agent_source(f"reviewer-{number}"))
    assert "There are more." in text_of(client, f"{ADD}?find=reviewer")
    assert count() <= before <= 16


@pytest.mark.parametrize("way", ["starter", "copy", "text"])
def test_a_way_to_begin_asks_little_of_the_database(
    client: Client, editor: User, way: str, django_assert_max_num_queries: Callable[..., object]
) -> None:
    log_in(client, editor)
    with django_assert_max_num_queries(8):
        assert client.get(f"{ADD}?way={way}").status_code == 200


# --- From a pasted text --------------------------------------------------------------------------------------


def test_a_pasted_text_is_kept_with_plain_line_ends(client: Client, editor: User) -> None:
    source = "\ufeff" + agent_source("poet", description="Rhymes: well.") + "\n\n  two spaces  \n\ttab\n\n"
    draft = begun(begin(client, editor, way="text", source=source.replace("\n", "\r\n"), title="", name=""))
    assert draft.source == source
    assert (draft.agent.name, draft.agent.title) == ("poet", "Poet")


@pytest.mark.parametrize(
    ("description", "code"),
    [
        ("Use it for this: that.", "reading-quoted"),
        ("Use it: when\nsomebody asks", "reading-recovered"),
    ],
)
def test_a_text_that_not_every_program_reads_is_taken_with_its_findings(
    client: Client, editor: User, description: str, code: str
) -> None:
    source = agent_source("poet", description=description)
    draft = begun(begin(client, editor, way="text", source=source))
    assert draft.source == source
    assert code in [finding.code for finding in read(draft.source).findings]


def test_a_pasted_text_takes_another_title_and_name(client: Client, editor: User) -> None:
    draft = begun(begin(client, editor, way="text", source=agent_source("poet"), title="Rhymer", name="Rhyme It"))
    assert draft.source == agent_source("rhyme-it")
    assert (draft.agent.name, draft.agent.title) == ("rhyme-it", "Rhymer")


def test_a_prompt_alone_becomes_an_agent_by_its_title(client: Client, editor: User) -> None:
    draft = begun(begin(client, editor, way="text", source="You are a poet.\n", title="The Poet"))
    assert draft.source == "---\nname: the-poet\n---\nYou are a poet.\n"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("no name at all", "An agent needs a name, and the text has none."),
        (" \n", "There is no text in the box."),
        (agent_source(), "There is an agent named code-reviewer already."),
        (agent_source("big", prompt="x" * 300_000), "The file is larger than 256 KiB."),
        (agent_source("z", prompt="half \ufffd fine"), ""),
        (agent_source("y" * 120), "at most 100 are kept"),
    ],
)
def test_a_text_that_cannot_begin_stays_in_the_box(
    client: Client, editor: User, publish_source: Publish, source: str, sentence: str
) -> None:
    publish_source(agent_source())
    answer = begin(client, editor, way="text", source=source)
    if not sentence:
        assert begun(answer).source == source
        return
    assert sentence in problem_in(answer)
    assert fields_of(answer.content.decode())["source"] == source
    assert Agent.objects.count() == 1


def test_a_text_sent_when_the_session_has_run_out_is_given_back(client: Client, db: None) -> None:
    answer = send(client, ADD, {"way": "text", "source": agent_source("poet")})
    assert answer.status_code == 403
    assert "name: poet" in answer.content.decode()


# --- The name while it is typed --------------------------------------------------------------------------------


def told(client: Client, **question: str) -> dict[str, object]:
    answer = client.get(NAME, question)
    assert answer.status_code == 200
    return answer.json()


def test_a_title_suggests_a_name(client: Client, editor: User) -> None:
    log_in(client, editor)
    free = "Free. Its address will be /agents/release-notes-editor/"
    expected = {"suggestion": "release-notes-editor", "name": "release-notes-editor", "taken": None, "sentence": free}
    assert told(client, title="Release Notes Editor") == expected
    assert told(client) == {"suggestion": "", "name": "", "taken": None, "sentence": ""}
    assert told(client, title="🚀")["sentence"] == "A name needs a letter or a digit."
    assert told(client, title="Poet", name="Own Name")["name"] == "own-name"
    assert told(client, title="Poet", name="Own Name")["suggestion"] == "poet"


def test_a_name_that_is_taken_is_said_while_it_is_typed(
    client: Client, editor: User, publisher: User, publish_source: Publish
) -> None:
    agent = publish_source(agent_source("judge")).agent
    publishing.rename(agent, "code-reviewer", by=publisher)
    discarded("poet", editor)
    log_in(client, editor)
    taken = {"title": agent.title, "address": f"/admin/catalog/agent/{agent.pk}/change/"}
    answer = told(client, title="CODE reviewer")
    assert (answer["taken"], answer["sentence"]) == (taken, "There is an agent named code-reviewer already.")
    answer = told(client, name="judge")
    assert answer["taken"] == taken
    assert "judge was once the name of" in str(answer["sentence"])
    assert told(client, name="poet")["taken"] is None
    assert "is free again" in str(told(client, name="poet")["sentence"])
    assert "at most 100" in str(told(client, name="x" * 101)["sentence"])


def test_a_suggestion_is_cut_at_a_word_and_stays_a_name() -> None:
    for title in ("word " * 60, "x" * 300, "é" * 300, "日本" * 200, "a" + "\u0301" * 300, "a- " * 400):
        name = suggested(title)
        assert 0 < len(name) <= 100
        assert suggested(name) == name
        assert not name.endswith("-")


def test_a_name_is_told_with_few_questions(
    client: Client, editor: User, publish_source: Publish, django_assert_max_num_queries: Callable[..., object]
) -> None:
    publish_source(agent_source())
    log_in(client, editor)
    with django_assert_max_num_queries(7):
        told(client, title="Code Reviewer")


# --- Rights --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address", [ADD, f"{ADD}?from=code-reviewer", f"{ADD}?find=code", f"{NAME}?name=code-reviewer"]
)
def test_an_outsider_learns_nothing(client: Client, outsider: User, publish_source: Publish, address: str) -> None:
    publish_source(agent_source())
    for user in (None, outsider, User.objects.create_user("staff", is_staff=True)):
        if user:
            log_in(client, user)
        answer = client.get(address)
        assert answer.status_code in (302, 403)
        assert "Code Reviewer" not in answer.content.decode()
        posted = client.post(ADD, {"title": "Mine", "source": agent_source("mine")})
        assert posted.status_code in (302, 403)
    assert not Draft.objects.exists()


def test_beginning_asks_for_both_rights(client: Client, db: None) -> None:
    half = User.objects.create_user("hal", is_staff=True)
    half.user_permissions.add(Permission.objects.get(codename="add_agent"))
    assert begin(client, half, title="Mine").status_code == 403
    assert log_in(client, half).get(ADD).status_code == 403


# --- In the browser --------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_name_is_suggested_while_the_title_is_typed(
    page_of: Callable[[User], Page], editor: User, publish_source: Publish
) -> None:
    publish_source(agent_source())
    page = page_of(editor)
    page.goto(ADD)
    title, name, note = page.get_by_label("Title"), page.get_by_label("Name", exact=True), page.locator("#name-note")
    title.press_sequentially("Code Reviewer")
    expect(name).to_have_value("code-reviewer")
    expect(note).to_contain_text("There is an agent named code-reviewer already.")
    expect(note.get_by_role("link", name="Open Code Reviewer")).to_be_visible()
    expect(name).to_have_attribute("aria-invalid", "true")
    title.press_sequentially(" for Poets")
    expect(note).to_contain_text("Free. Its address will be /agents/code-reviewer-for-poets/")
    name.fill("my-own")
    expect(note).to_contain_text("/agents/my-own/")
    title.fill("Code Reviewer for Poets again")
    page.wait_for_timeout(600)
    expect(name).to_have_value("my-own")
    page.get_by_role("radio", name="Technical Writer").check()
    page.get_by_role("button", name="Create the draft").click()
    page.wait_for_url("**/draft/")
    agent = Draft.objects.get().agent
    assert (agent.name, agent.title) == ("my-own", "Code Reviewer for Poets again")


@pytest.mark.browser
def test_an_agent_to_copy_is_found_while_typing(
    page_of: Callable[[User], Page], editor: User, publish_source: Publish
) -> None:
    publish_source(agent_source("code-reviewer"))
    publish_source(agent_source("poet", description="Writes verse.", prompt="Rhyme."))
    page = page_of(editor)
    page.goto(ADD)
    page.get_by_label("Title").fill("Critic")
    page.get_by_role("link", name="A copy of an agent").click()
    expect(page.get_by_role("link", name="Poet")).to_be_visible()
    page.get_by_label("Which agent?").press_sequentially("code")
    expect(page.get_by_role("link", name="Poet")).to_have_count(0)
    page.get_by_role("link", name="Code Reviewer").click()
    expect(page.get_by_label("Title")).to_have_value("Critic")
    page.get_by_role("button", name="Create the draft").click()
    page.wait_for_url("**/draft/")
    assert Draft.objects.get().source == agent_source("critic")


DROP = """([files]) => { const all = new DataTransfer();
for (const [name, text] of files) all.items.add(new File([text], name)); return all; }"""


@pytest.mark.browser
def test_files_dropped_on_the_page_come_to_the_report_of_the_import(
    page_of: Callable[[User], Page], editor: User, settings: object, tmp_path: object
) -> None:
    settings.DATA_DIR = tmp_path
    page = page_of(editor)
    page.goto(ADD)
    wrong = page.evaluate_handle(DROP, [[["holiday.png", "x"], ["notes.txt", "y"]]])
    page.dispatch_event("#content", "drop", {"dataTransfer": wrong})
    expect(page.get_by_role("alert")).to_contain_text("holiday.png and 1 more: neither a .md file nor a .zip.")
    files = [["code-reviewer.md", agent_source()], ["poet.md", agent_source("poet")], ["notes.txt", "y"]]
    right = page.evaluate_handle(DROP, [files])
    page.dispatch_event("h1", "dragenter", {"dataTransfer": right})
    expect(page.locator("html[data-dropping]")).to_have_count(1)
    page.dispatch_event("h1", "drop", {"dataTransfer": right})
    expect(page.get_by_role("heading", name="Check, then import")).to_be_visible()
    expect(page.get_by_text("2 of 3 files will become drafts")).to_be_visible()
    assert not Draft.objects.exists()
    page.get_by_role("button", name="Import 2 as drafts").click()
    expect(page.get_by_role("heading", name="Now drafts")).to_be_visible()
    assert Draft.objects.count() == 2


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_every_way_to_begin_is_readable_by_everybody(
    page_of: Callable[[User], Page], editor: User, publish_source: Publish, scheme: str, width: int
) -> None:
    publish_source(agent_source("a-" * 49 + "b", description="Long. " * 60))
    publish_source(agent_source())
    page = page_of(editor)
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    queries = (
        "",
        "?way=copy",
        "?find=code",
        "?find=nothing+at+all",
        "?from=code-reviewer&title=Code+Reviewer",
        "?way=text",
    )
    for query in queries:
        page.goto(ADD + query)
        assert_everybody_can_read(page)
    page.goto(ADD)
    page.get_by_label("Title").fill("Code Reviewer")
    page.get_by_role("button", name="Create the draft").click()
    expect(page.get_by_role("alert").first).to_contain_text("Nothing was saved yet")
    assert_everybody_can_read(page)


@pytest.mark.browser
def test_an_agent_begins_without_scripts(
    chromium: object, live_server: object, editor: User, publish_source: Publish, settings: object
) -> None:
    settings.CATALOG_BASE_URL = live_server.url
    publish_source(agent_source())
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(ADD)
    page.get_by_label("Username").fill("elif")
    page.get_by_label("Password").fill("elif's password")
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Title").fill("Straßenkritiker")
    page.get_by_role("radio", name="Code Reviewer").check()
    page.get_by_role("button", name="Create the draft").click()
    page.wait_for_url("**/draft/")
    page.goto(f"{ADD}?way=copy")
    page.get_by_label("Which agent?").fill("code")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="Code Reviewer").click()
    page.get_by_label("Title").fill("Copied")
    page.get_by_role("button", name="Create the draft").click()
    page.wait_for_url("**/draft/")
    context.close()
    assert sorted(Draft.objects.values_list("agent__name", flat=True)) == ["copied", "strassenkritiker"]


def test_a_copied_text_speaks_of_itself_by_its_new_name(client: Client, editor: User) -> None:
    form = {"way": "starter", "begin": "plain-language-editor", "title": "Letter Editor", "name": "", "category": ""}
    log_in(client, editor).post(reverse("admin:catalog_agent_add"), form)
    definition = Draft.objects.get().definition
    assert definition.name == "letter-editor"
    said = " ".join(example.assistant for example in definition.examples)
    assert "the letter-editor agent" in said
    assert "plain-language-editor agent" not in said


def test_a_text_whose_block_is_broken_gets_no_second_one(client: Client, editor: User) -> None:
    source = "---\nname: x\ndescription: y\n----------------\n\nYou are.\n"
    form = {"way": "text", "source": source, "title": "Broken", "name": "", "category": ""}
    page = log_in(client, editor).post(reverse("admin:catalog_agent_add"), form).content.decode()
    assert "The block at the top of the text cannot be read." in page
    assert "description: y" in page
    assert not Agent.objects.exists()
