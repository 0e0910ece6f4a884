"""GitHub Copilot CLI: the marketplace by git, plugins, and the files of our export in a project."""

from __future__ import annotations

import json
import re

from tests.clients.agents import missing, named
from tests.clients.bench import AGENT, Bench
from tests.clients.homes import NOWHERE, Home
from tests.clients.server import MARKETPLACE
from tests.clients.table import Failed
from tests.clients.updates import follow

KEY = "copilot"
_AVAILABLE = re.compile(r"No such agent: \S+, available: (.*)")


def story(bench: Bench) -> None:
    home, steps = _home(bench), bench.steps(KEY)
    with steps.step("`plugin marketplace add …/catalog.git`"):
        home.run("copilot", "plugin", "marketplace", "add", bench.catalog.repository)
    with steps.step("`plugin install`, and the agent among those of `--agent`") as tell:
        home.run("copilot", "plugin", "install", f"{AGENT}@{MARKETPLACE}")
        _expect(home, f"{AGENT}:{AGENT}")
        tell(f"{_installed(home)}, `{AGENT}:{AGENT}`")
    follow(
        *(bench, steps, "`plugin marketplace update`, `plugin update`"),
        update=lambda: _update(home),
        version=lambda: _installed(home),
        file=lambda: home.the_file(f".copilot/installed-plugins/{MARKETPLACE}/{AGENT}/agents/*.md"),
    )
    with steps.step("the export in `.github/agents`, among those of `--agent`") as tell:
        files = bench.catalog.exported([AGENT], KEY).files
        home.fill("project/.github/agents", files)
        _expect(home, AGENT)
        tell(f"`{AGENT}`")


def private(bench: Bench, token: str) -> None:
    home = _home(bench)
    with bench.steps(KEY).step("private catalog: add and install with a token in the address") as tell:
        home.run("copilot", "plugin", "marketplace", "add", bench.catalog.opened_with(token))
        home.run("copilot", "plugin", "install", f"{AGENT}@{MARKETPLACE}")
        tell(_installed(home))


def whole(bench: Bench, names: list[str], collections: list[str]) -> None:
    home, steps = _home(bench), bench.steps(KEY)
    with steps.step(f"the marketplace of {len(names):,}, and {len(collections)} collections with all: add, install"):
        home.run("copilot", "plugin", "marketplace", "add", bench.catalog.repository)
        for collection in collections:
            home.run("copilot", "plugin", "install", f"{collection}@{MARKETPLACE}")
    folder = home.folder / f".copilot/installed-plugins/{MARKETPLACE}"
    expected = {
        stem: f"{collection}:{name}"
        for collection in collections
        for stem, name in named(sorted((folder / collection / "agents").iterdir())).items()
    }
    absent = {name: "in no collection" for name in names if name not in expected}
    steps.loading("plugins of collections", len(names), absent | missing(expected, agents_in(home)))
    home, exported = _home(bench), bench.catalog.exported(names, KEY)
    written = home.fill("project/.github/agents", exported.files)
    absent = exported.left_out | missing(named(written), agents_in(home))
    steps.loading("exports in `.github/agents`", len(names), absent)


def agents_in(home: Home) -> list[str]:
    """Every agent it knows: it tells them to who asks for one that is not there. No model is asked before."""
    printed = home.run("copilot", "-p", "x", "--agent", "none-of-these", status=1)
    if not (found := _AVAILABLE.search(printed)):
        raise Failed(printed)
    return found[1].split(", ")


def _home(bench: Bench) -> Home:
    # A model of one's own needs no login. This one does not answer.
    return bench.home(
        KEY, COPILOT_OFFLINE="true", COPILOT_PROVIDER_BASE_URL=f"{NOWHERE}/v1", COPILOT_MODEL="none-that-answers"
    )


def _update(home: Home) -> None:
    home.run("copilot", "plugin", "marketplace", "update", MARKETPLACE)
    home.run("copilot", "plugin", "update", f"{AGENT}@{MARKETPLACE}")


def _expect(home: Home, name: str) -> None:
    if name not in (found := agents_in(home)):
        raise Failed(f"{name} is not among {found}")


def _installed(home: Home) -> str:
    plugins = {plugin["name"]: plugin for plugin in json.loads(home.run("copilot", "plugin", "list", "--json"))}
    return str(plugins[AGENT]["version"])
