"""Requests that may arrive twice: what was done for an `Idempotency-Key` is told again, and not done again.

The only writer of `Repeat`. Imports `models`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.models import ApiToken, Repeat

KEPT = timedelta(hours=24)  # how long an answer can be asked for again


@dataclass(frozen=True)
class Done:
    """What a request was answered."""

    status: int
    answer: dict[str, Any]
    is_repeat: bool = False


class KeyReused(Exception):
    """The key stands for another request already."""


def once(token: ApiToken, key: str, request: str, work: Callable[[], Done]) -> Done:
    """Do `work`, or tell what it did when this token asked the same under this key within 24 hours.

    `request` is a digest of all that is asked. The deed and its answer are one transaction, so that of two requests
    at the same time one does it and the other is told; what fails leaves no trace and may be tried again. Raises
    KeyReused where the key stands for another request, and whatever `work` raises.
    """
    if known := _known(token, key, request):
        return known
    try:
        with transaction.atomic():
            _forget_old(token)
            # Before the deed: whoever sends the same at the same time waits here until this one is done.
            row = Repeat.objects.create(token=token, key=key, request=request, status=0, answer="", at=timezone.now())
            done = work()
            row.status, row.answer = done.status, json.dumps(done.answer, ensure_ascii=False, cls=DjangoJSONEncoder)
            row.save(update_fields=["status", "answer"])
            return done
    except IntegrityError:
        if known := _known(token, key, request):
            return known
        raise


def _known(token: ApiToken, key: str, request: str) -> Done | None:
    row = Repeat.objects.filter(token=token, key=key, at__gt=timezone.now() - KEPT).first()
    if row is None:
        return None
    if row.request != request:
        raise KeyReused
    return Done(row.status, json.loads(row.answer), is_repeat=True)


def _forget_old(token: ApiToken) -> None:
    Repeat.objects.filter(token=token, at__lte=timezone.now() - KEPT).delete()
