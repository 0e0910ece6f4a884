"""The form in plain words: what it shows, and a text in which only what was typed has changed."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser

from catalog.admin.editor.form import ADVANCED, Written, gauge, shown, written
from catalog.admin.editor.sections import MOST_CARDS
from catalog.definition import FIELDS, Definition, Example, read
from catalog.definition.tools import LABELS, MEANINGS, TOOLS
from tests.html_forms import Pairs, as_lists, as_query, sent_by, with_values

pytestmark = pytest.mark.plain

PARTS = ("context", "user", "assistant", "commentary")
HEAD = "---\nname: release-captain\ndescription: Plans releases.\n"


def source(*lines: str, prompt: str = "\nYou plan.\n") -> str:
    return HEAD + "".join(f"{line}\n" for line in lines) + "---\n" + prompt


def page(base: Definition, may_write: bool = True, **options: Any) -> str:
    form = shown(base, **{"title": "Release Captain", "may_rename": True, **options})
    return render_to_string("admin/editor/_form.html", {"form": form, "may_write": may_write})


def form_of(base: Definition) -> Pairs:
    return sent_by(page(base))


def change(text: str, **values: str | list[str]) -> Written:
    base = read(text)
    return written(base, as_query(with_values(form_of(base), **values)))


def changed(text: str, **values: str | list[str]) -> str:
    result = change(text, **values)
    assert result.problems == {}
    return result.definition.source


def refused(text: str, **values: str | list[str]) -> dict[str, str]:
    result = change(text, **values)
    assert result.definition.source == text
    return dict(result.problems)


def cards(*examples: Example) -> dict[str, str | list[str]]:
    return {f"example_{part}": [getattr(example, part) for example in examples] for part in PARTS}


# --- Untouched -----------------------------------------------------------------------------------------

VALUES = [
    "",
    " x",
    " 'x'",
    ' "x\\ny"',
    ' "x\\ty "',
    ' " "',
    " 5",
    " 0x10",
    " 1e3",
    " true",
    " 'true'",
    " false",
    " null",
    " [a, b]",
    " [a, [b]]",
    " [1, a, '']",
    " {a: b}",
    " *",
    " '*'",
    " a, b, a",
    " mcp__x__y, Bash(git *), Task, read",
    "\n  - Read\n  - 'two words'\n  - \"two\\nlines\"",
    "\n  a:\n    - b: c # why",
    " |\n  one\n\n  two\n",
    " >-\n  one\n  two",
    " a\\nb",
    " unknown # comment",
    ' "\\r\\n\\r x \\u2028 \\0"',
    " opus",
    " ' opus '",
    " claude-opus-4-1",
    " magenta",
    " red",
    " &x y",
    " use when: it is due",
]
AWKWARD = [
    "",
    "\n",
    "\ufeff",
    "---",
    "---\n---",
    "---\nname: x",
    "\n---\nname: x\n---\n",
    "no block at all\n",
    "  \n\n",
    "---\rname: x\r---\ry",
    "---\nname: x\n-----\ny",
    "---\n" + "".join(f"{'  ' * depth}a:\n" for depth in range(20)) + "---\nx\n",
    "---\nname: a\nname: b\nmodel: c\nmodel: d\n---\n",
    "---\ndescription: Plans: it. Examples:\nuser: one: two\n<example>\n---\nx",
    "---\nname:\tx\n\tdescription: y\n---\n",
    "---\n- a\n---\n",
    "---\nx: *a\n---\n",
    "---\nvibe: calm\ntools: Read\nTools: Read\nhooks:\n  a: b\n---\n",
    HEAD + "---\r\n\r\n\r\nYou plan.\r\nAll.\n\rBy\r yourself.\n\n\n",
    HEAD + "---",
    HEAD + "---\n   \n  You plan.\n\n  \n",
    "x" * (256 * 1024 + 1),
]


def assert_untouched(text: str) -> None:
    base = read(text)
    result = written(base, as_query(form_of(base)))
    assert (result.definition.source, result.problems) == (text, {})


@pytest.mark.parametrize("text", AWKWARD, ids=range(len(AWKWARD)))
def test_an_untouched_form_changes_no_awkward_text(text: str) -> None:
    assert_untouched(text)


@pytest.mark.parametrize("key", FIELDS)
def test_an_untouched_form_changes_no_value_of_any_field(key: str) -> None:
    for value in VALUES:
        assert_untouched(f"---\n{key}:{value}\nother: x\n---\n\nYou plan.\n")


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "definitions").glob("*/*.md")), ids=lambda p: p.stem)
def test_an_untouched_form_changes_no_file(path: Path) -> None:
    assert_untouched(path.read_bytes().decode("utf-8", "replace"))


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)))
field_lines = st.tuples(st.sampled_from([*FIELDS, "vibe", "# note"]), st.sampled_from(VALUES) | texts)
any_source = texts | st.builds(
    lambda lines, prompt, end, bom: (
        bom + "---\n" + "\n".join(f"{key}:{value}" for key, value in lines) + "\n---\n" + prompt
    ).replace("\n", end),
    st.lists(field_lines, max_size=8),
    st.sampled_from(["", "\n", "\nYou plan.\n", "You plan.", "\n\n  a\n\tb\n\n \n"]) | texts,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\ufeff"]),
)


@given(any_source)
def test_an_untouched_form_changes_nothing(text: str) -> None:
    assert_untouched(text)


NAMES = (
    *("name", "lead", "prompt", "model", "model_other", "color", "tools_scope", "tool", "tools_more"),
    *(f"example_{part}" for part in PARTS),
    *ADVANCED,
)
typed_values = (
    st.sampled_from(
        ["", "only", "all", "other", "opus", "red", "true", "5", "a, b", "Read", "x: y\n", "- a", " x ", '"z"']
    )
    | st.sampled_from(["\n\nx\n\n", "Examples:", "user: hi", "</example>", "---", "\\n", "*", "[", "a\nb", "  a"])
    | texts
)
typed_fields = st.dictionaries(st.sampled_from(NAMES), st.lists(typed_values, max_size=3), max_size=8)


@given(any_source, typed_fields)
def test_what_was_typed_is_written_once_and_never_raises(text: str, fields: dict[str, list[str]]) -> None:
    """The page sends all of it again after each pause: saving twice must not change the text twice."""
    base = read(text)
    typed = as_lists(with_values(form_of(base), **fields))
    once = written(base, typed)
    twice = written(once.definition, typed)
    assert twice.definition.source == once.definition.source
    for key in base.fields.keys() - once.definition.fields.keys():
        assert key in FIELDS  # what the form does not know, it does not lose


def test_a_field_that_was_not_sent_is_left_alone() -> None:
    text = source("model: opus", "tools: Read", "maxTurns: 5")
    assert written(read(text), as_lists([])).definition.source == text
    assert written(read(text), as_lists([("title", "x"), ("note", "y")])).definition.source == text


# --- One field changed -----------------------------------------------------------------------------------

CHANGES: list[tuple[str, dict[str, str | list[str]], str]] = [
    ("model: sonnet # why", {"model": "opus"}, "model: opus # why"),
    ("model: sonnet", {"model": "other", "model_other": " gpt-5 "}, "model: gpt-5"),
    ("model: gpt-5", {"model": "haiku"}, "model: haiku"),
    ("color: 'red'", {"color": "blue"}, "color: 'blue'"),
    ("color: magenta", {"color": "pink"}, "color: pink"),
    ("tools: Read, Grep", {"tool": ["Read", "Bash"]}, "tools: Read, Bash"),
    ("tools: [Read, Grep]", {"tool": ["Read", "Grep", "Edit"]}, "tools: [Read, Grep, Edit]"),
    ("tools:\n  - Read\n  - mcp__a", {"tool": []}, "tools:\n  - mcp__a"),
    (
        "tools: Read, mcp__a",
        {"tools_more": "mcp__a\n\n Bash(git *), mcp__b"},
        "tools: Read, mcp__a, Bash(git *), mcp__b",
    ),
    ("tools: Task, Read, read", {"tools_more": "read"}, "tools: Read, read"),
    ("tools: Read", {"tool": []}, "tools: []"),
    ("tools: ''", {"tool": ["Read"]}, "tools: 'Read'"),
    ("tools: '*'", {"tools_scope": "only", "tool": ["Read"]}, "tools: 'Read'"),
    ("disallowedTools: Bash", {"disallowedTools": "Bash\nWrite"}, "disallowedTools: Bash, Write"),
    ("permissionMode: plan", {"permissionMode": "acceptEdits"}, "permissionMode: acceptEdits"),
    ("memory: forever", {"memory": "user"}, "memory: user"),
    ("effort: 3", {"effort": "high"}, "effort: high"),
    ("isolation: worktree", {"isolation": "remote"}, "isolation: remote"),
    ("background: yes", {"background": "true"}, "background: true"),
    ("omitClaudeMd: true", {"omitClaudeMd": "false"}, "omitClaudeMd: false"),
    ("maxTurns: 5", {"maxTurns": " 020 "}, "maxTurns: 20"),
    ("skills: a, b", {"skills": "b\nc"}, "skills: b, c"),
    ("skills: [a, 1]", {"skills": "a\n1\nc"}, "skills: [a, 1, c]"),
    ("initialPrompt: Begin.", {"initialPrompt": "Begin: now."}, 'initialPrompt: "Begin: now."'),
    ("hooks:\n  Stop: a", {"hooks": "Stop: b"}, "hooks:\n  Stop: b"),
    ("mcpServers: [github]", {"mcpServers": "[github, slack]"}, "mcpServers: [github, slack]"),
    ("experimental: {cacheTtl: 5m}", {"experimental": "cacheTtl: 1h"}, "experimental:\n  cacheTtl: 1h"),
]


@pytest.mark.parametrize(("line", "values", "expected"), CHANGES, ids=[line for line, _, _ in CHANGES])
def test_one_changed_field_changes_its_lines_only(line: str, values: dict[str, str | list[str]], expected: str) -> None:
    assert changed(source("# kept", line, "vibe: calm"), **values) == source("# kept", expected, "vibe: calm")


REMOVALS: list[tuple[str, dict[str, str | list[str]]]] = [
    ("model: sonnet", {"model": ""}),
    ("color: red", {"color": ""}),
    ("tools: Read", {"tools_scope": "all"}),
    *((f"{key}: x", {key: ""}) for key in ADVANCED),
]


@pytest.mark.parametrize(("line", "values"), REMOVALS, ids=[line for line, _ in REMOVALS])
def test_an_emptied_field_leaves_the_file(line: str, values: dict[str, str | list[str]]) -> None:
    assert changed(source(line, "vibe: calm"), **values) == source("vibe: calm")


ADDITIONS: list[tuple[dict[str, str | list[str]], str]] = [
    ({"model": "opus"}, "model: opus"),
    ({"model": "other", "model_other": "claude-x"}, "model: claude-x"),
    ({"color": "cyan"}, "color: cyan"),
    ({"tools_scope": "only", "tool": ["Grep", "Read"]}, "tools: Read, Grep"),
    ({"tools_scope": "only"}, "tools: []"),
    ({"disallowedTools": "Bash(rm *)\nWrite"}, "disallowedTools: Bash(rm *), Write"),
    ({"permissionMode": "plan"}, "permissionMode: plan"),
    ({"maxTurns": "7"}, "maxTurns: 7"),
    ({"skills": "notes\nplans"}, "skills:\n  - notes\n  - plans"),
    ({"mcpServers": "- github"}, "mcpServers:\n  - github"),
    ({"hooks": "Stop:\n- x: y"}, "hooks:\n  Stop:\n  - x: y"),
    ({"memory": "project"}, "memory: project"),
    ({"background": "true"}, "background: true"),
    ({"effort": "max"}, "effort: max"),
    ({"isolation": "worktree"}, "isolation: worktree"),
    ({"initialPrompt": "Begin."}, "initialPrompt: Begin."),
    ({"omitClaudeMd": "true"}, "omitClaudeMd: true"),
    ({"experimental": "cacheTtl: 1h"}, "experimental:\n  cacheTtl: 1h"),
]


@pytest.mark.parametrize(("values", "line"), ADDITIONS, ids=[line for _, line in ADDITIONS])
def test_a_new_field_is_one_line_more(values: dict[str, str | list[str]], line: str) -> None:
    assert changed(source(), **values) == source(line)


def test_the_name_is_written_only_where_the_form_holds_it() -> None:
    assert changed(source(), name=" release-pilot ") == source().replace("release-captain", "release-pilot")
    base = read(source())
    assert "name" not in dict(sent_by(page(base, may_rename=False)))


def test_a_choice_that_is_none_of_ours_can_be_taken_back() -> None:
    text = source("color: magenta", "effort: 3", "background: 'yes'")
    form = dict(form_of(read(text)))
    other = read(changed(text, color="red", effort="low", background="true"))
    values = {key: form[key] for key in ("color", "effort", "background")}
    back = written(other, as_lists(with_values(form_of(other), **values))).definition
    assert (back.color, back.fields["effort"], back.fields["background"]) == ("magenta", 3, "yes")


# --- Lead and examples ---------------------------------------------------------------------------------

TAGGED = source().replace(
    "Plans releases.",
    '"Plans releases. Examples:\\n\\n<example>\\nContext: It is due.\\n'
    'user: \\"Ship it\\"\\nassistant: \\"I call it.\\"\\n'
    '</example>\\n\\n<example>\\nuser: \\"When?\\"\\nassistant: \\"Soon.\\"\\n</example>"',
)
FIRST, SECOND = Example("It is due.", "Ship it", "I call it."), Example("", "When?", "Soon.")
THIRD = Example("Later.", "Say: who?\nAnd why", "The agent knows.", "It is asked.")


def test_lead_and_examples_stand_in_fields_of_their_own() -> None:
    sent = dict(form_of(read(TAGGED)))
    assert sent["lead"] == "Plans releases."
    form = shown(read(TAGGED), title="x", may_rename=True)
    assert [(c.number, c.context, c.user, c.is_first, c.is_last) for c in form.cards] == [
        (1, "It is due.", "Ship it", True, False),
        (2, "", "When?", False, True),
    ]


@pytest.mark.parametrize(
    "wanted",
    [(SECOND, FIRST), (FIRST,), (), (FIRST, SECOND, THIRD), (THIRD, FIRST), (FIRST, Example(), SECOND, THIRD)],
)
@pytest.mark.parametrize("lead", ["Plans releases.", "Plans every release.\n\nOn time."])
def test_examples_are_reordered_removed_and_added_and_the_lead_changes_with_them(
    wanted: tuple[Example, ...], lead: str
) -> None:
    after = read(changed(TAGGED, lead=lead, **cards(*wanted)))
    assert (after.lead, after.examples) == (lead, tuple(example for example in wanted if example))
    assert after.prompt == "\nYou plan.\n"


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("text", [TAGGED, source(), source().replace("Plans releases.", "'Plans. - User: \"a\"'")])
def test_a_half_written_example_is_kept(part: str, text: str) -> None:
    half = Example(**{part: "It's half written"})
    before = read(text)
    after = read(changed(text, **cards(*before.examples, half)))
    assert (after.lead, after.examples) == (before.lead, (*before.examples, half))


def test_an_empty_card_is_dropped_silently() -> None:
    assert changed(TAGGED, **cards(FIRST, Example(), SECOND, Example(user=" \n"))) == TAGGED
    assert changed(source(), **cards(Example(), Example())) == source()


def test_an_example_that_cannot_be_written_is_a_sentence_and_the_rest_is_written() -> None:
    result = change(TAGGED, lead="Plans well.", model="opus", **cards(FIRST, Example(user="a </example> b")))
    assert list(result.problems) == ["examples"]
    assert result.problems["examples"].startswith("An example holds a line that reads as the beginning")
    assert (result.definition.lead, result.definition.model) == ("Plans well.", "opus")
    assert result.definition.examples == (FIRST, SECOND)


def test_a_lead_that_would_read_as_examples_is_a_sentence() -> None:
    assert "Word it differently" in refused(source(), lead="Plans.\n- user: hi\n  assistant: yes")["lead"]


def test_too_many_examples_are_not_edited_here() -> None:
    many = "".join(f'\\n- User: \\"q{n}\\"\\n  Assistant: \\"a{n}\\"' for n in range(MOST_CARDS + 1))
    text = source().replace("Plans releases.", f'"Plans releases. Examples:{many}"')
    assert len(read(text).examples) == MOST_CARDS + 1
    assert "example_user" not in dict(form_of(read(text)))
    assert f"There are {MOST_CARDS + 1} examples" in page(read(text))
    assert_untouched(text)


def test_a_number_for_a_description_can_be_replaced_and_a_list_is_shown() -> None:
    text = source().replace("Plans releases.", "123")
    assert dict(form_of(read(text)))["lead"] == "123"
    assert read(changed(text, lead="Plans 123.")).lead == "Plans 123."
    listed = source().replace("Plans releases.", "[a, b]")
    assert "lead" not in dict(form_of(read(listed)))
    assert "<code>a, b</code>" in page(read(listed))


# --- Prompt --------------------------------------------------------------------------------------------

PROMPTS = [
    ("\nYou plan.\n", "You plan all.", "\nYou plan all.\n"),
    ("\n\n\nYou plan.", "You plan all.\n\n", "\n\n\nYou plan all."),
    ("", "You plan.", "\nYou plan.\n"),
    ("\n", "You plan.", "\nYou plan.\n"),
    ("\n\n  ", "You plan.", "\n\nYou plan.\n"),
    ("   ", "You plan.", "\nYou plan.\n"),
    ("  You plan.\n\n", "  You\n\n  plan.", "  You\n\n  plan.\n\n"),
    ("\nYou plan.\n", "\n\n", ""),
    ("\r\nYou\r\nplan.\r\n", "You\nplan\nall.", "\r\nYou\r\nplan\r\nall.\r\n"),
    ("\nYou\rplan.\r\nAll.\n", "You\rplan.\nAll of it.", "\nYou\rplan.\r\nAll of it.\n"),
]


@pytest.mark.parametrize(("before", "typed", "after"), PROMPTS)
def test_a_prompt_keeps_the_lines_around_it_and_its_line_ends(before: str, typed: str, after: str) -> None:
    assert changed(source(prompt=before), prompt=typed) == source(prompt=after)


def test_a_prompt_takes_the_line_ends_of_its_file() -> None:
    text = source(prompt="").replace("\n", "\r\n")
    assert changed(text, prompt="You\nplan.") == text + "\r\nYou\r\nplan.\r\n"


def test_the_prompt_is_shown_without_the_blank_lines_around_it() -> None:
    sent = dict(form_of(read(source(prompt="\n \n  You\n plan.\n\n"))))
    assert sent["prompt"] == "  You\r\n plan."


def test_a_form_makes_a_file_from_nothing() -> None:
    values = {"name": "a-b", "lead": "Use it.", "prompt": "You do it.", "tools_scope": "only", "tool": ["Read"]}
    after = changed("", **values)
    assert after == "---\nname: a-b\ndescription: Use it.\ntools: Read\n---\n\nYou do it.\n"
    assert changed("Just text.\n", name="a-b") == "---\nname: a-b\n---\nJust text.\n"


# --- What cannot be written ------------------------------------------------------------------------------

REFUSALS: list[tuple[str, dict[str, str | list[str]], str]] = [
    ("maxTurns", {"maxTurns": "many"}, "Write a whole number from 1"),
    ("maxTurns", {"maxTurns": "0"}, "Write a whole number from 1"),
    ("maxTurns", {"maxTurns": "9" * 5000}, "Write a whole number from 1"),
    ("model", {"model": "other", "model_other": " "}, "Write the id of the other model"),
    ("tools", {"tools_scope": "only", "tools_more": "*"}, "Choose “All tools” instead"),
    ("hooks", {"hooks": "a: b\nc: ["}, "cannot be read"),
    ("hooks", {"hooks": "a: b\n\tc: d"}, "Line 2 cannot be read"),
    ("hooks", {"hooks": "just words"}, "Settings are lines such as"),
    ("mcpServers", {"mcpServers": "just words"}, "Settings are lines such as"),
    ("memory", {"memory": "[1]"}, "Choose one of the list"),
    ("lead", {"lead": "a\\nb"}, "backslash followed by n"),
]


@pytest.mark.parametrize(("key", "values", "sentence"), REFUSALS)
def test_what_cannot_be_written_is_a_sentence_beside_its_field(
    key: str, values: dict[str, str | list[str]], sentence: str
) -> None:
    problems = refused(source(), **values)
    assert list(problems) == [key]
    assert sentence in problems[key]
    result = change(source(), **{**values, "color": "red"})
    assert (list(result.problems), result.definition.color) == ([key], "red")


def test_what_could_not_be_written_is_shown_as_it_was_typed() -> None:
    base = read(TAGGED)
    values: dict[str, str | list[str]] = {
        "maxTurns": "many",
        "hooks": "a: [",
        **cards(FIRST, Example(user="</example>")),
    }
    typed = as_lists(with_values(form_of(base), model="opus", **values))
    result = written(base, typed)
    html = page(result.definition, typed=typed, problems=result.problems)
    again = as_lists(sent_by(html))
    assert (again["maxTurns"], again["hooks"]) == ("many", "a: [")
    assert again.getlist("example_user") == ["Ship it", "</example>"]
    assert again["model"] == "opus"
    assert re.search(r"<details class=\"advanced\"[^>]* open", html)


# --- What the page shows ---------------------------------------------------------------------------------


def test_no_field_is_missing_and_every_finding_has_its_place() -> None:
    form = shown(read(source()), title="x", may_rename=True)
    assert {*form.names, "description"} == {*FIELDS, "description", "title", "lead", "examples", "prompt"}
    html = page(read(source()))
    for name in form.names:
        assert f'id="field-{name}"' in html
        assert f'data-field="{name}"' in html
        assert f'id="findings-{name}"' in html


def test_every_tool_is_explained_and_stands_in_its_group() -> None:
    assert MEANINGS.keys() == TOOLS.keys()
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())
    form = shown(read(source("tools: ExitPlanMode")), title="x", may_rename=True)
    assert [group.label for group in form.tool_groups] == list(LABELS.values())
    offered = {tool.value: tool.is_chosen for group in form.tool_groups for tool in group.tools}
    assert offered.pop("ExitPlanMode") is True
    assert not any(offered.values())
    assert "AskUserQuestion" not in offered


def test_all_tools_and_no_tools_are_two_answers() -> None:
    assert shown(read(source()), title="x", may_rename=True).has_all_tools
    assert not shown(read(source("tools: []")), title="x", may_rename=True).has_all_tools
    assert not shown(read(source("tools:")), title="x", may_rename=True).has_all_tools


def test_fields_that_coding_tools_do_not_know_are_listed_and_kept() -> None:
    html = page(read(source("vibe: calm", "notes:\n  - a\n  - b: c")))
    assert re.findall(r"<d[td]>\s*(.*?)\s*</d[td]>", html) == ["vibe", "calm", "notes", "a, b: c"]
    assert "kept as they are" in html
    assert "Other fields in the file" not in page(read(source()))


@pytest.mark.parametrize("text", ["---\nname: x", "---\nname: x\n-----\ny", "\n---\nname: x\n---\n", "x" * 262_145])
def test_a_file_that_cannot_be_read_is_mended_in_its_source(text: str) -> None:
    html = page(read(text))
    assert "Mend it in the Source tab" in html
    assert {name for name, _ in sent_by(html)} == {"title"}
    assert shown(read(text), title="x", may_rename=True).names == ("title", "name")


def test_who_may_not_write_gets_a_form_that_sends_nothing() -> None:
    assert sent_by(page(read(TAGGED), may_write=False)) == []


def test_a_blank_card_is_added_where_it_is_asked_for() -> None:
    pairs = sent_by(page(read(TAGGED), blank_cards=1))
    assert as_lists(pairs).getlist("example_user") == ["Ship it", "When?", ""]
    assert written(read(TAGGED), as_lists(pairs)).definition.source == TAGGED


@pytest.mark.parametrize(
    ("length", "level", "words"),
    [
        (0, "none", "Nothing is written yet."),
        (4, "fine", "About 1 token: read in every conversation. Fine."),
        (1600, "fine", "About 400 tokens: read in every conversation. Fine."),
        (1604, "long", "About 401 tokens: long, and read in every conversation. Shorten the examples first."),
        (4004, "very-long", "About 1,001 tokens: very long"),
    ],
)
def test_the_gauge_says_what_the_checks_say(length: int, level: str, words: str) -> None:
    definition = read(source().replace("Plans releases.", "x" * length))
    shown_gauge = gauge(definition)
    assert shown_gauge.level == level
    assert shown_gauge.words.startswith(words)
    codes = {finding.code for finding in definition.findings}
    assert ("description-costly" in codes) is (level in ("long", "very-long"))


class _Ids(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.named: list[str] = []  # ids that other elements name
        self.unlabelled: list[str] = []
        self.labels: set[str] = set()
        self.controls: list[str] = []
        self.template = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.template += tag == "template"
        if "id" in given:
            self.ids.append(given["id"])
        for name in ("for", "aria-describedby", "aria-labelledby"):
            self.named += given.get(name, "").split()
        if tag == "label":
            self.labels.add(given["for"])
        if tag in ("input", "textarea", "select") and given.get("type") != "hidden":
            self.controls.append(given["id"])

    def handle_endtag(self, tag: str) -> None:
        self.template -= tag == "template"


def test_every_control_has_a_label_and_every_name_of_an_element_one_element() -> None:
    reader = _Ids()
    reader.feed(page(read(TAGGED.replace("---\n\n", "color: x\nhooks: {}\n---\n\n"))))
    assert len(reader.ids) == len(set(reader.ids))
    assert set(reader.named) <= set(reader.ids)
    assert set(reader.controls) <= reader.labels


def test_no_word_of_the_format_is_shown_unless_it_is_asked_for() -> None:
    words = re.sub(r"<[^>]*>", " ", page(read(TAGGED)))
    assert re.findall(r"yaml|frontmatter|\bJSON\b|---", words, re.IGNORECASE) == []


def test_every_field_links_to_the_page_of_the_guide_that_explains_it() -> None:
    html = page(read(source()))
    pages = {"name-and-title", "lead", "examples", "prompt", "tools", "model-and-color", "advanced"}
    assert set(re.findall(r'href="/help/([a-z-]+)/(?:#\w+)?"', html)) == pages


@pytest.mark.browser
def test_a_browser_sends_what_the_reader_of_forms_says(chromium: Browser) -> None:
    whole = ["---\n" + "".join(f"{key}:{value}\n" for key in FIELDS) + "---\n\nYou plan.\n" for value in VALUES]
    pages = [page(read(text)) for text in [*AWKWARD, TAGGED, *whole]]
    html = "<!DOCTYPE html><meta charset=utf-8>" + "".join(f"<form>{fields}</form>" for fields in pages)
    context = chromium.new_context()
    context.route("**/*", lambda route: route.fulfill(body=html, content_type="text/html"))
    tab = context.new_page()
    tab.goto("http://127.0.0.1/")
    entries = tab.evaluate("Array.from(document.forms, (form) => [...new FormData(form)])")
    context.close()
    for fields, sent in zip(pages, entries, strict=True):
        assert [(name, value.replace("\r\n", "\n")) for name, value in sent_by(fields)] == [tuple(e) for e in sent]
