"""What happened: events, changes of what the public sees, downloads. Imports nothing of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from django.conf import settings
from django.db import models

from .agents import Agent
from .tokens import ApiToken
from .versions import Version

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Signature(TypedDict):
    actor: User
    token: ApiToken | None


def signed_by(person: User) -> Signature:
    """Who is told of in an event: the person, and the token through which a program acts for them."""
    return {"actor": person, "token": getattr(person, "acts_through", None)}


class Event(models.Model):
    """One line of the audit log: who did what to which, when. Append only, held by the database."""

    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    token = models.ForeignKey(ApiToken, on_delete=models.PROTECT, null=True, related_name="events")
    verb = models.CharField(max_length=40)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="events")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, related_name="events")
    data = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.verb} at {self.at:%Y-%m-%d %H:%M}"


class Change(models.Model):
    """One step of what the public may see. Ids follow the order of commits: who knows one knows all before it.

    Written by `changes.record` only.
    """

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="+")  # null: not of one agent
    event = models.ForeignKey("Event", on_delete=models.PROTECT, null=True, related_name="+")  # who did what
    at = models.DateTimeField()
    more_follow = models.BooleanField(default=False)  # of the same deed: those after it belong to it, too

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.pk} at {self.at:%Y-%m-%d %H:%M}"


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
