"""What pages cost in catalogs of growing size: milliseconds and queries, asked inside one process."""

import statistics
import time
from datetime import timedelta

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog import search
from catalog.definition import parse
from catalog.models import Agent, Category, Version
from catalog.projection import columns_of
from tests.benchmarks.files import STARTERS

ADDRESSES = {
    "home": "/",
    "list": "/agents/",
    "list, page 4": "/agents/?page=4",
    "list of a category": "/agents/?category=shelf-3",
    "list for a word": "/agents/?q=migration",
    "agent": "/agents/made-7/",
    "version": "/agents/made-7/1/",
    "file": "/agents/made-7.md",
    "API list": "/api/v1/agents",
    "API agent": "/api/v1/agents/made-7",
}
ASKED = 15
BATCH = 2_000


def measure(sizes: list[int]) -> None:
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    table: dict[str, list[str]] = {name: [] for name in ADDRESSES}
    for size in sorted(sizes):
        began = time.perf_counter()
        grow(size)
        print(f"{size:,} agents made in {time.perf_counter() - began:.0f} s ({connection.vendor})", flush=True)
        for name, address in ADDRESSES.items():
            table[name].append(cost(address))
    print(f"\n{'':22}" + "".join(f"{size:>24,}" for size in sorted(sizes)))
    for name, cells in table.items():
        print(f"{name:22}" + "".join(f"{cell:>24}" for cell in cells))


def cost(address: str) -> str:
    """`4.1 ms, 6 queries`: the median of a few answers after the first."""
    client = Client(SERVER_NAME="127.0.0.1")
    client.get(address)
    times = []
    for _ in range(ASKED):
        began = time.perf_counter()
        response = client.get(address)
        times.append((time.perf_counter() - began) * 1000)
        assert response.status_code == 200, (address, response.status_code)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return f"{statistics.median(times):.1f} ms, {len(queries)} queries"


def grow(size: int) -> None:
    """Rows for as many agents, written in bulk: this measures reading, and publishing 100,000 takes too long."""
    person, _ = User.objects.get_or_create(username="maker")
    shelves = [Category.objects.get_or_create(name=f"shelf-{n}", title=f"Shelf {n}")[0] for n in range(12)]
    definitions = [parse(path.read_bytes()) for path in sorted(STARTERS.rglob("*.md"))]
    projections = [columns_of(definition) for definition in definitions]
    first = Agent.objects.count()
    for start in range(first, size, BATCH):
        with transaction.atomic():
            numbers = range(start, min(start + BATCH, size))
            now = timezone.now()
            agents = Agent.objects.bulk_create(
                Agent(
                    name=f"made-{n}",
                    title=f"{definitions[n % len(definitions)].title} {n}",
                    category=shelves[n % len(shelves)],
                    updated_at=now - timedelta(minutes=size - n),
                )
                for n in numbers
            )
            versions = Version.objects.bulk_create(
                Version(
                    agent=agent,
                    number=1,
                    source=definitions[n % len(definitions)].source,
                    digest=definitions[n % len(definitions)].digest,
                    size=definitions[n % len(definitions)].size,
                    published_at=now,
                    published_by=person,
                    **projections[n % len(definitions)],
                )
                for n, agent in zip(numbers, agents, strict=True)
            )
            for agent, version in zip(agents, versions, strict=True):
                agent.latest_version = version
            Agent.objects.bulk_update(agents, ["latest_version"])
    search.rebuild()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
