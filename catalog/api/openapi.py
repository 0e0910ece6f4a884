"""The OpenAPI document: what ninja reads off the operations, and what it cannot. Imports `errors`, `examples`."""

from __future__ import annotations

import copy
from typing import Any

from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema

from catalog.api import examples
from catalog.api.errors import ProblemOut

INTRODUCTION = """\
Read everything the catalog has published: agents, their versions, and the files byte for byte. No account is \
needed, and any web page may ask.

Times are UTC and end in `Z`. Lists answer with `items` and `next_cursor`: hand it back as `cursor` for the next \
page; `null` is the end. Every version carries the `digest` of its file, `sha256:` and 64 hex digits. Answers carry \
an `ETag`: send it back as `If-None-Match` and an unchanged answer is not sent again (304). The address of an agent \
that was renamed leads to the new one (308). Errors are problem details (RFC 9457) with a stable `code`."""

# Of a download, which ninja cannot know: it is no JSON.
FILE: dict[int, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"text/markdown": {"schema": {"type": "string"}}}},
    206: {"description": "The range of it that was asked for."},
    304: {"description": "The file is the one named by If-None-Match."},
    412: {"description": "The file is not the one named by If-Match."},
    416: {"description": "The file has no such range."},
}
MOVED = {"description": "The agent is called otherwise now; Location has this address under its present name."}


def completed(schema: OpenAPISchema, base_url: str) -> OpenAPISchema:
    schema["servers"] = [{"url": base_url}]
    _add_problem(schema["components"]["schemas"])
    for path, methods in schema["paths"].items():
        methods.pop("head", None)  # says nothing that `get` does not
        for operation in methods.values():
            _complete(path, operation["responses"])
            example = examples.BY_OPERATION[operation["operationId"]]
            for content in operation["responses"][200]["content"].values():
                content["example"] = example
    return schema


def _add_problem(schemas: dict[str, Any]) -> None:
    problem = ProblemOut.model_json_schema(ref_template=REF_TEMPLATE)
    schemas.update(problem.pop("$defs", {}))
    schemas["ProblemOut"] = problem | {"example": examples.PROBLEM}


def _complete(path: str, responses: dict[int, Any]) -> None:
    if path.endswith("/download"):
        responses.update(copy.deepcopy(FILE))
    if "{name}" in path:
        responses[308] = MOVED
    ordered = sorted(responses.items())
    responses.clear()
    responses.update(ordered)
