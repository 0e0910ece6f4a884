"""A prompt as it is rendered, with what changed in it: nothing lost, nothing let through, and in bounded time."""

import html
import re
import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.definition import read
from catalog.models import Version
from catalog.rendering import render_changes, render_prompt
from tests import corpus
from tests.hostile import PAYLOADS, faults
from tests.sources import agent_source

Publish = Callable[..., Version]

ADDRESS = "/agents/code-reviewer/compare/1/2/"
RENDERED = f"{ADDRESS}?view=rendered"

OLD = """# Reviewer

You review code with care.

- Read the change
- Say what is wrong
- Never praise

```python
a = 1
b = 2
c = 3
```

| Level | Action |
| --- | --- |
| Critical | Mend it |
| Warning | Leave it |

This is told no more to anybody.
"""
NEW = (
    OLD.replace("with care", "with **great** care")
    .replace("- Never praise\n", "- Name the line of each fault\n")
    .replace("b = 2", "b = 4")
    .replace("Leave it", "Think of it")
    .replace("This is told no more to anybody.", "## Last\n\nQuite another thing stands here.")
)


def changes(old: str, new: str) -> str:
    stretches = render_changes(old, new)
    assert stretches is not None
    return "".join(stretch.html for stretch in stretches)


def told(markup: str) -> str:
    """With what is said aloud of a mark, and what the page notes, taken out."""
    return re.sub(r'<span class="(?:visually-hidden|said)">.*?</span>', "", markup)


def without(mark: str, markup: str) -> str:
    """What is read when one kind of mark is taken away."""
    assert not re.search(rf"<{mark}\b[^>]*>(?:(?!</{mark}>).)*<{mark}\b", markup, re.DOTALL), "a mark within a mark"
    return re.sub(rf"<{mark}\b[^>]*>.*?</{mark}>", "", markup, flags=re.DOTALL)


def text(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def unspaced(markup: str) -> str:
    return "".join(text(markup).split())


def assert_both_can_be_read(old: str, new: str) -> None:
    marked = told(changes(old, new))
    if not marked:  # nothing that is read changed
        assert unspaced(render_prompt(old)) == unspaced(render_prompt(new))
        return
    # Lines without words lie between blocks, where no page shows them.
    lines = [
        [line for line in text(each).split("\n") if line.strip()]
        for each in (without("del", marked), render_prompt(new))
    ]
    assert lines[0] == lines[1]
    assert unspaced(without("ins", marked)) == unspaced(render_prompt(old))


def marks(mark: str, markup: str) -> list[str]:
    """The text of each mark, without the spaces that part words."""
    found = re.findall(rf"<{mark}\b[^>]*>(.*?)</{mark}>", told(markup), re.DOTALL)
    return [words for each in found if (words := text(each).strip())]


# --- What is marked ------------------------------------------------------------------------------------


def test_words_items_lines_and_cells_are_marked_where_they_changed() -> None:
    marked = changes(OLD, NEW)
    assert marks("ins", marked) == [
        "great",
        "Name the line of each fault",
        "4",
        "Think of it",
        "Last\nQuite another thing stands here.",
    ]
    assert marks("del", marked) == ["Never praise", "2", "Leave it", "This is told no more to anybody."]
    assert "<strong><ins>" in told(marked)
    assert_both_can_be_read(OLD, NEW)


def test_a_screen_reader_is_told_what_came_and_what_went() -> None:
    marked = changes("Be kind.", "Be very kind.")
    assert '<ins><span class="visually-hidden">added: </span>very</ins>' in marked
    assert '<span class="visually-hidden">removed: </span>very' in changes("Be very kind.", "Be kind.")


def test_a_heading_that_came_is_told_to_those_who_go_from_heading_to_heading() -> None:
    assert '<h3 id="prompt-b"><span class="visually-hidden">added: </span>B' in changes("a\n", "a\n\n# B\n")


@pytest.mark.parametrize(
    ("old", "new", "gone", "came"),
    [
        ("use `ls -l` here", "use `ls -a` here", ["l"], ["a"]),
        ("go **there**, now", "go **here**, now", ["there"], ["here"]),
        ("文化を調べます", "文化を深く調べます", [], ["深く"]),
        ("a < b && c", "a < b && d", ["c"], ["d"]),
        ("1. one thing\n2. two things", "1. one thing\n2. three things", ["two"], ["three"]),
        ("- [ ] do it now", "- [x] do it now", ["do it now"], ["do it now"]),
        ("> [!NOTE]\n> be kind to all", "> [!NOTE]\n> be strict to all", ["kind"], ["strict"]),
        ("be ~~cruel~~ kind", "be ~~cruel~~ very kind", [], ["very"]),
        ("two words", "wholly different sentence", ["two words"], ["wholly different sentence"]),
    ],
)
def test_what_came_and_went_in_a_paragraph(old: str, new: str, gone: list[str], came: list[str]) -> None:
    marked = changes(old, new)
    assert (marks("del", marked), marks("ins", marked)) == (gone, came)
    assert_both_can_be_read(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("be *kind*", "be **kind**"),
        ("see [it](https://a.example)", "see [it](https://b.example)"),
        ("# One\n\n## Two", "# One\n\n# Two"),
        ("- one\n- two", "1. one\n2. two"),
        ("```js\nx\n```", "```python\nx\n```"),
        ("| a |\n|---|\n| b |", "| a |\n|:-:|\n| b |"),
    ],
)
def test_the_same_words_that_look_or_lead_otherwise_are_said_to(old: str, new: str) -> None:
    marked = changes(old, new)
    assert "Only the formatting or a link changed" in marked
    assert (marks("del", marked), marks("ins", marked)) == ([], [])
    assert text(told(marked)).split() == text(render_prompt(new)).split()


@pytest.mark.parametrize(
    ("old", "new"),
    [("a", "a"), ("a\nb", "a\nb\n\n\n"), ("*a*", "_a_"), ("- a\n- b", "* a\n\n* b"), ("", "\n\n"), ("A\n=", "# A")],
)
def test_a_text_that_only_is_written_otherwise_has_no_changes(old: str, new: str) -> None:
    assert render_changes(old, new) == []


def test_what_did_not_change_is_folded_but_for_headings_and_what_is_near() -> None:
    parts = [f"## Part {n}\n\nFirst of {n}.\n\n- one of {n}\n- two\n\nLast of {n}.\n" for n in range(4)]
    stretches = render_changes("\n".join(parts), "\n".join(parts).replace("First of 2", "Begin of 2"))
    assert stretches is not None
    assert [stretch.unchanged for stretch in stretches] == [0, 4, 0, 4, 0, 4]
    shown = "".join(stretch.html for stretch in stretches if not stretch.unchanged)
    assert all(f">Part {n}<" in shown for n in range(4))
    assert "one of 2" in shown
    assert "one of 1" not in shown


def test_what_is_gone_takes_no_address_from_what_is_there() -> None:
    marked = changes("# Same\n\n# Same\n\nx[^1]\n\n[^1]: y", "# Same\n\nx[^1]\n\n[^1]: y\n\nquite another")
    ids = re.findall(r'id="([^"]+)"', marked)
    assert len(ids) == len(set(ids))
    assert "prompt-same-1" not in marked


def test_a_long_passage_that_is_gone_is_said_to_be() -> None:
    marked = changes("Stay.\n\n" + "gone words " * 5_000, "Stay.")
    assert "A long passage stood here." in marked
    assert len(marked) < 2_000


# --- Any texts ------------------------------------------------------------------------------------------

WORDS = st.lists(
    st.sampled_from(
        ("a", "b", "c", "d", "e", "f.", "g,", "文", "化", "<x>", "&", "**k**", "`m n`", "*o*", "[p](https://p.example)")
    ),
    max_size=9,
)
LINES = WORDS.map(" ".join)
BLOCKS = st.one_of(
    LINES,
    LINES.map("# {}".format),
    st.lists(LINES, max_size=4).map(lambda lines: "\n".join(f"- {line}" for line in lines)),
    st.lists(LINES, max_size=3).map(lambda lines: "1. x\n" + "\n".join(f"   - {line}" for line in lines)),
    st.lists(LINES, max_size=4).map(lambda lines: "\n".join(["```", *lines, "```"])),
    st.lists(LINES, max_size=3).map(
        lambda lines: "\n".join(["| a | b |", "|---|---|", *(f"| {x} | c |" for x in lines)])
    ),
    LINES.map("> {}".format),
)
PROMPTS = st.lists(BLOCKS, max_size=6)


@pytest.mark.plain
@settings(max_examples=300)
@given(PROMPTS, PROMPTS)
def test_both_texts_can_be_read_out_of_any_comparison(old: list[str], new: list[str]) -> None:
    assert_both_can_be_read("\n\n".join(old), "\n\n".join(new))


@pytest.mark.plain
@settings(max_examples=300)
@given(PROMPTS, st.data())
def test_both_texts_can_be_read_where_little_changed(blocks: list[str], data: st.DataObject) -> None:
    old = "\n\n".join(blocks)
    lines = old.split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    words = lines[at].split(" ")
    place = data.draw(st.integers(0, len(words) - 1))
    words[place : place + data.draw(st.integers(0, 2))] = data.draw(WORDS)
    assert_both_can_be_read(old, "\n".join([*lines[:at], " ".join(words), *lines[at + 1 :]]))


@pytest.mark.plain
@pytest.mark.corpus
def test_real_prompts_can_be_read_out_of_their_comparisons() -> None:
    files = corpus.corpus_files("agent")[::12]
    prompts = [read(file.data.decode(errors="replace")).prompt for file in files]
    for old, new in pairwise(prompts):
        assert_both_can_be_read(old, old.replace("the", "a", 5).replace("\n- ", "\n- also ", 2))
        assert_both_can_be_read(old, new)


# --- Hostile texts --------------------------------------------------------------------------------------


def without_marks(markup: str) -> str:
    """What the judge of rendered texts is to see: all but the marks that a comparison adds."""
    markup = re.sub(r'</?(?:ins|del|s)(?: class="(?:block|block prose|space)")?>', "", told(markup))
    return re.sub(r'<(span|div) class="reformatted">', r"<\1>", markup)


@pytest.mark.plain
@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_gets_past_a_comparison(payload: str) -> None:
    for old, new in (
        ("Say what is wrong.", payload),
        (payload, "Say what is wrong."),
        (payload, payload[::-1]),
        (f"Say what {payload} is wrong", f"Say {payload} what is very wrong"),
        (f"Say what {payload} is wrong", "Say what is wrong"),
        (f"- a {payload}\n- b\n\n```\n{payload}\n```", f"- b {payload}\n- c\n\n```\nx{payload}\n```"),
    ):
        assert faults(without_marks(changes(old, new))) == [], (old, new)


@pytest.mark.parametrize("mark", ["<ins>", "</ins>", "<del class='block'>", "</del>", "<s>", '<span class="said">'])
def test_marks_that_a_text_brings_along_are_text(mark: str) -> None:
    assert html.escape(mark, quote=False).replace("'", "") in changes("a", f"b {mark} c").replace("&#x27;", "").replace(
        "'", ""
    ).replace("&quot;", '"')


SIZE = 256 * 1024
HOSTILE = {
    "words": "a b " * (SIZE // 4),
    "different words": " ".join(f"w{n * 7919 % 100_003}" for n in range(SIZE // 8)),
    "lines": "a\n" * (SIZE // 2),
    "paragraphs": "".join(f"p {n * n % 97}\n\n" for n in range(9_000)),
    "items": "".join(f"- i {n * n % 97} x\n" for n in range(15_000)),
    "nested items": "".join(f"{'  ' * (n % 30)}- i {n * n % 13}\n" for n in range(5_000)),
    "many lists": "".join("".join(f"- {n * m % 7} {n % 5}\n" for m in range(40)) + "\np\n\n" for n in range(300)),
    "table": "| a | b |\n|---|---|\n" + "".join(f"| {n * n % 7} | {n % 5} |\n" for n in range(15_000)),
    "wide table": "|" + " a |" * 400 + "\n|" + "---|" * 400 + "\n" + ("|" + " b |" * 400 + "\n") * 40,
    "code": "```\n" + "".join(f"{n * n % 7}\n" for n in range(19_000)) + "```\n",
    "pieces of code": "".join("```\n" + "".join(f"{n * m % 7}\n" for m in range(60)) + "```\n\n" for n in range(300)),
    "emphasis": "*a* " * (SIZE // 4),
    "quotes": "> " * 90 + "a",
    "CJK": "文" * (SIZE // 3),
    "tags": "<b>" * (SIZE // 3),
}


@pytest.mark.no_cover
@pytest.mark.plain
@pytest.mark.parametrize("kind", HOSTILE)
def test_the_work_is_bounded(kind: str) -> None:
    old = HOSTILE[kind]
    for new in (old.replace("a", "z").replace("1", "3 4").replace("文", "武文"), old[::-1], "x " + old[:-1]):
        start = time.process_time()
        stretches = render_changes(old, new[:SIZE])
        assert time.process_time() - start < 30  # 4 on an idle machine, 12 on a busy one
        assert sum(len(stretch.html) for stretch in stretches or []) < 6_000_000


# --- The page -------------------------------------------------------------------------------------------


@pytest.fixture
def two(publish_source: Publish) -> None:
    publish_source(agent_source(prompt=OLD))
    publish_source(agent_source(prompt=NEW, model="opus"))


def page_of(client: Client, address: str = RENDERED) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.usefixtures("two")
def test_the_prompt_is_a_view_of_its_own_beside_the_changes_and_the_source(client: Client) -> None:
    page = page_of(client)
    tabs = re.findall(r'<a href="([^"]*)#what-changed"\s*(aria-current="true")?>(\w+)</a>', page)
    assert tabs == [
        (ADDRESS, "", "Changes"),
        (RENDERED, 'aria-current="true"', "Rendered"),
        (f"{ADDRESS}?view=source", "", "Source"),
    ]
    assert "great" in marks("ins", page)
    assert "Not only the prompt changed." in page
    assert 'href="/agents/code-reviewer/compare/2/1/?view=rendered"' in page
    assert '<input type="hidden" name="view" value="rendered">' in page


@pytest.mark.usefixtures("two")
def test_another_view_is_the_first_one(client: Client) -> None:
    for view in ("x", "RENDERED", "%00", "changes"):
        assert 'aria-current="true">Changes</a>' in page_of(client, f"{ADDRESS}?view={view}")


@pytest.mark.usefixtures("two")
def test_the_form_keeps_the_view(client: Client) -> None:
    response = client.get("/agents/code-reviewer/compare/?from=2&to=1&view=rendered")
    assert response["Location"] == "/agents/code-reviewer/compare/2/1/?view=rendered"


def test_a_prompt_that_did_not_change_is_said_to_be_the_same(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    publish_source(agent_source(model="opus"))
    assert "The prompt reads the same in both versions." in page_of(client)


def test_a_prompt_too_long_for_it_leads_to_its_lines(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    publish_source(agent_source(prompt="a\n" * 120_000))
    assert "too long or too intricate" in page_of(client)


def test_long_unchanged_stretches_are_counted(client: Client, publish_source: Publish) -> None:
    same = "\n\n".join(f"Paragraph {n}." for n in range(13))
    publish_source(agent_source(prompt=f"Begin.\n\n{same}\n"))
    publish_source(agent_source(prompt=f"Start.\n\n{same}\n"))
    page = page_of(client)
    assert "12 unchanged paragraphs" in page
    assert page.count("<details>") == 1


@pytest.mark.usefixtures("two")
def test_it_is_kept_until_something_changes(client: Client, publish_source: Publish) -> None:
    etag = client.get(RENDERED)["ETag"]
    assert client.get(RENDERED, headers={"if-none-match": etag}).status_code == 304
    publish_source(agent_source(prompt="Third.\n"))
    assert client.get(RENDERED, headers={"if-none-match": etag}).status_code == 200


def test_it_costs_the_same_queries_however_many_versions(client: Client, publish_source: Publish) -> None:
    costs = []
    for number in range(8):
        publish_source(agent_source(prompt=f"Text {number}.\n"))
        if number in (1, 7):
            with CaptureQueriesContext(connection) as captured:
                page_of(client)
            costs.append(len(captured))
    assert costs[0] == costs[1] <= 4
