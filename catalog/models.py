"""The rows: agents, their versions and examples, drafts, and how people browse them.

Reads are QuerySet methods in the words of the trade. Rows are written by the verbs of
`publishing` and `drafting` only. Imports nothing of the catalog but `definition`.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.functional import cached_property

from catalog.definition import Definition, read

NAME_MAX_LENGTH = 100
TITLE_MAX_LENGTH = 200
VALUE_MAX_LENGTH = 200


class Category(models.Model):
    """One shelf of the catalog; an agent stands on one shelf at most."""

    name = models.CharField(max_length=NAME_MAX_LENGTH, unique=True)
    title = models.CharField(max_length=TITLE_MAX_LENGTH)
    description = models.TextField(blank=True, default="")

    class Meta:
        ordering = ("title",)
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"{reverse('catalog:agent_list')}?category={self.name}"


class Tag(models.Model):
    name = models.CharField(max_length=NAME_MAX_LENGTH, unique=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse('catalog:agent_list')}?tag={self.name}"


class AgentQuerySet(models.QuerySet["Agent"]):
    def published(self) -> AgentQuerySet:
        """Agents that offer a version: the only ones the public may learn of."""
        return self.filter(latest_version__isnull=False)

    def in_category(self, name: str) -> AgentQuerySet:
        return self.filter(category__name=name)

    def tagged(self, name: str) -> AgentQuerySet:
        return self.filter(tags__name=name)

    def once_named(self, name: str) -> AgentQuerySet:
        """The agent that had this name before it was renamed."""
        return self.filter(former_names__name=name)

    def newest_first(self) -> AgentQuerySet:
        return self.order_by("-created_at", "-pk")

    def recently_updated(self) -> AgentQuerySet:
        return self.order_by("-updated_at", "-pk")

    def most_downloaded(self) -> AgentQuerySet:
        return self.order_by("-downloads", "-pk")

    def with_latest(self) -> AgentQuerySet:
        """Each agent with category, tags and the projection of its latest version, without the long texts."""
        return (
            self.select_related("category", "latest_version")
            .defer("latest_version__source", "latest_version__prompt")
            .prefetch_related("tags")
        )


class Agent(models.Model):
    """The named thing people look for. Its texts are versions; `latest_version` is the newest not yanked."""

    name = models.CharField(max_length=NAME_MAX_LENGTH, unique=True)
    title = models.CharField(max_length=TITLE_MAX_LENGTH)
    category = models.ForeignKey(Category, on_delete=models.SET_NULL, null=True, blank=True, related_name="agents")
    tags = models.ManyToManyField(Tag, blank=True, related_name="agents")
    maintainers = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="maintained_agents")
    license = models.CharField(max_length=100, blank=True, default="")
    origin_url = models.URLField(max_length=500, blank=True, default="")
    latest_version = models.ForeignKey("Version", on_delete=models.PROTECT, null=True, editable=False, related_name="+")
    deprecated_at = models.DateTimeField(null=True, editable=False)
    deprecation_note = models.TextField(blank=True, default="", editable=False)
    successor = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, editable=False, related_name="predecessors"
    )
    # By what people narrow a list, a projection of the latest version: {"model", "mode", "tools": [names] or null}.
    facets = models.JSONField(default=dict, editable=False)
    downloads = models.PositiveIntegerField(default=0, editable=False)  # of all its versions; written by `counting`
    # Of the drafts it had: the next one counts on, so that no revision ever names another text.
    last_revision = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(db_index=True, editable=False)  # of the last publish, set by `publishing`

    objects = AgentQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        permissions = (("publish_agent", "Can publish, yank and restore versions"),)
        indexes = (
            models.Index(fields=("-created_at", "-id"), name="agent_newest"),
            models.Index(fields=("category", "name"), name="agent_on_shelf_by_name"),
            models.Index(fields=("-updated_at", "-id"), name="agent_recently_updated"),
            models.Index(fields=("-downloads", "-id"), name="agent_most_downloaded"),
        )
        constraints = (
            models.CheckConstraint(condition=~Q(name=""), name="agent_has_a_name"),
            models.UniqueConstraint(Lower("name"), name="agent_name_once_in_any_case"),
            models.CheckConstraint(condition=~Q(successor=F("pk")), name="agent_does_not_succeed_itself"),
        )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("catalog:agent_detail", args=[self.name])

    @property
    def is_deprecated(self) -> bool:
        return self.deprecated_at is not None


class FormerName(models.Model):
    """A name an agent had before a rename; its address redirects for ever."""

    name = models.CharField(max_length=NAME_MAX_LENGTH, unique=True)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="former_names")

    def __str__(self) -> str:
        return self.name


class VersionQuerySet(models.QuerySet["Version"]):
    def offered(self) -> VersionQuerySet:
        return self.filter(yanked_at__isnull=True)

    def newest_first(self) -> VersionQuerySet:
        return self.order_by("-number")


class Version(models.Model):
    """One immutable, numbered publication.

    The first block of columns is frozen by the database (`triggers`); the second is a projection of
    `source`, rebuilt by `publishing.project`; yanking has columns of its own.
    """

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    source = models.TextField()
    digest = models.CharField(max_length=71)
    size = models.PositiveIntegerField()  # bytes of the source in UTF-8
    note = models.TextField(blank=True, default="")
    published_at = models.DateTimeField(db_index=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    description = models.TextField()
    lead = models.TextField()
    prompt = models.TextField(blank=True)
    model = models.CharField(max_length=VALUE_MAX_LENGTH, blank=True, default="")
    color = models.CharField(max_length=VALUE_MAX_LENGTH, blank=True, default="")
    tools = models.JSONField(null=True)  # a list of strings; null: all tools
    fields = models.JSONField(default=dict)
    description_tokens = models.PositiveIntegerField(default=0)  # estimated; read in every conversation
    prompt_tokens = models.PositiveIntegerField(default=0)  # estimated; read when the agent runs
    findings = models.JSONField(default=list)
    checks_version = models.PositiveIntegerField()  # of the reader and checks that made this projection

    yanked_at = models.DateTimeField(null=True)
    yanked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    yank_reason = models.TextField(blank=True, default="")

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(fields=("agent", "number"), name="version_number_once_per_agent"),
            models.CheckConstraint(condition=Q(number__gte=1), name="version_numbers_start_at_one"),
            models.CheckConstraint(
                condition=Q(yanked_at__isnull=True, yanked_by__isnull=True)
                | Q(yanked_at__isnull=False, yanked_by__isnull=False),
                name="yanked_version_says_by_whom",
            ),
        )
        indexes = (
            models.Index(fields=("digest",), name="version_digest"),
            models.Index(fields=("model",), name="version_model"),
        )

    def __str__(self) -> str:
        return f"{self.agent.name} v{self.number}"

    def get_absolute_url(self) -> str:
        return reverse("catalog:version_detail", args=[self.agent.name, self.number])

    @cached_property
    def definition(self) -> Definition:
        """The source, read anew: for what the projection does not hold (what it may do, the fixes of findings)."""
        return read(self.source)

    @property
    def is_yanked(self) -> bool:
        return self.yanked_at is not None


class Example(models.Model):
    """One dialogue of a version that shows when to use the agent; part of the projection."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="examples")
    position = models.PositiveIntegerField()
    context = models.TextField(blank=True, default="")
    user = models.TextField(blank=True, default="")
    assistant = models.TextField(blank=True, default="")
    commentary = models.TextField(blank=True, default="")

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("version", "position"), name="example_position_once_per_version"),
        )

    def __str__(self) -> str:
        return f"{self.version_id}:{self.position}"


class DraftQuerySet(models.QuerySet["Draft"]):
    def in_review(self) -> DraftQuerySet:
        """Submitted and not answered yet, the longest waiting first."""
        return self.filter(state=Draft.State.IN_REVIEW).order_by("submitted_at")


class Draft(models.Model):
    """Text being worked on, at most one per agent. `revision` rises with every save and is the lock."""

    class State(models.TextChoices):
        EDITING = "editing", "Editing"
        IN_REVIEW = "in_review", "In review"

    agent = models.OneToOneField(Agent, on_delete=models.PROTECT, related_name="draft")
    source = models.TextField()
    base_version = models.ForeignKey(
        Version, on_delete=models.PROTECT, null=True, related_name="+"
    )  # what the text was written against
    revision = models.PositiveIntegerField(default=1)
    note = models.TextField(blank=True, default="")
    title = models.CharField(
        max_length=TITLE_MAX_LENGTH, blank=True, default=""
    )  # the agent's when published; "": as is
    state = models.CharField(max_length=20, choices=State.choices, default=State.EDITING)
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField()
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    # The last answer of a reviewer, until the draft is submitted again.
    returned_at = models.DateTimeField(null=True)
    returned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    return_reason = models.TextField(blank=True, default="")

    objects = DraftQuerySet.as_manager()

    class Meta:
        ordering = ("-edited_at",)
        indexes = (models.Index(fields=("state", "submitted_at"), name="draft_longest_in_review"),)

    def __str__(self) -> str:
        return f"draft of {self.agent.name}"

    @property
    def is_in_review(self) -> bool:
        return self.state == self.State.IN_REVIEW

    @property
    def definition(self) -> Definition:
        """The text as it stands, half-written or not."""
        return read(self.source)


class Presence(models.Model):
    """Somebody has the draft of an agent open in a window of theirs. Forgotten soon after the window is closed."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="present")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    window = models.CharField(max_length=40)  # made up by the page
    seen_at = models.DateTimeField(db_index=True)
    is_writing = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("agent", "user", "window"), name="present_once_in_each_window"),)

    def __str__(self) -> str:
        return f"{self.user_id} at {self.agent_id}"


class CollectionQuerySet(models.QuerySet["Collection"]):
    def published(self) -> CollectionQuerySet:
        """Collections the public may learn of."""
        return self.filter(published_at__isnull=False)


class Collection(models.Model):
    """A curated, ordered set of agents with a page of its own, installed as one. Written by `collecting` only."""

    name = models.CharField(max_length=NAME_MAX_LENGTH, unique=True)
    title = models.CharField(max_length=TITLE_MAX_LENGTH)
    introduction = models.TextField(blank=True, default="")  # Markdown
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(editable=False)
    published_at = models.DateTimeField(null=True, editable=False)  # null: only staff see it

    objects = CollectionQuerySet.as_manager()

    class Meta:
        ordering = ("title", "pk")
        constraints = (models.UniqueConstraint(Lower("name"), name="collection_name_once_in_any_case"),)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("catalog:collection_detail", args=[self.name])

    @property
    def is_published(self) -> bool:
        return self.published_at is not None


class Member(models.Model):
    """One agent of a collection, at its place."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="members")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="memberships")
    position = models.PositiveIntegerField()
    note = models.CharField(max_length=TITLE_MAX_LENGTH, blank=True, default="")  # why it is in the set

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("collection", "agent"), name="agent_once_in_a_collection"),)

    def __str__(self) -> str:
        return f"{self.collection_id}:{self.position}"


class Download(models.Model):
    """How often a version was downloaded on a day (UTC). Written in batches by `counting`."""

    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="downloads")
    day = models.DateField()
    count = models.PositiveIntegerField()

    class Meta:
        ordering = ("day",)
        constraints = (models.UniqueConstraint(fields=("version", "day"), name="download_once_per_version_and_day"),)

    def __str__(self) -> str:
        return f"{self.version_id} on {self.day}: {self.count}"


class Change(models.Model):
    """One step of what the public may see. Ids follow the order of commits: who knows one knows all before it.

    Written by `changes.record` only.
    """

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="+")  # null: not of one agent
    event = models.ForeignKey("Event", on_delete=models.PROTECT, null=True, related_name="+")  # who did what
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.pk} at {self.at:%Y-%m-%d %H:%M}"


class Event(models.Model):
    """One line of the audit log: who did what to which, when. Append only, held by the database."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=40)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="events")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, related_name="events")
    data = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.verb} at {self.at:%Y-%m-%d %H:%M}"
