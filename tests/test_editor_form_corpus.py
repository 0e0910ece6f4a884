"""The form over every real file: sent back untouched it changes nothing, and one change changes one field."""

import functools

import pytest
from django.template.loader import render_to_string

from catalog.admin.editor.form import shown, written
from catalog.definition import Definition, Example, InvalidDefinition, parse, read
from tests.corpus import CorpusFile, corpus_files
from tests.html_forms import Pairs, as_lists, as_query, sent_by, with_values

pytestmark = pytest.mark.plain

PARTS = ("context", "user", "assistant", "commentary")


@functools.cache
def accepted() -> list[tuple[CorpusFile, Definition]]:
    found = []
    for file in corpus_files():
        try:
            found.append((file, parse(file.data)))
        except InvalidDefinition:
            continue
    return found


def form_of(definition: Definition) -> Pairs:
    form = shown(definition, title=definition.title, may_rename=True)
    return sent_by(render_to_string("admin/editor/_form.html", {"form": form, "may_write": True}))


def outside(definition: Definition, key: str) -> str:
    """The file without the lines of one field."""
    cut = definition.frontmatter
    if key == "prompt":
        return cut.opening + cut.block + cut.closing
    lines = cut.block.split("\n")
    if entry := definition.entries.get(key):
        del lines[entry.line : entry.end]
    return cut.opening + "\n".join(lines) + cut.closing + cut.prompt


def others(definition: Definition, key: str) -> dict[str, object]:
    return {name: value for name, value in definition.fields.items() if name != key}


@pytest.mark.corpus
def test_an_untouched_form_of_every_real_file_changes_nothing_and_one_change_one_field() -> None:
    files = accepted()
    assert len(files) > 1_000
    for number, (file, base) in enumerate(files):
        pairs = form_of(base)
        untouched = written(base, as_query(pairs))
        assert (untouched.definition.digest, untouched.problems) == (base.digest, {}), str(file)
        for turn, (key, changed) in enumerate(changes(base, pairs)):
            after = written(base, as_lists(changed))
            assert after.problems == {}, (str(file), key)
            assert after.definition != base, (str(file), key)
            assert outside(after.definition, key) == outside(base, key), (str(file), key)
            assert others(after.definition, key) == others(base, key), (str(file), key)
            if turn == number % 5:  # saving the same once more changes nothing
                again = written(after.definition, as_lists(changed))
                assert (again.definition, again.problems) == (after.definition, {}), (str(file), key)


def changes(base: Definition, pairs: Pairs) -> list[tuple[str, Pairs]]:
    sent = dict(pairs)
    tools = [value for name, value in pairs if name == "tool"]
    cards = {f"example_{part}": [value for name, value in pairs if name == f"example_{part}"] for part in PARTS}
    new = dict(zip(cards, ("The user has a plan.", "Go on then", "I'll call the agent.", "It knows how."), strict=True))
    other_tool = [tool for tool in tools if tool != "Grep"] if "Grep" in tools else [*tools, "Grep"]
    return [
        ("model", with_values(pairs, model="haiku" if sent["model"] != "haiku" else "opus")),
        ("tools", with_values(pairs, tools_scope="only", tool=other_tool)),
        ("description", with_values(pairs, lead=sent["lead"] + " And for this: it's new.")),
        ("description", with_values(pairs, **{name: [*cards[name], new[name]] for name in cards})),
        ("prompt", with_values(pairs, prompt=sent["prompt"].replace("\r\n", "\r\nA new line.\r\n", 1) + " End.")),
    ]


@pytest.mark.corpus
def test_the_form_of_every_broken_file_changes_nothing_either() -> None:
    files = [file for file in corpus_files() if file.kind in ("partial", "broken", "nofm", "foreign")]
    for file in files:
        base = read(file.data.decode("utf-8", "replace"))
        result = written(base, as_query(form_of(base)))
        assert (result.definition.source, result.problems) == (base.source, {}), str(file)


@pytest.mark.corpus
def test_an_added_example_stands_behind_the_others_as_they_were() -> None:
    example = Example("Now.", "Go on then", "I'll call the agent.", "It knows how.")
    for file, base in accepted():
        if not base.examples:
            continue
        pairs = [("examples", "1")]
        cards = [*base.examples, example]
        columns = {f"example_{part}": [getattr(card, part) for card in cards] for part in PARTS}
        after = written(base, as_lists(with_values(pairs, **columns))).definition
        assert after.examples == (*base.examples, example), str(file)
        assert after.lead == base.lead, str(file)
