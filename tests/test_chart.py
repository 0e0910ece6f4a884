"""The chart of an agent's downloads, as its page shows it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from catalog.models import Download, Version
from catalog.views.chart import HEIGHT, WEEKS, downloads_chart
from tests.sources import agent_source


@pytest.fixture
def version(publish_source: Callable[..., Version]) -> Version:
    return publish_source(agent_source())


def downloaded(version: Version, ago: int, count: int) -> None:
    """So many downloads so many days ago."""
    Download.objects.create(version=version, day=datetime.now(UTC).date() - timedelta(days=ago), count=count)


def test_there_is_no_chart_without_downloads_of_whole_days(version: Version) -> None:
    downloaded(version, 0, 5)
    downloaded(version, 7 * WEEKS + 1, 5)
    assert downloads_chart(version.agent) is None


def test_weeks_end_yesterday_and_are_drawn_to_scale(version: Version) -> None:
    for ago, count in [(1, 10), (7, 10), (8, 5), (7 * WEEKS, 1)]:
        downloaded(version, ago, count)
    with CaptureQueriesContext(connection) as queries:
        chart = downloads_chart(version.agent)
    assert len(queries) == 1
    assert [week.count for week in chart.weeks] == [1, *[0] * (WEEKS - 3), 5, 20]
    assert [week.height for week in chart.weeks if week.count] == [3, HEIGHT // 4, HEIGHT]
    assert chart.weeks[-1].last == datetime.now(UTC).date() - timedelta(days=1)
    assert all((week.last - week.first).days == 6 for week in chart.weeks)
    assert chart.weeks[-1].x + chart.bar == chart.width
    assert chart.total == "26 in the last 12 weeks, 20 in the last 7 days"


def test_a_single_download_beside_many_can_still_be_seen(version: Version) -> None:
    downloaded(version, 1, 1_000_000)
    downloaded(version, 8, 1)
    chart = downloads_chart(version.agent)
    assert chart.weeks[-2].height == 2
    assert chart.total == "1,000,001 in the last 12 weeks, 1,000,000 in the last 7 days"


def test_the_page_shows_the_chart_and_says_it_in_words(client: Client, version: Version) -> None:
    downloaded(version, 1, 1_234)
    page = client.get("/agents/code-reviewer/").content.decode()
    chart = downloads_chart(version.agent)
    svg = page[page.index('<svg class="chart"') : page.index("</svg>")]
    assert svg.count('class="bar"') == WEEKS
    assert 'role="img"' in svg
    assert f'aria-label="{chart.summary}"' in svg
    assert f"{chart.weeks[-1].days}: 1,234" in svg
    assert "style=" not in svg
    assert len(re.findall(r'<th scope="row">', page[page.index("Downloads by week") :])) == WEEKS


def test_a_page_without_downloads_has_no_chart(client: Client, version: Version) -> None:
    page = client.get("/agents/code-reviewer/").content.decode()
    assert 'class="chart"' not in page


@pytest.mark.parametrize("language", ["de", "ar", "ja"])
def test_another_language_leaves_the_drawing_as_it_is(client: Client, version: Version, language: str) -> None:
    for ago in range(1, 60, 3):
        downloaded(version, ago, ago)
    with translation.override(language):
        chart = downloads_chart(version.agent)
        for week in chart.weeks:
            assert all(isinstance(number, int) for number in (week.x, week.y, week.height))
