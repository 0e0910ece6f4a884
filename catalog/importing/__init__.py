"""Files, folders and archives into drafts or versions, with a report entry for every file.

Imports `models`, `publishing`, `drafting`, `changes` and `definition`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from catalog import changes
from catalog.definition import Definition, Finding, InvalidDefinition, parse
from catalog.definition.limits import MAX_SOURCE_BYTES

from .archives import archive_files
from .candidates import NOT_MARKDOWN, Candidate, Refused, is_beside_agents, is_markdown, printable, refused, too_large
from .outcomes import Outcome, Result, carry_out, falls_together, find_agent, foresee, not_taken
from .paths import check_safe, check_suitable
from .walking import files_under, open_regular, single_file

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from catalog.models import Agent

__all__ = ["Entry", "Import", "Outcome", "count_files", "import_paths", "import_upload", "import_uploads", "printable"]


@dataclass(slots=True)
class Entry:
    """What an import did with one file. `message` is one plain sentence, safe to print on a terminal."""

    path: str
    outcome: Outcome
    name: str | None
    number: int | None
    digest: str | None
    findings: list[dict[str, str | int | None]]
    message: str


class Import(Iterator[Entry]):
    """An import under way: reads, and writes, one file with every entry taken from it.

    All that grows with the number of files is what it remembers of each name. What it publishes is one deed in the
    sequence of changes, finished when the last entry was taken, or by `close`.
    """

    def __init__(
        self,
        candidates: Iterator[Candidate],
        passed_over: Counter[str],
        *,
        by: User,
        publish: bool,
        dry_run: bool,
        change: Callable[[Definition], Definition] | None = None,
    ) -> None:
        self._candidates = candidates
        self._change = change
        self._passed_over = passed_over
        self._by, self._publish, self._dry_run = by, publish, dry_run
        self._taken: dict[str, tuple[str, str, int | None]] = {}  # name: digest, path, number

    @property
    def not_markdown(self) -> int:
        """How many files were passed over so far because they are not Markdown."""
        return self._passed_over[NOT_MARKDOWN]

    def __next__(self) -> Entry:
        try:
            with changes.in_parts():
                return self._entry_of(next(self._candidates))
        except BaseException:  # there are no more, or somebody stopped it
            self.close()
            raise

    def close(self) -> None:
        """Say that nothing more comes of this import, for who does not take all of its entries. Twice is once."""
        if self._publish and not self._dry_run:
            changes.finish()

    def _entry_of(self, candidate: Candidate) -> Entry:
        try:
            definition = parse(candidate.read())
        except Refused as refusal:
            return _refused(candidate, [refusal.finding])
        except InvalidDefinition as invalid:
            return _refused(candidate, invalid.findings) if _was_meant(candidate, invalid) else _ignored(candidate)
        if self._change:
            definition = self._change(definition)
        if result := self._seen_before(definition):
            return _entry(candidate, definition, result)
        agent = find_agent(definition.name)
        warning = falls_together(definition, agent)
        result = self._settle(definition, candidate, agent)
        if result.finding is None:
            self._taken.setdefault(definition.name, (definition.digest, candidate.path, result.number))
        return _entry(candidate, definition, result, warning)

    def _seen_before(self, definition: Definition) -> Result | None:
        """The result for a name that an earlier file of this import has, None for a new one."""
        if definition.name not in self._taken:
            return None
        digest, path, number = self._taken[definition.name]
        if digest == definition.digest:
            return Result(Outcome.UNCHANGED, f"The same file as {path}.", number)
        return not_taken(
            Outcome.CONFLICT,
            "name-taken-in-import",
            f"{path} of this import has the same name and another text: give one of the two another name.",
            "name",
        )

    def _settle(self, definition: Definition, candidate: Candidate, agent: Agent | None) -> Result:
        result = foresee(definition, agent, publishing=self._publish)
        if self._dry_run or result.outcome not in (Outcome.PUBLISHED, Outcome.DRAFT):
            return result
        return carry_out(definition, agent, candidate.folders, by=self._by, publishing=self._publish)


def import_paths(paths: Iterable[str | os.PathLike[str]], *, by: User, publish: bool, dry_run: bool) -> Import:
    """Import files, folders (all their `*.md`) and .zip archives, in the order given and of their names.

    Lazy: a file is read and written when its entry is taken. Each file is one transaction. With `publish`
    files become the next version of the agent they name, otherwise drafts; a dry run writes nothing and
    gives the same entries. The paths of entries are relative to the one path given; of several, each begins
    with the path it belongs to. Raises nothing on what is in the files.
    """
    passed_over: Counter[str] = Counter()
    candidates = _candidates([os.fspath(path) for path in paths], passed_over)
    return Import(candidates, passed_over, by=by, publish=publish, dry_run=dry_run)


def import_upload(name: str, data: BinaryIO, *, by: User, publish: bool, dry_run: bool) -> Import:
    """Import one uploaded .md or .zip, called `name` by its sender. `data` must stay open meanwhile."""
    return import_uploads([(name, data)], by=by, publish=publish, dry_run=dry_run)


def import_uploads(
    files: Iterable[tuple[str, BinaryIO]],
    *,
    by: User,
    publish: bool,
    dry_run: bool,
    change: Callable[[Definition], Definition] | None = None,
) -> Import:
    """Import several uploads as one: a name that two of them have is a conflict.

    A file of an uploaded folder is called by its path from that folder on. `change`, where given, is handed each
    definition that can be imported, and gives the one that is taken in its place.
    """
    passed_over: Counter[str] = Counter()
    each = (_uploaded(name, data, passed_over) for name, data in files)
    return Import(chain.from_iterable(each), passed_over, by=by, publish=publish, dry_run=dry_run, change=change)


def count_files(paths: Iterable[str | os.PathLike[str]]) -> int:
    """How many entries an import of `paths` will have; nothing but folders and lists of archives is read."""
    return sum(1 for _ in _candidates([os.fspath(path) for path in paths], Counter()))


def _candidates(paths: Sequence[str], passed_over: Counter[str]) -> Iterator[Candidate]:
    for path in paths:
        shown = os.path.basename(path) if len(paths) == 1 else path
        if os.path.isdir(path):
            yield from files_under(path, "" if len(paths) == 1 else path.rstrip("/") + "/", passed_over)
        elif not os.path.lexists(path):
            yield refused(printable(shown), "file-missing", "There is no such file or folder.")
        elif is_archive(path):
            yield from _archive(path, shown, passed_over)
        elif is_markdown(path):
            yield single_file(os.path.realpath(path), shown)
        else:
            yield _neither(shown)


def _archive(path: str, shown: str, passed_over: Counter[str]) -> Iterator[Candidate]:
    try:
        file = open_regular(os.path.realpath(path))
    except Refused as refusal:
        yield refused(printable(shown), refusal.finding.code, refusal.finding.message)
        return
    with file:
        yield from archive_files(file, shown, passed_over)


def _uploaded(called: str, data: BinaryIO, passed_over: Counter[str]) -> Iterator[Candidate]:
    path = _plain(called)
    *above, name = path.split("/")

    def read() -> bytes:
        data.seek(0)
        source = data.read(MAX_SOURCE_BYTES + 1)
        if len(source) > MAX_SOURCE_BYTES:
            raise too_large(data.seek(0, os.SEEK_END))
        return source

    if is_archive(name):
        yield from archive_files(data, name, passed_over)
    elif is_markdown(name):
        yield Candidate(printable(path), tuple(above[1:]), read)
    else:
        yield _neither(path)


def _plain(called: str) -> str:
    """The path a sender gives to a file; its last part alone where the path is none that a folder has."""
    path = called.replace("\\", "/")
    try:
        check_safe(path)
        check_suitable(path)
    except Refused:
        return path.rpartition("/")[2]
    return path


def is_archive(name: str) -> bool:
    return name.lower().endswith(".zip")


def _neither(shown: str) -> Candidate:
    return refused(printable(shown), "file-kind", "This is neither a Markdown file (.md) nor an archive (.zip).")


def _was_meant(candidate: Candidate, invalid: InvalidDefinition) -> bool:
    """Whether a file that is no agent may have been meant to be one."""
    return not is_beside_agents(candidate.path) or invalid.findings[0].code not in ("no-frontmatter", "file-empty")


def _ignored(candidate: Candidate) -> Entry:
    called = printable(os.path.basename(candidate.path))
    message = f"{called} has no frontmatter, so it is taken for no agent."
    return Entry(candidate.path, Outcome.IGNORED, None, None, None, [], message)


def _refused(candidate: Candidate, findings: Sequence[Finding]) -> Entry:
    found = [finding.as_dict() for finding in findings]
    return Entry(candidate.path, Outcome.REFUSED, None, None, None, found, printable(findings[0].message))


def _entry(candidate: Candidate, definition: Definition, result: Result, warning: Finding | None = None) -> Entry:
    findings = [finding for finding in (result.finding, warning) if finding]
    return Entry(
        candidate.path,
        result.outcome,
        definition.name,
        result.number,
        definition.digest,
        [finding.as_dict() for finding in (*findings, *definition.findings)],
        printable(result.message),
    )
