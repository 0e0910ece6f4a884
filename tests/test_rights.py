"""Who may do what at every address of the admin, held for each address there is.

`LET_IN` is the one table. An address that is not in it fails the first test, as does a line without an address: a
new page says there who gets in.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from catalog import collecting, drafting, publishing, tokens
from catalog.definition import read
from catalog.models import (
    Agent,
    ApiToken,
    Category,
    Collection,
    Draft,
    Event,
    FormerName,
    Member,
    Presence,
    Scope,
    Tag,
    Version,
)
from tests.forms import log_in
from tests.sources import agent_source

Publish = Callable[..., Version]

# Whom an address lets in: these people, and those who stand after them. Who is not let in is sent to the log-in, or
# told that they may not (403; 401 where a script asks; 405 where nobody may ask so).
ANYBODY, EDITOR, PUBLISHER, ADMINISTRATOR, SUPERUSER, NOBODY = range(6)
PEOPLE = {"visitor": 0, "outsider": 0, "editor": 1, "publisher": 2, "administrator": 3, "admin": 4}

# By the name of the address, or by its pattern where it has none: who is let in by GET, and by POST. A second word
# names the row that it is about, where that makes a difference (see `rows`).
LET_IN = {
    # The site
    "index": (EDITOR, EDITOR),
    "login": (ANYBODY, ANYBODY),
    "log_in_again": (ANYBODY, NOBODY),  # without name and password
    "logout": (ANYBODY, ANYBODY),  # leads to the start who is not logged in
    "password_change": (EDITOR, EDITOR),
    "password_change_done": (EDITOR, NOBODY),
    "autocomplete": (NOBODY, NOBODY),  # no list offers it
    "jsi18n": (EDITOR, NOBODY),
    "view_on_site": (EDITOR, EDITOR),
    "app_list": (EDITOR, EDITOR),
    "(?P<url>.*)$": (EDITOR, EDITOR),
    # Agents
    "catalog_agent_changelist": (EDITOR, EDITOR),
    "catalog_agent_add": (EDITOR, EDITOR),
    "agent_name": (EDITOR, NOBODY),
    "catalog_agent_change": (EDITOR, PUBLISHER),
    "catalog_agent_change new": (EDITOR, EDITOR),
    "catalog_agent_history": (EDITOR, EDITOR),
    "catalog_agent_delete": (NOBODY, NOBODY),
    "catalog/agent/<path:object_id>/": (EDITOR, EDITOR),
    "catalog_agent_rename": (PUBLISHER, PUBLISHER),
    "catalog_agent_rename new": (EDITOR, EDITOR),
    "catalog_agent_deprecate": (PUBLISHER, PUBLISHER),
    "catalog_agent_undeprecate": (PUBLISHER, PUBLISHER),
    "catalog_agent_bulk_category": (EDITOR, EDITOR),  # published agents are passed over, see below
    "catalog_agent_bulk_tag": (EDITOR, EDITOR),
    "catalog_agent_bulk_untag": (EDITOR, EDITOR),
    "catalog_agent_bulk_deprecate": (PUBLISHER, PUBLISHER),
    "catalog_agent_bulk_undeprecate": (PUBLISHER, PUBLISHER),
    # Drafts
    "catalog_agent_draft": (EDITOR, EDITOR),
    "catalog_agent_draft_open": (EDITOR, EDITOR),
    "catalog_agent_draft_discard": (EDITOR, EDITOR),
    "catalog_draft_discard_many": (EDITOR, EDITOR),
    "catalog_agent_draft_live": (EDITOR, EDITOR),
    "catalog_agent_here": (NOBODY, EDITOR),
    "catalog_agent_gone": (NOBODY, EDITOR),
    "catalog_agent_review": (PUBLISHER, PUBLISHER),
    "catalog_draft_queue": (PUBLISHER, PUBLISHER),
    "catalog_draft_changelist": (EDITOR, EDITOR),
    "catalog_draft_add": (NOBODY, NOBODY),
    "catalog_draft_change": (EDITOR, EDITOR),  # leads to the page of the agent's draft
    "catalog_draft_history": (EDITOR, EDITOR),
    "catalog_draft_delete": (NOBODY, NOBODY),
    "catalog/draft/<path:object_id>/": (EDITOR, EDITOR),
    # Import
    "import": (EDITOR, EDITOR),
    "import_check": (EDITOR, EDITOR),
    "import_report": (EDITOR, EDITOR),
    # Versions and the audit log
    "catalog_version_changelist": (EDITOR, EDITOR),
    "catalog_version_add": (NOBODY, NOBODY),
    "catalog_version_change": (EDITOR, EDITOR),  # a page to read, whatever is sent
    "catalog_version_history": (EDITOR, EDITOR),
    "catalog_version_delete": (NOBODY, NOBODY),
    "catalog/version/<path:object_id>/": (EDITOR, EDITOR),
    "catalog_version_yank": (PUBLISHER, PUBLISHER),
    "catalog_version_unyank": (PUBLISHER, PUBLISHER),
    "catalog_version_restore": (PUBLISHER, PUBLISHER),
    "catalog_event_changelist": (EDITOR, EDITOR),
    "catalog_event_add": (NOBODY, NOBODY),
    "catalog_event_change": (EDITOR, NOBODY),
    "catalog_event_history": (EDITOR, EDITOR),
    "catalog_event_delete": (NOBODY, NOBODY),
    "catalog/event/<path:object_id>/": (EDITOR, EDITOR),
    # Categories and tags
    "catalog_category_changelist": (EDITOR, EDITOR),
    "catalog_category_add": (PUBLISHER, PUBLISHER),
    "catalog_category_change": (EDITOR, PUBLISHER),
    "catalog_category_history": (EDITOR, EDITOR),
    "catalog_category_delete": (PUBLISHER, PUBLISHER),
    "catalog/category/<path:object_id>/": (EDITOR, EDITOR),
    "catalog_tag_changelist": (EDITOR, EDITOR),
    "catalog_tag_add": (PUBLISHER, PUBLISHER),
    "catalog_tag_change": (EDITOR, PUBLISHER),
    "catalog_tag_history": (EDITOR, EDITOR),
    "catalog_tag_delete": (PUBLISHER, PUBLISHER),
    "catalog/tag/<path:object_id>/": (EDITOR, EDITOR),
    # Collections
    "catalog_collection_changelist": (EDITOR, EDITOR),
    "catalog_collection_add": (PUBLISHER, PUBLISHER),
    "catalog_collection_change": (EDITOR, PUBLISHER),
    "catalog_collection_history": (EDITOR, EDITOR),
    "catalog_collection_delete": (PUBLISHER, PUBLISHER),
    "catalog_collection_preview": (EDITOR, EDITOR),  # a page to read, whatever is sent
    "catalog_collection_unpublish": (PUBLISHER, PUBLISHER),
    "catalog/collection/<path:object_id>/": (EDITOR, EDITOR),
    # API tokens: somebody else's, and of each of these people their own
    "catalog_apitoken_changelist": (EDITOR, EDITOR),
    "catalog_apitoken_add": (EDITOR, EDITOR),
    "catalog_apitoken_change": (ADMINISTRATOR, ADMINISTRATOR),  # a page to read, whatever is sent
    "catalog_apitoken_change own": (EDITOR, EDITOR),
    "catalog_apitoken_history": (ADMINISTRATOR, ADMINISTRATOR),
    "catalog_apitoken_history own": (EDITOR, EDITOR),
    "catalog_apitoken_revoke": (ADMINISTRATOR, ADMINISTRATOR),
    "catalog_apitoken_revoke own": (EDITOR, EDITOR),
    "catalog_apitoken_delete": (NOBODY, NOBODY),
    "catalog/apitoken/<path:object_id>/": (EDITOR, EDITOR),  # a redirect to the page of the row, for any row
    # People
    "auth_user_changelist": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_user_add": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_user_change": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_user_change superuser": (ADMINISTRATOR, SUPERUSER),
    "auth_user_history": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_user_delete": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_user_delete superuser": (SUPERUSER, SUPERUSER),
    "auth_user_password_change": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_user_password_change superuser": (SUPERUSER, SUPERUSER),
    "auth/user/<path:object_id>/": (EDITOR, EDITOR),  # a redirect to the page of the row, for any row
    "auth_group_changelist": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_group_add": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_group_change": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_group_change administrators": (ADMINISTRATOR, NOBODY),
    "auth_group_history": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_group_delete": (ADMINISTRATOR, ADMINISTRATOR),
    "auth_group_delete administrators": (NOBODY, NOBODY),
    "auth/group/<path:object_id>/": (EDITOR, EDITOR),
}


@pytest.fixture(autouse=True)
def refusals_are_expected(caplog: pytest.LogCaptureFixture) -> None:
    """Some thousand of them, each with its traceback, would bury the one that matters."""
    caplog.set_level(logging.CRITICAL, "django")


# --- The rows that addresses are about -------------------------------------------------------------------


@pytest.fixture
def rows(publish_source: Publish, publisher: User, editor: User) -> dict[str, dict[str, int]]:
    """The keys of rows by what they are, for each kind of row: the arguments of addresses."""
    writing, _ = Category.objects.get_or_create(name="writing", title="Writing")
    agents = {
        name: publish_source(agent_source(name), by=publisher, category=writing).agent
        for name in ("published", "changed", "review", "deprecated")
    }
    agents["published"].tags.add(Tag.objects.create(name="python"))
    publishing.deprecate(agents["deprecated"], by=publisher, note="Old.", successor=agents["published"])
    latest = publish_source(agent_source("published", model="opus"), by=publisher)
    publishing.yank(publish_source(agent_source("published", model="haiku"), by=publisher), by=publisher, reason="Bad.")
    drafting.open_draft(agents["changed"], by=editor, source=agent_source("changed", model="opus"))
    submitted = drafting.open_draft(agents["review"], by=editor, source=agent_source("review", model="opus"))
    drafting.submit(submitted, by=editor, revision=submitted.revision)
    agents["new"], _ = publishing.register(read(agent_source("new")), by=editor)
    drafting.open_draft(agents["new"], by=editor, source=agent_source("new"))
    collection = collecting.create("Team", by=publisher)
    collecting.set_members(collection, [(agents["published"], "First."), (agents["changed"], "")], by=publisher)
    collecting.publish(collection, by=publisher)
    root, ends = User.objects.create_superuser("root"), timezone.now() + timedelta(days=1)
    issued = {
        row: tokens.issue(person, by=person, label="Build", scopes=[Scope.WRITE_DRAFTS], expires_at=ends)[0]
        for row, person in (("", root), ("own", editor))
    }
    first, _, withdrawn = Version.objects.filter(agent=agents["published"]).order_by("number")
    return {
        "agent": {name: agent.pk for name, agent in agents.items()},
        "draft": {draft.agent.name: draft.pk for draft in Draft.objects.select_related("agent")},
        "version": {"first": first.pk, "latest": latest.pk, "withdrawn": withdrawn.pk},
        "category": {"": writing.pk, "data": Category.objects.create(name="data", title="Data").pk},
        "tag": {"": Tag.objects.get().pk},
        "collection": {"": collection.pk},
        "apitoken": {row: token.pk for row, token in issued.items()},
        "event": {"": Event.objects.latest("pk").pk},
        "user": {"": User.objects.create_user("nora").pk, "superuser": root.pk},
        "group": {
            "": Group.objects.create(name="Archivists").pk,
            "administrators": Group.objects.get(name="Administrators").pk,
        },
    }


_ALIKE = {"deprecated", "first", "data"}  # to addresses, these are like others; deeds are done to them, below


@dataclass(frozen=True)
class Address:
    line: str  # of the table
    row: str  # as in `rows`
    path: str


@cache
def patterns() -> dict[str, str]:
    """Each pattern below /admin/ by its name, or by itself where it has none."""

    def walk(urls: list[URLPattern | URLResolver], path: str) -> Iterator[tuple[str, str]]:
        for pattern in urls:
            here = path + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, here)
            else:
                yield pattern.name or here, here

    [mounted] = [urls for urls in get_resolver().url_patterns if getattr(urls, "app_name", None) == "admin"]
    found = list(walk(mounted.url_patterns, ""))
    assert len(dict(found)) == len(found), "two addresses have one name"
    return dict(found)


def addresses(rows: dict[str, dict[str, int]]) -> Iterator[Address]:
    """Every address, once for each row that it may be about, with those whom it lets in."""
    for name, pattern in patterns().items():
        kind = next((kind for kind in rows if re.search(rf"/{kind}/<", pattern)), None)
        for row, key in (rows[kind] if kind else {"": 0}).items():
            if row in _ALIKE:
                continue
            line = f"{name} {row}" if f"{name} {row}" in LET_IN else name
            yield Address(line, row, _filled(pattern, key))


def _filled(pattern: str, key: int) -> str:
    path = pattern.replace("<path:content_type_id>", str(ContentType.objects.get_for_model(Agent).pk))
    path = path.replace("<str:token>", "a" * 32).replace("^(?P<app_label>catalog|auth)/$", "catalog/")
    path = re.sub(r"<(?:\w+:)?\w+>", str(key or Agent.objects.get(name="published").pk), path)
    return "/admin/" + path.replace("(?P<url>.*)$", "no/such/page")


def test_every_address_of_the_admin_is_in_the_table() -> None:
    assert set(patterns()) - set(LET_IN) == set(), "say in LET_IN who gets in there"
    assert {line.split(" ")[0] for line in LET_IN} - set(patterns()) == set(), "there are no such addresses"


def test_every_row_that_the_table_names_is_tried(rows: dict[str, dict[str, int]]) -> None:
    named = {line.split(" ")[1] for line in LET_IN if " " in line}
    assert named <= {name for kind in rows.values() for name in kind}


# --- Who is let in ---------------------------------------------------------------------------------------


class Person:
    """Somebody who tries every address. What a request does is undone; a log-out does not last."""

    def __init__(self, user: User | None) -> None:
        self.client = Client()
        if user:
            log_in(self.client, user)
        self.cookies = self.client.cookies.output(header="", sep=";")

    def ask(self, method: str, path: str, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.do(method, path, *args, **kwargs, then=lambda answer: answer)

    def do(self, method: str, path: str, *args: Any, then: Callable[[HttpResponse], Any], **kwargs: Any) -> Any:
        """Ask, and look at what has become of it before it is undone."""
        self.client.cookies = SimpleCookie(self.cookies)
        with transaction.atomic():
            seen = then(getattr(self.client, method)(path, *args, **kwargs))
            transaction.set_rollback(True)
        return seen


def is_let_in(answer: HttpResponse) -> bool:
    if answer.status_code == 302:
        return not answer["Location"].startswith("/admin/login/")
    assert answer.status_code in (200, 301, 400, 401, 403, 404, 405, 409, 422), answer.status_code
    return answer.status_code not in (401, 403, 405)


@pytest.fixture(params=PEOPLE)
def who(request: pytest.FixtureRequest, rows: dict[str, dict[str, int]]) -> tuple[str, Person]:
    """Each of them, with a token of their own."""
    name = request.param
    user = None if name == "visitor" else request.getfixturevalue(name)
    if user:
        ApiToken.objects.filter(pk=rows["apitoken"]["own"]).update(user=user)
    return name, Person(user)


def test_every_address_lets_in_those_who_may_and_nobody_else(
    rows: dict[str, dict[str, int]], who: tuple[str, Person]
) -> None:
    name, person = who
    found = {}
    for address in addresses(rows):
        for method, least in zip(("get", "post"), LET_IN[address.line], strict=True):
            may = PEOPLE[name] >= least
            answer = person.ask(method, address.path)
            if answer.status_code != 405 and is_let_in(answer) != may:
                found[f"{address.line}: {name} should {'' if may else 'not '}be let in by {method}"] = address.path
    assert "\n".join(found) == ""


@pytest.mark.parametrize("name", ["outsider", "editor"])
def test_no_parameter_or_method_opens_an_address(
    rows: dict[str, dict[str, int]], name: str, request: pytest.FixtureRequest
) -> None:
    person = Person(request.getfixturevalue(name))
    found = {}
    for address in addresses(rows):
        may_read, may_send = (PEOPLE[name] >= least for least in LET_IN[address.line])
        refused = [] if may_read else ["get", "head"]
        refused += [] if may_send else ["post"]
        refused += [] if may_read or may_send else ["put", "patch", "delete"]
        for method in refused:
            if is_let_in(person.ask(method, f"{address.path}?_popup=1&_to_field=id")):
                found[f"{address.line}: {name} should not be let in by {method}"] = address.path
    assert "\n".join(found) == ""


def test_no_address_takes_a_form_that_is_not_ours(rows: dict[str, dict[str, int]], admin: User) -> None:
    person = Person(admin)
    person.client.handler.enforce_csrf_checks = True
    paths = {address.path for address in addresses(rows)}
    taken = {path for path in paths if person.ask("post", path, {"do": "publish"}).status_code != 403}
    assert taken == set()


# --- What an editor cannot do -----------------------------------------------------------------------------

Sent = tuple[str, dict[str, Any]]
Rows = dict[str, dict[str, int]]


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """All rows, but for who is logged in and which windows are open."""
    models = [model for model in apps.get_models(include_auto_created=True) if model not in (Session, Presence)]
    return {model._meta.label: sorted(model._base_manager.values_list(), key=repr) for model in models}


def _agent(rows: Rows, name: str, deed: str) -> str:
    return f"/admin/catalog/agent/{rows['agent'][name]}/{deed}/"


def _version(rows: Rows, name: str, deed: str) -> str:
    return f"/admin/catalog/version/{rows['version'][name]}/{deed}/"


def _draft_form(rows: Rows, name: str, deed: str, **more: str) -> Sent:
    draft = Draft.objects.get(pk=rows["draft"][name])
    fields = {"revision": str(draft.revision), "source": draft.source, "note": "", "do": deed}
    return _agent(rows, name, "draft"), fields | more


def _live(rows: Rows, name: str, deed: str) -> Sent:
    draft = Draft.objects.get(pk=rows["draft"][name])
    asked = {"do": deed, "revision": draft.revision, "base": draft.source, "entries": [["source", draft.source]]}
    path = _agent(rows, name, "draft/live")
    return path, {"data": json.dumps(asked), "content_type": "application/json"}


def _review(rows: Rows, deed: str) -> Sent:
    draft = Draft.objects.get(pk=rows["draft"]["review"])
    return _agent(rows, "review", "review"), {"revision": str(draft.revision), "do": deed, "reason": "Not yet."}


def _about(rows: Rows, name: str, **fields: str) -> Sent:
    agent = Agent.objects.get(pk=rows["agent"][name])
    form = {"title": agent.title, "category": str(agent.category_id or ""), "maintainers": "", "license": ""}
    tags = ", ".join(agent.tags.values_list("name", flat=True))
    return _agent(rows, name, "change"), form | {"origin_url": "", "tags": tags} | fields


def _bulk(rows: Rows, deed: str, *names: str, **fields: Any) -> Sent:
    keys = ",".join(str(rows["agent"][name]) for name in names)
    return f"/admin/catalog/agent/bulk/{deed}/", {"agents": keys, "back": "", **fields}


def _shelf(rows: Rows, kind: str, deed: str, **fields: str) -> Sent:
    path = "add" if deed == "add" else f"{rows[kind]['']}/{deed}"
    return f"/admin/catalog/{kind}/{path}/", fields


def _collection(rows: Rows, deed: str, **fields: Any) -> Sent:
    row = Collection.objects.get(pk=rows["collection"][""])
    members = list(row.members.values_list("agent", flat=True))
    form = {"do": deed, "title": row.title, "name": row.name, "introduction": "", "member": members}
    return f"/admin/catalog/collection/{row.pk}/change/", form | {"seen": row.updated_at.isoformat()} | fields


# Deeds that change what others see, each as its page sends it: publishers do them, editors cannot.
DEEDS: dict[str, Callable[[Rows], Sent]] = {
    "publish a draft": lambda rows: _draft_form(rows, "changed", "publish"),
    "publish what is new": lambda rows: _draft_form(rows, "new", "publish"),
    "publish in the editor": lambda rows: _live(rows, "changed", "publish"),
    "publish what is in review": lambda rows: _review(rows, "publish"),
    "return what is in review": lambda rows: _review(rows, "return"),
    "take what is in review": lambda rows: _review(rows, "recall"),
    "yank": lambda rows: (_version(rows, "latest", "yank"), {"reason": "It is wrong."}),
    "unyank": lambda rows: (_version(rows, "withdrawn", "unyank"), {}),
    "restore": lambda rows: (_version(rows, "first", "restore"), {"note": ""}),
    "rename": lambda rows: (_agent(rows, "published", "rename"), {"name": "another"}),
    "deprecate": lambda rows: (_agent(rows, "published", "deprecate"), {"note": "Old.", "successor": ""}),
    "undeprecate": lambda rows: (_agent(rows, "deprecated", "undeprecate"), {}),
    "retitle": lambda rows: _about(rows, "published", title="Another"),
    "take out of its category": lambda rows: _about(rows, "published", category=""),
    "tag": lambda rows: _about(rows, "published", tags="python, more"),
    "look after": lambda rows: _about(rows, "published", maintainers="elif"),
    "categorise many": lambda rows: _bulk(rows, "category", "published", category="data"),
    "tag many": lambda rows: _bulk(rows, "tag", "published", "changed", tags="more"),
    "untag many": lambda rows: _bulk(rows, "untag", "published", tags=["python"]),
    "deprecate many": lambda rows: _bulk(rows, "deprecate", "published", note="Old.", successor=""),
    "undeprecate many": lambda rows: _bulk(rows, "undeprecate", "deprecated"),
    "add a category": lambda rows: _shelf(rows, "category", "add", title="Reports", name="", description=""),
    "change a category": lambda rows: _shelf(
        rows, "category", "change", title="Reports", name="reports", description=""
    ),
    "delete a category": lambda rows: _shelf(rows, "category", "delete", post="yes"),
    "add a tag": lambda rows: _shelf(rows, "tag", "add", name="more"),
    "change a tag": lambda rows: _shelf(rows, "tag", "change", name="more"),
    "make a collection": lambda rows: (
        "/admin/catalog/collection/add/",
        {"do": "save", "title": "Another", "member": [rows["agent"]["published"]]},
    ),
    "change a collection": lambda rows: _collection(rows, "save", title="Another"),
    "empty a collection": lambda rows: _collection(rows, "save", member=[rows["agent"]["published"]]),
    "take a collection off": lambda rows: (f"/admin/catalog/collection/{rows['collection']['']}/unpublish/", {}),
    "delete a collection": lambda rows: _shelf(rows, "collection", "delete"),
    "delete a tag": lambda rows: _shelf(rows, "tag", "delete", post="yes"),
}


def send(user: User, sent: Sent) -> HttpResponse:
    path, fields = sent
    client = log_in(Client(), user)
    return client.post(path, **fields) if "content_type" in fields else client.post(path, fields)


@pytest.mark.parametrize("deed", DEEDS)
def test_what_publishers_do_editors_cannot(rows: Rows, editor: User, publisher: User, deed: str) -> None:
    before = _logged_in(everything, editor)
    send(editor, DEEDS[deed](rows))
    assert _logged_in(everything, editor) == before
    assert send(publisher, DEEDS[deed](rows)).status_code in (200, 302)
    assert _logged_in(everything, publisher) != before


def _logged_in(snapshot: Callable[[], Any], *people: User) -> Any:
    """Without the times at which the test logged somebody in."""
    User.objects.update(last_login=None)
    return snapshot()


@pytest.mark.parametrize("as_what", ["versions", "drafts"])
def test_an_editor_imports_no_versions(
    rows: Rows, editor: User, publisher: User, settings: Any, tmp_path: Path, as_what: str
) -> None:
    settings.DATA_DIR = tmp_path

    def import_as(user: User) -> None:
        client = log_in(Client(), user)
        file = SimpleUploadedFile("published.md", agent_source("published", model="sonnet").encode())
        address = client.post("/admin/import/", {"files": [file]})["Location"]
        client.post(f"{address}?as={as_what}", {"as": as_what})

    before = seen_by_others()
    import_as(editor)
    assert seen_by_others() == before
    import_as(publisher)
    assert (seen_by_others() != before) == (as_what == "versions")


def test_what_nobody_has_seen_is_the_editors_to_name_and_to_shelve(rows: Rows, editor: User) -> None:
    writing = str(rows["category"][""])
    assert send(editor, _about(rows, "new", title="Another", category=writing, tags="more")).status_code == 302
    agent = Agent.objects.get(pk=rows["agent"]["new"])
    assert (agent.title, str(agent.category_id), agent.tags.get().name) == ("Another", writing, "more")
    assert send(editor, (_agent(rows, "new", "rename"), {"name": "another"})).status_code == 302
    assert Agent.objects.filter(name="another").exists()


def test_many_at_once_are_changed_but_for_those_that_are_published(rows: Rows, editor: User) -> None:
    before = seen_by_others()
    send(editor, _bulk(rows, "tag", "published", "new", "changed", tags="more"))
    assert seen_by_others() == before
    assert [agent.pk for agent in Tag.objects.get(name="more").agents.all()] == [rows["agent"]["new"]]


def test_an_agent_that_offers_nothing_any_more_is_still_the_publishers(
    rows: Rows, editor: User, publisher: User
) -> None:
    for version in Version.objects.filter(agent=rows["agent"]["published"], yanked_at=None):
        publishing.yank(version, by=publisher, reason="It is wrong.")
    before = _logged_in(everything)
    send(editor, _about(rows, "published", title="Another"))
    send(editor, (_agent(rows, "published", "rename"), {"name": "another"}))
    assert _logged_in(everything) == before


# --- Whatever is sent wherever ---------------------------------------------------------------------------


def seen_by_others() -> Any:
    """What the public reads, and who may do what."""
    shown = Agent.objects.filter(versions__isnull=False).distinct().order_by("pk")
    columns = [field.attname for field in Agent._meta.concrete_fields if field.name != "last_revision"]
    shelves = [model.objects.filter(agents__in=shown).distinct().order_by("pk") for model in (Category, Tag)]
    return (
        list(shown.values_list(*columns)),
        [list(rows.values_list()) for rows in shelves],
        list(Agent.tags.through.objects.filter(agent__in=shown).order_by("pk").values_list()),
        list(Agent.maintainers.through.objects.filter(agent__in=shown).order_by("pk").values_list()),
        list(Version.objects.order_by("pk").values_list("pk", "digest", "yanked_at")),
        list(FormerName.objects.filter(agent__in=shown).values_list()),
        [list(model.objects.order_by("pk").values_list()) for model in (Collection, Member)],
        list(User.objects.order_by("pk").values_list("pk", "username", "password", "is_staff", "is_superuser")),
        [list(through.objects.order_by("pk").values_list()) for through in _RIGHTS],
        list(Event.objects.filter(agent__in=shown).exclude(verb__in=_EDITORS_DEEDS).order_by("pk").values_list()),
    )


_EDITORS_DEEDS = ("created", "submitted", "recalled", "discarded")
_RIGHTS = (User.groups.through, User.user_permissions.through, Group.permissions.through)
# With a blank or a word behind it, too: what decides must read a deed as what carries it out does.
_VERBS = (
    *("publish ", "publish now", " publish", "return", "return x"),
    *("yank", "restore", "rebase", "deprecate", "delete"),
)


def _any_form(rows: Rows, verb: str, row: str) -> dict[str, Any]:
    """The fields of all forms at once, with the text of an agent as its pages would send it."""
    agents = [rows["agent"][name] for name in ("published", "changed", "review")]
    draft = Draft.objects.filter(agent=rows["agent"].get(row)).first()
    return {
        **dict.fromkeys(("do", "action", "deed", "_publish", "publish", "state"), verb),
        "as": "versions",
        "post": "yes",
        "index": "0",
        "select_across": "1",
        "_selected_action": agents,
        "agents": ",".join(map(str, agents)),
        "back": "",
        "drafts": "",
        "mend": "all",
        "revision": str(draft.revision if draft else 0),
        "theirs": "1",
        "onto": "1",
        "base": "",
        "seen": Collection.objects.get().updated_at.isoformat(),
        "member": agents,
        "introduction": "i",
        "source": draft.source if draft else agent_source("published", model="haiku"),
        "name": "another",
        "title": "Another",
        "description": "",
        "category": "",
        "tags": "more",
        "note": "n",
        "reason": "r",
        "successor": "",
        "maintainers": "elif",
        "license": "",
        "origin_url": "",
        "username": "elif",
        "role": "administrator",
        "is_superuser": "on",
        "is_staff": "on",
        "groups": [group.pk for group in Group.objects.all()],
        "password1": "long-enough-8",
        "permissions": [right.pk for right in Permission.objects.all()],
        "password2": "long-enough-8",
    }


def _changed_by(user: User, rows: Rows, verb: str, where: str = "") -> set[str]:
    """The addresses at which somebody's form, or the same as JSON, changes what others see."""
    person, before, found = Person(user), seen_by_others(), set()
    for address in addresses(rows):
        if not re.search(where, address.line):
            continue
        form = _any_form(rows, verb, address.row)
        asked = {**form, "entries": [[name, value] for name, value in form.items() if isinstance(value, str)]}
        for sent in ({"data": form}, {"data": json.dumps(asked), "content_type": "application/json"}):
            if person.do("post", address.path, **sent, then=lambda _: seen_by_others() != before):
                found.add(address.line)
    return found


def test_an_editor_changes_nothing_that_others_see_by_any_address(rows: Rows, editor: User, publisher: User) -> None:
    assert _changed_by(editor, rows, "publish") == set()
    # The same forms are good enough where they are sent by those who may.
    publish = {"catalog_agent_draft", "catalog_agent_draft_live", "catalog_agent_review"}
    assert _changed_by(publisher, rows, "publish", "draft|review|yank|rename") >= publish | {
        "catalog_version_yank",
        "catalog_agent_rename",
    }


@pytest.mark.parametrize("verb", _VERBS)
def test_an_editor_changes_nothing_that_others_see_by_any_form_or_bulk_action(
    rows: Rows, editor: User, verb: str
) -> None:
    assert _changed_by(editor, rows, verb, "draft|review|bulk|changelist|import") == set()


def test_the_list_of_agents_offers_an_editor_no_deed_of_the_publishers(rows: Rows, editor: User) -> None:
    page = log_in(Client(), editor).get("/admin/catalog/agent/").content.decode()
    offered = set(re.findall(r'<option value="(\w+)"', page))
    assert offered & {"category", "tag", "untag", "deprecate", "undeprecate", "delete_selected"} == {
        "category",
        "tag",
        "untag",
    }
