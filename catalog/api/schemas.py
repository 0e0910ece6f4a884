"""The shapes the API takes (`In`) and gives (`Out`), with their words. Imports `facets` and `publishing`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, model_validator

from catalog.api import cursors
from catalog.api.errors import FindingOut
from catalog.api.formats import FormatIn
from catalog.facets import KINDS
from catalog.publishing import MAX_NOTE_LENGTH

MAX_QUERY_LENGTH = 200
MAX_LIMIT = 100
MAX_VALUES = 12  # of one filter
MAX_CHANGES = 1_000  # of one answer
MAX_PINS = 1_000  # of one question
MAX_AGENTS_TEXT = 60_000  # characters: what an address can hold; a thousand names of the usual length


def _written_out(value: object) -> object:
    """Pydantic takes a bare number for seconds since 1970, which RFC 3339 does not."""
    if isinstance(value, str) and "-" not in value[1:]:
        raise ValueError("A time is written as in 2026-11-20T09:30:00Z")
    return value


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


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("Say why, in a sentence")
    return _without_nul(text)


def _of_agent(fields: str) -> str:
    """Names of parts of an agent, each once and in the order in which they were asked for."""
    wanted = list(dict.fromkeys(name.strip() for name in fields.split(",")))
    if unknown := [name for name in wanted if name not in AgentOut.model_fields]:
        raise ValueError(f"There is no such part of an agent: {', '.join(map(repr, unknown))}")
    return ",".join(wanted)


Text = Annotated[str, Field(max_length=MAX_QUERY_LENGTH), AfterValidator(_without_nul)]
Values = Annotated[list[Text], Field(max_length=MAX_VALUES)]


class FiltersIn(Schema):
    """By what agents are narrowed, as in the catalog's own lists. Each may be given several times."""

    category: Values = Field([], description="The name of a category; of several, any will do.")
    tag: Values = Field([], description="The name of a tag; of several, all are wanted.")
    model: Values = Field(
        [],
        description="The model that agents name, for example `sonnet`; `inherit` for those that leave it to the user.",
    )
    tool: Values = Field(
        [],
        description="A tool that agents name, for example `Bash` (which also finds `Bash(git:*)`); of several, all "
        "are wanted. Agents without a list of tools may use all of them and are found by `*`.",
    )
    mode: Values = Field([], description="The permission mode that agents name, for example `plan`.")

    def chosen(self) -> dict[str, tuple[str, ...]]:
        """What is wanted of each kind, where something is."""
        return {kind: tuple(dict.fromkeys(values)) for kind in KINDS if (values := getattr(self, kind))}


class FieldsIn(Schema):
    """Which parts of an agent are wanted."""

    fields: Annotated[str, Field(max_length=MAX_QUERY_LENGTH), AfterValidator(_of_agent)] | None = Field(
        None,
        description="Parts of `AgentOut` with commas between them, for example `name,version`: the answer has these "
        "alone. Without it, all.",
    )

    @property
    def wanted(self) -> list[str] | None:
        return self.fields.split(",") if self.fields else None


class AgentsIn(FiltersIn, FieldsIn):
    """What `list_agents` can be asked."""

    q: Text | None = Field(
        None,
        description="Words to search for. The list is then ordered by relevance, at most 1,000 agents long.",
    )
    updated_since: Annotated[datetime, BeforeValidator(_written_out), AfterValidator(_in_utc)] | None = Field(
        None,
        description="Agents published at or after this time (RFC 3339; UTC where no zone is given). The list "
        "is then ordered by that time, oldest first: an agent that is published while you read moves to the "
        "end. What must miss nothing follows `/changes`.",
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
    yank_reason: str | None = Field(description="Why it is no longer offered.")


class UrlsOut(Schema):
    """Addresses, absolute."""

    page: str = Field(description="For people.")
    source: str = Field(description="The file of the latest version, whichever that is.")
    pinned_source: str = Field(description="The file of this version, for ever.")
    download: str = Field(description="The same from the API.")
    versions: str = Field(description="All versions.")


class AdviceOut(Schema):
    """What people are told who look at a deprecated agent."""

    note: str = Field(description="Why, and what to do.")
    successor: str | None = Field(description="The name of the agent to use in its place.")


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
    deprecation: AdviceOut | None = Field(description="Why, and what to use in its place; null where it is not.")


class AgentsOut(Schema):
    """A page of agents."""

    items: list[AgentOut] = Field(description="The agents of this page.")
    next_cursor: str | None = Field(description="For the next page; null at the end.")


class VersionsOut(Schema):
    """A page of versions."""

    items: list[VersionOut] = Field(description="The versions of this page.")
    next_cursor: str | None = Field(description="For the next page; null at the end.")


# --- Following the catalog ---------------------------------------------------------------------------------


class ChangesIn(Schema):
    """What `list_changes` can be asked."""

    since: Annotated[int, Field(ge=0, lt=2**63)] = Field(
        0, description="The sequence number of the last change you know; 0 for all there were."
    )
    limit: Annotated[int, Field(ge=1, le=MAX_CHANGES)] = Field(
        100, description="How many an answer holds, at most 1,000."
    )


class ChangeOut(Schema):
    """One step of what the public sees."""

    sequence: int = Field(description="Its number: a later change has a larger one; some numbers stand for nothing.")
    at: datetime = Field(description="When it was made.")
    verb: str = Field(
        description="What happened: `published`, `restored`, `yanked`, `unyanked`, `renamed`, `deprecated`, "
        "`undeprecated`, `retitled`, `categorised`, `uncategorised`, `tagged`, `untagged`. `changed`: what follows "
        "from an agent's file was read anew. `catalog-changed`, without a name: something that several agents show, "
        "for example the name of a category. Verbs of collections begin with `collection-`. There may be more: pass "
        "over what you do not know, and read the agent again."
    )
    name: str | None = Field(description="What the agent was called once this had happened.")
    former_name: str | None = Field(description="Of `renamed`: what it was called until then.")
    number: int | None = Field(description="The version it is about.")
    digest: str | None = Field(description="The digest of that version's file.")
    note: str | None = Field(description="Why: of `yanked` the reason, of `deprecated` the note.")
    successor: str | None = Field(description="Of `deprecated`: the agent to use in its place.")


class ChangesOut(Schema):
    """Some changes, the oldest first."""

    items: list[ChangeOut] = Field(description="The changes after `since`.")
    next_since: int = Field(description="Ask with this as `since` the next time.")
    has_more: bool = Field(description="Whether there are more changes by now.")


class BodyIn(Schema):
    """A JSON object without parts that nobody knows: a misspelt one must not be as good as none.

    ninja takes a list, too, for something that has none of the parts.
    """

    model_config = ConfigDict(extra="forbid")  # for the document: what ninja hands over hides what is too much

    @model_validator(mode="before")
    @classmethod
    def is_object(cls, values: Any) -> Any:
        sent = getattr(values, "_obj", values)
        if not isinstance(sent, dict):
            raise ValueError("This is no JSON object")
        if unknown := sent.keys() - cls.model_fields.keys():
            raise ValueError(f"There is no such part: {', '.join(sorted(map(repr, unknown)))}")
        return values


class PinIn(BodyIn):
    """A file that a client holds."""

    digest: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")] = Field(description="The digest of the file.")
    name: Annotated[Text, Field(min_length=1)] | None = Field(
        None, description="The agent's name: tells of a file changed by hand what is the latest, and sets two apart."
    )


class OutdatedIn(BodyIn):
    """The files that a client holds."""

    pins: Annotated[list[PinIn], Field(max_length=MAX_PINS)] = Field(description="At most 1,000 a call.")


class LatestOut(Schema):
    """The version to go on to."""

    name: str = Field(description="What the agent is called now.")
    number: int = Field(description="The number of its latest version.")
    digest: str = Field(description="The digest of that version's file.")
    download: str = Field(description="Where to get it.")


class OutdatedPinOut(Schema):
    """A file that is not the latest of its agent."""

    name: str | None = Field(description="The name that was asked with.")
    digest: str = Field(description="The digest that was asked with.")
    number: int | None = Field(description="The version that this file is; null where the catalog has no such file.")
    status: Literal["outdated", "withdrawn", "unknown"] = Field(
        description="`outdated`: there is a later version. `withdrawn`: this version is no longer offered. "
        "`unknown`: no version of this agent has this digest; the file was changed by hand, or is not from here."
    )
    reason: str | None = Field(description="Of `withdrawn`: why.")
    latest: LatestOut | None = Field(description="Null where nothing is offered, or the agent is unknown.")


class OutdatedOut(Schema):
    """What of the files is not the latest."""

    current: int = Field(description="How many of the files are the latest.")
    outdated: list[OutdatedPinOut] = Field(description="All others, in the order in which they were asked.")


class BundleIn(FiltersIn, FormatIn):
    """What `get_bundle` can be asked: agents by name, a collection, or whatever filters and words find."""

    agents: Annotated[str, Field(max_length=MAX_AGENTS_TEXT), AfterValidator(_without_nul)] | None = Field(
        None, description="Names, also former ones, with commas between them; `name@3` is version 3, `name` the latest."
    )
    collection: Text | None = Field(None, description="The name of a collection.")
    q: Text | None = Field(None, description="Words to search for.")


# --- Writing ------------------------------------------------------------------------------------------------


class PutIn(Schema):
    """How `put_agent` takes the file."""

    kind: Literal["version", "draft"] | None = Field(
        None,
        alias="as",
        description="Publish a `version`, or leave a `draft` for people to review. Without it, a version where the "
        "token has the scope `publish`, else a draft.",
    )
    note: Annotated[str, Field(max_length=MAX_NOTE_LENGTH), AfterValidator(_without_nul)] = Field(
        "", description="What changed, for readers of the list of versions."
    )
    category: Text | None = Field(
        None, description="The name of the category for an agent that is new; one that is there stays where it is."
    )
    dry_run: bool = Field(False, description="Check everything and say what would happen, but write nothing.")


class PutOut(Schema):
    """What became of a file."""

    name: str = Field(description="The agent.")
    outcome: Literal["published", "drafted", "unchanged"] = Field(
        description="`unchanged`: the catalog has this very text already."
    )
    is_new: bool = Field(description="Whether the agent was not known before.")
    number: int | None = Field(description="The version with this text; null where there is only a draft.")
    digest: str = Field(description="The digest of the file.")
    dry_run: bool = Field(description="Whether nothing was written.")
    findings: list[FindingOut] = Field(description="What the checks say of the file, gravest first.")
    urls: dict[str, str] = Field(description="Where to find it.")


class ReasonIn(BodyIn):
    """Why a version is withdrawn."""

    reason: Annotated[str, Field(max_length=MAX_NOTE_LENGTH), AfterValidator(_not_blank)] = Field(
        description="A sentence for those who use the version: it is shown on its page."
    )


class DeprecateIn(BodyIn):
    """What people are told who look at a deprecated agent."""

    note: Annotated[str, Field(max_length=MAX_NOTE_LENGTH)] = Field("", description="Why, and what to do.")
    successor: Text | None = Field(None, description="The name of the agent to use in its place.")


class DeprecationOut(Schema):
    """Whether people are asked not to begin using an agent."""

    name: str = Field(description="The agent.")
    deprecated: bool = Field(description="Whether it is deprecated.")
    note: str = Field(description="Why, and what to do.")
    successor: str | None = Field(description="The agent to use in its place.")


class CheckIn(Schema):
    """How `check` looks at a file."""

    name: Text | None = Field(None, description="The name the file must have, for example that of its address.")
    strict: bool = Field(False, description="Let warnings fail, too.")


class CheckOut(Schema):
    """What the checks say of a file without errors."""

    name: str = Field(description="The agent that the file defines.")
    digest: str = Field(description="The digest of the file.")
    size: int = Field(description="Bytes of the file.")
    reading: str = Field(
        description="How it could be read: `strict`, `quoted` (as clients mend it) or `recovered` (clients may not)."
    )
    warnings: int = Field(description="How many findings are warnings.")
    findings: list[FindingOut] = Field(description="What the checks found, gravest first.")


class DraftOut(Schema):
    """A text being worked on."""

    name: str = Field(description="The agent.")
    title: str = Field(description="The name a person reads.")
    state: Literal["editing", "in_review"] = Field(description="Whether a reviewer has it.")
    digest: str = Field(description="The digest of the text; its ETag, too.")
    size: int = Field(description="Bytes of the text.")
    note: str = Field(description="What its writer says of it.")
    base: int | None = Field(description="The version it was written against.")
    edited_at: datetime = Field(description="When it was last changed.")
    edited_by: str = Field(description="By whom.")


class DraftsOut(Schema):
    """A page of drafts."""

    items: list[DraftOut] = Field(description="The drafts of this page, by the names of their agents.")
    next_cursor: str | None = Field(description="For the next page; null at the end.")
