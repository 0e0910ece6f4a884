"""The sequence of what the public may see: every change is in it once, in the order of the commits, and no draft is."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from catalog import changes, drafting, publishing, shelving
from catalog.definition import parse
from catalog.models import Agent, Category, Change, Event, Tag, Version
from tests.sources import agent_source

Publish = Callable[..., Version]


def verbs_since(number: int) -> list[str]:
    return [step.verb for step in changes.since(number + 1)]


def agents_since(number: int) -> list[int | None]:
    """Who changed after this change, each once; None among them where the whole catalog did."""
    return list(dict.fromkeys(step.agent_id for step in changes.since(number + 1)))


def test_a_catalog_without_agents_has_a_generation_too(db: None) -> None:
    assert changes.latest() == (0, None)
    assert agents_since(0) == []


def test_every_verb_that_the_public_sees_is_a_change(publish_source: Publish, publisher: User) -> None:
    version = publish_source(agent_source())
    agent = version.agent
    before = changes.latest().number
    publishing.retitle(agent, "Gentle Critic", by=publisher)
    publishing.deprecate(agent, by=publisher, note="Old.")
    publishing.undeprecate(agent, by=publisher)
    publishing.yank(version, by=publisher, reason="Broken.")
    publishing.unyank(version, by=publisher)
    publishing.rename(agent, "critic", by=publisher)
    publish_source(agent_source("critic", prompt="Another.\n"))
    publishing.restore(version, by=publisher)
    shelving.categorise([agent], Category.objects.create(name="review", title="Review"), by=publisher)
    shelving.tag([agent], ["code"], by=publisher)
    shelving.untag([agent], ["code"], by=publisher)
    assert verbs_since(before) == [
        *("retitled", "deprecated", "undeprecated", "yanked", "unyanked", "renamed"),
        *("published", "restored", "categorised", "tagged", "untagged"),
    ]
    assert agents_since(before) == [agent.pk]


def test_what_changes_nothing_is_no_change(publish_source: Publish, publisher: User) -> None:
    version = publish_source(agent_source())
    before = changes.latest()
    publish_source(agent_source())
    publishing.retitle(version.agent, version.agent.title, by=publisher)
    publishing.unyank(version, by=publisher)
    shelving.untag([version.agent], ["code"], by=publisher)
    publishing.project(version)
    assert changes.latest() == before


def test_a_draft_is_no_change(publish_source: Publish, editor: User, publisher: User) -> None:
    known = publish_source(agent_source()).agent
    before = changes.latest()
    drafting.open_draft(known, by=editor, source=agent_source(prompt="Another.\n"))
    hidden, _ = publishing.register(parse(agent_source("hidden")), by=editor)
    drafting.open_draft(hidden, by=editor, source=agent_source("hidden"))
    publishing.retitle(hidden, "Hidden still", by=editor)
    shelving.categorise([hidden], Category.objects.create(name="review", title="Review"), by=editor)
    shelving.tag([hidden], ["code"], by=editor)
    assert changes.latest() == before


def test_a_category_or_tag_that_changes_is_a_change_of_the_whole_catalog(client: Client, administrator: User) -> None:
    client.force_login(administrator)
    category, tag = Category.objects.create(name="old", title="Old"), Tag.objects.create(name="old")
    before = changes.latest().number
    client.post(
        reverse("admin:catalog_category_change", args=[category.pk]),
        {"title": "New", "name": "new", "description": ""},
    )
    client.post(reverse("admin:catalog_tag_change", args=[tag.pk]), {"name": "new"})
    client.post(reverse("admin:catalog_tag_delete", args=[tag.pk]), {"post": "yes"})
    assert (Category.objects.get().title, Tag.objects.count()) == ("New", 0)
    assert agents_since(before) == [None]
    assert Change.objects.filter(pk__gt=before).count() == 3


def test_a_new_licence_is_a_change(client: Client, publish_source: Publish, publisher: User) -> None:
    agent = publish_source(agent_source()).agent
    before = changes.latest().number
    client.force_login(publisher)
    told = {"title": agent.title, "license": "MIT", "category": "", "tags": "", "maintainers": "", "origin_url": ""}
    client.post(reverse("admin:catalog_agent_change", args=[agent.pk]), told)
    assert Agent.objects.get().license == "MIT"
    assert agents_since(before) == [agent.pk]


@pytest.mark.django_db(transaction=True)
def test_whoever_sees_a_change_has_seen_all_before_it_whoever_publishes_at_once() -> None:
    """Agents of their own, titles that share words: nobody waits in a circle, and no number shows late."""
    writers, turns = 8, 6
    pablo = User.objects.create_user("pablo")
    start, stop = Barrier(writers + 1), False
    failures: list[Exception] = []
    seen: list[list[int]] = []

    def publish_some(writer: int) -> None:
        start.wait()
        try:
            for turn in range(turns):
                words = f"Shared {turn} word {(turn * 7 + writer + 1) % 5}"
                text = agent_source(f"critic-{writer}", words, f"Text {turn}.\n")
                agent, _ = publishing.register(parse(text), by=pablo)
                draft = drafting.open_draft(agent, by=pablo, source=text)
                title = f"Shared {turn} word {(turn * 7 + writer) % 5}"
                draft = drafting.save(draft, text, by=pablo, revision=draft.revision, title=title)
                drafting.publish_draft(draft, by=pablo, revision=draft.revision)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    def watch() -> None:
        start.wait()
        while not stop:
            seen.append(list(Change.objects.order_by("pk").values_list("pk", flat=True)))
        connection.close()

    threads = [Thread(target=publish_some, args=(writer,)) for writer in range(writers)]
    watcher = Thread(target=watch)
    for thread in (*threads, watcher):
        thread.start()
    for thread in threads:
        thread.join()
    stop = True
    watcher.join()
    assert failures == []
    assert Event.objects.filter(verb="published").count() == writers * turns
    final = list(Change.objects.order_by("pk").values_list("pk", flat=True))
    assert all(numbers == final[: len(numbers)] for numbers in seen)
