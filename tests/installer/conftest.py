"""Where the installer runs: against the catalog itself (`place`), or against a small one (`there`)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from catalog.models import Version
from tests.installer.places import Place
from tests.installer.small_catalog import Catalog
from tests.sources import agent_source

Publish = Callable[..., Version]


@pytest.fixture
def place(live_server: LiveServer, settings: Settings, tmp_path: Path) -> Place:
    settings.CATALOG_BASE_URL = live_server.url
    with urlopen(f"{live_server.url}/install.py", timeout=10) as answer:
        return Place(tmp_path, answer.read())


@pytest.fixture
def versions(place: Place, publish_source: Publish) -> list[Version]:
    """Three of code-reviewer."""
    prompts = ("You review.\n", "You review code.\r\n", "You review code. 直す\n")
    return [publish_source(agent_source(prompt=prompt)) for prompt in prompts]


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    with Catalog() as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.go_on.set()
        server.shutdown()


@pytest.fixture
def there(catalog: Catalog, client: Client, settings: Settings, tmp_path: Path) -> Place:
    """A project with three agents of this catalog, `pinned` in its first version."""
    settings.CATALOG_BASE_URL = catalog.url
    place = Place(tmp_path, client.get("/install.py").content)
    catalog.agents = {name: [f"{name} 1\n".encode()] for name in ("alpha", "beta", "pinned")}
    assert place.run("alpha", "beta", "pinned@1").status == 0
    catalog.asked.clear()
    return place
