"""Limits that several processes keep together, in a Redis that this test starts where there is one."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
REDIS = shutil.which("redis-server") or shutil.which("valkey-server")
LIMIT, PROCESSES, EACH = 100, 4, 60

ASKING = """
import sys
import django
django.setup()
from django.core.cache import caches
from django.test import RequestFactory
from catalog import throttling
throttling.time.time = lambda: 1_800_000_030.0  # no minute ends meanwhile
request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1")
passed = 0
for _ in range(int(sys.argv[1])):
    try:
        throttling.take(request, "reads")
        passed += 1
    except throttling.TooManyRequests:
        pass
print(passed, caches["downloads"].add("1:reader", True, 60))
"""


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    if REDIS is None:
        pytest.skip("There is no redis-server on this machine.")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)


def asked_by_many(redis_url: str, tmp_path: Path) -> list[tuple[int, bool]]:
    """What each of several processes got through, and whether it was the first to count a reader."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "CATALOG_DATA_DIR": str(tmp_path),
        "SECRET_KEY": "only for this test",
        "REDIS_URL": redis_url,
        "CATALOG_READS_PER_MINUTE": str(LIMIT),
    }
    command = [sys.executable, "-c", ASKING, str(EACH)]
    running = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    told = [process.communicate(timeout=60)[0].split() for process in running]
    return [(int(passed), is_first == "True") for passed, is_first in told]


def test_processes_that_share_a_cache_let_through_what_one_may_and_count_a_reader_once(
    redis: str, tmp_path: Path
) -> None:
    told = asked_by_many(redis, tmp_path)
    assert sum(passed for passed, _ in told) == LIMIT < PROCESSES * EACH
    assert sum(is_first for _, is_first in told) == 1


def test_a_cache_that_is_away_refuses_nobody(tmp_path: Path) -> None:
    with socket.socket() as probe:  # a port that nobody listens on
        probe.bind(("127.0.0.1", 0))
        address = f"redis://127.0.0.1:{probe.getsockname()[1]}/0"
    code = ASKING.replace("print(passed, caches", "print(passed, False)  # caches")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "CATALOG_DATA_DIR": str(tmp_path),
        "SECRET_KEY": "only for this test",
        "REDIS_URL": address,
        "CATALOG_READS_PER_MINUTE": "2",
    }
    command = [sys.executable, "-c", code, "5"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "5"
    assert "cannot be counted" in done.stderr
