"""Exports of small agents, for tests that look at one field each."""

import json
import tomllib
from pathlib import Path
from typing import Any

from catalog.definition import DefinitionHandler, parse
from catalog.exports import Export, Line, export

FILES = Path(__file__).parent / "exports"
SOURCE = (FILES / "source.md").read_bytes()  # a representative agent, with every kind of field
FOREIGN = ("opencode", "copilot", "cursor", "gemini", "codex", "qwen", "kiro", "droid")


def exported(key: str, *, prompt: str = "You review code.\n", **fields: Any) -> Export:
    """The export of a reviewer with these fields: `exported("qwen", tools="Read")`."""
    values = {"name": "code-reviewer", "description": "Reviews code."} | fields
    lines = [f"{field}: {json.dumps(value, ensure_ascii=False)}" for field, value in values.items()]
    return export(parse("\n".join(["---", *lines, "---", prompt])), key)


def line(made: Export, field: str) -> Line:
    """The one line of the report about a field."""
    [found] = [line for line in made.report if line.field == field]
    return found


def content(made: Export) -> bytes:
    assert made.content is not None, made.report
    return made.content


def read_back(made: Export) -> tuple[dict[str, Any], str]:
    """The fields of the file and its prompt, as a strict program reads them."""
    text = content(made).decode()
    if made.tool.key == "codex":
        values = tomllib.loads(text)
        return values, values.pop("developer_instructions")
    block, prompt = DefinitionHandler().split(text)
    return DefinitionHandler().load(block), prompt


def values(key: str, **fields: Any) -> dict[str, Any]:
    """The fields of an export, without those that every agent has."""
    found, _ = read_back(exported(key, **fields))
    return {field: value for field, value in found.items() if field not in ("name", "description", "mode")}
