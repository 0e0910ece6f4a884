"""Which agents of a set are taken for one another, and which are for nearly the same."""

import time
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from catalog import clashes, publishing, shelving
from catalog.models import Agent, Tag, Version
from tests.sources import agent_source

Publish = Callable[..., Version]
pytestmark = pytest.mark.django_db


@pytest.fixture
def make(publish_source: Publish, publisher: User) -> Callable[..., None]:
    def make(name: str, lead: str = "Does something.", *, title: str = "", tags: tuple[str, ...] = ()) -> None:
        agent = publish_source(agent_source(name, description=lead), by=publisher).agent
        if title:
            publishing.retitle(agent, title, by=publisher)
        shelving.tag([agent], tags, by=publisher)

    return make


def the_set() -> list[Agent]:
    rows = Agent.objects.select_related("latest_version").prefetch_related("tags", "former_names")
    return list(rows.order_by("pk"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("code-reviewer", "code-reviewers"),
        ("code-reviewer", "codereviewer"),
        ("code-reviewer", "code-review"),
        ("api-designer", "designer-api"),
        ("full-stack-developer", "fullstack-developer"),
    ],
)
def test_names_that_are_taken_for_each_other_collide(make: Callable[..., None], first: str, second: str) -> None:
    make(first)
    make(second)
    [collision] = clashes.collisions(the_set())
    assert collision.sentence == f"The names {first} and {second} are easily taken for each other."


@pytest.mark.parametrize(
    ("first", "second"),
    [("code-reviewer", "code-writer"), ("python-pro", "python-expert"), ("c-pro", "cpp-pro"), ("go-pro", "golang-pro")],
)
def test_other_names_do_not(make: Callable[..., None], first: str, second: str) -> None:
    make(first)
    make(second)
    assert clashes.collisions(the_set()) == []


def test_equal_titles_collide(make: Callable[..., None]) -> None:
    make("one", title="Code Reviewer")
    make("two", title="code reviewer!")
    [collision] = clashes.collisions(the_set())
    assert "Both are called “Code Reviewer”" in collision.sentence


def test_a_name_it_had_before_collides_too(make: Callable[..., None], publisher: User) -> None:
    make("test-writers")
    publishing.rename(Agent.objects.get(), "checker", by=publisher)
    make("test-writer")
    [collision] = clashes.collisions(the_set())
    assert "checker (once test-writers) and test-writer" in collision.sentence


def test_a_pair_that_collides_twice_is_told_once(make: Callable[..., None], publisher: User) -> None:
    make("code-reviewer")
    make("code-reviewers", title="Code Reviewer")
    old, new = the_set()
    publishing.deprecate(old, by=publisher, note="", successor=new)
    [collision] = clashes.collisions(the_set())
    assert "takes its place" in collision.sentence


REVIEWS = "Use this agent to review Python changes for security holes, and tell where each one is."
LOOKS = "Looks for security holes in changes of Python code before they are merged."


def test_two_that_say_nearly_the_same_overlap(make: Callable[..., None]) -> None:
    make("python-reviewer", REVIEWS)
    make("hole-finder", LOOKS)
    make("poet", "Writes verses that rhyme, for birthdays and farewells.")
    [overlap] = clashes.overlaps(the_set())
    assert [agent.name for agent in overlap.agents] == ["python-reviewer", "hole-finder"]
    assert {"python", "security", "holes", "changes"} <= set(overlap.words)
    assert 0.2 <= overlap.share < 1


def test_what_every_lead_says_is_no_overlap(make: Callable[..., None]) -> None:
    make("poet", "Use this agent proactively when the user needs an expert who will help with verses.")
    make("cook", "Use this agent proactively when the user needs an expert who will help with dinners.")
    assert clashes.overlaps(the_set()) == []


def test_tags_and_titles_count_as_the_lead_does(make: Callable[..., None]) -> None:
    make("alpha", "Verses.", tags=("code-review", "python"))
    make("beta", "Dinners.", tags=("code-review", "python"))
    [overlap] = clashes.overlaps(the_set())
    assert overlap.words == ("code", "review", "python")


def test_texts_without_spaces_between_words_are_compared_by_what_can_be_told_apart(
    make: Callable[..., None],
) -> None:
    make("文化-調査員", "文化と歴史を調査し、データをまとめます。")
    make("歴史-調査員", "歴史を調査し、文化のデータをまとめます。")
    make("料理人", "夕食を作ります。")
    [overlap] = clashes.overlaps(the_set())
    assert {"文化", "歴史", "調査"} <= set(overlap.words)


def test_the_order_of_the_set_changes_no_pair(make: Callable[..., None]) -> None:
    make("python-reviewer", REVIEWS)
    make("hole-finder", LOOKS)
    make("code-reader", "Reads code for holes and security, before changes of Python are merged.")
    there, back = clashes.overlaps(the_set()), clashes.overlaps(the_set()[::-1])
    assert [round(one.share, 6) for one in there] == [round(one.share, 6) for one in back]
    assert {frozenset(one.agents) for one in there} == {frozenset(one.agents) for one in back}


def test_no_more_of_an_agent_is_compared_than_its_beginning(make: Callable[..., None]) -> None:
    make("python-reviewer", REVIEWS)
    make("hole-finder", LOOKS)
    [short] = clashes.overlaps(the_set())
    make("poet", " ".join(f"verse{number}x" for number in range(100)) + " " + "so " * 100 + LOOKS)
    make("cook", "料理の" * 400 + LOOKS)
    [beside] = clashes.overlaps(the_set())
    assert (beside.agents, beside.words) == (short.agents, short.words)


@pytest.mark.parametrize(
    "leads",
    [
        [" ".join(f"w{(number * 7 + step) % 150}x" for step in range(600)) for number in range(100)],
        [" ".join(f"w{(number * 31 + step) % 3000}x" for step in range(600)) for number in range(100)],
        ["".join(chr(0x4E00 + step) for step in range(3_400))] * 100,
    ],
    ids=["few words", "many words", "no spaces"],
)
def test_a_full_set_that_says_as_much_as_it_can_is_compared_within_a_moment(leads: list[str]) -> None:
    """Made of rows that are not stored: only the comparing takes the time. It is 0.1 s of the processor or less."""
    agents = []
    for key, lead in enumerate(leads, 1):
        agent = Agent(pk=key, name=f"agent-{key}", title=f"Agent {key}", latest_version=Version(lead=lead))
        agent._prefetched_objects_cache = {"tags": Tag.objects.none()}
        agents.append(agent)
    began = time.process_time()
    clashes.overlaps(agents)
    assert time.process_time() - began < 3


def test_an_empty_set_and_one_of_a_single_agent_have_none(make: Callable[..., None]) -> None:
    assert clashes.overlaps([]) == clashes.collisions([]) == []
    make("alone")
    assert clashes.overlaps(the_set()) == clashes.collisions(the_set()) == []
