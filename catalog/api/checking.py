"""What the checks say of a file that nobody stores: for hooks and pipelines. Imports `definition`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from ninja import Query

from catalog.api import files
from catalog.api.errors import ApiProblem, Kind, problems
from catalog.api.routes import asking
from catalog.api.schemas import CheckIn, CheckOut
from catalog.api.transport import json_response
from catalog.definition import Severity


@asking(
    "/check",
    response=CheckOut,
    operation_id="check_source",
    summary="Check a file",
    openapi_extra=problems(*files.REFUSED) | files.BODY,
)
def check_source(request: HttpRequest, asked: Query[CheckIn]) -> HttpResponse:
    """What the catalog would say of a file, as findings. Needs no token, and stores nothing.

    A file with errors is answered with 422 and the problem `invalid_definition`, so that `curl --fail-with-body` ends
    with another status than 0; with `strict` a file with warnings is, too.
    """
    files.refuse_unknown(request, CheckIn)
    definition = files.read_file(request, asked.name)
    warnings = [finding for finding in definition.findings if finding.severity is Severity.WARNING]
    findings = [finding.as_dict() for finding in definition.findings]
    if asked.strict and warnings:
        many = f"{len(warnings)} warnings" if len(warnings) > 1 else "a warning"
        raise ApiProblem(
            Kind.INVALID_DEFINITION, f"The file has {many}: {warnings[0].message}", more={"findings": findings}
        )
    answer = {
        "name": definition.name,
        "digest": definition.digest,
        "size": definition.size,
        "reading": str(definition.reading),
        "warnings": len(warnings),
        "findings": findings,
    }
    return json_response(answer)
