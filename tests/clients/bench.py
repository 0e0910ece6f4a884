"""What a client's story is told with: the catalog, the tools, fresh homes, and the report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.clients.homes import Home
from tests.clients.server import Catalog
from tests.clients.table import Report, Steps
from tests.clients.tools import TOOLS, Workshop

# Of the agents that each new catalog begins with, and of the corpus too.
AGENT = "code-reviewer"


@dataclass
class Bench:
    catalog: Catalog
    workshop: Workshop
    report: Report
    folder: Path  # of the homes

    def home(self, key: str, **environment: str) -> Home:
        """A new home for a tool."""
        count = sum(1 for _ in self.folder.glob(f"{key}-*"))
        return Home(self.folder / f"{key}-{count + 1}", self.workshop.programs_of(key), **environment)

    def steps(self, key: str) -> Steps:
        return self.report.steps_of(TOOLS[key].title, TOOLS[key].version)
