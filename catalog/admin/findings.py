"""How many findings the texts of a list have: of a draft read on the fly, else of the latest version as stored.

Imports `models` and `definition`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from django.core.cache import cache
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from catalog.definition import CHECKS_VERSION, read
from catalog.models import Draft

from .advice import advice_on

_WORDS = (("error", "problem"), ("warning", "warning"), ("note", "note"))
_KEY = f"catalog:draft-findings:{CHECKS_VERSION}"
_REMEMBERED = 24 * 3600
_BATCH = 200

# Of each draft: its agent and its state (revision, and the agent's name) when it was read; the severities found.
_Known = dict[int, tuple[int, tuple[int, str], frozenset[str]]]


def tally(source: str, name: str) -> Counter[str]:
    """How many findings of each severity the text of the agent `name` has."""
    return Counter(str(advice.finding.severity) for advice in advice_on(read(source), name))


def in_words(counts: Counter[str]) -> SafeString:
    """ "2 problems, 1 note", each with its look."""
    said = ((code, f"{n} {word}{'s' if n > 1 else ''}") for code, word in _WORDS if (n := counts[code]))
    return format_html_join(" ", '<span class="finding-count {}">{}</span>', said)


def agents_whose_draft_has(severities: Iterable[str]) -> list[int]:
    """Agents whose draft has a finding of one of these severities. What was read once is remembered for a day."""
    wanted = frozenset(severities)
    known: _Known = cache.get(_KEY) or {}
    rows = Draft.objects.order_by().values_list("pk", "revision", "agent__name")
    now = {pk: (revision, name) for pk, revision, name in rows}
    unread = [pk for pk, state in now.items() if pk not in known or known[pk][1] != state]
    if unread or len(known) > len(now):
        known = {pk: entry for pk, entry in known.items() if pk in now} | dict(_read(unread))
        cache.set(_KEY, known, _REMEMBERED)
    return [agent for agent, _, severe in known.values() if severe & wanted]


def _read(drafts: list[int]) -> Iterator[tuple[int, tuple[int, tuple[int, str], frozenset[str]]]]:
    for start in range(0, len(drafts), _BATCH):
        batch = Draft.objects.order_by().filter(pk__in=drafts[start : start + _BATCH])
        for pk, agent, revision, name, source in batch.values_list(
            "pk", "agent_id", "revision", "agent__name", "source"
        ):
            yield pk, (agent, (revision, name), frozenset(tally(source, name)))
