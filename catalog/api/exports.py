"""What becomes of a version in each coding tool. Imports `reads`, `distribution` and `exports`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Schema

from catalog.api.errors import ExportLineOut, problems
from catalog.api.reads import NUMBERED, meant, missing, parsed
from catalog.api.routes import Name, Number, reading
from catalog.api.transport import json_response
from catalog.definition import digest_of
from catalog.distribution.exported import address_of, exports_of
from catalog.exports import Export


class CountsOut(Schema):
    """How many fields came to each outcome."""

    kept: int = Field(description="They say the same there.")
    changed: int = Field(description="They say something else or less, as the report tells.")
    dropped: int = Field(description="They are not in the file.")
    refused: int = Field(description="Because of them the tool cannot take the agent.")


class ExportOut(Schema):
    """A version in the format of one tool."""

    format: str = Field(description="What `format` calls it, for example `opencode`.")
    title: str = Field(description="The tool's own name.")
    name: str = Field(description="What the tool calls the agent.")
    filename: str = Field(description="What the file is called.")
    path: str = Field(description="Where it belongs in a project.")
    user_path: str = Field(description="Where it belongs for all projects of a person.")
    media_type: str = Field(description="What kind of file it is.")
    is_refused: bool = Field(description="Whether the tool cannot take the agent: then there is no file.")
    digest: str | None = Field(description="`sha256:` and 64 hex digits, of its bytes; null where there is none.")
    size: int | None = Field(description="Bytes of the file; null where there is none.")
    counts: CountsOut = Field(description="How many fields came to each outcome.")
    report: list[ExportLineOut] = Field(description="What became of each field, the prompt last.")
    url: str | None = Field(description="The file; null where there is none.")


class ExportsOut(Schema):
    """A version in the formats of all tools."""

    name: str = Field(description="The agent.")
    number: int = Field(description="The version.")
    digest: str = Field(description="The digest of its source.")
    items: list[ExportOut] = Field(description="One for each tool that the catalog knows.")


@reading(
    "/agents/{name}/versions/{number}/exports",
    response=ExportsOut,
    operation_id="list_exports",
    summary="List exports",
    openapi_extra=problems(*NUMBERED),
)
def list_exports(request: HttpRequest, name: Name, number: Number) -> HttpResponse:
    """The version as each coding tool reads it, with a report of what was kept, changed, dropped or refused.

    An export follows from the source and from the release of the catalog's software: its digest may change with the
    next one. The source, the format `claude`, never does.
    """
    wanted = parsed(number)
    shown = meant(name, wanted).select_related("agent").only("source", "digest", "number", "agent__name")
    version = shown.first()
    if version is None:
        raise missing(name, wanted)
    items = [_shape(made, name, number) for made in exports_of(version.definition)]
    return json_response({"name": name, "number": version.number, "digest": version.digest, "items": items})


def _shape(made: Export, name: str, number: str) -> dict[str, Any]:
    tool, content = made.tool, made.content
    return {
        "format": tool.key,
        "title": tool.title,
        "name": made.name,
        "filename": made.filename,
        "path": made.path,
        "user_path": made.user_path,
        "media_type": tool.media_type,
        "is_refused": made.is_refused,
        "digest": None if content is None else digest_of(content),
        "size": None if content is None else len(content),
        "counts": made.counts,
        "report": [line.as_dict() for line in made.report],
        "url": None if content is None else address_of(name, number, tool.key),
    }
