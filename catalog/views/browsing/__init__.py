"""How people find an agent: the home page, the lists with their selection in the address, categories and tags."""

from .home import home
from .listing import agent_list, category_detail, tag_detail
from .selection import EVERYTHING, QUERY_MAX_LENGTH, Selection
from .shelves import category_list, tag_list

__all__ = [
    "EVERYTHING",
    "QUERY_MAX_LENGTH",
    "Selection",
    "agent_list",
    "category_detail",
    "category_list",
    "home",
    "tag_detail",
    "tag_list",
]
