"""`python -m tests.benchmarks [part …]`: parsing, importing, downloads, pages, api, editing, cloning; prints figures.

Works in a temporary folder and on SQLite unless DATABASE_URL names a database (which it fills and does not empty).
`catalogs --agents 1000 --into FOLDER` makes a catalog of that size to keep: `CATALOG_DATA_DIR=FOLDER/1000` serves it.
For catalogs, pages and api each size is a folder in that place, or a database of its own beside the one that is named.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

PARTS = ("parsing", "importing", "downloads", "pages", "api", "editing", "cloning")
ASKED_FOR = "catalogs"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, ASKED_FOR, []], help=f"{ASKED_FOR}, or of {PARTS}")
    parser.add_argument("--agents", type=int, nargs="*", default=[1_000, 10_000, 100_000], help="sizes of catalogs")
    parser.add_argument("--into", type=Path, help="folder in which catalogs are kept, and used again")
    parser.add_argument("--editors", type=int, default=20, help="who write at once, for editing")
    parser.add_argument("--saves", type=int, default=50, help="of each of them")
    parser.add_argument("--pause", type=float, default=2.0, help="between two of them, in seconds on average")
    parser.add_argument("--rounds", type=int, default=5, help="how often each pair is measured; pages and api 3 times")
    arguments = parser.parse_args()
    if ASKED_FOR in arguments.parts and not arguments.into:
        parser.error("catalogs are made --into a folder")
    is_kept = True
    with tempfile.TemporaryDirectory(prefix="catalog-benchmark-") as folder:
        prepare(Path(folder))
        for part in arguments.parts or PARTS:
            print(f"\n== {part}", flush=True)
            is_kept &= run(part, Path(folder), arguments)
    return 0 if is_kept else 1


def prepare(folder: Path) -> None:
    """Settings for a catalog of its own, before Django is loaded."""
    os.environ |= {
        "CATALOG_DATA_DIR": str(folder),
        "SECRET_KEY": "only for measuring" * 4,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOG_LEVEL": "ERROR",
    }
    import django

    django.setup()


def run(part: str, folder: Path, arguments: argparse.Namespace) -> bool:
    """False where the part has bars and one is not kept."""
    from tests.benchmarks import api, cloning, downloads, editing, importing, pages, parsing
    from tests.benchmarks.worker import Worker

    if part == "parsing":
        parsing.measure(arguments.rounds)
    elif part == "importing":
        importing.measure(folder)
    elif part == "downloads":
        return downloads.measure(folder, arguments.rounds)
    elif part == "editing":
        editing.measure(folder, arguments.editors, arguments.saves, arguments.pause)
    elif part == "cloning":
        return cloning.measure(folder, arguments.agents[0], arguments.rounds)
    elif part == "pages":
        return pages.measure(arguments.agents, arguments.into or folder, 3 * arguments.rounds)
    elif part == "api":
        return api.measure(arguments.agents, arguments.into or folder, 3 * arguments.rounds)
    else:
        for size in arguments.agents:
            worker = Worker(size, arguments.into)
            worker.ready()
            print(f"{size:,} agents are in {worker.place}", flush=True)
            worker.close()
    return True


if __name__ == "__main__":
    sys.exit(main())
