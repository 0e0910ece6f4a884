"""The addresses of the public pages."""

from django.urls import path, register_converter

from catalog import views


class Text:
    """What an address holds as it is."""

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class AgentName(Text):
    """An agent's name as it may stand in an address: letters of any script, neither "/" nor "."."""

    regex = r"[^/.\x00-\x1f\x7f]{1,200}"


class Tree(Text):
    """The id of a tree of the git repository."""

    regex = r"[0-9a-f]{40}"


class Number:
    """A version's number: no sign, no leading zero, and never more than the database holds."""

    regex = r"[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(AgentName, "agent_name")
register_converter(Number, "number")
register_converter(Tree, "tree")

app_name = "catalog"
urlpatterns = [
    path("", views.home, name="home"),
    path("agents/", views.agent_list, name="agent_list"),
    path("agents/<agent_name:name>.md", views.agent_source, name="agent_source"),
    path("agents/<agent_name:name>/", views.agent_detail, name="agent_detail"),
    path("agents/<agent_name:name>/<number:number>.md", views.version_source, name="version_source"),
    path("agents/<agent_name:name>/<number:number>/", views.version_detail, name="version_detail"),
    path("agents/<agent_name:name>/exports/", views.agent_exports, name="agent_exports"),
    path("agents/<agent_name:name>/<number:number>/exports/", views.version_exports, name="version_exports"),
    path("agents/<agent_name:name>/compare/", views.choose_versions, name="choose_versions"),
    path("agents/<agent_name:name>/compare/<number:a>/<number:b>/", views.compare_versions, name="compare_versions"),
    path("categories/", views.category_list, name="category_list"),
    path("categories/<agent_name:name>/", views.category_detail, name="category_detail"),
    path("tags/", views.tag_list, name="tag_list"),
    path("tags/<agent_name:name>/", views.tag_detail, name="tag_detail"),
    path("collections/", views.collection_list, name="collection_list"),
    path("collections/<agent_name:name>.zip", views.collection_archive, name="collection_archive"),
    path("collections/<agent_name:name>/ai-catalog.json", views.collection_ai_catalog, name="collection_ai_catalog"),
    path("collections/<agent_name:name>/", views.collection_detail, name="collection_detail"),
    path("help/", views.help_index, name="help"),
    path("help/<slug:page>/", views.help_page, name="help_page"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("feed/", views.feed, name="feed"),
    path("feed/categories/<agent_name:name>/", views.category_feed, name="category_feed"),
    path("agents/<agent_name:name>/feed/", views.agent_feed, name="agent_feed"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("sitemap-<number:number>.xml", views.sitemap_part, name="sitemap_part"),
    path("robots.txt", views.robots, name="robots"),
    path("llms.txt", views.llms_txt, name="llms"),
    path("install.py", views.installer, name="installer"),
    path("marketplace.json", views.marketplace_json, name="marketplace"),
    path("plugins/<agent_name:name>/<tree:tree>.zip", views.plugin_archive, name="plugin_archive"),
    path("catalog.git/info/refs", views.git_refs, name="git_refs"),
    path("catalog.git/git-upload-pack", views.git_upload_pack, name="git_upload_pack"),
    path("catalog.git/git-receive-pack", views.git_receive_pack, name="git_receive_pack"),
    path("catalog.git/", views.git_home, name="git_home"),
    path("catalog.git/<path:path>", views.git_home, name="git_file"),
    path(".well-known/ai-catalog.json", views.whole_ai_catalog, name="ai_catalog"),
    path("ai-catalog-<number:number>.json", views.ai_catalog_part, name="ai_catalog_part"),
    path(".well-known/security.txt", views.security, name="security"),
]
