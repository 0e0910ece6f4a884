"""What was published: versions and their examples. Imports `definition`."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.functional import cached_property

from catalog.definition import Definition, read

from .agents import Agent
from .lengths import VALUE_MAX_LENGTH


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
            models.Index(fields=("checks_version",), name="version_checks_version"),
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
