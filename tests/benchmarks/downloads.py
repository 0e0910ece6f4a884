"""Downloading a file through the production server, against an empty Django view through the same server.

And against the same download where nothing is counted. Every request is another reader's, so that each one is written.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.contrib.auth.models import User
from django.core.management import call_command

from catalog.definition import parse
from catalog.management.commands.quickstart import SERVER_OPTIONS
from catalog.publishing import publish, register
from tests.benchmarks.files import STARTERS
from tests.benchmarks.spread import alternating, ratios, shown

REQUESTS, CONNECTIONS = 4_000, 8


def measure(folder: Path, rounds: int) -> None:
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    data = next(STARTERS.rglob("python-backend-engineer.md")).read_bytes()
    definition = parse(data)
    person, _ = User.objects.get_or_create(username="publisher")
    agent, _ = register(definition, by=person)
    publish(agent, definition, by=person)
    with (
        serving("config.settings") as catalog,
        serving("tests.benchmarks.uncounted") as uncounted,
        serving("tests.benchmarks.empty") as empty,
    ):
        pinned, latest = f"/agents/{definition.name}/1.md", f"/agents/{definition.name}.md"
        api = f"/api/v1/agents/{definition.name}/versions/latest/download"
        addresses = [(catalog, pinned), (catalog, latest), (catalog, api), (uncounted, latest), (empty, "/")]
        for port, path in addresses:
            rate(port, path)  # warm
        figures = alternating(rounds, *(lambda port=port, path=path: rate(port, path) for port, path in addresses))
    quiet, nothing = figures.pop(-2), figures[-1]
    del addresses[-2]
    print(f"granian {' '.join(SERVER_OPTIONS)}")
    print(f"{CONNECTIONS} kept connections, {REQUESTS:,} requests a round, {len(data):,} bytes; requests a second:")
    print(f"empty view               {shown(nothing, digits=0)}")
    for (_, path), figure in zip(addresses[:-1], figures[:-1], strict=True):
        share = shown([100 * ratio for ratio in ratios(figure, nothing)], " %", 0)
        print(f"{path.rpartition('/')[2]:24} {shown(figure, digits=0)}   {share} of the empty view")
    share = shown([100 * ratio for ratio in ratios(figures[1], quiet)], " %", 0)
    print(f"{'the same, not counted':24} {shown(quiet, digits=0)}   counting keeps {share} of it")


@contextmanager
def serving(settings: str, *options: str, is_quiet: bool = False) -> Iterator[int]:
    """A server with these settings on a free port of loopback; `options` come on top of the usual ones."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", *SERVER_OPTIONS, *options, "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": settings}
    log = subprocess.DEVNULL if is_quiet else None
    process = subprocess.Popen([*command, "config.wsgi:application"], env=environment, stderr=log)
    try:
        for _ in range(200):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
        print(f"peak memory with {settings}: {peak_memory(process.pid) // 1024} MiB in the largest process")
    finally:
        process.terminate()
        process.wait(20)


def peak_memory(pid: int) -> int:
    """The most that a process or one of its children held, in KiB (Linux)."""
    held = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            facts = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if str(pid) in (facts["Pid"].strip(), facts["PPid"].strip()):
            held = max(held, int(facts.get("VmHWM", "0 kB").split()[0]))
    return held


def rate(port: int, path: str) -> float:
    """Requests a second, asked by a process of its own so that the asking is not measured here."""
    command = [sys.executable, "-m", "tests.benchmarks.asking", str(port), path, str(REQUESTS), str(CONNECTIONS)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
