"""What two people wrote from one text becomes one text, or it is said what both changed."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.admin.editor.merging import Merge, changed, merge, mine_where_both_changed
from catalog.admin.editor.weaving import Knot, weave_loosely, weave_text
from catalog.comparing import split_lines
from catalog.definition import Definition, Example, read
from tests.sources import agent_source

pytestmark = pytest.mark.plain

LINES = st.lists(
    st.tuples(
        st.sampled_from(["", "a", "b", "c", "---", "name: x", "description: y", "model: opus", "\ufeff", "\u2028"]),
        st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]),
    ),
    max_size=8,
).map(lambda lines: "".join(text + end for text, end in lines))
TEXTS = st.one_of(LINES, LINES.map(lambda text: f"---\nname: x\ndescription: y\n---\n{text}"), LINES.map(str.strip))

AGENT = agent_source(
    description=r"Reviews a change.\n\nExamples:\n\n<example>\nContext: A pull request.\nuser: \"Look at it\"\n"
    r"assistant: \"I will.\"\n</example>".join('""'),
    prompt="".join(f"Rule {n} says what to do.\n" for n in range(1, 21)),
    model="opus",
    color="blue",
)
NEW = Example("Before a release.", "Is it ready?", "I will see.", "")
OTHER = Example("After an incident.", "What broke?", "I will find out.", "")


def _prompt(definition: Definition, old: str, new: str) -> Definition:
    assert old in definition.prompt
    return definition.replace(prompt=definition.prompt.replace(old, new))


# --- Laws ---------------------------------------------------------------------------------------------


@given(TEXTS, TEXTS)
def test_where_one_side_changed_nothing_the_other_one_is_the_result(base: str, side: str) -> None:
    assert merge(base, base, side) == Merge(side)
    assert merge(base, side, base) == Merge(side)
    assert merge(base, side, side) == Merge(side)


@settings(max_examples=300)
@given(TEXTS, TEXTS, TEXTS)
def test_whether_two_texts_overlap_does_not_depend_on_whose_is_whose(base: str, one: str, other: str) -> None:
    merged, mirrored = merge(base, one, other), merge(base, other, one)
    assert (merged.source is None) == (mirrored.source is None)
    assert (merged.source is None) == bool(merged.overlaps)


@given(st.data(), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_edits_of_lines_that_do_not_touch_are_both_there(data: st.DataObject, end: str, is_ended: bool) -> None:
    count = data.draw(st.integers(3, 30))
    lines = [f"line {n}" for n in range(count)]
    mine = data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=5))
    near = {n + step for n in mine for step in (-1, 0, 1)}
    free = [n for n in range(count) if n not in near]
    theirs = data.draw(st.sets(st.sampled_from(free), max_size=5)) if free else set()

    def text(*edits: tuple[set[int], str]) -> str:
        written = [next((f"{word} {n}" for edited, word in edits if n in edited), line) for n, line in enumerate(lines)]
        return f"---\nname: x\ndescription: y\n---\n{end.join(written)}{end if is_ended else ''}"

    merged = merge(text(), text((mine, "mine")), text((theirs, "theirs")))
    assert merged.source == text((mine, "mine"), (theirs, "theirs"))


@given(TEXTS, TEXTS, TEXTS)
def test_no_line_is_in_the_result_that_no_text_has(base: str, mine: str, theirs: str) -> None:
    try:
        woven = weave_text(base, mine, theirs)
    except Knot:
        return
    assert {*split_lines(woven)} <= {line for text in (base, mine, theirs) for line in split_lines(text)}


@given(*[st.lists(st.sampled_from("abcd"), max_size=6, unique=True)] * 3)
def test_loose_items_of_both_sides_are_all_there(base: list[str], mine: list[str], theirs: list[str]) -> None:
    try:
        woven = Counter(weave_loosely(base, mine, theirs))
    except Knot:
        return
    assert {*mine, *theirs} - {*base} <= {*woven}
    assert {*base} & {*mine} & {*theirs} <= {*woven}


# --- As people write ---------------------------------------------------------------------------------------


def _added(*new: Example) -> Callable[[Definition], Definition]:
    return lambda definition: definition.with_examples([*definition.examples, *new])


CHANGES: dict[str, Callable[[Definition], Definition]] = {
    "the lead": lambda d: d.replace(lead="Reviews a change, line by line."),
    "an example": _added(NEW),
    "another example": _added(OTHER),
    "the first example": lambda d: d.with_examples([Example("A patch.", "See it", "I do.", "")]),
    "no example": lambda d: d.with_examples([]),
    "the model": lambda d: d.replace(model="haiku"),
    "no model": lambda d: d.replace(model=None),
    "the color": lambda d: d.replace(color="red"),
    "tools": lambda d: d.replace(tools=("Read", "Grep")),
    "an unknown field": lambda d: d.replace(emoji="x"),
    "a servers field": lambda d: d.replace(mcpServers=["one", {"two": {"command": "run"}}]),
    "the first rule": lambda d: _prompt(d, "Rule 1 says", "Rule 1 always says"),
    "rule 12": lambda d: _prompt(d, "Rule 12 says", "Rule 12 never says"),
    "the last rule": lambda d: _prompt(d, "Rule 20 says what to do.", "Rule 20 is gone."),
    "a comment": lambda d: read(d.source.replace("model:", "# which one\nmodel:")),
    "CRLF": lambda d: read(d.source.replace("Rule 7 says what to do.\n", "Rule 7 says what to do.\r\n")),
}
CLASHES = ({"the first example", "no example"}, {"the model", "no model"})


@pytest.mark.parametrize("one", CHANGES)
@pytest.mark.parametrize("form", ["one line", "block", "CRLF"])
def test_two_changes_are_both_in_the_text(form: str, one: str) -> None:
    base = _in_form(form)
    for other in CHANGES:
        mine, theirs = CHANGES[one](base), CHANGES[other](base)
        merged = merge(base.source, mine.source, theirs.source)
        if {one, other} in CLASHES:
            assert merged.source is None
            continue
        assert merged.source is not None, (other, merged.overlaps)
        _holds_both(read(merged.source), base, mine, theirs)
        assert ("# which one" in merged.source) == ("a comment" in (one, other))


def _holds_both(result: Definition, base: Definition, mine: Definition, theirs: Definition) -> None:
    for key in {*base.fields, *mine.fields, *theirs.fields} - {"description"}:
        changed = mine if mine.fields.get(key) != base.fields.get(key) else theirs
        assert result.fields.get(key) == changed.fields.get(key)
    assert result.lead == (mine if mine.lead != base.lead else theirs).lead
    assert {*result.examples} == _both(base.examples, mine.examples, theirs.examples)
    for word in ("always", "never", "is gone."):
        assert (word in result.prompt) == (word in mine.prompt or word in theirs.prompt)


def _both(base: tuple[Example, ...], mine: tuple[Example, ...], theirs: tuple[Example, ...]) -> set[Example]:
    return ({*mine} & {*theirs}) | ({*mine} - {*base}) | ({*theirs} - {*base})


def _in_form(form: str) -> Definition:
    if form == "CRLF":
        return read(AGENT.replace("\n", "\r\n"))
    if form == "one line":
        return read(AGENT)
    description = read(AGENT).description.replace("\n", "\n  ").replace("\n  \n", "\n\n")
    head, _, rest = AGENT.partition("description: ")
    return read(f"{head}description: |-\n  {description}\n{rest.partition(chr(10))[2]}")


@pytest.mark.parametrize(
    ("mine", "theirs", "overlaps"),
    [
        ({"lead": "Mine."}, {"lead": "Theirs."}, ("the lead",)),
        ({"model": "haiku"}, {"model": "sonnet"}, ("Model",)),
        ({"model": "haiku", "lead": "Mine."}, {"model": None, "lead": "Theirs."}, ("the lead", "Model")),
        ({"tools": ("Read",)}, {"tools": ("Bash",)}, ("Tools",)),
        ({"description": None}, {"lead": "Theirs."}, ("the description",)),
        ({"emoji": "a"}, {"emoji": "b"}, ("“emoji”",)),
    ],
)
def test_what_both_changed_is_named(mine: dict, theirs: dict, overlaps: tuple[str, ...]) -> None:
    base = read(AGENT)
    merged = merge(AGENT, base.replace(**mine).source, base.replace(**theirs).source)
    assert merged == Merge(None, overlaps)


def test_an_example_that_both_changed_is_named() -> None:
    base = read(AGENT)
    mine = base.with_examples([Example("A patch.", "See it", "I do.", "")])
    theirs = base.with_examples([Example("A patch.", "Read it", "I do.", "")])
    assert merge(AGENT, mine.source, theirs.source) == Merge(None, ("example 1",))


def test_lines_of_the_prompt_that_both_changed_are_named_as_i_have_them() -> None:
    base = read(AGENT)
    mine, theirs = _prompt(base, "Rule 1 says", "A line more.\nRule 1 says"), base
    for n in (5, 9, 13, 17):
        mine = _prompt(mine, f"Rule {n} says", f"Rule {n} never says")
        theirs = _prompt(theirs, f"Rule {n} says", f"Rule {n} always says")
    merged = merge(AGENT, mine.source, theirs.source)
    assert merged == Merge(None, ("the prompt, near lines 6, 10, 14 and more",))


def test_examples_that_both_added_stand_one_behind_the_other() -> None:
    base = read(AGENT)
    merged = merge(AGENT, _added(NEW)(base).source, _added(OTHER)(base).source)
    assert read(merged.source or "").examples == (*base.examples, OTHER, NEW)


def test_a_comment_of_either_side_stays() -> None:
    base = read(AGENT)
    mine = base.source.replace("color: blue", "color: blue # like the sea")
    theirs = base.replace(model="haiku", color="red").source
    merged = merge(AGENT, mine, theirs)
    assert merged.source is not None
    assert "color: red # like the sea" in merged.source
    assert "model: haiku" in merged.source


def test_what_stands_twice_only_together_is_no_merge() -> None:
    base = agent_source(color="blue", memory="user")
    mine = base.replace("name:", "model: opus\nname:")
    theirs = base.replace("memory: user", "memory: user\nmodel: haiku")
    assert merge(base, mine, theirs) == Merge(None, ("Model",))


def test_an_error_that_neither_text_had_is_no_merge() -> None:
    half = "x" * 140_000
    base = agent_source(prompt="".join(f"{n}\n" for n in range(9)))
    merged = merge(base, base.replace("\n1\n", f"\n{half}\n"), base.replace("\n7\n", f"\n{half}\n"))
    assert merged.source is None
    assert "256 KiB" in merged.overlaps[0]


def test_a_text_without_fields_is_merged_by_its_lines() -> None:
    base = "one\ntwo\nthree\nfour\nfive\n"
    assert merge(base, base.replace("one", "ONE"), base.replace("five", "FIVE")) == Merge(
        "ONE\ntwo\nthree\nfour\nFIVE\n"
    )
    overlapping = merge(base, base.replace("two", "TWO"), base.replace("two", "2"))
    assert overlapping == Merge(None, ("the text, near line 2",))


def test_moving_what_the_other_one_changed_overlaps() -> None:
    base = read(AGENT)
    line = "Rule 5 says what to do.\n"
    mine = base.replace(prompt=base.prompt.replace(line, "") + line)
    theirs = _prompt(base, "Rule 5 says", "Rule 5 never says")
    assert merge(AGENT, mine.source, theirs.source) == Merge(None, ("the prompt, near line 5",))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("the lead", ("the lead",)),
        ("an example", ("the examples",)),
        ("no model", ("Model",)),
        ("an unknown field", ("“emoji”",)),
        ("rule 12", ("the prompt, near line 12",)),
        ("CRLF", ("the prompt, near line 7",)),
        ("a comment", ("the order of the fields, or a note between them",)),
    ],
)
def test_what_one_side_changed_is_said_in_words(change: str, words: tuple[str, ...]) -> None:
    base = read(AGENT)
    assert changed(AGENT, CHANGES[change](base).source) == words
    assert changed(AGENT, AGENT) == ()


def test_what_changed_in_a_text_without_fields_is_said_by_its_line() -> None:
    assert changed("one\ntwo\n", "one\n2\n") == ("the text, near line 2",)


# --- Long texts ------------------------------------------------------------------------------------------------


TOO_MANY = Merge(None, ("the text as a whole: it has too many lines to be merged",))


def _long(*edits: tuple[int, str], count: int = 9_000) -> str:
    rules = {n: f"Rule {n}." if n % 2 else "" for n in range(count)} | dict(edits)
    return agent_source(prompt="\n".join(rules.values()))


def test_edits_of_a_long_text_are_merged() -> None:
    merged = merge(_long(), _long((5, "mine")), _long((7_001, "theirs")))
    assert merged == Merge(_long((5, "mine"), (7_001, "theirs")))
    assert mine_where_both_changed(_long(), _long((5, "mine")), _long((5, "theirs"), (7_001, "theirs"))) == _long(
        (5, "mine"), (7_001, "theirs")
    )


@pytest.mark.parametrize("theirs", [_long().replace("Rule", "Norm"), _long((7_001, "theirs"))], ids=["all", "one"])
def test_every_other_line_of_a_long_text_changed_by_one_side_overlaps_with_the_other(theirs: str) -> None:
    merged = merge(_long(), _long().replace("Rule", "Law"), theirs)
    assert merged.source is None
    assert merged.overlaps[0].startswith("the prompt, near line")


@pytest.mark.parametrize(
    ("base", "mine", "theirs"),
    [
        (_long(count=10_001), _long((5, "mine"), count=10_001), _long((9_001, "theirs"), count=10_001)),
        (
            agent_source(prompt="\n" * 250_000),
            agent_source(prompt="a\n" * 120_000),
            agent_source(prompt="\na" * 120_000),
        ),
        ("\x00\n" * 130_000, "---\n" * 60_000, "\r" * 262_144),
        ("", "\r\n" * 10_001, "a"),
    ],
    ids=["two lines", "blank lines", "no agent", "CRLF"],
)
def test_texts_of_very_many_lines_are_not_merged(base: str, mine: str, theirs: str) -> None:
    assert merge(base, mine, theirs) == TOO_MANY
    assert mine_where_both_changed(base, mine, theirs) is None
    assert merge(base, base, theirs) == Merge(theirs)
    assert changed(base, mine)


def test_lines_are_counted_by_their_ends() -> None:
    base = "\r\n" * 9_000 + "one\ntwo\nthree\n"
    merged = merge(base, base.replace("one", "1"), base.replace("three", "3"))
    assert merged == Merge("\r\n" * 9_000 + "1\ntwo\n3\n")


def test_texts_of_one_endless_line_overlap() -> None:
    assert merge("a" * 262_144, "b" * 262_144, "[" * 262_144) == Merge(None, ("the text, near line 1",))
