"""The rows: agents, their versions and examples, drafts, and how people browse them.

Reads are QuerySet methods in the words of the trade. Rows are written by the verbs of
`publishing` and `drafting` only. Imports nothing of the catalog but `definition`.
"""

from .agents import Agent, AgentQuerySet, Category, CategoryQuerySet, FormerName, Tag
from .collections import Collection, CollectionQuerySet, Member
from .drafts import Draft, DraftQuerySet, Presence
from .lengths import NAME_MAX_LENGTH, TITLE_MAX_LENGTH, VALUE_MAX_LENGTH
from .records import Change, Download, Event, signed_by
from .tokens import ApiToken, ApiTokenQuerySet, Repeat, Scope
from .versions import Example, Version, VersionQuerySet

__all__ = [
    "NAME_MAX_LENGTH",
    "TITLE_MAX_LENGTH",
    "VALUE_MAX_LENGTH",
    "Agent",
    "AgentQuerySet",
    "ApiToken",
    "ApiTokenQuerySet",
    "Category",
    "CategoryQuerySet",
    "Change",
    "Collection",
    "CollectionQuerySet",
    "Download",
    "Draft",
    "DraftQuerySet",
    "Event",
    "Example",
    "FormerName",
    "Member",
    "Presence",
    "Repeat",
    "Scope",
    "Tag",
    "Version",
    "VersionQuerySet",
    "signed_by",
]
