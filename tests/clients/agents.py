"""Agents as files: those a catalog is filled with, one of each name, and the names under which tools know them."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from catalog.definition import InvalidDefinition, fold_name, parse, read


def choose(corpus: Path, into: Path) -> int:
    """Copy the first file of each name that the catalog can publish; how many there are.

    The corpus is a folder of `.md` files, with or without a MANIFEST.csv that says which of them are agents.
    """
    into.mkdir(parents=True)
    seen: set[str] = set()
    for path in _files(corpus):
        data = path.read_bytes()
        try:
            name = fold_name(parse(data).name)
        except InvalidDefinition:
            continue
        if name not in seen:
            seen.add(name)
            (into / f"{len(seen):05}.md").write_bytes(data)
    return len(seen)


def _files(corpus: Path) -> Iterator[Path]:
    manifest = corpus / "MANIFEST.csv"
    if not manifest.is_file():
        yield from sorted(corpus.rglob("*.md"))
        return
    with manifest.open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            yield corpus / row["file"]


def named(files: Iterable[Path]) -> dict[str, str]:
    """Agent files of any tool: the name that each gives itself, by what stands before the dot in the file's name."""
    return {path.name.partition(".")[0]: _name_in(path) for path in files}


def missing(names: dict[str, str], found: Collection[str]) -> dict[str, str]:
    """Those that were not found, with the reason: another of the same name, or none that is told."""
    reasons: dict[str, str] = {}
    seen: set[str] = set()
    for stem, name in names.items():
        if name in seen:
            reasons[stem] = "has the name of another"
        elif name not in found:
            reasons[stem] = "not loaded"
        seen.add(name)
    return reasons


def _name_in(path: Path) -> str:
    text = path.read_bytes().decode()
    name = tomllib.loads(text)["name"] if path.suffix == ".toml" else read(text).fields.get("name", "")
    return str(name).strip()
