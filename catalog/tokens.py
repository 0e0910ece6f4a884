"""Tokens with which programs act for people: the only writer of `ApiToken`. Imports `models` and `counting`.

A token is `agc_`, 32 letters and digits (190 bits) and 6 more that check them, so that a scanner for leaked secrets
can tell one from any other text without asking. It is shown once; the database holds a digest of it that is keyed
with the secret key.
"""

from __future__ import annotations

import hmac
import re
import secrets
import string
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from catalog import counting
from catalog.models import Agent, ApiToken, Category, Event, Scope, signed_by
from catalog.models.tokens import LABEL_MAX_LENGTH, PREFIX_LENGTH

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MARK = "agc_"
DEFAULT_DAYS, MOST_DAYS = 90, 366
NOTED_EACH = timedelta(minutes=1)  # how often at most it is written that a token was used

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_LENGTH, _CHECK_LENGTH = 32, 6
_FORM = re.compile(rf"{MARK}([0-9A-Za-z]{{{_LENGTH}}})([0-9A-Za-z]{{{_CHECK_LENGTH}}})", re.ASCII)

# Which right of its person each scope draws on. Whoever has an account may read.
RIGHTS: dict[Scope, tuple[str, ...]] = {
    Scope.READ: (),
    Scope.READ_DRAFTS: ("catalog.view_draft",),
    Scope.WRITE_DRAFTS: ("catalog.add_draft", "catalog.change_draft"),
    Scope.PUBLISH: ("catalog.publish_agent",),
    Scope.YANK: ("catalog.publish_agent",),
}


class NotIssuable(Exception):
    """Why there can be no such token, in a sentence that says what to do. `field` is what it is about."""

    def __init__(self, sentence: str, field: str) -> None:
        super().__init__(sentence)
        self.field = field


@sensitive_variables("secret")
def issue(
    user: User,
    *,
    by: User,
    label: str,
    scopes: Iterable[Scope],
    expires_at: datetime,
    agents: Sequence[Agent] = (),
    categories: Sequence[Category] = (),
) -> tuple[ApiToken, str]:
    """A new token of `user`, and its secret, which nobody can read again.

    With `agents` or `categories` it acts on these alone; what is published it reads all the same. It lives at most 366
    days. Raises NotIssuable.
    """
    label = " ".join(label.split())
    wanted = [scope for scope in Scope if scope in set(scopes)]
    _refuse(user, label, wanted, expires_at)
    if wanted == [Scope.READ] and (agents or categories):
        raise NotIssuable("A token that only reads, reads all that is published: leave the limits empty.", "agents")
    secret = _new_secret()
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            label=label,
            prefix=secret[:PREFIX_LENGTH],
            digest=_digest(secret, settings.SECRET_KEY),
            scopes=[scope.value for scope in wanted],
            is_limited=bool(agents or categories),
            expires_at=expires_at,
        )
        token.agents.set(agents)
        token.categories.set(categories)
        _record(by, "token-issued", token, scopes=token.scopes, expires_at=expires_at.isoformat())
    return token, secret


def revoke(token: ApiToken, *, by: User) -> None:
    """End a token now and for ever. Twice is once."""
    with transaction.atomic():
        now = timezone.now()
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now, revoked_by=by):
            _record(by, "token-revoked", token)
    token.refresh_from_db(fields=["revoked_at", "revoked_by"])


def find(secret: str) -> ApiToken | None:
    """The valid token with this secret, with its person; None for any other text. A mistyped one costs no query."""
    if not is_wellformed(secret):
        return None
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    digests = [_digest(secret, key) for key in keys]
    return ApiToken.objects.valid().select_related("user").filter(digest__in=digests).first()


def rights_for(user: User) -> list[Scope]:
    """The scopes that somebody's tokens can have: what they may do themselves."""
    return [scope for scope in Scope if user.has_perms(RIGHTS[scope])]


def is_wellformed(secret: str) -> bool:
    """Whether a text has the form of a token, and its check fits."""
    found = _FORM.fullmatch(secret)
    return found is not None and _check(found[1]) == found[2]


def _new_secret() -> str:
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return f"{MARK}{random}{_check(random)}"


def _check(random: str) -> str:
    """CRC-32 in base 62, as several hosts of code write the check of their tokens."""
    number, digits = zlib.crc32(random.encode()), ""
    for _ in range(_CHECK_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits


def _digest(secret: str, key: str) -> str:
    return hmac.digest(f"catalog.tokens {key}".encode(), secret.encode(), "sha256").hex()


def _refuse(user: User, label: str, scopes: Sequence[Scope], expires_at: datetime) -> None:
    if not 0 < len(label) <= LABEL_MAX_LENGTH or "\0" in label:
        raise NotIssuable(f"Say in 1 to {LABEL_MAX_LENGTH} characters what the token is for.", "label")
    if not scopes:
        raise NotIssuable("Choose at least one thing that the token may do.", "scopes")
    if lacking := [scope.label for scope in scopes if not user.has_perms(RIGHTS[scope])]:
        raise NotIssuable(f"{user.get_username()} may not do this: {', '.join(lacking)}.", "scopes")
    left = expires_at - timezone.now()
    if not timedelta() < left <= timedelta(days=MOST_DAYS):
        raise NotIssuable(f"A token expires on a day within the next {MOST_DAYS} days.", "expires_at")


def _record(by: User, verb: str, token: ApiToken, **data: object) -> None:
    told = {"label": token.label, "prefix": token.prefix, "of": token.user.get_username()}
    Event.objects.create(**signed_by(by), verb=verb, data=told | data)


# --- When it was last used --------------------------------------------------------------------------------

_used: dict[int, datetime] = {}


def used(token: ApiToken) -> None:
    """Note that a token was used. Written a few seconds later, so that no answer waits for it, nor fails with it."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at >= NOTED_EACH:
        _used.setdefault(token.pk, now)
        counting.start_flushing()


def flush_uses() -> None:
    """Write what was noted, once a minute for each token at most, whichever process saw it."""
    while _used:
        key, at = _used.popitem()
        long_ago = Q(last_used_at=None) | Q(last_used_at__lte=at - NOTED_EACH)
        ApiToken.objects.filter(long_ago, pk=key).update(last_used_at=at)


counting.flush_too(flush_uses)
