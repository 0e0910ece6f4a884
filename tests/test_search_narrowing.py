"""Filters are words of the index: exact in any combination, on both engines, and typed into the box as well."""

from collections.abc import Callable
from itertools import product

import pytest
from django.contrib.auth.models import User
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import publishing, search, shelving
from catalog.models import Agent, Category, Tag, Version
from tests.sources import agent_source

Publish = Callable[..., Version]

MODELS, MODES, TOOLS = (
    ("", "inherit", "opus", "claude-sonnet-4-5[1m]"),
    ("", "plan"),
    (None, "Read", "Read, Bash(git:*)"),
)


def found(query: str, **filters: tuple[str, ...]) -> list[str]:
    pks = search.find(query, filters).pks
    names = dict(Agent.objects.values_list("pk", "name"))
    return [names[pk] for pk in pks]


@pytest.fixture
def shelf(publish_source: Publish, publisher: User) -> list[Agent]:
    """One reviewer of every model, mode and list of tools; every other one is in a category, every third tagged."""
    writing = Category.objects.create(name="writing", title="Writing and Editing")
    agents = []
    for number, (model, mode, tools) in enumerate(product(MODELS, MODES, TOOLS)):
        fields = {"model": model, "permissionMode": mode, "tools": tools}
        given = {key: f'"{value}"' if key == "model" else value for key, value in fields.items() if value}
        source = agent_source(f"reviewer-{number}", **given)
        agents.append(publish_source(source, category=None if number % 2 else writing).agent)
    shelving.tag(agents[::3], ["python"], by=publisher)
    shelving.tag(agents[::4], ["web"], by=publisher)
    return agents


def wanted(agent: Agent, filters: dict[str, tuple[str, ...]]) -> bool:
    """The filters told once more, in another way."""
    agent = Agent.objects.select_related("category").prefetch_related("tags").get(pk=agent.pk)
    has = {
        "category": {agent.category.name if agent.category else None},
        "tag": {tag.name for tag in agent.tags.all()},
        "model": {"", "inherit"} if agent.facets["model"] in ("", "inherit") else {agent.facets["model"]},
        "mode": {agent.facets["mode"]},
        "tool": {"*"} if agent.facets["tools"] is None else set(agent.facets["tools"]),
    }
    every = ("tag", "tool")
    return all(set(v) <= has[k] if k in every else bool(set(v) & has[k]) for k, v in filters.items() if v)


COMBINATIONS: list[dict[str, tuple[str, ...]]] = [
    {},
    {"category": ("writing",)},
    {"category": ("writing", "nowhere")},
    {"category": ("nowhere",)},
    {"model": ("inherit",)},
    {"model": ("",), "tag": ("python",)},
    {"tag": ("python",)},
    {"tag": ("python", "web")},
    {"tag": ("python", "nothing")},
    {"model": ("opus",)},
    {"model": ("opus", "claude-sonnet-4-5[1m]")},
    {"model": ("",)},
    {"model": ("Opus",)},
    {"mode": ("plan",)},
    {"mode": ("",)},
    {"tool": ("Read",)},
    {"tool": ("Read", "Bash")},
    {"tool": ("*",)},
    {"tool": ("*", "Read")},
    {"category": ("writing",), "tag": ("python",), "model": ("", "opus"), "mode": ("",), "tool": ("Read",)},
    {"category": (), "tag": ()},
]


@pytest.mark.parametrize("query", ["review", ""])
def test_filters_combine_exactly(shelf: list[Agent], query: str) -> None:
    for filters in COMBINATIONS:
        assert set(found(query, **filters)) == {agent.name for agent in shelf if wanted(agent, filters)}, filters


def test_a_query_of_filters_only_gives_the_newest_first(shelf: list[Agent]) -> None:
    assert found("tag:web") == [agent.name for agent in reversed(shelf[::4])]
    assert found("", tag=("web",)) == found("tag:web")
    assert found("") == [agent.name for agent in reversed(shelf)]


BOX = {
    "tag:python": {"tag": ("python",)},
    "TAG:Python": {"tag": ("python",)},
    "tag:python tag:web": {"tag": ("python", "web")},
    "category:writing": {"category": ("writing",)},
    'category:"Writing and Editing"': {"category": ("writing",)},
    "category:“writing and editing”": {"category": ("writing",)},
    "model:OPUS tool:bash": {"model": ("opus",), "tool": ("Bash",)},
    "model:claude-sonnet-4-5[1m]": {"model": ("claude-sonnet-4-5[1m]",)},
    "mode:Plan": {"mode": ("plan",)},
    "tool:*": {"tool": ("*",)},
}


@pytest.mark.parametrize("box", BOX)
def test_filters_are_typed_into_the_box(shelf: list[Agent], box: str) -> None:
    for query in (box, f"review {box}", f"{box} review"):
        answer = search.find(query)
        assert answer.filters == BOX[box]
        assert answer.words == query.replace(box, "").strip()
        assert set(answer.pks) == {agent.pk for agent in shelf if wanted(agent, BOX[box])}


@pytest.mark.parametrize(
    "box", ["tag:nothing", "category:nowhere", "model:gpt", "tool:Chainsaw", "mode:bold", "tag:🙂"]
)
def test_a_filter_that_nothing_has_finds_nothing(shelf: list[Agent], box: str) -> None:
    assert found(box) == found(f"review {box}") == []


def test_a_quote_that_is_still_open_reaches_to_the_end(shelf: list[Agent]) -> None:
    assert search.find('review category:"writing and editing').filters == {"category": ("writing",)}


def test_a_filter_without_a_value_is_none_and_other_colons_are_text(shelf: list[Agent]) -> None:
    assert len(found("review tag:")) == len(shelf)
    assert search.find("review note:this").filters == {}
    assert search.find("review http://tag:web").filters == {}


def test_filters_of_the_box_join_those_that_were_given(shelf: list[Agent]) -> None:
    answer = search.find("review tag:web", {"tag": ("python",), "mode": ("plan",)})
    assert answer.filters == {"tag": ("python", "web"), "mode": ("plan",)}
    assert set(answer.pks) == {agent.pk for agent in shelf if wanted(agent, dict(answer.filters))}


def test_filters_reach_beyond_the_best(shelf: list[Agent], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search.asking, "MOST", 2)
    answer = search.find("review")
    assert (len(answer.pks), answer.has_more) == (3, True)
    assert found("review", model=("opus",), mode=("plan",), tool=("Bash",)) == ["reviewer-17"]
    assert not search.find("review", {"model": ("opus",), "mode": ("plan",), "tool": ("Bash",)}).has_more


def test_the_index_follows_categories_tags_and_the_latest_version(
    publish_source: Publish, publisher: User, editor: User
) -> None:
    one, other = (Category.objects.create(name=name, title=name.title()) for name in ("one", "other"))
    first = publish_source(agent_source(model="opus"), category=one)
    agent = first.agent
    shelving.categorise([agent], other, by=publisher)
    assert (found("", category=("one",)), found("", category=("other",))) == ([], ["code-reviewer"])
    shelving.categorise([agent], None, by=publisher)
    assert found("", category=("other",)) == []
    shelving.set_tags(agent, ["a"], by=publisher)
    shelving.set_tags(agent, ["b"], by=publisher)
    assert (found("", tag=("a",)), found("", tag=("b",))) == ([], ["code-reviewer"])
    second = publish_source(agent_source(model="haiku", tools="Read"))
    assert (found("", model=("opus",)), found("", model=("haiku",), tool=("Read",))) == ([], ["code-reviewer"])
    publishing.yank(second, by=publisher, reason="wrong")
    assert (found("", model=("opus",)), found("", tool=("*",))) == (["code-reviewer"], ["code-reviewer"])


def test_a_category_under_another_name_needs_no_new_index(shelf: list[Agent]) -> None:
    before = found("", category=("writing",))
    Category.objects.filter(name="writing").update(name="prose", title="Prose")
    Tag.objects.filter(name="web").update(name="www")
    assert found("", category=("prose",)) == found("category:Prose") == before
    assert found("", category=("writing",)) == found("category:writing") == []


def test_filters_cost_few_queries(shelf: list[Agent], django_assert_max_num_queries: Callable[..., object]) -> None:
    with django_assert_max_num_queries(4):
        search.find("review", {"category": ("writing",), "tag": ("python",)})
    with django_assert_max_num_queries(6):
        search.find("review tag:web category:writing")


def test_any_filters_have_an_answer(shelf: list[Agent]) -> None:
    text = st.text(st.characters(exclude_categories=()), max_size=20)
    values = st.lists(text | st.sampled_from(["python", "writing", "opus", "Read", "*", ""]), max_size=3).map(tuple)
    box = st.tuples(st.sampled_from(search.KINDS), st.sampled_from([":", ':"', " :", "::"]), text).map("".join)

    @settings(max_examples=150)
    @given(st.lists(box | text, max_size=4), st.dictionaries(st.sampled_from(search.KINDS), values, max_size=5))
    def answer(parts: list[str], filters: dict[str, tuple[str, ...]]) -> None:
        got = search.find(" ".join(parts), filters)
        assert len(got.pks) <= len(shelf)
        rows = Agent.objects.filter(pk__in=got.pks[:3]).with_latest()
        assert set(search.excerpts(got, rows)) == set(got.pks[:3])

    answer()


@pytest.mark.parametrize("value", ["\0", "\ud800", "x" * 10_000, "' OR 1=1 --", '"', "§c1"])
def test_a_hostile_filter_finds_nothing(shelf: list[Agent], value: str) -> None:
    for kind in search.KINDS:
        assert found("review", **{kind: (value,)}) == []
    assert found("review", model=tuple(f"{value}{number}" for number in range(2_000))) == []


EXCLUDED: dict[str, dict[str, tuple[str, ...]]] = {
    "-tag:python": {"tag": ("python",)},
    "-TAG:Python -tag:web": {"tag": ("python", "web")},
    '-category:"writing and editing"': {"category": ("writing",)},
    "-model:OPUS": {"model": ("opus",)},
    "-model:inherit -mode:plan": {"model": ("inherit",), "mode": ("plan",)},
    "-tag:nothing": {"tag": ("nothing",)},
    "-tag:": {},
}


@pytest.mark.parametrize("box", EXCLUDED)
def test_what_stands_behind_a_minus_is_excluded(shelf: list[Agent], box: str) -> None:
    excluded = EXCLUDED[box]
    rest = {a.pk for a in shelf if not any(wanted(a, {kind: (v,)}) for kind, vs in excluded.items() for v in vs)}
    for query in (box, f"review {box}", f"{box} review"):
        answer = search.find(query)
        assert (answer.filters, answer.excluded, answer.words) == ({}, excluded, query)
        assert set(answer.pks) == rest
    read = search.find(f"{box} tool:read")
    assert read.filters == {"tool": ("Read",)}
    assert set(read.pks) == {agent.pk for agent in shelf if agent.pk in rest and wanted(agent, {"tool": ("Read",)})}


def test_who_may_use_every_tool_may_use_an_excluded_one(shelf: list[Agent]) -> None:
    answer = search.find("-tool:bash review")
    assert answer.excluded == {"tool": ("Bash",)}
    tools = [Agent.objects.get(pk=pk).facets["tools"] for pk in answer.pks]
    assert tools == [["Read"]] * (len(shelf) // 3)


def test_a_word_behind_a_minus_stands_nowhere(publish_source: Publish) -> None:
    publish_source(agent_source("one", "Tests pages.", "You use React.\n"))
    publish_source(agent_source("two", "Tests pages.", "You use Vue - and a well-known tool.\n"))
    assert found("tests -react") == found("-React tests") == found("-react") == ["two"]
    assert found('tests "vue - and" -react') == found("tests well-known") == ["two"]
    assert set(found("tests - pages")) == {"one", "two"}
    assert found("tests -pages") == found("-tests -pages") == []
    assert found('"tests -pages"') != []
