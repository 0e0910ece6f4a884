"""The search of the catalog: one question, two engines. Imports `models`.

`publishing` and `shelving` keep the index within their own transactions: whatever changes an agent's names, its
category, its tags or what it offers calls `index`. Only the latest version of an agent is in the index, so never a
draft.
"""

from catalog.search.asking import MOST, find, matching
from catalog.search.found import KINDS, Filters, Found
from catalog.search.keeping import catch_up, clear, index, outdated, rebuild, remove
from catalog.search.passages import Pieces, excerpts
from catalog.search.related import similar

__all__ = [
    "KINDS",
    "MOST",
    "Filters",
    "Found",
    "Pieces",
    "catch_up",
    "clear",
    "excerpts",
    "find",
    "index",
    "matching",
    "outdated",
    "rebuild",
    "remove",
    "similar",
]
