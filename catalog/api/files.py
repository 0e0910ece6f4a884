"""An agent's file in the body of a request: taken at the door, read, or refused with a reason. Imports `definition`."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from django.http import HttpRequest
from ninja import Schema

from catalog.api.errors import ApiProblem, Kind
from catalog.definition import Definition, InvalidDefinition, parse
from catalog.definition.limits import MAX_SOURCE_BYTES

MEDIA_TYPES = ("text/markdown", "text/x-markdown", "text/plain")
# For the OpenAPI document: what ninja cannot know.
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": f"The file, at most {MAX_SOURCE_BYTES:,} bytes of UTF-8.",
        "content": {"text/markdown": {"schema": {"type": "string"}}},
    }
}
# What reading a file may end in.
REFUSED = (
    Kind.LENGTH_REQUIRED,
    Kind.TOO_LARGE,
    Kind.UNSUPPORTED_MEDIA_TYPE,
    Kind.INVALID_DEFINITION,
    Kind.NAME_MISMATCH,
    Kind.INVALID_PARAMETERS,
)


def refuse_unknown(request: HttpRequest, known: type[Schema]) -> None:
    """Raise ApiProblem for a parameter that nobody knows, or that came twice: a misspelt `dry_run` would write."""
    names = {field.alias or name for name, field in known.model_fields.items()}
    for name, values in request.GET.lists():
        if name not in names:
            near = get_close_matches(name.lower().replace("-", "_"), names, 1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise ApiProblem(Kind.INVALID_PARAMETERS, f"There is no parameter {name!r}.{meant} Nothing was written.")
        if len(values) > 1:
            raise ApiProblem(Kind.INVALID_PARAMETERS, f"The parameter {name!r} came twice. Nothing was written.")


def read_file(request: HttpRequest, name: str | None = None) -> Definition:
    """The definition in the body of a request, which must be that of agent `name`, if given. Raises ApiProblem."""
    try:
        definition = parse(_body(request))
    except InvalidDefinition as invalid:
        raise refused(invalid) from None
    if name is not None and definition.name != name:
        raise ApiProblem(
            Kind.NAME_MISMATCH,
            f"The address is that of {name!r}, and the file names its agent {definition.name!r}. Send it to the "
            f"address of {definition.name!r}, or put 'name: {name}' in the file. Nothing was written.",
            more={"findings": [finding.as_dict() for finding in definition.findings]},
        )
    return definition


def refused(invalid: InvalidDefinition) -> ApiProblem:
    """The problem of a file with errors: all of them, as findings."""
    count = len(invalid.findings)
    many = f"The file has {count} errors" if count > 1 else "The file has an error"
    return ApiProblem(
        Kind.INVALID_DEFINITION,
        f"{many}: {invalid.findings[0].message} Nothing was written.",
        more={"findings": [finding.as_dict() for finding in invalid.findings]},
    )


def _body(request: HttpRequest) -> bytes:
    if request.content_type not in MEDIA_TYPES:
        sent = f"came as {request.content_type!r}" if request.content_type else "came without a media type"
        raise ApiProblem(
            Kind.UNSUPPORTED_MEDIA_TYPE, f"The file {sent}: send it with 'Content-Type: text/markdown', as it is."
        )
    if request.META.get("HTTP_CONTENT_ENCODING", "identity") != "identity":
        raise ApiProblem(Kind.UNSUPPORTED_MEDIA_TYPE, "The file came compressed: send it as it is.")
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise ApiProblem(Kind.UNSUPPORTED_MEDIA_TYPE, f"The file came as {charset!r}: an agent's file is UTF-8.")
    told = str(request.META.get("CONTENT_LENGTH") or "0")
    length = int(told) if told.isascii() and told.isdigit() else 0
    if length > MAX_SOURCE_BYTES:
        raise ApiProblem(
            Kind.TOO_LARGE, f"The file has {length:,} bytes; an agent's file has at most {MAX_SOURCE_BYTES:,}."
        )
    return request.body
