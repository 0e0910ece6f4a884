"""The dialogues of a description: read in every encoding real files use, written back in the file's own."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.definition import Definition, Example, InvalidValue, parse, read
from tests.corpus import SEED, corpus_files

pytestmark = pytest.mark.plain

LEAD = "Use this agent to plan releases."
FIRST = Example("", "When do we ship?", "I will ask the release-captain.", "")
SECOND = Example("", "Who signs?", "The release-captain knows.", "")
TOLD = Example("A date is near.", "When do we ship?", "I will ask the release-captain.", "Dates are its work.")

TAGGED = """

<example>
Context: A date is near.
user: "When do we ship?"
assistant: "I will ask the release-captain."
<commentary>
Dates are its work.
</commentary>
</example>"""

DESCRIPTIONS = {
    "list": (
        '\n\nExamples:\n- User: "When do we ship?"\n  Assistant: "I will ask the release-captain."\n  \n'
        '- User: "Who signs?"\n  Assistant: "The release-captain knows."',
        (FIRST, SECOND),
    ),
    "list with small letters and no quotes": (
        "\n\nExamples:\n- user: When do we ship?\n  assistant: I will ask the release-captain.\n"
        "- user: Who signs?\n  assistant: The release-captain knows.",
        (FIRST, SECOND),
    ),
    "list with context": (
        '\n\nExamples:\n- Context: A date is near.\n  User: "When do we ship?"\n  '
        'Assistant: "I will ask the release-captain."\n  <commentary>Dates are its work.</commentary>',
        (TOLD,),
    ),
    "numbered list": (
        '\n\nExamples:\n1. User: "When do we ship?"\n   Assistant: "I will ask the release-captain."\n'
        '2. User: "Who signs?"\n   Assistant: "The release-captain knows."',
        (FIRST, SECOND),
    ),
    "bare lines": (
        "\n\nuser: When do we ship?\nassistant: I will ask the release-captain.\n\n"
        "user: Who signs?\nassistant: The release-captain knows.",
        (FIRST, SECOND),
    ),
    "tagged": (f" Specifically:{TAGGED}", (TOLD,)),
    "tagged on one line": (
        " Examples: <example>Context: A date is near. user: 'When do we ship?' assistant: 'I will ask the "
        "release-captain.' <commentary>Dates are its work.</commentary></example>",
        (TOLD,),
    ),
    "tagged in a list": (
        '\n\nExamples:\n- <example>\n  Context: A date is near.\n  user: "When do we ship?"\n  assistant: "I will ask '
        'the release-captain."\n  <commentary>\n  Dates are its work.\n  </commentary>\n  </example>',
        (TOLD,),
    ),
    "tags for the user": (
        "\n\n<example>\n<user_request>When do we ship?</user_request>\n<commentary>Dates.</commentary>\n</example>",
        (Example("", "When do we ship?", "", "Dates."),),
    ),
    "never closed": (
        '\n\n<example>\nuser: "When do we ship?"\nassistant: "I will ask the release-captain."\n\n'
        '<example>\nuser: "Who signs?"\nassistant: "The release-captain knows."',
        (FIRST, SECOND),
    ),
    "Japanese": (
        "\n\n例:\n- ユーザー: 「いつ出荷しますか」\n  アシスタント: 「担当者に聞きます」",
        (Example("", "いつ出荷しますか", "担当者に聞きます", ""),),
    ),
}


def encoded(description: str, manner: str) -> Definition:
    """A file with this description in one of the manners real files have."""
    if manner == "literal":
        line = "description: " + description.replace("\n", "\\n")
    elif manner == "quoted":
        line = "description: " + json.dumps(description, ensure_ascii=False)
    elif manner == "quoted literal":
        line = "description: " + json.dumps(description.replace("\n", "\\n"), ensure_ascii=False)
    elif manner == "block":
        line = "description: |-\n" + "\n".join(f"  {row}".rstrip() for row in description.split("\n"))
    else:
        line = "description: " + description
    definition = parse(f"---\nname: release-captain\n{line}\nmodel: opus\n---\nYou plan releases.\n")
    if manner == "spilled" and definition.reading == "strict":  # YAML reads the lines as fields: mend it first
        for finding in definition.findings:
            if finding.code == "description-spilled":
                definition = definition.replace(**(finding.fix or {}))
    return definition


MANNERS = ["literal", "quoted", "quoted literal", "block", "spilled"]


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("form", DESCRIPTIONS)
def test_each_form_is_read_in_each_encoding(form: str, manner: str) -> None:
    text, examples = DESCRIPTIONS[form]
    definition = encoded(LEAD + text, manner)
    assert definition.examples == examples
    assert definition.lead == LEAD
    assert definition.model == "opus"


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("form", DESCRIPTIONS)
def test_each_form_is_written_back_in_its_own_convention(form: str, manner: str) -> None:
    text, examples = DESCRIPTIONS[form]
    before = encoded(LEAD + text, manner)
    assert before.with_examples(examples) == before
    added = Example("", "What: is “new”?", "The notes say.", "")
    after = before.with_examples([*examples, added])
    assert after.examples == (*examples, added)
    assert after.lead == LEAD
    assert after.description.startswith(before.description), "what was there is kept as it was written"
    assert ("<example>" in after.description.removeprefix(before.description)) is ("<example>" in text)
    assert after.prompt == before.prompt


def test_examples_are_reordered_without_rewording() -> None:
    text, (first, second) = DESCRIPTIONS["list"]
    before = encoded(LEAD + text, "literal")
    after = before.with_examples([second, first])
    assert after.examples == (second, first)
    assert sorted(after.source) == sorted(before.source)


def test_without_examples_the_lead_is_left() -> None:
    before = encoded(LEAD + DESCRIPTIONS["tagged"][0], "quoted")
    assert before.with_examples([]).description == LEAD


def test_first_examples_are_written_in_tags() -> None:
    after = encoded(LEAD, "quoted").with_examples([TOLD])
    assert after.examples == (TOLD,)
    assert after.lead == LEAD
    assert "<example>\nContext: A date is near.\n" in after.description


def test_later_turns_belong_to_the_answer() -> None:
    text = (
        '\n\n<example>\nuser: "Ship it"\nassistant: "First the notes."\n<launches the release-captain>\n'
        'user: "Done"\nassistant: "Then we ship."\n</example>'
    )
    (example,) = encoded(LEAD + text, "quoted").examples
    assert example.user == "Ship it"
    assert example.assistant.startswith('"First the notes."')
    assert example.assistant.endswith('assistant: "Then we ship."')


def test_text_behind_the_examples_is_part_of_the_lead_and_is_kept() -> None:
    before = encoded(f"{LEAD}{TAGGED}\n\nNever for hotfixes.", "quoted")
    assert before.lead == f"{LEAD}\n\nNever for hotfixes."
    assert before.with_examples([FIRST]).description.endswith("</example>\n\nNever for hotfixes.")


def test_an_example_that_reads_as_something_else_is_refused() -> None:
    before = encoded(LEAD + TAGGED, "quoted")
    with pytest.raises(InvalidValue, match="Word it differently; nothing was changed"):
        before.with_examples([Example(user="say </example> now", assistant="x")])


PROSE = [
    "Use it for examples of any kind.",
    "The user: a person. The assistant helps.",
    "For example, ask it to plan.",
    "Mentions <example> once.",
]


@pytest.mark.parametrize("description", PROSE)
def test_prose_that_only_sounds_like_examples_stays_whole(description: str) -> None:
    definition = encoded(description, "quoted")
    assert not any(example.user or example.assistant for example in definition.examples)


lines = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40)
texts = st.lists(lines, max_size=3).map("\n".join)
examples = st.lists(st.builds(Example, texts, texts, texts, texts), max_size=4)


@given(examples, st.sampled_from([None, *DESCRIPTIONS]), st.sampled_from(MANNERS))
def test_what_is_written_reads_back(wanted: list[Example], form: str | None, manner: str) -> None:
    before = encoded(LEAD + (DESCRIPTIONS[form][0] if form else ""), manner)
    try:
        after = before.with_examples(wanted)
    except InvalidValue:
        return
    stripped = [
        Example(*(getattr(e, k).strip() for k in ("context", "user", "assistant", "commentary"))) for e in wanted
    ]
    assert len(after.examples) == len([example for example in stripped if example])
    assert [e.user.split() for e in after.examples] == [e.user.split() for e in stripped if e]
    assert after.prompt == before.prompt
    assert after.model == "opus"


@pytest.mark.corpus
def test_the_file_the_project_was_conceived_from() -> None:
    seed = parse(SEED.read_bytes())
    assert seed.source.encode() == SEED.read_bytes()
    assert (seed.name, seed.model, seed.color, seed.tools) == ("python-backend-engineer", "sonnet", "green", None)
    assert seed.reading == "quoted"
    assert len(seed.examples) == 4
    assert all(example.user and example.assistant for example in seed.examples)
    assert "Examples" not in seed.lead
    assert seed.lead.endswith("industry best practices.")
    assert "\\n" not in seed.description
    assert "\\n" in seed.source


@pytest.mark.corpus
def test_the_examples_of_real_files_are_read() -> None:
    files = [read(file.data.decode("utf-8", "replace")) for file in corpus_files("agent")]
    tagged = [definition for definition in files if "<example>" in definition.frontmatter.block]
    assert len(tagged) == 190
    read_whole = [
        definition
        for definition in tagged
        if len(definition.examples) == definition.frontmatter.block.count("<example>")
        and all(example.user for example in definition.examples)
    ]
    assert len(read_whole) >= 189
    for definition in tagged:
        assert "<example>" not in definition.lead
        assert definition.with_examples(definition.examples) == definition
        added = [*definition.examples, SECOND]
        assert definition.with_examples(added).examples == tuple(added)
