"""What those who run the catalog ask, and the pages for when something is not there or went wrong."""

from __future__ import annotations

from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from catalog import triggers

from .browsing import QUERY_MAX_LENGTH
from .freshness import NOT_KEPT


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches nothing."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The catalog can do its work: the database answers, is up to date, and holds what was published."""
    problems = _problems()
    text = "\n".join(problems or ["ok"]) + "\n"
    headers = {"Cache-Control": NOT_KEPT, "Content-Type": "text/plain; charset=utf-8"}
    return HttpResponse(text, status=503 if problems else 200, headers=headers)


def _problems() -> list[str]:
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return ["The database is not up to date: run manage.py migrate."]
        if triggers.missing(connection):
            return ["The database does not protect published versions: run manage.py migrate."]
    except DatabaseError:
        return ["The database does not answer."]
    return []


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    words = request.path.strip("/").rsplit("/", 1)[-1].removesuffix(".md").replace("-", " ")
    context = {"words": words[:QUERY_MAX_LENGTH] if words.isprintable() else ""}
    response = render(request, "catalog/not_found.html", context, status=404)
    response.headers["Cache-Control"] = NOT_KEPT
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Static, and without the database: whatever broke may be the database, or the static files."""
    headers = {"Cache-Control": NOT_KEPT}
    try:
        return HttpResponse(render_to_string("catalog/server_error.html"), status=500, headers=headers)
    except Exception:  # whatever it is, this is the answer to errors and must not be another
        sentence = "Something went wrong here. It is not your doing.\n"
        return HttpResponse(sentence, status=500, headers=headers | {"Content-Type": "text/plain; charset=utf-8"})
