"""`manage.py import_agents PATH…`: agent files, folders of them and .zip archives into the catalog.

Exit status: 0 all agents imported or there already; 1 some refused or in conflict; 2 wrong usage, or no agent found.
"""

from __future__ import annotations

import json
import os
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, OutputWrapper
from django.db import DatabaseError

from catalog.importing import Entry, Import, Outcome, count_files, import_paths, printable


class Command(BaseCommand):
    help = (
        "Import agent files (.md), folders of them and .zip archives. Exit status: 0 all agents imported or "
        "there already, 1 some refused or in conflict, 2 wrong usage or no agent found."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="a .md file, a folder, a .zip archive")
        parser.add_argument("--publish", action="store_true", help="publish versions; without it, drafts")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, write nothing")
        parser.add_argument("--report", choices=["json"], help="print one JSON list instead of lines")
        parser.add_argument("--by", metavar="USERNAME", help="who imports (default: the first administrator)")

    def handle(self, *, paths: list[str], dry_run: bool, report: str | None, **options: Any) -> None:
        if missing := [path for path in paths if not os.path.lexists(path)]:
            raise CommandError(f"There is no such file or folder: {printable(', '.join(missing))}.", returncode=2)
        running = import_paths(paths, by=_user(options["by"]), publish=options["publish"], dry_run=dry_run)
        entries = self._with_progress(running, paths)
        try:
            with closing(running):
                if report:
                    outcomes = self._print_json(entries)
                else:
                    outcomes = self._print_lines(entries, dry_run, quiet=options["verbosity"] == 0)
        except KeyboardInterrupt:
            raise CommandError("Stopped. The files listed so far are imported.", returncode=130) from None
        self._conclude(outcomes, running, paths, dry_run, silent=bool(report) or options["verbosity"] == 0)

    def _print_lines(self, entries: Iterator[Entry], dry_run: bool, *, quiet: bool) -> Counter[Outcome]:
        outcomes: Counter[Outcome] = Counter()
        for entry in entries:
            outcomes[entry.outcome] += 1
            if not quiet:
                self._print(self._line(entry, dry_run))
        return outcomes

    def _line(self, entry: Entry, dry_run: bool) -> str:
        outcome = f"{entry.outcome} (dry run)" if dry_run else str(entry.outcome)
        number = f" v{entry.number}" if entry.number else ""
        name = f" {printable(entry.name)}{number}" if entry.name else ""
        is_missed = entry.outcome in (Outcome.REFUSED, Outcome.CONFLICT)
        style = self.style.WARNING if is_missed else self.style.SUCCESS
        reason = "" if entry.outcome in (Outcome.PUBLISHED, Outcome.DRAFT) else f": {entry.message}"
        return f"{entry.path}  {style(outcome)}{name}{reason}"

    def _print_json(self, entries: Iterator[Entry]) -> Counter[Outcome]:
        """One list, written entry by entry: the report of a large import is never held in memory."""
        outcomes: Counter[Outcome] = Counter()
        before = "[\n"
        for entry in entries:
            outcomes[entry.outcome] += 1
            row = asdict(entry)
            del row["message"]
            self._say(before + json.dumps(row), ending="")
            before = ",\n"
        self._say("\n]" if outcomes else "[]")
        return outcomes

    def _with_progress(self, running: Import, paths: list[str]) -> Iterator[Entry]:
        if not self.stderr.isatty():
            return running
        return _drawn(running, self.stderr, count_files(paths))

    def _conclude(
        self, outcomes: Counter[Outcome], running: Import, paths: list[str], dry_run: bool, *, silent: bool
    ) -> None:
        passed_over = _counted(running.not_markdown, "other file was", "other files were") + " not Markdown."
        if not outcomes.total() - outcomes[Outcome.IGNORED]:
            sought = "agent" if outcomes else "Markdown file"
            also = f" {passed_over}" if running.not_markdown else ""
            raise CommandError(f"No {sought} was found in {printable(', '.join(paths))}.{also}", returncode=2)
        if not silent:
            told = ", ".join(f"{outcomes[outcome]:,} {outcome}" for outcome in Outcome if outcomes[outcome])
            self._print(f"\n{_counted(outcomes.total(), 'file', 'files')}: {told}.")
            if running.not_markdown:
                self._print(passed_over)
            if dry_run:
                self._print("This was a dry run: nothing was written.")
        if missed := outcomes[Outcome.REFUSED] + outcomes[Outcome.CONFLICT]:
            verdict = "would not be imported" if dry_run else "not imported"
            raise CommandError(f"{_counted(missed, 'file', 'files')} {verdict}.", returncode=1)

    def _print(self, line: str) -> None:
        """A line in what the terminal's encoding can say."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        self._say(line.encode(encoding, "backslashreplace").decode(encoding))

    def _say(self, text: str, ending: str = "\n") -> None:
        """Write to standard output; nobody reading it any more (`… | head`) is no reason to stop half way."""
        try:
            self.stdout.write(text, ending=ending)
            self.stdout.flush()
        except BrokenPipeError:
            # What Python would flush at its end goes nowhere too (docs.python.org, signal, "Note on SIGPIPE").
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _user(username: str | None) -> User:
    """Who the import is recorded for."""
    try:
        if username is None:
            user = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
        else:
            user = User.objects.filter(username=username, is_active=True).first()
    except DatabaseError as error:
        raise CommandError(
            "The catalog is not prepared; run `manage.py quickstart --no-serve` first.", returncode=2
        ) from error
    if user is None and username is None:
        raise CommandError(
            "There is no administrator to import for. Make one with `manage.py createsuperuser`, or name a "
            "user with --by.",
            returncode=2,
        )
    if user is None:
        raise CommandError(f"There is no active user {printable(repr(username))}.", returncode=2)
    return user


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _drawn(entries: Iterator[Entry], terminal: OutputWrapper, total: int) -> Iterator[Entry]:
    """The entries, with a bar below the lines that are printed for them."""

    def draw(text: str) -> None:
        terminal.write(f"\r\x1b[K{text}", style_func=str, ending="")
        terminal.flush()

    drawn_at = 0.0
    for done, entry in enumerate(entries, 1):
        draw("")
        yield entry
        if (now := time.monotonic()) - drawn_at > 0.1:
            drawn_at = now
            filled = 30 * done // max(total, done)
            draw(f"[{'#' * filled}{'.' * (30 - filled)}] {done:,} of {max(total, done):,}")
    draw("")
