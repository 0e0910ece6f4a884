"""Of several words the rarest counts most, names come before prose, and a sentence is answered as far as it can be."""

from collections.abc import Callable

import pytest

from catalog import search
from catalog.models import Agent, Version
from tests.sources import agent_source

Publish = Callable[..., Version]

SHELF = {
    "react-specialist": ("Builds interfaces.", "You review components."),
    "plan-reviewer": ("Reads what was planned.", "You look at diffs of React and of Vue."),
    "django-orm-expert": ("Models and migrations.", "You make slow queries fast."),
    "sql-tuner": ("Makes databases faster.", "You measure slow queries, in Django too."),
    "slow-cooker": ("Cooks for hours.", "You stir."),
    "coach": ("Talks with people.", "In a review you listen. In a review you ask. A review of React, say."),
    **{f"reviewer-{number}": ("Reviews changes.", "You are brief.") for number in range(4)},
    "reactive-streams": ("Streams of events.", "You know back pressure."),
    "javascript-pro": ("Scripts.", "You know closures."),
    "kotlin-and-java": ("Programs of both kinds.", "You compile."),
}


@pytest.fixture
def shelf(publish_source: Publish) -> None:
    for name, (description, prompt) in SHELF.items():
        publish_source(agent_source(name, description, prompt + "\n"))


def found(query: str) -> list[str]:
    names = dict(Agent.objects.values_list("pk", "name"))
    return [names[pk] for pk in search.find(query).pks]


def test_a_rare_word_in_the_name_comes_before_a_common_one_and_both_before_prose(shelf: None) -> None:
    assert found("react review") == found("review react") == ["react-specialist", "plan-reviewer", "coach"]
    assert found("slow django queries") == ["django-orm-expert", "sql-tuner"]


def test_a_finished_word_comes_before_those_that_only_begin_with_it(shelf: None) -> None:
    assert found("react")[:2] == ["react-specialist", "reactive-streams"]
    assert found("java")[:2] == ["kotlin-and-java", "javascript-pro"]


@pytest.mark.parametrize(
    "sentence",
    [
        "I need an agent that makes slow Django queries fast",
        "I'd like something that makes slow Django queries fast, please",
        "please help me: what's there that makes slow Django queries fast?",
    ],
)
def test_a_sentence_is_asked_without_what_says_nothing_and_answered_as_far_as_possible(
    shelf: None, sentence: str
) -> None:
    answer = search.find(sentence)
    assert found(sentence)[:2] == ["django-orm-expert", "sql-tuner"]
    assert not answer.is_loose
    assert len(answer.pks) < len(SHELF)


def test_who_lacks_a_word_comes_last_and_only_where_many_were_asked_for(shelf: None) -> None:
    assert found("measure slow django queries")[:2] == ["sql-tuner", "django-orm-expert"]
    assert found("measure slow queries") == ["sql-tuner"]
    assert found('"measure slow" django queries fast please') == ["sql-tuner"]


def test_agent_and_help_are_words_where_they_are_not_part_of_a_sentence(publish_source: Publish) -> None:
    publish_source(agent_source("agent-maker", "Makes more.", "You are one.\n"))
    publish_source(agent_source("dress-maker", "Sews.", "You sew.\n"))
    assert found("agent maker") == ["agent-maker"]
    assert found("agent") == ["agent-maker"]
    assert set(found("I need an agent who sews, a maker")) == {"dress-maker"}
