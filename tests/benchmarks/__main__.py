"""`python -m tests.benchmarks [part …]`: parsing, importing, downloads, pages, editing. Each prints its own figures.

Works in a temporary folder and on SQLite unless DATABASE_URL names a database (which it fills and does not empty).
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

PARTS = ("parsing", "importing", "downloads", "pages", "editing")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help=f"of {', '.join(PARTS)}; all by default")
    parser.add_argument("--agents", type=int, nargs="*", default=[100, 10_000, 100_000], help="sizes for pages")
    parser.add_argument("--editors", type=int, default=20, help="who write at once, for editing")
    parser.add_argument("--saves", type=int, default=50, help="of each of them")
    parser.add_argument("--pause", type=float, default=2.0, help="between two of them, in seconds on average")
    parser.add_argument("--rounds", type=int, default=5, help="how often each pair is measured")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="catalog-benchmark-") as folder:
        prepare(Path(folder))
        for part in arguments.parts or PARTS:
            print(f"\n== {part}", flush=True)
            run(part, Path(folder), arguments)
    return 0


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


def run(part: str, folder: Path, arguments: argparse.Namespace) -> None:
    from tests.benchmarks import downloads, editing, importing, pages, parsing

    if part == "parsing":
        parsing.measure(arguments.rounds)
    elif part == "importing":
        importing.measure(folder)
    elif part == "downloads":
        downloads.measure(folder, arguments.rounds)
    elif part == "editing":
        editing.measure(folder, arguments.editors, arguments.saves, arguments.pause)
    else:
        pages.measure(arguments.agents)


if __name__ == "__main__":
    sys.exit(main())
