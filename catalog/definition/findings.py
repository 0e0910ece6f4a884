"""What a check says: findings, and the one exception of the format. Imports nothing of the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How much a finding matters: an error keeps a text from being published, the others inform."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a check.

    `code` is stable; `field` names the field it concerns, or "prompt", or None for the file; `line` counts
    from 1 in the source; `message` is one plain sentence or two; `fix`, where there is one, holds the
    keyword arguments for `Definition.replace` that mend it.
    """

    code: str
    severity: Severity
    message: str
    field: str | None = None
    line: int | None = None
    fix: Mapping[str, Any] | None = None

    def as_dict(self) -> dict[str, str | int | None]:
        """The finding as JSON, without its fix (which belongs to a definition at hand)."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "field": self.field,
            "line": self.line,
            "message": self.message,
        }


def most_severe_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (_RANK[f.severity], f.line or 0)))


class InvalidDefinition(ValueError):
    """A text that cannot be a definition. `findings` holds all its errors, never just the first."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(" ".join(finding.message for finding in self.findings))


class InvalidValue(ValueError):
    """A value that a field cannot hold; the sentence says why and what to do."""
