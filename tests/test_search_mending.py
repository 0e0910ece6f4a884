"""Typing errors are forgiven where nothing is found otherwise, and only if that helps."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from catalog import search, shelving
from catalog.models import Agent, Category, Version
from catalog.search import vocabulary
from tests.sources import agent_source

Publish = Callable[..., Version]


@pytest.fixture
def shelf(publish_source: Publish, publisher: User) -> None:
    sources = {
        "python-reviewer": "Reviews Python code.",
        "javascript-tester": "Tests JavaScript with frameworks such as Jest.",
        "kubernetes-architect": "Designs clusters.",
        "translator": "Translates résumés and other documents.",
        "データベース設計": "データベースの設計。",
    }
    for name, description in sources.items():
        publish_source(agent_source(name, description, f"Your special word is {name[:3]}xyloph, and goroutine.\n"))
    shelving.tag(Agent.objects.filter(name="python-reviewer"), ["fastapi"], by=publisher)


MENDED = {
    "pyhton": "python",
    "PYHTON": "python",
    "pythn": "python",
    "pythoon": "python",
    "bython": "python",
    "javascirpt": "javascript",
    "javscrpt": "javascript",
    "kuberentes architect": "kubernetes architect",
    "kubernetes-architcet": "kubernetes-architect",
    "jset": "jest",
    "fsatapi": "fastapi",
    "docuemnts": "documents",
    "pyhton reveiwer": "python reviewer",
    "pyhton tag:fastapi": "python tag:fastapi",
    '"pyhton code"': '"python code"',
}


@pytest.mark.parametrize("typed", MENDED)
def test_a_typing_error_is_mended(shelf: None, typed: str) -> None:
    answer = search.find(typed)
    assert (answer.suggestion, answer.is_mended, answer.is_loose) == (MENDED[typed], True, False)
    assert answer.pks == search.find(MENDED[typed]).pks != []


def test_what_was_mended_is_told_word_by_word(shelf: None) -> None:
    answer = search.find("Pyhton reviewer")
    assert answer.mended == (("Pyhton", "python"),)
    assert (answer.words, answer.answered) == ("Pyhton reviewer", "python reviewer")
    assert answer.filters == {}


@pytest.mark.parametrize(
    "typed",
    [
        "python",
        "pyth",  # not finished yet
        "xyloph",  # nothing comes near
        "jas",  # too short
        "jsxt",  # two errors in four letters
        "goroutine",  # in prompts only, and right
        "1234",
        "設訓",
        "",
        "???",
    ],
)
def test_nothing_is_mended_without_need_or_where_nothing_comes_near(shelf: None, typed: str) -> None:
    answer = search.find(typed)
    assert (answer.suggestion, answer.is_mended) == (None, False)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("tool:Bsh", "tool:Bash"),
        ("TOOL:bsah reviewer", "tool:Bash reviewer"),
        ("tool:\x00ash", "tool:Bash"),
        ("model:sonet", "model:sonnet"),
        ("mode:plann", "mode:plan"),
        ("tag:fastpai", "tag:fastapi"),
        ("category:qualty", "category:quality"),
        ('category:"Qualty and care"', "category:quality"),
        ("model:sonet tool:Bsh", "model:sonnet tool:Bash"),
        ("pyhton tool:Bsh", "python tool:Bash"),
    ],
)
def test_a_typing_error_in_a_filter_is_mended(publish_source: Publish, publisher: User, typed: str, meant: str) -> None:
    category = Category.objects.create(name="quality", title="Quality and care")
    source = agent_source(
        "python-reviewer", "Reviews Python.", tools="Read, Bash", model="sonnet", permissionMode="plan"
    )
    agent = publish_source(source, by=publisher, category=category).agent
    shelving.tag(Agent.objects.filter(pk=agent.pk), ["fastapi"], by=publisher)
    answer = search.find(typed)
    assert (answer.suggestion, answer.is_mended, answer.pks) == (meant, True, [agent.pk])
    assert answer.filters == search.find(meant).filters
    kinds = [part for part in meant.split() if ":" in part]
    assert [now for _typed, now in answer.mended][: len(kinds)] == kinds


@pytest.mark.parametrize(
    ("typed", "meant"), [("-tool:Bsh", "-tool:Bash"), ('code -tag:"fastpai"', "code -tag:fastapi")]
)
def test_a_typing_error_in_what_is_excluded_is_told_though_everything_is_found(
    shelf: None, publish_source: Publish, typed: str, meant: str
) -> None:
    publish_source(agent_source("runner", "Runs code.", tools="Bash"))
    answer = search.find(typed)
    assert (answer.suggestion, answer.is_mended, bool(answer.pks)) == (meant, False, True)
    assert search.find(meant).suggestion is None


def test_what_a_program_asks_for_by_filters_is_exact(publish_source: Publish) -> None:
    publish_source(agent_source("runner", "Runs code.", tools="Bash"))
    assert search.find("tool:Bsh", mends_filters=False).pks == []
    assert Client().get("/api/v1/agents", {"q": "tool:Bsh"}).json()["items"] == []
    assert Client().get("/api/v1/bundle", {"q": "tool:Bsh"}).status_code == 404


def test_three_filters_of_a_query_are_mended(
    publish_source: Publish, django_assert_max_num_queries: Callable[..., object]
) -> None:
    publish_source(agent_source("runner", "Runs code.", tools="Bash, Read, Grep, Glob"))
    with django_assert_max_num_queries(26):
        assert search.find("tool:Bsh tool:Raed tool:Gerp").is_mended
        assert search.find("tool:Bsh tool:Raed tool:Gerp tool:Golb").pks == []


@given(st.text("abc", max_size=7), st.text("abc", max_size=7), st.integers(1, 2))
def test_errors_are_counted_as_far_as_they_are_forgiven(typed: str, word: str, most: int) -> None:
    """Against the whole table of ways from one to the other (optimal string alignment)."""
    ways = {(i, j): i + j for i in range(len(typed) + 1) for j in range(len(word) + 1) if not i or not j}
    for i, letter in enumerate(typed, 1):
        for j, other in enumerate(word, 1):
            ways[i, j] = min(ways[i - 1, j] + 1, ways[i, j - 1] + 1, ways[i - 1, j - 1] + (letter != other))
            if i > 1 and j > 1 and (letter, typed[i - 2]) == (word[j - 2], other):
                ways[i, j] = min(ways[i, j], ways[i - 2, j - 2] + 1)
    errors = ways[len(typed), len(word)]
    counted = vocabulary._errors(typed, word, most)
    assert counted == errors if errors <= most else counted > most


@pytest.mark.parametrize("typed", ["tool:Ba", "tool:Write", "tool:bash kubernetes", "tag:nothing"])
def test_a_filter_is_left_alone_where_it_is_one_or_nothing_comes_near(publish_source: Publish, typed: str) -> None:
    publish_source(agent_source("reviewer", "Reviews.", tools="Read, Bash"))
    answer = search.find(typed)
    assert (answer.pks, answer.suggestion, answer.is_mended) == ([], None, False)


def test_a_suggestion_that_finds_nothing_is_not_made(shelf: None) -> None:
    answer = search.find("pyhton kubernetes")
    assert (answer.suggestion, answer.is_loose) == (None, True)
    assert len(answer.pks) == 1  # the cluster's: of the other word there is none
    assert search.find("pyhton", {"tag": ("nothing",)}).suggestion is None


def test_of_words_that_come_as_near_the_more_frequent_is_meant(publish_source: Publish) -> None:
    for name, lead in (("a", "Tests forms."), ("b", "Tests forks."), ("c", "Makes forms.")):
        publish_source(agent_source(name, lead))
    assert search.find("foros").suggestion == "forms"


def test_where_some_words_are_nowhere_the_others_are_looked_for(shelf: None) -> None:
    answer = search.find("qqqqqqqq python reviewer")
    assert (answer.is_loose, answer.suggestion, len(answer.pks)) == (True, None, 1)


def test_mending_costs_few_queries(shelf: None, django_assert_max_num_queries: Callable[..., object]) -> None:
    with django_assert_max_num_queries(12):
        assert search.find("pyhton").is_mended
    with django_assert_max_num_queries(20):
        assert not search.find("qqqqqqq wwwwwww zzzzzzz").pks


def test_the_vocabulary_is_learned_with_the_index_and_forgotten_with_it(shelf: None) -> None:
    search.clear()
    assert search.find("pyhton").suggestion is None
    search.rebuild()
    assert search.find("pyhton").suggestion == "python"
