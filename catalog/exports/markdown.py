"""Writes an agent as Markdown with YAML frontmatter, and reads it again. Imports `definition` and PyYAML's emitter.

Every text but a plain word stands in double quotes on one line: strict YAML, and what readers that know little of
YAML get right too. PyYAML's own emitter in Python writes it, so that the bytes are the same on every machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import yaml
from yaml.emitter import ScalarAnalysis

from catalog.definition import DefinitionHandler

from .export import Misread

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:[./][A-Za-z0-9_-]+)*")
# What YAML 1.1 or 1.2 reads as something else than text.
_NO_TEXT = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))
# What a YAML reader may break lines at, refuse or disguise; JSON escapes the other control characters.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\U000f0000-\U0010ffff]")
_ENDLESS = 10**6


class _Dumper(yaml.SafeDumper):
    """Block style, lists indented, texts in double quotes where they are not plain words; no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    # The emitter goes through each text twice, character by character. What is quoted needs neither.

    def analyze_scalar(self, scalar: str) -> ScalarAnalysis:
        if getattr(self.event, "style", None) != '"':
            return super().analyze_scalar(scalar)
        return ScalarAnalysis(scalar, False, False, False, False, False, True, False)  # double quotes and nothing else

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        self.write_indicator(_in_quotes(text), True)


def _in_quotes(text: str) -> str:
    """JSON's escapes are YAML's too; what it leaves as it is and YAML readers trip over is escaped as well."""
    return _UNPRINTABLE.sub(lambda match: _escape(match.group()), json.dumps(text, ensure_ascii=False))


def _escape(char: str) -> str:
    return f"\\u{ord(char):04X}" if ord(char) < 0x10000 else f"\\U{ord(char):08X}"


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    plain = _WORD.fullmatch(text) and text.lower() not in _NO_TEXT
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _text)


def write_markdown(fields: Mapping[str, Any], prompt: str) -> bytes:
    """The file with these fields and this prompt, read again before it is given. Raises Misread, which is a fault."""
    block = yaml.dump(dict(fields), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_ENDLESS)
    text = f"---\n{block}---\n{prompt}"
    _read_again(text, fields, prompt)
    return text.encode()


def _read_again(text: str, fields: Mapping[str, Any], prompt: str) -> None:
    handler = DefinitionHandler()
    block, rest = handler.split(text)
    if rest != prompt or not _is_same(handler.load(block), fields):
        raise Misread("the Markdown reads as something else than was meant")


def _is_same(found: Any, meant: Any) -> bool:
    if isinstance(meant, Mapping):
        alike = isinstance(found, dict) and list(found) == list(meant)
        return alike and all(_is_same(found[key], value) for key, value in meant.items())
    if isinstance(meant, list):
        return isinstance(found, list) and len(found) == len(meant) and all(map(_is_same, found, meant))
    if isinstance(meant, float) and isinstance(found, str):
        return float(found) == meant  # the catalog's reader keeps numbers of many digits as text
    return type(found) is type(meant) and bool(found == meant)
