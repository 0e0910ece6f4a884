"""What programs with a token write: versions and drafts, what is withdrawn and what is deprecated.

Imports `publishing`, `drafting`, `repeats`, `models` and `definition`. What is done here is done by the verbs that
people's own deeds are done by, and recorded with the person and the token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Query

from catalog import drafting, publishing, repeats
from catalog.api import files, shapes
from catalog.api.access import actor, require_agent, require_new, token_of
from catalog.api.conditions import Conditions
from catalog.api.errors import ApiProblem, Kind, problems
from catalog.api.reads import missing, parsed
from catalog.api.routes import Name, Pinned, writing
from catalog.api.schemas import DeprecateIn, DeprecationOut, PutIn, PutOut, ReasonIn, VersionOut
from catalog.api.transport import json_response
from catalog.definition import Definition, InvalidDefinition, digest_of
from catalog.models import Agent, Category, Scope, Version
from catalog.models.tokens import KEY_MAX_LENGTH
from catalog.repeats import Done

if TYPE_CHECKING:
    from django.contrib.auth.models import User

# What a writing operation may answer with instead.
REFUSED = (
    *(Kind.TOKEN_REQUIRED, Kind.FORBIDDEN, Kind.CONFLICT, Kind.NOT_POSSIBLE, Kind.IDEMPOTENCY_KEY_REUSED),
    *(Kind.BAD_REQUEST, Kind.INVALID_PARAMETERS, Kind.LENGTH_REQUIRED, Kind.TOO_LARGE),
)
ON_AGENT = (*REFUSED, Kind.AGENT_NOT_FOUND)
ON_VERSION = (*ON_AGENT, Kind.VERSION_NOT_FOUND)


# --- A file ---------------------------------------------------------------------------------------------------


@writing(
    ["PUT"],
    "/agents/{name}",
    response={200: PutOut, 201: PutOut},
    operation_id="put_agent",
    summary="Publish a version or leave a draft",
    openapi_extra=problems(*REFUSED, *files.REFUSED, Kind.PRECONDITION_FAILED, Kind.PRECONDITION_REQUIRED) | files.BODY,
)
def put_agent(request: HttpRequest, name: Name, asked: Query[PutIn]) -> HttpResponse:
    """The file itself becomes the agent's next version, or its draft. An agent that is not there yet is made.

    Takes the scope `publish`, or `write-drafts` for a draft. The same text twice is once: it is answered with 200 and
    `unchanged`. `If-Match` with the digest of the version (or draft) you read, in quotes, keeps you from overwriting
    what came in between; `If-None-Match: *` only makes what is not there.
    With an `Idempotency-Key` the same request, sent again within 24 hours, is told what the first one was.
    """
    files.refuse_unknown(request, PutIn)
    as_version = asked.kind == "version" if asked.kind else token_of(request).may(Scope.PUBLISH)
    by = actor(request, Scope.PUBLISH if as_version else Scope.WRITE_DRAFTS)
    definition = files.read_file(request, name)
    put = _publish if as_version else _draft

    def work() -> Done:
        with transaction.atomic():
            done = put(request, definition, asked, by)
            if asked.dry_run:
                transaction.set_rollback(True)
        return done

    if asked.dry_run:
        with _refusals():
            done = work()
    else:
        done = _once(request, work)
    headers = {"ETag": f'"{definition.digest}"'}
    if done.status == 201:
        headers["Location"] = done.answer["urls"]["api"]
    return _response(done, headers)


def _publish(request: HttpRequest, definition: Definition, asked: PutIn, by: User) -> Done:
    agent, is_new = _agent_for(request, definition, asked, by)
    latest = agent.latest_version
    if latest is None or latest.digest != definition.digest:
        Conditions.of(request).require(latest.digest if latest else None)
    version, is_published = publishing.publish(agent, definition, by=by, note=asked.note)
    urls = {
        "api": shapes.address("api:get_version", agent.name, version.number),
        "page": shapes.address("catalog:agent_detail", agent.name),
        "source": shapes.address("catalog:agent_source", agent.name),
        "pinned_source": shapes.address("catalog:version_source", agent.name, version.number),
    }
    outcome = "published" if is_published else "unchanged"
    return _put(agent, definition, asked, outcome, is_new, version.number, urls)


def _draft(request: HttpRequest, definition: Definition, asked: PutIn, by: User) -> Done:
    agent, is_new = _agent_for(request, definition, asked, by)
    present = drafting.present_text(agent)
    conditions = Conditions.of(request)
    if present != definition.digest:
        conditions.require(present)
    seen = present if conditions.names_one else None
    try:
        draft, is_changed = drafting.put(agent, definition.source, by=by, note=asked.note, seen=seen)
    except drafting.DraftConflict:
        raise ApiProblem(
            Kind.PRECONDITION_REQUIRED,
            "There is a draft with another text, which this would overwrite. Read it (GET …/draft), take over what is "
            "missing, and send its ETag as If-Match. Nothing was written.",
        ) from None
    outcome = "drafted" if is_changed else "unchanged"
    if draft is None:  # the latest version has this text
        number = agent.latest_version.number if agent.latest_version else None
        urls = {"api": shapes.address("api:get_version", agent.name, number)}
        return _put(agent, definition, asked, outcome, is_new, number, urls)
    urls = {"api": shapes.address("api:get_draft", agent.name)}
    if not asked.dry_run:
        urls["draft"] = shapes.address("admin:catalog_agent_draft", agent.pk)
    return _put(agent, definition, asked, outcome, is_new, None, urls)


def _agent_for(request: HttpRequest, definition: Definition, asked: PutIn, by: User) -> tuple[Agent, bool]:
    """The locked agent of this file, which the token may write; made where it is not there. And whether it was made.

    A token that is limited is told the same of agents that are not its own and of names that nobody has.
    """
    name = definition.name
    known = Agent.objects.filter(name=name).first() or Agent.objects.once_named(name).first()
    is_new = False
    if known is None:
        category = Category.objects.filter(name=asked.category).first() if asked.category else None
        require_new(request, category)
        if asked.category and category is None:
            raise ApiProblem(Kind.NOT_POSSIBLE, f"There is no category called {asked.category!r}.")
        known, is_new = publishing.register(definition, by=by, category=category)
    publishing.lock_agent(known)
    if not is_new:
        require_agent(request, known)
    return known, is_new


def _put(
    agent: Agent,
    definition: Definition,
    asked: PutIn,
    outcome: str,
    is_new: bool,
    number: int | None,
    urls: dict[str, str],
) -> Done:
    answer = {
        "name": agent.name,
        "outcome": outcome,
        "is_new": is_new,
        "number": number,
        "digest": definition.digest,
        "dry_run": asked.dry_run,
        "findings": [finding.as_dict() for finding in definition.findings],
        "urls": urls,
    }
    return Done(201 if outcome != "unchanged" and not asked.dry_run else 200, answer)


# --- What is withdrawn ----------------------------------------------------------------------------------------


@writing(
    ["POST"],
    "/agents/{name}/versions/{number}/yank",
    response=VersionOut,
    operation_id="yank_version",
    summary="Withdraw a version",
    openapi_extra=problems(*ON_VERSION),
)
def yank_version(request: HttpRequest, name: Name, number: Pinned, asked: ReasonIn) -> HttpResponse:
    """Stop offering a version; its pinned address still answers. Twice is once. Scope `yank`.

    The latest is then the one before it that is still offered.
    """
    by, version = _version(request, name, number)
    return _done(request, lambda: publishing.yank(version, by=by, reason=asked.reason), lambda: shapes.version(version))


@writing(
    ["POST"],
    "/agents/{name}/versions/{number}/unyank",
    response=VersionOut,
    operation_id="unyank_version",
    summary="Offer a withdrawn version again",
    openapi_extra=problems(*ON_VERSION),
)
def unyank_version(request: HttpRequest, name: Name, number: Pinned) -> HttpResponse:
    """Offer a version again that was withdrawn. Twice is once. Scope `yank`."""
    by, version = _version(request, name, number)
    return _done(request, lambda: publishing.unyank(version, by=by), lambda: shapes.version(version))


@writing(
    ["POST"],
    "/agents/{name}/deprecate",
    response=DeprecationOut,
    operation_id="deprecate_agent",
    summary="Deprecate an agent",
    openapi_extra=problems(*ON_AGENT),
)
def deprecate_agent(request: HttpRequest, name: Name, asked: DeprecateIn) -> HttpResponse:
    """Ask people not to begin using an agent, and say what to use in its place. Twice is once. Scope `yank`."""
    by, agent = _agent(request, name)
    successor = Agent.objects.published().filter(name=asked.successor).first() if asked.successor else None
    if asked.successor and successor is None:
        raise ApiProblem(Kind.NOT_POSSIBLE, f"No agent called {asked.successor!r} is published.")
    return _done(
        request,
        lambda: publishing.deprecate(agent, by=by, note=asked.note, successor=successor),
        lambda: _deprecation(agent),
    )


@writing(
    ["POST"],
    "/agents/{name}/undeprecate",
    response=DeprecationOut,
    operation_id="undeprecate_agent",
    summary="Recommend an agent again",
    openapi_extra=problems(*ON_AGENT),
)
def undeprecate_agent(request: HttpRequest, name: Name) -> HttpResponse:
    """Take back that an agent is deprecated. Twice is once. Scope `yank`."""
    by, agent = _agent(request, name)
    return _done(request, lambda: publishing.undeprecate(agent, by=by), lambda: _deprecation(agent))


def _agent(request: HttpRequest, name: str) -> tuple[User, Agent]:
    """Who may withdraw this agent, and the agent."""
    by = actor(request, Scope.YANK)
    agent = Agent.objects.ever_published().filter(name=name).first()
    if agent is None:
        raise missing(name, -1)
    require_agent(request, agent)
    return by, agent


def _version(request: HttpRequest, name: str, number: str) -> tuple[User, Version]:
    by, agent = _agent(request, name)
    version = agent.versions.select_related("agent").filter(number=parsed(number) or -1).first()
    if version is None:
        raise ApiProblem(Kind.VERSION_NOT_FOUND, f"The agent {name!r} has no version {number!r}.")
    return by, version


def _deprecation(agent: Agent) -> dict[str, Any]:
    advice = shapes.advice(agent) or {"note": "", "successor": None}
    return {"name": agent.name, "deprecated": agent.is_deprecated, **advice}


# --- Once -----------------------------------------------------------------------------------------------------


def _done(request: HttpRequest, deed: Callable[[], None], shown: Callable[[], dict[str, Any]]) -> HttpResponse:
    def work() -> Done:
        deed()
        return Done(200, shown())

    return _response(_once(request, work), {})


def _once(request: HttpRequest, work: Callable[[], Done]) -> Done:
    """Do it, or tell what it was where the same request came before under the same Idempotency-Key."""
    key = request.headers.get("Idempotency-Key", "").strip()
    with _refusals():
        if not key:
            return work()
        if len(key) > KEY_MAX_LENGTH or not key.isprintable():
            raise ApiProblem(
                Kind.NOT_POSSIBLE, f"An Idempotency-Key has at most {KEY_MAX_LENGTH} printable characters."
            )
        conditions = (request.headers.get("If-Match"), request.headers.get("If-None-Match"))
        asked = (request.method, request.get_full_path(), *conditions, digest_of(request.body))
        try:
            return repeats.once(token_of(request), key, digest_of(repr(asked).encode()), work)
        except repeats.KeyReused:
            raise ApiProblem(
                Kind.IDEMPOTENCY_KEY_REUSED,
                f"The Idempotency-Key {key!r} stands for another request already: use another. Nothing was written.",
            ) from None


@contextmanager
def _refusals() -> Iterator[None]:
    """What the verbs refuse, as problems."""
    try:
        yield
    except InvalidDefinition as invalid:
        raise files.refused(invalid) from None
    except publishing.NotNow as refusal:
        raise ApiProblem(Kind.CONFLICT, str(refusal)) from None
    except (publishing.NotPublishable, publishing.NameTaken) as refusal:
        raise ApiProblem(Kind.NOT_POSSIBLE, str(refusal)) from None


def _response(done: Done, headers: dict[str, str]) -> HttpResponse:
    if done.is_repeat:
        headers = headers | {"Idempotency-Replayed": "true"}
    return json_response(done.answer, status=done.status, headers=headers)
