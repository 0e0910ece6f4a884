"""Qwen Code: extensions from the repository, and the files of our export in a project."""

from __future__ import annotations

import json
import re

from tests.clients.agents import missing, named
from tests.clients.bench import AGENT, Bench
from tests.clients.homes import NOWHERE, Home
from tests.clients.table import Failed
from tests.clients.updates import follow

KEY = "qwen"


def story(bench: Bench) -> None:
    home, steps = _home(bench), bench.steps(KEY)
    with steps.step("`extensions install …/catalog.git:<agent>`, and the agent in the init event") as tell:
        home.run("qwen", "extensions", "install", f"{bench.catalog.repository}:{AGENT}", "--consent")
        _expect(home, AGENT)
        tell(f"{_installed(home)}, `{AGENT}`")
    follow(
        *(bench, steps, "`extensions update`"),
        update=lambda: home.run("qwen", "extensions", "update", AGENT),
        version=lambda: _installed(home),
        file=lambda: home.the_file(f".qwen/extensions/{AGENT}/agents/*.md"),
    )
    home = _home(bench)
    with steps.step("the export in `.qwen/agents`, in the init event") as tell:
        files = bench.catalog.exported([AGENT], KEY).files
        home.fill("project/.qwen/agents", files)
        _expect(home, AGENT)
        tell(f"`{AGENT}`")


def private(bench: Bench, token: str) -> None:
    home = _home(bench)
    with bench.steps(KEY).step("private catalog: install with a token in the address") as tell:
        home.run("qwen", "extensions", "install", f"{bench.catalog.opened_with(token)}:{AGENT}", "--consent")
        tell(_installed(home))


def whole(bench: Bench, names: list[str], collections: list[str]) -> None:
    home, steps = _home(bench), bench.steps(KEY)
    with steps.step(f"{len(collections)} collections with all {len(names):,} agents: `extensions install`") as tell:
        for collection in collections:
            home.run("qwen", "extensions", "install", f"{bench.catalog.repository}:{collection}", "--consent")
        tell("all installed")
    expected = named(sorted(home.folder.glob(".qwen/extensions/*/agents/*.md")))
    absent = {name: "in no collection" for name in names if name not in expected}
    steps.loading("plugins of collections", len(names), absent | missing(expected, agents_in(home)))
    home, exported = _home(bench), bench.catalog.exported(names, KEY)
    written = home.fill("project/.qwen/agents", exported.files)
    steps.loading("exports in `.qwen/agents`", len(names), exported.left_out | missing(named(written), agents_in(home)))


def agents_in(home: Home) -> list[str]:
    """The agents of the init event, which is printed before the model is asked, and does not answer."""
    printed = home.run("qwen", "-p", "x", "--output-format", "stream-json", "--auth-type", "openai", status=None)
    events = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    [event] = [event for event in events if event.get("subtype") == "init"]
    return list(event["agents"])


def _home(bench: Bench) -> Home:
    # A model of one's own needs no login. This one does not answer.
    return bench.home(KEY, OPENAI_API_KEY="none", OPENAI_BASE_URL=f"{NOWHERE}/v1", OPENAI_MODEL="none-that-answers")


def _expect(home: Home, name: str) -> None:
    if name not in (found := agents_in(home)):
        raise Failed(f"{name} is not among {found}")


def _installed(home: Home) -> str:
    printed = home.run("qwen", "extensions", "list")
    if not (found := re.search(rf"{AGENT} \(([^)]+)\)", printed)):
        raise Failed(f"not installed: {printed}")
    return found[1]
