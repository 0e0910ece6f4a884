"""Parsing the files, against python-frontmatter alone on the same bytes."""

import contextlib
import time

import frontmatter

from catalog.definition import InvalidDefinition, parse
from tests.benchmarks.files import agent_files
from tests.benchmarks.spread import alternating, ratios, shown


def measure(rounds: int) -> None:
    what, files = agent_files()

    def ours() -> float:
        began = time.perf_counter()
        for data in files:
            with contextlib.suppress(InvalidDefinition):
                parse(data)
        return (time.perf_counter() - began) * 1000

    def findings_too() -> float:
        began = time.perf_counter()
        for data in files:
            with contextlib.suppress(InvalidDefinition):
                definition = parse(data)
                _ = definition.findings, definition.examples, definition.digest
        return (time.perf_counter() - began) * 1000

    def theirs() -> float:
        began = time.perf_counter()
        for data in files:
            # It has no answer for bytes that are not UTF-8 or a block that is not strict YAML.
            with contextlib.suppress(Exception):
                frontmatter.loads(data.decode())
        return (time.perf_counter() - began) * 1000

    theirs(), ours()
    alone, parsed, everything = alternating(max(rounds, 3), theirs, ours, findings_too)
    print(f"{len(files):,} files: {what}")
    print(f"python-frontmatter alone             {shown(alone, ' ms')}")
    print(f"parse                                {shown(parsed, ' ms')}")
    print(f"parse, findings, examples, digest    {shown(everything, ' ms')}")
    print(f"parse : python-frontmatter           {shown(ratios(parsed, alone), digits=2)}   (bar: at most 3)")
