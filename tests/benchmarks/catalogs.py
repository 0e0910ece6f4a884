"""Catalogs of made agents, three versions each, as large as wanted.

An agent of a small one is the same in a larger one, so that its page can be compared. Rows are written in bulk, as
publishing would have left them (a test holds it to that); the index is the search's own. Dates are counted back from
today.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from functools import cache, lru_cache
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.utils import timezone

from catalog import changes, search
from catalog.definition import digest_of, title_of
from catalog.definition.checks import estimated_tokens
from catalog.models import Agent, Category, Collection, Download, Example, Member, Tag, Version
from catalog.projection import facets_of
from catalog.search import entries
from tests.benchmarks.texts import POOL, VERSIONS, Text, Writer, text

BATCH = 1_000
DAYS = 730

# A name is one of each: no two are the same, and as many of a hundred as of a hundred thousand share a word.
_QUALIFIERS = """
    senior junior lead principal expert careful rapid strict friendly quiet daily weekly nightly remote local global
    internal external public private mobile desktop embedded legacy modern agile lean async batch streaming realtime
    hybrid multi cross deep smart plain total
"""
_DOMAINS = """
    python django flask react vue angular svelte typescript javascript rust golang java kotlin swift ruby rails php
    laravel csharp dotnet scala elixir haskell terraform kubernetes docker helm ansible aws azure gcp linux nginx kafka
    spark airflow dbt snowflake postgres mysql sqlite mongodb redis graphql grpc rest oauth security privacy gdpr
    accessibility performance testing migration refactoring logging monitoring incident release deployment pipeline
    documentation translation localisation changelog api schema database frontend backend fullstack android ios game
    shader audio video image pdf email billing invoice pricing sales marketing seo content brand legal contract hiring
    onboarding support research survey finance tax risk compliance audit data analytics statistics forecasting vision
"""
_ROLES = """
    reviewer engineer architect writer planner analyst debugger designer tester auditor editor coach guide helper
    researcher optimizer investigator migrator maintainer operator strategist translator librarian scribe curator
    inspector mentor scout tracker builder checker explainer summarizer negotiator scheduler archivist assistant advisor
"""
QUALIFIERS, DOMAINS, ROLES = _QUALIFIERS.split(), _DOMAINS.split(), _ROLES.split()
STRIDE = 65_537  # prime, so that every name comes up once before any comes again

_SHELVES = """
    engineering quality operations data writing planning security design research marketing support finance legal people
    games education
"""
SHELVES = _SHELVES.split()
TAGS = [*DOMAINS, *(f"{domain}-{role}" for role in ROLES for domain in DOMAINS)][:300]


def fill(size: int) -> None:
    """Bring the database up to date and, if it is empty, fill it with so many agents."""
    call_command("migrate", verbosity=0)
    if changes.latest().number:  # the last thing that is written
        assert Agent.objects.count() == size, "There is another catalog."
        search.catch_up()
        return
    assert not Agent.objects.exists(), "There is a catalog that was not finished: delete it."
    with connection.cursor() as cursor:
        is_sqlite = connection.vendor == "sqlite"
        cursor.execute("PRAGMA synchronous = OFF" if is_sqlite else "SET synchronous_commit = off")
        make(size)
        cursor.execute("ANALYZE")
        if is_sqlite:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def make(size: int) -> None:
    """Write as many agents into an empty database, and their index."""
    rows = Rows()
    with _created_as_told():
        for first in range(0, size, BATCH):
            with transaction.atomic():
                rows.write(range(first, min(first + BATCH, size)))
    rows.write_collections(size)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Agent, Version]):
            cursor.execute(statement)
    with _each_text_read_once():
        search.rebuild()
    with transaction.atomic():
        changes.record([None])


def one_agent() -> dict[str, str]:
    """The name and the lead of an agent that every catalog has, of three versions on offer."""
    agent = Agent.objects.published().filter(deprecated_at=None, latest_version__number=VERSIONS).earliest("pk")
    return {"name": agent.name, "lead": agent.latest_version.lead}


@contextmanager
def _created_as_told() -> Iterator[None]:
    field = Agent._meta.get_field("created_at")
    field.auto_now_add = False
    try:
        yield
    finally:
        field.auto_now_add = True


@contextmanager
def _each_text_read_once() -> Iterator[None]:
    """Finding the words of its prompt is most of what indexing an agent takes, and here many have the same."""
    words_of = entries.words_of
    entries.words_of = lru_cache(maxsize=2 * POOL)(words_of)
    try:
        yield
    finally:
        entries.words_of = words_of


class Rows:
    """Writes agents by their numbers, and what belongs to them."""

    def __init__(self) -> None:
        self.today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
        self.people = [User.objects.create(username=name) for name in ("maker", "reviewer", "publisher")]
        self.shelves = Category.objects.bulk_create(Category(name=name, title=name.capitalize()) for name in SHELVES)
        self.tags = Tag.objects.bulk_create(Tag(name=name) for name in TAGS)

    def write(self, numbers: Iterable[int]) -> None:
        rows: dict[type[models.Model], list[Any]] = {
            model: [] for model in (Agent, Version, Example, Agent.tags.through, Download)
        }
        for number in numbers:
            rng, made = random.Random(f"agent {number}"), text(number % POOL)
            agent = self.agent(number, made, rng)
            versions = self.versions(agent, made, rng)
            self.settle(agent, versions, rng)
            rows[Agent].append(agent)
            rows[Version] += versions
            rows[Example] += _examples(versions, made)
            rows[Agent.tags.through] += self.taggings(agent, rng)
            rows[Download] += self.downloads(agent, versions, rng)
        for model, some in rows.items():
            model._default_manager.bulk_create(some, batch_size=BATCH)

    def agent(self, number: int, made: Text, rng: random.Random) -> Agent:
        name = name_of(number)
        return Agent(
            pk=number + 1,
            name=name,
            title=Writer(rng, True).title() if made.is_japanese else title_of(name),
            category=rng.choices(self.shelves, _falling(len(self.shelves), 1))[0] if rng.random() < 0.97 else None,
            license=rng.choice(("MIT", "Apache-2.0", "", "")),
            origin_url=f"https://example.org/{name}" if rng.random() < 0.3 else "",
            created_at=self.today - timedelta(days=rng.random() * DAYS),
        )

    def versions(self, agent: Agent, made: Text, rng: random.Random) -> list[Version]:
        lead = Writer(rng, made.is_japanese).lead(agent.title)
        between = (self.today - agent.created_at) * rng.random() / VERSIONS
        versions = []
        for number, edition in enumerate(made.editions, 1):
            source = made.source(agent.name, lead, edition.prompt)
            description = lead + made.examples
            own = {
                "description": description,
                "lead": lead,
                "fields": {**edition.columns["fields"], "name": agent.name, "description": description},
                "description_tokens": estimated_tokens(description),
            }
            version = Version(
                pk=(agent.pk - 1) * VERSIONS + number,
                agent=agent,
                number=number,
                source=source,
                digest=digest_of(source.encode()),
                size=len(source.encode()),
                note="" if number == 1 else "Says more.",
                published_at=agent.created_at + (number - 1) * between,
                published_by=rng.choice(self.people),
                **{**edition.columns, **own},
            )
            versions.append(version)
        return versions

    def settle(self, agent: Agent, versions: list[Version], rng: random.Random) -> None:
        """What became of an agent: most are offered in their last version, some are withdrawn or deprecated."""
        fate = rng.random()
        for version in versions if fate < 0.003 else versions[-1:] if fate < 0.013 else ():
            version.yanked_at, version.yanked_by, version.yank_reason = self.today, self.people[1], "It went too far."
        agent.updated_at = versions[-1].published_at
        if offered := [version for version in versions if not version.is_yanked]:
            agent.latest_version_id, agent.facets = offered[-1].pk, facets_of(offered[-1])
        if fate > 0.98:
            agent.deprecated_at, agent.deprecation_note = self.today, "Another one does this better."
            agent.successor_id = agent.pk - 1 or None

    def taggings(self, agent: Agent, rng: random.Random) -> list[Any]:
        tags = dict.fromkeys(rng.choices(self.tags, _falling(len(self.tags), 4), k=rng.randint(0, 6)))
        return [Agent.tags.through(agent_id=agent.pk, tag_id=tag.pk) for tag in tags]

    def downloads(self, agent: Agent, versions: list[Version], rng: random.Random) -> list[Download]:
        """Of three agents in ten, on some days; a few are downloaded a lot."""
        days = rng.sample(range(1, 91), rng.randint(1, 12)) if rng.random() < 0.3 else []
        counts = [min(int(rng.paretovariate(1)), 10_000) for _ in days]
        agent.downloads = sum(counts)
        return [
            Download(version_id=versions[-1].pk, day=self.today - timedelta(days=day), count=count)
            for day, count in zip(days, counts, strict=True)
        ]

    def write_collections(self, size: int) -> None:
        """Twenty, of a dozen agents each: the first agents, which every catalog has."""
        for number in range(20):
            collection = Collection.objects.create(
                name=f"set-{number}",
                title=f"Set {number}",
                introduction=text(number).editions[0].prompt[:1000],
                updated_at=self.today,
                published_at=self.today,
            )
            members = range(number + 1, min(number + 13, size + 1))
            Member.objects.bulk_create(Member(collection=collection, agent_id=pk, position=pk) for pk in members)


def name_of(number: int) -> str:
    number, qualifier = divmod(number * STRIDE % (len(QUALIFIERS) * len(DOMAINS) * len(ROLES)), len(QUALIFIERS))
    role, domain = divmod(number, len(DOMAINS))
    return f"{QUALIFIERS[qualifier]}-{DOMAINS[domain]}-{ROLES[role]}"


@cache
def _falling(count: int, slope: int) -> list[float]:
    """Weights of which the first are the largest."""
    return [1 / (rank + slope) for rank in range(count)]


def _examples(versions: Sequence[Version], made: Text) -> list[Example]:
    return [
        Example(version=version, position=position, **asdict(example))
        for version in versions
        for position, example in enumerate(made.dialogues, 1)
    ]
