"""What a real server has counted when it ends: in order, or killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import psutil
import pytest

from catalog import counting
from tests.test_quickstart import ROOT, ask, environment, free_port, quickstart, wait_for

DOWNLOADS = 200


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("counted") / "var"
    assert quickstart(folder, "--no-serve", "--port", str(free_port())).returncode == 0
    return folder


@contextmanager
def serving(data: Path) -> Iterator[tuple[str, Callable[[int], None]]]:
    """The catalog's address, and a way to end the processes that serve it."""
    port = free_port()
    command = [sys.executable, str(ROOT / "manage.py"), "quickstart", "--port", str(port)]
    with subprocess.Popen(
        command, env=environment(data), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        wait_for(f"http://127.0.0.1:{port}/healthz", server)
        workers = psutil.Process(server.pid).children(recursive=True)

        def end(how: int) -> None:
            for process in [server, *workers] if how == signal.SIGKILL else [server]:
                os.kill(process.pid, how)
            server.wait(20)
            psutil.wait_procs(workers, 20)

        try:
            yield f"http://127.0.0.1:{port}", end
        finally:
            if server.poll() is None:
                end(signal.SIGKILL)


def download(address: str) -> None:
    """200 downloads, each of another reader."""
    for number in range(DOWNLOADS):
        client = {"User-Agent": f"curl/{number}.{time.monotonic_ns()}"}
        with urlopen(Request(f"{address}/agents/python-backend-engineer.md", headers=client), timeout=10) as answer:
            assert answer.status == 200


def counted(data: Path) -> int:
    code = (
        "from catalog.models import Agent, Download\n"
        "from django.db.models import Sum\n"
        "agent = Agent.objects.get(name='python-backend-engineer')\n"
        "rows = Download.objects.filter(version__agent=agent).aggregate(Sum('count', default=0))['count__sum']\n"
        "assert rows == agent.downloads\n"
        "print(rows)"
    )
    return int(ask(data, code))


def test_a_server_that_is_stopped_has_counted_everything(data: Path) -> None:
    before = counted(data)
    with serving(data) as (address, end):
        download(address)
        end(signal.SIGTERM)
    assert counted(data) - before == DOWNLOADS


def test_a_server_that_is_killed_loses_the_last_seconds_at_most(data: Path) -> None:
    before = counted(data)
    with serving(data) as (address, end):
        download(address)
        time.sleep(counting.INTERVAL + 1)
        download(address)
        end(signal.SIGKILL)
    assert DOWNLOADS <= counted(data) - before <= 2 * DOWNLOADS
