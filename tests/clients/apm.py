"""apm, the Agent Package Manager: packages from the catalog's registry, for several tools."""

from __future__ import annotations

import re
from pathlib import Path

from tests.clients.bench import AGENT, Bench
from tests.clients.homes import Home
from tests.clients.table import Failed
from tests.clients.updates import follow

KEY = "apm"
_LOCKED = re.compile(r"^  version: (\S+)$", re.MULTILINE)


def story(bench: Bench) -> None:
    home, steps = bench.home(KEY, APM_TELEMETRY="0"), bench.steps(KEY)
    with steps.step("`install agents/<agent>` for Claude Code") as tell:
        _configure(bench, home)
        home.run("apm", "install", f"agents/{AGENT}#>=1.0.0", "--target", "claude")
        if _deployed(home).read_bytes() != bench.catalog.source_of(AGENT):
            raise Failed("the file is not the published one")
        tell(f"{_locked(home)}, byte for byte")
    follow(
        *(bench, steps, "`update`"),
        update=lambda: home.run("apm", "update", "--yes"),
        version=lambda: _locked(home),
        file=lambda: _deployed(home),
    )
    with steps.step("`install --frozen` from the lock file, elsewhere") as tell:
        other = bench.home(KEY, APM_TELEMETRY="0")
        _configure(bench, other)
        for name in ("apm.yml", "apm.lock.yaml"):
            (other.project / name).write_bytes((home.project / name).read_bytes())
        other.run("apm", "install", "--frozen")
        if _deployed(other).read_bytes() != _deployed(home).read_bytes():
            raise Failed("another file was installed")
        tell(_locked(other))
    with steps.step("`install opencode/<agent>`: the export for OpenCode") as tell:
        other = bench.home(KEY, APM_TELEMETRY="0")
        _configure(bench, other)
        other.run("apm", "install", f"opencode/{AGENT}#>=1.0.0", "--target", "opencode")
        exported = next(iter(bench.catalog.exported([AGENT], "opencode").files.values()))
        if (other.project / f".opencode/agents/{AGENT}.md").read_bytes() != exported:
            raise Failed("the file is not the export")
        tell(_locked(other))


def whole(bench: Bench, names: list[str], collections: list[str]) -> None:
    home, steps = bench.home(KEY, APM_TELEMETRY="0"), bench.steps(KEY)
    _configure(bench, home)
    absent = {name: "apm takes names of ASCII letters only" for name in names if not name.isascii()}
    wanted = [name for name in names if name not in absent]
    packages = "".join(f'    - {{id: agents/{name}, version: ">=1.0.0", registry: catalog}}\n' for name in wanted)
    manifest = f"name: everything\nversion: 1.0.0\ndependencies:\n  apm:\n{packages}"
    (home.project / "apm.yml").write_text(manifest, encoding="utf-8")
    with steps.step(f"`install` of {len(wanted):,} packages at once") as tell:
        home.run("apm", "install", "--target", "claude", timeout=1200)
        tell("all installed")
    found = {path.stem for path in (home.project / ".claude" / "agents").glob("*.md")}
    absent |= {name: "not installed" for name in wanted if name not in found}
    steps.loading("packages, for Claude Code", len(names), absent)


def _configure(bench: Bench, home: Home) -> None:
    home.run("apm", "experimental", "enable", "registries")
    home.run("apm", "config", "set", "registry.catalog.url", f"{bench.catalog.address}/apm")
    home.run("apm", "config", "set", "registry.catalog.default", "true")


def _deployed(home: Home) -> Path:
    return home.project / f".claude/agents/{AGENT}.md"


def _locked(home: Home) -> str:
    found = _LOCKED.search((home.project / "apm.lock.yaml").read_text(encoding="utf-8"))
    return found[1] if found else "no version"
