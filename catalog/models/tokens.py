"""Tokens with which programs act for a person, and the answers they may ask for twice. Imports nothing of the catalog.

Written by `tokens` and `repeats` only.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from .agents import Agent, Category

LABEL_MAX_LENGTH = 100
PREFIX_LENGTH = 12  # characters of a token that are kept as they are, to recognise it by
KEY_MAX_LENGTH = 255  # of an Idempotency-Key


class Scope(models.TextChoices):
    """What a token may do at most; its person must have the right to do it, too. Every token may read."""

    READ = "read", "Read the catalog"
    READ_DRAFTS = "read-drafts", "Read drafts"
    WRITE_DRAFTS = "write-drafts", "Write drafts"
    PUBLISH = "publish", "Publish"
    YANK = "yank", "Withdraw and deprecate"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self) -> ApiTokenQuerySet:
        """Neither revoked nor expired, and of somebody whose account is on."""
        return self.filter(revoked_at=None, expires_at__gt=timezone.now(), user__is_active=True)

    def newest_first(self) -> ApiTokenQuerySet:
        return self.order_by("-created_at", "-pk")


class ApiToken(models.Model):
    """A secret by which a program acts for `user`. The secret itself is not here: only its keyed digest."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_tokens")
    label = models.CharField(max_length=LABEL_MAX_LENGTH)
    prefix = models.CharField(max_length=PREFIX_LENGTH)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)  # values of Scope, in their order
    # Where it is limited, only these agents and those of these categories are its own: none, where none is left.
    is_limited = models.BooleanField(default=False)
    agents = models.ManyToManyField(Agent, blank=True, related_name="+")
    categories = models.ManyToManyField(Category, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)  # to a minute
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.label} ({self.prefix}…)"

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()

    def may(self, scope: Scope) -> bool:
        return scope in self.scopes

    def covers(self, agent: Agent) -> bool:
        """Whether an agent is among those the token is limited to."""
        if not self.is_limited:
            return True
        of_category = agent.category_id is not None and self.categories.filter(pk=agent.category_id).exists()
        return of_category or self.agents.filter(pk=agent.pk).exists()

    def covers_new(self, category: Category | None) -> bool:
        """Whether it may make an agent in this category, or in none."""
        if not self.is_limited:
            return True
        return category is not None and self.categories.filter(pk=category.pk).exists()


class Repeat(models.Model):
    """What a request with an `Idempotency-Key` was answered, for when it is sent again."""

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="repeats")
    key = models.CharField(max_length=KEY_MAX_LENGTH)
    request = models.CharField(max_length=71)  # a digest of what was asked
    status = models.PositiveSmallIntegerField()
    answer = models.TextField()  # JSON, as it was sent
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("token", "key"), name="idempotency_key_once_per_token"),)

    def __str__(self) -> str:
        return f"{self.token_id}:{self.key}"
