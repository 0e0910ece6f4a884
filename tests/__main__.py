"""`python -m tests`: every test, on SQLite, on PostgreSQL and in the browser.

Name the parts to run only those; whatever follows goes to pytest: `python -m tests sqlite -k digest`.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from tests import browser, postgres

ROOT = Path(__file__).resolve().parents[1]
# What configures a catalog on this machine has no place in its tests.
CONFIGURATION = (
    "DATABASE_URL",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "DEBUG",
    "LOG_LEVEL",
    "REDIS_URL",
    "DJANGO_SETTINGS_MODULE",
)
NO_TESTS = 5  # pytest's exit status where a selection leaves none
NOTHING = "none of the selected tests"


@dataclass(frozen=True)
class Result:
    part: str
    verdict: str
    failed: bool = False


def main(arguments: list[str]) -> int:
    strict = "--strict" in arguments
    arguments = [argument for argument in arguments if argument != "--strict"]
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__, "\nParts:", ", ".join(PARTS), "\n--strict: a skipped browser or corpus test is a failure")
        return 0
    if strict:
        os.environ["CI"] = "true"
    strict = os.environ.get("CI", "").lower() in ("1", "true")
    wanted = []
    while arguments and arguments[0] in PARTS:
        wanted.append(arguments.pop(0))
    results = [PARTS[part](arguments, strict) for part in wanted or PARTS]
    _heading("Summary")
    for result in results:
        print(f"  {result.part:<12} {result.verdict}")
    return int(any(result.failed for result in results) or all(result.verdict == NOTHING for result in results))


def on_sqlite(selection: list[str], strict: bool) -> Result:
    # A selection of tests covers what it covers: only the whole suite is held to the bar.
    coverage = [] if selection else ["--cov=catalog", "--cov-report=term:skip-covered", "--cov-fail-under=90"]
    return _pytest("SQLite", [*_in_parallel(), *coverage, "-m", "not browser"], selection)


def on_postgresql(selection: list[str], strict: bool) -> Result:
    configured = os.environ.get("DATABASE_URL")
    with nullcontext(configured) if configured else postgres.running() as url:
        return _pytest("PostgreSQL", [*_in_parallel(), "-m", "not browser and not plain"], selection, DATABASE_URL=url)


def in_browser(selection: list[str], strict: bool) -> Result:
    if browser.find_chromium() is None:
        _heading("Browser")
        print(f"!!! The browser tests were SKIPPED: {browser.MISSING}")
        return Result("Browser", f"{'FAILED: ' if strict else ''}skipped, {browser.MISSING}", failed=strict)
    return _pytest("Browser", ["-p", "no:xdist", "-m", "browser"], selection)


PARTS: Mapping[str, Callable[[list[str], bool], Result]] = {
    "sqlite": on_sqlite,
    "postgres": on_postgresql,
    "browser": in_browser,
}


def _in_parallel() -> list[str]:
    # A file's tests stay together: they share what is slow to prepare. The files stay in the order of `conftest`.
    return ["-n", str(min(os.cpu_count() or 1, 4)), "--dist", "loadfile", "--no-loadscope-reorder"]


def _pytest(part: str, options: list[str], selection: list[str], **configuration: str) -> Result:
    _heading(part)
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in CONFIGURATION and (not name.startswith("CATALOG_") or name == "CATALOG_CORPUS")
    }
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", *options, *selection]
    status = subprocess.run(command, cwd=ROOT, env=environment | configuration, check=False).returncode
    if selection and status == NO_TESTS:
        return Result(part, NOTHING)
    verdict = "FAILED" if status else "passed"
    return Result(part, f"{verdict} in {time.monotonic() - began:.0f} s", failed=bool(status))


def _heading(text: str) -> None:
    print(f"\n== {text} {'=' * (90 - len(text))}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
