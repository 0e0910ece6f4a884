"""What an import did or would do, as plain data that a page shows and a file keeps. Imports `importing`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from catalog.importing import Entry, Outcome

from .mending import READINGS, Cure, Mender

ROWS_SHOWN = 200  # of each outcome, and as many again where there is something to mend

# What stands in the way comes first. A heading for what will happen, and for what did.
_GROUPS = (
    (Outcome.REFUSED, "Refused", "Refused"),
    (Outcome.CONFLICT, "In conflict", "In conflict, not imported"),
    (Outcome.PUBLISHED, "Will be published", "Published"),
    (Outcome.DRAFT, "Will become drafts", "Now drafts"),
    (Outcome.UNCHANGED, "Already here", "Already here"),
    (Outcome.IGNORED, "No agents", "No agents"),
)
_HERE = (Outcome.PUBLISHED, Outcome.DRAFT, Outcome.UNCHANGED)


def told_of(entries: Iterable[Entry], mender: Mender, *, is_foreseen: bool) -> dict[str, Any]:
    """The report: counts of each outcome, the first files of each, and the names of those that can be mended."""
    counts: Counter[Outcome] = Counter()
    rows: dict[Outcome, list[dict[str, Any]]] = {outcome: [] for outcome in Outcome}
    mendable: dict[str, bool] = {}
    mends = 0  # of the files that are taken
    for entry in entries:
        counts[entry.outcome] += 1
        cure = mender.cures.get(entry.digest or "")
        if cure and cure.label and entry.name and entry.outcome in _HERE:
            mendable[entry.name] = True
            mends += entry.outcome != Outcome.UNCHANGED
        if counts[entry.outcome] <= ROWS_SHOWN or (cure and len(rows[entry.outcome]) < 2 * ROWS_SHOWN):
            was_mended = (entry.digest or "") in mender.mended
            rows[entry.outcome].append({**asdict(entry), **_reading(cure), "was_mended": was_mended})
    groups = [
        {
            "outcome": outcome.value,
            "title": will if is_foreseen else did,
            "count": counts[outcome],
            "rows": sorted(rows[outcome], key=lambda row: "reading" not in row),
            "more": counts[outcome] - len(rows[outcome]),
        }
        for outcome, will, did in _GROUPS
        if counts[outcome]
    ]
    takes = counts[Outcome.PUBLISHED] + counts[Outcome.DRAFT]
    return {
        "groups": groups,
        "total": counts.total(),
        "takes": takes,
        "why_nothing": _why_nothing(counts),
        "mends": mends,
        "mendable": list(mendable),
        "mended": {},
        "mended_meanwhile": len(mender.mended),
    }


def _reading(cure: Cure | None) -> dict[str, str]:
    """What is said in the row of a file that not every program reads."""
    if cure is None:
        return {}
    return {"reading": READINGS[cure.reading], "reading_message": cure.message, "fix": cure.label}


def row_at(told: dict[str, Any], where: str) -> dict[str, Any] | None:
    """The row that a button stood in, "published-3" say, where there is something to mend."""
    outcome, _, number = where.partition("-")
    rows: list[dict[str, Any]] = next((group["rows"] for group in told["groups"] if group["outcome"] == outcome), [])
    at = int(number) - 1 if number.isdecimal() and len(number) < 6 else -1
    return rows[at] if 0 <= at < len(rows) and rows[at].get("fix") and rows[at]["name"] in told["mendable"] else None


def _why_nothing(counts: Counter[Outcome]) -> str:
    """What became of files none of which is taken: "1 file is refused, 2 files are here already"."""
    words = (
        (Outcome.REFUSED, "refused", "refused"),
        (Outcome.CONFLICT, "in conflict", "in conflict"),
        (Outcome.UNCHANGED, "here already", "here already"),
        (Outcome.IGNORED, "no agent", "no agents"),
    )
    said = ((counts[outcome], one, many) for outcome, one, many in words if counts[outcome])
    return ", ".join(f"1 file is {one}" if count == 1 else f"{count} files are {many}" for count, one, many in said)
