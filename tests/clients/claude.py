"""Claude Code: the marketplace by git and by JSON, installing, updating, renaming, and which agents it loads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from catalog.definition import Reading, read
from tests.clients.agents import missing, named
from tests.clients.bench import AGENT, Bench
from tests.clients.homes import Home
from tests.clients.server import MARKETPLACE
from tests.clients.table import Failed
from tests.clients.updates import follow

KEY = "claude"
COLLECTION = "a-first-team"


def story(bench: Bench) -> None:
    _validate(bench)
    _by_git(bench)
    _by_json(bench)


def _validate(bench: Bench) -> None:
    home, steps = bench.home(KEY), bench.steps(KEY)
    home.run("git", "clone", "--quiet", bench.catalog.repository, "catalog")
    with steps.step("`plugin validate --strict` of the repository") as tell:
        home.run("claude", "plugin", "validate", "--strict", "catalog")
        tell("passed")
    plugins = sorted((home.project / "catalog" / "plugins").glob("**/.claude-plugin"))
    with steps.step("`plugin validate --strict` of each plugin") as tell:
        for plugin in plugins:
            home.run("claude", "plugin", "validate", "--strict", str(plugin.parent))
        tell(f"{len(plugins)} passed")


def _by_git(bench: Bench) -> None:
    home, steps = bench.home(KEY), bench.steps(KEY)
    with steps.step("`plugin marketplace add …/catalog.git`"):
        home.run("claude", "plugin", "marketplace", "add", bench.catalog.repository)
    _install_and_update(bench, home, "git")
    with steps.step("a collection: install, and all of it in the init event") as tell:
        home.run("claude", "plugin", "install", f"{COLLECTION}@{MARKETPLACE}")
        loaded = [name for name in agents_in(home) if name.startswith(f"{COLLECTION}:")]
        if len(loaded) != 5:
            raise Failed(f"{len(loaded)} of 5 agents: {loaded}")
        tell("5 agents")
    with steps.step("an agent that was renamed: it comes under its new name with the next session") as tell:
        home.run("claude", "plugin", "install", f"debugger@{MARKETPLACE}")
        bench.catalog.rename("debugger", "fault-finder")
        home.run("claude", "plugin", "marketplace", "update", MARKETPLACE)
        home.run("claude", "plugin", "list")  # carries the setting over to the new name
        agents_in(home)  # in this session it is installed, in the next it is there
        _expect(home, "fault-finder:fault-finder")
        tell("`fault-finder:fault-finder`")


def _by_json(bench: Bench) -> None:
    home, steps = bench.home(KEY), bench.steps(KEY)
    with steps.step("`plugin marketplace add …/marketplace.json`"):
        home.run("claude", "plugin", "marketplace", "add", f"{bench.catalog.address}/marketplace.json")
    _install_and_update(bench, home, "JSON")


def _install_and_update(bench: Bench, home: Home, way: str) -> None:
    steps = bench.steps(KEY)
    with steps.step(f"`plugin install` ({way}), and the agent in the init event") as tell:
        home.run("claude", "plugin", "install", f"{AGENT}@{MARKETPLACE}")
        _expect(home, f"{AGENT}:{AGENT}")
        tell(f"{_installed(home)['version']}, `{AGENT}:{AGENT}`")

    def update() -> None:
        home.run("claude", "plugin", "marketplace", "update", MARKETPLACE)
        home.run("claude", "plugin", "update", f"{AGENT}@{MARKETPLACE}")

    follow(
        *(bench, steps, f"`marketplace update`, `plugin update` ({way})", update),
        version=lambda: str(_installed(home)["version"]),
        file=lambda: Path(_installed(home)["installPath"]) / "agents" / f"{AGENT}.md",
    )


def private(bench: Bench, token: str) -> None:
    """Of a private catalog, with a token in the address."""
    steps = bench.steps(KEY)
    for path, way in (("catalog.git", "git"), ("marketplace.json", "JSON")):
        home = bench.home(KEY)
        with steps.step(f"private catalog: refused without a token ({way})"):
            printed = home.run("claude", "plugin", "marketplace", "add", f"{bench.catalog.address}/{path}", status=1)
            if "401" not in printed and "authentication" not in printed:
                raise Failed(printed)
        with steps.step(f"private catalog: add, install, update with a token ({way})") as tell:
            home.run("claude", "plugin", "marketplace", "add", bench.catalog.opened_with(token, path))
            home.run("claude", "plugin", "install", f"{AGENT}@{MARKETPLACE}")
            home.run("claude", "plugin", "marketplace", "update", MARKETPLACE)
            home.run("claude", "plugin", "update", f"{AGENT}@{MARKETPLACE}")
            tell(_installed(home)["version"])


def whole(bench: Bench, names: list[str], collections: list[str]) -> None:
    """Every agent: as plugins, in collections, and as the files of a project."""
    _whole_as_plugins(bench, names)
    _whole_in_collections(bench, names, collections)
    home, steps = bench.home(KEY), bench.steps(KEY)
    written = home.fill("project/.claude/agents", bench.catalog.exported(names, KEY).files)
    absent = missing(named(written), agents_in(home))
    for path in written:
        if path.stem in absent and read(path.read_bytes().decode()).reading is Reading.RECOVERED:
            absent[path.stem] = "frontmatter that the client does not read; the plugin has it mended"
    steps.loading("files as they were published", len(names), absent)


def _whole_as_plugins(bench: Bench, names: list[str]) -> None:
    home, steps = bench.home(KEY), bench.steps(KEY)
    home.run("git", "clone", "--quiet", bench.catalog.repository, "catalog")
    with steps.step(f"`plugin validate --strict` of the repository, {len(names):,} agents") as tell:
        home.run("claude", "plugin", "validate", "--strict", "catalog")
        tell("passed")
    folders = [file.parents[1] for file in sorted((home.project / "catalog" / "plugins").glob("**/plugin.json"))]
    of_agents = [folder for folder in folders if "agent" in _about(folder)]
    loaded = agents_in(home, *(word for folder in of_agents for word in ("--plugin-dir", str(folder))))
    expected = {_about(folder)["agent"]: _scoped(folder) for folder in of_agents}
    absent = {name: "no plugin" for name in names if name not in expected}
    steps.loading("plugins", len(names), absent | missing(expected, loaded))


def _whole_in_collections(bench: Bench, names: list[str], collections: list[str]) -> None:
    home, steps = bench.home(KEY), bench.steps(KEY)
    folders = []
    with steps.step(f"{len(collections)} collections with all of them: install, `plugin validate --strict`") as tell:
        home.run("claude", "plugin", "marketplace", "add", bench.catalog.repository)
        for collection in collections:
            home.run("claude", "plugin", "install", f"{collection}@{MARKETPLACE}")
            folders.append(Path(_installed(home, collection)["installPath"]))
            home.run("claude", "plugin", "validate", "--strict", str(folders[-1]))
        tell("all passed")
    expected = {stem: name for folder in folders for stem, name in _named_in(folder).items()}
    absent = {name: "in no collection" for name in names if name not in expected}
    steps.loading("plugins of collections", len(names), absent | missing(expected, agents_in(home)))


def agents_in(home: Home, *options: str) -> list[str]:
    """The agents of the init event, which is printed before anybody is asked to log in."""
    printed = home.run("claude", *options, "-p", "x", "--output-format", "stream-json", "--verbose", status=None)
    event = json.loads(printed.splitlines()[0])
    return list(event["agents"])


def _expect(home: Home, name: str) -> None:
    if name not in (found := agents_in(home)):
        raise Failed(f"{name} is not among {found}")


def _installed(home: Home, plugin: str = AGENT) -> dict[str, Any]:
    plugins = {found["id"]: found for found in json.loads(home.run("claude", "plugin", "list", "--json"))}
    found: dict[str, Any] = plugins[f"{plugin}@{MARKETPLACE}"]
    return found


def _about(folder: Path) -> dict[str, Any]:
    manifest = json.loads((folder / ".claude-plugin" / "plugin.json").read_text(encoding="utf-8"))
    about: dict[str, Any] = manifest["metadata"]
    return about


def _named_in(plugin: Path) -> dict[str, str]:
    """The agents of a plugin as the client calls them."""
    name = json.loads((plugin / ".claude-plugin" / "plugin.json").read_text(encoding="utf-8"))["name"]
    return {stem: f"{name}:{agent}" for stem, agent in named(sorted((plugin / "agents").iterdir())).items()}


def _scoped(plugin: Path) -> str:
    [name] = _named_in(plugin).values()
    return name
