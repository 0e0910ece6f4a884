"""Search finds what is published, best first, alike on both engines, and answers whatever is typed."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import drafting, publishing, search
from catalog.models import Agent, Category, Tag, Version
from catalog.search import words
from tests.sources import agent_source

Publish = Callable[..., Version]


def found(query: str) -> list[str]:
    return [agent.name for agent in search.matching(Agent.objects.published(), query)]


# --- Which agents, in which order -----------------------------------------------------------------------

SHELF = {
    "python-backend-engineer": (
        "Builds APIs and services with FastAPI and Django.",
        "You write Python. Measure before you optimize, and cache what is slow.",
    ),
    "python-pro": ("Writes idiomatic Python.", "You know the language and its packages."),
    "code-reviewer": (
        "Reviews a change for faults.",
        "You review code for security, and test what you doubt.",
    ),
    "test-automator": ("Automates the tests of a full-stack application.", "You debug flaky tests."),
    "security-auditor": ("Audits systems for weak places.", "You look for secrets in code and in containers."),
    "cpp-expert": ("Modern C++ and its build tools.", "You know CMake. Python bindings are an option."),
    "csharp-developer": ("Services on .NET in C#.", "You use ASP.NET and Entity Framework."),
    "golang-pro": ("Concurrent programs in Go.", "You know goroutines and channels."),
    "kubernetes-architect": ("Clusters and their networks.", "You write manifests, and node.js tools around them."),
    "menu-writer": ("Menus for a café in the style of a crème brûlée.", "Naïve prices are rounded."),
    "go-to-market": ("Plans a launch.", "You go through the funnel with the team."),
    "データベース設計": (
        "データベースの設計とチューニングを支援します。",
        "あなたは日本語で答えます。本番環境に注意。",
    ),
    "代码审查专家": ("审查代码的质量和安全性。", "你是一名代码审查专家。"),
    "뉴스-요약가": ("뉴스를 요약합니다.", "짧게 씁니다."),
    "пример-агента": ("Помогает писать письма.", "Ты пишешь коротко."),
    "hindi-writer": ("हिन्दी में लेख लिखता है।", "आप सरल भाषा लिखते हैं।"),
}


@pytest.fixture
def shelf(publish_source: Publish) -> None:
    for name, (description, prompt) in SHELF.items():
        publish_source(agent_source(name, description, prompt + "\n"))


BEST = {
    "python-backend-engineer": "python-backend-engineer",
    "Python Backend Engineer": "python-backend-engineer",
    "pythonbackendengineer": "python-backend-engineer",
    "backend": "python-backend-engineer",
    "backend engineer": "python-backend-engineer",
    "python-backend": "python-backend-engineer",
    "fastapi": "python-backend-engineer",
    "python": "python-pro",  # of two names the shorter
    "PYTHON": "python-pro",
    "ｐｙｔｈｏｎ": "python-pro",
    "pyth": "python-pro",
    "code rev": "code-reviewer",
    "code review": "code-reviewer",
    "reviewing code": "code-reviewer",
    "review the code": "code-reviewer",
    "automation": "test-automator",
    "testing": "test-automator",
    "fullstack": "test-automator",
    "full stack": "test-automator",
    "full-stack": "test-automator",
    "debugging": "test-automator",
    "audit": "security-auditor",
    "security": "security-auditor",  # its name before another's prompt
    "container": "security-auditor",
    "c++": "cpp-expert",
    "cpp": "cpp-expert",
    "C#": "csharp-developer",
    ".NET": "csharp-developer",
    "k8s": "kubernetes-architect",
    "nodejs": "kubernetes-architect",
    "node.js": "kubernetes-architect",
    "cafe": "menu-writer",
    "CAFÉ": "menu-writer",
    "creme brulee": "menu-writer",
    "naive": "menu-writer",
    "golang": "golang-pro",
    "go": "go-to-market",  # a whole word before the beginning of another
    "how do I audit my systems": "security-auditor",
    "caching": "python-backend-engineer",
    '"weak places"': "security-auditor",
    '"weak pla': "security-auditor",
    "データベース": "データベース設計",
    "データベースの設計": "データベース設計",
    "ﾃﾞｰﾀﾍﾞｰｽ": "データベース設計",
    "設計": "データベース設計",
    "チューニング": "データベース設計",
    "チューニングする": "データベース設計",
    "本": "データベース設計",
    "意": "データベース設計",  # the last character of its run
    "代码审查": "代码审查专家",
    "质量": "代码审查专家",
    "요약": "뉴스-요약가",
    "ПРИМЕР": "пример-агента",
    "हिन्दी": "hindi-writer",
}


def test_the_best_answer_is_the_same_on_both_engines(shelf: None) -> None:
    assert {query: "".join(found(query)[:1]) for query in BEST} == BEST


ALL = {
    '"places weak"': {"security-auditor"},  # no such phrase: the words, then
    '"test-automator automates"': {"test-automator"},
    "python zzzzzz": {"python-pro", "python-backend-engineer", "cpp-expert"},  # no agent has both
    "python django": {"python-backend-engineer"},
    "zzzzzz": set(),
    "zzzzzz yyyyyy": set(),
    "???": set(),
    "🙂": set(),
    "channels": {"golang-pro"},
}


def test_all_words_are_wanted_and_any_will_do_where_no_agent_has_all(shelf: None) -> None:
    assert {query: set(found(query)) for query in ALL} == ALL


# --- What is in the index -------------------------------------------------------------------------------


def test_a_text_is_found_by_every_part_of_it(publish_source: Publish, publisher: User) -> None:
    description = r'Leadword.\n\nExamples:\n- User: "Userword?"\n  Assistant: "Assistantword."'
    agent = publish_source(agent_source("nameword", description, "Promptword.\n")).agent
    agent.tags.add(Tag.objects.create(name="tagword"))
    search.index(agent)
    for word in ("nameword", "leadword", "userword", "assistantword", "promptword", "tagword"):
        assert found(word) == ["nameword"]


def test_a_new_version_takes_the_place_of_the_old_one(publish_source: Publish) -> None:
    publish_source(agent_source(prompt="Oldword.\n"))
    publish_source(agent_source(prompt="Newword.\n"))
    assert found("oldword") == []
    assert found("newword") == ["code-reviewer"]


def test_a_draft_is_never_found(publish_source: Publish, publisher: User) -> None:
    agent = publish_source(agent_source()).agent
    drafting.open_draft(agent, by=publisher, source=agent_source(prompt="Canaryword.\n"))
    assert found("canaryword") == []
    search.rebuild()
    assert found("canaryword") == []


def test_what_is_yanked_is_found_no_more(publish_source: Publish, publisher: User) -> None:
    first = publish_source(agent_source(prompt="Firstword.\n"))
    second = publish_source(agent_source(prompt="Secondword.\n"))
    publishing.yank(second, by=publisher, reason="wrong")
    assert (found("firstword"), found("secondword")) == (["code-reviewer"], [])
    publishing.yank(first, by=publisher, reason="wrong too")
    assert found("firstword") == []
    assert not search.matching(Agent.objects.all(), "code")
    publishing.unyank(first, by=publisher)
    assert found("firstword") == ["code-reviewer"]


def test_a_renamed_agent_is_found_by_its_former_name(publish_source: Publish, publisher: User) -> None:
    agent = publish_source(agent_source("nitpicker")).agent
    publishing.rename(agent, "gentle-critic", by=publisher)
    assert found("nitpicker") == found("gentle critic") == ["gentle-critic"]


def test_a_publication_that_is_rolled_back_is_not_found(publish_source: Publish) -> None:
    publish_source(agent_source(prompt="Keptword.\n"))
    with transaction.atomic():
        publish_source(agent_source(prompt="Lostword.\n"))
        assert found("lostword") == ["code-reviewer"]
        transaction.set_rollback(True)
    assert (found("lostword"), found("keptword")) == ([], ["code-reviewer"])


def test_rebuilding_gives_the_same_answers(shelf: None) -> None:
    before = {query: found(query) for query in BEST}
    search.clear()
    assert found("python") == []
    assert search.rebuild() == len(SHELF)
    assert {query: found(query) for query in BEST} == before


def test_rebuilding_forgets_what_is_not_published(publish_source: Publish, publisher: User) -> None:
    version = publish_source(agent_source())
    as_it_was = Agent.objects.get(pk=version.agent_id)
    publishing.yank(version, by=publisher, reason="wrong")
    search.index(as_it_was)
    assert search.matching(Agent.objects.all(), "code").exists()
    assert search.rebuild() == 0
    assert not search.matching(Agent.objects.all(), "code").exists()


def test_rebuild_search_says_how_many_agents_it_indexed(shelf: None) -> None:
    search.clear()
    answer = StringIO()
    call_command("rebuild_search", stdout=answer)
    assert f"{len(SHELF)} agents" in answer.getvalue()
    assert found("python-pro") == ["python-pro"]


# --- The queryset it gives --------------------------------------------------------------------------------


@pytest.fixture
def reviewers(publish_source: Publish) -> list[str]:
    """Six agents that answer "review", every other one on the shelf "even"."""
    even = Category.objects.create(name="even", title="Even")
    names = [f"reviewer-{number}" for number in range(6)]
    for number, name in enumerate(names):
        publish_source(agent_source(name), category=None if number % 2 else even)
    return names


@pytest.mark.parametrize("query", ["", " ", "\n\t"])
def test_an_empty_query_leaves_the_queryset_as_it_is(reviewers: list[str], query: str) -> None:
    newest = Agent.objects.published().newest_first()
    assert list(search.matching(newest, query)) == list(newest)


def test_answers_can_be_filtered_sliced_and_counted(reviewers: list[str]) -> None:
    answers = search.matching(Agent.objects.published().with_latest(), "review")
    assert [agent.name for agent in answers] == reviewers
    assert answers.count() == 6
    assert [agent.name for agent in answers[2:4]] == reviewers[2:4]
    assert [agent.name for agent in answers.in_category("even")] == reviewers[::2]
    assert [agent.name for agent in answers.exclude(name="reviewer-0")[:2]] == reviewers[1:3]
    assert list(answers.reverse().values_list("name", flat=True)) == reviewers[::-1]
    assert answers.filter(name="code-reviewer").first() is None


def test_only_agents_of_the_queryset_answer(reviewers: list[str]) -> None:
    even = Agent.objects.published().in_category("even")
    assert [agent.name for agent in search.matching(even, "review")] == reviewers[::2]
    assert not search.matching(Agent.objects.none(), "review").exists()
    assert not search.matching(Agent.objects.filter(pk__in=[]), "review").exists()


def test_a_filter_set_before_reaches_beyond_the_best(reviewers: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search.asking, "MOST", 2)
    published = Agent.objects.published()
    assert [agent.name for agent in search.matching(published, "review")] == reviewers[3:]
    assert search.matching(published, "review").filter(name="reviewer-0").count() == 0
    assert search.matching(published.filter(name="reviewer-0"), "review").count() == 1
    assert search.matching(published.in_category("even"), "review").count() == 3


def test_a_tagged_queryset_gives_each_agent_once(reviewers: list[str]) -> None:
    for agent in Agent.objects.all():
        agent.tags.add(*(Tag.objects.get_or_create(name=name)[0] for name in ("a", "b")))
    tagged = Agent.objects.published().filter(tags__name__in=["a", "b"]).distinct()
    assert [agent.name for agent in search.matching(tagged, "review")] == reviewers


def test_an_answer_costs_few_queries(
    reviewers: list[str], django_assert_max_num_queries: Callable[..., object]
) -> None:
    with django_assert_max_num_queries(5):
        assert found("review")
    with django_assert_max_num_queries(10):
        assert not found("zzzzzz yyyyyy")


# --- Whatever is typed, whatever is published ----------------------------------------------------------------

HOSTILE = [
    "\0",
    "python\0pro",
    "\ud800",
    '"',
    '"""',
    '"python',
    "'",
    "''; DROP TABLE catalog_agent; --",
    "' OR 1=1 --",
    '" OR "a"*',
    "python AND",
    "OR",
    "NOT python",
    "NEAR(python pro, 2)",
    "names : python",
    "{names tags} : python",
    "- names : python",
    "^python",
    "python*",
    "*",
    "(python",
    "python)",
    "!python | (pro & <->)",
    "python:*A",
    "\\",
    "python\\'",
    "%s %d %(name)s {} {0}",
    "...---...",
    "🙂🙃",
    "́",
    "⟨ python pro ⟩",
    "·",
    "\u202epython",
    "a" * 10_000,
    "a " * 5_000,
    "a-" * 5_000,
    '"a" ' * 2_500,
    "本" * 10_000,
    "日本語 " * 2_500,
    "ﷺ" * 10_000,
    "c++" * 3_000,
]


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_query_has_an_answer(publish_source: Publish, query: str) -> None:
    publish_source(agent_source("python-pro"))
    published = Agent.objects.published()
    assert search.matching(published, query).count() <= 1
    assert search.matching(published.filter(name="python-pro"), query).count() <= 1
    assert found("python") == ["python-pro"]


def test_any_query_has_an_answer(publish_source: Publish) -> None:
    publish_source(agent_source("python-pro"))

    @settings(max_examples=200)
    @given(st.text(st.characters(exclude_categories=())))
    def answer(query: str) -> None:
        assert len(found(query)) <= 1

    answer()


@given(st.text(st.characters(exclude_categories=())))
def test_a_word_is_letters_digits_and_marks_only(text: str) -> None:
    assert not set("".join(words.words_of(text))) & set(" \0'\"\\:*&|!()<>-_⟨⟩")


def test_text_that_looks_like_syntax_is_text(publish_source: Publish) -> None:
    prompt = "'quoted':1A,2B \\'back\\\\slash\\' \"double\" NEAR(words) {names} : ^first* -minus · ⟨ python ⟩\n"
    publish_source(agent_source(prompt=prompt))
    for word in ("quoted", "back slash", "double", "near words", "first", "minus", "python"):
        assert found(word) == ["code-reviewer"], word


LONG = {
    "words, all different": " ".join(f"w{number:x}" for number in range(40_000)),
    "characters, all different": "".join(chr(0x4E00 + number * 7 % 20_000) for number in range(83_000)),
    "one word": "a" * 250_000,
    "one compound": "a-" * 125_000,
    "one word, repeated": "again " * 41_000,
    "a ligature that unfolds": "ﷺ" * 83_000,
}


@pytest.mark.parametrize("kind", LONG)
def test_the_longest_text_can_be_indexed(publish_source: Publish, kind: str) -> None:
    publish_source(agent_source(prompt=LONG[kind] + "\n"))
    assert found("code-reviewer") == ["code-reviewer"]
    assert found(LONG[kind][:8]) == ["code-reviewer"]
