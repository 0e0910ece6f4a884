"""Many editors at one draft, through the production server: what it costs, and that no line is lost.

Each editor has a session of his own, adds one line of his own a save at a random place of the prompt, and where
somebody was quicker takes the merged text of the answer (or, where both wrote at one place, puts the line into the
other text) and saves again.
"""

import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from threading import Barrier, Thread
from urllib.parse import urlencode

from tests import postgres

PASSWORD = "only for measuring"
RULES = 200
WORKERS = {"sqlite": 1, "postgresql": 2}  # SQLite is served by one process, as quickstart does it


def measure(folder: Path, editors: int, saves: int, pause: float) -> None:
    """On the database at hand, or on SQLite and on a PostgreSQL of its own; each in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.editing", str(editors), str(saves), str(pause)]
    place = folder / "editing"
    place.mkdir()
    environment = {**os.environ, "CATALOG_DATA_DIR": str(place)}
    subprocess.run(command, env=environment, check=True)
    if "DATABASE_URL" not in os.environ:
        with postgres.running() as url:
            subprocess.run(command, env={**environment, "DATABASE_URL": url}, check=True)


class Editor:
    """One person's browser: logs in, and saves as the editor's page does."""

    def __init__(self, number: int, port: int, address: str, base: str) -> None:
        self.number, self.address, self.base, self.revision = number, address, base, 1
        self.connection = HTTPConnection("127.0.0.1", port, timeout=120)
        self.cookies: dict[str, str] = {}
        self.random = random.Random(number)
        self.counts: Counter[str] = Counter()
        self.answered: list[float] = []  # seconds, of each request
        self.saved: list[float] = []  # seconds, from the first try until the line is stored
        self.fault: Exception | None = None

    def ask(self, method: str, path: str, body: str = "", content_type: str = "") -> tuple[int, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body:
            headers |= {"Content-Type": content_type, "X-CSRFToken": self._token()}
        self.connection.request(method, path, body.encode(), headers)
        response = self.connection.getresponse()
        text = response.read().decode()
        for header in response.headers.get_all("Set-Cookie") or ():
            self.cookies |= {name: morsel.value for name, morsel in SimpleCookie(header).items()}
        return response.status, text

    def _token(self) -> str:
        return next(value for name, value in self.cookies.items() if name.endswith("csrf"))

    def log_in(self) -> None:
        _, page = self.ask("GET", "/admin/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token
        typed = {"username": name_of(self.number), "password": PASSWORD, "csrfmiddlewaretoken": token.group(1)}
        status, _ = self.ask("POST", "/admin/login/", urlencode(typed), "application/x-www-form-urlencoded")
        assert status == 302, status

    def work(self, saves: int, pause: float, start: Barrier) -> None:
        try:
            self.log_in()
            start.wait()
            for turn in range(saves):
                time.sleep(self.random.uniform(0, 2 * pause))
                self.save(line_of(self.number, turn))
        except Exception as fault:
            self.fault = fault
            start.abort()

    def save(self, line: str) -> None:
        mine = self.with_line(self.base, line)
        began = time.perf_counter()
        while not self.is_taken(mine):
            self.counts["conflicts"] += 1
            self.base, self.revision = self.told["source"], self.told["revision"]
            self.counts["merged" if self.told["merged"] else "overlapping"] += 1
            mine = self.told["merged"] or self.with_line(self.base, line)
        self.saved.append(time.perf_counter() - began)

    def is_taken(self, mine: str) -> bool:
        """Send the text; where it is refused, `told` is what the answer tells."""
        asked = {"do": "save", "revision": self.revision, "base": self.base, "entries": [["source", mine]]}
        began = time.perf_counter()
        status, text = self.ask("POST", self.address, json.dumps({**asked, "pane": "page"}), "application/json")
        self.answered.append(time.perf_counter() - began)
        answer = json.loads(text) if status in (200, 409) else {}
        if status == 409:
            self.told = answer["conflict"]
            return False
        assert status == 200, (status, text[:200])
        assert answer["saved"]
        self.base, self.revision = answer["base"], answer["revision"]
        return True

    def with_line(self, text: str, line: str) -> str:
        lines = text.split("\n")
        first = lines.index("---", 1) + 2
        lines.insert(self.random.randrange(first, len(lines)), line)
        return "\n".join(lines)


def name_of(number: int) -> str:
    return f"editor-{number}"


def line_of(number: int, turn: int) -> str:
    return f"- Line {turn} of editor {number}."


def measure_here(editors: int, saves: int, pause: float) -> None:
    """With the database that is configured: prepare it, let them write, count the lines."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection, connections
    from django.urls import reverse

    from catalog.definition import parse
    from catalog.drafting import discard, open_draft
    from catalog.models import Draft
    from catalog.publishing import register
    from tests.benchmarks.downloads import serving

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    for number in range(editors):
        User.objects.create_superuser(name_of(number), password=PASSWORD)
    person = User.objects.get(username=name_of(0))
    base = _source()
    agent, _ = register(parse(base), by=person)
    draft = open_draft(agent, by=person, source=base)
    vendor, address = connection.vendor, reverse("admin:catalog_agent_draft_live", args=[agent.pk])
    connections.close_all()
    workers = WORKERS[vendor]
    with serving({}, "--workers", str(workers), is_quiet=True) as (port, _):  # it would log each conflict
        people = [Editor(number, port, address, base) for number in range(editors)]
        seconds = _write_at_once(people, saves, pause)
    stored = Draft.objects.get(pk=draft.pk)
    wanted = {line_of(number, turn) for number in range(editors) for turn in range(saves)}
    counted = Counter(stored.source.split("\n"))
    lost = sum(counted[line] == 0 for line in [*wanted, *base.split("\n")])
    twice = sum(counted[line] > 1 for line in wanted)
    print(f"{vendor}, {workers} {'process' if workers == 1 else 'processes'}, {editors} editors, {saves} saves each:")
    print(f"lost lines              {lost} of {len(wanted):,}, {twice} twice; revision {stored.revision:,}")
    _print_figures(people, seconds)
    discard(stored, by=person, revision=stored.revision)
    if lost or twice or stored.revision != 1 + editors * saves:
        raise SystemExit("An edit was lost.")


def _write_at_once(people: Sequence[Editor], saves: int, pause: float) -> float:
    start = Barrier(len(people) + 1)
    threads = [Thread(target=person.work, args=(saves, pause, start)) for person in people]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    for person in people:
        if person.fault:
            raise person.fault
    return time.perf_counter() - began


def _print_figures(people: Sequence[Editor], seconds: float) -> None:
    counts = sum((person.counts for person in people), Counter())
    answered = [1000 * took for person in people for took in person.answered]
    saved = [1000 * took for person in people for took in person.saved]
    print(
        f"conflicts               {counts['conflicts']:,}, of which merged {counts['merged']:,}, at one place "
        f"{counts['overlapping']:,}"
    )
    print(f"saves                   {len(saved):,} in {seconds:.0f} s, {len(saved) / seconds:.0f} a second")
    for what, figures in (("an answer", answered), ("until it is stored", saved)):
        cuts = statistics.quantiles(figures, n=100)
        print(f"{what:23} p50 {cuts[49]:,.0f} ms, p99 {cuts[98]:,.0f} ms ({len(figures):,})")


def _source() -> str:
    rules = "".join(f"{n}. Rule {n} says in one sentence what is to be done.\n" for n in range(1, RULES + 1))
    return f"---\nname: written-by-many\ndescription: Is written by many people at once.\n---\n\n{rules}"


if __name__ == "__main__":
    import django

    django.setup()
    measure_here(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
