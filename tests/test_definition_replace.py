"""Editing is a function from text to text: one field changes, every other byte and value stays."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.definition import FIELDS, Definition, InvalidValue, Kind, parse, read
from tests.corpus import corpus_files

pytestmark = pytest.mark.plain

FILES = sorted((Path(__file__).parent / "definitions" / "good").iterdir())

# --- What may stand in a file ------------------------------------------------------------------------

one_line = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
prose = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\x00"), min_size=1)
awkward = st.sampled_from(
    [
        "a: b",
        "- x",
        "# y",
        "x # y",
        "ends:",
        '"q" r',
        "it's",
        "[x] y",
        "{x}",
        "*a*",
        "&a b",
        "!t u",
        "%",
        "@m",
        "`c`",
        "| x",
        "> x",
        "true",
        "123",
        "null",
        "~",
        " lead",
        "trail ",
        "a\n\nb",
        "a\nuser: b",
        "---",
        "a\n---\nb",
        "\\d",
        "\\",
        "tab\there",
        "日本: 語",
        "\u2028",
        "'",
        '"',
        "no",
        "2024-01-01",
        "a\n b\n  c",
        "\nx",
        "x\n",
        "x\n\n",
        "\ufeffx",
    ]
)
texts = awkward | one_line | prose
words = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,12}", fullmatch=True)
tools = st.lists(
    st.sampled_from(["Read", "Bash(git *)", "Agent(a, b)", "mcp__s__*", "mcp__a"]) | words, max_size=4, unique=True
).map(tuple)
plain_json = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


def values_of(kind: Kind) -> st.SearchStrategy[Any]:
    return {
        Kind.COUNT: st.integers(1, 10**6),
        Kind.FLAG: st.booleans(),
        Kind.TOOLS: tools,
        Kind.NAMES: st.lists(texts, max_size=3),
        Kind.SERVERS: st.lists(words | st.dictionaries(words, plain_json, min_size=1, max_size=1), max_size=3),
        Kind.MAP: st.dictionaries(words, plain_json, max_size=3),
    }.get(kind, texts)


def value_for(key: str) -> st.SearchStrategy[Any]:
    values = values_of(FIELDS[key].kind)
    # The one text a description cannot hold: every coding tool reads it as a line break.
    return values.filter(lambda value: "\\n" not in value) if key == "description" else values


changes = st.sampled_from(list(FIELDS)).flatmap(lambda key: st.tuples(st.just(key), value_for(key)))

DESCRIPTIONS = [
    "description: Plans releases.",
    "description: Plans releases.   # a comment",
    "description: 'It''s planned.'",
    'description: "Plans: \\"all\\" releases.\\n\\nCalmly."',
    "description: |\n  Plans releases:\n\n    all of them\n",
    "description: >-\n  Plans releases,\n  all of them",
    "description: |+\n  Plans releases.\n\n",
    "description: Use when: a release is due. user: now",
    'description: Plans.\\n\\nExamples:\\n- User: "a"\\n  Assistant: "b"',
    "description: Plans. Examples:\nuser: one thing: another\n<example>",
    "description: Plans releases\n  over two lines",
    "description :   Plans releases.  ",
    '"description": Plans releases.',
]
OTHERS = [
    "model: sonnet",
    "model: opus # dear",
    "# a comment",
    "",
    "tools: Read, Grep",
    "tools: [Read, Grep]",
    "tools:\n  - Read\n  - Bash(git *)",
    "color: 'green'",
    "vibe: calm",
    "maxTurns: 5",
    "hooks:\n  Stop:\n    - x: y",
    "initialPrompt: |-\n  Begin:\n  now",
    "memory: user",
    "background: true",
    "skills: [a, b]",
]


@st.composite
def sources(draw: st.DrawFn) -> str:
    """Files as people write them, in every combination of manners."""
    chosen = draw(st.lists(st.sampled_from(OTHERS), max_size=5, unique_by=lambda line: line.split(":")[0]))
    lines = draw(st.permutations(["name: release-captain", draw(st.sampled_from(DESCRIPTIONS)), *chosen]))
    prompt = draw(st.sampled_from(["", "\n", "\nYou plan.\n", "You plan.", "\n---\nnot a fence: really\n", "  \n\n"]))
    text = "---\n" + "\n".join(lines) + "\n---\n" + prompt
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "\ufeff"])) + text


# --- What must hold ------------------------------------------------------------------------------------


def value_in(definition: Definition, key: str) -> Any:
    return definition.tools if key == "tools" else definition.prompt if key == "prompt" else definition.fields.get(key)


def same(a: Any, b: Any) -> bool:
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def lines_of(definition: Definition, key: str) -> tuple[str, str]:
    """The text before the lines of a field and the text behind them."""
    cut = definition.frontmatter
    lines = [line + "\n" for line in cut.block.split("\n")[:-1]]
    entry = definition.entries.get(key)
    if entry is None:
        return "", ""
    before, behind = "".join(lines[: entry.line]), "".join(lines[entry.end :])
    return cut.opening + before, behind + cut.closing + cut.prompt


def holds(before: Definition, key: str, value: Any) -> Definition:
    """Change one field and check the promise; gives the result."""
    after = before.replace(**{key: value})
    if key in ("tools", "disallowedTools") and key != "tools":
        assert read(f"---\ntools: {json.dumps(after.fields[key])}\n---\n").tools == value
    else:
        assert same(value_in(after, key), list(value) if isinstance(value, tuple) else value)
    assert after.prompt == before.prompt
    if key in before.fields:
        assert lines_of(after, key) == lines_of(before, key), "a byte outside the field's lines changed"
    else:
        removed = after.replace(**{key: None})
        assert removed.source == before.source, "a field put in and taken out again must leave no trace"
    assert after.replace(**{key: value}).source == after.source
    return after


def others(definition: Definition, key: str) -> dict[str, Any]:
    return {other: value for other, value in definition.fields.items() if other != key}


@given(sources(), changes)
def test_one_field_changes_and_everything_else_stays(source: str, change: tuple[str, Any]) -> None:
    before = read(source)
    key, value = change
    try:
        after = holds(before, key, value)
    except InvalidValue:
        # Only spilled text, which has no form of its own, and a bare empty text may refuse a value.
        assert before.reading != "strict"
        return
    if before.reading == "strict":  # what every client can read stays so
        assert after.reading == "strict"
    if after.reading is before.reading:
        assert same(others(after, key), others(before, key))


@given(sources(), st.text(st.characters(codec="utf-8", exclude_categories=("Cs",))))
def test_the_prompt_changes_alone(source: str, prompt: str) -> None:
    before = read(source)
    after = before.replace(prompt=prompt)
    assert after.prompt == prompt
    assert after.source.removesuffix(prompt) == before.source.removesuffix(before.prompt)


@given(sources())
def test_the_values_a_file_has_already_change_nothing(source: str) -> None:
    before = read(source)
    for key, value in before.fields.items():
        assert before.replace(**{key: value}) == before
    assert before.replace(tools=before.tools) == before
    assert before.replace(prompt=before.prompt) == before
    assert before.with_examples(before.examples) == before


@given(st.text(), changes)
def test_any_text_at_all_can_be_given_a_field(source: str, change: tuple[str, Any]) -> None:
    key, value = change
    after = read(source).replace(**{key: value})
    if key != "disallowedTools":
        assert same(value_in(after, key), list(value) if isinstance(value, tuple) else value)


def sample_values(key: str) -> Iterator[Any]:
    yield from {
        Kind.COUNT: [7],
        Kind.FLAG: [True],
        Kind.TOOLS: [("Read",), ("Bash(git *)", "Agent(a, b)"), ()],
        Kind.NAMES: [["notes", "a: b"]],
        Kind.SERVERS: [["github", {"local": {"command": "serve: it", "args": ["-x"]}}]],
        Kind.MAP: [{"Stop": [{"hooks": [{"type": "command", "command": "echo: # 'x'"}]}]}],
    }.get(FIELDS[key].kind, ["plain", "with: a colon # and more", 'two lines\n\nof "it"', "ends:", "- dash"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("key", FIELDS)
def test_each_field_of_each_manner_of_file(path: Path, key: str) -> None:
    before = parse(path.read_bytes())
    for value in sample_values(key):
        after = holds(before, key, value)
        assert same(others(after, key), others(before, key))


@pytest.mark.corpus
def test_each_field_of_the_real_files() -> None:
    for number, file in enumerate(corpus_files("agent")):
        before = read(file.data.decode("utf-8", "replace"))
        for offset, key in enumerate(FIELDS):
            values = list(sample_values(key))
            after = holds(before, key, values[(number + offset) % len(values)])
            assert same(others(after, key), others(before, key)), (str(file), key)


MANNERS = [
    ("model: sonnet\n", "model: opus\n"),
    ("model:   sonnet  # why\n", "model: opus  # why\n"),
    ("model: 'sonnet'\n", "model: 'opus'\n"),
    ('model: "sonnet" # why\n', 'model: "opus" # why\n'),
    ('"model": sonnet\n', '"model": opus\n'),
    ("model : sonnet\n", "model : opus\n"),
]


@pytest.mark.parametrize(("line", "expected"), MANNERS)
def test_a_value_is_written_as_the_line_was(line: str, expected: str) -> None:
    source = f"---\nname: x1\n{line}description: y\n---\nz\n"
    assert read(source).replace(model="opus").source == source.replace(line, expected)


LISTS = [
    ("tools: Read, Grep\n", "tools: Read, Bash\n"),
    ("tools: [Read, Grep]\n", "tools: [Read, Bash]\n"),
    ("tools:\n  - Read\n  - Grep\n", "tools:\n  - Read\n  - Bash\n"),
]


@pytest.mark.parametrize(("line", "expected"), LISTS)
def test_a_list_is_written_as_the_list_was(line: str, expected: str) -> None:
    source = f"---\nname: x1\ndescription: y\n{line}---\nz\n"
    assert read(source).replace(tools=("Read", "Bash")).source == source.replace(line, expected)


def test_a_description_with_literal_newlines_keeps_that_manner() -> None:
    source = "---\nname: x1\ndescription: One: two.\\nThree.\n---\nz\n"
    after = read(source).replace(description="Four: five.\nSix.")
    assert after.source == "---\nname: x1\ndescription: Four: five.\\nSix.\n---\nz\n"


@pytest.mark.parametrize("text", ["Use it for:", "- fast", "Use when: x", "# one", "[x] y", "ends #here", "*all*"])
def test_a_file_that_every_client_reads_stays_one(text: str) -> None:
    after = read("---\nname: x1\ndescription: y # why\n---\nz\n").replace(description=text)
    assert after.reading == "strict"
    assert after.description == text
    assert after.source.splitlines()[2].endswith(" # why")


def test_a_removed_field_is_gone_and_takes_no_other_with_it() -> None:
    assert "model" not in read("---\nmodel: a\nname: x1\nmodel: b\n---\n").replace(model=None).fields
    kept = read("---\ninitialPrompt: |+\n  hi\ntools: Read\n\ncolor: red\n---\n")
    with pytest.raises(InvalidValue, match="cannot be taken out without changing another"):
        kept.replace(tools=None)


WRONG = [
    {"prompt": 5},
    {"prompt": "\ud800"},
    {"tools": ["Read", 3]},
    {"hooks": {"a": {1, 2}}},
    {"x": 10**5000},
    {"x": float("nan")},
    {"lead": ["a"]},
    {"lead": 'Good:\n- User: "q"'},
    {"a b": "no key"},
]


@pytest.mark.parametrize("change", WRONG, ids=lambda change: next(iter(change)))
@pytest.mark.parametrize(
    "source", ["hello", (Path(__file__).parent / "definitions/good/literal-newlines.md").read_text()]
)
def test_what_a_file_cannot_hold_is_refused_with_a_sentence(source: str, change: dict[str, Any]) -> None:
    if "lead" in change and source == "hello" and isinstance(change["lead"], str):
        return  # a new description may begin with anything
    with pytest.raises(InvalidValue, match=r"\.$"):
        read(source).replace(**change)


def test_a_prompt_that_would_become_a_block_is_refused() -> None:
    with pytest.raises(InvalidValue):
        read("hello").replace(prompt="---\nname: z\n---\nx")


def test_the_end_of_a_document_inside_the_block_is_kept() -> None:
    after = read("---\nname: x1\ndescription: y\n...\n---\nz\n").replace(description="w", model="opus")
    assert after.source == "---\nname: x1\ndescription: w\nmodel: opus\n...\n---\nz\n"


def test_a_new_field_goes_where_people_look_for_it() -> None:
    source = "---\nname: x1\ndescription: y\ncolor: red\n---\nz\n"
    assert read(source).replace(model="opus").source == source.replace("color", "model: opus\ncolor")


def test_crlf_stays_crlf() -> None:
    source = "---\r\nname: x1\r\ndescription: y\r\n---\r\nz\r\n"
    after = read(source).replace(model="opus", description="a: b\nc")
    assert after.source.count("\n") == after.source.count("\r\n")


def test_a_text_without_a_block_gets_one() -> None:
    assert read("You plan.\n").replace(name="x1").source == "---\nname: x1\n---\nYou plan.\n"


def test_a_description_refuses_the_one_thing_it_cannot_hold() -> None:
    with pytest.raises(InvalidValue, match="backslash followed by n"):
        read("---\nname: x1\ndescription: y\n---\n").replace(description="C:\\new")


def test_half_a_character_is_refused_with_a_sentence() -> None:
    with pytest.raises(InvalidValue, match="half a character"):
        read("---\nname: x1\n---\n").replace(description="\ud800")


def test_the_lead_changes_and_the_examples_stay() -> None:
    before = parse((Path(__file__).parent / "definitions/good/literal-newlines.md").read_bytes())
    after = before.replace(lead="Another lead.")
    assert after.lead == "Another lead."
    assert after.examples == before.examples
    assert after.source == before.source.replace("Use this agent to plan releases.", "Another lead.")
