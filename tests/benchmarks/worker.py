"""A process with a catalog of its own: makes it where it is not there yet, then tells what pages cost in it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from django.http import HttpResponse


class Worker:
    """Speaks with such a process: one line of JSON each way. `module` has the `tell` and the `Page` it is asked for."""

    def __init__(self, size: int, into: Path, module: str = "tests.benchmarks.worker") -> None:
        self.size = size
        folder = (into / str(size)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "CATALOG_DATA_DIR": str(folder)}
        self.place = str(folder)
        if url := os.environ.get("DATABASE_URL"):
            self.place = environment["DATABASE_URL"] = _database_beside(url, size)
        command = [sys.executable, "-m", "tests.benchmarks.worker", str(size), module]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ready(self) -> Any:
        """Wait until its catalog is there; tells of it, and of one agent in it."""
        return self._answer()

    def ask(self, **question: Any) -> Any:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"The process with {self.size:,} agents ended with {self.process.wait()}.")
        return json.loads(answer)

    def close(self) -> None:
        self.process.communicate()


def _database_beside(url: str, size: int) -> str:
    """The address of the database for a catalog of this size, on the same server."""
    import psycopg
    from psycopg import sql

    parts = urlsplit(url)
    name = f"{parts.path.strip('/')}_{size}"
    with psycopg.connect(url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlunsplit(parts._replace(path=f"/{name}"))


# --- The process's own side ------------------------------------------------------------------------------


def main(size: int, module: str) -> None:
    from tests.benchmarks.__main__ import prepare

    prepare(Path(os.environ["CATALOG_DATA_DIR"]))
    from django.core.management import call_command
    from django.db import connection

    from catalog import facets
    from tests.benchmarks import catalogs

    catalogs.fill(size)
    asked = import_module(module)  # not before Django is ready
    told = {**asked.tell(), "vendor": connection.vendor, "facets": _milliseconds(facets.shelf)}
    print(json.dumps(told), flush=True)
    pages: dict[str, Page] = {}
    for line in sys.stdin:
        question = json.loads(line)
        if not pages:
            call_command("collectstatic", interactive=False, verbosity=0)
        page = pages.get(line) or pages.setdefault(line, asked.Page(**question))
        print(json.dumps(page.cost()), flush=True)


def tell() -> dict[str, str]:
    from tests.benchmarks import catalogs

    return catalogs.one_agent()


class Page:
    """One page, asked for again and again.

    `known`: by a reader who has it and asks whether it changed. `changed`: each time after an agent was published.
    """

    def __init__(self, address: str, known: bool, changed: bool) -> None:
        from django.db import connection
        from django.test import Client

        self.address, self.known, self.changed = address, known, changed
        self.client, self.headers = Client(SERVER_NAME="127.0.0.1"), dict[str, str]()
        self.statements: list[tuple[str, Any]] = []
        self.get()
        self.prepare()
        with connection.execute_wrapper(self.note):
            self.get()

    def prepare(self) -> None:
        """What happens before each time that counts."""
        from django.db import transaction

        from catalog import changes
        from catalog.models import Agent

        self.headers = {}
        etag = self.get().headers.get("ETag", "")
        if self.known:
            self.headers = {"If-None-Match": etag}
        if self.changed:
            with transaction.atomic():
                changes.record([Agent.objects.earliest("pk")])

    def get(self) -> "HttpResponse":
        response = self.client.get(self.address, headers=self.headers)
        if response.streaming:
            _ = b"".join(response)
        self.status = response.status_code
        return response

    def note(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.statements.append((sql, params))
        return execute(sql, params, many, context)

    def cost(self) -> dict[str, float]:
        """The milliseconds of an answer, and of nothing but its SQL, once everything is at hand."""
        self.prepare()
        page = _milliseconds(self.get)
        self.ask_database()
        sql = _milliseconds(self.ask_database)
        return {"status": self.status, "queries": len(self.statements), "page": page, "sql": sql}

    def ask_database(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            for sql, params in self.statements:
                cursor.execute(sql, params)
                if cursor.description:
                    cursor.fetchall()


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
