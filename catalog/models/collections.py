"""Curated sets of agents. Imports `definition`."""

from __future__ import annotations

from django.db import models
from django.db.models import Aggregate, Count, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce, Lower
from django.urls import reverse

from catalog.definition import fold_name

from .agents import Agent
from .lengths import NAME_MAX_LENGTH, TITLE_MAX_LENGTH


class CollectionQuerySet(models.QuerySet["Collection"]):
    def published(self) -> CollectionQuerySet:
        return self.filter(published_at__isnull=False)

    def spelled(self, name: str) -> CollectionQuerySet:
        """The one of this name, or of another spelling of it."""
        return self.filter(name__in={name, fold_name(name)})

    def with_sums(self) -> CollectionQuerySet:
        """Each with its `agent_count`, of those on offer, and the `description_tokens` of these.

        What is cut out of a list is chosen first: the others are not summed.
        """
        chosen: CollectionQuerySet = self
        if self.query.is_sliced:
            chosen = Collection.objects.filter(pk__in=self.values("pk")).order_by(*self.query.order_by)
        count, tokens = Count("agent__latest_version"), Sum("agent__latest_version__description_tokens")
        return chosen.annotate(agent_count=_of_members(count), description_tokens=_of_members(tokens))


def _of_members(aggregate: Aggregate) -> Coalesce:
    members = Member.objects.filter(collection=OuterRef("pk")).order_by().values("collection")
    return Coalesce(Subquery(members.annotate(found=aggregate).values("found")), 0)


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
