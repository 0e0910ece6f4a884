"""Real agent files written by other people, if they are beside the checkout or in CATALOG_CORPUS."""

import csv
import functools
import os
from dataclasses import dataclass
from pathlib import Path

_SHARED = Path(__file__).resolve().parents[2] / "shared"

CORPUS = Path(os.environ.get("CATALOG_CORPUS") or _SHARED / "corpus")
SEED = CORPUS.parent / "seed" / "python-backend-engineer.md"
MISSING = f"no corpus of real files at {CORPUS} (CATALOG_CORPUS names its folder)"


@dataclass(frozen=True)
class CorpusFile:
    path: Path
    kind: str  # agent, partial, broken, nofm or foreign: see the corpus's README

    def __str__(self) -> str:
        return self.path.relative_to(CORPUS).as_posix()

    @property
    def data(self) -> bytes:
        return self.path.read_bytes()


def is_present() -> bool:
    return (CORPUS / "MANIFEST.csv").is_file() and SEED.is_file()


@functools.cache
def corpus_files(kind: str | None = None) -> list[CorpusFile]:
    """Every file of the corpus, or those of one kind; none where there is no corpus."""
    if not is_present():
        return []
    with (CORPUS / "MANIFEST.csv").open(encoding="utf-8", newline="") as manifest:
        rows = list(csv.DictReader(manifest))
    return [CorpusFile(CORPUS / row["file"], row["kind"]) for row in rows if kind in (None, row["kind"])]
