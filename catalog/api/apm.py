"""The two addresses that the `apm` client reads: its registry HTTP API, version 1.

Imports `transport`, `errors`, `reads`, `distribution`, `downloads` and the definition's digest. That client follows no
redirect and takes no name but an ASCII one; it shows the title and the detail of a problem.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from catalog.api.errors import ApiProblem, Kind
from catalog.api.reads import missing
from catalog.api.transport import json_response, with_manners
from catalog.definition import digest_of
from catalog.distribution import apm
from catalog.distribution.apm import Outdated, Refused
from catalog.downloads import PINNED_CACHE, file_response, find_source, headers_of

LIST_CACHE = "public, max-age=60"

View = Callable[..., HttpResponse]


def addresses(api: NinjaAPI) -> list[URLPattern]:
    """Everything below `/apm/`, in the manners of the API."""
    package = "v1/packages/<str:owner>/<str:name>/versions"
    views: dict[str, View] = {"list_package_versions": list_package_versions, "download_package": download_package}
    manners = {name: with_manners(api, view, name) for name, view in views.items()}
    return [
        path(package, manners["list_package_versions"], name="list_package_versions"),
        path(f"{package}/<str:version>/download", manners["download_package"], name="download_package"),
        re_path("", with_manners(api, _unknown, "unknown"), name="unknown"),
    ]


@require_safe
def list_package_versions(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """The versions on offer. A yanked one is not among them, and its download goes on answering."""
    _refuse_unknown(owner, name)
    versions = apm.versions_of(owner, name)
    if versions is None:
        raise _no_package(name)
    listed = [
        {"version": one.version, "digest": one.digest, "published_at": f"{one.published_at:%Y-%m-%dT%H:%M:%SZ}"}
        for one in versions
    ]
    return json_response({"versions": listed}, headers={"Cache-Control": LIST_CACHE})


@require_safe
def download_package(request: HttpRequest, owner: str, name: str, version: str) -> HttpResponse:
    """The archive of a version, the same bytes for ever. Counted as a download of the version, as its file is."""
    _refuse_unknown(owner, name)
    number = apm.number_of(owner, version)
    source = find_source(name, number) if number else None
    if source is None:
        raise _no_version(name, version)
    try:
        content = apm.package_of(owner, source, version)
    except Outdated as outdated:
        detail = f"The catalog writes {name!r} otherwise for this tool now: take {outdated.version}, with `apm update`."
        raise ApiProblem(Kind.FORM_OUTDATED, detail) from None
    except Refused as refused:
        raise ApiProblem(Kind.VERSION_NOT_FOUND, str(refused)) from None
    digest = digest_of(content)
    headers = headers_of(f"{name}-{version}.zip", digest, PINNED_CACHE, "application/zip")
    return file_response(request, source._replace(content=content, digest=digest, since=None), headers)


# --- What is not there --------------------------------------------------------------------------------------


def _refuse_unknown(owner: str, name: str) -> None:
    if owner not in apm.OWNERS:
        owners = ", ".join(apm.OWNERS)
        raise ApiProblem(Kind.NOT_FOUND, f"There are no packages of {owner!r}. Here, the owner is one of {owners}.")
    if not name.isascii():
        detail = f"APM takes only names of ASCII letters, digits and hyphens, so that there is no package {name!r}."
        raise ApiProblem(Kind.AGENT_NOT_FOUND, detail)


def _no_package(name: str) -> ApiProblem:
    called = getattr(missing(name, None), "name", "")  # of an agent that somebody spelled otherwise
    hint = f" The agent is called {called!r}." if called else ""
    return ApiProblem(Kind.AGENT_NOT_FOUND, f"No agent called {name!r} is published.{hint}")


def _no_version(name: str, version: str) -> ApiProblem:
    if apm.agent_of(name) is None:
        return _no_package(name)
    return ApiProblem(Kind.VERSION_NOT_FOUND, f"The agent {name!r} has no version {version!r}. Number 3 is 3.0.0.")


def _unknown(request: HttpRequest) -> HttpResponse:
    raise ApiProblem(
        Kind.NOT_FOUND,
        "There is nothing at this address. The registry answers at /apm/v1/packages/{owner}/{name}/versions.",
    )
