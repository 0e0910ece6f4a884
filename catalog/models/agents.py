"""Agents, by what they are known, and where they stand. Imports nothing of the catalog."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower
from django.urls import reverse

from .lengths import NAME_MAX_LENGTH, TITLE_MAX_LENGTH


class CategoryQuerySet(models.QuerySet["Category"]):
    def in_use(self) -> CategoryQuerySet:
        """Those in which the public finds an agent."""
        return self.filter(Exists(Agent.objects.published().filter(category=OuterRef("pk"))))


class Category(models.Model):
    """One shelf of the catalog; an agent stands on one shelf at most."""

    name = models.CharField(max_length=NAME_MAX_LENGTH, unique=True)
    title = models.CharField(max_length=TITLE_MAX_LENGTH)
    description = models.TextField(blank=True, default="")

    objects = CategoryQuerySet.as_manager()

    class Meta:
        ordering = ("title",)
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("catalog:category_detail", args=[self.name])


class Tag(models.Model):
    name = models.CharField(max_length=NAME_MAX_LENGTH, unique=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("catalog:tag_detail", args=[self.name])


class AgentQuerySet(models.QuerySet["Agent"]):
    def published(self) -> AgentQuerySet:
        """Agents that offer a version: the only ones the public may learn of."""
        return self.filter(latest_version__isnull=False)

    def ever_published(self) -> AgentQuerySet:
        """Agents that the public may know of, though all they offered may be withdrawn."""
        return self.filter(versions__isnull=False).distinct()

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
    latest_at = models.DateTimeField(null=True, editable=False)  # since when that is the latest
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
