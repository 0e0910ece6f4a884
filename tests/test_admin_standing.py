"""What becomes of an agent in the admin: its name, its standing, its versions withdrawn and offered again."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from catalog import drafting, publishing
from catalog.definition import read
from catalog.models import Agent, Event, Version
from tests.forms import fields_of, log_in, send
from tests.sources import agent_source

Publish = Callable[..., Version]
AGENTS = "/admin/catalog/agent/"


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_an_agent_is_renamed_with_its_old_address_kept(
    client: Client, publisher: User, publish_source: Publish
) -> None:
    agent = publish_source(agent_source()).agent
    address = f"{AGENTS}{agent.pk}/rename/"
    assert "This publishes a new version" in text_of(log_in(client, publisher), address)
    answer = client.post(address, {"name": "change-reader"}, follow=True)
    assert "It is named change-reader now." in answer.content.decode()
    assert client.get("/agents/code-reviewer/")["Location"] == "/agents/change-reader/"


def test_a_name_that_is_no_address_is_shown_as_one_before_it_is_given(
    client: Client, publisher: User, publish_source: Publish
) -> None:
    agent = publish_source(agent_source()).agent
    address = f"{AGENTS}{agent.pk}/rename/"
    page = log_in(client, publisher).post(address, {"name": "Change & Reader"}).content.decode()
    assert "the new name is change-reader. This publishes a new version" in page
    assert "The old address leads to the new one for ever." in page
    assert Agent.objects.get().name == "code-reviewer"
    assert send(client, address, fields_of(page)).status_code == 302
    assert Agent.objects.get().name == "change-reader"


@pytest.mark.parametrize("typed", ["code-reviewer", "Code Reviewer"])
def test_an_agent_is_not_renamed_to_its_own_name(
    client: Client, publisher: User, publish_source: Publish, typed: str
) -> None:
    agent = publish_source(agent_source()).agent
    page = log_in(client, publisher).post(f"{AGENTS}{agent.pk}/rename/", {"name": typed}).content.decode()
    assert "That is its name already." in page


def test_renaming_what_was_never_published_promises_no_version(client: Client, editor: User) -> None:
    agent, _ = publishing.register(read(agent_source()), by=editor)
    page = text_of(log_in(client, editor), f"{AGENTS}{agent.pk}/rename/")
    assert "publishes" not in page
    assert "Nobody knows the old one yet" in page


def test_renaming_what_was_never_published_renames_it_in_its_draft(client: Client, editor: User) -> None:
    agent, _ = publishing.register(read(agent_source()), by=editor)
    drafting.open_draft(agent, by=editor, source=agent_source())
    log_in(client, editor).post(f"{AGENTS}{agent.pk}/rename/", {"name": "critic"})
    agent.refresh_from_db()
    assert (agent.name, agent.draft.source) == ("critic", agent_source("critic"))
    assert not agent.former_names.exists()


def test_a_name_that_is_taken_is_refused_in_the_form(client: Client, publisher: User, publish_source: Publish) -> None:
    agent, _ = publish_source(agent_source()).agent, publish_source(agent_source("other"))
    answer = log_in(client, publisher).post(f"{AGENTS}{agent.pk}/rename/", {"name": "other"})
    assert "belongs to another agent" in answer.content.decode()


def test_an_editor_renames_what_nobody_has_seen(client: Client, editor: User, publish_source: Publish) -> None:
    seen = publish_source(agent_source()).agent
    new, _ = publishing.register(read(agent_source("typo")), by=editor)
    log_in(client, editor)
    assert client.post(f"{AGENTS}{new.pk}/rename/", {"name": "right"}).status_code == 302
    assert client.post(f"{AGENTS}{seen.pk}/rename/", {"name": "wrong"}).status_code == 403


def test_an_agent_is_deprecated_and_recommended_again(client: Client, publisher: User, publish_source: Publish) -> None:
    agent, better = publish_source(agent_source()).agent, publish_source(agent_source("better")).agent
    log_in(client, publisher)
    client.post(f"{AGENTS}{agent.pk}/deprecate/", {"note": "Slow.", "successor": "better"})
    agent.refresh_from_db()
    assert (agent.is_deprecated, agent.deprecation_note, agent.successor) == (True, "Slow.", better)
    client.post(f"{AGENTS}{agent.pk}/undeprecate/")
    agent.refresh_from_db()
    assert not agent.is_deprecated


# --- Versions ----------------------------------------------------------------------------------------------


def test_a_version_is_withdrawn_offered_again_and_restored(
    client: Client, publisher: User, publish_source: Publish
) -> None:
    first = publish_source(agent_source())
    second = publish_source(agent_source(model="opus"))
    log_in(client, publisher)

    def post(version: Version, verb: str, **fields: str) -> None:
        assert client.post(f"/admin/catalog/version/{version.pk}/{verb}/", fields).status_code == 302

    post(second, "yank", reason="It is wrong.")
    assert Agent.objects.get().latest_version == first
    assert "It is wrong." in text_of(client, f"/admin/catalog/version/{second.pk}/change/")
    post(second, "unyank")
    assert Agent.objects.get().latest_version == second
    post(first, "restore", note="Back to the old one")
    latest = Agent.objects.get().latest_version
    assert (latest.number, latest.source, latest.note) == (3, first.source, "Back to the old one")


def test_withdrawing_says_what_becomes_of_the_agent(client: Client, publisher: User, publish_source: Publish) -> None:
    first = publish_source(agent_source())
    log_in(client, publisher)

    def explanation(version: Version) -> str:
        return text_of(client, f"/admin/catalog/version/{version.pk}/yank/")

    assert "the agent will not be offered any more. Its page stays" in explanation(first)
    second = publish_source(agent_source(model="opus"))
    assert "version 1 becomes the latest" in explanation(second)
    assert "version 2 stays the latest" in explanation(first)
    agent = publishing.rename(second.agent, "change-reader", by=publisher)
    assert "the agent will not be offered any more" in explanation(agent.latest_version)


def test_the_public_page_stays_in_reach_when_nothing_is_offered(
    client: Client, publisher: User, publish_source: Publish
) -> None:
    version = publish_source(agent_source())
    publishing.yank(version, by=publisher, reason="It is wrong.")
    new, _ = publishing.register(read(agent_source("new")), by=publisher)
    log_in(client, publisher)
    assert "Public page" in text_of(client, f"{AGENTS}{version.agent_id}/change/")
    assert client.get(version.agent.get_absolute_url()).status_code == 200
    assert "Public page" not in text_of(client, f"{AGENTS}{new.pk}/change/")


def test_versions_are_latest_offered_or_withdrawn_in_every_list(
    client: Client, editor: User, publisher: User, publish_source: Publish
) -> None:
    publishing.yank(publish_source(agent_source()), by=publisher, reason="It is wrong.")
    publish_source(agent_source(model="opus"))
    agent = publish_source(agent_source(model="haiku")).agent
    log_in(client, editor)
    for address in (f"{AGENTS}{agent.pk}/change/", "/admin/catalog/version/"):
        rows = text_of(client, address).partition("<tbody>")[2]
        assert re.findall(r'class="state[^"]*"[^>]*>(\w+)<', rows) == ["Latest", "Offered", "Withdrawn"]
    for state in ("latest", "offered", "withdrawn"):
        rows = text_of(client, f"/admin/catalog/version/?state={state}").partition("<tbody>")[2]
        assert re.findall(r'class="state[^"]*">(\w+)<', rows) == [state.capitalize()]


def test_withdrawing_asks_for_a_reason(client: Client, publisher: User, publish_source: Publish) -> None:
    version = publish_source(agent_source())
    answer = log_in(client, publisher).post(f"/admin/catalog/version/{version.pk}/yank/", {"reason": " "})
    assert "This field is required." in answer.content.decode()
    assert not Version.objects.get().is_yanked


def test_nothing_that_was_published_can_be_changed_or_deleted_here(
    client: Client, admin: User, publish_source: Publish
) -> None:
    version = publish_source(agent_source())
    log_in(client, admin)
    for row in (version, version.agent, Event.objects.first()):
        base = f"/admin/catalog/{row._meta.model_name}/{row.pk}"
        assert client.post(f"{base}/delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/catalog/version/add/").status_code == 403
    assert client.post(f"/admin/catalog/event/{Event.objects.first().pk}/change/", {}).status_code == 403


# --- Two versions ------------------------------------------------------------------------------------------


def address(version: Version) -> str:
    return reverse("admin:catalog_version_change", args=[version.pk])


def test_any_two_versions_are_compared(client: Client, editor: User, publish_source: Publish) -> None:
    models = ("sonnet", "opus", "haiku")
    first, second, third = (publish_source(agent_source(model=model)) for model in models)

    def compared(version: Version, against: str | None = None) -> str:
        page = client.get(address(version), {} if against is None else {"against": against}).content.decode()
        return " ".join(page.split("What changed</h2>")[1].split("</section>")[0].split())

    log_in(client, editor)
    assert "all of it was new" in compared(first)
    assert "From version 2 to version 3" in compared(third)
    assert "model: opus" in compared(third)
    assert "model: sonnet" not in compared(third)
    assert "From version 1 to version 3" in compared(third, "1")
    assert "model: sonnet" in compared(third, "1")
    assert "From version 1 to version 2" in compared(first, "2")
    for nonsense in ("9", "x", "-1", "1" * 30):
        assert client.get(address(second), {"against": nonsense}).status_code == 200
