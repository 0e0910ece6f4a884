"""The git repository of a large catalog, asked for by git: made, brought up to date, cloned whole and shallow.

An import of so many agents is one commit, and a thousand of them publish a second version, a commit each. Everything is
asked of the production server by the git of this machine; times are seconds of whole commands.
"""

import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from statistics import median

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from catalog.models import Agent, Change, Event, Version
from tests.benchmarks import catalogs
from tests.benchmarks.downloads import serving

COMMITS = 1_000
AT_ONCE = 8
BATCH = 2_000


def measure(folder: Path, agents: int, rounds: int) -> bool:
    call_command("migrate", verbosity=0)
    if not Change.objects.exists():
        rows = catalogs.Rows()
        for first in range(0, agents, BATCH):
            with transaction.atomic():
                rows.write(range(first, min(first + BATCH, agents)))
        _log(agents)
    environment = {key: os.environ[key] for key in ("CATALOG_DATA_DIR", "SECRET_KEY")}
    shutil.rmtree(Path(os.environ["CATALOG_DATA_DIR"]) / "repository", ignore_errors=True)
    with serving(environment | {"CATALOG_COSTLY_PER_MINUTE": "0"}) as (port, pid):
        place = folder / "clones"
        place.mkdir(exist_ok=True)
        return _measured(f"http://127.0.0.1:{port}/catalog.git", pid, place, rounds)


def _log(agents: int) -> None:
    """The import, and the publications that came after it, as the log has them."""
    by, now = User.objects.earliest("pk"), timezone.now()
    first = list(Version.objects.filter(number=1).order_by("pk")[:agents])
    some = random.Random(1).sample(first, min(COMMITS, len(first)))
    second = {version.agent_id: version for version in Version.objects.filter(number=2)}
    told = [*first, *(second[version.agent_id] for version in some)]
    for start in range(0, len(told), BATCH):
        part = told[start : start + BATCH]
        events = Event.objects.bulk_create(
            Event(actor=by, verb="published", agent_id=one.agent_id, version=one, data={"number": one.number})
            for one in part
        )
        Change.objects.bulk_create(
            Change(agent_id=event.agent_id, event=event, at=now, more_follow=start + place < len(first) - 1)
            for place, event in enumerate(events)
        )


def _publish(number: int) -> None:
    """One more publication: the third version of an agent."""
    version = Version.objects.filter(number=3).order_by("pk")[number]
    by = User.objects.earliest("pk")
    event = Event.objects.create(
        actor=by, verb="published", agent_id=version.agent_id, version=version, data={"number": 3}
    )
    Change.objects.create(agent_id=version.agent_id, event=event, at=timezone.now())


def _measured(address: str, pid: int, place: Path, rounds: int) -> bool:
    print(f"{Agent.objects.count():,} agents")
    made = _timed(lambda: _git("ls-remote", "-q", address, "HEAD"))
    print(f"{'made from nothing':34}{made:8.2f} s")
    store = next((Path(os.environ["CATALOG_DATA_DIR"]) / "repository").glob("*.sqlite3"))
    print(f"{'on disk':34}{_size(store):8.1f} MB, {_memory(pid)} MiB of memory")
    for options in (("--bare",), (), ("--depth", "1", "--bare"), ("--depth", "1")):
        clone = partial(_clone, address, place / "x", *options)
        times = [_timed(clone) for _ in range(rounds)]
        told = f", {_size(place / 'x'):.1f} MB" if "--bare" in options else " with its files"
        print(f"{' '.join(['clone', *options]):34}{median(times):8.2f} s{told}")
    _follow(address, place, rounds)
    _together(address, place)
    print(f"{'memory afterwards':34}{_memory(pid):8} MiB")
    return True


def _follow(address: str, place: Path, rounds: int) -> None:
    """A publication, until clients that follow have it."""
    for what, options in (("whole", ()), ("shallow", ("--depth", "1"))):
        clone = place / what
        _clone(address, clone, "--bare", *options)
        fetch = partial(_git, "-C", str(clone), "fetch", "-q", "origin", *options, "main")
        times = []
        for number in range(rounds):
            _publish(number + (rounds if options else 0))
            times.append(_timed(fetch))
        print(f"{'publish to fetch, ' + what + ' clone':34}{median(times):8.2f} s")


def _together(address: str, place: Path) -> None:
    def clones() -> None:
        clone = _command("clone", "-q", "--bare", "--depth", "1", address)
        running = [subprocess.Popen([*clone, str(place / f"t{n}")], stderr=subprocess.PIPE) for n in range(AT_ONCE)]
        failed = sum(process.wait() != 0 for process in running)
        print(f"{'refused of ' + str(AT_ONCE) + ' shallow clones':34}{failed:8}")

    print(f"{'so many shallow clones at once':34}{_timed(clones):8.2f} s")


def _clone(address: str, into: Path, *options: str) -> None:
    shutil.rmtree(into, ignore_errors=True)
    _git("clone", "-q", *options, address, str(into))


def _git(*words: str) -> None:
    subprocess.run(_command(*words), check=True, capture_output=True)


def _command(*words: str) -> list[str]:
    return ["git", "-c", "advice.detachedHead=false", *words]


def _timed(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def _size(path: Path) -> float:
    """In MB."""
    files: Iterable[Path] = path.rglob("*") if path.is_dir() else path.parent.glob(path.name + "*")
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def _memory(pid: int) -> int:
    """Of the server's process and its worker, in MiB."""
    pids = [pid, *map(int, subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split())]
    pages = [int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in pids]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") >> 20
