"""The two serializers: what is written reads again as the same, by the standard library and as strict YAML."""

import json
import tomllib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from catalog.definition import DefinitionHandler
from catalog.exports.export import Misread
from catalog.exports.markdown import write_markdown
from catalog.exports.toml import write_toml

pytestmark = pytest.mark.plain

characters = st.characters(codec="utf-8", exclude_characters="\x00")
signs = st.sampled_from(
    ['"', '"""', "'", "\\", "\n", "\r", "\r\n", "\t", " ", "#", "x", "\x7f", "\x01", "\x85", "\u2028"]
)
texts = st.lists(signs | st.text(characters, max_size=3), max_size=12).map("".join)
lists = st.lists(texts, max_size=3)
tables = st.recursive(
    st.dictionaries(texts, texts | st.booleans() | st.integers(-(2**53), 2**53) | lists, max_size=3),
    lambda inner: st.dictionaries(texts, texts | inner, max_size=3),
    max_leaves=6,
)
plain_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(tables)
def test_toml_reads_again_as_it_was_meant(table: dict[str, Any]) -> None:
    assert tomllib.loads(write_toml(table).decode()) == table


@given(texts)
def test_toml_holds_no_character_that_a_reader_may_change(text: str) -> None:
    written = write_toml({"text": text}).decode()
    assert not {"\r", "\x7f", "\x01"} & set(written)


@given(st.dictionaries(texts, plain_json, min_size=1, max_size=4), texts)
def test_markdown_reads_again_as_it_was_meant(fields: dict[str, Any], prompt: str) -> None:
    text = write_markdown(fields, prompt).decode()
    block, rest = DefinitionHandler().split(text)
    assert rest == prompt
    assert json.dumps(DefinitionHandler().load(block)) == json.dumps(fields)
    assert json.dumps(yaml.safe_load(block)) == json.dumps(fields), "YAML 1.1 reads it alike"


@pytest.mark.parametrize(
    "word", ["no", "On", "y", "1e3", "2024-01-01", "0x1f", "12:30", "~", "null", "1_0", "a: b", ""]
)
def test_what_yaml_takes_for_something_else_stands_in_quotes(word: str) -> None:
    assert write_markdown({"word": word}, "").decode() == f'---\nword: "{word}"\n---\n'


def test_plain_words_stand_as_they_are() -> None:
    fields = {"model": "anthropic/claude-sonnet-4-5", "tools": ["read_file"], "deep": {"on": True, "none": None}}
    assert write_markdown(fields, "Go.") == (
        b'---\nmodel: anthropic/claude-sonnet-4-5\ntools:\n  - read_file\ndeep:\n  "on": true\n  none: null\n---\nGo.'
    )


@pytest.mark.parametrize(
    "number", [1.5, -0.5, 1e-07, 2.5e-99, 1e-111, -1.2e-108, 1.234567890123e-87, 9007199254740991.0]
)
def test_numbers_stay_numbers(number: float) -> None:
    block, _ = DefinitionHandler().split(write_markdown({"n": [number]}, "").decode())
    assert yaml.safe_load(block) == {"n": [number]}


def test_a_text_is_one_line_so_that_it_cannot_end_the_block() -> None:
    written = write_markdown({"description": "a\n---\nb: c\n" + "long " * 100}, "").decode()
    assert len(written.splitlines()) == 3


@pytest.mark.parametrize("value", [("a", "tuple"), {1: "a number as a key"}], ids=str)
def test_a_value_that_would_read_otherwise_is_never_given(value: Any) -> None:
    with pytest.raises((Misread, yaml.YAMLError)):
        write_markdown({"value": value}, "")
