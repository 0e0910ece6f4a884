"""What changed, in words: field by field, with the words that came and went, and never as YAML."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string

from catalog import drafting, publishing
from catalog.admin.editor import desk as desks
from catalog.admin.editor.panes import CHANGES, render_pane
from catalog.comparing import FieldChange, Piece, field_changes
from catalog.comparing import fields as room
from catalog.definition import Definition, Example, read
from catalog.models import Draft, Version
from tests.sources import agent_source

Publish = Callable[..., Version]

FIRST = Example(
    "The change is ready.", "Please look at my change.", "I call the code reviewer.", "A review is asked for."
)
SECOND = Example("", "Is this query safe?", "The code reviewer will tell.", "Safety is a matter of review.")


def between(old: Definition | str, new: Definition | str, title: tuple[str, str] | None = None) -> list[FieldChange]:
    before, after = (read(text) if isinstance(text, str) else text for text in (old, new))
    return field_changes(before, after, title=title)


def replaced(old: dict[str, Any], new: dict[str, Any]) -> list[FieldChange]:
    base = read(agent_source())
    return between(base.replace(**old), base.replace(**new))


def with_marks(change: FieldChange) -> str:
    signs = {"same": "{}", "gone": "[-{}-]", "new": "[+{}+]"}
    pieces = [piece for passage in change.passages for piece in passage.pieces]
    return "".join(signs[piece.kind].format(piece.text) for piece in pieces)


def html(found: list[FieldChange]) -> str:
    return render_to_string("admin/editor/_changes_by_field.html", {"changes": found})


def test_an_untouched_text_has_no_changes() -> None:
    assert between(agent_source(), agent_source(), title=("One", "One")) == []


def test_fields_stand_in_the_order_of_the_form() -> None:
    old = read(agent_source(model="opus", color="red", tools="Read", maxTurns="3", owner="me"))
    new = old.replace(lead="Other words.", prompt="\nOther.\n", model="haiku", tools=("Grep",), name="other")
    new = new.replace(color="blue", maxTurns=4, owner="you").with_examples([FIRST])
    assert [change.label for change in between(old, new, title=("Reviewer", "Critic"))] == [
        "Title",
        "Name",
        "When to use it",
        "Example 1",
        "Prompt",
        "Tools",
        "Model",
        "Color",
        "Most turns",
        "owner",
    ]


def test_the_words_of_the_lead_are_marked() -> None:
    [change] = replaced({"lead": "Use it to review a change."}, {"lead": "Use it to read a big change."})
    assert (change.label, change.kind) == ("When to use it", "text")
    assert with_marks(change) == "Use it to [-review-] [+read+] a [+big+] change."


LONG = "Use it when a page was written and nobody has read it aloud yet, in whatever language it may be. " * 4


@pytest.mark.parametrize("before", ["", LONG])
@pytest.mark.parametrize(
    ("old", "new", "marks"),
    [
        ("Not yet.", "Not yet. Now with care.", "Not yet. [+Now with care.+]"),
        ("Not yet. Now with care.", "Not yet.", "Not yet. [-Now with care.-]"),
        ("Not yet.\n\nNow.", "Not yet.", "Not yet.\n\n[-Now.-]"),
        ("One. Two. Three.", "One. Three.", "One. [-Two.-] Three."),
    ],
)
def test_what_came_or_went_stands_apart_as_in_the_text(before: str, old: str, new: str, marks: str) -> None:
    [change] = replaced({"lead": before + old}, {"lead": before + new})
    assert with_marks(change).endswith(marks)


def test_a_paragraph_that_lost_its_end_shows_it_on_the_same_line() -> None:
    [change] = replaced({"prompt": "\nOne. Two.\n\nThree.\n"}, {"prompt": "\nOne.\n\nThree.\n"})
    assert with_marks(change) == "One. [-Two.-]\n\nThree."


@pytest.mark.parametrize("space", ["\n" * 300, " " * 300])
def test_much_space_beside_a_change_is_no_trouble(space: str) -> None:
    [change] = replaced({"lead": f"One.{space}{LONG}"}, {"lead": f"Two.{space}{LONG}"})
    assert with_marks(change).startswith("[-One.-]")


def test_a_text_with_little_in_common_is_shown_whole() -> None:
    [change] = replaced({"lead": "Reviews code for faults."}, {"lead": "Translates letters into Welsh."})
    assert with_marks(change) == "[-Reviews code for faults.-]\n[+Translates letters into Welsh.+]"


def test_japanese_is_compared_by_character() -> None:
    [change] = replaced({"lead": "コードの変更を確認します。"}, {"lead": "コードの差分を確認します。"})
    assert with_marks(change) == "コードの[-変更-][+差分+]を確認します。"
    assert '<div class="change-text" lang="ja">' in html([change])


@pytest.mark.parametrize(
    ("key", "old", "new", "label", "before", "after"),
    [
        ("model", None, "opus", "Model", "each person’s own choice", "opus"),
        ("model", "opus", "inherit", "Model", "opus", "the conversation’s model"),
        ("color", "red", None, "Color", "red", "none"),
        ("background", None, True, "In the background", "not set", "yes"),
        ("maxTurns", 5, 50, "Most turns", "5", "50"),
        ("memory", None, "user", "Memory", "not set", "user (For this person, over all their projects)"),
        ("owner", {"team": "core", "since": 2024}, ["a", "b"], "owner", "team: core; since: 2024", "a, b"),
        ("tools", None, ("Read", "Grep"), "Tools", "all tools", "only Read, Grep"),
        ("tools", ("Read",), None, "Tools", "only Read", "all tools"),
        ("tools", ("Read",), (), "Tools", "only Read", "no tools"),
    ],
)
def test_values_are_said_in_words(key: str, old: Any, new: Any, label: str, before: str, after: str) -> None:
    [change] = replaced({key: old}, {key: new})
    assert (change.label, change.kind, change.before, change.after) == (label, "value", before, after)


@pytest.mark.parametrize("key", ["tools", "disallowedTools"])
def test_of_a_list_only_what_came_and_went_is_named(key: str) -> None:
    [change] = replaced({key: ("Read", "Bash")}, {key: ("Read", "Edit", "Write")})
    assert (change.added, change.removed) == (("Edit", "Write"), ("Bash",))
    assert "Read" not in html([change])


def test_settings_are_compared_as_the_form_shows_them() -> None:
    hooks = {"Stop": [{"command": "make test"}]}
    [change] = replaced({"hooks": hooks}, {"hooks": {"Stop": [{"command": "make lint"}]}})
    assert (change.label, change.kind) == ("Hooks", "text")
    assert "make [-test-] [+lint+]" in with_marks(change)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (agent_source(model="opus"), agent_source(model='"opus"')),
        (agent_source(model="opus"), agent_source(model="opus # the strong one")),
        (agent_source(model="opus", color="red"), agent_source(color="red", model="opus")),
        (agent_source(), agent_source().replace("\n", "\r\n")),
        (agent_source(), agent_source().rstrip("\n")),
        (agent_source(tools="Read, Grep"), agent_source(tools="[Grep, Read]")),
    ],
)
def test_a_change_of_writing_alone_is_one_sentence(old: str, new: str) -> None:
    [change] = between(old, new)
    assert change.sentence == room.ONLY_WRITING
    assert str(room.ONLY_WRITING) in html([change])


# --- Examples ----------------------------------------------------------------------------------------


def of_examples(old: list[Example], new: list[Example]) -> list[FieldChange]:
    base = read(agent_source())
    return between(base.with_examples(old), base.with_examples(new))


def test_an_example_that_came_or_went_is_shown_whole() -> None:
    [added] = of_examples([FIRST], [FIRST, SECOND])
    assert (added.label, added.deed) == ("Example 2", "added")
    assert [passage.label for passage in added.passages] == [
        "The user says",
        "The assistant answers",
        "Why this agent",
    ]
    assert added.passages[0].pieces == (Piece("new", SECOND.user),)
    [removed] = of_examples([FIRST, SECOND], [SECOND])
    assert (removed.label, removed.deed, removed.passages[1].pieces) == (
        "Former example 1",
        "removed",
        (Piece("gone", FIRST.user),),
    )


def test_a_changed_example_shows_the_part_that_changed() -> None:
    other = Example(SECOND.context, "Is this long query safe?", SECOND.assistant, SECOND.commentary)
    [change] = of_examples([FIRST, SECOND], [other])[:1]
    assert (change.label, change.deed, len(change.passages)) == ("Example 1", "changed", 1)
    assert with_marks(change) == "Is this [+long+] query safe?"


def test_examples_that_changed_places_are_said_to_have_moved() -> None:
    [change] = of_examples([FIRST, SECOND], [SECOND, FIRST])
    assert change.deed == "moved"
    assert change.sentence in ("It was example 1.", "It was example 2.")


# --- The prompt --------------------------------------------------------------------------------------


def of_prompts(old: str, new: str) -> list[FieldChange]:
    return between(agent_source(prompt=old), agent_source(prompt=new))


def test_of_the_prompt_only_what_changed_is_shown_with_a_line_around() -> None:
    lines = ["# Rules", "", "Far away.", "", "Above.", "", "Be kind.", "", "Below.", "", "Far below."]
    old = "\n".join(lines)
    [change] = of_prompts(old, old.replace("kind", "very kind"))
    assert with_marks(change) == "Above.\n\nBe [+very+] kind.\n\nBelow."
    assert change.passages[0].place == "Rules"


def test_changes_far_apart_are_passages_of_their_own() -> None:
    lines = [f"Line {number} says a thing." for number in range(20)]
    old = "\n".join(lines)
    [change] = of_prompts(old, old.replace("Line 2 says", "Line 2 tells").replace("Line 15 says", "Line 15 tells"))
    assert len(change.passages) == 2


def test_an_added_paragraph_is_new_and_nothing_else_is() -> None:
    [change] = of_prompts("One.\n\nTwo.\n", "One.\n\nBetween.\n\nTwo.\n")
    assert with_marks(change) == "One.\n\n[+Between.+]\n\nTwo."


def test_blank_lines_alone_are_one_sentence() -> None:
    [change] = of_prompts("One.\nTwo.\n", "One.\n\nTwo.\n")
    assert (change.label, change.sentence) == ("Prompt", room.ONLY_SPACES)


def test_long_stretches_without_a_change_are_left_out() -> None:
    old = "Begin. " + "".join(f"Sentence {n} stays as it is. " for n in range(100)) + "End."
    [change] = of_prompts(old, old.replace("Begin", "Start").replace("End.", "Stop."))
    assert " … " in with_marks(change)
    assert len(with_marks(change)) < 400


# --- Bounds and hostile texts ------------------------------------------------------------------------


def test_a_very_long_prompt_is_not_compared_by_word() -> None:
    old = "Line.\n" * 6_000
    [change] = of_prompts(old, old + "One more.\n")
    assert change.sentence == room.TOO_LONG


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a b " * 20_000, "b a " * 20_000),
        ("\n".join(["a b " * 200] * 100), "\n".join(["b c a " * 150] * 100)),
        ("".join(f"{n} a b c d\n\n" for n in range(2_400)), "".join(f"{n} d c b a\n\n" for n in range(2_400))),
    ],
)
def test_the_work_is_bounded(old: str, new: str) -> None:
    before, after = read(agent_source(prompt=old)), read(agent_source(prompt=new))
    start = time.process_time()
    assert field_changes(before, after, title=None)
    assert time.process_time() - start < 5


def test_a_text_whose_fields_cannot_be_read_says_so() -> None:
    [change] = between(agent_source(), "---\nname: half")
    assert change.sentence == room.UNREADABLE


def test_hostile_text_is_escaped() -> None:
    bad = "<script>alert(1)</script>"
    old = read(agent_source(tools="Read", owner="me"))
    new = old.replace(lead=bad, prompt=f"# {bad}\n\n{bad}\n", owner=bad, model=bad, tools=("Read", bad))
    shown = html(between(old, new.with_examples([Example(user=bad)]), title=("One", bad)))
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") >= 6


def test_what_no_page_can_hold_is_replaced() -> None:
    found = between(agent_source(owner="me"), agent_source(owner=r'"\ud800 \0"', model=r'"\udfff"'))
    html(found).encode()


def test_marks_are_said_and_not_only_coloured() -> None:
    shown = html(replaced({"lead": "Use it often, please."}, {"lead": "Use it seldom, please."}))
    gone = '<del><span class="visually-hidden">removed: </span>often,</del>'
    came = '<ins><span class="visually-hidden">added: </span>seldom,</ins>'
    assert f">Use it {gone} {came} please.</div>" in shown


# --- The pane ----------------------------------------------------------------------------------------


def pane_of(draft: Draft) -> str:
    return render_pane(CHANGES, desks.stored(draft.agent, draft), may_write=True)


def test_the_pane_says_fields_first_and_has_the_lines_folded_away(editor: User, publish_source: Publish) -> None:
    agent = publish_source(agent_source()).agent
    draft = drafting.open_draft(agent, by=editor, source=agent_source(model="opus"))
    shown, lines = pane_of(draft).split("<summary>As lines of the file</summary>")
    assert "Model" in shown
    assert "model: opus" not in shown
    assert "model: opus" in lines


def test_the_pane_says_that_the_title_changes(editor: User, publish_source: Publish) -> None:
    agent = publish_source(agent_source()).agent
    draft = drafting.open_draft(agent, by=editor)
    assert "None: this is the text of version 1." in pane_of(draft)
    draft = drafting.save(draft, draft.source, by=editor, revision=draft.revision, title="Careful Critic")
    shown = pane_of(draft)
    assert "<ins>Careful Critic</ins>" in shown
    assert "<summary>" not in shown


def test_of_an_agent_never_published_all_is_new(editor: User) -> None:
    agent, _ = publishing.register(read(agent_source()), by=editor)
    draft = drafting.open_draft(agent, by=editor, source=agent_source())
    assert "all of it is new" in pane_of(draft)
