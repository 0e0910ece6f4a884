"""Data in a page, for search engines: JSON that no text in it can end. Imports nothing of the catalog."""

from __future__ import annotations

import json
from typing import Any

from django.utils.safestring import SafeString, mark_safe

# Nothing that HTML reads as markup, and no line end that only JavaScript knows.
_ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def render_linked_data(data: dict[str, Any]) -> SafeString:
    """A block of JSON-LD. Browsers do not run it: its type is not that of a script."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED)
    text = text.encode("utf-8", "backslashreplace").decode()  # half of a surrogate pair stays a JSON escape
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308 - escaped above
