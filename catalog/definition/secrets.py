"""Texts that look like a key or a password. Imports nothing of the catalog but findings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from .findings import Finding, Severity

MOST_NAMED = 5  # findings; what follows is mentioned in one more

# Forms their issuers document; each is rare in prose, so that a hit is worth a look.
_SHAPES = (
    ("an Amazon access key", r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"),
    ("a GitHub token", r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50})"),
    ("a GitLab token", r"(?<![A-Za-z0-9])glpat-[A-Za-z0-9_-]{20}"),
    ("an Anthropic key", r"(?<![A-Za-z0-9])sk-ant-[A-Za-z0-9_-]{24}"),
    ("an API key", r"(?<![A-Za-z0-9])sk-(?:proj-|live-)?[A-Za-z0-9]{32}"),
    ("a Stripe key", r"(?<![A-Za-z0-9])[sr]k_live_[A-Za-z0-9]{20}"),
    ("a Slack token", r"(?<![A-Za-z0-9])xox[abprs]-[A-Za-z0-9-]{20}"),
    ("a Google key", r"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}"),
    ("a signed token (JWT)", r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{10,300}\.eyJ[A-Za-z0-9_-]{10,300}\."),
    ("a private key", r"-----BEGIN (?:[A-Z]{1,12} ){0,2}PRIVATE KEY-----"),
)
_ANY = re.compile("|".join(f"({shape})" for _, shape in _SHAPES))
# One of these stands in each shape: searching for plain texts first is a hundred times faster.
_HINTS = ("AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "sk-", "k_live_", "xox")
_MORE_HINTS = ("AIza", "eyJ", "PRIVATE KEY")


def likely_secrets(source: str) -> Iterator[Finding]:
    """A finding for each text with the form of a key; the text itself is not repeated."""
    if not any(hint in source for hint in (*_HINTS, *_MORE_HINTS)):
        return
    found = list(islice(_ANY.finditer(source), MOST_NAMED + 1))
    for match in found[:MOST_NAMED]:
        line = source.count("\n", 0, match.start()) + 1
        what = _SHAPES[(match.lastindex or 1) - 1][0]
        message = (
            f"Line {line} holds what looks like {what}. Everybody who downloads the agent can read it: "
            "take it out, and have it replaced where it was issued."
        )
        yield Finding("likely-secret", Severity.WARNING, message, line=line)
    if len(found) > MOST_NAMED:
        line = source.count("\n", 0, found[-1].start()) + 1
        yield Finding("likely-secret", Severity.WARNING, f"More such texts follow, from line {line} on.", line=line)
