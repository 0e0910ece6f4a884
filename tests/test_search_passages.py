"""An excerpt shows why an agent was found: a short passage of its lead, its examples or its prompt."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from catalog import search, shelving
from catalog.models import Agent, Version
from tests.sources import agent_source

Publish = Callable[..., Version]

FILLER = "Nothing of interest stands in this sentence, which is here to be long. " * 40
EXAMPLES = r'Helps.\n\nExamples:\n- User: "My zebra limps, what now?"\n  Assistant: "I ask the vet."'


def excerpt(query: str) -> str:
    """The passage of the first answer, with its matches in brackets."""
    answer = search.find(query)
    [agent] = Agent.objects.filter(pk=answer.pks[0]).with_latest()
    pieces = search.excerpts(answer, [agent])[agent.pk]
    assert all(text for text, _ in pieces)
    return "".join(f"[{text}]" if is_hit else text for text, is_hit in pieces)


def test_the_lead_comes_first_then_examples_then_the_prompt(publish_source: Publish) -> None:
    publish_source(agent_source("one", EXAMPLES, "A zebra and a gnu. Helps.\n"))
    assert excerpt("helps") == "[Helps]."
    assert excerpt("zebra") == "My [zebra] limps, what now?"
    assert excerpt("gnu") == "A zebra and a [gnu]. Helps."


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("review", "[Reviews] the café's menu in C++, full-stack; [reviewing] 日本語の設計 too."),
        ("revi", "[Reviews] the café's menu in C++, full-stack; [reviewing] 日本語の設計 too."),
        ("cafe", "Reviews the [café]'s menu in C++, full-stack; reviewing 日本語の設計 too."),
        ("ｍｅｎｕ", "Reviews the café's [menu] in C++, full-stack; reviewing 日本語の設計 too."),
        ("c++", "Reviews the café's menu in [C++], full-stack; reviewing 日本語の設計 too."),
        ("fullstack", "Reviews the café's menu in C++, [full-stack]; reviewing 日本語の設計 too."),
        ("full stack", "Reviews the café's menu in C++, [full-stack]; reviewing 日本語の設計 too."),
        ("設計", "Reviews the café's menu in C++, full-stack; reviewing 日本語の[設計] too."),
        ("reviews menu", "[Reviews] the café's [menu] in C++, full-stack; [reviewing] 日本語の設計 too."),
    ],
)
def test_every_form_of_a_word_is_marked(publish_source: Publish, query: str, marked: str) -> None:
    publish_source(agent_source("one", "Reviews the café's menu in C++, full-stack; reviewing 日本語の設計 too."))
    assert excerpt(query) == marked


def test_a_word_within_another_is_no_match(publish_source: Publish) -> None:
    publish_source(agent_source("one", "Portable reports; a port is not among the supporters."))
    assert excerpt('"port"') == "Portable reports; a [port] is not among the supporters."


def test_a_passage_of_a_long_text_is_short_and_begins_at_a_word(publish_source: Publish) -> None:
    publish_source(agent_source("one", prompt=f"{FILLER}Then the **axolotl** swims.\n{FILLER}\n"))
    shown = excerpt("axolotl")
    assert "Then the [axolotl] swims. Nothing of" in shown
    assert 160 <= len(shown) <= 260
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert shown.strip("…").split()[0] in FILLER.split()


def test_the_part_with_most_of_the_words_is_shown(publish_source: Publish) -> None:
    prompt = f"A newt.\n{FILLER}\nAn axolotl.\n{FILLER}\nA newt beside an axolotl.\n"
    publish_source(agent_source("one", prompt=prompt))
    assert "A [newt] beside an [axolotl]." in excerpt("newt axolotl")


def test_markdown_is_shown_as_text(publish_source: Publish) -> None:
    prompt = "# Rules\n\n- **Be [kind](https://example.com)**\n- Use `grep` | `quokka`\n\n> Quoted\n"
    publish_source(agent_source("one", prompt=prompt))
    assert excerpt("quokka") == "Rules Be kind Use grep [quokka] Quoted"


def test_markup_in_a_text_stays_text(publish_source: Publish) -> None:
    publish_source(agent_source("one", prompt="Never <script>alert('quokka')</script> & co.\n"))
    assert "[quokka]" in excerpt("quokka")
    assert "alert('" in excerpt("quokka")


def test_who_is_found_by_name_or_tag_shows_the_beginning_of_the_lead(publish_source: Publish, publisher: User) -> None:
    agent = publish_source(agent_source("nameword", "Leads. " * 60, "Prompts.\n")).agent
    shelving.tag([agent], ["tagword"], by=publisher)
    for query in ("nameword", "tagword", "tag:tagword", ""):
        shown = excerpt(query)
        assert shown.startswith("Leads. Leads.")
        assert shown.endswith("…")
        assert len(shown) <= 240


def test_excerpts_cost_two_queries_for_any_number(
    publish_source: Publish, django_assert_num_queries: Callable[..., object]
) -> None:
    for number in range(12):
        publish_source(agent_source(f"agent-{number}", EXAMPLES, f"{FILLER} axolotl\n"))
    answer = search.find("axolotl")
    agents = list(Agent.objects.filter(pk__in=answer.pks).with_latest())
    with django_assert_num_queries(2):
        assert len(search.excerpts(answer, agents)) == 12


def test_an_excerpt_of_what_was_mended_marks_the_mended_word(publish_source: Publish) -> None:
    publish_source(agent_source("one", "Knows Python."))
    assert excerpt("pyhton") == "Knows [Python]."


def test_emphasis_leaves_no_space_and_what_is_no_emphasis_stays(publish_source: Publish) -> None:
    prompt = "- **Performance monitoring**: *fast* `grep`, ~~old~~ __quokka__.\n- 2 * 3 in src/**/*.ts or a__b\n"
    publish_source(agent_source("one", prompt=prompt))
    assert excerpt("quokka") == "Performance monitoring: fast grep, old [quokka]. 2 * 3 in src/**/*.ts or a__b"


TREE = "".join(f"│   ├── quokka-{number}/\n" for number in range(9))
TABLE = "".join(f"| quokka | {number} | yes | no |\n" for number in range(9))


@pytest.mark.parametrize("drawn", [TREE, TABLE], ids=["tree", "table"])
def test_a_tree_or_a_table_is_not_shown(publish_source: Publish, drawn: str) -> None:
    publish_source(agent_source("one", "Leads.", f"{drawn}\n{FILLER}\n"))
    assert excerpt("quokka") == "Leads."
    publish_source(agent_source("one", "Leads.", f"A quokka hops.\n{FILLER}\n{drawn}\n"))
    assert excerpt("quokka").startswith("A [quokka] hops.")
