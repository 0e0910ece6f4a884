"""Importing and publishing the files into an empty catalog on SQLite, and how much of that is parsing."""

import time
from pathlib import Path

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection

from catalog.definition import InvalidDefinition, parse
from catalog.importing import import_paths
from catalog.models import Version
from tests.benchmarks.files import agent_files, made


def measure(folder: Path) -> None:
    call_command("migrate", verbosity=0)
    what, files = agent_files()
    # As many names as files, so that each one is published: in the corpus several files share a name.
    sources = files if what != "the corpus" else _with_names_of_their_own(files)
    place = folder / "files"
    place.mkdir()
    for number, data in enumerate(sources):
        (place / f"{number:05}.md").write_bytes(data)
    began = time.perf_counter()
    for data in sources:
        try:
            _ = parse(data).findings
        except InvalidDefinition:
            continue
    parsing = time.perf_counter() - began
    importer = User.objects.create_superuser("importer")
    began = time.perf_counter()
    published = sum(
        entry.outcome == "published" for entry in import_paths([place], by=importer, publish=True, dry_run=False)
    )
    total = time.perf_counter() - began
    began = time.perf_counter()
    again = sum(
        entry.outcome == "unchanged" for entry in import_paths([place], by=importer, publish=True, dry_run=False)
    )
    repeated = time.perf_counter() - began
    assert published == Version.objects.count()
    print(f"{len(sources):,} files ({what}) on {connection.vendor}")
    print(f"import and publish      {total:.1f} s, {published / total:.0f} files a second ({published:,} published)")
    print(
        f"reading and checking    {parsing:.2f} s of it; {100 * (1 - parsing / total):.0f} % of the time is elsewhere"
    )
    print(f"the same import again   {repeated:.1f} s, {again / repeated:.0f} files a second ({again:,} unchanged)")


def _with_names_of_their_own(files: list[bytes]) -> list[bytes]:
    sources = []
    for number, data in enumerate(files):
        try:
            definition = parse(data)
        except InvalidDefinition:
            continue
        sources.append(definition.replace(name=f"{definition.name[:90]}-{number}").source.encode())
    return sources or made(1)
