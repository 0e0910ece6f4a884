"""The other fields in other tools: names, models, levels, colors, servers, and prompts too short or too long."""

import re
from typing import Any

import pytest

from catalog.exports import Outcome
from tests.exported import FOREIGN, content, exported, line, read_back, values

pytestmark = pytest.mark.plain

# --- Names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name", "expected"),
    [
        ("gemini", "prüfer", "prufer"),
        ("gemini", "søren-þór", "soren-thor"),
        ("gemini", "generalist", "generalist-agent"),
        ("cursor", "straße", "strasse"),
        ("droid", "FP&A Analyst", "fp-a-analyst"),
        ("opencode", "plan", "plan-agent"),
        ("opencode", "prüfer", "prüfer"),
        ("codex", "default", "default-agent"),
        ("codex", "レビュー", "レビュー"),
        ("qwen", "model", "model-agent"),
        ("qwen", "レビュー", "レビュー"),
        ("qwen", "x", "x-agent"),
        ("kiro", "レビュー", "レビュー"),
        ("claude-plugin", "FP&A Analyst", "fp-a-analyst"),
    ],
)
def test_a_name_is_the_nearest_one_that_the_tool_takes(key: str, name: str, expected: str) -> None:
    made = exported(key, name=name)
    assert (made.name, made.filename) == (expected, expected + made.tool.suffix)
    assert read_back(made)[0].get("name", expected) == expected
    assert (line(made, "name").outcome is Outcome.KEPT) == (name == expected)


@pytest.mark.parametrize("key", ["gemini", "droid", "cursor", "copilot"])
def test_names_in_other_scripts_stay_apart(key: str) -> None:
    names = [exported(key, name=name).name for name in ("レビュー", "会計士", "ai-エンジニア", "ai-デザイナー")]
    assert len(set(names)) == 4
    assert all(re.fullmatch(r"(agent|ai)-[0-9a-f]{8}", name) for name in names)


def test_long_names_that_begin_alike_stay_apart_in_qwen() -> None:
    names = [exported("qwen", name=f"{'very-' * 12}long-{end}").name for end in ("one", "two")]
    assert len(set(names)) == 2
    assert all(len(name) <= 50 for name in names)


def test_qwen_takes_no_separate_marks_on_letters() -> None:
    made = exported("qwen", name="हिन्दी")
    assert re.fullmatch(r"[^\W_]+-[0-9a-f]{8}", made.name)


def test_a_title_is_kept_where_a_tool_shows_one() -> None:
    assert read_back(exported("gemini", name="会計士"))[0]["display_name"] == "会計士"
    assert read_back(exported("copilot", name="会計士"))[0]["name"] == "会計士"
    made = exported("copilot", name="prüfer")
    assert (made.filename, read_back(made)[0]["name"]) == ("prufer.agent.md", "prüfer")
    assert "There its file is called prufer." in line(made, "name").sentence


def test_copilot_loads_no_agent_of_the_name_of_one_of_its_own() -> None:
    made = exported("copilot", name="general-purpose")
    assert made.filename == "general-purpose-agent.agent.md"
    assert read_back(made)[0]["name"] == "general-purpose-agent"
    assert line(made, "name").outcome is Outcome.CHANGED


# --- Models -------------------------------------------------------------------------------------------------

MODELS = [
    ("opencode", "claude-sonnet-4-5", "anthropic/claude-sonnet-4-5", Outcome.KEPT),
    ("opencode", "sonnet", None, Outcome.DROPPED),
    ("opencode", "inherit", None, Outcome.KEPT),
    ("opencode", "gpt-5", None, Outcome.DROPPED),
    ("opencode", "claude-sonnet", None, Outcome.DROPPED),  # no model of any provider
    ("opencode", "anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5", Outcome.KEPT),
    ("opencode", "openrouter/openai/gpt-5", "openrouter/openai/gpt-5", Outcome.KEPT),
    ("opencode", "not a/model", None, Outcome.DROPPED),
    ("copilot", "sonnet", None, Outcome.DROPPED),
    ("copilot", "inherit", None, Outcome.KEPT),
    ("cursor", "opus", "inherit", Outcome.CHANGED),
    ("cursor", "claude-opus-4-1", "claude-opus-4-1", Outcome.KEPT),
    ("gemini", "claude-opus-4-1", None, Outcome.DROPPED),
    ("codex", "haiku", None, Outcome.DROPPED),
    ("qwen", "sonnet", None, Outcome.DROPPED),
    ("kiro", "claude-sonnet-4-5", None, Outcome.DROPPED),
    ("droid", "sonnet", "inherit", Outcome.CHANGED),
    ("droid", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5-20250929", Outcome.KEPT),
]


@pytest.mark.parametrize(("key", "model", "expected", "outcome"), MODELS)
def test_a_model_is_written_only_where_the_tool_has_one_of_that_name(
    key: str, model: str, expected: str | None, outcome: Outcome
) -> None:
    made = exported(key, model=model)
    assert read_back(made)[0].get("model") == expected
    assert line(made, "model").outcome is outcome


def test_cursor_and_droid_say_that_the_model_is_the_conversations() -> None:
    assert values("cursor") == values("droid") == {"model": "inherit"}


# --- Levels, steps, colors, modes ---------------------------------------------------------------------------

KEPT = [
    ("codex", {"effort": "high"}, {"model_reasoning_effort": "high"}, Outcome.KEPT),
    ("codex", {"effort": "max"}, {"model_reasoning_effort": "xhigh"}, Outcome.CHANGED),
    ("codex", {"effort": 5}, {}, Outcome.DROPPED),
    ("droid", {"effort": "high"}, {"model": "inherit"}, Outcome.DROPPED),
    ("opencode", {"maxTurns": 7}, {"steps": 7}, Outcome.KEPT),
    ("opencode", {"maxTurns": 0}, {}, Outcome.DROPPED),
    ("gemini", {"maxTurns": "many"}, {}, Outcome.DROPPED),
    ("gemini", {"maxTurns": True}, {}, Outcome.DROPPED),
    ("gemini", {"maxTurns": 7}, {"max_turns": 7}, Outcome.KEPT),
    ("qwen", {"maxTurns": 7}, {"maxTurns": 7}, Outcome.KEPT),
    ("copilot", {"maxTurns": 7}, {}, Outcome.DROPPED),
    ("opencode", {"color": "green"}, {"color": "#16A34A"}, Outcome.KEPT),
    ("opencode", {"color": "#a1B2c3"}, {"color": "#a1B2c3"}, Outcome.KEPT),
    ("opencode", {"color": "teal"}, {}, Outcome.DROPPED),
    ("qwen", {"color": "green"}, {"color": "green"}, Outcome.KEPT),
    ("qwen", {"color": "teal"}, {}, Outcome.DROPPED),
    ("gemini", {"color": "green"}, {}, Outcome.DROPPED),
    ("cursor", {"background": True}, {"model": "inherit", "is_background": True}, Outcome.KEPT),
    ("qwen", {"background": True}, {"background": True}, Outcome.KEPT),
    ("gemini", {"background": False}, {}, Outcome.KEPT),
    ("qwen", {"permissionMode": "acceptEdits"}, {"approvalMode": "auto-edit"}, Outcome.KEPT),
    ("qwen", {"permissionMode": "bypassPermissions"}, {"approvalMode": "yolo"}, Outcome.KEPT),
    ("qwen", {"permissionMode": "dontAsk"}, {"approvalMode": "default"}, Outcome.CHANGED),
    ("qwen", {"permissionMode": "odd"}, {}, Outcome.DROPPED),
    ("gemini", {"permissionMode": "bypassPermissions"}, {}, Outcome.DROPPED),
    ("gemini", {"skills": []}, {}, Outcome.KEPT),
]


@pytest.mark.parametrize(("key", "fields", "expected", "outcome"), KEPT)
def test_a_setting_is_kept_where_the_tool_has_it(
    key: str, fields: dict[str, Any], expected: dict[str, Any], outcome: Outcome
) -> None:
    assert values(key, **fields) == expected
    [field] = fields
    assert line(exported(key, **fields), field).outcome is outcome


@pytest.mark.parametrize(
    ("key", "fields", "sentence"),
    [
        ("qwen", {"color": "teal"}, "Qwen Code knows colors such as blue; “teal” is none of them."),
        ("qwen", {"permissionMode": "odd"}, "Qwen Code knows modes such as plan; “odd” is none of them."),
        ("droid", {"effort": 3}, "Factory Droid knows levels such as high; “3” is none of them."),
        ("gemini", {"model": "gpt-4"}, "The file asks for “gpt-4”. Gemini CLI has other names"),
        ("droid", {"tools": "Read, mcp__ctx__get"}, "In Factory Droid a list of tools cannot name mcp__ctx__get"),
        ("opencode", {"permissionMode": "plan", "disallowedTools": "Foo"}, "OpenCode has none of these."),
    ],
    ids=str,
)
def test_a_value_that_a_tool_does_not_take_is_named(key: str, fields: dict[str, Any], sentence: str) -> None:
    assert sentence in " ".join(line.sentence for line in exported(key, **fields).report)


def test_droid_takes_a_level_with_a_model_of_its_own() -> None:
    made = values("droid", model="claude-opus-4-1", effort="xhigh")
    assert made == {"model": "claude-opus-4-1", "reasoningEffort": "high"}


# --- MCP servers --------------------------------------------------------------------------------------------

SERVERS = [
    "elsewhere",
    {"local": {"command": "serve", "args": ["--port", 80], "env": {"DEBUG": True}}},
    {"web": {"type": "http", "url": "https://example.com", "headers": {"X-Key": "${KEY}"}}},
    {"stream": {"type": "sse", "url": "https://example.com/sse"}},
    {"socket": {"type": "ws", "url": "wss://example.com"}},
    {"odd": {"command": ["a list"]}},
]
PROGRAM = {"command": "serve", "args": ["--port", "80"], "env": {"DEBUG": "true"}}
HEADERS = {"X-Key": "${KEY}"}
WRITTEN = {
    "copilot": (
        "mcp-servers",
        {
            "local": {"type": "local", **PROGRAM, "tools": ["*"]},
            "web": {"type": "http", "url": "https://example.com", "headers": HEADERS, "tools": ["*"]},
            "stream": {"type": "sse", "url": "https://example.com/sse", "tools": ["*"]},
        },
    ),
    "gemini": (
        "mcp_servers",
        {
            "local": PROGRAM,
            "web": {"url": "https://example.com", "headers": HEADERS, "type": "http"},
            "stream": {"url": "https://example.com/sse", "type": "sse"},
        },
    ),
    "codex": ("mcp_servers", {"local": PROGRAM, "web": {"url": "https://example.com", "http_headers": HEADERS}}),
    "qwen": (
        "mcpServers",
        {
            "local": PROGRAM,
            "web": {"httpUrl": "https://example.com", "headers": HEADERS},
            "stream": {"url": "https://example.com/sse"},
        },
    ),
    "kiro": (
        "mcpServers",
        {
            "local": PROGRAM,
            "web": {"url": "https://example.com", "headers": HEADERS},
            "stream": {"url": "https://example.com/sse"},
        },
    ),
}


@pytest.mark.parametrize("key", WRITTEN)
def test_servers_are_set_up_in_the_form_of_the_tool(key: str) -> None:
    made = exported(key, mcpServers=SERVERS)
    field, expected = WRITTEN[key]
    assert read_back(made)[0][field] == expected
    told = line(made, "mcpServers").sentence
    assert "The file only names elsewhere" in told
    assert re.search(r"cannot reach odd, .*socket|cannot reach odd and socket", told)


def test_gemini_gives_an_agent_no_tools_of_its_servers_that_its_list_does_not_have() -> None:
    local = [{"local": {"command": "serve"}}]
    assert values("gemini", mcpServers=local, tools="Read")["mcp_servers"]["local"]["include_tools"] == []
    some = values("gemini", mcpServers=local, tools="Read, mcp__local__a, mcp__local__b")["mcp_servers"]["local"]
    assert some["include_tools"] == ["a", "b"]
    assert "include_tools" not in values("gemini", mcpServers=local, tools="mcp__local__*")["mcp_servers"]["local"]
    assert (
        values("gemini", mcpServers=local, disallowedTools="mcp__local__a")["mcp_servers"]["local"]["include_tools"]
        == []
    )


def test_a_server_of_which_no_tool_is_left_is_told() -> None:
    local = {"local": {"command": "serve"}}
    told = line(exported("gemini", mcpServers=[local], disallowedTools="mcp__local__a"), "mcpServers")
    assert told.outcome is Outcome.CHANGED
    assert "No tool of local may be used there, because some of its tools are taken away." in told.sentence
    for fields in ({"tools": "Read"}, {"disallowedTools": "mcp__local"}, {}):  # as in the file itself
        assert line(exported("gemini", mcpServers=[local], **fields), "mcpServers").outcome is Outcome.KEPT


def test_droid_takes_whole_servers_by_name() -> None:
    made = values("droid", tools="Read, mcp__github, mcp__linear__get_issue")
    assert (made["tools"], made["mcpServers"]) == (["Read"], ["github"])
    assert exported("droid", tools="mcp__github").is_refused


@pytest.mark.parametrize("key", ["opencode", "cursor", "droid"])
def test_servers_are_left_out_where_a_file_cannot_set_them_up(key: str) -> None:
    made = exported(key, mcpServers=SERVERS)
    assert line(made, "mcpServers").outcome is Outcome.DROPPED
    assert b"serve" not in content(made)


@pytest.mark.parametrize("key", FOREIGN)
@pytest.mark.parametrize("servers", [7, "a, b", {"local": {"command": "serve"}}, [{"local": None}], [["x"]], [{}]])
def test_servers_in_an_odd_form_do_no_harm(key: str, servers: Any) -> None:
    assert not exported(key, mcpServers=servers).is_refused


# --- Description and prompt ---------------------------------------------------------------------------------

REFUSED = [
    ("qwen", "Too short", "takes no prompt of fewer than 10 characters, and this one has 9"),
    ("qwen", "  \n ", "The prompt is empty"),
    ("codex", "\n\t\n", "The prompt is empty"),
    ("droid", "\ufeff \n", "The prompt is empty"),
    ("copilot", "x" * 30_001, "at most 30,000 characters, and this one has 30,001"),
]


@pytest.mark.parametrize(("key", "prompt", "sentence"), REFUSED)
def test_a_prompt_that_a_tool_does_not_take_is_refused_with_the_reason(key: str, prompt: str, sentence: str) -> None:
    made = exported(key, prompt=prompt)
    assert (made.is_refused, made.content) == (True, None)
    assert sentence in line(made, "prompt").sentence
    assert line(made, "prompt").outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("key", "prompt"),
    [("qwen", "Just right"), ("copilot", "x" * 30_000), ("gemini", ""), ("opencode", ""), ("cursor", ""), ("kiro", "")],
)
def test_a_prompt_that_a_tool_takes_is_kept(key: str, prompt: str) -> None:
    assert read_back(exported(key, prompt=prompt))[1] == prompt


@pytest.mark.parametrize("key", FOREIGN)
def test_a_place_to_be_filled_in_is_changed_only_where_the_tool_would_fill_it_in(key: str) -> None:
    made = exported(key, prompt="Say `${name}`, ${ x } and $HOME.\n")
    changed = key in ("gemini", "qwen")
    assert read_back(made)[1] == (
        "Say `${ name }`, ${ x } and $HOME.\n" if changed else "Say `${name}`, ${ x } and $HOME.\n"
    )
    assert (line(made, "prompt").outcome is Outcome.CHANGED) == changed


@pytest.mark.parametrize("key", ["claude-plugin", *FOREIGN])
def test_a_literal_line_break_in_a_description_is_a_real_one(key: str) -> None:
    found, _ = read_back(exported(key, description='Reviews.\\n\\n- User: "x"'))
    assert found["description"] == 'Reviews.\n\n- User: "x"'


@pytest.mark.parametrize(("key", "advised"), [("qwen", "1,000"), ("droid", "500")])
def test_a_long_description_is_kept_with_a_word_about_it(key: str, advised: str) -> None:
    told = line(exported(key, description="x" * 1001), "description")
    assert told.outcome is Outcome.KEPT
    assert f"advises at most {advised} characters" in told.sentence


def test_what_plugins_ignore_is_left_out_of_them_and_everything_else_kept() -> None:
    made = exported(
        "claude-plugin", permissionMode="plan", hooks={"Stop": []}, initialPrompt="Go.", vibe="no", color="x"
    )
    assert values_of(made) == {"vibe": "no", "color": "x"}
    assert [line.field for line in made.losses] == ["permissionMode", "hooks", "initialPrompt"]


def values_of(made: Any) -> dict[str, Any]:
    found, _ = read_back(made)
    return {field: value for field, value in found.items() if field not in ("name", "description")}


def test_sentences_hold_only_a_beginning_of_a_long_or_invisible_word() -> None:
    told = line(exported("gemini", tools=["Read", "a\x1b[31m" + "b" * 500]), "tools").sentence
    assert told.endswith("no such tool is known: a [31m" + "b" * 54 + "….")
