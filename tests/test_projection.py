"""The columns and examples of a version: what its source says, and nothing else."""

import io
from collections.abc import Callable

import pytest
from django.core.management import call_command

from catalog import publishing, search
from catalog.definition import InvalidDefinition, digest_of, parse
from catalog.models import Agent, Version
from tests.corpus import corpus_files
from tests.sources import agent_source

SEED_LIKE = (
    "---\nname: python-backend-engineer\n"
    "description: Use this agent for Python services. Examples:\\n\\n"
    "- User: 'Add an endpoint'\\n  Assistant: 'I will use the agent'\\n\\n"
    "- User: 'Why is it slow?'\\n  Assistant: 'I will profile it'\n"
    "model: sonnet\ncolor: green\n---\n\nYou write Python.\n"
)


def test_the_projection_is_what_the_definition_says(publish_source: Callable[..., Version]) -> None:
    version = Version.objects.get(pk=publish_source(SEED_LIKE).pk)
    definition = parse(SEED_LIKE)
    assert (version.model, version.color, version.tools) == ("sonnet", "green", None)
    assert (version.description, version.lead, version.prompt) == (
        definition.description,
        definition.lead,
        definition.prompt,
    )
    assert version.fields == dict(definition.fields)
    assert version.findings == [finding.as_dict() for finding in definition.findings]
    assert [(e.position, e.user, e.assistant) for e in version.examples.all()] == [
        (position, example.user, example.assistant) for position, example in enumerate(definition.examples, 1)
    ]
    assert version.examples.count() == 2


def test_no_tools_and_all_tools_are_different_things(publish_source: Callable[..., Version]) -> None:
    everything = publish_source(agent_source("everything"))
    nothing = publish_source(agent_source("nothing", tools=""))
    some = publish_source(agent_source("some", tools="Read, Grep"))
    assert [Version.objects.get(pk=v.pk).tools for v in (everything, nothing, some)] == [None, [], ["Read", "Grep"]]


def test_escapes_that_spell_what_no_database_stores_are_projected_as_replacement_characters(
    publish_source: Callable[..., Version],
) -> None:
    source = agent_source(license='"a\\0b \\ud83d c"', version="1.5")
    publish_source(source)
    stored = Version.objects.get()
    assert stored.source == source
    assert "\x00" not in stored.fields["license"]
    stored.fields["license"].encode()


@pytest.mark.parametrize("model", ["x" * 5_000, "日" * 3_000])
def test_values_longer_than_their_columns_are_stored_in_the_fields(
    publish_source: Callable[..., Version], model: str
) -> None:
    publish_source(agent_source(model=model, color=model))
    stored = Version.objects.get()
    assert model.startswith(stored.model)
    assert stored.fields["model"] == model


def test_projecting_again_changes_nothing(publish_source: Callable[..., Version]) -> None:
    for source in (SEED_LIKE, agent_source("plain", tools="Read, Bash", extra="[1, 2.5, no, {a: ~}]")):
        version = publish_source(source)
        before = Version.objects.filter(pk=version.pk).values().get()
        assert not publishing.project(Version.objects.get(pk=version.pk))
        assert Version.objects.filter(pk=version.pk).values().get() == before


@pytest.mark.corpus
def test_real_files_are_stored_byte_for_byte_and_project_the_same_again(publish_source: Callable[..., Version]) -> None:
    for file in corpus_files("agent")[::12]:
        try:
            version = Version.objects.get(pk=publish_source(file.data).pk)
        except InvalidDefinition:  # the one that is not UTF-8
            continue
        assert (version.source.encode(), version.digest) == (file.data, digest_of(file.data)), file
        assert not publishing.project(version), file


def test_a_projection_is_rebuilt_from_the_source(publish_source: Callable[..., Version]) -> None:
    version = publish_source(SEED_LIKE)
    before = Version.objects.filter(pk=version.pk).values().get()
    examples = list(version.examples.values("position", "context", "user", "assistant", "commentary"))
    Version.objects.update(lead="", tools=[], fields={}, checks_version=0)
    version.examples.last().delete()
    assert publishing.project(Version.objects.get(pk=version.pk))
    assert Version.objects.filter(pk=version.pk).values().get() == before
    assert list(version.examples.values("position", "context", "user", "assistant", "commentary")) == examples


def test_an_agent_is_found_by_its_rebuilt_projection(publish_source: Callable[..., Version]) -> None:
    version = publish_source(SEED_LIKE)
    Version.objects.filter(pk=version.pk).update(lead="Something else.", description="Something else.")
    search.rebuild()
    assert not search.matching(Agent.objects.published(), "services").exists()
    assert publishing.project(Version.objects.get())
    assert search.matching(Agent.objects.published(), "services").get() == version.agent


def test_reproject_looks_at_every_version_and_says_what_it_did(publish_source: Callable[..., Version]) -> None:
    for name in ("one", "two", "three"):
        publish_source(agent_source(name))
    Version.objects.filter(agent__name="two").update(lead="old")
    said = [io.StringIO(), io.StringIO()]
    for output in said:
        call_command("reproject", stdout=output)
    assert [output.getvalue() for output in said] == ["3 versions read, 1 rebuilt.\n", "3 versions read, 0 rebuilt.\n"]
    assert Version.objects.get(agent__name="two").lead == parse(agent_source("two")).lead
