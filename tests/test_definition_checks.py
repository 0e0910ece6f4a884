"""The checks: each finding with its code, severity, field, line and sentence, and the fix that ends it."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.definition import FIELDS, Definition, Finding, InvalidDefinition, parse, read
from tests.corpus import corpus_files

pytestmark = pytest.mark.plain


def definition(*lines: str, prompt: str = "You plan releases.\n") -> Definition:
    block = "\n".join(("name: release-captain", "description: Plans releases.", *lines))
    return read(f"---\n{block}\n---\n{prompt}")


def found(text: Definition, code: str) -> Finding:
    matching = [finding for finding in text.findings if finding.code == code]
    assert matching, f"no {code} among {[finding.code for finding in text.findings]}"
    return matching[0]


def codes(text: Definition) -> set[str]:
    return {finding.code for finding in text.findings}


# code, severity, field, the line that causes it, what the fix makes of the field (None: there is no fix)
FIELD_CASES = [
    ("model-unknown", "warning", "model", "model: gpt-4", None),
    ("model-unknown", "warning", "model", "model: Sonnet", "sonnet"),
    ("color-unknown", "warning", "color", "color: magenta", "pink"),
    ("color-unknown", "warning", "color", "color: '#059669'", None),
    ("permission-mode-unknown", "warning", "permissionMode", "permissionMode: bypass", None),
    ("permission-mode-unknown", "warning", "permissionMode", "permissionMode: acceptedits", "acceptEdits"),
    ("effort-unknown", "warning", "effort", "effort: hight", "high"),
    ("memory-unknown", "warning", "memory", "memory: users", "user"),
    ("isolation-unknown", "warning", "isolation", "isolation: container", None),
    ("value-of-wrong-type", "warning", "background", "background: sometimes", None),
    ("value-of-wrong-type", "warning", "maxTurns", "maxTurns: -1", None),
    ("value-of-wrong-type", "warning", "maxTurns", "maxTurns: true", None),
    ("value-of-wrong-type", "warning", "hooks", "hooks: none", None),
    ("value-of-wrong-type", "warning", "skills", "skills: 5", None),
    ("value-of-wrong-type", "warning", "initialPrompt", "initialPrompt: [a]", None),
    ("tools-empty", "warning", "tools", "tools: []", "absent"),
    ("tools-not-a-list", "warning", "tools", "tools: {write: false}", None),
    ("tool-unknown", "warning", "tools", "tools: read, Grep", ("Read", "Grep")),
    ("tool-unknown", "warning", "tools", "tools: Foo", None),
    ("tool-old-name", "note", "tools", "tools: Read, MultiEdit, Task(a, b)", ("Read", "Edit", "Agent(a, b)")),
    ("tool-not-for-agents", "note", "tools", "tools: Read, AskUserQuestion", None),
    ("field-unknown", "note", "vibe", "vibe: calm", None),
    ("bypasses-permissions", "warning", "permissionMode", "permissionMode: bypassPermissions", "absent"),
    ("runs-hooks", "warning", "hooks", "hooks: {Stop: [{command: x}]}", None),
    ("starts-servers", "warning", "mcpServers", "mcpServers: [github]", None),
    ("all-tools", "note", "tools", "model: opus", None),
    ("runs-commands", "note", "tools", "tools: Bash(git *)", None),
    ("changes-files", "note", "tools", "tools: Write", None),
]


@pytest.mark.parametrize(("code", "severity", "field", "line", "fixed"), FIELD_CASES)
def test_a_field_with_a_fault(code: str, severity: str, field: str, line: str, fixed: object) -> None:
    text = definition(line)
    finding = found(text, code)
    assert (finding.severity, finding.field) == (severity, field)
    assert finding.line == (4 if field in text.fields else None)
    assert finding.message.endswith((".", "?"))
    assert json.dumps(finding.as_dict())
    assert (finding.fix is not None) is (fixed is not None)
    if finding.fix is not None:
        mended = text.replace(**finding.fix)
        value = mended.tools if field == "tools" and field in mended.fields else mended.fields.get(field, "absent")
        assert value == fixed
        assert finding not in mended.findings


GOOD_LINES = [
    *(f"model: {model}" for model in ("sonnet", "opus", "haiku", "fable", "inherit", "claude-opus-4-1-20250805")),
    "model: us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    *(f"color: {color}" for color in FIELDS["color"].choices),
    "effort: 3",
    "effort: max",
    "tools: Read, mcp__github, mcp__github__*, mcp__a__b",
    "background: false",
    "isolation: remote",
]


@pytest.mark.parametrize("line", GOOD_LINES)
def test_a_field_without_a_fault(line: str) -> None:
    assert {finding.severity for finding in definition(line).findings} <= {"note"}


def test_many_unknown_tools_are_one_finding() -> None:
    text = definition("tools: read, codebase, search, a, b, c, d, e, Grep")
    (finding,) = [finding for finding in text.findings if finding.code == "tool-unknown"]
    assert finding.message.startswith("“read”, “codebase”, “search”, “a”, “b”, “c” and 2 more are not tools")
    assert "Did you mean Read for “read” or WebSearch for “search”?" in finding.message
    assert finding.fix is not None
    assert (text.replace(**finding.fix).tools or ())[:3] == ("Read", "codebase", "WebSearch")


def test_a_misspelt_field_is_renamed_by_its_fix() -> None:
    text = definition("permission_mode: plan")
    fix = found(text, "field-misspelt").fix
    assert fix is not None
    assert text.replace(**fix).fields["permissionMode"] == "plan"
    assert "permission_mode" not in text.replace(**fix).fields


def test_a_description_cut_at_a_number_sign_is_made_whole_by_its_fix() -> None:
    text = read("---\nname: x1\ndescription: Solves issue #5 and #6\n---\nz\n")
    assert text.description == "Solves issue"
    finding = found(text, "description-cut")
    assert finding.line == 3
    assert finding.fix is not None
    assert text.replace(**finding.fix).description == "Solves issue #5 and #6"


def test_a_first_line_that_ends_with_a_colon_is_explained() -> None:
    text = read("---\nname: x1\ndescription: Use it for:\nmodel: opus\n---\nz\n")
    assert text.reading == "recovered"
    assert found(text, "description-ends-with-colon").line == 3
    fix = found(text, "reading-recovered").fix
    assert fix is not None
    assert text.replace(**fix).reading == "strict"
    assert text.replace(**fix).description == "Use it for:"


def test_the_fix_of_literal_newlines_writes_real_ones() -> None:
    text = read("---\nname: x1\ndescription: a: b\\n\\nc\n---\nz\n")
    fix = found(text, "description-literal-newlines").fix
    assert fix is not None
    mended = text.replace(**fix)
    assert mended.description == text.description == "a: b\n\nc"
    assert not codes(mended) & {"description-literal-newlines", "reading-quoted"}


def test_a_windows_path_is_told_from_a_line_break() -> None:
    text = read("---\nname: x1\ndescription: Look at C:\\new first\n---\nz\n")
    assert "looks like a path" in found(text, "description-backslash-n").message


@pytest.mark.parametrize(("value", "what"), [("!now this", "!"), ("&a this", "&")])
def test_a_word_that_yaml_eats_is_missed(value: str, what: str) -> None:
    text = read(f"---\nname: x1\ndescription: {value}\n---\nz\n")
    assert text.description == "this"
    assert f"begins with {what}" in found(text, "value-cut-at-front").message


def test_a_long_description_says_what_it_costs() -> None:
    text = read(f"---\nname: x1\ndescription: {'word ' * 1600}\n---\nz\n")
    finding = found(text, "description-costly")
    assert finding.severity == "warning"
    assert "2,000 tokens" in finding.message
    assert (
        found(read(f"---\nname: x1\ndescription: {'word ' * 400}\n---\nz\n"), "description-costly").severity == "note"
    )


@pytest.mark.parametrize(
    ("description", "is_missing"),
    [
        ("<example>\nuser: Look.\nassistant: I do.\n</example>", True),
        ("\n\nExamples:\n\n<example>\nuser: Look.\nassistant: I do.\n</example>", True),
        ("- User: Look.\n- User: And here.", True),
        ("Use it.\n\n<example>\nuser: Look.\nassistant: I do.\n</example>", False),
        ("<example>\nuser: Look.\nassistant: I do.\n</example>\n\nUse it.", False),
        ("Use it.", False),
    ],
)
def test_examples_without_a_lead_are_a_warning_and_no_error(description: str, is_missing: bool) -> None:
    text = definition().replace(description=description)
    assert ("lead-missing" in codes(text)) is is_missing
    if is_missing:
        finding = found(text, "lead-missing")
        assert (finding.severity, finding.field, finding.line) == ("warning", "description", 3)
    assert parse(text.source).errors == ()


def test_a_description_with_nothing_in_it_is_one_finding() -> None:
    assert codes(read("---\nname: x1\ndescription: ''\n---\nz\n")) & {"description-missing", "lead-missing"} == {
        "description-missing"
    }


def test_japanese_is_counted_by_the_character() -> None:
    text = read("---\nname: x1\ndescription: リリースを計画する\n---\nz\n")
    assert text.description_tokens == 9


NAME_CASES = [
    ("Release Captain", "name-not-kebab-case", "release-captain"),
    ("リリース管理者", "name-not-kebab-case", None),
    ("x", "name-unusual-length", None),
    ("a" * 60, "name-unusual-length", None),
    ("con", "name-of-device", None),
    ("COM7", "name-of-device", None),
]


@pytest.mark.parametrize(("name", "code", "fixed"), NAME_CASES)
def test_names_that_some_tools_refuse(name: str, code: str, fixed: str | None) -> None:
    finding = found(read(f"---\nname: {name}\ndescription: y\n---\nz\n"), code)
    assert (finding.fix or {}).get("name") == fixed


def test_a_name_too_long_for_an_address_is_an_error() -> None:
    with pytest.raises(InvalidDefinition, match="100 are the most"):
        parse(f"---\nname: {'a' * 101}\ndescription: y\n---\nz\n")


CHARACTERS = [
    ("\x00", "nul-character", "error"),
    ("\u202e", "direction-character", "error"),
    ("\u2066", "direction-character", "error"),
    ("\U000e0041", "tag-character", "error"),
    ("\u200b", "invisible-character", "warning"),
    ("\u00ad", "invisible-character", "warning"),
    ("\u3164", "invisible-character", "warning"),
    ("\ufeff", "invisible-character", "warning"),
    ("\ue000", "private-character", "warning"),
    ("\x1b", "control-character", "warning"),
    ("\u2028", "control-character", "warning"),
]


@pytest.mark.parametrize(("char", "code", "severity"), CHARACTERS)
@pytest.mark.parametrize("place", ["prompt", "description", "name"])
def test_a_hidden_character_is_found_wherever_it_stands(char: str, code: str, severity: str, place: str) -> None:
    fields = {"name": "x1", "description": "y", "prompt": "z"} | {place: f"ab{char}c"}
    text = read("---\nname: {name}\ndescription: {description}\n---\n{prompt}\n".format(**fields))
    finding = found(text, code)
    assert finding.severity == severity
    assert finding.line == {"name": 2, "description": 3, "prompt": 5}[place]
    assert f"U+{ord(char):04X}" in finding.message


@pytest.mark.parametrize("text", ["❤\ufe0f", "👩\u200d💻", "🏳\ufe0f\u200d🌈", "नमस्ते", "クイック"])
def test_emoji_and_scripts_are_left_in_peace(text: str) -> None:
    assert not {finding.code for finding in definition(prompt=text).findings} & {row[1] for row in CHARACTERS}


def test_many_hidden_characters_give_a_few_findings() -> None:
    findings = [f for f in definition(prompt="a\u200b" * 500).findings if f.code == "invisible-character"]
    assert len(findings) == 6
    assert "495 more" in findings[-1].message


SECRETS = [
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "ghp_" + "a1B2" * 9,
    "sk-ant-" + "api03-" + "x" * 30,
    "xoxb-" + "1234567890-abcdefghij",
    "AIza" + "B" * 35,
    "eyJhbGciOiJIUzI1" + ".eyJzdWIiOiIxMjM0" + ".sig",
    "-----BEGIN RSA " + "PRIVATE KEY-----",
]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:6])
def test_a_likely_secret_is_found_and_not_repeated(secret: str) -> None:
    finding = found(definition(prompt=f"one\nuse {secret} here\n"), "likely-secret")
    assert finding.line == 6
    assert secret not in finding.message


def test_many_likely_secrets_give_a_few_findings() -> None:
    findings = [f for f in definition(prompt=f"{SECRETS[0]}\n" * 500).findings if f.code == "likely-secret"]
    assert len(findings) == 6
    assert "from line 10 on" in findings[-1].message


def test_a_hidden_character_that_an_escape_brings_in_is_found_once_a_field() -> None:
    text = definition('vibe: ["\\u202e", "\\u202e"]', '"a\\u202eb": 1', r'"k\0": 1')
    assert [finding.code for finding in text.errors] == ["direction-character", "direction-character", "nul-character"]
    assert all(finding.message.isprintable() for finding in text.errors)


def test_a_later_field_ends_what_spilled() -> None:
    text = definition("model: opus", "note: remark")
    assert "description-spilled" not in codes(text)
    text = read("---\nname: x1\ndescription: a\nuser: b\nmodel: opus\nnote: c\n---\nz\n")
    assert (found(text, "description-spilled").fix or {})["description"] == "a\nuser: b"


def test_innocent_words_are_no_secrets() -> None:
    assert "likely-secret" not in codes(definition(prompt="ask-the-user, task-list, risk-based, sk-learn, AKIA, eyJ\n"))


CAPABILITIES = [
    ([], ["all-tools"]),
    (["tools: Read, Grep"], ["reads-files"]),
    (["tools: Bash, Write, WebFetch"], ["changes-files", "runs-commands", "goes-online"]),
    (["tools: Read, Bash", "disallowedTools: Bash(rm *)"], ["reads-files"]),
    (["tools: mcp__github__list"], ["mcp-tools"]),
    (["tools: Read, codebase"], ["reads-files", "unknown-tools"]),
    (["tools: []"], ["no-tools"]),
    (["tools: Bash", "disallowedTools: Bash"], []),
    (["tools: Read", "permissionMode: bypassPermissions"], ["bypasses-permissions", "reads-files"]),
    (["tools: Read", "hooks: {Stop: [x]}", "mcpServers: [a]"], ["runs-hooks", "starts-servers", "reads-files"]),
]


@pytest.mark.parametrize(("lines", "expected"), CAPABILITIES)
def test_what_an_agent_may_do(lines: list[str], expected: list[str]) -> None:
    capabilities = definition(*lines).capabilities
    assert [capability.code for capability in capabilities] == expected
    assert all(capability.label for capability in capabilities)
    assert not any(c.risky for c in capabilities if c.code == "reads-files")


def test_what_is_taken_away_from_all_tools_is_said() -> None:
    (capability,) = definition("disallowedTools: Bash, Write").capabilities
    assert capability.label.endswith("but not Bash, Write")


def test_findings_come_most_severe_first() -> None:
    text = read("---\nname: x1\nmodel: gpt\n---\n")
    severities = [finding.severity for finding in text.findings]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)


def test_every_field_of_the_vocabulary_is_explained() -> None:
    assert len(FIELDS) == 18
    for field in FIELDS.values():
        assert field.label
        assert len(field.help) > 30
        assert field.help.endswith(".")
        assert all(meaning.endswith(".") for meaning in field.choices.values()) or field.name == "color"
    ignored = {name for name, field in FIELDS.items() if field.ignored_by}
    assert ignored == {"permissionMode", "mcpServers", "hooks", "initialPrompt"}


# --- Any bytes at all ------------------------------------------------------------------------------


def asked_everything(text: Definition) -> None:
    for finding in text.findings:
        assert finding.message
        assert json.dumps(finding.as_dict())
    json.dumps(dict(text.fields))
    assert text.source.endswith(text.prompt)
    assert text.digest.startswith("sha256:")
    for answer in (text.name, text.title, text.lead, text.examples, text.tools, text.model, text.capabilities):
        assert answer is None or isinstance(answer, (str, tuple))


@given(st.binary())
def test_any_bytes_give_a_definition_or_its_errors(data: bytes) -> None:
    try:
        source = parse(data).source
    except InvalidDefinition as error:
        findings = error.findings
    else:
        findings = ()
        assert source.encode() == data
    assert all(finding.severity == "error" for finding in findings)


@given(st.text(st.characters(), max_size=200), st.text("-: \n\"'[]{}#&*!|>%@`\\nuser<example>", max_size=200))
def test_any_block_is_read(odd: str, syntax: str) -> None:
    for block in (odd, syntax, f"name: x\ndescription: {syntax}", f"description: |\n  {odd}\n{syntax}"):
        asked_everything(read(f"---\n{block}\n---\n{odd}"))


PIECES = [
    "[",
    "{",
    "- ",
    "? ",
    "a: ",
    "&a ",
    "*a ",
    "!t ",
    '"',
    "'",
    "|\n",
    "\t",
    " ",
    "\\n",
    "<example>",
    "</example>",
    "- User: 'a'\\n",
    "\\nuser: x",
    "(",
    ",",
    "\\",
    "日",
    "\u2028",
    "\x00",
    "\r",
    "\r\n",
    "--- ",
    "\n---",
    "\u202e",
    "sk-",
    "eyJaaaaaaaaaaaa.",
    "#",
    "<commentary>",
    "Examples: ",
    "a,",
    "k: v\n",
    "\ud800",
]
PLACES = [
    "{}",
    "---\n{}",
    "---\nname: x\ndescription: {}\n---\n",
    "---\nname: x\ndescription: y\ntools: {}\n---\n",
    "---\n{}\n---\n",
    '---\nname: x\ndescription: "{}"\n---\n',
    "---\nname: x\ndescription: y\n---\n{}",
]


@pytest.mark.no_cover
@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_no_repetition_makes_reading_slow(piece: str) -> None:
    """A guard against a hang, with a wide margin: what takes minutes when it is quadratic takes less than a second."""
    for place in PLACES:
        started = time.process_time()
        asked_everything(read(place.replace("{}", piece * (60_000 // len(piece)))))
        assert time.process_time() - started < 3


def test_a_line_of_ten_megabytes_is_answered() -> None:
    with pytest.raises(InvalidDefinition, match="larger than 256 KiB"):
        parse(b"---\nname: x\ndescription: " + b"y" * 10_000_000)


BOMBS = [
    "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nhooks: *c",
    "base: &b {x: 1}\nhooks:\n  <<: *b",
    "hooks: !!python/object/apply:os.system [ls]",
    "hooks: &r [*r]",
    "background: !!binary aGk=",
]


@pytest.mark.parametrize("lines", BOMBS)
def test_no_alias_merge_key_or_tag_is_expanded(lines: str) -> None:
    text = definition(lines)
    asked_everything(text)
    assert len(json.dumps(dict(text.fields))) < 500


# --- The real files --------------------------------------------------------------------------------


@pytest.mark.corpus
def test_every_real_agent_is_accepted_and_every_other_file_answered() -> None:
    refused = []
    for file in corpus_files():
        try:
            text = parse(file.data)
        except InvalidDefinition as error:
            refused.append((file, error.findings))
        else:
            assert text.source.encode() == file.data
            asked_everything(text)
    assert [str(file)[-19:] for file, _ in refused if file.kind == "agent"] == ["embedded-systems.md"]
    assert all(finding.message.endswith(".") for _, findings in refused for finding in findings)
    assert len(refused) == 24


@pytest.mark.corpus
def test_every_fix_for_a_real_file_can_be_applied() -> None:
    applied = 0
    for file in corpus_files("agent"):
        text = read(file.data.decode("utf-8", "replace"))
        for finding in text.findings:
            if finding.fix:
                mended = text.replace(**finding.fix)
                assert finding.message not in {other.message for other in mended.findings}, (str(file), finding)
                assert mended.prompt == text.prompt
                applied += 1
    assert applied > 300
