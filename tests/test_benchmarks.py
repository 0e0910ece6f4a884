"""The catalogs that the benchmarks make are such as publishing would have left."""

from catalog import publishing, search
from catalog.definition import digest_of
from catalog.models import Agent, Version
from tests.benchmarks import catalogs

AGENTS = 30


def test_a_made_catalog_is_as_publishing_would_have_left_it(db: None) -> None:
    catalogs.make(AGENTS)
    assert Agent.objects.count() == AGENTS
    assert Version.objects.count() == 3 * AGENTS
    for version in Version.objects.all():
        assert version.digest == digest_of(version.source.encode())
        assert not publishing.project(version), version
    for agent in Agent.objects.published():
        assert agent.latest_version == publishing.newest_to_offer(agent)
        assert search.matching(Agent.objects.published(), agent.name).first() == agent
