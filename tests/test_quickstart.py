"""From a fresh checkout to a catalog that answers, as a new user meets it: through the command itself."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener, urlopen

import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

from catalog.management.first_team import MEMBERS, TAGS

ROOT = Path(__file__).resolve().parents[1]
STARTERS = len(list((ROOT / "catalog" / "starters").rglob("*.md")))
PASSWORD = re.compile(r"password ((?:[a-z2-9]{5}-){3}[a-z2-9]{5}) \(shown this once")


def environment(data: Path, **configured: str) -> dict[str, str]:
    needed = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG") or name.startswith("COV")
    }
    return needed | {"CATALOG_DATA_DIR": str(data)} | configured


def quickstart(
    data: Path, *options: str, cwd: Path | None = None, **configured: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "quickstart", *options],
        cwd=cwd or data.parent,
        env=environment(data, **configured),
        capture_output=True,
        text=True,
        check=False,
    )


def ask(data: Path, code: str) -> str:
    """What a Python program finds in the catalog of this data folder."""
    shell = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", code],
        env=environment(data),
        capture_output=True,
        text=True,
        check=True,
    )
    return shell.stdout.strip()


def state_of(data: Path) -> str:
    """Everything that a second run must leave as it is."""
    return (data / "secret-key").read_text() + ask(
        data,
        "from django.contrib.auth.models import User\n"
        "from catalog.models import Event, Version\n"
        "print(*User.objects.values_list('username', 'password'), *Version.objects.values_list('pk', 'digest'))\n"
        "print(Event.objects.count())",
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(data: Path, *options: str, **configured: str) -> Iterator[tuple[str, list[str]]]:
    """A catalog served by `quickstart` on a free port: its address, and the lines it printed."""
    port = free_port()
    with subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "quickstart", "--port", str(port), *options],
        cwd=data.parent,
        env=environment(data, **configured),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        printed = []
        try:
            for line in server.stdout:
                printed.append(line.rstrip())
                if "Stop with Ctrl-C" in line:
                    break
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/healthz", server)
            yield address, printed
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


def wait_for(address: str, server: subprocess.Popen[str]) -> None:
    for _ in range(200):
        assert server.poll() is None, server.stdout.read()
        try:
            urlopen(address, timeout=10).close()
            return
        except URLError:
            time.sleep(0.1)
    raise AssertionError("the server did not answer in 20 seconds")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in a path with spaces, shared by the tests below in the order they stand."""
    return tmp_path_factory.mktemp("a folder") / "with spaces" / "var"


@pytest.fixture(scope="module")
def first_run(data: Path) -> subprocess.CompletedProcess[str]:
    data.parent.mkdir()
    return quickstart(data, "--no-serve")


def test_the_first_run_prepares_everything(first_run: subprocess.CompletedProcess[str], data: Path) -> None:
    assert (first_run.returncode, first_run.stderr) == (0, "")
    assert f"{STARTERS} starter agents loaded" in first_run.stdout
    assert "http://127.0.0.1:8000/admin/" in first_run.stdout
    assert "import_agents FOLDER --publish" in first_run.stdout
    published = ask(data, "from catalog.models import Agent; print(Agent.objects.published().count())")
    assert int(published) == STARTERS


def test_what_it_makes_is_its_owners_alone(first_run: subprocess.CompletedProcess[str], data: Path) -> None:
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "secret-key").stat().st_mode) == 0o600
    assert stat.S_IMODE((data / "catalog.sqlite3").stat().st_mode) == 0o600
    assert len((data / "secret-key").read_text()) >= 50


def test_the_printed_password_opens_the_admin_account(first_run: subprocess.CompletedProcess[str], data: Path) -> None:
    [password] = PASSWORD.findall(first_run.stdout)
    log_in = f"authenticate(username='admin', password='{password}')"
    assert ask(data, f"from django.contrib.auth import authenticate; print({log_in}.is_superuser)") == "True"


def test_the_folders_of_the_starters_become_categories(first_run: subprocess.CompletedProcess[str], data: Path) -> None:
    folders = {path.name for path in (ROOT / "catalog" / "starters").iterdir() if path.is_dir()}
    names = ask(data, "from catalog.models import Category; print(*Category.objects.values_list('name', flat=True))")
    assert set(names.split()) == folders


def test_the_starters_are_tagged_and_some_are_a_team(first_run: subprocess.CompletedProcess[str], data: Path) -> None:
    tagged = "from catalog.models import Tag; print(*Tag.objects.values_list('name', flat=True))"
    assert set(ask(data, tagged).split()) == set(TAGS)
    agents = "from catalog.models import Member, Tag; print(Tag.agents.through.objects.count(), Member.objects.count())"
    assert ask(data, agents).split() == [str(sum(map(len, TAGS.values()))), str(len(MEMBERS))]


def test_a_second_run_changes_nothing(first_run: subprocess.CompletedProcess[str], data: Path) -> None:
    before = state_of(data)
    second = quickstart(data, "--no-serve", cwd=Path("/"), CATALOG_ADMIN_PASSWORD="another password")
    assert (second.returncode, second.stderr) == (0, "")
    assert state_of(data) == before
    assert not PASSWORD.search(second.stdout)
    for calm in ("up to date", "kept", f"{STARTERS} in the catalog, kept as they are"):
        assert calm in second.stdout


def test_a_run_that_was_interrupted_before_it_showed_the_password_is_finished_by_the_next(
    first_run: subprocess.CompletedProcess[str], data: Path
) -> None:
    ask(
        data,
        "from django.contrib.auth.models import User\n"
        "admin = User.objects.get(); admin.set_unusable_password(); admin.save()",
    )
    assert PASSWORD.search(quickstart(data, "--no-serve").stdout)


def test_a_port_that_is_taken_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = quickstart(tmp_path / "var", "--port", str(port))
    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in refused.stderr
    assert "quickstart --port" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("options", "configured", "sentence"),
    [
        (["--host", "nowhere.invalid"], {}, "nowhere.invalid is not an address"),
        (["--host", "192.0.2.1"], {}, "not an address of this machine"),
        (["--port", "70000"], {}, "'70000' is not a port"),
        ([], {"CATALOG_BASE_URL": "agents.example.com"}, "not the address of a catalog"),
        (["--no-serve"], {"CATALOG_DATA_DIR": "/dev/null/var"}, "The data folder /dev/null/var cannot be used"),
        (["--no-serve"], {"DATABASE_URL": "sqlite:////dev/null/x"}, "The database could not be prepared"),
        (["--no-serve"], {"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c"}, "Connection refused"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    tmp_path: Path, options: list[str], configured: dict[str, str], sentence: str
) -> None:
    port = [] if "--no-serve" in options or "--port" in options else ["--port", str(free_port())]
    refused = quickstart(tmp_path / "var", *options, *port, **configured)
    assert refused.returncode != 0
    assert sentence in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_password_may_come_from_the_environment_and_the_database_too(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/elsewhere.sqlite3"
    run = quickstart(tmp_path / "var", "--no-serve", CATALOG_ADMIN_PASSWORD="violet harbour 71", DATABASE_URL=url)
    assert run.returncode == 0
    assert "violet" not in run.stdout
    assert (tmp_path / "elsewhere.sqlite3").exists()
    assert not (tmp_path / "var" / "catalog.sqlite3").exists()


def text_of(address: str, browser: OpenerDirector | None = None, form: dict[str, str] | None = None) -> str:
    """The text of a page that is there; a form is sent to it as a browser would."""
    data = urlencode(form).encode() if form else None
    with (browser or build_opener()).open(address, data, timeout=10) as answer:
        assert answer.status == 200
        return str(answer.read().decode())


@pytest.mark.skipif(connection.vendor != "postgresql", reason="there is no PostgreSQL in this part of the run")
def test_a_postgresql_is_prepared_and_left_alone_the_second_time(tmp_path: Path, empty_postgresql: str) -> None:
    first, second = (quickstart(tmp_path / "var", "--no-serve", DATABASE_URL=empty_postgresql) for _ in range(2))
    assert (first.returncode, first.stderr, second.returncode, second.stderr) == (0, "", 0, "")
    assert f"{STARTERS} starter agents loaded" in first.stdout
    assert "PostgreSQL, up to date" in second.stdout
    assert f"{STARTERS} in the catalog" in second.stdout
    assert not (tmp_path / "var" / "catalog.sqlite3").exists()


@pytest.fixture
def empty_postgresql(django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    name = f"quickstart_{os.getpid()}"
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
        cursor.execute(f"DROP DATABASE {name}")


def log_in(address: str, password: str) -> str:
    """The page that follows the admin's log-in form."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    page = text_of(f"{address}/admin/login/", browser)
    [token] = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    form = {"username": "admin", "password": password, "csrfmiddlewaretoken": token, "next": "/admin/"}
    browser.addheaders = [("Origin", address)]
    return text_of(f"{address}/admin/login/", browser, form)


def test_the_catalog_is_served_and_its_admin_logs_in(tmp_path: Path) -> None:
    data = tmp_path / "with spaces" / "var"
    # a folder that has a `config` of its own must not be mistaken for the catalog's
    (data.parent / "config").mkdir(parents=True)
    (data.parent / "config" / "__init__.py").write_text("raise RuntimeError('not this one')")
    with serving(data) as (address, printed):
        [password] = PASSWORD.findall("\n".join(printed))
        assert any(line.endswith(f" {address}/") for line in printed)
        [stylesheet, *_] = re.findall(r'href="(/static/[^"]+\.css)"', text_of(f"{address}/"))
        assert text_of(address + stylesheet)
        assert text_of(f"{address}/api/v1/agents")
        assert f"{address}/" in text_of(f"{address}/agents/python-backend-engineer/")  # commands name the real port
        for name in (address, address.replace("127.0.0.1", "localhost")):
            assert "/admin/logout/" in log_in(name, password)


def test_the_base_url_that_is_configured_is_the_one_that_is_printed(tmp_path: Path) -> None:
    with serving(tmp_path / "var", CATALOG_BASE_URL="http://agents.example.com") as (address, printed):
        assert "http://agents.example.com/admin/" in "\n".join(printed)
        assert printed[-1] == f"Listening on {address}. Stop with Ctrl-C."
