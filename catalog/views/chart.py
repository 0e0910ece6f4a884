"""The downloads of an agent as a chart that the server draws. Imports `models` and `counting`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.dateformat import format as date_format
from django.utils.formats import number_format
from django.utils.translation import gettext

from catalog.counting import daily
from catalog.models import Agent

WEEKS = 12
# In units of the drawing, whole ones: a fraction would be written with the comma of some languages.
STEP, BAR, HEIGHT = 24, 18, 64


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days, and the bar that stands for them."""

    first: date
    last: date
    count: int
    x: int
    height: int  # of the bar

    @property
    def y(self) -> int:
        return HEIGHT - self.height

    @property
    def days(self) -> str:
        return gettext("%(first)s to %(last)s") % {"first": _said(self.first), "last": _said(self.last)}

    @property
    def title(self) -> str:
        return f"{self.days}: {number_format(self.count, force_grouping=True)}"


@dataclass(frozen=True, slots=True)
class Chart:
    weeks: tuple[Week, ...]
    width: int = WEEKS * STEP - (STEP - BAR)
    height: int = HEIGHT
    bar: int = BAR

    @property
    def begins(self) -> str:
        return _said(self.weeks[0].first)

    @property
    def ends(self) -> str:
        return _said(self.weeks[-1].last)

    @property
    def total(self) -> str:
        """Of all weeks, and of the last one."""
        return gettext("%(number)s in the last %(weeks)d weeks, %(lately)s in the last 7 days") % {
            "number": number_format(sum(week.count for week in self.weeks), force_grouping=True),
            "weeks": WEEKS,
            "lately": number_format(self.weeks[-1].count, force_grouping=True),
        }

    @property
    def summary(self) -> str:
        """What the picture shows, for those who do not see it."""
        busiest = max(self.weeks, key=lambda week: week.count)
        words = gettext("Bar chart of the downloads in each week. The most: %(number)s, from %(days)s.")
        return words % {"number": number_format(busiest.count, force_grouping=True), "days": busiest.days}


def downloads_chart(agent: Agent) -> Chart | None:
    """The last twelve weeks through yesterday, in one query; None where nobody downloaded it in that time.

    Whole days only, so that it stays the same for a day. For `catalog/_downloads.html`, which takes it as
    `downloads`; its styles are in `catalog/agent-page.css`.
    """
    days = daily(agent, 7 * WEEKS)
    spans = [days[start : start + 7] for start in range(0, len(days), 7)]
    counts = [sum(count for _, count in span) for span in spans]
    most = max(counts)
    if not most:
        return None
    return Chart(
        tuple(
            Week(span[0][0], span[-1][0], count, STEP * place, _height(count, most))
            for place, (span, count) in enumerate(zip(spans, counts, strict=True))
        )
    )


def _height(count: int, most: int) -> int:
    """To scale; a single download can still be seen, and a week without any is the ground line alone."""
    return max(round(HEIGHT * count / most), 2) if count else 0


def _said(day: date) -> str:
    # Translators: how a day is written without its year, in the letters of Django's "date" filter.
    return str(date_format(day, gettext("j F")))
