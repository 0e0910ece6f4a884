"""The reference of the API, a page written from its OpenAPI document. Imports `openapi`, `errors`, `rendering`.

Written on the server, because the viewers that ninja ships need inline styles, which the policy forbids, and
show nothing without scripts.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from catalog.api.errors import ALWAYS, Kind
from catalog.api.schemas import BodyIn
from catalog.rendering import render_inline

QUERIES = {
    "list_agents": "?q=review&limit=5",
    "list_versions": "?limit=5",
    "get_bundle": "?agents=code-reviewer,test-writer@2",
    "list_changes": "?since=0",
}
BODIES = {shape.__name__ for shape in BodyIn.__subclasses__()}  # what is sent as JSON
PIPELINE = Path(__file__).with_name("pipeline.yml")
EXAMPLE_BASE = "https://agents.example.com"  # where that file, and the README, say the catalog is
FILE = "python-backend-engineer.md"  # what the examples send


@dataclass(frozen=True)
class Field:
    """A parameter of an operation, or a part of an answer."""

    name: str
    kind: str
    text: SafeString
    where: str = ""
    default: str = ""

    @property
    def shape(self) -> str:
        """The shape that its type names, for a link: `ExampleOut` of `list of ExampleOut`."""
        return next((word for word in self.kind.split() if word.endswith("Out") or word in BODIES), "")

    @property
    def before(self) -> str:
        return self.kind.partition(self.shape)[0]

    @property
    def after(self) -> str:
        return self.kind.partition(self.shape)[2]


@dataclass(frozen=True)
class Operation:
    id: str
    group: str
    method: str
    path: str
    summary: str
    text: SafeString
    parameters: list[Field]
    request: str
    answer: str
    media_type: str
    returns: str
    takes: str  # the shape of what is sent, if that is JSON
    needs_token: bool
    statuses: list[tuple[int, SafeString]]


@dataclass(frozen=True)
class Shape:
    name: str
    text: SafeString
    fields: list[Field]


class Page(DocsBase):
    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        shown_too = (settings.CATALOG_NAME, settings.LANGUAGE_CODE, settings.CATALOG_PRIVATE)
        return HttpResponse(_html(api, settings.CATALOG_BASE_URL, *shown_too))


@functools.lru_cache(maxsize=2)
def _html(api: NinjaAPI, base_url: str, *shown_too: Any) -> str:
    """Written once in the life of a process: the API changes with the software alone."""
    document = api.get_openapi_schema()
    context = {
        "introduction": _text(document["info"]["description"]),
        "base_url": base_url,
        "canonical": reverse("api:openapi-view"),
        "operations": _operations(document),
        "shapes": _shapes(document),
        "problems": [(kind, _text(kind.meaning)) for kind in Kind],
        "pipeline": PIPELINE.read_text(encoding="utf-8").replace(EXAMPLE_BASE, base_url),
        "problem_example": _pretty(document["components"]["schemas"]["ProblemOut"]["example"]),
    }
    return render_to_string("catalog/api_docs.html", context)


def _operations(document: dict[str, Any]) -> list[Operation]:
    """Those of one group after another."""
    found = [
        _operation(path, method, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]
    groups = list(dict.fromkeys(tag["name"] for tag in document["tags"]))
    return sorted(found, key=lambda operation: groups.index(operation.group))


def _operation(path: str, method: str, described: dict[str, Any]) -> Operation:
    media_type, content = next(iter(described["responses"][200]["content"].items()))
    return Operation(
        id=described["operationId"],
        group=described["tags"][0],
        method=method.upper(),
        path=path,
        summary=described["summary"],
        text=_text(described["description"]),
        parameters=[_parameter(parameter) for parameter in described["parameters"]],
        request=_curl(path, method, described),
        answer=_pretty(content["example"]),
        media_type=media_type,
        returns=_kind(content["schema"]).partition(" ")[0] if media_type == "application/json" else "",
        takes=_taken(described),
        needs_token="security" in described,
        statuses=[
            (status, _text(response["description"]))
            for status, response in described["responses"].items()
            if status not in (200, *(kind.status for kind in ALWAYS if kind is not Kind.INVALID_TOKEN))
        ],
    )


def _taken(described: dict[str, Any]) -> str:
    content = described.get("requestBody", {}).get("content", {})
    return _kind(content["application/json"]["schema"]) if "application/json" in content else ""


def _parameter(parameter: dict[str, Any]) -> Field:
    schema = parameter["schema"]
    return Field(
        name=parameter["name"],
        kind=_kind(schema).removesuffix(" or null"),
        text=_text(parameter.get("description", "")),
        where=parameter["in"],
        default=str(schema.get("default") or ""),
    )


def _curl(path: str, method: str, described: dict[str, Any]) -> str:
    for parameter in described["parameters"]:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
    name, content = described["operationId"], described.get("requestBody", {}).get("content", {})
    words = ["curl"]
    words += ["-OJ"] if name in ("download_version", "get_bundle") else []
    words += [f"-X {method.upper()}"] if method != "get" and (method == "put" or not content) else []
    needs_token = "security" in described or settings.CATALOG_PRIVATE
    words += ['-H "Authorization: Bearer $CATALOG_TOKEN"'] if needs_token else []
    if "text/markdown" in content:
        words += ["--fail-with-body", "-H 'Content-Type: text/markdown'", f"--data-binary @{FILE}"]
    elif content:
        sent = json.dumps(content["application/json"]["example"], ensure_ascii=False)
        words += ["-H 'Content-Type: application/json'", f"-d '{sent}'"]
    words.append(f"'{settings.CATALOG_BASE_URL}{path}{QUERIES.get(name, '')}'")
    return " ".join(words)


def _shapes(document: dict[str, Any]) -> list[Shape]:
    """What answers and bodies are made of; what else is asked stands with its operation."""
    schemas = document["components"]["schemas"].items()
    return [_shape(name, schema) for name, schema in schemas if name.endswith("Out") or name in BODIES]


def _shape(name: str, schema: dict[str, Any]) -> Shape:
    fields = [
        Field(field, _kind(described), _text(described.get("description", "")))
        for field, described in schema["properties"].items()
    ]
    return Shape(name, _text(schema.get("description", "")), fields)


def _kind(schema: dict[str, Any]) -> str:
    """A JSON schema in words: `text or null`, `list of ExampleOut`."""
    if options := schema.get("anyOf") or schema.get("allOf"):
        return " or ".join(_kind(option) for option in options)
    if reference := schema.get("$ref"):
        return str(reference).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    return _WORDS.get(schema.get("format") or schema.get("type", ""), "any")


_WORDS = {
    "string": "text",
    "integer": "number",
    "boolean": "true or false",
    "null": "null",
    "date-time": "time",
}


def _text(description: str) -> SafeString:
    """Paragraphs; a line of a docstring ends where the column did, which means nothing."""
    return render_inline(re.sub(r"(?<!\n)\n(?!\n)", " ", description))


def _pretty(example: Any) -> str:
    return example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
