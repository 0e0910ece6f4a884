"""The HTTP API: what it answers, in which shapes, and how it says no. A surface: nobody imports it but the URLs."""

from __future__ import annotations

import functools
from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from catalog.api import (
    apm,
    bundles,
    checking,
    docs,
    drafts,
    errors,
    exports,
    following,
    openapi,
    reads,
    transport,
    writes,
)
from catalog.api.routes import router

OPERATIONS = (reads, exports, bundles, following, checking, writes, drafts)  # each fills the table of routes


class CatalogAPI(NinjaAPI):
    @property
    def urls(self) -> tuple[list[URLResolver | URLPattern], str, str]:
        patterns, app_name, namespace = super().urls
        short = {"download_version": require_safe(reads.download)}
        return transport.mannered(self, patterns, short), app_name, namespace

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        return self._document(settings.CATALOG_BASE_URL)

    @functools.cache  # noqa: B019  # there is one API, and it costs more to describe than to ask
    def _document(self, base_url: str) -> OpenAPISchema:
        return openapi.completed(super().get_openapi_schema(), base_url)


api = CatalogAPI(
    title="Agent Catalog",
    version="1",
    description=openapi.INTRODUCTION,
    urls_namespace="api",
    docs=docs.Page(),
    docs_decorator=require_safe,
)
api.add_router("", router)
errors.add_handlers(api)
apm_urls = apm.addresses(api), "apm"
