"""The agents a new catalog begins with: accepted without a warning, and in every convention of real files."""

import re
from collections import Counter
from pathlib import Path

import pytest

import catalog
from catalog.definition import Definition, Reading, Severity, parse

pytestmark = pytest.mark.plain

FOLDER = Path(catalog.__file__).parent / "starters"
PATHS = {path.stem: path for path in sorted(FOLDER.rglob("*.md"))}
SEED_LAYOUT = "python-backend-engineer"
EXAMPLES = {
    "api-designer": 3,
    "code-reviewer": 4,
    "data-analyst": 3,
    "database-migration-planner": 3,
    "debugger": 3,
    "frontend-engineer": 3,
    "incident-commander": 3,
    "performance-investigator": 3,
    "plain-language-editor": 3,
    "python-backend-engineer": 4,
    "release-notes-editor": 3,
    "requirements-interviewer": 3,
    "security-reviewer": 3,
    "technical-writer": 3,
    "test-writer": 3,
}

every_starter = pytest.mark.parametrize("name", PATHS)


def starter(name: str) -> Definition:
    return parse(PATHS[name].read_bytes())


def frontmatter(name: str) -> str:
    """The lines between the fences, each ended by a plain newline."""
    return starter(name).source.replace("\r\n", "\n").split("---\n", 2)[1]


def encoding(name: str) -> str:
    """How the file writes its description: plain, quoted or as a block."""
    start = re.search(r"^description: (.)", frontmatter(name), re.MULTILINE)
    assert start is not None
    return {'"': "quoted", "|": "block"}.get(start[1], "plain")


def form(name: str) -> str:
    """Which form the file's examples have: tagged, list, or both at once."""
    text = frontmatter(name)
    if "- <example>" in text:
        return "hybrid"
    return "tagged" if "<example>" in text else "list"


def tools_form(name: str) -> str:
    tools = re.search(r"^tools:(.*)$", frontmatter(name), re.MULTILINE)
    if tools is None:
        return "absent"
    return "text" if tools[1].strip() else "list"


def test_there_are_at_least_twelve_and_each_lies_in_a_category():
    assert len(PATHS) >= 12
    assert len(list(FOLDER.rglob("*.md"))) == len(PATHS)
    assert all(path.parent.parent == FOLDER for path in PATHS.values())


@every_starter
def test_a_starter_is_named_as_its_file(name):
    assert starter(name).name == name


@every_starter
def test_a_starter_has_no_error_and_no_warning(name):
    assert [f.as_dict() for f in starter(name).findings if f.severity is not Severity.NOTE] == []


@every_starter
def test_every_starter_but_the_one_in_the_seeds_layout_is_strict(name):
    assert starter(name).reading is (Reading.QUOTED if name == SEED_LAYOUT else Reading.STRICT)


@every_starter
def test_a_starter_is_read_byte_for_byte_and_always_alike(name):
    definition = starter(name)
    assert definition.source.encode() == PATHS[name].read_bytes()
    assert parse(definition.source).digest == definition.digest


@every_starter
def test_a_starter_saved_with_its_own_values_keeps_every_byte(name):
    definition = starter(name)
    assert definition.with_examples(list(definition.examples)).source == definition.source
    assert definition.replace(description=definition.description).source == definition.source


def test_the_number_of_examples_is_known_for_each_starter():
    assert {name: len(starter(name).examples) for name in PATHS} == EXAMPLES


@every_starter
def test_every_example_has_a_user_and_an_assistant_who_names_the_agent(name):
    for example in starter(name).examples:
        assert example.user
        assert example.user[0] not in "\"'"
        assert name in example.assistant
        assert "<" not in example.user + example.assistant


@every_starter
def test_tagged_examples_have_a_context_and_a_commentary_and_listed_ones_have_none(name):
    tagged = form(name) != "list"
    for example in starter(name).examples:
        assert bool(example.context) is tagged
        assert bool(example.commentary) is tagged


@every_starter
def test_a_lead_is_short_says_when_not_to_use_the_agent_and_holds_no_example(name):
    lead = starter(name).lead
    assert lead.startswith("Use this agent ")
    assert re.search(r"\bNot for\b|\bNot a\b", lead)
    assert len(lead.split()) < 60
    assert not re.search(r"examples?\b|assistant:|\\n", lead, re.IGNORECASE)


@every_starter
def test_agents_a_starter_sends_people_to_are_starters_too(name):
    for other in re.findall(r"\(use ([a-z-]+)\)", starter(name).description):
        assert other in PATHS
        assert other != name


@every_starter
def test_a_prompt_has_a_readable_length_and_headings(name):
    prompt = starter(name).prompt
    assert 350 <= len(re.findall(r"[A-Za-z][A-Za-z'-]*", prompt)) <= 900
    assert len(re.findall(r"^#{2,3} \S", prompt, re.MULTILINE)) >= 4


@every_starter
def test_no_starter_has_a_setting_that_acts_on_its_own(name):
    fields = starter(name).fields
    assert not {"hooks", "mcpServers"} & set(fields)
    assert fields.get("permissionMode") in (None, "plan")


@pytest.mark.parametrize("name", ["code-reviewer", "security-reviewer", "database-migration-planner"])
def test_a_starter_that_only_judges_cannot_change_files(name):
    tools = starter(name).tools
    assert tools is not None
    assert not {"Edit", "Write", "NotebookEdit"} & set(tools)


def test_the_starters_show_every_convention_of_descriptions_and_tools():
    assert Counter(map(encoding, PATHS)) == {"plain": 1, "quoted": 8, "block": 6}
    assert Counter(map(form, PATHS)) == {"tagged": 7, "list": 6, "hybrid": 2}
    assert Counter(map(tools_form, PATHS)) == {"text": 10, "list": 3, "absent": 2}


def test_the_starters_show_every_choice_of_model_and_every_color():
    models = {starter(name).model for name in PATHS}
    colors = {starter(name).color for name in PATHS}
    assert models == {None, "sonnet", "opus", "haiku", "inherit"}
    assert colors == {"red", "blue", "green", "yellow", "purple", "orange", "pink", "cyan"}


def test_the_starters_show_the_rarer_fields():
    used = Counter(field for name in PATHS for field in starter(name).fields)
    assert all(used[field] for field in ("disallowedTools", "permissionMode", "maxTurns", "effort", "memory"))


def test_one_starter_has_windows_line_ends_one_no_last_newline_and_one_a_comment():
    sources = {name: path.read_bytes() for name, path in PATHS.items()}
    assert [n for n, source in sources.items() if b"\r" in source] == ["release-notes-editor"]
    assert [n for n, source in sources.items() if source[-1:] != b"\n"] == ["plain-language-editor"]
    assert [n for n in PATHS if re.search(r"^#", frontmatter(n), re.MULTILINE)] == ["security-reviewer"]
    windows = sources["release-notes-editor"]
    assert windows.count(b"\n") == windows.count(b"\r\n")
    assert starter("release-notes-editor").newline == "\r\n"


def test_the_python_backend_engineer_has_the_seeds_layout():
    agent = starter(SEED_LAYOUT)
    description = frontmatter(SEED_LAYOUT).splitlines()[1]
    assert list(agent.fields) == ["name", "description", "model", "color"]
    assert (agent.title, agent.model, agent.color, agent.tools) == (
        "Python Backend Engineer",
        "sonnet",
        "green",
        None,
    )
    assert description.count(r'\n- User: "') == description.count(r'\n  Assistant: "') == 4
    assert description.count(r"\n  \n- ") == 3
    assert "\\n" not in agent.description
    assert agent.examples[2].user == (
        "billing/services.py has 1,400 lines and nobody dares to touch it. Split it, please."
    )
    assert agent.lead.endswith("(use database-migration-planner).")
