"""The addresses of the editor, below `/admin/`. Imports nothing of other rooms."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from . import discarding, presence_views, session, views


def addresses(site: AdminSite) -> list[URLPattern]:
    """Pages lead to the log-in where nobody is logged in; what scripts ask is answered with 401."""
    pages = {
        "draft": views.edit_draft,
        "draft_open": views.open_draft,
        "draft_discard": discarding.discard_draft,
    }
    asked = {"draft_live": views.live, "here": presence_views.ping, "gone": presence_views.leave}
    below = "catalog/agent/<int:pk>"
    return [
        *(
            path(f"{below}/{_path(name)}/", site.admin_view(view), name=f"catalog_agent_{name}")
            for name, view in pages.items()
        ),
        *(
            path(f"{below}/{_path(name)}/", session.for_scripts(view), name=f"catalog_agent_{name}")
            for name, view in asked.items()
        ),
        path("again/", session.log_in_again, name="log_in_again"),
    ]


def _path(name: str) -> str:
    return name.replace("_", "/")
