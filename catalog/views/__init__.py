"""The public pages. A view reads the request, asks one question of the rows, and renders.

Nothing here looks at cookies or sessions: a page is the same for everybody, and tells of published agents alone.
"""

from .agents import agent_detail, agent_source, version_detail, version_source
from .browsing import agent_list, home
from .guide import help_index, help_page
from .service import healthz, not_found, readyz, robots, server_error

__all__ = [
    "agent_detail",
    "agent_list",
    "agent_source",
    "healthz",
    "help_index",
    "help_page",
    "home",
    "not_found",
    "readyz",
    "robots",
    "server_error",
    "version_detail",
    "version_source",
]
