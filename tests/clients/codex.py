"""OpenAI Codex: the marketplace by git, and roles from our exports in what it tells the model."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from tests.clients.agents import missing, named
from tests.clients.bench import AGENT, Bench
from tests.clients.homes import Home
from tests.clients.server import MARKETPLACE, Exported
from tests.clients.table import Failed
from tests.clients.updates import follow

KEY = "codex"
_ROLE = re.compile(r"^(\S.*): \{$", re.MULTILINE)
_OWN = {"default", "explorer", "worker"}


def story(bench: Bench) -> None:
    home, steps = bench.home(KEY), bench.steps(KEY)
    with steps.step("`plugin marketplace add …/catalog.git`"):
        home.run("codex", "plugin", "marketplace", "add", bench.catalog.repository)
    with steps.step("`plugin add`") as tell:
        home.run("codex", "plugin", "add", f"{AGENT}@{MARKETPLACE}")
        tell(_installed(home))
    follow(
        *(bench, steps, "`plugin marketplace upgrade`"),
        update=lambda: home.run("codex", "plugin", "marketplace", "upgrade", MARKETPLACE),
        version=lambda: _installed(home),
        file=lambda: home.the_file(f".codex/plugins/cache/{MARKETPLACE}/{AGENT}/{_installed(home)}/agents/*.md"),
    )
    with steps.step("a role from the export, in `debug prompt-input`") as tell:
        _fill(home, bench.catalog.exported([AGENT], KEY))
        if AGENT not in (found := _roles(_told(home))):
            raise Failed(f"{AGENT} is not among the roles {sorted(found)}")
        tell(f"`{AGENT}` among the available roles")


def private(bench: Bench, token: str) -> None:
    home = bench.home(KEY)
    with bench.steps(KEY).step("private catalog: add and install with a token in the address") as tell:
        home.run("codex", "plugin", "marketplace", "add", bench.catalog.opened_with(token))
        home.run("codex", "plugin", "add", f"{AGENT}@{MARKETPLACE}")
        tell(_installed(home))


def whole(bench: Bench, names: list[str], collections: list[str]) -> None:
    home, steps = bench.home(KEY), bench.steps(KEY)
    with steps.step(f"{len(collections)} collections with all {len(names):,} agents: `plugin add`"):
        home.run("codex", "plugin", "marketplace", "add", bench.catalog.repository)
        for collection in collections:
            home.run("codex", "plugin", "add", f"{collection}@{MARKETPLACE}")
    exported = bench.catalog.exported(names, KEY)
    written = _fill(home, exported)
    told = _told(home)
    absent = exported.left_out | missing(named(written), _roles(told))
    for path in written:
        if tomllib.loads(path.read_bytes().decode())["description"] not in told:
            absent.setdefault(path.stem, "another description")
    steps.loading("roles from exports", len(names), absent)


def _told(home: Home) -> str:
    """Everything that the model is told."""
    printed = home.run("codex", "debug", "prompt-input", "x")
    start = printed.index("[\n") if printed.startswith("[") else printed.index("\n[")  # warnings stand before it
    return "\n".join(_texts(json.loads(printed[start:])))


def _roles(told: str) -> set[str]:
    """The roles that the model may choose from, but for those it always has."""
    return set(_ROLE.findall(told.partition("Available roles:")[2])) - _OWN


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [text for one in value for text in _texts(one)] if isinstance(value, list) else []


def _fill(home: Home, exported: Exported) -> list[Path]:
    # A person's own: those of a project are read where a person has said that it is trusted.
    return home.fill(".codex/agents", exported.files)


def _installed(home: Home) -> str:
    printed = home.run("codex", "plugin", "list", "--json")
    plugins = {plugin["name"]: plugin for plugin in json.loads(printed[printed.index("{") :])["installed"]}
    return str(plugins[AGENT]["version"])
