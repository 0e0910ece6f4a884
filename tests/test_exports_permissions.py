"""What an agent may use in another tool: never more than in its file without a sentence that says so."""

import time
from typing import Any

import pytest

from catalog.exports import Outcome
from tests.exported import exported, line, read_back, values

pytestmark = pytest.mark.plain

READING = {"*": "allow", "*.env": "ask", "*.env.*": "ask", "*.env.example": "allow"}
LISTED = ("copilot", "gemini", "qwen", "kiro", "droid")
EVERY_TOOL: list[dict[str, Any]] = [{}, {"tools": ""}, {"tools": []}, {"tools": "*"}, {"tools": {"write": False}}]


# --- Every tool ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", EVERY_TOOL, ids=str)
def test_without_a_list_or_with_an_empty_one_an_agent_may_use_every_tool(fields: dict[str, Any]) -> None:
    for key in ("opencode", "copilot", "gemini", "qwen", "droid"):
        assert not {"tools", "permission"} & set(values(key, **fields)), key
    assert values("kiro", **fields) == {"tools": ["*"]}
    assert "readonly" not in values("cursor", **fields)
    assert "sandbox_mode" not in values("codex", **fields)


# --- A list -------------------------------------------------------------------------------------------------

READ_GREP_BASH = "Read, Grep, Bash"
ALLOWED = [
    ("copilot", READ_GREP_BASH, ["read", "search", "execute"]),
    ("gemini", READ_GREP_BASH, ["read_file", "grep_search", "run_shell_command"]),
    ("qwen", READ_GREP_BASH, ["ReadFile", "Grep", "Shell"]),
    ("kiro", READ_GREP_BASH, ["read", "shell"]),
    ("droid", READ_GREP_BASH, ["Read", "Grep", "Execute"]),
    ("gemini", "Read Write MultiEdit LS", ["read_file", "write_file", "replace", "list_directory"]),
    ("droid", "Write, Edit, LS, TodoWrite, WebFetch", ["Create", "Edit", "LS", "FetchUrl"]),
    ("copilot", "Task, TodoWrite, WebSearch, WebFetch", ["agent", "todo", "web"]),
    ("kiro", "Glob, WebSearch, Task", ["read", "web", "subagent"]),
    ("copilot", "mcp__github__get_issue, mcp__linear, mcp__s__*", ["github/get_issue", "linear/*", "s/*"]),
    ("gemini", "mcp__github__get_issue, mcp__linear, mcp__*", ["mcp_github_get_issue", "mcp_linear_*", "mcp_*"]),
    ("qwen", "mcp__github__get_issue, Skill", ["mcp__github__get_issue", "Skill"]),
    ("kiro", "mcp__github__get_issue, mcp__linear, mcp__*", ["@github/get_issue", "@linear", "@mcp"]),
]


@pytest.mark.parametrize(("key", "tools", "expected"), ALLOWED)
def test_a_list_is_written_in_the_words_of_the_tool(key: str, tools: str, expected: list[str]) -> None:
    assert values(key, tools=tools)["tools"] == expected


def test_opencode_allows_what_is_listed_and_denies_the_rest() -> None:
    made = values("opencode", tools="Read, Write, Task, mcp__git.hub__get, mcp__linear__*")
    assert made["permission"] == {
        "*": "deny",
        "read": READING,
        "edit": "allow",
        "task": "allow",
        "git_hub_get": "allow",
        "linear_*": "allow",
    }
    assert next(iter(made["permission"])) == "*", "the last rule that fits counts"


@pytest.mark.parametrize(
    ("key", "tools", "sentence", "is_of_weight"),
    [
        ("kiro", "Grep", "There “read” also allows Read and Glob.", True),
        ("copilot", "Glob", "There “search” also allows Grep.", True),
        ("copilot", "Grep", "There “search” also allows Glob.", False),
        ("copilot", "Read, Glob", "There “search” also allows Grep.", False),
        ("copilot", "Read(docs/*), Glob", "There “search” also allows Grep.", True),
        ("opencode", "Edit", "There “edit” also allows Write.", True),
        ("opencode", "Read, Edit, Write(docs/*)", "There “edit” also allows Write without limits.", True),
        ("kiro", "Read, Glob, Grep(secret)", "There “read” also allows Grep without limits.", True),
    ],
)
def test_a_word_that_stands_for_more_than_the_file_names_is_told(
    key: str, tools: str, sentence: str, is_of_weight: bool
) -> None:
    told = line(exported(key, tools=tools), "tools")
    assert told.outcome is Outcome.CHANGED
    assert sentence in told.sentence
    assert told.widens is is_of_weight


def test_words_for_exactly_what_the_file_names_are_no_change() -> None:
    assert line(exported("kiro", tools="Read, Glob, Grep"), "tools").outcome is Outcome.KEPT
    assert line(exported("gemini", tools="Read, Bash"), "tools").outcome is Outcome.KEPT
    assert line(exported("copilot", tools="Read, Write, Bash"), "tools").outcome is Outcome.KEPT, "no more power"


# --- Names a tool does not know -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["opencode", "gemini", "qwen", "kiro", "droid"])
def test_a_name_that_is_no_tool_is_left_out_and_told(key: str) -> None:
    made = exported(key, tools="Read, bash, read_file, *a*")
    found, _ = read_back(made)
    written = found.get("permission", found.get("tools"))
    assert set(written) <= {"*", "read", "read_file", "ReadFile", "Read"}
    assert len(written) == (2 if key == "opencode" else 1)
    assert "no such tool is known: bash" in line(made, "tools").sentence


def test_copilot_passes_over_names_it_does_not_know_so_they_stay() -> None:
    made = exported("copilot", tools="Read, search/codebase, azure.tool")
    assert read_back(made)[0]["tools"] == ["read", "search/codebase", "azure.tool"]
    told = line(made, "tools")
    assert "so they are left as they stand: search/codebase and azure.tool" in told.sentence
    assert (told.outcome, told.widens) == (Outcome.CHANGED, True)


@pytest.mark.parametrize("limit", [{"permissionMode": "plan"}, {"disallowedTools": "Edit"}], ids=str)
def test_none_stays_where_something_is_taken_away_that_it_might_stand_for(limit: dict[str, Any]) -> None:
    made = exported("copilot", tools="Read, edit, execute", **limit)
    assert read_back(made)[0]["tools"] == ["read"]
    assert "no such tool is known: edit and execute" in line(made, "tools").sentence


@pytest.mark.parametrize("key", ["qwen", "kiro", "droid"])
@pytest.mark.parametrize("tools", ["Foo, bar", "LSP", "ScheduleWakeup, mcp__a__b*"])
def test_a_list_of_which_nothing_is_left_is_refused_where_it_could_mean_every_tool(key: str, tools: str) -> None:
    made = exported(key, tools=tools)
    assert made.is_refused
    assert "Name at least one tool that it has." in line(made, "tools").sentence


def test_a_list_of_which_nothing_is_left_is_an_empty_one_where_that_means_no_tool() -> None:
    assert values("copilot", tools="LSP")["tools"] == []
    assert values("gemini", tools="Foo")["tools"] == []
    assert values("opencode", tools="Foo")["permission"] == {"*": "deny"}
    assert line(exported("gemini", tools="Foo"), "tools").outcome is Outcome.CHANGED


# --- Tools limited by rules ---------------------------------------------------------------------------------

GIT = "Read, Bash(git diff:*), Bash(npm test), Bash(git log *)"


def test_opencode_keeps_the_commands_an_agent_is_limited_to() -> None:
    made = exported("opencode", tools=GIT)
    allowed = {"*": "deny", "git diff *": "allow", "npm test": "allow", "git log *": "allow"}
    assert read_back(made)[0]["permission"]["bash"] == allowed
    assert line(made, "tools").outcome is Outcome.KEPT


def test_opencode_keeps_the_agents_and_skills_an_agent_is_limited_to() -> None:
    permission = values("opencode", tools="Agent(planner, reviewer), Skill(notes)")["permission"]
    assert permission["task"] == {"*": "deny", "planner": "allow", "reviewer": "allow"}
    assert permission["skill"] == {"*": "deny", "notes": "allow"}


def test_kiro_asks_before_any_other_command_than_those_an_agent_is_limited_to() -> None:
    made = exported("kiro", tools=GIT)
    found, _ = read_back(made)
    commands = ["git diff *", "npm test", "git log *"]
    assert found["tools"] == ["read", "shell"]
    assert found["permissions"] == [{"capability": "shell", "effect": "allow", "match": commands}]
    assert line(made, "tools").outcome is Outcome.CHANGED
    assert "asks before any other" in line(made, "tools").sentence


@pytest.mark.parametrize("key", ["copilot", "gemini", "qwen", "droid"])
def test_an_agent_limited_to_some_commands_gets_no_shell_where_that_cannot_be_said(key: str) -> None:
    made = exported(key, tools=GIT)
    assert len(read_back(made)[0]["tools"]) == 1
    told = line(made, "tools")
    assert told.outcome is Outcome.CHANGED
    assert "cannot limit Bash (git diff *, npm test and git log *) in this way" in told.sentence


@pytest.mark.parametrize("key", ["opencode", *LISTED])
@pytest.mark.parametrize("tool", ["Read(src/**)", "WebFetch(domain:example.com)", "Edit(docs/*)"])
def test_other_rules_have_no_form_anywhere_so_the_tool_is_left_out(key: str, tool: str) -> None:
    made = exported(key, tools=["Bash", tool])
    assert f"cannot limit {tool.replace('(', ' (')} in this way" in line(made, "tools").sentence
    found, _ = read_back(made)
    assert found.get("permission", {"*": "deny", "bash": "allow"}) == {"*": "deny", "bash": "allow"}
    assert len(found.get("tools", ["bash"])) == 1


def test_a_command_with_a_sign_that_opencode_reads_otherwise_is_left_out() -> None:
    assert "bash" not in values("opencode", tools="Read, Bash(ls file?)")["permission"]


def test_the_whole_tool_beside_a_rule_is_the_whole_tool() -> None:
    assert values("opencode", tools="Bash(git *), Bash")["permission"]["bash"] == "allow"
    assert values("gemini", tools="Bash(*)")["tools"] == ["run_shell_command"]


# --- Tools taken away ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("copilot", ["read", "edit", "search", "web", "todo", "agent"]),
        ("kiro", ["read", "write", "web", "subagent", "@mcp"]),
        ("droid", ["Read", "LS", "Grep", "Glob", "Create", "Edit", "WebSearch", "FetchUrl"]),
    ],
)
def test_what_is_left_of_every_tool_is_listed(key: str, expected: list[str]) -> None:
    made = exported(key, disallowedTools="Bash, PowerShell")
    assert read_back(made)[0]["tools"] == expected
    assert line(made, "disallowedTools").outcome is Outcome.CHANGED


def test_opencode_denies_what_is_taken_away_and_leaves_the_rest_to_its_user() -> None:
    made = values("opencode", disallowedTools="Bash, mcp__github, mcp__linear__delete_issue, WebFetch")
    assert made["permission"] == {
        "bash": "deny",
        "webfetch": "deny",
        "github_*": "deny",
        "linear_delete_issue": "deny",
    }


@pytest.mark.parametrize("everything", ["mcp__*", "*"])
def test_opencode_allows_single_tools_where_every_server_is_taken_away(everything: str) -> None:
    permission = values("opencode", disallowedTools=everything)["permission"]
    assert permission["*"] == "deny"
    assert ("bash" in permission) == (everything == "mcp__*")


def test_qwen_keeps_the_field() -> None:
    made = exported("qwen", tools="Read, Edit", disallowedTools="MultiEdit, mcp__github__*, PowerShell, odd")
    found, _ = read_back(made)
    assert (found["tools"], found["disallowedTools"]) == (["ReadFile", "Edit"], ["Edit", "mcp__github__*", "odd"])
    assert "nothing like PowerShell" in line(made, "disallowedTools").sentence


def test_qwen_is_told_every_tool_where_every_tool_is_taken_away() -> None:
    made = exported("qwen", disallowedTools="*")
    denied = read_back(made)[0]["disallowedTools"]
    assert {"Shell", "WriteFile", "Edit", "WebFetch", "mcp__*"} <= set(denied)
    assert "*" not in denied, "it stands for no tool of Qwen Code itself"
    told = line(made, "disallowedTools")
    assert (told.outcome, told.widens) == (Outcome.CHANGED, True)


@pytest.mark.parametrize("key", ["copilot", "gemini", "kiro", "droid"])
def test_what_is_taken_away_is_left_out_of_a_list(key: str) -> None:
    made = exported(key, tools="Read, Bash(git *), Bash, WebFetch", disallowedTools="Bash(rm *)")
    assert not {"execute", "run_shell_command", "shell", "Execute"} & set(read_back(made)[0]["tools"])
    assert line(made, "disallowedTools").outcome is Outcome.KEPT


def test_where_one_word_stands_for_two_tools_both_are_taken_away() -> None:
    made = exported("kiro", tools="Read, Write, Edit", disallowedTools="Write")
    assert read_back(made)[0]["tools"] == ["read"]
    assert "One word stands there for Edit too" in line(made, "disallowedTools").sentence
    assert values("opencode", disallowedTools="Write")["permission"] == {"edit": "deny"}


def test_a_server_of_which_a_tool_is_taken_away_is_left_out_where_that_cannot_be_said() -> None:
    assert values("gemini", tools="Read, mcp__a__*", disallowedTools="mcp__a__delete")["tools"] == ["read_file"]
    assert "mcp_*" not in values("gemini", disallowedTools="mcp__a__delete")["tools"]
    told = line(exported("gemini", tools="Read, mcp__a__*", disallowedTools="mcp__a__delete"), "disallowedTools")
    assert "Gemini CLI cannot take away a part of mcp__a__*, so all of it is." in told.sentence


@pytest.mark.parametrize("denied", ["mcp__gh__delete_repo", "mcp__gh", "mcp__*", "*"])
@pytest.mark.parametrize("key", ["copilot", "droid"])
def test_tools_of_servers_are_taken_away_by_a_list_of_the_others(key: str, denied: str) -> None:
    made = exported(key, disallowedTools=denied)
    told = line(made, "disallowedTools")
    if made.is_refused:  # nothing is left of a list that may not be empty
        assert (key, denied) == ("droid", "*")
        return
    listed = read_back(made)[0]["tools"]
    assert not [tool for tool in listed if "mcp" in tool or "gh" in tool]
    assert bool(listed) == (denied != "*")
    assert told.outcome is Outcome.CHANGED
    assert "nothing to take away" not in told.sentence


def test_opencode_takes_single_tools_of_a_server_away_beside_its_list() -> None:
    made = exported("opencode", tools="Read, mcp__gh__*", disallowedTools="mcp__gh__delete_repo, mcp__other__x")
    permission = read_back(made)[0]["permission"]
    assert (permission["gh_*"], permission["gh_delete_repo"]) == ("allow", "deny")
    assert list(permission).index("gh_*") < list(permission).index("gh_delete_repo"), "the last rule that fits counts"
    assert "other_x" not in permission
    assert line(made, "disallowedTools").outcome is Outcome.KEPT


def test_a_pattern_takes_away_what_fits_it_and_no_more() -> None:
    fields = {"tools": "Read, mcp__a__delete_x, mcp__a__get_x, mcp__b__get_x", "disallowedTools": "mcp__a__get_*"}
    assert values("gemini", **fields)["tools"] == ["read_file", "mcp_a_delete_x", "mcp_b_get_x"]


def test_many_patterns_are_decided_at_once() -> None:
    """With very many of them each tool of the server is taken away: nothing is looked at thousands of times."""
    denied = ", ".join(f"mcp__a__x{number}_*" for number in range(1_500))
    allowed = ", ".join(f"mcp__a__y{number}" for number in range(1_500))
    began = time.process_time()
    made = exported("gemini", tools=f"Read, {allowed}", disallowedTools=denied)
    assert time.process_time() - began < 5
    assert read_back(made)[0]["tools"] == ["read_file"]


def test_droid_has_a_tool_for_every_agent_that_cannot_be_taken_away() -> None:
    told = line(exported("droid", disallowedTools="TodoWrite"), "disallowedTools")
    assert (told.outcome, told.widens) == (Outcome.DROPPED, True)
    assert "Every agent has TodoWrite there" in told.sentence
    told = line(exported("droid", tools="Read, Edit", disallowedTools="TodoWrite, Edit"), "disallowedTools")
    assert (told.outcome, told.widens) == (Outcome.CHANGED, True)
    assert exported("droid", disallowedTools="*").is_refused


@pytest.mark.parametrize("tools", ["Bash(git *), mcp__gh__*", "Read(docs/*), mcp__gh__*", "mcp__gh__*"])
def test_droid_is_given_no_empty_list_beside_servers(tools: str) -> None:
    made = exported("droid", tools=tools)
    assert made.is_refused or read_back(made)[0]["tools"]


def test_nothing_has_to_be_taken_away_that_a_tool_does_not_have() -> None:
    made = exported("gemini", disallowedTools="NotebookEdit")
    assert "tools" not in read_back(made)[0]
    assert line(made, "disallowedTools").outcome is Outcome.KEPT


# --- Agents that only read ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "is_read_only"),
    [
        ({"tools": "Read, Grep, Glob, WebFetch"}, True),
        ({"tools": "Read, Bash(git log *)"}, False),
        ({"tools": "Read, NotebookEdit"}, False),
        ({"tools": "Read, PowerShell"}, False),
        ({"tools": "Read, MultiEdit", "disallowedTools": "Edit"}, True),
        ({"disallowedTools": "Write, Edit"}, False),
        ({"disallowedTools": "Write, Edit, NotebookEdit, Bash"}, True),
        ({"permissionMode": "plan"}, True),
        ({}, False),
    ],
)
def test_cursor_and_codex_mark_agents_that_change_nothing(fields: dict[str, str], is_read_only: bool) -> None:
    assert values("cursor", **fields).get("readonly", False) is is_read_only
    assert (values("codex", **fields).get("sandbox_mode") == "read-only") is is_read_only


@pytest.mark.parametrize("key", ["cursor", "codex"])
def test_a_tool_without_a_list_says_plainly_that_the_agent_may_use_every_tool(key: str) -> None:
    told = line(exported(key, tools="Read, Bash(git *)"), "tools")
    assert told.outcome is Outcome.DROPPED
    assert "the agent may use every tool there, not only Read and Bash (git *)" in told.sentence


@pytest.mark.parametrize("key", ["copilot", "gemini", "kiro", "droid", "opencode"])
def test_the_mode_that_changes_nothing_takes_the_tools_away_where_there_is_no_such_mode(key: str) -> None:
    made = exported(key, tools="Read, Edit, Bash(git *), Write", permissionMode="plan")
    found, _ = read_back(made)
    assert len(found.get("tools", ["read"])) == 1
    assert set(found.get("permission", {})) <= {"*", "read"}
    assert line(made, "permissionMode").outcome is Outcome.CHANGED
    assert line(made, "tools").outcome is Outcome.CHANGED
    assert "“plan” refuses what changes anything: Edit, Bash and Write" in line(made, "tools").sentence


def test_qwen_has_the_mode_that_changes_nothing() -> None:
    made = values("qwen", tools="Read, Edit", permissionMode="plan")
    assert made == {"tools": ["ReadFile", "Edit"], "approvalMode": "plan"}


# --- Limits that do not hold there --------------------------------------------------------------------------

GUARD = {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "./check.sh"}]}]}
REMINDER = {"Stop": [{"hooks": [{"type": "command", "command": "./say.sh"}]}]}


@pytest.mark.parametrize(
    ("key", "fields", "widened"),
    [
        ("codex", {"tools": "Read, Bash"}, {"tools"}),
        ("cursor", {"disallowedTools": "Bash"}, {"disallowedTools"}),
        ("cursor", {"tools": "Read, Grep"}, {"tools"}),  # marked as reading only, and may do whatever only reads
        ("cursor", {"permissionMode": "plan"}, set()),
        ("codex", {"permissionMode": "plan"}, {"permissionMode"}),  # the session that calls it decides
        ("codex", {"disallowedTools": "Write, Edit, NotebookEdit, Bash"}, {"disallowedTools"}),
        ("cursor", {"disallowedTools": "Write, Edit, NotebookEdit, Bash"}, set()),
        ("cursor", {"disallowedTools": "Write, Edit, NotebookEdit, Bash, WebFetch"}, {"disallowedTools"}),
        ("cursor", {"permissionMode": "plan", "disallowedTools": "mcp__github"}, {"disallowedTools"}),
        ("kiro", {"tools": "Bash(git *)"}, {"tools"}),  # it may ask for the others
        ("opencode", {"tools": "Bash(git *)"}, set()),
        ("opencode", {"tools": "Read", "permissionMode": "default"}, {"permissionMode"}),
        ("opencode", {"permissionMode": "default"}, set()),
        ("gemini", {"permissionMode": "dontAsk"}, {"permissionMode"}),
        ("qwen", {"permissionMode": "dontAsk"}, {"permissionMode"}),
        ("kiro", {"isolation": "remote"}, {"isolation"}),
        ("gemini", {"hooks": {"PreToolUse": []}}, set()),
        ("claude-plugin", {"permissionMode": "plan"}, {"permissionMode"}),
        ("claude-plugin", {"permissionMode": "acceptEdits"}, set()),
        ("claude-plugin", {"hooks": GUARD}, {"hooks"}),
        ("gemini", {"hooks": REMINDER}, set()),
        ("gemini", {"hooks": "PreToolUse"}, set()),
        ("opencode", {"isolation": "worktree"}, {"isolation"}),
        ("qwen", {"permissionMode": "auto"}, {"permissionMode"}),
        ("qwen", {"permissionMode": "plan", "tools": "Read, Edit", "disallowedTools": "Edit"}, set()),
        ("droid", {"tools": "Read", "color": "red", "model": "sonnet", "maxTurns": 3}, set()),
        ("claude", {"permissionMode": "plan", "hooks": GUARD}, set()),
    ],
    ids=str,
)
def test_a_limit_that_does_not_hold_there_is_marked(key: str, fields: dict[str, Any], widened: set[str]) -> None:
    assert {line.field for line in exported(key, **fields).report if line.widens} == widened
