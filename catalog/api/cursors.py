"""Opaque cursors: where a list was left, as text a caller hands back unread. Imports nothing of the catalog.

A cursor holds the sort key of the last row (so that every page is a search in an index, however far in)
and a fingerprint of the question, because a place in one list means nothing in another.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

MAX_LENGTH = 1_000
_SURROGATE = re.compile("[\ud800-\udfff]")


class InvalidCursor(ValueError):
    """The text is no cursor of this list."""


def encode(question: object, *key: str | int) -> str:
    payload = json.dumps([_fingerprint(question), *key], separators=(",", ":"))
    return base64.urlsafe_b64encode(payload.encode()).decode().rstrip("=")


def decode(question: object, cursor: str, *kinds: type) -> list[Any]:
    """The key that `encode` was given, as values of these `kinds`. Raises `InvalidCursor` on anything else."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        payload = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise InvalidCursor from error
    if not isinstance(payload, list) or payload[:1] != [_fingerprint(question)]:
        raise InvalidCursor
    key = payload[1:]
    if len(key) != len(kinds) or not all(map(_is_sound, key, kinds)):
        raise InvalidCursor
    return key


def _fingerprint(question: object) -> str:
    return hashlib.blake2b(repr(question).encode("utf-8", "replace"), digest_size=6).hexdigest()


def _is_sound(value: object, kind: type) -> bool:
    """Whether a value, forged perhaps, is one the database takes: the key goes into a query as it stands."""
    if type(value) is not kind:
        return False
    if isinstance(value, int):
        return 0 <= value < 2**63
    return isinstance(value, str) and "\0" not in value and not _SURROGATE.search(value)
