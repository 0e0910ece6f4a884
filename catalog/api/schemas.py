"""The shapes the API takes (`In`) and gives (`Out`), with the words of its reference. Imports `models`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from django.conf import settings
from django.urls import reverse
from ninja import Field, Schema
from pydantic import AfterValidator

from catalog.api import cursors
from catalog.models import Version

MAX_QUERY_LENGTH = 200
MAX_LIMIT = 100


def _in_utc(value: datetime) -> datetime:
    """A time without a zone is taken as UTC."""
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ValueError("This is no time of our calendar") from None


def _without_nul(text: str) -> str:
    """PostgreSQL takes the character NUL in no text at all."""
    if "\0" in text:
        raise ValueError("Text holds no NUL character")
    return text


Text = Annotated[str, Field(max_length=MAX_QUERY_LENGTH), AfterValidator(_without_nul)]


class AgentsIn(Schema):
    """What `list_agents` can be asked."""

    q: Text | None = Field(
        None,
        description="Words to search for. The list is then ordered by relevance, at most 1,000 agents long.",
    )
    category: Text | None = Field(None, description="The name of a category.")
    tag: Text | None = Field(None, description="The name of a tag.")
    model: Text | None = Field(None, description="The model that agents name, for example `sonnet`.")
    tool: Text | None = Field(
        None,
        description="A tool that agents name, for example `Bash` (which also finds `Bash(git:*)`). "
        "Agents without a list of tools may use all of them and are not found by this.",
    )
    updated_since: Annotated[datetime, AfterValidator(_in_utc)] | None = Field(
        None,
        description="Agents published at or after this time (RFC 3339; UTC where no zone is given). The list "
        "is then ordered by that time, oldest first: an agent that is published while you read moves to the "
        "end, so following the cursors misses nothing.",
    )
    cursor: Annotated[str, Field(max_length=cursors.MAX_LENGTH)] | None = Field(
        None, description="The `next_cursor` of the page before."
    )
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = Field(20, description="How many a page holds, at most 100.")


class VersionsIn(Schema):
    """What `list_versions` can be asked."""

    cursor: Annotated[str, Field(max_length=cursors.MAX_LENGTH)] | None = Field(
        None, description="The `next_cursor` of the page before."
    )
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = Field(20, description="How many a page holds, at most 100.")


class ExampleOut(Schema):
    """One dialogue that shows when to use the agent; parts the file does not give are empty."""

    context: str = Field(description="The situation.")
    user: str = Field(description="What a person says.")
    assistant: str = Field(description="What the assistant answers.")
    commentary: str = Field(description="Why this agent is the one to use.")


class VersionOut(Schema):
    """One immutable, numbered publication."""

    number: int = Field(description="1, 2, 3 … within an agent.")
    digest: str = Field(description="`sha256:` and 64 hex digits, of the source's bytes.")
    size: int = Field(description="Bytes of the source.")
    note: str = Field(description="What its publisher wrote about it.")
    published_at: datetime = Field(description="When it was published.")
    yanked_at: datetime | None = Field(
        description="Since when it is no longer offered; its own addresses still answer."
    )


class FindingOut(Schema):
    """One result of the checks made when the version was published."""

    code: str = Field(description="The kind of finding, stable across releases.")
    severity: str = Field(description="`error`, `warning` or `note`.")
    field: str | None = Field(description="The frontmatter field it is about.")
    line: int | None = Field(description="The line of the source it is about.")
    message: str = Field(description="A sentence for people.")


class UrlsOut(Schema):
    """Addresses, absolute."""

    page: str = Field(description="For people.")
    source: str = Field(description="The file of the latest version, whichever that is.")
    pinned_source: str = Field(description="The file of this version, for ever.")
    download: str = Field(description="The same from the API.")
    versions: str = Field(description="All versions.")


class AgentOut(Schema):
    """An agent, as one of its versions describes it."""

    name: str = Field(description="Its identity and address.")
    title: str = Field(description="The name a person reads.")
    lead: str = Field(description="The description without its examples.")
    description: str = Field(description="When to use it, as the client reads it.")
    category: str | None = Field(description="The name of the category it is in; null where it is in none.")
    tags: list[str] = Field(description="The names of its tags.")
    model: str | None = Field(description="Null where the file names none.")
    color: str | None = Field(description="Null where the file names none.")
    tools: list[str] | None = Field(description="Null: all tools. Empty: none.")
    examples: list[ExampleOut] = Field(description="The dialogues of its description, in their order.")
    version: VersionOut = Field(description="The version that says all this.")
    findings: list[FindingOut] = Field(description="What the checks say of that version, gravest first.")
    urls: UrlsOut = Field(description="Where else to find it.")
    created_at: datetime = Field(description="When the catalog first knew of it.")
    updated_at: datetime = Field(description="When it was last published.")
    deprecated: bool = Field(description="Whether people are asked not to begin using it.")

    @staticmethod
    def resolve_name(version: Version) -> str:
        return version.agent.name

    @staticmethod
    def resolve_title(version: Version) -> str:
        return version.agent.title

    @staticmethod
    def resolve_category(version: Version) -> str | None:
        category = version.agent.category
        return category.name if category else None

    @staticmethod
    def resolve_tags(version: Version) -> list[str]:
        return [tag.name for tag in version.agent.tags.all()]

    @staticmethod
    def resolve_model(version: Version) -> str | None:
        return version.model or None

    @staticmethod
    def resolve_color(version: Version) -> str | None:
        return version.color or None

    @staticmethod
    def resolve_version(version: Version) -> Version:
        return version

    @staticmethod
    def resolve_urls(version: Version) -> dict[str, str]:
        return urls(version)

    @staticmethod
    def resolve_created_at(version: Version) -> datetime:
        return version.agent.created_at

    @staticmethod
    def resolve_updated_at(version: Version) -> datetime:
        return version.agent.updated_at

    @staticmethod
    def resolve_deprecated(version: Version) -> bool:
        return version.agent.is_deprecated


class AgentsOut(Schema):
    """A page of agents."""

    items: list[AgentOut] = Field(description="The agents of this page.")
    next_cursor: str | None = Field(description="For the next page; null at the end.")


class VersionsOut(Schema):
    """A page of versions."""

    items: list[VersionOut] = Field(description="The versions of this page.")
    next_cursor: str | None = Field(description="For the next page; null at the end.")


def urls(version: Version) -> dict[str, str]:
    """Where else to find this version, under the catalog's own address (never that of the request)."""
    name, number = version.agent.name, version.number
    is_latest = version.agent.latest_version_id == version.pk
    page = ("catalog:agent_detail", name) if is_latest else ("catalog:version_detail", name, number)
    return {
        "page": _address(*page),
        "source": _address("catalog:agent_source", name),
        "pinned_source": _address("catalog:version_source", name, number),
        "download": _address("api:download_version", name, number),
        "versions": _address("api:list_versions", name),
    }


def _address(view: str, *args: Any) -> str:
    return settings.CATALOG_BASE_URL + reverse(view, args=args)
