"""What staff see: lists, drafts, import, history. Every write is a verb of `publishing`, `drafting` or `importing`."""

from . import agents, categories, drafts, events, people, versions

__all__ = ["agents", "categories", "drafts", "events", "people", "versions"]
