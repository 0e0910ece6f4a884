"""Where the agents of a set get in each other's way: names taken for one another, pairs that say nearly the same.

Everything here is worked out from the rows of the set alone and is the same each time. Imports `models`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from math import log

from django.utils.translation import gettext as _

from catalog.models import Agent

ALIKE = 0.2  # from which share of their words on two agents are said to overlap
MOST_OVERLAPS = 12
MOST_COLLISIONS = 50
WORDS_TOLD = 6
# However much an agent says, no more of it is compared: the pairs of a full set, times this, are the work.
_READ = 1_000  # characters of a lead
_MOST_STEMS = 120  # of an agent

_WORD = re.compile(r"[^\W_]+(?:[+#]+(?!\w))?")
# Scripts that write no space between words: there a run of one script is a word, and what is in hiragana holds them
# together.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_RUN = re.compile(r"[\u30a1-\u30ff]+|[\u3005\u3400-\u9fff]+|[^\u3040-\u30ff\u3005\u3400-\u9fff]+")
_LONGEST_RUN = 4  # of Chinese characters; a longer one is a sentence, compared by its pairs
# What leads say of any agent. Words of a trade are none of these: sharing them is what an overlap is.
_SAID_OF_ANY = """
a about across after agent agents all also always an and any are as ask asked asks at be before best both but by can
comprehensive create creates creating deliver delivers do does each ensure ensures ensuring etc expert expertise
experts for from handle handles has have help helps high how if implement implementing implements in including into
invoke is it its keep make makes master masters modern more multiple must need needed needs new no not of on one only
or other out over practice practices proactive proactively project projects provide provides quality request requests
requiring say says should skill so solution solutions specialise specialised specialist specialists specialize
specialized specializes specializing specific such task tasks that the their them then there these they thing things
this those to tool tools up use used user users uses using via want wants what when where whether which who will with
within without work works you your
"""
_EMPTY = frozenset(_SAID_OF_ANY.split())


@dataclass(frozen=True)
class Collision:
    """Two agents of the set that are taken for one another, or of which one has taken the other's place."""

    agents: tuple[Agent, Agent]
    sentence: str


@dataclass(frozen=True)
class Overlap:
    """Two agents that are for nearly the same: how much of what they say is shared (0 to 1), and the rarest of it.

    The words stand in the order in which the first agent says them.
    """

    agents: tuple[Agent, Agent]
    share: float
    words: tuple[str, ...]


# --- Names -------------------------------------------------------------------------------------------


def collisions(agents: Sequence[Agent]) -> list[Collision]:
    """The pairs whose names or titles fall together, now or before a rename, and successors beside what they replace.

    Reads `former_names` of each agent.
    """
    found: dict[tuple[int, int], Collision] = {}
    for pair, sentence in (*_replaced(agents), *_alike(agents)):
        first, second = pair
        found.setdefault((first.pk, second.pk), Collision(pair, sentence))
    return list(found.values())[:MOST_COLLISIONS]


def _replaced(agents: Sequence[Agent]) -> Iterator[tuple[tuple[Agent, Agent], str]]:
    by_key = {agent.pk: agent for agent in agents}
    for agent in agents:
        successor = by_key.get(agent.successor_id or 0)
        if agent.is_deprecated and successor:
            first, second = sorted((agent, successor), key=list(by_key.values()).index)
            sentence = _("%(old)s is deprecated, and %(new)s takes its place: one of them is enough.")
            yield (first, second), sentence % {"old": agent.title, "new": successor.title}


def _alike(agents: Sequence[Agent]) -> Iterator[tuple[tuple[Agent, Agent], str]]:
    keys = {
        agent.pk: (_read_aloud(agent.title), _spellings([agent.name]), _spellings(_former_names(agent)))
        for agent in agents
    }
    for pair in combinations(agents, 2):
        (title, now, before), (other_title, other_now, other_before) = (keys[agent.pk] for agent in pair)
        first, second = pair
        if title and title == other_title:
            yield (
                pair,
                _("Both are called “%(title)s”: nobody can tell which of them will answer.") % {"title": first.title},
            )
        elif now & other_now:
            yield (
                pair,
                _("The names %(first)s and %(second)s are easily taken for each other.")
                % {
                    "first": first.name,
                    "second": second.name,
                },
            )
        elif (now & other_before) | (before & other_now) | (before & other_before):
            yield (
                pair,
                _("One was once called nearly what the other is called: %(first)s and %(second)s.")
                % {
                    "first": _all_names(first),
                    "second": _all_names(second),
                },
            )


def _read_aloud(title: str) -> str:
    """A title without case and marks; "C", "C++" and "C#" stay apart."""
    return " ".join(_WORD.findall(title.casefold()))


def _former_names(agent: Agent) -> list[str]:
    return [former.name for former in agent.former_names.all()]


def _all_names(agent: Agent) -> str:
    names = _former_names(agent)
    once = _("once %(names)s") % {"names": ", ".join(names)}
    return f"{agent.name} ({once})" if names else agent.name


def _spellings(names: Iterable[str]) -> set[str]:
    """What a name comes to without hyphens, plurals, numbers and the order of its words."""
    found = set()
    for name in names:
        words = [_stem(word) for word in name.split("-")]
        found |= {"".join(words), " ".join(sorted(words))}
    return found


# --- Words -------------------------------------------------------------------------------------------


def overlaps(agents: Sequence[Agent]) -> list[Overlap]:
    """The pairs that say nearly the same, the closest first: by the words of their titles, leads and tags.

    A word counts the more the fewer agents of the set have it. The measure is the weight of the words that both have,
    in that of the words that either has. Reads `tags` and the lead.
    """
    words = [_words(agent) for agent in agents]
    spread = Counter(stem for known in words for stem in known)
    weights = {stem: log(1 + len(agents) / count) for stem, count in spread.items()}
    weight = [sum(weights[stem] for stem in known) for known in words]
    rarest = [sorted(known, key=lambda stem: (-weights[stem], stem)) for known in words]
    found = []
    for first, row in enumerate(_shared(words, weights)):
        for second, both in row.items():
            share = both / (weight[first] + weight[second] - both)
            if share >= ALIKE:
                told = _told(words[first], rarest[first], words[second])
                found.append(Overlap((agents[first], agents[second]), share, told))
    return sorted(found, key=lambda overlap: (-round(overlap.share, 9), *(agent.name for agent in overlap.agents)))


def _shared(words: Sequence[dict[str, str]], weights: dict[str, float]) -> list[dict[int, float]]:
    """For each agent, by its place, the weight that it shares with each later one with which it shares any."""
    having: dict[str, list[int]] = defaultdict(list)
    for place, known in enumerate(words):
        for stem in known:
            having[stem].append(place)
    shared: list[dict[int, float]] = [defaultdict(float) for _agent in words]
    for stem, places in having.items():
        weight = weights[stem]
        for at, first in enumerate(places, 1):
            row = shared[first]
            for second in places[at:]:
                row[second] += weight
    return shared


def _told(words: dict[str, str], rarest: Iterable[str], others: dict[str, str]) -> tuple[str, ...]:
    """The rarest words that both have, as the first writes them and in its order."""
    chosen = set(islice((stem for stem in rarest if stem in others), WORDS_TOLD))
    return tuple(word for stem, word in words.items() if stem in chosen)


def _words(agent: Agent) -> dict[str, str]:
    """What an agent says it is for, as people write it, by the stem of each word; the first of it, if it is much."""
    lead = agent.latest_version.lead[:_READ] if agent.latest_version else ""
    text = " ".join([agent.title, *(tag.name.replace("-", " ") for tag in agent.tags.all()), lead]).casefold()
    found: dict[str, str] = {}
    for match in _WORD.finditer(text):
        word = match.group()
        if word in _EMPTY or (len(word) < 2 and word.isascii()) or word.isdigit():
            continue
        for piece in _pieces(word):
            found.setdefault(_stem(piece), piece)
            if len(found) == _MOST_STEMS:
                return found
    return found


def _pieces(word: str) -> Iterator[str]:
    """The word itself; of scripts that do not part their words, what can be told apart."""
    if not _UNSPACED.search(word):
        yield word
        return
    for run in _RUN.findall(word):
        if run > "\u3400" and len(run) > _LONGEST_RUN:
            yield from (run[at : at + 2] for at in range(len(run) - 1))
        elif len(run) > 1:
            yield run


def _stem(word: str) -> str:
    """ "Reviews", "reviewer" and "reviewing" are one word here."""
    for ending in ("ations", "ation", "ings", "ing", "ers", "er", "ors", "or", "ies", "ed", "es", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word.removesuffix("s") if len(word) > 3 and not word.endswith("ss") else word
