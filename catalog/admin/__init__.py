"""What staff see. Every write is a verb of `publishing`, `drafting`, `shelving`, `collecting` or `importing`."""

from . import agents, categories, collections, draft_list, events, people, versions

__all__ = ["agents", "categories", "collections", "draft_list", "events", "people", "versions"]
