"""What is wrong with this installation, in sentences to act on. Imports nothing of the catalog."""

import re
import sqlite3
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

REFUSAL = (
    "Agent Catalog does not start without a secret key. Set SECRET_KEY in the environment, "
    "or run `python manage.py quickstart --no-serve` once: it makes one in the data folder."
)
_CONTACT = re.compile(r"mailto:[^\s@,]+@[^\s@,]+|https://[^\s/]+\S*")
_MARKETPLACE = re.compile(r"(?!claude|anthropic)(?=.{1,64}\Z)[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
# Before this release a reset of the write-ahead log could damage a database that several processes write.
SAFE_SQLITE = (3, 51, 3)

Apps = Sequence[AppConfig] | None


def has_secret_key() -> bool:
    try:
        return bool(settings.SECRET_KEY)
    except ImproperlyConfigured:  # how Django says that it is empty
        return False


@register(Tags.security, deploy=True)
def secret_key(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    return [] if has_secret_key() else [Error(REFUSAL, id="catalog.E002")]


@register(Tags.urls)
def base_url(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if _is_an_origin(settings.CATALOG_BASE_URL):
        return []
    return [
        Error(
            f"CATALOG_BASE_URL is {settings.CATALOG_BASE_URL!r}, which is not the address of a catalog.",
            hint="Give the scheme and the host, and the port where it is not the usual one: https://agents.example.com",
            id="catalog.E003",
        )
    ]


def _is_an_origin(address: str) -> bool:
    try:
        url = urlsplit(address)
        _ = url.port  # raises where it is not a number
    except ValueError:
        return False
    return url.scheme in ("http", "https") and bool(url.hostname) and address == f"{url.scheme}://{url.netloc}"


@register(Tags.security, deploy=True)
def proxy(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if not settings.HTTPS or settings.CATALOG_BEHIND_PROXY:
        return []
    return [
        Warning(
            "CATALOG_BASE_URL is https, but CATALOG_BEHIND_PROXY is off.",
            hint="Where a proxy ends TLS and sets X-Forwarded-Proto, set CATALOG_BEHIND_PROXY=true: "
            "plain http is then redirected and HSTS is sent.",
            id="catalog.W001",
        )
    ]


@register(Tags.security)
def private_in_the_clear(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if not settings.CATALOG_PRIVATE or settings.HTTPS or settings.LOOPBACK:
        return []
    return [
        Warning(
            "CATALOG_PRIVATE is on and CATALOG_BASE_URL is plain http: passwords, sessions and tokens cross the "
            "network in the clear, and whoever listens reads the catalog with them.",
            hint="Let a proxy end TLS in front, and set CATALOG_BASE_URL to its https address.",
            id="catalog.W004",
        )
    ]


@register(Tags.urls)
def marketplace(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if _MARKETPLACE.fullmatch(settings.CATALOG_MARKETPLACE):
        return []
    return [
        Error(
            f"CATALOG_MARKETPLACE is {settings.CATALOG_MARKETPLACE!r}, which tools do not take for a name.",
            hint="Give 1 to 64 small letters, digits and hyphens that begin with a letter: acme-agents",
            id="catalog.E011",
        )
    ]


@register(Tags.compatibility)
def sqlite_version(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if connection.vendor != "sqlite" or settings.GRANIAN_WORKERS < 2 or sqlite3.sqlite_version_info >= SAFE_SQLITE:
        return []
    return [
        Warning(
            f"{settings.GRANIAN_WORKERS} processes write one SQLite file, and SQLite "
            f"{sqlite3.sqlite_version} is older than {'.'.join(map(str, SAFE_SQLITE))}, which mends "
            "a loss of data in that case.",
            hint="Serve with one worker, or use PostgreSQL (DATABASE_URL).",
            id="catalog.W002",
        )
    ]


@register(Tags.caches)
def shared_cache(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if settings.GRANIAN_WORKERS < 2 or settings.REDIS_URL:
        return []
    return [
        Warning(
            f"{settings.GRANIAN_WORKERS} processes serve, and each counts for itself how often a caller asks.",
            hint="Set REDIS_URL to a Redis or Valkey that they share: limits are exact then, and a download that is "
            "repeated is counted once.",
            id="catalog.W003",
        )
    ]


@register(Tags.translation)
def language(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    known = dict(settings.LANGUAGES)
    if settings.CATALOG_LANGUAGE.partition("-")[0] in known:
        return []
    return [
        Error(
            f"CATALOG_LANGUAGE is {settings.CATALOG_LANGUAGE!r}, a language that the catalog does not speak.",
            hint=f"It speaks: {', '.join(known)}. Without the setting it is English.",
            id="catalog.E004",
        )
    ]


@register(Tags.security)
def security_contact(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    if not settings.CATALOG_SECURITY_CONTACT or _CONTACT.fullmatch(settings.CATALOG_SECURITY_CONTACT):
        return []
    return [
        Error(
            f"CATALOG_SECURITY_CONTACT is {settings.CATALOG_SECURITY_CONTACT!r}, which is no address to write to.",
            hint="Give one address: mailto:security@example.com, or https://example.com/security.",
            id="catalog.E005",
        )
    ]
