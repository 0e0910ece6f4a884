"""The files that are measured: the corpus where it is at hand, else as many made from the starters."""

from pathlib import Path

from tests.corpus import corpus_files

STARTERS = Path(__file__).resolve().parents[2] / "catalog" / "starters"
MADE = 1_400


def agent_files() -> tuple[str, list[bytes]]:
    """What the files are, and their bytes."""
    if files := corpus_files("agent"):
        return "the corpus", [file.data for file in files]
    return "files made from the starters", made(MADE)


def made(count: int) -> list[bytes]:
    """Files of different names with the texts of the starters."""
    starters = [path.read_bytes() for path in sorted(STARTERS.rglob("*.md"))]
    files = []
    for number in range(count):
        data = starters[number % len(starters)]
        head, name, rest = data.partition(b"name: ")
        line, newline, rest = rest.partition(b"\n")
        files.append(head + name + line.rstrip() + b"-%d" % number + newline + rest)
    return files
