"""What the index holds of an agent. Imports `models`, `words` and `tokens`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from catalog.models import Agent, Version
from catalog.search import tokens
from catalog.search.words import FILLERS, Words, compounds, fold, joined, split, words_of

# A word stands often in a prompt if it does so this many times; the most frequent are kept.
_OFTEN = 3
_OFTEN_MOST = 40

ALL_TOOLS = "*"


@dataclass(frozen=True)
class Entry:
    agent_id: int
    breadth: int  # words of the name: where two names answer, the shorter one comes first
    tokens: list[str]  # each once, in no order
    text: list[str]  # every word in its place
    vocabulary: frozenset[str]  # the words of the heading
    values: list[tuple[str, str]]  # kind and value: what the agent can be narrowed by, but category and tags


def entry_of(agent: Agent, version: Version) -> Entry:
    names = list(dict.fromkeys((agent.name, agent.title)))
    tags = sorted(tag.name for tag in agent.tags.all())
    former_names = sorted(former.name for former in agent.former_names.all())
    dialogues = [
        text
        for example in version.examples.all()
        for text in (example.context, example.user, example.assistant, example.commentary)
        if text
    ]
    heading = [_Passage.of(text) for text in (*names, *tags, *former_names, version.lead)]
    examples, prompt = joined(map(words_of, dialogues)), words_of(version.prompt)
    values = _values_of(agent)
    found = dict.fromkeys(
        (
            tokens.EVERY,
            *([tokens.shelf(agent.category_id)] if agent.category_id else []),
            *(tokens.tag(tag.pk) for tag in agent.tags.all()),
            *(tokens.value(kind, value) for kind, value in values),
            *_name_tokens(heading[: len(names)]),
            *tokens.marked(tokens.HEADING, (token for passage in heading for token in passage.tokens())),
            *tokens.marked(tokens.CENTRAL, (*examples, *_often(prompt))),
        )
    )
    return Entry(
        agent_id=agent.pk,
        breadth=sum(1 for _ in split(fold(agent.name))),
        tokens=list(found),
        text=joined((*((*passage.words, *passage.compounds) for passage in heading), examples, prompt)),
        vocabulary=frozenset(word for passage in heading for word in (*passage.words, *passage.compounds)),
        values=values,
    )


@dataclass(frozen=True)
class _Passage:
    words: Words
    compounds: list[str]

    @classmethod
    def of(cls, text: str) -> _Passage:
        folded = fold(text)
        return cls(tuple(split(folded)), compounds(folded))

    def tokens(self) -> Iterator[str]:
        yield from tokens.tokens_of_passage(self.words)
        yield from self.compounds


def _name_tokens(names: list[_Passage]) -> Iterator[str]:
    for name in names:
        yield from tokens.marked(tokens.NAMES, name.tokens())
        if name.words:
            yield tokens.whole(name.words)
            yield tokens.starts_with(name.words[0])
        yield from (tokens.whole((compound,)) for compound in name.compounds)
        yield from (tokens.starts_with(compound) for compound in name.compounds)


def _often(prompt: list[str]) -> list[str]:
    counted = Counter(word for word in prompt if word not in FILLERS)
    return [word for word, count in counted.most_common(_OFTEN_MOST) if count >= _OFTEN]


def _values_of(agent: Agent) -> list[tuple[str, str]]:
    facets = agent.facets
    if not facets:
        return []
    tools = [ALL_TOOLS] if facets["tools"] is None else facets["tools"]
    return [("model", facets["model"]), ("mode", facets["mode"]), *(("tool", tool) for tool in tools)]
