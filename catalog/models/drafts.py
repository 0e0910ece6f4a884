"""What is being written, and by whom. Imports `definition`."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.definition import Definition, read

from .agents import Agent
from .lengths import TITLE_MAX_LENGTH
from .tokens import ApiToken
from .versions import Version


class DraftQuerySet(models.QuerySet["Draft"]):
    def in_review(self) -> DraftQuerySet:
        """Submitted and not answered yet, the longest waiting first."""
        return self.filter(state=Draft.State.IN_REVIEW).order_by("submitted_at")

    def of_token(self, token: ApiToken) -> DraftQuerySet:
        """Those of the agents that a token is not kept from."""
        if not token.is_limited:
            return self
        agents, categories = token.agents.values("pk"), token.categories.values("pk")
        return self.filter(Q(agent__in=agents) | Q(agent__category__in=categories))


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
