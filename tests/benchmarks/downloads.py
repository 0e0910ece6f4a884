"""Downloads and JSON through the production server, against an empty Django view behind the same server.

On SQLite and on PostgreSQL side by side, each request of another reader and for another of a thousand agents: nothing
is asked for twice in a row. Prints requests a second, how long one of 32 at once takes, and the memory afterwards; the
bars at the end are ratios within one run, and False is given where one is not kept.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from catalog.management.commands.quickstart import SERVER_OPTIONS
from tests import postgres
from tests.benchmarks.spread import alternating, ratios, shown

REQUESTS, CONNECTIONS, MANY = 4_000, 8, 32
AGENTS = 1_000
LASTING = 100_000  # requests after which memory is looked at
UNLIMITED = {  # counted as ever, and never reached
    "CATALOG_READS_PER_MINUTE": "1000000000",
    "CATALOG_COSTLY_PER_MINUTE": "1000000000",
}
BARS = {"pinned": 0.5, "latest": 0.5, "API latest": 0.5, "agent as JSON": 0.35}
OF_SQLITE = 2 / 3


@dataclass
class Asked:
    """One kind of request, at a server."""

    what: str
    port: int
    paths: list[str]
    status: int = 200
    headers: list[dict[str, str]] = field(default_factory=list)

    def ask(self, requests: int = REQUESTS, connections: int = CONNECTIONS) -> dict[str, float]:
        """Asked by a process of its own, so that the asking is not measured here."""
        told = {
            "port": self.port,
            "paths": self.paths,
            "requests": requests,
            "connections": connections,
            "status": self.status,
            "headers": self.headers,
        }
        command = [sys.executable, "-m", "tests.benchmarks.asking"]
        done = subprocess.run(command, input=json.dumps(told), check=True, capture_output=True, text=True)
        answer: dict[str, float] = json.loads(done.stdout)
        return answer

    def rate(self) -> float:
        return self.ask()["rate"]


def measure(folder: Path, rounds: int) -> bool:
    with ExitStack() as stack:
        empty = Asked("empty view", stack.enter_context(serving({"DJANGO_SETTINGS_MODULE": EMPTY}))[0], ["/"])
        servers = {}
        for engine, url in (("SQLite", ""), ("PostgreSQL", stack.enter_context(postgres.running()))):
            environment = {"DATABASE_URL": url, "CATALOG_DATA_DIR": str(folder / engine)}
            names = _filled(environment)
            servers[engine] = stack.enter_context(serving(environment)), names
        print(f"granian {' '.join(SERVER_OPTIONS)}")
        print(f"{CONNECTIONS} kept connections, {REQUESTS:,} requests a round, {AGENTS:,} agents; requests a second:")
        return _compared(empty, servers, rounds)


EMPTY = "tests.benchmarks.empty"


def _compared(empty: Asked, servers: Mapping[str, tuple[tuple[int, int], list[str]]], rounds: int) -> bool:
    kinds = {engine: list(_kinds(port, names)) for engine, ((port, _), names) in servers.items()}
    every = [empty, *(asked for each in kinds.values() for asked in each)]
    for asked in every:
        asked.rate()  # warm
    figures = dict(zip([id(asked) for asked in every], alternating(rounds, *(one.rate for one in every)), strict=True))
    nothing = figures[id(empty)]
    print(f"{'empty view':28}{shown(nothing, digits=0)}")
    kept = []
    for engine, each in kinds.items():
        for at, asked in enumerate(each):
            figure = figures[id(asked)]
            share = ratios(figure, nothing)
            print(
                f"{engine:11}{asked.what:17}{shown(figure, digits=0)}   {shown([100 * one for one in share], ' %', 0)}"
            )
            sqlite = figures[id(kinds["SQLite"][at])]
            kept += list(_bars(engine, asked.what, share, ratios(figure, sqlite)))
            if asked.status == 304:
                before = figures[id(each[at - 1])]
                kept.append(_bar(f"{engine}: {asked.what} as fast as {each[at - 1].what}", ratios(figure, before), 1))
    _told_of_many(kinds)
    _lasting({engine: pid for engine, ((_, pid), _) in servers.items()}, kinds)
    return all(kept)


def _kinds(port: int, names: list[str]) -> Iterator[Asked]:
    yield Asked("pinned", port, [f"/agents/{name}/1.md" for name in names])
    yield _unchanged(Asked("pinned, 304", port, [f"/agents/{name}/1.md" for name in names]))
    yield Asked("latest", port, [f"/agents/{name}.md" for name in names])
    yield _unchanged(Asked("latest, 304", port, [f"/agents/{name}.md" for name in names]))
    yield Asked("API latest", port, [f"/api/v1/agents/{name}/versions/latest/download" for name in names])
    yield Asked("agent as JSON", port, [f"/api/v1/agents/{name}" for name in names])
    yield _unchanged(Asked("JSON, 304", port, [f"/api/v1/agents/{name}" for name in names]))


def _unchanged(asked: Asked) -> Asked:
    """By readers who have the answer."""
    for path in asked.paths:
        with urlopen(f"http://127.0.0.1:{asked.port}{path}") as answer:
            asked.headers.append({"If-None-Match": answer.headers["ETag"]})
    asked.status = 304
    return asked


# --- What is held ---------------------------------------------------------------------------------------------


def _bars(engine: str, what: str, share: list[float], of_sqlite: list[float]) -> Iterator[bool]:
    if what in BARS:
        yield _bar(f"{engine}: {what} of the empty view", share, BARS[what])
    if engine != "SQLite":
        yield _bar(f"{engine}: {what} of SQLite", of_sqlite, OF_SQLITE)


def _bar(what: str, found: list[float], least: float) -> bool:
    """By the median; a hundredth is noise."""
    middle = sorted(found)[len(found) // 2]
    is_kept = middle >= least - 0.01
    if not is_kept:
        print(f"FAIL {what}: {middle:.2f}, at least {least:.2f} is wanted")
    return is_kept


def _told_of_many(kinds: Mapping[str, list[Asked]]) -> None:
    print(f"\n{MANY} at once; milliseconds of one request, half and 99 of 100 within:")
    for engine, each in kinds.items():
        for asked in each:
            answer = asked.ask(requests=8_000, connections=MANY)
            print(f"{engine:11}{asked.what:17}{answer['p50']:6.1f}{answer['p99']:8.1f}")


def _lasting(pids: Mapping[str, int], kinds: Mapping[str, list[Asked]]) -> None:
    for engine, pid in pids.items():
        before = _memory(pid, "VmRSS")
        for asked in kinds[engine]:
            asked.ask(requests=LASTING // len(kinds[engine]))
        after = _memory(pid, "VmRSS")
        print(
            f"{engine}: {before // 1024} MiB before and {after // 1024} MiB after {LASTING:,} more requests, "
            f"{_memory(pid, 'VmHWM') // 1024} MiB at most, in the largest process"
        )


# --- Servers --------------------------------------------------------------------------------------------------


def _filled(environment: Mapping[str, str]) -> list[str]:
    """Make a catalog of a thousand agents in a process of its own; the names of those that are offered."""
    Path(environment["CATALOG_DATA_DIR"]).mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", _FILL.format(agents=AGENTS)]
    done = subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True, text=True)
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return names


_FILL = """
import json
import django
django.setup()
from django.core.management import call_command
from catalog.models import Agent
from tests.benchmarks import catalogs
catalogs.fill({agents})
call_command("collectstatic", interactive=False, verbosity=0)
print(json.dumps(list(Agent.objects.published().values_list("name", flat=True))))
"""


@contextmanager
def serving(environment: Mapping[str, str], *options: str, is_quiet: bool = False) -> Iterator[tuple[int, int]]:
    """A server on a free port of loopback, and its process; `options` come on top of the usual ones."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", *SERVER_OPTIONS, *options, "--host", "127.0.0.1", "--port", str(port)]
    log: Any = subprocess.DEVNULL if is_quiet else None
    process = subprocess.Popen(
        [*command, "config.wsgi:application"], env={**os.environ, **UNLIMITED, **environment}, stderr=log
    )
    try:
        for _ in range(200):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _memory(pid: int, what: str) -> int:
    """What the largest of a process and its children holds (VmRSS), or held at most (VmHWM), in KiB (Linux)."""
    held = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            facts = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if str(pid) in (facts["Pid"].strip(), facts["PPid"].strip()):
            held = max(held, int(facts.get(what, "0 kB").split()[0]))
    return held
