"""The public pages. A view reads the request, asks one question of the rows, and renders.

Nothing here looks at cookies or sessions: a page is the same for everybody, and tells of published agents alone.
"""

from .agents import agent_detail, version_detail
from .browsing import agent_list, category_detail, category_list, home, tag_detail, tag_list
from .collections import collection_archive, collection_detail, collection_list
from .compare import choose_versions, compare_versions
from .exports import agent_exports, version_exports
from .git import git_home, git_receive_pack, git_refs, git_upload_pack
from .guide import help_index, help_page
from .installer import installer
from .machines import (
    agent_feed,
    ai_catalog_part,
    category_feed,
    collection_ai_catalog,
    feed,
    llms_txt,
    robots,
    security,
    sitemap,
    sitemap_part,
    whole_ai_catalog,
)
from .plugins import marketplace_json, plugin_archive
from .service import healthz, not_found, readyz, server_error
from .sources import agent_source, version_source

__all__ = [
    "agent_detail",
    "agent_exports",
    "agent_feed",
    "agent_list",
    "agent_source",
    "ai_catalog_part",
    "category_detail",
    "category_feed",
    "category_list",
    "choose_versions",
    "collection_ai_catalog",
    "collection_archive",
    "collection_detail",
    "collection_list",
    "compare_versions",
    "feed",
    "git_home",
    "git_receive_pack",
    "git_refs",
    "git_upload_pack",
    "healthz",
    "help_index",
    "help_page",
    "home",
    "installer",
    "llms_txt",
    "marketplace_json",
    "not_found",
    "plugin_archive",
    "readyz",
    "robots",
    "security",
    "server_error",
    "sitemap",
    "sitemap_part",
    "tag_detail",
    "tag_list",
    "version_detail",
    "version_exports",
    "version_source",
    "whole_ai_catalog",
]
