"""What staff see.

Every write is a verb of `publishing`, `drafting`, `shelving`, `collecting`, `tokens` or `importing`.
"""

from . import agents, api_tokens, categories, collections, draft_list, events, people, versions

__all__ = ["agents", "api_tokens", "categories", "collections", "draft_list", "events", "people", "versions"]
