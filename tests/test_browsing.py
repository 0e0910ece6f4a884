"""How people find an agent: home, lists, categories and tags; what they show, and what they cost."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import collecting, facets, publishing, search, shelving
from catalog.models import Agent, Category, Version
from catalog.search import asking
from catalog.views.browsing import results, selection, shelves
from catalog.views.browsing.home import ON_HOME
from tests.sources import agent_source

Publish = Callable[..., Version]

pytestmark = pytest.mark.django_db


def text_of(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def listed(page: str) -> list[str]:
    """The names of the agents of a page, in order."""
    return re.findall(r'class="agent-title"> <a href="/agents/([^/]+)/"', page)


def facet_counts(page: str) -> dict[str, str]:
    """The options of all facets with their counts."""
    options = re.findall(r'class="option".*?<span>(.*?)</span> <span class="count">(.*?)</span>', page)
    return dict(options)


@pytest.fixture
def craft(db: None) -> Category:
    return Category.objects.create(name="craft", title="Craft", description="Things made by hand.")


@pytest.fixture
def three(publish_source: Publish, craft: Category, publisher: User) -> None:
    """A reviewer and a poet of the category, and somebody who stands nowhere."""
    reviewer = publish_source(agent_source(model="opus", tools="Read, Bash"), category=craft).agent
    poet = publish_source(
        agent_source("poet", "Writes verse about the sea.", model="opus", tools="Read, Write"), category=craft
    ).agent
    publish_source(agent_source("planner", "Plans the work of a week.", permissionMode="plan"))
    shelving.tag([reviewer, poet], ["fast"], by=publisher)
    shelving.tag([poet], ["words"], by=publisher)


# --- Home ------------------------------------------------------------------------------------------------


def test_the_pages_of_an_empty_catalog_say_what_to_do_first(client: Client) -> None:
    assert "import_agents" in text_of(client, "/")
    assert "import_agents" in text_of(client, "/agents/")
    assert "no categories yet" in text_of(client, "/categories/")
    assert "no tags yet" in text_of(client, "/tags/")


def test_home_shows_categories_with_counts_and_what_is_new(client: Client, three: None) -> None:
    page = text_of(client, "/")
    assert '<a href="/categories/craft/">Craft</a> <span class="count">2</span>' in page
    assert listed(page) == ["planner", "poet", "code-reviewer"]
    assert "New this week" in page
    assert "Most downloaded" not in page
    assert "Collections</h2>" not in page


def test_home_shows_what_was_updated_beside_what_is_new(client: Client, publish_source: Publish) -> None:
    for number in range(ON_HOME + 1):
        publish_source(agent_source(name=f"agent-{number}"))
    publish_source(agent_source(name="agent-0", prompt="Better.\n"))
    new, updated = text_of(client, "/").split("Recently updated")
    assert "/agents/agent-0/" not in new
    assert "/agents/agent-0/" in updated


def test_home_shows_what_was_downloaded_most_once_something_was(client: Client, three: None) -> None:
    Agent.objects.filter(name="poet").update(downloads=1_234)
    facets.forget()
    page = text_of(client, "/").split("Most downloaded")[1]
    assert listed(page) == ["poet"]
    assert "1,234 downloads" in page


def test_home_shows_published_collections(client: Client, three: None, publisher: User) -> None:
    collecting.create("Hidden", by=publisher)
    shown = collecting.create("For a start", by=publisher)
    collecting.set_members(shown, [(Agent.objects.get(name="poet"), "")], by=publisher)
    collecting.publish(shown, by=publisher)
    page = text_of(client, "/")
    assert f'<a href="/collections/{shown.name}/">For a start</a>' in page
    assert "1 agent" in page
    assert "Hidden" not in page


def test_home_leads_in_by_tool_model_and_tag(client: Client, three: None) -> None:
    page = text_of(client, "/")
    assert 'href="/agents/?tool=Bash" title="Runs any command of the machine."' in page
    assert 'href="/agents/?model=opus"' in page
    assert 'href="/agents/?tag=fast"' in page


# --- What is listed ----------------------------------------------------------------------------------------


def test_the_list_can_be_searched(client: Client, three: None) -> None:
    page = text_of(client, "/agents/?q=verse")
    assert listed(page) == ["poet"]
    assert "1 agent for “verse”" in page


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("category=craft", "code-reviewer poet"),
        ("tag=fast", "code-reviewer poet"),
        ("tag=fast&tag=words", "poet"),
        ("tool=Read&tool=Bash", "code-reviewer"),
        ("tool=*", "planner"),
        ("model=opus", "code-reviewer poet"),
        ("model=inherit", "planner"),
        ("model=opus&model=inherit", "code-reviewer planner poet"),
        ("mode=plan", "planner"),
        ("category=craft&tool=Write&model=opus", "poet"),
        ("category=nowhere", ""),
        ("q=code&tool=Bash", "code-reviewer"),
    ],
)
def test_the_list_can_be_narrowed(client: Client, three: None, query: str, names: str) -> None:
    assert sorted(listed(text_of(client, f"/agents/?{query}"))) == names.split()


def test_filters_can_be_typed_in_the_box(client: Client, three: None) -> None:
    page = text_of(client, "/agents/?q=verse+tag:words&tool=Read")
    assert listed(page) == ["poet"]
    assert 'value="verse tag:words"' in page
    assert "1 agent for “verse”" in page
    # from there on they are among the others: what is chosen can be left by a link
    assert 'href="/agents/?q=verse&amp;tool=Read"' in page


def test_each_sort_has_its_order(client: Client, publish_source: Publish) -> None:
    for name in ("beta", "alpha", "gamma"):
        publish_source(agent_source(name=name))
    publish_source(agent_source(name="alpha", prompt="Better.\n"))
    Agent.objects.filter(name="beta").update(downloads=3)
    facets.forget()
    orders = {"": "alpha beta gamma", "new": "gamma alpha beta", "updated": "alpha gamma beta"}
    for sort, expected in {**orders, "downloaded": "beta gamma alpha", "nonsense": "alpha beta gamma"}.items():
        assert listed(text_of(client, f"/agents/?sort={sort}")) == expected.split(), sort


def test_what_a_search_finds_can_be_sorted(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source("verse", "Rhymes."))
    publish_source(agent_source("amateur", "Writes a verse now and then."))
    assert listed(text_of(client, "/agents/?q=verse")) == ["verse", "amateur"]
    assert listed(text_of(client, "/agents/?q=verse&sort=name")) == ["amateur", "verse"]


def test_a_row_says_what_a_reader_chooses_by(client: Client, three: None, publisher: User) -> None:
    Agent.objects.filter(name="poet").update(downloads=1)
    publishing.deprecate(Agent.objects.get(name="poet"), by=publisher, note="Old.")
    page = text_of(client, "/agents/?tag=words")
    for words in ("Writes verse about the sea.", "Craft", "opus", "reads, edits files", "version 1", "1 download"):
        assert words in page
    assert re.search(r'title="Estimated: \d+ of the description.*?">about \d+ tokens<', page)
    assert '<li class="state">Deprecated</li>' in page


def test_matches_are_marked_in_the_excerpt_and_nothing_else_is_markup(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(description="Knows zeppelins and <img src=x onerror=alert(1)>."))
    page = text_of(client, "/agents/?q=zeppelins")
    assert "Knows <mark>zeppelins</mark> and &lt;img" in page
    assert "<img" not in page


# --- Counts and options --------------------------------------------------------------------------------------


def test_options_show_what_choosing_them_gives(client: Client, three: None) -> None:
    everything = facet_counts(text_of(client, "/agents/"))
    assert everything["Craft"] == "2"
    assert everything["Read"] == "2"
    assert everything["All tools"] == "1"
    assert everything["Your own choice"] == "1"
    narrowed = facet_counts(text_of(client, "/agents/?model=opus&tool=Bash"))
    assert narrowed["opus"] == "1"
    assert "Write" not in narrowed  # nobody has both
    assert facet_counts(text_of(client, "/agents/?model=opus"))["Your own choice"] == "1"  # it would come on top
    found = facet_counts(text_of(client, "/agents/?q=verse&model=inherit"))
    assert found["opus"] == "1"  # of what the words find


def test_an_option_is_a_link_that_chooses_it_and_one_that_is_chosen_leaves_it(client: Client, three: None) -> None:
    page = text_of(client, "/agents/?q=code&tag=fast&sort=new&page=1")
    assert 'href="/agents/?q=code&amp;tag=fast&amp;tool=Bash&amp;sort=new"' in page
    assert re.search(r'href="/agents/\?q=code&amp;sort=new" aria-current="true"><span>fast</span>', page)
    assert "Narrowed to" in page
    assert "Clear all" not in page
    both = text_of(client, "/agents/?tag=fast&model=opus")
    assert re.search(r'class="clear" href="/agents/"', both)


def test_what_is_chosen_is_shown_however_rare_it_is(client: Client, publish_source: Publish, publisher: User) -> None:
    for number in range(12):
        agent = publish_source(agent_source(f"agent-{number}")).agent
        shelving.tag([agent], [f"tag-{n}" for n in range(number + 1)], by=publisher)
    page = text_of(client, "/agents/?tag=tag-11")
    shown = page.split('<h3 id="facet-tag">')[1].split("<details")[0]
    assert "<span>tag-11</span>" in shown


def test_beyond_what_is_counted_totals_and_options_say_at_least(
    client: Client, three: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST", 1)
    monkeypatch.setattr(asking, "MOST", 1)
    page = text_of(client, "/agents/?q=code")
    assert "1+ agents for “code”" in page
    assert facet_counts(page)["Read"] == "1+"


def test_the_title_of_a_category_that_holds_drafts_alone_is_not_told(client: Client, three: None) -> None:
    Category.objects.create(name="secret", title="Canary")
    assert "Canary" not in text_of(client, "/agents/?category=secret")
    text_of(client, "/categories/secret/", 404)
    assert "Canary" not in text_of(client, "/categories/")


# --- Nothing found ---------------------------------------------------------------------------------------------


def test_a_search_that_finds_nothing_offers_a_way_on(client: Client, three: None) -> None:
    page = text_of(client, "/agents/?q=xylophone")
    assert "No agent fits “xylophone”" in page
    assert "Try fewer words" in page


def test_a_search_that_finds_nothing_here_says_what_to_leave_away(client: Client, three: None) -> None:
    page = text_of(client, "/agents/?q=verse&tool=Bash&model=opus")
    assert "No agent fits “verse”" in page
    assert '<a href="/agents/?q=verse&amp;model=opus">Without Tool “Bash”</a> <span class="count">1</span>' in page
    assert "Without Model" not in page  # that alone would not help
    assert '<a href="/agents/?q=verse">Without any of that</a> <span class="count">1</span>' in page


def test_a_typing_error_is_forgiven(client: Client, three: None) -> None:
    page = text_of(client, "/agents/?q=revewier")
    assert listed(page)[0] == "code-reviewer"
    assert "No agent has “revewier”. These have “reviewer”." in page
    assert 'value="revewier"' in page


# --- Pages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["0", "-1", "x", "2", "101", "9" * 30, "١", "1e3"])
def test_a_page_that_is_not_there_is_not_found(client: Client, publish_source: Publish, page: str) -> None:
    publish_source(agent_source())
    text_of(client, f"/agents/?page={page}", 404)


def test_a_page_beyond_the_end_says_so(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source(model="opus"))
    page = text_of(client, "/agents/?model=opus&page=1200", 404)
    assert "There is no page 1,200: the list has one page." in page
    assert 'href="/agents/?model=opus"' in page


def test_pages_follow_each_other_to_the_last_and_keep_the_selection(
    client: Client, publish_source: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (results, selection):
        monkeypatch.setattr(module, "PAGE_SIZE", 2)
    for number in range(5):
        publish_source(agent_source(name=f"agent-{number}", model="opus"))
    addresses = ["/agents/?model=opus&sort=new", *(f"/agents/?model=opus&sort=new&page={n}" for n in (2, 3))]
    pages = [text_of(client, address) for address in addresses]
    assert [name for page in pages for name in listed(page)] == [f"agent-{n}" for n in (4, 3, 2, 1, 0)]
    assert [re.search(r"Page \d of \d", page)[0] for page in pages] == [f"Page {n} of 3" for n in (1, 2, 3)]  # type: ignore[index]
    assert ['rel="prev"' in page for page in pages] == [False, True, True]
    assert ['rel="next"' in page for page in pages] == [True, True, False]
    last = f'href="{addresses[2]}">Last<'.replace("&", "&amp;")
    assert last in pages[0]
    assert f'href="{addresses[0]}">First<'.replace("&", "&amp;") in pages[2]


@pytest.mark.parametrize(
    "query",
    [
        *("q=%00", "q=%FF%FE", "q=%22%29*%28", "q=tag:", "q=tag:%22", "category=%00", "tag=%27--", "tool=%5B"),
        *("model=" + "x" * 5000, "sort=nonsense", "&".join(f"tag={n}" for n in range(500)), "mode=%F0%9F%8E%A8"),
    ],
)
def test_whatever_is_asked_of_the_list_it_answers(client: Client, publish_source: Publish, query: str) -> None:
    publish_source(agent_source())
    text_of(client, f"/agents/?{query}")
    text_of(client, f"/tags/?{query}")


# --- Categories and tags ------------------------------------------------------------------------------------------


def test_categories_are_listed_with_what_they_hold(client: Client, three: None) -> None:
    page = text_of(client, "/categories/")
    assert '<a href="/categories/craft/">Craft</a> <span class="count">2</span>' in page
    assert "Things made by hand." in page


def test_a_category_has_a_page_with_the_list_of_its_agents(client: Client, three: None, craft: Category) -> None:
    assert craft.get_absolute_url() == "/categories/craft/"
    page = text_of(client, "/categories/craft/")
    assert listed(page) == ["code-reviewer", "poet"]
    assert "Things made by hand." in page
    assert '<link rel="canonical" href="http://127.0.0.1:8000/categories/craft/">' in page
    assert 'href="/categories/craft/?tool=Bash"' in page
    assert 'href="/categories/craft/?sort=new"' in page
    assert 'action="/categories/craft/"' in page
    assert "Narrowed to" not in page
    assert listed(text_of(client, "/categories/craft/?q=verse")) == ["poet"]


def test_a_tag_has_a_page_with_the_list_of_its_agents(client: Client, three: None) -> None:
    page = text_of(client, "/tags/fast/")
    assert listed(page) == ["code-reviewer", "poet"]
    assert 'href="/tags/fast/?tag=words"' in page
    assert listed(text_of(client, "/tags/fast/?tag=words")) == ["poet"]
    assert '<a href="/tags/fast/">fast</a> <span class="count">2</span>' in text_of(client, "/tags/")


@pytest.mark.parametrize("address", ["/categories/nowhere/", "/tags/nothing/", "/categories/%00/", "/tags/a.b/"])
def test_a_category_or_tag_that_nobody_has_is_not_found(client: Client, three: None, address: str) -> None:
    text_of(client, address, 404)


def test_tags_are_grouped_by_letter_and_can_be_looked_for(client: Client, three: None) -> None:
    page = text_of(client, "/tags/")
    assert re.findall(r'<h2 id="group-\d+">(.)</h2>', page) == ["F", "W"]
    found = text_of(client, "/tags/?q=WOR")
    assert "1 tag with “WOR”" in found
    assert "/tags/fast/" not in found
    assert "No tag fits" in text_of(client, "/tags/?q=zeppelin")


def test_of_very_many_tags_those_used_most_are_shown_and_the_others_by_letter(
    client: Client, three: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "TAGS_AT_ONCE", 1)
    monkeypatch.setattr(shelves, "USED_MOST", 1)
    page = text_of(client, "/tags/")
    assert "Used most" in page
    assert "/tags/fast/" in page
    assert "/tags/words/" not in page
    assert 'href="/tags/?letter=w"' in page
    assert "/tags/words/" in text_of(client, "/tags/?letter=w")


def test_selections_are_kept_out_of_search_engines_and_places_are_not(client: Client, three: None) -> None:
    for address in ("/agents/?category=craft", "/agents/?q=verse", "/agents/?sort=new", "/categories/craft/?tool=Bash"):
        assert 'name="robots" content="noindex, follow"' in text_of(client, address), address
    for address in ("/", "/agents/", "/categories/", "/categories/craft/", "/tags/", "/tags/fast/"):
        assert "noindex" not in text_of(client, address), address


# --- What it costs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/", 3),
        ("/agents/", 2),
        ("/agents/?category=craft&tag=fast&tool=Read&sort=downloaded", 2),
        ("/agents/?q=faults", 12),
        ("/agents/?q=faults&tool=Read&sort=new", 12),
        ("/categories/", 2),
        ("/categories/craft/", 3),
        ("/tags/", 1),
        ("/tags/fast/", 2),
    ],
)
def test_a_page_costs_the_same_queries_in_any_catalog(
    client: Client, publish_source: Publish, craft: Category, publisher: User, address: str, most: int
) -> None:
    costs = []
    for count in (5, 50):
        for number in range(Agent.objects.count(), count):
            agent = publish_source(agent_source(f"agent-{number}", tools="Read, Bash"), category=craft).agent
            shelving.tag([agent], ["fast", f"tag-{number}"], by=publisher)
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        costs.append(len(captured))
        assert not any('"source"' in query["sql"] for query in captured)
    assert costs[0] == costs[1] <= most


def test_a_list_that_did_not_change_is_not_made_again(client: Client, three: None, publish_source: Publish) -> None:
    for address in ("/", "/agents/?tag=fast", "/agents/?q=verse", "/categories/", "/categories/craft/", "/tags/"):
        etag = client.get(address)["ETag"]
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address, headers={"If-None-Match": etag}).status_code == 304
        assert len(captured) == 1
    publish_source(agent_source("another"))
    assert client.get("/tags/", headers={"If-None-Match": etag}).status_code == 200
