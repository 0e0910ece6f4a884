"""The file format of agent definitions, in plain Python: read a file, say what is wrong, change one field of it.

    definition = parse(path.read_bytes())          # or InvalidDefinition, with every error
    definition.replace(model="opus").source        # the same file, one line changed

Imports no Django and no other room of the catalog.
"""

from .checks import CHECKS_VERSION
from .definition import Definition, digest_of, parse, read
from .dialogues import Example
from .fields import FIELDS, Field, Kind
from .findings import Finding, InvalidDefinition, InvalidValue, Severity
from .frontmatter import DefinitionHandler, Reading
from .names import DEVICE, fold_name, stem_of, title_of
from .nested import nested_text, read_nested
from .tools import Capability

__all__ = [
    "CHECKS_VERSION",
    "DEVICE",
    "FIELDS",
    "Capability",
    "Definition",
    "DefinitionHandler",
    "Example",
    "Field",
    "Finding",
    "InvalidDefinition",
    "InvalidValue",
    "Kind",
    "Reading",
    "Severity",
    "digest_of",
    "fold_name",
    "nested_text",
    "parse",
    "read",
    "read_nested",
    "stem_of",
    "title_of",
]
