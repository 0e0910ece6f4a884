"""What came out: steps that passed or failed and agents that loaded or did not, as Markdown tables."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

EXAMPLES_SHOWN = 3  # names beside each reason
_NUMBER = re.compile(r"[\d,]*\d")


class Failed(Exception):
    """Why a step did not do what it should, in one line."""


# Of a step: what a client answers that is not understood is its failure too.
FAILURES = (Failed, subprocess.TimeoutExpired, OSError, LookupError, ValueError)


@dataclass(frozen=True)
class Row:
    client: str
    version: str
    step: str
    result: str
    passed: bool


@dataclass(frozen=True)
class Loading:
    """How many agents a client takes in one way of giving them. `missing` says why, for each that it does not."""

    client: str
    version: str
    way: str
    offered: int
    missing: Mapping[str, str]

    @property
    def loaded(self) -> int:
        return self.offered - len(self.missing)

    @property
    def reasons(self) -> str:
        """The reasons for people: those that differ in numbers alone are one, and each has some names."""
        alike: dict[str, list[str]] = {}
        for name in sorted(self.missing):
            alike.setdefault(_NUMBER.sub("0", self.missing[name]), []).append(name)
        most_first = sorted(alike.values(), key=len, reverse=True)
        return "<br>".join(f"{len(names)}: {self.missing[names[0]]} ({_examples(names)})" for names in most_first)


@dataclass
class Report:
    """Everything that was tried, in the order of trying."""

    rows: list[Row] = field(default_factory=list)
    loadings: list[Loading] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return any(not row.passed for row in self.rows)

    def steps_of(self, client: str, version: str) -> Steps:
        return Steps(self, client, version)

    @contextmanager
    def goes_on(self, client: str) -> Iterator[None]:
        """What cannot be tried at all is a failure too, and no reason to leave out the next client."""
        steps = self.steps_of(client, "")
        try:
            yield
        except FAILURES as error:
            steps.add("the rest", f"**not tried**: {_line(str(error))}", passed=False)

    def markdown(self) -> str:
        clients = list(dict.fromkeys(row.client for row in self.rows))
        rows = sorted(self.rows, key=lambda row: clients.index(row.client))
        parts = [_table(("Client", "Version", "Step", "Result"), [_cells(row) for row in rows])]
        if self.loadings:
            heads = ("Client", "Version", "Given as", "Offered", "Loaded", "Not loaded, and why")
            parts.append(_table(heads, [_loading_cells(loading) for loading in self.loadings]))
        return "\n\n".join(parts) + "\n"


class Steps:
    """The steps of one client. A step that fails is a line of the table like any other, and the next one is tried."""

    def __init__(self, report: Report, client: str, version: str) -> None:
        self._report, self.client, self.version = report, client, version

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """`with steps.step("install") as tell: …; tell("1.0.0")`: what is told last is the result."""
        told = ["passed"]
        try:
            yield told.append
        except FAILURES as error:
            self.add(name, f"**failed**: {_line(str(error) or type(error).__name__)}", passed=False)
        else:
            self.add(name, told[-1], passed=True)

    def loading(self, way: str, offered: int, missing: Mapping[str, str]) -> None:
        """How many of the agents offered in this way were loaded: all but those missing, with their reasons."""
        loading = Loading(self.client, self.version, way, offered, missing)
        self._report.loadings.append(loading)
        print(f"  {self.client}, {way}: {loading.loaded} of {offered}", file=sys.stderr, flush=True)

    def add(self, name: str, result: str, *, passed: bool) -> None:
        self._report.rows.append(Row(self.client, self.version, name, result, passed))
        print(f"  {'✓' if passed else '✗'} {self.client}, {name}: {result}", file=sys.stderr, flush=True)


def _cells(row: Row) -> tuple[str, ...]:
    return row.client, row.version, row.step, row.result


def _loading_cells(loading: Loading) -> tuple[str, ...]:
    counted = f"{loading.offered:,}", f"{loading.loaded:,}"
    return loading.client, loading.version, loading.way, *counted, loading.reasons or "none"


def _examples(names: Sequence[str]) -> str:
    return ", ".join([*(f"`{name}`" for name in names[:EXAMPLES_SHOWN]), *(["…"] if names[EXAMPLES_SHOWN:] else [])])


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _line(text: str) -> str:
    return " ".join(text.split())[:500]
