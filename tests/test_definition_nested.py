"""Settings within settings, as a text of their own and back."""

import pytest

from catalog.definition import InvalidValue, nested_text, read, read_nested

pytestmark = pytest.mark.plain

WRITTEN = [
    ("hooks:\n  Stop:\n    - a: b # why\n\n  Start: c\n", "Stop:\n  - a: b # why\n\nStart: c"),
    ("hooks: {a: 1}\n", "{a: 1}"),
    ("hooks: # all of them\n    a: 1\n", "# all of them\na: 1"),
    ("hooks:\n- a\n- b\n", "- a\n- b"),
    ('"hooks" :\n  a: 1\n', "a: 1"),
    ("hooks:\n", ""),
    ("model: opus\n", ""),
]


@pytest.mark.parametrize(("lines", "text"), WRITTEN)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_field_is_shown_as_the_file_writes_it(lines: str, text: str, newline: str) -> None:
    definition = read(f"---\nname: x1\n{lines}color: red\n---\n".replace("\n", newline))
    assert nested_text(definition, "hooks") == text
    assert read_nested(text) == definition.fields.get("hooks")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("\n  \n", None),
        ("# nothing yet", None),
        ("a: 1\r\nb:\r\n- no", {"a": 1, "b": ["no"]}),
        ("[a, {b: c}]", ["a", {"b": "c"}]),
        ("words", "words"),
        ("---", "---"),
    ],
)
def test_a_text_is_read_as_the_file_would_be(text: str, value: object) -> None:
    assert read_nested(text) == value


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: b: c", "Line 1"),
        ("a:\n\tb: c", "Line 2"),
        ("a: [", "The text"),
        ("x: *a", "Line 1"),
        ("? [a]\n: b", "Line 1"),
    ],
)
def test_a_text_that_cannot_be_read_is_a_sentence_with_its_line(text: str, where: str) -> None:
    with pytest.raises(InvalidValue, match=f"^{where} cannot be read. Each setting stands on a line of its own"):
        read_nested(text)
