"""A definition for other tools: files that read again as they were meant, and a report that leaves out nothing."""

import contextlib
import functools
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.definition import FIELDS, Definition, InvalidDefinition, parse, read
from catalog.exports import TOOLS, Outcome, export
from tests.corpus import corpus_files
from tests.exported import FILES, FOREIGN, SOURCE, content, exported, line, read_back

pytestmark = pytest.mark.plain

GOOD = sorted((Path(__file__).parent / "definitions" / "good").iterdir())
BROKEN = sorted((Path(__file__).parent / "definitions" / "broken").iterdir())


def test_the_tools_stand_in_the_order_people_see_them() -> None:
    assert list(TOOLS) == ["claude", "claude-plugin", *FOREIGN]
    assert [tool.key for tool in TOOLS.values()] == list(TOOLS)
    with pytest.raises(KeyError):
        export(parse(SOURCE), "emacs")


@pytest.mark.parametrize(
    ("key", "path", "user_path"),
    [
        ("claude", ".claude/agents/code-reviewer.md", "~/.claude/agents/code-reviewer.md"),
        ("claude-plugin", "agents/code-reviewer.md", "agents/code-reviewer.md"),
        ("opencode", ".opencode/agents/code-reviewer.md", "~/.config/opencode/agents/code-reviewer.md"),
        ("copilot", ".github/agents/code-reviewer.agent.md", "~/.copilot/agents/code-reviewer.agent.md"),
        ("codex", ".codex/agents/code-reviewer.toml", "~/.codex/agents/code-reviewer.toml"),
        ("droid", ".factory/droids/code-reviewer.md", "~/.factory/droids/code-reviewer.md"),
    ],
)
def test_a_file_says_where_it_belongs(key: str, path: str, user_path: str) -> None:
    made = exported(key)
    assert (made.path, made.user_path) == (path, user_path)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_for_claude_code_the_export_is_the_source_byte_for_byte(path: Path) -> None:
    made = export(parse(path.read_bytes()), "claude")
    assert made.content == path.read_bytes()
    assert made.is_lossless


def test_a_file_that_claude_code_cannot_read_says_so_in_its_report() -> None:
    spilled = (Path(__file__).parent / "definitions" / "good" / "spilled-description.md").read_bytes()
    assert "rejects a file that is written so" in line(export(parse(spilled), "claude"), "description").sentence


@pytest.mark.parametrize("key", [key for key in TOOLS if key != "claude"])
def test_a_representative_agent_gives_the_reviewed_file_and_report(key: str) -> None:
    made = export(parse(SOURCE), key)
    [expected] = [path for path in FILES.glob(f"{key}.*") if path.suffix != ".report"]
    assert content(made).decode() == expected.read_text(encoding="utf-8")
    report = "".join(
        f"{line.field}: {line.outcome}{' and wider' if line.widens else ''}. {line.sentence}\n" for line in made.report
    )
    assert report == (FILES / f"{key}.report").read_text(encoding="utf-8")


def test_the_report_counts_what_was_lost() -> None:
    made = exported("gemini", tools="Read", color="red", effort="high")
    assert made.counts == {Outcome.KEPT: 4, Outcome.CHANGED: 0, Outcome.DROPPED: 2, Outcome.REFUSED: 0}
    assert [line.field for line in made.losses] == ["color", "effort"]
    assert not made.is_lossless
    assert made.losses[0].as_dict() == {
        "field": "color",
        "outcome": "dropped",
        "sentence": "In Gemini CLI the file of an agent has no color.",
        "widens": False,
    }


# --- What cannot be exported --------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [key for key in TOOLS if key != "claude"])
@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_text_with_errors_is_refused_with_its_errors(path: Path, key: str) -> None:
    definition = read(path.read_bytes().decode("utf-8", "replace"))
    made = export(definition, key)
    if not definition.errors:  # what is broken about it are bytes that are not UTF-8
        return
    assert made.is_refused
    refused = [line for line in made.report if line.outcome is Outcome.REFUSED]
    told = " ".join(line.sentence for line in refused)
    assert all(finding.message in told for finding in definition.errors)
    fields = [line.field for line in made.report]
    assert len(fields) == len(set(fields))
    assert {*definition.fields, "prompt"} <= set(fields)


# --- What must hold of any agent ----------------------------------------------------------------------------

# What readers of YAML and TOML take for something else than text, break lines at, or refuse.
AWKWARD = r"""
no on y 1e3 2024-01-01 0x1f 12:30 ~ null true 1_000 .inf = << {x} [x] *a &a !t % @ ` | > --- ... \n \ ''' ${name}
"""
awkward = st.sampled_from(
    [
        *AWKWARD.split(),
        *(
            "- x",
            "a: b",
            "x # y",
            "ends:",
            '"q"',
            "it's",
            '"""',
            '""""\n"',
            "a\n---\nb",
            "a\r\nb",
            "\r",
            "x\n",
            "\n\nx",
        ),
        *(
            "tab\there",
            " x ",
            "\u2028",
            "\x85",
            "\ufeffx",
            "\x1b",
            "\ue000",
            "\U0010ffff",
            "日本語",
            "🦊" * 40,
            "x" * 1200,
        ),
    ]
)
prose = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=40)
texts = awkward | prose
keys = st.sampled_from([*FIELDS, "vibe", "prompt", "on", "a b", "1", "__proto__", "mode", "permission"]) | prose.filter(
    lambda key: bool(key.strip())
)
plain_json = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | st.floats(-1e6, 1e6, width=32) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts.filter(bool), inner, max_size=3),
    max_leaves=8,
)
tools = st.lists(
    st.sampled_from(["Read", "Bash", "Bash(git *)", "Bash(git:*)", "Edit", "Write", "Agent(a, b)", "LS", "MultiEdit"])
    | st.sampled_from(["mcp__a", "mcp__a__*", "mcp__a__b", "mcp__a_b__c", "mcp__*", "mcp__a__b*", "*", "Foo", "bash"])
    | texts,
    max_size=5,
)
PLACE = re.compile(r"\$\{ (\w+) \}")
fields = st.dictionaries(keys, plain_json, max_size=6)


@st.composite
def agents(draw: st.DrawFn) -> str:
    """Files with every kind of field and value, wild ones too."""
    chosen: dict[str, Any] = {
        **draw(fields),
        **draw(st.fixed_dictionaries({}, optional={"tools": tools, "disallowedTools": tools})),
        **draw(st.fixed_dictionaries({}, optional={"permissionMode": st.sampled_from(["plan", "auto", "dontAsk"])})),
        "name": draw(st.sampled_from(["code-reviewer", "FP&A Analyst", "x", "default", "日本語", "prüfer", "a" * 90])),
        "description": draw(texts.filter(lambda text: bool(text.strip()))),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in chosen.items()]
    prompt = draw(st.sampled_from(["", "You review.\n", "\r\nYou\rreview ${x}.\r\n", '"""\\', "---\n"]) | prose)
    return "\n".join(["---", *lines, "---", prompt])


@given(agents(), st.sampled_from(list(TOOLS)))
def test_every_agent_is_exported_or_refused_with_one_line_for_each_field(source: str, key: str) -> None:
    definition = read(source)
    made = export(definition, key)  # a file that reads as something else than was meant would be an exception
    if definition.errors:
        return
    assert [line.field for line in made.report] == [*definition.fields, "prompt"]
    assert all(line.sentence and line.sentence[-1] in ".…" and "\n" not in line.sentence for line in made.report)
    assert made.is_refused == any(line.outcome is Outcome.REFUSED for line in made.report)
    assert made == export(read(source), key)
    assert made.filename.endswith(made.tool.suffix)
    assert "/" not in made.filename


@given(agents(), st.sampled_from(["claude-plugin", *FOREIGN]))
def test_description_and_prompt_survive_word_for_word(source: str, key: str) -> None:
    definition = read(source)
    made = export(definition, key)
    if made.is_refused:
        return
    found, prompt = read_back(made)
    assert found["description"] == definition.description
    if key in ("gemini", "qwen"):  # which would fill in `${name}`
        assert PLACE.sub(r"${\1}", prompt) == PLACE.sub(r"${\1}", definition.prompt)
    else:
        assert prompt == definition.prompt


@pytest.mark.parametrize("key", list(TOOLS))
def test_a_hostile_agent_takes_no_long_time(key: str) -> None:
    many = [f"mcp__s{n % 40}__t{n}" for n in range(1800)]
    made_of = {
        "tools": ", ".join([*many, *(f"mcp__s{n}__*" for n in range(300))]),
        "disallowedTools": ", ".join(f"mcp__s{n % 40}__t{n}*" for n in range(900)),
        "mcpServers": [{f"s{n}": {"command": "x"}} for n in range(200)],
    }
    began = time.perf_counter()
    exported(key, **made_of)
    assert time.perf_counter() - began < 3


# --- Real files ---------------------------------------------------------------------------------------------


REFUSED = {
    "copilot": 19,  # prompts of more than 30,000 characters
    "qwen": 78,  # agents that may use tools of GitHub Copilot and no others
    "kiro": 78,
    "droid": 80,
}


@functools.cache
def real_agents() -> list[Definition]:
    found = []
    for file in corpus_files():
        with contextlib.suppress(InvalidDefinition):
            found.append(parse(file.data))
    return found


@pytest.mark.corpus
@pytest.mark.parametrize("key", list(TOOLS))
def test_every_real_agent_is_exported_or_refused_for_a_reason_of_the_tools_own(key: str) -> None:
    made = [(definition, export(definition, key)) for definition in real_agents()]
    assert len(made) > 1400
    assert all([line.field for line in one.report] == [*agent.fields, "prompt"] for agent, one in made)
    assert sum(one.is_refused for _, one in made) == REFUSED.get(key, 0)
