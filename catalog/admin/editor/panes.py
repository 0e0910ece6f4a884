"""The pane beside the form: the page, the file, the changes, the checks and the exports of the text.

Imports `rendering`, `exports` and `distribution`. All of it comes from the text as it stands, by the code and the
templates that the public pages use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from catalog import projection
from catalog.admin.advice import Advice, advice_on
from catalog.comparing import compare, field_changes, shortened, split_lines, steps
from catalog.definition import FIELDS, read
from catalog.distribution.losses import ORDER, Told, told_of
from catalog.exports import Export, export
from catalog.rendering import render_lines, render_prompt

from .desk import FORM, Desk
from .naming import name_note, name_of

PAGE, FILE, CHANGES, CHECKS, EXPORTS = "page", "file", "changes", "checks", "exports"
_GENERAL = "file"  # where findings stand that concern no field of the form
_MOST_LINES = 5_000  # of the File pane; the Source view has any number
_MOST_EXPORTED = 16_000  # characters of each file of the Exports pane, which has many


@dataclass(frozen=True)
class FileLine:
    """A line of the File pane: whether it differs from what is published, and how many are gone before it."""

    number: int
    text: SafeString
    is_new: bool
    gone: int


def render_pane(name: str, desk: Desk, *, may_write: bool) -> SafeString:
    """The inner HTML of the pane `name`; of the first one where there is no such pane."""
    name = name if name in PANES else PAGE
    context = _CONTEXTS[name](desk)
    return render_to_string(f"admin/editor/_{name}.html", {"desk": desk, "may_write": may_write, **context})


def _page(desk: Desk) -> dict[str, Any]:
    definition = desk.definition
    version = SimpleNamespace(digest=definition.digest, size=definition.size, **projection.columns_of(definition))
    return {
        "agent": desk.agent,
        "definition": definition,
        "version": version,
        "examples": definition.examples,
        "prompt": render_prompt(definition.prompt, keep=False) if definition.prompt.strip() else "",
    }


def _file(desk: Desk) -> dict[str, Any]:
    latest = desk.agent.latest_version
    lines = [line.text for line in split_lines(desk.source)]
    if not lines[-1]:
        lines.pop()
    marked = _marked(latest.source if latest else None, lines)
    return {"lines": marked, "more": len(lines) - len(marked), "latest": latest}


def _marked(old: str | None, lines: list[str]) -> list[FileLine]:
    """The first lines of a text, each with what became of it."""
    fresh, gone = [False] * (len(lines) + 1), [0] * (len(lines) + 1)
    if old is not None:
        before = [line.text for line in split_lines(old)]
        for kind, start, stop, at, until in steps(before if before[-1] else before[:-1], lines):
            if kind != "equal":
                fresh[at:until] = [True] * (until - at)
                gone[at] += stop - start
    shown = zip(render_lines(lines[:_MOST_LINES]), fresh, gone, strict=False)
    return [FileLine(number, text, is_new, lost) for number, (text, is_new, lost) in enumerate(shown, 1)]


def _changes(desk: Desk) -> dict[str, Any]:
    latest = desk.agent.latest_version
    if latest is None:
        return {"latest": None}
    found = field_changes(read(latest.source), desk.definition, title=(desk.agent.title, desk.title))
    return {"latest": latest, "changes": found, "groups": shortened(compare(latest.source, desk.source))}


@dataclass(frozen=True)
class Placed(Advice):
    """A finding with the field of the form it leads to; "" where it leads to a line of the source."""

    field: str = ""
    label: str = ""


def _checks(desk: Desk) -> dict[str, Any]:
    return {"advice": [_placed(item, desk) for item in advice(desk)]}


def _placed(item: Advice, desk: Desk) -> Placed:
    name = _CONTROLS.get(item.finding.field or "", item.finding.field or "")
    label = _LABELS.get(name) if desk.view == FORM else None
    return Placed(item.finding, item.key, item.fix_label, name if label else "", label or "")


_CONTROLS = {"description": "lead"}  # where the form calls a field otherwise
_LABELS = {name: field.label for name, field in FIELDS.items()} | {"lead": "Lead", "prompt": "Prompt"}


@dataclass(frozen=True)
class Exported:
    """What becomes of the text in one tool, and the beginning of its file there."""

    report: Told
    file: str
    is_whole: bool


def _exports(desk: Desk) -> dict[str, Any]:
    """Of the text as it stands; nothing of it is kept in memory, for the next key makes it another one."""
    return {"exports": [_exported(export(desk.definition, key)) for key in ORDER]}


def _exported(made: Export) -> Exported:
    file = (made.content or b"").decode(errors="surrogatepass")
    return Exported(told_of(made), file[:_MOST_EXPORTED], len(file) <= _MOST_EXPORTED)


_CONTEXTS: dict[str, Callable[[Desk], dict[str, Any]]] = {
    PAGE: _page,
    FILE: _file,
    CHANGES: _changes,
    CHECKS: _checks,
    EXPORTS: _exports,
}
PANES = tuple(_CONTEXTS)


# --- What stands beside the fields ------------------------------------------------------------------


def advice(desk: Desk) -> list[Advice]:
    """What is to be said of the text, most severe first."""
    is_taken = desk.is_new and name_note(desk).holder is not None
    return advice_on(desk.definition, name_of(desk), is_taken=is_taken)


@dataclass(frozen=True)
class Beside:
    """The small texts around the form: findings by field, the note beside the name, the count of checks."""

    findings: dict[str, SafeString]  # by field of the form
    name_html: SafeString
    problem_count: int
    count: int


def beside(desk: Desk, fields: tuple[str, ...], *, may_write: bool) -> Beside:
    said: dict[str, list[Advice]] = {name: [] for name in fields}
    everything = advice(desk)
    for item in everything:
        said.setdefault(_field_of(item, fields), []).append(item)
    findings = {
        name: render_to_string(
            "admin/editor/_findings.html",
            {"advice": items, "problem": desk.problems.get(name), "may_write": may_write, "desk": desk},
        )
        for name, items in said.items()
    }
    note = name_note(desk)
    return Beside(
        findings,
        render_to_string("admin/editor/_name_note.html", {"note": note, "desk": desk}),
        sum(item.finding.severity == "error" for item in everything) + len(desk.problems),
        len(everything) + len(desk.problems),
    )


def _field_of(item: Advice, fields: tuple[str, ...]) -> str:
    name = _CONTROLS.get(item.finding.field or "", item.finding.field or _GENERAL)
    return name if name in fields else _GENERAL
