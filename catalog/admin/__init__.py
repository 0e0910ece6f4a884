"""What staff see. Every write is a verb of `publishing`, `drafting`, `shelving` or `importing`."""

from . import agents, categories, draft_list, events, people, versions

__all__ = ["agents", "categories", "draft_list", "events", "people", "versions"]
