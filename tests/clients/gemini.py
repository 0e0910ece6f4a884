"""Gemini CLI: its own loader of agent files, over those of our export."""

from __future__ import annotations

import json
from pathlib import Path

from tests.clients.bench import AGENT, Bench
from tests.clients.server import Exported
from tests.clients.table import Failed

KEY = "gemini"
_LOADER = "node_modules/@google/gemini-cli-core/dist/src/agents/agentLoader.js"
_PROGRAM = """\
const {loadAgentsFromDirectory} = await import(process.argv[2]);
const loaded = await loadAgentsFromDirectory(process.argv[3]);
const errors = loaded.errors.map((error) => error.message);
console.log("LOADED" + JSON.stringify({names: loaded.agents.map((agent) => agent.name), errors}));
"""


def story(bench: Bench) -> None:
    with bench.steps(KEY).step("the export, by its loader") as tell:
        names, errors = _load(bench, bench.catalog.exported([AGENT], KEY))
        if (names, errors) != ([AGENT], []):
            raise Failed(f"loaded {names}, {errors}")
        tell(f"`{AGENT}`")


def whole(bench: Bench, names: list[str], collections: list[str]) -> None:
    exported = bench.catalog.exported(names, KEY)
    _, errors = _load(bench, exported)
    refused = [error.removeprefix("Failed to load agent from ").partition(": ") for error in errors]
    absent = exported.left_out | {Path(file).stem: reason for file, _, reason in refused}
    bench.steps(KEY).loading("exports, by its loader", len(names), absent)


def _load(bench: Bench, exported: Exported) -> tuple[list[str], list[str]]:
    home = bench.home(KEY)
    home.fill("agents", exported.files)
    [program] = home.fill(".", {"load.mjs": _PROGRAM.encode()})
    loader = bench.workshop.folder_of(KEY) / _LOADER
    printed = home.run("node", str(program), str(loader), str(home.folder / "agents"))
    told = json.loads(printed[printed.index("LOADED") + len("LOADED") :].splitlines()[0])
    return told["names"], told["errors"]
