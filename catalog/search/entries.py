"""What the index holds of an agent, as words. Imports `models` and `words`."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.models import Agent, Version
from catalog.search.words import fold, joined, names_of, split, words_of


@dataclass(frozen=True)
class Entry:
    agent_id: int
    names: list[str]
    breadth: int  # words of the name: where two names answer, the shorter one comes first
    tags: list[str]
    lead: list[str]
    examples: list[str]
    prompt: list[str]

    @property
    def heading(self) -> tuple[list[str], ...]:
        """The passages that say what the agent is for, in falling weight."""
        return (self.names, self.tags, self.lead, self.examples)

    @property
    def words(self) -> list[str]:
        return joined((*self.heading, self.prompt))


def entry_of(agent: Agent, version: Version) -> Entry:
    tags = sorted(tag.name for tag in agent.tags.all())
    former_names = sorted(former.name for former in agent.former_names.all())
    dialogues = (
        text
        for example in version.examples.all()
        for text in (example.context, example.user, example.assistant, example.commentary)
    )
    return Entry(
        agent_id=agent.pk,
        names=names_of(agent.name, agent.title),
        breadth=sum(1 for _ in split(fold(agent.name))),
        tags=joined(map(words_of, (*tags, *former_names))),
        lead=words_of(version.lead),
        examples=joined(map(words_of, dialogues)),
        prompt=words_of(version.prompt),
    )
