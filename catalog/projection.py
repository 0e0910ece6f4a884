"""The columns and examples of a version, made from its source. Imports `models` and `definition`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from catalog.definition import CHECKS_VERSION, Definition
from catalog.definition.tools import base_name
from catalog.models import VALUE_MAX_LENGTH, Example, Version

# No database stores NUL, no UTF-8 a lone surrogate; escapes in quoted YAML can spell both.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_EXAMPLE_FIELDS = ("context", "user", "assistant", "commentary")


def storable(value: Any) -> Any:
    """The value as JSON columns take it: plain lists and dicts, and U+FFFD for what no database stores."""
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


def columns_of(definition: Definition) -> dict[str, Any]:
    """Everything about a version that follows from its source, by column."""
    columns = {
        "description": definition.description,
        "lead": definition.lead,
        "prompt": definition.prompt,
        # No real model or color comes near the columns' width; `fields` holds the whole text.
        "model": (definition.model or "")[:VALUE_MAX_LENGTH],
        "color": (definition.color or "")[:VALUE_MAX_LENGTH],
        "tools": definition.tools,
        "fields": definition.fields,
        "description_tokens": definition.description_tokens,
        "prompt_tokens": definition.prompt_tokens,
        "findings": [finding.as_dict() for finding in definition.findings],
    }
    return {**{name: storable(value) for name, value in columns.items()}, "checks_version": CHECKS_VERSION}


def facets_of(version: Version) -> dict[str, Any]:
    """By what people narrow a list of agents: model, permission mode, and the names of the tools; null: all tools."""
    mode = version.fields.get("permissionMode")
    return {
        "model": version.model,
        "mode": mode[:VALUE_MAX_LENGTH] if isinstance(mode, str) else "",
        "tools": None if version.tools is None else sorted({base_name(tool) for tool in version.tools} - {""}),
    }


def add_examples(version: Version, definition: Definition) -> None:
    """Write the examples of a version that has none yet."""
    Example.objects.bulk_create(
        Example(version=version, position=position, **columns)
        for position, columns in enumerate(_examples_of(definition), 1)
    )


def differences(version: Version, definition: Definition) -> tuple[dict[str, Any], bool]:
    """What a stored projection lacks: the columns to change, and whether its examples are others."""
    columns = {name: value for name, value in columns_of(definition).items() if getattr(version, name) != value}
    stored = list(version.examples.order_by("position").values(*_EXAMPLE_FIELDS))
    return columns, stored != _examples_of(definition)


def _examples_of(definition: Definition) -> list[dict[str, str]]:
    return [{name: storable(getattr(example, name)) for name in _EXAMPLE_FIELDS} for example in definition.examples]
