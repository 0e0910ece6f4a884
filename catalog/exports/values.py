"""Small settings of a definition, each with a value that every tool can trust. Imports `definition`."""

from __future__ import annotations

from catalog.definition.fields import COLORS

from .report import Report


def max_turns(report: Report) -> int | None:
    """The most steps an agent may take; None, and a line that says so, where it is not a number of steps."""
    value = report.definition.fields.get("maxTurns")
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    if value is not None:
        report.dropped("maxTurns", "It is not a whole number from 1, so no coding tool heeds it.")
    return None


def color(report: Report) -> str | None:
    """One of Claude Code's eight colors; None for any other."""
    value = report.definition.color
    return value if value in COLORS else None


def effort(report: Report) -> str | None:
    """A level by name: `low` to `max`. None for a number, which only Claude Code takes, and for anything else."""
    value = report.definition.fields.get("effort")
    return value if value in ("low", "medium", "high", "xhigh", "max") else None
