"""`python -m tests.clients`: the stories of all clients, or of those named, and a table of how they ended.

With `--corpus FOLDER` also how many of its agents each client loads, and which it does not. Exit status: 0 where every
step passed, 1 where one did not.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from tests.clients import agents, apm, claude, codex, copilot, gemini, git, opencode, qwen
from tests.clients.bench import Bench
from tests.clients.server import Catalog
from tests.clients.table import Report
from tests.clients.tools import Workshop

# In the order of the table. Each has a `story`, most a `whole` (of the corpus), some a `private`.
CLIENTS = {client.KEY: client for client in (git, claude, codex, copilot, qwen, opencode, gemini, apm)}

TOOLS_FOLDER = Path.home() / ".cache" / "agent-catalog-clients"


def main(arguments: Sequence[str]) -> int:
    asked = _asked(arguments)
    folder = Path(tempfile.mkdtemp(prefix="clients-"))
    report, workshop = Report(), Workshop(asked.tools)
    chosen = [CLIENTS[key] for key in asked.clients or CLIENTS]
    try:
        if not asked.only_corpus:
            _tell_stories(Bench(Catalog(folder / "small"), workshop, report, folder / "homes"), chosen)
        if asked.corpus:
            _load_everything(Bench(Catalog(folder / "large"), workshop, report, folder / "large-homes"), chosen, asked)
    finally:
        if asked.keep:
            print(f"Kept: {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(report.markdown())
    return int(report.failed)


def _tell_stories(bench: Bench, chosen: Sequence[ModuleType]) -> None:
    bench.catalog.prepare()
    with bench.catalog.served():
        for client in chosen:
            with bench.report.goes_on(client.KEY):
                client.story(bench)
    token = bench.catalog.new_token()
    with bench.catalog.served(CATALOG_PRIVATE="true"):
        for client in chosen:
            if hasattr(client, "private"):
                with bench.report.goes_on(client.KEY):
                    client.private(bench, token)


def _load_everything(bench: Bench, chosen: Sequence[ModuleType], asked: argparse.Namespace) -> None:
    into = bench.folder / "corpus"
    count = agents.choose(asked.corpus, into)
    print(f"{count:,} agents, one of each name, of {asked.corpus}", file=sys.stderr)
    bench.catalog.fill(into)
    collections = bench.catalog.collect_everything()
    with bench.catalog.served():
        names = bench.catalog.names()
        for client in chosen:
            if hasattr(client, "whole"):
                with bench.report.goes_on(client.KEY):
                    client.whole(bench, names, collections)


def _folder(text: str) -> Path:
    return Path(text).resolve()


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.clients", description=__doc__)
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help=f"only these, of {', '.join(CLIENTS)}")
    parser.add_argument("--corpus", type=_folder, metavar="FOLDER", help="also load every agent of this folder")
    parser.add_argument("--only-corpus", action="store_true", help="load those, and leave the stories untold")
    parser.add_argument("--tools", type=_folder, default=TOOLS_FOLDER, help="where they stay installed (%(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the homes and the data folder, for looking at")
    asked = parser.parse_args(arguments)
    if asked.only_corpus and not asked.corpus:
        parser.error("--only-corpus wants the folder too: --corpus FOLDER")
    if unknown := set(asked.clients) - set(CLIENTS):
        parser.error(f"no such client: {', '.join(sorted(unknown))}")
    return asked


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
