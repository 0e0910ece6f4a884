"""An index that is empty or old, and projections of an older reader, are brought up to date: only those."""

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import connection

from catalog import search
from catalog.management import upkeep
from catalog.models import Agent, Version
from catalog.search import keeping
from tests.sources import agent_source

Publish = Callable[..., Version]


@pytest.fixture
def shelf(publish_source: Publish) -> list[Agent]:
    return [publish_source(agent_source(f"agent-{number}")).agent for number in range(5)]


def told(update: Callable[[upkeep.Progress], str]) -> tuple[str, list[tuple[int, int]]]:
    steps: list[tuple[int, int]] = []
    return update(lambda done, total: steps.append((done, total))), steps


def test_what_is_up_to_date_is_left_alone(shelf: list[Agent]) -> None:
    assert told(upkeep.update_search) == ("up to date", [])
    assert told(upkeep.update_projections) == ("up to date", [])


def test_an_empty_index_is_filled(shelf: list[Agent], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_BATCH", 2)
    search.clear()
    assert search.outdated() == 5
    assert told(upkeep.update_search) == ("5 agents indexed", [(2, 5), (4, 5), (5, 5)])
    assert len(search.find("review").pks) == 5
    assert search.outdated() == 0


def test_only_what_is_missing_or_old_is_indexed(shelf: list[Agent], monkeypatch: pytest.MonkeyPatch) -> None:
    search.remove(shelf[0])
    assert told(upkeep.update_search)[0] == "1 agent indexed"
    monkeypatch.setattr(keeping, "INDEX_VERSION", keeping.INDEX_VERSION + 1)
    search.index(shelf[3])
    assert told(upkeep.update_search)[0] == "4 agents indexed"


def test_only_projections_of_an_older_reader_are_made_anew(shelf: list[Agent]) -> None:
    old, current = Version.objects.order_by("pk")[:2]
    Version.objects.filter(pk__in=[old.pk, current.pk]).update(lead="old")
    Version.objects.filter(pk=old.pk).update(checks_version=0)
    assert told(upkeep.update_projections) == ("1 version read again", [(1, 1)])
    leads = dict(Version.objects.values_list("pk", "lead"))
    assert (leads[old.pk] == "old", leads[current.pk] == "old") == (False, True)
    assert told(upkeep.update_projections) == ("up to date", [])


@pytest.mark.django_db(transaction=True)
def test_the_tables_can_be_made_and_unmade() -> None:
    try:
        for migration in ("0004_public_catalog", "0005_search_narrowed"):
            call_command("migrate", "catalog", migration, verbosity=0)
        with connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor)
    finally:
        call_command("migrate", "catalog", verbosity=0)  # the tests that follow find it as it is
    assert {"catalog_search", "catalog_search_word", "catalog_search_slip", "catalog_search_value"} <= set(tables)
    assert search.find("review").pks == []
