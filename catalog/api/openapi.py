"""The OpenAPI document: what ninja reads off the operations, and what it cannot. Imports `errors`, `examples`."""

from __future__ import annotations

import copy
from typing import Any

from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema

from catalog.api import examples
from catalog.api.errors import ProblemOut

INTRODUCTION = """\
Read everything the catalog has published: agents, their versions, and the files byte for byte. No account is \
needed, and any web page may ask; a private catalog answers nothing without a token. With a token, programs publish \
and withdraw, and read and write drafts.

Times are UTC and end in `Z`. Lists answer with `items` and `next_cursor`: hand it back as `cursor` for the next \
page; `null` is the end. Every version carries the `digest` of its file, `sha256:` and 64 hex digits. Answers carry \
an `ETag`: send it back as `If-None-Match` and an unchanged answer is not sent again (304). The address of an agent \
that was renamed leads to the new one (308). Errors are problem details (RFC 9457) with a stable `code`.

A token is sent as `Authorization: Bearer agc_…`, or as the password of Basic authentication. People make theirs in \
the admin, under API tokens: with scopes (`read`, which every token may; `read-drafts`, `write-drafts`, `publish`, \
`yank`), limited to agents or categories if need be, for a year at most. A program never may what its person may not. \
What writes refuses parameters it does not know; an answer that is told again for an `Idempotency-Key` says \
`Idempotency-Replayed: true`.

How often may be asked is counted by token, or without one by address; `RateLimit` says what is left of this minute, \
and 429 comes with `Retry-After`."""

GROUPS = {
    "Reading": "What is published, for everybody.",
    "Following": "What changed, for mirrors.",
    "Asking": "About files that the catalog does not store.",
    "Writing": "With a token.",
    "Drafts": "With a token that may read them.",
}


def _texts() -> dict[str, Any]:
    """What files are: Markdown, and for one tool TOML."""
    text = {"type": "string"}
    return {"text/markdown": {"schema": text}, "application/toml": {"schema": text, "example": examples.TOML}}


DOWNLOAD: dict[int, dict[str, Any]] = {
    200: {"description": "The file.", "content": _texts()},
    206: {"description": "The range of it that was asked for.", "content": _texts()},
    304: {"description": "The file is the one named by If-None-Match, or unchanged since If-Modified-Since."},
    412: {"description": "The file is not the one named by If-Match."},
    416: {"description": "The file has no such range."},
}
ARCHIVE: dict[int, dict[str, Any]] = {
    200: {
        "description": "The archive.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "The archive is the one named by If-None-Match."},
    412: {"description": "The archive is not the one named by If-Match."},
}
DRAFT: dict[int, dict[str, Any]] = {
    200: {"description": "The text.", "content": {"text/markdown": {"schema": {"type": "string"}}}},
}
# Of files, which ninja cannot know: they are no JSON.
FILES = {"download_version": DOWNLOAD, "get_bundle": ARCHIVE, "get_draft": DRAFT}
UNCHANGED = {"description": "The answer is the one named by If-None-Match."}
NOT_THE_ONE = {"description": "The answer is not the one named by If-Match."}
MOVED = {"description": "The agent is called otherwise now; Location has this address under its present name."}
ABOUT_TOKENS = "A token of the catalog: `agc_` and 38 letters and digits."

# Where `fields` may be asked, an answer has some parts of an agent, or all.
PART = "AgentPartOut"
_WITH_FIELDS = ("get_agent", "get_version")
_HEADERS_OF_WRITES = {
    "If-Match": "The digest of the text you read, in quotes (the ETag of its file): only that one is written over.",
    "If-None-Match": "`*`: only write what is not there yet.",
    "Idempotency-Key": "Any text of yours: sent again within 24 hours, the same request is told what was done.",
}


def completed(schema: OpenAPISchema, base_url: str) -> OpenAPISchema:
    schema["servers"] = [{"url": base_url}]
    schema["tags"] = [{"name": name, "description": about} for name, about in GROUPS.items()]
    shapes = schema["components"]["schemas"]
    _add_problem(shapes)
    _add_part(shapes)
    for scheme in schema["components"].get("securitySchemes", {}).values():
        scheme["description"] = ABOUT_TOKENS
    order = list(examples.BY_OPERATION)
    paths = schema["paths"]
    for methods in paths.values():
        methods.pop("head", None)  # says nothing that `get` does not
    in_order = sorted(paths, key=lambda path: min(order.index(one["operationId"]) for one in paths[path].values()))
    schema["paths"] = {path: paths[path] for path in in_order}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            _complete(path, method, operation)
    return schema


def _add_problem(schemas: dict[str, Any]) -> None:
    problem = ProblemOut.model_json_schema(ref_template=REF_TEMPLATE)
    schemas.update(problem.pop("$defs", {}))
    schemas["ProblemOut"] = problem | {"example": examples.PROBLEM}


def _add_part(schemas: dict[str, Any]) -> None:
    part = {key: value for key, value in schemas["AgentOut"].items() if key != "required"}
    schemas[PART] = part | {"title": PART, "description": "The parts of an agent that `fields` names."}
    schemas["AgentsOut"]["properties"]["items"]["items"] = _agent_or_part()


def _agent_or_part() -> dict[str, Any]:
    return {"anyOf": [{"$ref": f"{REF_TEMPLATE.format(model=name)}"} for name in ("AgentOut", PART)]}


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    name, responses = operation["operationId"], operation["responses"]
    responses.update(copy.deepcopy(FILES.get(name, {})))
    if method == "get" and name not in FILES and "security" not in operation:
        responses[304] = UNCHANGED
        responses.setdefault(412, NOT_THE_ONE)
    if name in _WITH_FIELDS:
        responses[200]["content"]["application/json"]["schema"] = _agent_or_part()
    if ("{name}" in path and name != "put_agent" and "security" not in operation) or name in _MOVED_WRITES:
        responses[308] = MOVED
    if "security" in operation and method != "get":
        named = _HEADERS_OF_WRITES if method == "put" else {"Idempotency-Key": _HEADERS_OF_WRITES["Idempotency-Key"]}
        operation["parameters"] += [_header(*one) for one in named.items()]
    if 201 in responses:
        responses[201]["description"] = "A version or a draft was made; Location leads to it."
    example = examples.BY_OPERATION[name]
    for status in (200, 201):
        for content in responses.get(status, {}).get("content", {}).values():
            content.setdefault("example", example)
    if name in examples.BODIES:
        (content,) = operation["requestBody"]["content"].values()
        content["example"] = examples.BODIES[name]
    ordered = sorted(responses.items())
    responses.clear()
    responses.update(ordered)


_MOVED_WRITES = ("yank_version", "unyank_version", "deprecate_agent", "undeprecate_agent")


def _header(name: str, description: str) -> dict[str, Any]:
    return {"in": "header", "name": name, "schema": {"type": "string"}, "required": False, "description": description}
