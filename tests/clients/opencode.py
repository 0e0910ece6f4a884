"""OpenCode: the files of our export in a project."""

from __future__ import annotations

import json
import re
from pathlib import Path

from catalog.definition import read
from tests.clients.bench import AGENT, Bench
from tests.clients.homes import Home
from tests.clients.table import Failed

KEY = "opencode"
_LISTED = re.compile(r"^(\S.*) \((?:primary|subagent|all)\)$", re.MULTILINE)


def story(bench: Bench) -> None:
    home, steps = bench.home(KEY), bench.steps(KEY)
    with steps.step("the export in `.opencode/agents`, in `agent list`") as tell:
        files = bench.catalog.exported([AGENT], KEY).files
        home.fill("project/.opencode/agents", files)
        if AGENT not in (found := agents_in(home)):
            raise Failed(f"{AGENT} is not among {found}")
        tell(f"`{AGENT}`")
    with steps.step("`debug agent`: the tools are those of the source") as tell:
        told = json.loads(home.run("opencode", "debug", "agent", AGENT))
        allowed = sorted(name for name, is_allowed in told["tools"].items() if is_allowed)
        if not {"bash", "glob", "grep", "read"} <= set(allowed) or {"edit", "write", "webfetch"} & set(allowed):
            raise Failed(f"allowed are {allowed}")
        tell(", ".join(f"`{name}`" for name in allowed))


def whole(bench: Bench, names: list[str], collections: list[str]) -> None:
    home, exported = bench.home(KEY), bench.catalog.exported(names, KEY)
    written = home.fill("project/.opencode/agents", exported.files)
    steps = bench.steps(KEY)
    with steps.step(f"`agent list` with all {len(written):,} exports in one project") as tell:
        if absent := {path.stem for path in written} - set(agents_in(home)):
            raise Failed(f"{len(absent)} are not among them: {sorted(absent)[:3]}")
        tell("all listed: no file spoils the configuration")
    with steps.step("`debug config` of the same: the texts are those of the files"):
        printed = home.run("opencode", "debug", "config")
        loaded = json.loads(printed[printed.index("{") :])["agent"]
        reasons = {path.stem: _difference(path, loaded) for path in written}
        absent_or_other = {stem: reason for stem, reason in reasons.items() if reason}
        steps.loading("exports in `.opencode/agents`", len(names), exported.left_out | absent_or_other)


def _difference(path: Path, loaded: dict[str, dict[str, str]]) -> str:
    """In what the client's reading of a file differs from ours; "" for nothing."""
    if path.stem not in loaded:
        return "not loaded"
    told, definition = loaded[path.stem], read(path.read_bytes().decode())
    ours = {"description": definition.description, "prompt": definition.prompt}
    return ", ".join(f"another {field}" for field, text in ours.items() if told[field].strip() != text.strip())


def agents_in(home: Home) -> list[str]:
    """What `agent list` prints. One file that it cannot read, and it prints none."""
    return _LISTED.findall(home.run("opencode", "agent", "list"))
