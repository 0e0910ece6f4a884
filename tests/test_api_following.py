"""Mirrors and lock files: the sequence of changes, and what is outdated."""

import random
from contextlib import suppress
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import changes, collecting, definition, drafting, publishing, shelving
from catalog.definition import digest_of
from catalog.models import Agent, Category, Change, Event, Version
from tests.answers import AGENTS, BASE, Publish, problem
from tests.sources import agent_source

CHANGES, OUTDATED = "/api/v1/changes", "/api/v1/outdated"


def changes_since(client: Client, since: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    """All changes after a number, by following the pages."""
    found: list[dict[str, Any]] = []
    while True:
        page = client.get(CHANGES, {"since": since, "limit": limit}).json()
        found += page["items"]
        since = page["next_since"]
        if not page["has_more"]:
            return found


class Mirror:
    """What somebody has who knows nothing but the changes, and fetches files at their pinned addresses."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.since = 0
        self.files: dict[str, dict[int, bytes]] = {}
        self.yanked: set[tuple[str, int]] = set()
        self.deprecated: dict[str, tuple[str, str | None]] = {}

    def follow(self, limit: int) -> None:
        for change in changes_since(self.client, self.since, limit):
            self.since = change["sequence"]
            self.apply(change["verb"], change["name"], change)

    def apply(self, verb: str, name: str, change: dict[str, Any]) -> None:
        if verb == "renamed":
            self.rename(change["former_name"], name)
        if verb in ("published", "restored", "renamed"):
            self.fetch(name, change["number"], change["digest"])
        elif verb == "yanked":
            self.yanked.add((name, change["number"]))
        elif verb == "unyanked":
            self.yanked.discard((name, change["number"]))
        elif verb == "deprecated":
            self.deprecated[name] = change["note"], change["successor"]
        elif verb == "undeprecated":
            self.deprecated.pop(name, None)

    def latest(self) -> dict[str, int]:
        """By the rule that the reference gives."""
        found = {}
        for name, files in self.files.items():
            offered = [number for number in files if (name, number) not in self.yanked]
            named = [number for number in offered if definition.parse(files[number]).name == name]
            if named:
                found[name] = max(named)
        return found

    def rename(self, old: str, name: str) -> None:
        self.files[name] = self.files.pop(old, {})
        self.yanked = {(name if of == old else of, number) for of, number in self.yanked}
        if old in self.deprecated:
            self.deprecated[name] = self.deprecated.pop(old)
        self.deprecated = {
            of: (note, name if successor == old else successor) for of, (note, successor) in self.deprecated.items()
        }

    def fetch(self, name: str, number: int, digest: str) -> None:
        content = self.client.get(f"/agents/{name}/{number}.md").content
        assert digest_of(content) == digest
        self.files.setdefault(name, {})[number] = content


def as_it_is() -> tuple[Any, ...]:
    """The catalog itself, in the form of a mirror."""
    versions = list(Version.objects.select_related("agent"))
    files: dict[str, dict[int, bytes]] = {}
    for version in versions:
        files.setdefault(version.agent.name, {})[version.number] = version.source.encode()
    return (
        files,
        {(version.agent.name, version.number) for version in versions if version.is_yanked},
        {
            agent.name: (agent.deprecation_note, agent.successor.name if agent.successor else None)
            for agent in Agent.objects.exclude(deprecated_at=None)
        },
    )


class Team:
    """People who do whatever can be done, by chance."""

    def __init__(self, seed: int, by: User, publish_source: Publish) -> None:
        self.random, self.by, self.publish_source, self.counted = random.Random(seed), by, publish_source, 0

    def act(self) -> None:
        agents = list(Agent.objects.published().order_by("pk"))
        deed = self.random.choice(DEEDS) if agents else "publish new"
        self.counted += 1
        agent = self.random.choice(agents) if agents else None
        with suppress(publishing.NotPublishable, publishing.NameTaken):
            self.do(deed, agent)

    def do(self, deed: str, agent: Agent | None) -> None:
        if deed == "publish new" or agent is None:
            self.publish_source(agent_source(f"agent-{self.counted}"), by=self.by)
            return
        version = self.random.choice(list(agent.versions.order_by("number")))
        match deed:
            case "publish":
                self.publish_source(agent_source(agent.name, prompt=f"Text {self.counted}."), by=self.by)
            case "yank":
                publishing.yank(version, by=self.by, reason="Bad.")
            case "unyank":
                publishing.unyank(version, by=self.by)
            case "restore":
                publishing.restore(version, by=self.by)
            case "rename":
                publishing.rename(agent, f"renamed-{self.counted}", by=self.by)
            case "rename back":
                former = agent.former_names.first()
                publishing.rename(agent, former.name if former else agent.name, by=self.by)
            case "deprecate":
                successor = self.random.choice([None, *Agent.objects.published()])
                publishing.deprecate(agent, by=self.by, note=f"Note {self.counted}.", successor=successor)
            case "undeprecate":
                publishing.undeprecate(agent, by=self.by)
            case "draft":
                drafting.open_draft(agent, by=self.by, source=agent_source(agent.name, prompt="Secret."))
            case _:
                shelving.tag([agent], [f"tag-{self.counted}"], by=self.by)


DEEDS = (
    *("publish new", "publish", "publish", "publish", "yank", "yank", "unyank", "restore", "rename", "rename back"),
    *("deprecate", "undeprecate", "draft", "tag"),
)


@pytest.mark.parametrize("seed", range(6))
def test_a_mirror_is_rebuilt_exactly_from_the_changes(
    client: Client, publisher: User, publish_source: Publish, seed: int
) -> None:
    """Whether it followed all along, in pages of any size, or begins when all is done."""
    team, followed = Team(seed, publisher, publish_source), Mirror(client)
    for step in range(60):
        team.act()
        if step % 7 == seed % 7:
            followed.follow(limit=1 + seed)
    followed.follow(limit=3)
    late = Mirror(client)
    late.follow(limit=1_000)
    wanted = as_it_is()
    for mirror in (followed, late):
        assert (mirror.files, mirror.yanked, mirror.deprecated) == wanted
        assert mirror.latest() == dict(Agent.objects.published().values_list("name", "latest_version__number"))
    assert sum(map(len, wanted[0].values())) > 15


def test_a_change_tells_what_happened(client: Client, publisher: User, publish_source: Publish) -> None:
    version = publish_source(agent_source(), by=publisher)
    publishing.yank(version, by=publisher, reason="It was wrong.")
    published, yanked = changes_since(client)
    assert published["sequence"] < yanked["sequence"]
    assert published["at"].endswith("Z")
    assert {key: published[key] for key in ("verb", "name", "number", "digest", "note")} == {
        "verb": "published",
        "name": "code-reviewer",
        "number": 1,
        "digest": version.digest,
        "note": None,
    }
    assert (yanked["verb"], yanked["number"], yanked["note"]) == ("yanked", 1, "It was wrong.")


def test_an_agent_has_the_name_it_had_then(client: Client, publisher: User, publish_source: Publish) -> None:
    agent = publish_source(agent_source("first"), by=publisher).agent
    publishing.rename(agent, "second", by=publisher)
    publishing.deprecate(agent, by=publisher, note="Old.")
    publishing.rename(agent, "first", by=publisher)
    told = [(change["verb"], change["name"], change["former_name"]) for change in changes_since(client, limit=1)]
    assert told == [
        ("published", "first", None),
        ("renamed", "second", "first"),
        ("deprecated", "second", None),
        ("renamed", "first", "second"),
    ]


def test_what_is_of_no_single_agent_is_told_too(client: Client, publisher: User, publish_source: Publish) -> None:
    agent = publish_source(agent_source(), by=publisher).agent
    shelving.categorise([agent], Category.objects.create(name="quality", title="Quality"), by=publisher)
    one = collecting.create("A team", by=publisher)
    collecting.set_members(one, [(agent, "")], by=publisher)
    collecting.publish(one, by=publisher)
    changes.record([None])
    told = [(change["verb"], change["name"]) for change in changes_since(client)]
    assert told == [
        ("published", "code-reviewer"),
        ("categorised", "code-reviewer"),
        ("collection-published", None),
        ("catalog-changed", None),
    ]


def test_drafts_are_no_changes(client: Client, editor: User) -> None:
    agent, _ = publishing.register(definition.parse(agent_source()), by=editor)
    drafting.open_draft(agent, by=editor)
    assert client.get(CHANGES).json() == {"items": [], "next_since": 0, "has_more": False}


def test_a_sequence_the_catalog_has_not_reached_is_refused(client: Client, publish_source: Publish) -> None:
    publish_source(agent_source())
    last = Change.objects.latest("pk").pk
    assert client.get(CHANGES, {"since": last}).json() == {"items": [], "next_since": last, "has_more": False}
    assert problem(client.get(CHANGES, {"since": last + 1})) == (409, "unknown_sequence")


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"since": "-1"}, "since"), ({"since": 2**63}, "since"), ({"limit": 1001}, "limit"), ({"limit": 0}, "limit")],
)
def test_what_cannot_be_asked_of_changes_is_refused(client: Client, db: None, asked: Any, field: str) -> None:
    response = client.get(CHANGES, asked)
    assert problem(response) == (422, "invalid_parameters")
    assert response.json()["errors"][0]["field"] == field


def test_changes_take_as_many_queries_however_many_there_are(
    client: Client, publisher: User, publish_source: Publish
) -> None:
    counts = []
    for number in range(3):
        for agent in (f"a-{number}-{one}" for one in range(3 * number + 1)):
            renamed = publish_source(agent_source(agent), by=publisher).agent
            publishing.rename(renamed, f"b-{agent}", by=publisher)
        with CaptureQueriesContext(connection) as queries:
            client.get(CHANGES, {"limit": 1_000})
        counts.append(len(queries))
    assert counts == [3, 3, 3]  # the newest change, the page, the renames


# --- What is outdated ------------------------------------------------------------------------------------------


def ask(client: Client, *pins: dict[str, Any]) -> Any:
    return client.post(OUTDATED, {"pins": list(pins)}, content_type="application/json")


def test_who_holds_files_is_told_which_are_outdated(client: Client, publisher: User, publish_source: Publish) -> None:
    first = publish_source(agent_source(), by=publisher)
    second = publish_source(agent_source(model="opus"), by=publisher)
    other = publish_source(agent_source("other"), by=publisher)
    gone = publish_source(agent_source("gone"), by=publisher)
    publishing.yank(gone, by=publisher, reason="It leaked.")
    renamed = publish_source(agent_source("old-name"), by=publisher)
    publishing.rename(renamed.agent, "new-name", by=publisher)
    edited = digest_of(b"changed by hand")
    body = ask(
        client,
        {"name": "code-reviewer", "digest": first.digest},
        {"digest": second.digest},
        {"name": "other", "digest": other.digest},
        {"name": "gone", "digest": gone.digest},
        {"name": "old-name", "digest": renamed.digest},
        {"name": "other", "digest": edited},
        {"digest": edited},
        {"name": "nobody", "digest": edited},
    ).json()
    assert body["current"] == 2
    told = [
        (pin["name"], pin["status"], pin["number"], pin["latest"] and (pin["latest"]["name"], pin["latest"]["number"]))
        for pin in body["outdated"]
    ]
    assert told == [
        ("code-reviewer", "outdated", 1, ("code-reviewer", 2)),
        ("gone", "withdrawn", 1, None),
        ("old-name", "outdated", 1, ("new-name", 2)),
        ("other", "unknown", None, ("other", 1)),
        (None, "unknown", None, None),
        ("nobody", "unknown", None, None),
    ]
    assert body["outdated"][1]["reason"] == "It leaked."
    latest = body["outdated"][0]["latest"]
    assert latest["digest"] == second.digest
    assert client.get(latest["download"].removeprefix(BASE)).content == second.source.encode()


def test_a_version_yanked_behind_the_latest_is_withdrawn(
    client: Client, publisher: User, publish_source: Publish
) -> None:
    first = publish_source(agent_source(), by=publisher)
    second = publish_source(agent_source(model="opus"), by=publisher)
    publishing.yank(second, by=publisher, reason="Bad.")
    [pin] = ask(client, {"digest": second.digest}).json()["outdated"]
    assert (pin["status"], pin["latest"]["number"]) == ("withdrawn", 1)
    assert ask(client, {"digest": first.digest}).json() == {"current": 1, "outdated": []}


def test_a_text_published_again_is_the_latest(client: Client, publisher: User, publish_source: Publish) -> None:
    first = publish_source(agent_source(), by=publisher)
    publish_source(agent_source(model="opus"), by=publisher)
    publishing.restore(first, by=publisher)
    assert ask(client, {"name": "code-reviewer", "digest": first.digest}).json()["current"] == 1


def test_a_draft_is_as_unknown_as_any_text(client: Client, editor: User) -> None:
    source = agent_source("secret-plan")
    agent, _ = publishing.register(definition.parse(source), by=editor)
    drafting.open_draft(agent, by=editor, source=source)
    [pin] = ask(client, {"name": "secret-plan", "digest": digest_of(source.encode())}).json()["outdated"]
    assert (pin["status"], pin["latest"]) == ("unknown", None)


def test_the_name_of_an_unpublished_agent_is_as_good_as_none(
    client: Client, editor: User, publisher: User, publish_source: Publish
) -> None:
    version = publish_source(agent_source(), by=publisher)
    source = agent_source("secret-plan")
    agent, _ = publishing.register(definition.parse(source), by=editor)
    drafting.open_draft(agent, by=editor, source=source)
    for name in ("secret-plan", "nobody-at-all"):
        assert ask(client, {"name": name, "digest": version.digest}).json() == {"current": 1, "outdated": []}


def test_nobody_learns_of_an_unpublished_agent_as_a_successor(
    client: Client, editor: User, publisher: User, publish_source: Publish
) -> None:
    agent = publish_source(agent_source(), by=publisher).agent
    plan, _ = publishing.register(definition.parse(agent_source("secret-plan")), by=editor)
    with pytest.raises(publishing.NotPublishable, match="has not been published"):
        publishing.deprecate(agent, by=publisher, note="", successor=plan)
    # As releases before this one allowed it:
    event = Event.objects.create(actor=publisher, verb="deprecated", agent=agent, data={"successor": "secret-plan"})
    changes.record([agent], [event])
    Agent.objects.filter(pk=agent.pk).update(deprecated_at=event.at, successor=plan)
    assert changes_since(client)[-1]["successor"] is None
    assert client.get(f"{AGENTS}/code-reviewer").json()["deprecation"] == {"note": "", "successor": None}
    publish_source(agent_source("secret-plan"), by=publisher)
    told = [change["successor"] for change in changes_since(client) if change["verb"] == "deprecated"]
    assert told == ["secret-plan"]


def test_a_thousand_files_take_the_queries_of_one(client: Client, publisher: User, publish_source: Publish) -> None:
    held = [publish_source(agent_source(f"agent-{number}"), by=publisher) for number in range(20)]
    pins = [{"name": version.agent.name, "digest": version.digest} for version in held]
    made_up = [{"name": f"no-{number}", "digest": digest_of(str(number).encode())} for number in range(980)]
    counts = []
    for asked in (pins[:1], pins + made_up):
        with CaptureQueriesContext(connection) as queries:
            assert ask(client, *asked).json()["current"] == len(set(map(str, asked)) & set(map(str, pins)))
        counts.append(len(queries))
    assert counts == [4, 4]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"pins": [{"digest": "sha256:" + "0" * 64}] * 1001}, "pins"),
        ({"pins": [{"digest": "md5:1"}]}, "pins.0.digest"),
        ({"pins": [{"digest": "sha256:" + "0" * 64, "name": "a\0b"}]}, "pins.0.name"),
        ({"pins": [{}]}, "pins.0.digest"),
        ({}, "pins"),
    ],
)
def test_what_is_no_list_of_pins_is_refused(client: Client, db: None, body: Any, field: str) -> None:
    response = client.post(OUTDATED, body, content_type="application/json")
    assert problem(response) == (422, "invalid_parameters")
    assert response.json()["errors"][0]["field"] == field


def test_any_site_may_ask_what_is_outdated(client: Client, db: None) -> None:
    response = client.options(OUTDATED, headers={"access-control-request-method": "POST"})
    assert response["Access-Control-Allow-Methods"] == "POST, OPTIONS"
    assert "Content-Type" in response["Access-Control-Allow-Headers"]
    assert ask(client)["Access-Control-Allow-Origin"] == "*"
    private = client.options(f"{AGENTS}/code-reviewer/deprecate")
    assert "Access-Control-Allow-Methods" not in private
