"""`format=`: which of the tools' formats a file is asked for in, and why it is not there. Imports `errors`, `exports`.

Also imports `distribution`, which makes the files, and `downloads`.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Field, Schema
from pydantic import AfterValidator

from catalog.api.errors import ApiProblem, Kind
from catalog.distribution.exported import FORMATS, SOURCE, ExportRefused, export_response
from catalog.downloads import PublishedSource


def _known(key: str) -> str:
    if key not in FORMATS:
        raise ValueError(f"There is no format {key!r}. The formats are {', '.join(FORMATS)}")
    return key


class FormatIn(Schema):
    """In which format files are wanted."""

    format: Annotated[str, Field(json_schema_extra={"enum": list(FORMATS)}), AfterValidator(_known)] = Field(
        SOURCE,
        description="A coding tool that is to read the files. `claude` is the source itself, byte for byte; any other "
        "is written from it, and `list_exports` says what is lost.",
    )


def format_in(request: HttpRequest) -> str:
    """The format that is asked for, where ninja does not read the parameters. Raises ApiProblem.

    A misspelt one is refused: whoever asks for `fromat=cursor` would get the file of another tool.
    """
    for name in request.GET:
        if name != "format" and get_close_matches(name.lower(), ["format"], 1, 0.82):
            raise ApiProblem(Kind.INVALID_PARAMETERS, f"There is no parameter {name!r}: 'format' is meant, perhaps.")
    try:
        return _known(request.GET.get("format", SOURCE))
    except ValueError as error:
        message = f"{error}."
        errors = [{"field": "format", "message": message}]
        raise ApiProblem(Kind.INVALID_PARAMETERS, f"format: {message}", more={"errors": errors}) from None


def in_format(request: HttpRequest, source: PublishedSource, key: str, *, pinned: bool) -> HttpResponse:
    """A published file in the format of a tool. Raises ApiProblem where the tool cannot take it."""
    try:
        return export_response(request, source, key, pinned=pinned)
    except ExportRefused as refused:
        report = [line.as_dict() for line in refused.export.report]
        raise ApiProblem(Kind.EXPORT_REFUSED, str(refused), more={"report": report}) from None
