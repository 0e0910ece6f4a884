"""`manage.py quickstart`: from a fresh checkout to a catalog that answers. A surface: may import any room."""

from __future__ import annotations

import argparse
import errno
import os
import secrets
import shlex
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.contrib.staticfiles.management.commands.collectstatic import Command as CollectStatic
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, call_command
from django.db import DatabaseError, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor

from catalog import importing, system_checks
from catalog.management import upkeep
from catalog.management.first_team import make_first_team, tag_starters
from catalog.models import Agent

STARTERS = settings.BASE_DIR / "catalog" / "starters"
ADMIN = "admin"
DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8000
# Without the letters and figures that people mistake for one another; 20 of them are 99 bits.
LEGIBLE = "abcdefghjkmnpqrstuvwxyz23456789"
WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 (compared with, not listened on)
SERVER_OPTIONS = (
    # Warnings of the server are advice on its options, which are chosen below.
    *("--interface", "wsgi", "--http", "1", "--no-ws", "--log-level", "error"),
    # SQLite takes one writer at a time, and the cache of rendered prompts lives in the process: a second
    # process would add waiting, not speed. Who outgrows this serves with PostgreSQL, as the README says.
    *("--workers", "1", "--workers-kill-timeout", "10"),
    # Reads go on while one request waits for the write lock, and while some callers are slow to send what they ask or
    # to read the answer. A thread holds a connection to the database open, so idle threads are kept as long as the
    # server allows.
    *("--blocking-threads", "64", "--blocking-threads-idle-timeout", "600"),
)


class Problem(Exception):
    """Why the catalog cannot be prepared or served, in a sentence that says what to do."""


class Command(BaseCommand):
    help = "Prepare the catalog (secret key, database, starter agents, admin account) and serve it."
    requires_system_checks = ()  # some of them look for what this command is about to make

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default=DEFAULT_HOST, help="address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=_port, default=DEFAULT_PORT, help="port to listen on (default: %(default)s)")
        parser.add_argument("--no-serve", action="store_true", help="prepare everything, and stop there")

    def handle(self, *args: Any, host: str, port: int, no_serve: bool, **options: Any) -> None:
        try:
            self.prepare(host, port, no_serve)
        except Problem as problem:
            self.stderr.write(f"\n{problem}")
            sys.exit(1)
        if not no_serve:
            serve(host, port)

    def prepare(self, host: str, port: int, no_serve: bool) -> None:
        os.umask(0o077)  # the database holds drafts and password hashes: its files are their owner's alone
        require_address()
        if not no_serve:
            require_free(host, port)
        self.stdout.write(self.style.MIGRATE_HEADING("Agent Catalog") + "\n\n")
        self.step("Data folder", make_data_folder)
        self.step("Secret key", make_secret_key)
        with _database_problems():
            self.step("Database", migrate)
            self.step("Static files", collect_static_files)
            admin = ensure_admin()
            self.step("Agents", lambda: self.load_starters(admin))
            self.step("Projections", lambda: upkeep.update_projections(partial(self.show_progress, "Projections")))
            self.step("Search", lambda: upkeep.update_search(partial(self.show_progress, "Search")))
            self.step("Repository", upkeep.update_repository)
            self.step("Account", lambda: self.give_password(admin))
        self.show_addresses(host, port, no_serve)

    def step(self, label: str, work: Callable[[], str]) -> None:
        self.stdout.write(f"  {label:<14}", ending="")
        self.stdout.flush()
        self.stdout.write(work())

    def load_starters(self, admin: User) -> str:
        if count := Agent.objects.count():
            return f"{count} in the catalog, kept as they are"
        total = importing.count_files([STARTERS])
        loaded = 0
        with transaction.atomic():  # all or none: the next run would take a part of them for the user's own
            for entry in importing.import_paths([STARTERS], by=admin, publish=True, dry_run=False):
                if entry.outcome != importing.Outcome.PUBLISHED:
                    raise Problem(f"The starter agent {entry.path} could not be published: {entry.message}")
                loaded += 1
                self.show_progress("Agents", loaded, total)
            tag_starters(admin)
            make_first_team(admin)
        return f"{loaded} starter agents loaded"

    def show_progress(self, label: str, done: int, total: int) -> None:
        if self.stdout.isatty():
            line = f"\r  {label:<14}"
            self.stdout.write(f"{line}{done} of {total}" if done < total else f"{line}{' ' * 20}{line}", ending="")
            self.stdout.flush()

    def give_password(self, admin: User) -> str:
        """Give a new account its password, last of all: no interrupted run has made one that nobody saw."""
        if admin.has_usable_password() or admin.last_login or admin.get_username() != ADMIN:
            return f"{admin.get_username()}, password kept ({_command('changepassword', admin.get_username())})"
        password = settings.CATALOG_ADMIN_PASSWORD or _random_password()
        admin.set_password(password)
        admin.save(update_fields=["password"])
        if not settings.CATALOG_ADMIN_PASSWORD:
            shown = self.style.SUCCESS(password)
            return f"{ADMIN}, password {shown} (shown this once: keep it)"
        try:
            validate_password(password, admin)
        except ValidationError as weak:
            return f"{ADMIN}, with CATALOG_ADMIN_PASSWORD. {' '.join(weak.messages)} Change it soon."
        return f"{ADMIN}, with the password of CATALOG_ADMIN_PASSWORD"

    def show_addresses(self, host: str, port: int, no_serve: bool) -> None:
        configured = os.environ.get("CATALOG_BASE_URL")
        base = settings.CATALOG_BASE_URL if configured else _address(host, port)
        lines = [
            "",
            f"  Catalog       {self.style.SUCCESS(base + '/')}",
            f"  Admin         {base}/admin/",
            f"  API           {base}/api/v1/docs",
            "",
            "  Bring your own agents, a folder or a .zip of .md files:",
            f"  {_command('import_agents', 'FOLDER', '--publish')}",
            "",
        ]
        if no_serve:
            lines.append(f"Ready. Serve it with: {_command('quickstart', *_options(host, port))}")
        elif configured:
            lines.append(f"Listening on {_address(host, port)}. Stop with Ctrl-C.")
        elif host in WILDCARDS:
            lines.append("Listening on every address of this machine. Stop with Ctrl-C.")
            lines.append("For other machines, set CATALOG_BASE_URL to the address they use, and start again.")
        else:
            lines.append("Serving. Stop with Ctrl-C.")
        self.stdout.write("\n".join(lines))


# --- Before anything is made ---------------------------------------------------------------------------


def require_address() -> None:
    for error in system_checks.base_url(None):
        raise Problem(f"{error.msg} {error.hint}")


def require_free(host: str, port: int) -> None:
    """Refuse a port that is taken before anything else is done."""
    try:
        _bind(host, port)
    except socket.gaierror:
        raise Problem(f"{host} is not an address. Give --host one of this machine's own.") from None
    except OSError as error:
        raise Problem(_why_not(host, port, error)) from None


def _bind(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


def _why_not(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"Port {port} on {host} is taken, so nothing was started. If the catalog is already "
                f"running, open {_address(host, port)}/; if not, choose another port:\n"
                f"  {_command('quickstart', '--port', str(_next_free(host, port)))}"
            )
        case errno.EACCES:
            return f"This account may not listen on port {port}. Choose one above 1023, such as --port 8000."
        case errno.EADDRNOTAVAIL:
            return f"{host} is not an address of this machine. Give --host one of its own, or leave it out."
    return f"Port {port} on {host} cannot be listened on: {error.strerror}. Try another --port or --host."


def _next_free(host: str, port: int) -> int:
    for candidate in range(port + 1, min(port + 50, 65536)):
        try:
            _bind(host, candidate)
        except OSError:
            continue
        return candidate
    return 8000 if port != 8000 else 8080


# --- The steps -------------------------------------------------------------------------------------------


def make_data_folder() -> str:
    with _folder_problems():
        settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(settings.DATA_DIR)


def make_secret_key() -> str:
    if system_checks.has_secret_key():
        return "from SECRET_KEY" if os.environ.get("SECRET_KEY") else "kept"
    with _folder_problems():
        _write_once(settings.SECRET_KEY_FILE, secrets.token_urlsafe(50))
        settings.SECRET_KEY = settings.SECRET_KEY_FILE.read_text(encoding="ascii").strip()
    return "made, readable by its owner alone"


def _write_once(file: Path, text: str) -> None:
    """Put the text into a file that only its owner reads, wholly or not at all; leave one that has a text."""
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # its mode is 0600
    try:
        with open(handle, "w", encoding="ascii") as new:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        if file.exists() and not file.read_text(encoding="ascii").strip():
            file.unlink()
        os.link(temporary, file)  # unlike a rename, this never takes the place of a file
    except FileExistsError:
        pass  # another quickstart was quicker: its key is the key
    finally:
        os.unlink(temporary)


def migrate() -> str:
    connection.settings_dict["OPTIONS"].pop("pool", None)  # it would hide for ten seconds why nobody answers
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    call_command("migrate", verbosity=0, interactive=False)
    kind = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(connection.vendor, connection.vendor)
    return f"{kind}, prepared" if pending else f"{kind}, up to date"


def collect_static_files() -> str:
    """Collect and compress what has changed; nothing of a run that was interrupted counts as done."""
    finished = settings.DATA_DIR / ".static-files-collected"
    with _folder_problems():
        changed = CollectStatic()
        call_command(changed, dry_run=True, verbosity=0, interactive=False)
        if finished.exists() and not changed.copied_files:
            return "up to date"
        finished.unlink(missing_ok=True)
        call_command(CollectStatic(), verbosity=0, interactive=False)
        finished.touch()
    return "collected"


def ensure_admin() -> User:
    """The first superuser, or a new one: without a password until everything else is done."""
    admin = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    if admin:
        return admin
    if User.objects.filter(username=ADMIN).exists():
        raise Problem(
            f"There is an account named {ADMIN}, but no active superuser. "
            f"Make one under another name: {_command('createsuperuser')}"
        )
    return User.objects.create_superuser(ADMIN, password=None)


def _random_password() -> str:
    return "-".join("".join(secrets.choice(LEGIBLE) for _ in range(5)) for _ in range(4))


def serve(host: str, port: int) -> NoReturn:
    """Become the server. What was found out here is handed on: the data folder, and the address to print."""
    connections.close_all()
    environment = os.environ | {"CATALOG_DATA_DIR": str(settings.DATA_DIR)}
    environment["CATALOG_BASE_URL"] = environment.get("CATALOG_BASE_URL") or _address(host, port)
    # The path of the file, not the module's name: the folder this was called from may have a `config` too.
    application = f"{settings.BASE_DIR / 'config' / 'wsgi.py'}:application"
    server = [sys.executable, "-P", "-m", "granian", *SERVER_OPTIONS]
    sys.stdout.flush()
    os.execve(sys.executable, [*server, "--host", host, "--port", str(port), application], environment)  # noqa: S606


# --- Words and numbers -------------------------------------------------------------------------------------


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 1 to 65535")


def _address(host: str, port: int) -> str:
    """The address to open in a browser on this machine."""
    if host in WILDCARDS:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _command(*words: str) -> str:
    """A command of the catalog as it is typed where the user stands, for the data folder in use."""
    program = [_as_typed(Path(sys.executable)), _as_typed(settings.BASE_DIR / "manage.py")]
    elsewhere = settings.DATA_DIR != settings.BASE_DIR / "var"
    folder = f"CATALOG_DATA_DIR={shlex.quote(str(settings.DATA_DIR))} " if elsewhere else ""
    return folder + shlex.join([*program, *words])


def _options(host: str, port: int) -> list[str]:
    """The options that were given, to be given again."""
    return [
        *(["--host", host] if host != DEFAULT_HOST else []),
        *(["--port", str(port)] if port != DEFAULT_PORT else []),
    ]


def _as_typed(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if here == settings.BASE_DIR and path.is_relative_to(here) else str(path)


@contextmanager
def _folder_problems() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Problem(
            f"The data folder {settings.DATA_DIR} cannot be used: {error.strerror}. "
            "Give a folder that you may write to in CATALOG_DATA_DIR."
        ) from None


@contextmanager
def _database_problems() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        what = (str(error).splitlines() or [type(error).__name__])[0]
        raise Problem(
            f"The database could not be prepared: {what.rstrip('.')}. "
            "Check DATABASE_URL, or leave it out to use SQLite in the data folder."
        ) from None
