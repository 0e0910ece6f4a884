"""The OpenAPI document, held against the running server by schemathesis: whatever it allows to be asked."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from catalog import drafting
from catalog.models import Category
from tests.answers import RICH, Publish
from tests.programs import program_of
from tests.sources import agent_source

EXAMPLES = 15 if connection.vendor == "sqlite" else 5  # of each operation, beside those at the bounds of its schema
# What no schema can say makes these of what it allows: a cursor of another list, a file of another name.
CONFIGURATION = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "400", "401", "403", "404", "409", "412", "413", "422", "428"]
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", ["anybody", "a program"])
def test_the_running_server_keeps_what_the_document_promises(
    live_server: LiveServer,
    publisher: User,
    publish_source: Publish,
    settings: Any,
    tmp_path: Path,
    who: str,
) -> None:
    settings.CATALOG_BASE_URL = live_server.url
    settings.CATALOG_RATES = dict.fromkeys(settings.CATALOG_RATES, (0, 0))
    shelf = Category.objects.create(name="quality", title="Quality")
    for name in ("python-backend-engineer", "code-reviewer"):
        source = RICH.replace("name: code-reviewer", f"name: {name}")
        agent = publish_source(source, by=publisher, category=shelf).agent
        drafting.open_draft(agent, by=publisher, source=agent_source(name, prompt="Being written."))
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml"),
        *("run", f"{live_server.url}/api/v1/openapi.json"),
        *("--max-examples", str(EXAMPLES), "--seed", "1", "--workers", "1", "--no-color"),
        *("--phases", "examples,coverage,fuzzing", "--checks", "all", "--request-timeout", "30"),
    ]
    if who == "a program":
        program = program_of(publisher, "read-drafts", "write-drafts", "publish", "yank")
        command += ["--header", f"Authorization: {program.bearer}"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    (tmp_path / "report.txt").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout[-8_000:] + done.stderr[-2_000:]
