"""What nobody outside learns, at no public address: drafts, their titles and reasons, who writes, which groups."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from catalog import collecting, drafting, publishing
from catalog.definition import read
from catalog.models import Agent, Category, Draft, Presence, Tag, Version
from tests.sources import agent_source

Publish = Callable[..., Version]
# What is asked for says lantern, what must not be answered says canary.
ASKED = ("", "?q=lantern", "?category=lantern", "?tag=lantern", "?sort=name")


def public_addresses(*names: str) -> Iterator[str]:
    """Every address outside the admin, for agents of these names."""

    def walk(urls: list[URLPattern | URLResolver], path: str) -> Iterator[str]:
        for pattern in urls:
            here = path + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                yield here
            elif getattr(pattern, "app_name", None) != "admin":
                yield from walk(pattern.url_patterns, here)

    for path in dict.fromkeys(walk(get_resolver().url_patterns, "/")):
        filled = re.sub(r"<(\w+:)?number>", "1", path).replace("<slug:page>", "descriptions")
        filled = filled.replace("<str:owner>", "agents").replace("<str:version>", "1.0.0")
        yield from dict.fromkeys(re.sub(r"<(\w+:)?name>", name, filled) for name in names)


@pytest.fixture
def secrets(publish_source: Publish, editor: User, publisher: User) -> None:
    """An agent that is published, with a draft that came back, and one that never was, in review."""
    known = publish_source(agent_source("known"), by=publisher).agent
    draft = drafting.open_draft(known, by=editor, source=agent_source("known", description="A lantern for a canary."))
    draft = drafting.save(draft, draft.source, by=editor, revision=1, note="canary note", title="Canary Title")
    draft = drafting.submit(draft, by=editor, revision=draft.revision)
    drafting.return_(draft, by=publisher, revision=draft.revision, reason="canary reason")
    shelf = Category.objects.create(name="lantern", title="Canary Shelf")
    hidden, _ = publishing.register(read(agent_source("lantern")), by=editor, category=shelf)
    hidden.tags.set(Tag.objects.create(name=name) for name in ("lantern", "canary-tag"))
    draft = drafting.open_draft(hidden, by=editor, source=agent_source("lantern", prompt="Lantern, canary.\n"))
    drafting.submit(draft, by=editor, revision=draft.revision)
    Group.objects.create(name="Canary Keepers")
    collection = collecting.create("Canary Collection", name="lantern", introduction="A canary.", by=publisher)
    collecting.set_members(collection, [(known, "A canary note.")], by=publisher)
    reader = User.objects.create_user("canary-reader", first_name="Canary", email="canary@example.org")
    for agent in Agent.objects.all():
        Presence.objects.create(agent=agent, user=reader, window="canary-window", seen_at=timezone.now())


@pytest.mark.parametrize("who", [None, "outsider", "administrator"])
def test_no_public_address_tells_of_what_is_not_published(
    client: Client, secrets: None, request: pytest.FixtureRequest, who: str | None
) -> None:
    """Public pages are the same for everybody: a cache may hand them to anybody."""
    if who:
        client.force_login(request.getfixturevalue(who))
    telling = {
        address + query
        for address in public_addresses("known", "lantern")
        for query in ASKED
        if b"canar" in _body(client.get(address + query)).lower()
    }
    assert telling == set()


def test_it_is_told_as_soon_as_it_is_published(client: Client, secrets: None, publisher: User) -> None:
    draft = Draft.objects.get(agent__name="lantern")
    drafting.publish_draft(draft, by=publisher, revision=draft.revision)
    telling = {address for address in public_addresses("lantern") if b"canar" in _body(client.get(address)).lower()}
    assert telling >= {"/agents/", "/agents/lantern/", "/agents/lantern.md", "/api/v1/agents/lantern"}


def _body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def test_what_was_never_published_answers_like_what_is_not_there(client: Client, secrets: None) -> None:
    for drafted, unknown in zip(public_addresses("lantern"), public_addresses("parrot"), strict=True):
        if drafted != unknown:
            answers = [client.get(address) for address in (drafted, unknown)]
            statuses = {answer.status_code for answer in answers}
            assert len(statuses) == 1, drafted
            assert statuses <= {401, 404, 405}, drafted  # without a token, not there, or nothing that is read
            first, second = (answer.content.decode() for answer in answers)
            assert first.replace("lantern", "parrot") == second
