"""Reading: what each kind of real and broken file says, and the sentence its author reads."""

from pathlib import Path

import frontmatter
import pytest

from catalog.definition import (
    DefinitionHandler,
    InvalidDefinition,
    Reading,
    digest_of,
    fold_name,
    parse,
    read,
    title_of,
)
from catalog.definition.limits import MAX_FRONTMATTER_BYTES, MAX_SOURCE_BYTES

pytestmark = pytest.mark.plain

FILES = Path(__file__).parent / "definitions"
GOOD = sorted((FILES / "good").iterdir())
BROKEN = sorted((FILES / "broken").iterdir())


def good(name: str) -> bytes:
    return (FILES / "good" / name).read_bytes()


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_a_good_file_is_kept_byte_for_byte(path: Path) -> None:
    data = path.read_bytes()
    definition = parse(data)
    assert definition.source.encode() == data
    assert definition.digest == digest_of(data)
    assert definition.size == len(data)
    assert definition.name
    assert definition.description


def test_the_facts_of_a_plain_file() -> None:
    definition = parse(good("plain.md"))
    assert (definition.name, definition.title) == ("release-captain", "Release Captain")
    assert (definition.model, definition.color) == ("sonnet", "blue")
    assert definition.tools == ("Read", "Grep")
    assert definition.prompt == "\nYou plan releases.\n"
    assert definition.reading is Reading.STRICT


READINGS = {
    "plain.md": Reading.STRICT,
    "comments.md": Reading.STRICT,
    "block-scalars.md": Reading.STRICT,
    "unquoted-colons.md": Reading.QUOTED,
    "literal-newlines.md": Reading.QUOTED,
    "other-scripts.md": Reading.QUOTED,
    "spilled-description.md": Reading.RECOVERED,
    "unterminated-quote.md": Reading.RECOVERED,
    "spilled-but-readable.md": Reading.STRICT,
}


@pytest.mark.parametrize(("name", "reading"), READINGS.items())
def test_which_pass_reads_a_file(name: str, reading: Reading) -> None:
    definition = parse(good(name))
    assert definition.reading is reading
    assert (f"reading-{reading}" in {finding.code for finding in definition.findings}) is (reading != "strict")


def test_the_quoted_reading_keeps_colons_quotes_and_number_signs() -> None:
    definition = parse(good("unquoted-colons.md"))
    assert definition.description == 'Use when: a release is due. user: "plan it" # really'
    assert definition.model == "sonnet"


def test_the_recovered_reading_keeps_every_line_of_a_spilled_description() -> None:
    definition = parse(good("spilled-description.md"))
    assert definition.description.endswith("</example>")
    assert definition.lead == "Use this agent to plan releases."
    assert definition.examples[0].user == "When do we ship?"
    assert definition.model == "sonnet"


def test_a_spilled_description_that_yaml_can_read_is_found_cut_and_mended_by_its_fix() -> None:
    definition = parse(good("spilled-but-readable.md"))
    finding = next(finding for finding in definition.findings if finding.code == "description-spilled")
    assert finding.fix is not None
    mended = definition.replace(**finding.fix)
    assert 'user: "When do we ship?"' in mended.description
    assert set(mended.fields) == {"name", "description", "model"}
    assert mended.prompt == definition.prompt


def test_an_unterminated_quote_does_not_lose_the_text() -> None:
    definition = parse(good("unterminated-quote.md"))
    assert definition.description == "Plans releases and \\d things"
    assert definition.model == "sonnet"


def test_a_literal_newline_is_decoded_for_reading_and_kept_in_the_source() -> None:
    definition = parse(good("literal-newlines.md"))
    assert "\\n" not in definition.description
    assert "Examples:\\n- User:" in definition.source
    assert [example.user for example in definition.examples] == ["When do we ship?", "Who signs?"]


def test_of_a_repeated_field_the_last_one_counts() -> None:
    definition = parse(good("repeated-field.md"))
    assert definition.name == "release-captain"
    assert "field-repeated" in {finding.code for finding in definition.findings}


def test_comments_are_no_part_of_values() -> None:
    definition = parse(good("comments.md"))
    assert dict(definition.fields) == {
        "name": "release-captain",
        "description": "Plans releases.",
        "model": "haiku",
        "tools": ["Read", "Grep"],
    }


def test_every_field_of_the_vocabulary_is_read_and_none_is_wrong() -> None:
    definition = parse(good("every-field.md"))
    assert len(definition.fields) == 18
    assert definition.tools == ("Read", "Bash(git *)", "Agent(a, b)", "mcp__github__list")
    assert definition.fields["maxTurns"] == 12
    assert definition.fields["background"] is True
    assert definition.fields["omitClaudeMd"] is False
    assert definition.fields["experimental"] == {"cacheTtl": "1h"}
    unwanted = [f for f in definition.findings if f.severity != "note" and not f.code.startswith(("runs-", "starts-"))]
    assert unwanted == []


VALUES = [
    ("no", "no"),
    ("on", "on"),
    ("yes", "yes"),
    ("2024-01-01", "2024-01-01"),
    ("1:2:3", "1:2:3"),
    ("010", 10),
    ("0o10", 8),
    ("1e3", 1000.0),
    ("true", True),
    ("True", True),
    ("~", None),
    ("12345678901234567890", "12345678901234567890"),
    ("1e23", "1e23"),
    ('"x" y', '"x" y'),
    ("'5'", "5"),
    (".inf", ".inf"),
    (".nan", ".nan"),
    ("!!str 5", "5"),
    ("!!python/object:os.system x", "x"),
    ("[a, {b: c}]", ["a", {"b": "c"}]),
    ("{write: false}", {"write": False}),
]


@pytest.mark.parametrize(("written", "value"), VALUES)
def test_values_follow_yaml_1_2(written: str, value: object) -> None:
    assert read(f"---\nname: x1\ndescription: y\neffort: {written}\n---\nz\n").fields["effort"] == value


TOOLS = [
    ("", None),
    ("tools:\n", ()),
    ("tools: []\n", ()),
    ("tools: '*'\n", None),
    ("tools: *\n", None),
    ("tools: {write: false}\n", None),
    ("tools: Read, Bash\n", ("Read", "Bash")),
    ("tools: Read Grep Glob\n", ("Read", "Grep", "Glob")),
    ("tools: Agent(a, b), Read\n", ("Agent(a, b)", "Read")),
    ("tools: Bash(git *)\n", ("Bash(git *)",)),
    ("tools: [Read, Bash]\n", ("Read", "Bash")),
    ("tools:\n  - Read\n  - Bash(git *)\n", ("Read", "Bash(git *)")),
    ("tools:\n- Read\n", ("Read",)),
]


@pytest.mark.parametrize(("line", "tools"), TOOLS)
def test_the_tools_of_a_file(line: str, tools: tuple[str, ...] | None) -> None:
    assert parse(f"---\nname: x1\ndescription: y\n{line}---\nz\n").tools == tools


REFUSALS = {
    "empty": ["file-empty"],
    "only-white-space": ["file-empty"],
    "no-block": ["no-frontmatter"],
    "block-not-first": ["frontmatter-not-first"],
    "block-not-closed": ["frontmatter-not-closed"],
    "closed-by-more-dashes": ["frontmatter-not-closed"],
    "closed-by-dots": ["frontmatter-not-closed"],
    "empty-block": ["name-missing", "description-missing"],
    "no-name": ["name-missing"],
    "no-description": ["description-missing"],
    "empty-description": ["description-missing"],
    "name-is-a-number": ["name-not-text"],
    "name-is-true": ["name-not-text"],
    "name-is-a-list": ["name-not-text"],
    "name-without-letters": ["name-not-usable"],
    "name-with-colon": ["name-not-usable"],
    "name-begins-with-hyphen": ["name-not-usable"],
    "description-is-a-list": ["description-not-text"],
    "description-is-a-number": ["description-not-text"],
    "nul": ["nul-character"],
    "nul-as-escape": ["nul-character"],
    "not-utf-8": ["not-utf-8"],
    "utf-16": ["not-utf-8"],
    "direction-override": ["direction-character"],
    "direction-override-as-escape": ["direction-character"],
    "tag-characters": ["tag-character"],
    "several-faults": ["name-missing", "description-missing", "nul-character"],
    "nested-too-deep": ["frontmatter-too-deep"],
    "tab-indentation": ["name-missing", "description-missing"],
    "wrong-case": ["name-missing", "description-missing"],
}


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_is_refused_with_all_its_errors_in_sentences(path: Path) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        parse(path.read_bytes())
    findings = refused.value.findings
    assert sorted(finding.code for finding in findings) == sorted(REFUSALS[path.stem])
    for finding in findings:
        assert finding.severity == "error"
        assert finding.message.endswith(".")
        assert finding.message in str(refused.value)


LINES = [("nul", 5), ("direction-override", 5), ("not-utf-8", 3), ("name-is-a-number", 2), ("closed-by-more-dashes", 4)]


@pytest.mark.parametrize(("stem", "line"), LINES)
def test_an_error_names_its_line(stem: str, line: int) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        parse((FILES / "broken" / f"{stem}.md").read_bytes())
    assert refused.value.findings[0].line == line


def with_field(line: str) -> bytes:
    return f"---\nname: x1\ndescription: y\n{line}\n---\nz\n".encode()


def named(name: str) -> bytes:
    return f"---\nname: {name}\ndescription: y\n---\nz\n".encode()


# What a text holds, the text, whether it is taken, and how the sentence begins that its author reads ("": none).
HARD_CASES = [
    (
        "deep nesting",
        with_field("hooks: " + "[" * 5_000),
        False,
        "The block between the --- lines is nested more than 16",
    ),
    (
        "deep block nesting",
        with_field("hooks:\n" + "".join(" " * n + "a:\n" for n in range(1, 40))),
        False,
        "The block",
    ),
    ("a line of 10 MB", with_field("vibe: " + "y" * 10_000_000), False, "The file is larger than 256 KiB."),
    (
        "a long block",
        with_field("vibe: " + "y" * 70_000),
        False,
        "The block between the --- lines is larger than 64 KiB.",
    ),
    ("NUL", with_field("vibe: a\0b"), False, "Line 4, column 8 holds a NUL character"),
    (
        "invalid UTF-8",
        b"---\nname: x1\ndescription: \xff\n---\n",
        False,
        "The file is not UTF-8 text: line 3 holds a byte",
    ),
    ("UTF-16", "---\nname: x1\n".encode("utf-16-le"), False, "Line 1, column 2 holds a NUL character"),
    ("UTF-16 with its mark", "---\nname: x1\n".encode("utf-16"), False, "The file is saved as UTF-16."),
    (
        "old Mac line ends",
        b"---\rname: x1\rdescription: y\r---\rz\r",
        False,
        "The lines of the file end as on an old Mac",
    ),
    ("a repeated key", with_field("model: opus\nmodel: haiku"), True, "The field model stands more than once."),
    (
        "name: 123",
        named("123"),
        False,
        "The name 123 is read as a number, so coding tools skip the file. Put it in quotes.",
    ),
    ("name: 1e3", named("1e3"), False, "The name 1e3 is read as a number"),
    ("name: true", named("true"), False, "The name true is read as yes or no"),
    ("name: null", named("null"), False, "The agent has no name."),
    ("a date for a name", named("2024-01-01"), True, ""),
    ("no for a name", named("no"), True, ""),
    ("on for a name", named("on"), True, ""),
    ("no for yes or no", with_field("background: no"), True, "In the background must be true or false."),
    ("on for yes or no", with_field("background: on"), True, "In the background must be true or false."),
    ("a date for a count", with_field("maxTurns: 2024-01-01"), True, "Most turns must be a whole number from 1."),
    ("an alias", with_field("hooks: &a {Stop: x}\nmemory: *a"), True, "“*a” is not a known value of memory."),
    ("a merge key", with_field("hooks:\n  <<: *a"), True, "Coding tools would reject this file"),
    ("a tag", with_field("memory: !!python/name:os.system user"), True, "The value of memory begins with a word"),
]


@pytest.mark.parametrize(
    ("data", "taken", "sentence"), [case[1:] for case in HARD_CASES], ids=[c[0] for c in HARD_CASES]
)
def test_hard_cases_and_the_sentence_for_each(data: bytes, taken: bool, sentence: str) -> None:
    try:
        findings = parse(data).findings
    except InvalidDefinition as error:
        findings = error.findings
    assert taken is not any(finding.severity == "error" for finding in findings)
    sentences = [finding.message for finding in findings if finding.severity != "note"]
    assert any(said.startswith(sentence) for said in sentences) if sentence else not sentences


SENTENCES = [
    ("name-is-a-number", "The name 123 is read as a number, so coding tools skip the file. Put it in quotes."),
    ("utf-16", "The file is saved as UTF-16. Save it again as UTF-8."),
    ("block-not-first", "The opening --- stands on line 3; it must be the very first line."),
    ("closed-by-more-dashes", "Line 4 has more than three dashes, so it does not close the block."),
    ("direction-override", "Line 5, column 3 holds a hidden character that reverses the direction of text"),
    ("no-description", "The agent has no description. Say in one or two sentences when somebody should use it."),
]


@pytest.mark.parametrize(("stem", "sentence"), SENTENCES)
def test_the_sentence_its_author_reads(stem: str, sentence: str) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        parse((FILES / "broken" / f"{stem}.md").read_bytes())
    assert sentence in str(refused.value)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_half_written_text_is_read_all_the_same(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    definition = read(text)
    assert definition.source == text
    assert definition.findings


@pytest.mark.parametrize("stem", ["name-is-a-number", "name-with-colon", "description-is-a-number"])
def test_the_fix_of_an_error_makes_the_file_good(stem: str) -> None:
    definition = read((FILES / "broken" / f"{stem}.md").read_text())
    fix = definition.errors[0].fix
    assert fix is not None
    parse(definition.replace(**fix).source)


def test_a_file_at_the_limit_is_taken_and_one_byte_more_is_not() -> None:
    head = "---\nname: x1\ndescription: y\n---\n"
    parse(head + "z" * (MAX_SOURCE_BYTES - len(head)))
    with pytest.raises(InvalidDefinition, match="larger than 256 KiB"):
        parse(head + "z" * (MAX_SOURCE_BYTES - len(head) + 1))
    with pytest.raises(InvalidDefinition, match="larger than 64 KiB"):
        parse(f"---\nname: x1\ndescription: {'y' * MAX_FRONTMATTER_BYTES}\n---\nz")


def test_the_strict_pass_is_a_handler_of_python_frontmatter() -> None:
    post = frontmatter.loads(good("comments.md").decode(), handler=DefinitionHandler())
    assert post["tools"] == ["Read", "Grep"]
    assert post.content == "You plan releases."


NAMES = [
    ("python-backend-engineer", "python-backend-engineer", "Python Backend Engineer"),
    ("api-designer", "api-designer", "API Designer"),
    ("FP&A Analyst", "fp-a-analyst", "FP&A Analyst"),
    ("FP&Aアナリスト", "fp-aアナリスト", "FP&Aアナリスト"),
    ("SRE（サイト信頼性エンジニア）", "sre-サイト信頼性エンジニア", "SRE（サイト信頼性エンジニア）"),
    ("microsoft_learn", "microsoft-learn", "microsoft_learn"),
    ("Straße", "strasse", "Straße"),
    ("हिन्दी लेखक", "हिन्दी-लेखक", "हिन्दी लेखक"),
    ("e\u0301quipe", "équipe", "e\u0301quipe"),
    ("ﬁrst  agent", "first-agent", "ﬁrst agent"),
    ("../../etc/passwd", "etc-passwd", "../../etc/passwd"),
    ("!?", "", "!?"),
]


@pytest.mark.parametrize(("written", "name", "title"), NAMES)
def test_the_address_and_the_title_of_a_name(written: str, name: str, title: str) -> None:
    assert fold_name(written) == name
    assert fold_name(name) == name
    assert title_of(written) == title
