"""What changed from one text to another. Imports only `definition`; all work is bounded.

field_changes(old, new)          # field by field and in words, for people who never see the file
compare(old.source, new.source)  # line by line
"""

from .fields import FieldChange, Passage, field_changes, in_words
from .lines import MANY_LINES, Line, split_lines, steps
from .marks import Piece
from .rows import Excerpt, Row, compare, shortened
from .words import with_words

__all__ = [
    "MANY_LINES",
    "Excerpt",
    "FieldChange",
    "Line",
    "Passage",
    "Piece",
    "Row",
    "compare",
    "field_changes",
    "in_words",
    "shortened",
    "split_lines",
    "steps",
    "with_words",
]
